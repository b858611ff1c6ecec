"""Signatures of words: how they look and end, which is what is known of a word never met.

A signature is a mark, "…" for the letters that are left out, and the last letters, made small:
"A…ing" ends in "ing" and begins with a capital. The mark is "0" where a word holds a digit, "AA"
where all of its letters are capitals, "A" where the first is one, "-" where it holds a hyphen, else
nothing.
"""

from collections import Counter
from collections.abc import Iterable

from brique.errors import DataError

CUT = "…"
LAST = 3  # letters at most that a signature holds
RARE = 2  # times that a word comes at most whose signatures are counted
LEAST, MOST = 4, 1000  # rare words of a signature that gets a number; signatures that get one
_MARKS = ("0", "AA", "A", "-", "")


def signatures(word: str) -> list[str]:
    """Return the signatures of a word, that with the most letters first.

    >>> signatures("Walking")
    ['A…ing', 'A…ng', 'A…g', 'A…']
    """
    mark, small = _mark(word), word.lower()
    ends = (
        small[-count:] if count else "" for count in range(min(LAST, max(0, len(word) - 1)), -1, -1)
    )
    return [f"{mark}{CUT}{end}" for end in ends]


def longest(word: str, known: "dict[str, int]", default: int) -> int:
    """Return the number of the longest signature of a word that is known, or `default`."""
    return next((known[one] for one in signatures(word) if one in known), default)


def fit(words: Iterable[str]) -> tuple[str, ...]:
    """Return the signatures that get numbers, commonest first.

    words: the rare ones of a training part, each once.
    """
    times = Counter(one for word in words for one in signatures(word))
    often = sorted((-count, one) for one, count in times.items() if count >= LEAST)
    return tuple(one for _, one in often[:MOST])


def check(listed: tuple[str, ...]) -> None:
    """Raise DataError unless all are signatures."""
    for one in listed:
        mark, cut, last = one.partition(CUT)
        if not cut or mark not in _MARKS or len(last) > LAST:
            raise DataError(
                f"text: endings must be a mark, '{CUT}' and up to {LAST} letters, such as"
                f" 'A{CUT}ing', got '{one[:20]}'; write them so"
            )


def _mark(word: str) -> str:
    if any(letter.isdigit() for letter in word):
        return "0"
    if len(word) > 1 and word.isupper():
        return "AA"
    return "A" if word[:1].isupper() else "-" if "-" in word[1:] else ""
