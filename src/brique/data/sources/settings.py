"""data.yaml of YOLO: names of classes and where the parts are, read without a YAML library.

Of YAML what such files use is read; other forms are refused by name.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from brique.data.place import Place, content, plain_name, relative
from brique.data.source import ALIASES
from brique.errors import DataError

_KEY = re.compile(r"""(["']?)([\w-]+)\1\s*:(?:\s+(.*)|\s*)$""")
_PAIR = re.compile(r"""["']?(\d+)["']?\s*:\s*(.+)$""")
_WANTED = frozenset((*ALIASES, "names", "nc", "kpt_shape"))


@dataclass
class Settings:
    """What data.yaml says.

    file: its name. names: of classes, by number. count: how many it says there are.
    parts: folders or lists of each part. keypoints: their number, and the numbers of each.
    """

    file: str | None
    names: dict[int, str] = field(default_factory=dict[int, str])
    count: int | None = None
    parts: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    keypoints: tuple[int, int] | None = None


def settings_in(place: Place, inside: Sequence[Place]) -> list[Settings]:
    """Return what data.yaml says, as a list of one; none where there is no such file.

    It is the .yaml or .yml file that names classes. Raises DataError where several do so
    differently, or it is written in a form that is not read.
    """
    found = [file for file in inside if plain_name(file).endswith((".yaml", ".yml"))]
    found = [file for file in found if re.search(rb"(?m)^[\"']?names[\"']?\s*:", content(file))]
    named = [file for file in found if plain_name(file) in ("data.yaml", "data.yml")]
    several = [_read(file, relative(file, place)) for file in named or found]
    for other in several[1:]:
        if other.names != several[0].names:
            raise DataError(
                f"{other.file}: names other classes than {several[0].file}; leave one of them out"
            )
    return several[:1]


def _read(file: Place, where: str) -> Settings:
    """Return what a file says. Raises DataError."""
    found = Settings(where)
    text = content(file).decode("utf-8-sig", "replace")
    lines = [_plain(line) for line in text.splitlines()]
    for at, line in enumerate(lines):
        match = _KEY.match(line)
        if match is None or match[2] not in _WANTED:
            continue
        key, value = match[2], (match[3] or "").strip()
        end = {"[": "]", "{": "}"}.get(value[:1])
        below: list[str] = []
        for other in lines[at + 1 :]:
            is_key = bool(other) and not other[0].isspace() and not other.startswith("-")
            if (is_key and end is None) or " ".join([value, *below])[-1:] == end:
                break
            below += [other.strip()] if other.strip() else []
        _take(found, key, value, below, f"{where}: line {at + 1}")
    return found


def _take(found: Settings, key: str, value: str, below: list[str], where: str) -> None:
    """Take the value of a key: on its line, in brackets, or in the lines below."""
    values = _values(value, below, where)
    if key == "names":
        if isinstance(values, str):
            raise _refused(where, "a list or numbered names of classes", value)
        found.names = values if isinstance(values, dict) else dict(enumerate(values))
    elif key == "nc":
        if not isinstance(values, str) or not values.isdecimal():
            raise _refused(where, "the number of classes", value)
        found.count = int(values)
    elif key == "kpt_shape":
        if not isinstance(values, list) or [one.isdecimal() for one in values] != [True, True]:
            raise _refused(where, "two numbers in brackets", value)
        found.keypoints = (int(values[0]), int(values[1]))
    elif isinstance(values, dict):
        raise _refused(where, "a folder or a list of folders", value)
    else:
        listed = [values] if isinstance(values, str) else values
        if paths := [path for path in listed if path and path != "null"]:
            found.parts[ALIASES[key]] = paths


def _values(value: str, below: list[str], where: str) -> str | list[str] | dict[int, str]:
    """Return one word, a list of words, or words by number. Raises DataError."""
    if value.startswith(("[", "{")):
        whole = " ".join([value, *below])
        if whole[-1] != {"[": "]", "{": "}"}[whole[0]]:
            raise _refused(where, "a list in brackets that are closed", value)
        items = _split(whole[1:-1])
        return _numbered(items, where) if whole[0] == "{" else [_word(one, where) for one in items]
    if value:
        return _word(value, where)
    if below and all(line.startswith("- ") for line in below):
        return [_word(line[2:].strip(), where) for line in below]
    return _numbered(below, where) if below else ""


def _numbered(items: Sequence[str], where: str) -> dict[int, str]:
    found: dict[int, str] = {}
    for item in items:
        match = _PAIR.match(item)
        if match is None or int(match[1]) in found:
            raise _refused(where, "a number, a colon and a name, each number once", item)
        found[int(match[1])] = _word(match[2].strip(), where)
    return found


def _split(text: str) -> list[str]:
    """Return what stands between commas that no quotation mark holds."""
    pieces, quote = [""], ""
    for letter in text:
        if letter == "," and not quote:
            pieces.append("")
            continue
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'" and not pieces[-1].strip():
            quote = letter
        pieces[-1] += letter
    return [piece.strip() for piece in pieces if piece.strip()]


def _word(text: str, where: str) -> str:
    """Return a word without its quotation marks. Raises DataError for other forms of YAML."""
    if text[:1] in "\"'" and len(text) > 1 and text[-1] == text[0]:
        inner = text[1:-1]
        return inner.replace("''", "'") if text[0] == "'" else re.sub(r"\\(.)", r"\1", inner)
    if text[:1] in ("&", "*", "!", "|", ">", "[", "{", '"', "'", "%", "@", "`"):
        raise _refused(where, "plain words", text)
    return text


def _plain(line: str) -> str:
    """Return a line without its comment, and without blanks at its end."""
    kept, quote = "", ""
    for at, letter in enumerate(line):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'" and (not kept.strip() or kept.rstrip()[-1:] in ":,[{-"):
            quote = letter
        elif letter == "#" and (at == 0 or line[at - 1].isspace()):
            break
        kept += letter
    return kept.rstrip()


def _refused(where: str, expected: str, came: str) -> DataError:
    came = came if len(came) <= 60 else f"{came[:57]}..."
    return DataError(
        f"{where}: expected {expected}, got '{came}'; write names as a list ([cat, dog]) or as"
        " numbers and names, one a line (0: cat)"
    )
