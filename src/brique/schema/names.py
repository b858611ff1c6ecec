"""Names of classes: one value has one, however a file writes it."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

_FIGURE = re.compile(r"([+-]?)(0|[1-9][0-9]*)(?:\.([0-9]*))?")
_COMMA = re.compile(r"[+-]?(0|[1-9][0-9]*),[0-9]+")
_TRUTHS = ("true", "false")
PAIRS = (("false", "true"), ("no", "yes"), ("n", "y"), ("f", "t"), ("off", "on"))
_DIGITS = {"0": 0, "1": 1}


def plain_name(text: str) -> str:
    """Return how a value is named: 1 for 1.0, 2.5 for 2.50, true for True; others as they are.

    What begins with 0 or +, or has an exponent, is a code, and keeps its letters.

    >>> [plain_name(one) for one in ("1.0", "2.50", "True", "-0", "01", "+33", "1e5", "New York")]
    ['1', '2.5', 'true', '0', '01', '+33', '1e5', 'New York']
    """
    small = text.casefold()
    if small in _TRUTHS:
        return small
    found = _FIGURE.fullmatch(text)
    if found is None or found[1] == "+":
        return text
    rest = (found[3] or "").rstrip("0")
    whole = f"{found[2]}.{rest}" if rest else found[2]
    return whole if whole == "0" else f"{found[1]}{whole}"


def pointed(texts: Collection[str]) -> dict[str, str]:
    """Return numbers with a decimal comma as with a point, if all texts are numbers; else nothing.

    >>> pointed(["1,0", "2,5", "3"]), pointed(["1,0", "old"])
    ({'1,0': '1.0', '2,5': '2.5'}, {})
    """
    commas = {text: text.replace(",", ".") for text in texts if _COMMA.fullmatch(text)}
    return commas if all(text in commas or _FIGURE.fullmatch(text) for text in texts) else {}


def written(value: object) -> str:
    """Return a value as a text that `plain_name` takes: floats without an exponent, where short."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def one_names(texts: Collection[str]) -> dict[str, str]:
    """Return the name of the class that each of the different texts of a column stands for.

    Numbers have their shortest form; where words stand among decimals, or two decimals differ by
    zeros at their end alone (1.1 and 1.10), they are versions, and only whole ones that are there
    as such are joined (1.0 with 1). Words of truth are joined with 0 and 1 in a column that holds
    both and nothing else.
    """
    joined = _truths(texts)
    if joined:
        return joined
    plain = {text: plain_name(text) for text in texts}
    figures = [text for text in texts if _FIGURE.fullmatch(text)]
    decimals = Counter(plain[text] for text in figures if "." in plain[text])
    if decimals and (len(figures) < len(plain) or max(decimals.values()) > 1):
        kept = set(texts)
        return {
            text: one if one in kept and "." not in one else text for text, one in plain.items()
        }
    return plain


def class_names(
    texts: Collection[str], renamed: Mapping[str, str] | None = None, *, commas: bool = False
) -> dict[str, str]:
    """Return the name of each of the different texts of a column of classes.

    renamed: other names, by those that are written, or by those that values have.
    commas: whether a comma may stand before decimals.
    """
    points = pointed(texts) if commas else {}
    one = one_names([points.get(text, text) for text in texts])
    one = {text: one[points.get(text, text)] for text in texts}
    new = dict(renamed or {})
    new = {one.get(text, text): other for text, other in new.items()} | new
    return {text: new.get(text, new.get(name, name)) for text, name in one.items()}


def _truths(texts: Iterable[str]) -> dict[str, str]:
    """Return the names of words of truth beside 0 and 1, or nothing where they are not such."""
    digits = {text: plain_name(text) for text in texts if plain_name(text) in _DIGITS}
    words = {text: text.casefold() for text in texts if text not in digits}
    for pair in PAIRS:
        if digits and words and set(words.values()) <= set(pair):
            return words | {text: pair[_DIGITS[digit]] for text, digit in digits.items()}
    return {}


def are_truths(texts: Iterable[str]) -> bool:
    """Tell whether different texts are words of truth together with 0 and 1, and nothing else."""
    return bool(_truths(texts))


def place_of(value: object, places: Mapping[str, int]) -> int | None:
    """Return the place of the class that a value names by its plain name, or None."""
    text = written(value).strip()
    found = places.get(plain_name(text))
    is_comma = found is None and re.fullmatch(r"[+-]?[0-9]+,[0-9]{1,2}", text)  # not 1,000
    return places.get(plain_name(text.replace(",", "."))) if is_comma else found


def places(names: Collection[str]) -> dict[str, int]:
    """Return the place of each class by its plain name, where that is of one class alone.

    Of two words of truth it is also 0 or 1.
    """
    plain = [plain_name(name) for name in names]
    counts = Counter(plain)
    found = {one: place for place, one in enumerate(plain) if counts[one] == 1}
    for pair in PAIRS:
        if {name.casefold() for name in names} - {"missing"} == set(pair):
            by_word = {name.casefold(): place for place, name in enumerate(names)}
            found |= {digit: by_word[pair[value]] for digit, value in _DIGITS.items()}
    return found
