"""Fields in the names of files, as in cat_12.png or {label}_{number}."""

import re
from collections import Counter
from collections.abc import Sequence

from brique.data.files.place import Place, relative
from brique.data.raw.source import part_named
from brique.data.sources.layout.file_list import ExampleFiles
from brique.errors import DataError

_NUMBERED = re.compile(r"(.*[^\W\d_].*?)([ ._-]?)\(?(\d+)\)?")
_MIN_COUNT = 2  # files of each first word, and such words
_MIN_SHARE = 0.95  # share of files with such a name
_DIGIT_FIELDS = ("number", "index", "count")  # fields of digits only


def compile_template(name: str, template: str) -> re.Pattern[str]:
    """Return a pattern for names of files; its groups are the fields. Raises DataError."""
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
    """Return the fields in the name of a file, or None if it does not match.

    pattern: the compiled `template`; {rest} takes what is left, other fields as little as possible.
    Raises DataError if a name matches in two ways.
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
            f"{examples.name}: {file.name} matches {template} in two ways: {first_reading}, or"
            f" {second_reading}; name a field of digits {{{_DIGIT_FIELDS[0]}}}, or rename the files"
        )
    return shortest.groupdict()


def template_hint(name: str, files: Sequence[Place]) -> str | None:
    """Return a note with the flag for files whose names begin with one of few words."""
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
        f"{name}: the names of its {len(files):,} files begin with one of {len(prefix_counts):,}"
        f" words ({prefixes}{', ...' if len(prefix_counts) > 3 else ''}); --names"
        f" '{{label}}{separator}{{number}}' takes these for classes."
    )
