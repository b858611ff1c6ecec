"""Signatures of words: their shape and ending, all that is known of an unknown word.

A signature is a prefix, "…" for the omitted letters, and the last letters in lowercase: "A…ing"
begins with a capital and ends in "ing". The prefix is "0" if the word holds a digit, "AA" if it is
in capitals, "A" if it begins with a capital, "-" if it holds a hyphen, else empty.
"""

from collections import Counter
from collections.abc import Iterable

from brique.errors import DataError

ELLIPSIS = "…"
MAX_LETTERS = 3  # of the ending
MAX_RARE_COUNT = 2  # occurrences of a rare word, whose signatures are counted
MIN_WORDS = 4  # rare words that share a signature with an id
MAX_SIGNATURES = 1000
_PREFIXES = ("0", "AA", "A", "-", "")


def signatures(word: str) -> list[str]:
    """Return the signatures of a word, longest first.

    >>> signatures("Walking")
    ['A…ing', 'A…ng', 'A…g', 'A…']
    """
    prefix, lowercase = _shape_prefix(word), word.lower()
    suffixes = (
        lowercase[-length:] if length else ""
        for length in range(min(MAX_LETTERS, max(0, len(word) - 1)), -1, -1)
    )
    return [f"{prefix}{ELLIPSIS}{suffix}" for suffix in suffixes]


def signature_id(word: str, ids: "dict[str, int]", default: int) -> int:
    """Return the id of the longest known signature of a word, or `default`."""
    return next((ids[signature] for signature in signatures(word) if signature in ids), default)


def fit(words: Iterable[str]) -> tuple[str, ...]:
    """Return the signatures that get ids, most common first.

    words: the rare words of a training part, each once.
    """
    counts = Counter(signature for word in words for signature in signatures(word))
    frequent = sorted(
        (-count, signature) for signature, count in counts.items() if count >= MIN_WORDS
    )
    return tuple(signature for _, signature in frequent[:MAX_SIGNATURES])


def check(items: tuple[str, ...]) -> None:
    """Raise DataError unless all are signatures."""
    for item in items:
        prefix, separator, suffix = item.partition(ELLIPSIS)
        if not separator or prefix not in _PREFIXES or len(suffix) > MAX_LETTERS:
            raise DataError(
                f"text: signatures must be a prefix, '{ELLIPSIS}' and up to {MAX_LETTERS} letters,"
                f" such as 'A{ELLIPSIS}ing', got '{item[:20]}'; correct it"
            )


def _shape_prefix(word: str) -> str:
    if any(letter.isdigit() for letter in word):
        return "0"
    if len(word) > 1 and word.isupper():
        return "AA"
    return "A" if word[:1].isupper() else "-" if "-" in word[1:] else ""
