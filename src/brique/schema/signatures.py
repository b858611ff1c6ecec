"""Signatures of words: how they look and end, which is what is known of a word never met.

A signature is a mark, "…" for the letters that are left out, and the last letters, made small:
"A…ing" ends in "ing" and begins with a capital. The mark is "0" where a word holds a digit, "AA"
where all of its letters are capitals, "A" where the first is one, "-" where it holds a hyphen, else
nothing.
"""

from collections import Counter
from collections.abc import Iterable

from brique.errors import DataError

ELLIPSIS = "…"
MAX_LETTERS = 3  # letters at most that a signature holds
MAX_RARE_COUNT = 2  # times that a word comes at most whose signatures are counted
MIN_WORDS, MAX_SIGNATURES = (
    4,
    1000,
)  # rare words of a signature that gets a number; signatures that get one
_PREFIXES = ("0", "AA", "A", "-", "")


def signatures(word: str) -> list[str]:
    """Return the signatures of a word, that with the most letters first.

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
    """Return the number of the longest signature of a word that is known, or `default`."""
    return next((ids[signature] for signature in signatures(word) if signature in ids), default)


def fit(words: Iterable[str]) -> tuple[str, ...]:
    """Return the signatures that get numbers, commonest first.

    words: the rare ones of a training part, each once.
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
                f"text: endings must be a mark, '{ELLIPSIS}' and up to {MAX_LETTERS} letters, such as"
                f" 'A{ELLIPSIS}ing', got '{item[:20]}'; write them so"
            )


def _shape_prefix(word: str) -> str:
    if any(letter.isdigit() for letter in word):
        return "0"
    if len(word) > 1 and word.isupper():
        return "AA"
    return "A" if word[:1].isupper() else "-" if "-" in word[1:] else ""
