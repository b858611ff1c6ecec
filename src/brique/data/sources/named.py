"""Named: what the names of files say, as in cat_12.png or {label}_{number}."""

import re
from collections import Counter
from collections.abc import Sequence

from brique.data.place import Place, relative
from brique.data.source import part_named
from brique.data.sources.gathered import Gathered
from brique.errors import DataError

_NUMBERED = re.compile(r"(.*[^\W\d_].*?)([ ._-]?)\(?(\d+)\)?")
_LEAST = 2  # files of each word with which names begin, and such words
_MOSTLY = 0.95  # share of files named so
_COUNTS = ("number", "index", "count")  # fields of a name that are digits alone


def pattern(name: str, names: str) -> re.Pattern[str]:
    """Return what matches names of files, its groups the fields in braces. Raises DataError."""
    pieces = re.split(r"\{([^{}]*)\}", names)
    fields = pieces[1::2]
    good = fields and len(set(fields)) == len(fields) and not {"sound", "image"} & set(fields)
    if not good or not all(one.isidentifier() for one in fields):
        raise DataError(
            f"{name}: --names must hold fields in braces, each once, such as"
            f" {{label}}_{{speaker}}_{{take}}, got '{names}'; write it so"
        )
    written = [
        f"(?P<{piece}>{r'[0-9]+' if piece in _COUNTS else '.+?'})"
        if place % 2
        else re.escape(piece)
        for place, piece in enumerate(pieces)
    ]
    return re.compile("".join(written))


def match(found: re.Pattern[str], of: Gathered, file: Place, names: str) -> dict[str, str] | None:
    """Return the fields that the name of a file holds, or None where it is not named so.

    found: the pattern of `names`; {rest} takes what is left, the others as little as they can.
    Raises DataError where a name can be cut in two ways.
    """
    depth = 1 + names.count("/")
    path = "/".join(relative(file, of.root).split("/")[-depth:])
    stem = path.removesuffix(".gz").rsplit(".", 1)[0]
    short = found.fullmatch(stem)
    if short is None or "{rest}" in names:
        return None if short is None else short.groupdict()
    long = re.fullmatch(found.pattern.replace(".+?", ".+"), stem)
    if long is not None and long.groupdict() != short.groupdict():
        one, other = (
            " ".join(f"{k} '{v}'" for k, v in m.groupdict().items()) for m in (short, long)
        )
        raise DataError(
            f"{of.name}: {file.name} can be cut as {names} in two ways: {one}, or {other}; name"
            f" what is digits alone {{{_COUNTS[0]}}}, or rename the files"
        )
    return short.groupdict()


def hint(name: str, files: Sequence[Place]) -> str | None:
    """Return a note with the flag for files whose names plainly begin with one of few words."""
    found = [_NUMBERED.fullmatch(file.name.rsplit(".", 1)[0]) for file in files]
    good = [one for one in found if one is not None]
    words = Counter(one[1] for one in good)
    sign, often = Counter(one[2] for one in good).most_common(1)[0] if good else ("", 0)
    is_plain = len(words) >= _LEAST and min(words.values()) >= _LEAST and often == len(good)
    if not is_plain or not sign or any(map(part_named, words)) or len(good) < _MOSTLY * len(files):
        return None
    first = ", ".join(sorted(words)[:3])
    return (
        f"{name}: the names of its {len(files):,} files begin with one of {len(words):,} words"
        f" ({first}{', ...' if len(words) > 3 else ''}); --names '{{label}}{sign}{{number}}' takes"
        " these for classes."
    )
