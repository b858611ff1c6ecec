"""Names of classes: one value has one, however a file writes it."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

_NUMBER = re.compile(r"([+-]?)(0|[1-9][0-9]*)(?:\.([0-9]*))?")
_COMMA_DECIMAL = re.compile(r"[+-]?(0|[1-9][0-9]*),[0-9]+")
_BOOLEANS = ("true", "false")
BOOLEAN_PAIRS = (("false", "true"), ("no", "yes"), ("n", "y"), ("f", "t"), ("off", "on"))
_DIGITS = {"0": 0, "1": 1}


def canonical_name(text: str) -> str:
    """Return how a value is named: 1 for 1.0, 2.5 for 2.50, true for True; others as they are.

    What begins with 0 or +, or has an exponent, is a code, and keeps its letters.

    >>> [plain_name(one) for one in ("1.0", "2.50", "True", "-0", "01", "+33", "1e5", "New York")]
    ['1', '2.5', 'true', '0', '01', '+33', '1e5', 'New York']
    """
    lowercase = text.casefold()
    if lowercase in _BOOLEANS:
        return lowercase
    match = _NUMBER.fullmatch(text)
    if match is None or match[1] == "+":
        return text
    decimals = (match[3] or "").rstrip("0")
    magnitude = f"{match[2]}.{decimals}" if decimals else match[2]
    return magnitude if magnitude == "0" else f"{match[1]}{magnitude}"


def comma_to_point(texts: Collection[str]) -> dict[str, str]:
    """Return numbers with a decimal comma as with a point, if all texts are numbers; else nothing.

    >>> pointed(["1,0", "2,5", "3"]), pointed(["1,0", "old"])
    ({'1,0': '1.0', '2,5': '2.5'}, {})
    """
    commas = {text: text.replace(",", ".") for text in texts if _COMMA_DECIMAL.fullmatch(text)}
    return commas if all(text in commas or _NUMBER.fullmatch(text) for text in texts) else {}


def to_text(value: object) -> str:
    """Return a value as a text that `plain_name` takes: floats without an exponent, where short."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def canonical_names(texts: Collection[str]) -> dict[str, str]:
    """Return the name of the class that each of the different texts of a column stands for.

    Numbers have their shortest form; where words stand among decimals, or two decimals differ by
    zeros at their end alone (1.1 and 1.10), they are versions, and only whole ones that are there
    as such are joined (1.0 with 1). Words of truth are joined with 0 and 1 in a column that holds
    both and nothing else.
    """
    booleans = _boolean_names(texts)
    if booleans:
        return booleans
    canonical = {text: canonical_name(text) for text in texts}
    numbers = [text for text in texts if _NUMBER.fullmatch(text)]
    decimals = Counter(canonical[text] for text in numbers if "." in canonical[text])
    if decimals and (len(numbers) < len(canonical) or max(decimals.values()) > 1):
        present = set(texts)
        return {
            text: name if name in present and "." not in name else text
            for text, name in canonical.items()
        }
    return canonical


def class_names(
    texts: Collection[str], renamed: Mapping[str, str] | None = None, *, allow_comma: bool = False
) -> dict[str, str]:
    """Return the name of each of the different texts of a column of classes.

    renamed: other names, by those that are written, or by those that values have.
    allow_comma: whether a comma may stand before decimals.
    """
    replaced = comma_to_point(texts) if allow_comma else {}
    canonical = canonical_names([replaced.get(text, text) for text in texts])
    canonical = {text: canonical[replaced.get(text, text)] for text in texts}
    renames = dict(renamed or {})
    renames = {canonical.get(text, text): new_name for text, new_name in renames.items()} | renames
    return {text: renames.get(text, renames.get(name, name)) for text, name in canonical.items()}


def _boolean_names(texts: Iterable[str]) -> dict[str, str]:
    """Return the names of words of truth beside 0 and 1, or nothing where they are not such."""
    digit_names = {text: canonical_name(text) for text in texts if canonical_name(text) in _DIGITS}
    words = {text: text.casefold() for text in texts if text not in digit_names}
    for pair in BOOLEAN_PAIRS:
        if digit_names and words and set(words.values()) <= set(pair):
            return words | {text: pair[_DIGITS[digit]] for text, digit in digit_names.items()}
    return {}


def are_booleans(texts: Iterable[str]) -> bool:
    """Tell whether different texts are words of truth together with 0 and 1, and nothing else."""
    return bool(_boolean_names(texts))


def class_index(value: object, indices: Mapping[str, int]) -> int | None:
    """Return the place of the class that a value names by its plain name, or None."""
    text = to_text(value).strip()
    index = indices.get(canonical_name(text))
    has_comma = index is None and re.fullmatch(r"[+-]?[0-9]+,[0-9]{1,2}", text)  # not 1,000
    return indices.get(canonical_name(text.replace(",", "."))) if has_comma else index


def class_indices(names: Collection[str]) -> dict[str, int]:
    """Return the place of each class by its plain name, where that is of one class alone.

    Of two words of truth it is also 0 or 1.
    """
    canonical = [canonical_name(name) for name in names]
    counts = Counter(canonical)
    indices = {key: index for index, key in enumerate(canonical) if counts[key] == 1}
    for pair in BOOLEAN_PAIRS:
        if {name.casefold() for name in names} - {"missing"} == set(pair):
            index_of_word = {name.casefold(): index for index, name in enumerate(names)}
            indices |= {digit: index_of_word[pair[value]] for digit, value in _DIGITS.items()}
    return indices
