"""Names of classes: one value has one name, however a file writes it."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

OTHER = "other"  # the class of names that are not listed
_NUMBER = re.compile(r"([+-]?)(0|[1-9][0-9]*)(?:\.([0-9]*))?")
_COMMA_DECIMAL = re.compile(r"[+-]?(0|[1-9][0-9]*),[0-9]+")
_BOOLEANS = ("true", "false")
BOOLEAN_PAIRS = (("false", "true"), ("no", "yes"), ("n", "y"), ("f", "t"), ("off", "on"))
_DIGITS = {"0": 0, "1": 1}


def canonical_name(text: str) -> str:
    """Return the name of a value: 1 for 1.0, 2.5 for 2.50, true for True; others unchanged.

    A text that begins with 0 or +, or has an exponent, is a code and stays as it is.

    >>> [canonical_name(text) for text in ("1.0", "2.50", "True", "-0", "01", "+33", "1e5", "Rome")]
    ['1', '2.5', 'true', '0', '01', '+33', '1e5', 'Rome']
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
    """Map numbers with a decimal comma to a point, if all texts are numbers; else return {}.

    >>> comma_to_point(["1,0", "2,5", "3"]), comma_to_point(["1,0", "old"])
    ({'1,0': '1.0', '2,5': '2.5'}, {})
    """
    commas = {text: text.replace(",", ".") for text in texts if _COMMA_DECIMAL.fullmatch(text)}
    return commas if all(text in commas or _NUMBER.fullmatch(text) for text in texts) else {}


def to_text(value: object) -> str:
    """Return a value as a text for `canonical_name`: floats without an exponent, where short."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def canonical_names(texts: Collection[str]) -> dict[str, str]:
    """Map each distinct text of a column to the name of its class.

    Numbers take their shortest form. Where words stand among decimals, or two decimals differ only
    by trailing zeros (1.1 and 1.10), the texts are versions: only 1.0 joins 1, if 1 is present.
    In a column of booleans alone, 0 and 1 join the words.
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
    """Map each distinct text of a column of classes to its name.

    renamed: new names, by the text in the file or by the name of its class.
    allow_comma: whether a comma may be the decimal sign.
    """
    replaced = comma_to_point(texts) if allow_comma else {}
    canonical = canonical_names([replaced.get(text, text) for text in texts])
    canonical = {text: canonical[replaced.get(text, text)] for text in texts}
    renames = dict(renamed or {})
    renames = {canonical.get(text, text): new_name for text, new_name in renames.items()} | renames
    return {text: renames.get(text, renames.get(name, name)) for text, name in canonical.items()}


def _boolean_names(texts: Iterable[str]) -> dict[str, str]:
    """Return the names of booleans written both as words and as 0 and 1; {} for other texts."""
    digit_names = {text: canonical_name(text) for text in texts if canonical_name(text) in _DIGITS}
    words = {text: text.casefold() for text in texts if text not in digit_names}
    for pair in BOOLEAN_PAIRS:
        if digit_names and words and set(words.values()) <= set(pair):
            return words | {text: pair[_DIGITS[digit]] for text, digit in digit_names.items()}
    return {}


def are_booleans(texts: Iterable[str]) -> bool:
    """Return whether distinct texts are booleans, written both as words and as 0 and 1."""
    return bool(_boolean_names(texts))


def class_index(value: object, indices: Mapping[str, int]) -> int | None:
    """Return the index of the class whose canonical name a value has, or None."""
    text = to_text(value).strip()
    index = indices.get(canonical_name(text))
    has_comma = index is None and re.fullmatch(r"[+-]?[0-9]+,[0-9]{1,2}", text)  # not 1,000
    return indices.get(canonical_name(text.replace(",", "."))) if has_comma else index


def class_indices(names: Collection[str]) -> dict[str, int]:
    """Return the index of each class by its canonical name, where only one class has it.

    The two classes of a boolean are also found by 0 and 1.
    """
    canonical = [canonical_name(name) for name in names]
    counts = Counter(canonical)
    indices = {key: index for index, key in enumerate(canonical) if counts[key] == 1}
    for pair in BOOLEAN_PAIRS:
        if {name.casefold() for name in names} - {"missing"} == set(pair):
            index_of_word = {name.casefold(): index for index, name in enumerate(names)}
            indices |= {digit: index_of_word[pair[value]] for digit, value in _DIGITS.items()}
    return indices


def natural_key(name: str) -> tuple[Any, ...]:
    """Return a sorting key that puts '2' before '10'."""
    parts = [part for part in re.split(r"([0-9]+)", name.casefold()) if part]
    return (*((0, int(p), "") if p.isdecimal() else (1, 0, p) for p in parts), (0, -1, name))
