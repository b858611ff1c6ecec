"""Named: what the names of files say, as in cat_12.png or {label}_{number}."""

import re
from collections import Counter
from collections.abc import Sequence

from brique.data.files.place import Place, relative
from brique.data.raw.source import part_named
from brique.data.sources.layout.file_list import ExampleFiles
from brique.errors import DataError

_NUMBERED = re.compile(r"(.*[^\W\d_].*?)([ ._-]?)\(?(\d+)\)?")
_MIN_COUNT = 2  # files of each word with which names begin, and such words
_MIN_SHARE = 0.95  # share of files named so
_DIGIT_FIELDS = ("number", "index", "count")  # fields of a name that are digits alone


def compile_template(name: str, template: str) -> re.Pattern[str]:
    """Return what matches names of files, its groups the fields in braces. Raises DataError."""
    segments = re.split(r"\{([^{}]*)\}", template)
    fields = segments[1::2]
    is_valid = fields and len(set(fields)) == len(fields) and not {"sound", "image"} & set(fields)
    if not is_valid or not all(field.isidentifier() for field in fields):
        raise DataError(
            f"{name}: --names must hold fields in braces, each once, such as"
            f" {{label}}_{{speaker}}_{{take}}, got '{template}'; write it so"
        )
    patterns = [
        f"(?P<{segment}>{r'[0-9]+' if segment in _DIGIT_FIELDS else '.+?'})"
        if index % 2
        else re.escape(segment)
        for index, segment in enumerate(segments)
    ]
    return re.compile("".join(patterns))


def match_name(
    pattern: re.Pattern[str], examples: ExampleFiles, file: Place, template: str
) -> dict[str, str] | None:
    """Return the fields that the name of a file holds, or None where it is not named so.

    pattern: the pattern of `template`; {rest} takes what is left, the others as little as they can.
    Raises DataError where a name can be cut in two ways.
    """
    depth = 1 + template.count("/")
    path = "/".join(relative(file, examples.root).split("/")[-depth:])
    stem = path.removesuffix(".gz").rsplit(".", 1)[0]
    shortest = pattern.fullmatch(stem)
    if shortest is None or "{rest}" in template:
        return None if shortest is None else shortest.groupdict()
    longest = re.fullmatch(pattern.pattern.replace(".+?", ".+"), stem)
    if longest is not None and longest.groupdict() != shortest.groupdict():
        first_reading, second_reading = (
            " ".join(f"{k} '{v}'" for k, v in m.groupdict().items()) for m in (shortest, longest)
        )
        raise DataError(
            f"{examples.name}: {file.name} can be cut as {template} in two ways: {first_reading}, or {second_reading}; name"
            f" what is digits alone {{{_DIGIT_FIELDS[0]}}}, or rename the files"
        )
    return shortest.groupdict()


def template_hint(name: str, files: Sequence[Place]) -> str | None:
    """Return a note with the flag for files whose names plainly begin with one of few words."""
    matches = [_NUMBERED.fullmatch(file.name.rsplit(".", 1)[0]) for file in files]
    numbered = [match for match in matches if match is not None]
    prefix_counts = Counter(match[1] for match in numbered)
    separator, count = (
        Counter(match[2] for match in numbered).most_common(1)[0] if numbered else ("", 0)
    )
    is_plain = (
        len(prefix_counts) >= _MIN_COUNT
        and min(prefix_counts.values()) >= _MIN_COUNT
        and count == len(numbered)
    )
    if (
        not is_plain
        or not separator
        or any(map(part_named, prefix_counts))
        or len(numbered) < _MIN_SHARE * len(files)
    ):
        return None
    prefixes = ", ".join(sorted(prefix_counts)[:3])
    return (
        f"{name}: the names of its {len(files):,} files begin with one of {len(prefix_counts):,} words"
        f" ({prefixes}{', ...' if len(prefix_counts) > 3 else ''}); --names '{{label}}{separator}{{number}}' takes"
        " these for classes."
    )
