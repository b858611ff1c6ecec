"""data.yaml of YOLO: names of classes and where the parts are, read without a YAML library.

Reads the subset of YAML in such files; other syntax is an error.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from brique.data.files.place import Place, plain_name, read_content, relative
from brique.data.raw.source import ALIASES
from brique.errors import DataError

_KEY = re.compile(r"""(["']?)([\w-]+)\1\s*:(?:\s+(.*)|\s*)$""")
_PAIR = re.compile(r"""["']?(\d+)["']?\s*:\s*(.+)$""")
_USED_KEYS = frozenset((*ALIASES, "names", "nc", "kpt_shape"))


@dataclass
class YoloConfig:
    """The content of data.yaml.

    file: its name. names: of classes, by number. num_classes: how many it declares.
    parts: folders or lists of each part. keypoints: their number, and the numbers of each.
    """

    file: str | None
    names: dict[int, str] = field(default_factory=dict[int, str])
    num_classes: int | None = None
    parts: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    keypoints: tuple[int, int] | None = None


def find_configs(place: Place, all_files: Sequence[Place]) -> list[YoloConfig]:
    """Return data.yaml as a list of one; empty without such a file.

    It is the .yaml or .yml file that names classes. Raises DataError if several disagree,
    or it has unsupported syntax.
    """
    candidates = [file for file in all_files if plain_name(file).endswith((".yaml", ".yml"))]
    candidates = [
        file for file in candidates if re.search(rb"(?m)^[\"']?names[\"']?\s*:", read_content(file))
    ]
    standard = [file for file in candidates if plain_name(file) in ("data.yaml", "data.yml")]
    configs = [_read_config(file, relative(file, place)) for file in standard or candidates]
    for other in configs[1:]:
        if other.names != configs[0].names:
            raise DataError(
                f"{other.file}: names other classes than {configs[0].file}; leave one of them out"
            )
    return configs[:1]


def _read_config(file: Place, where: str) -> YoloConfig:
    """Return the content of a file. Raises DataError."""
    config = YoloConfig(where)
    text = read_content(file).decode("utf-8-sig", "replace")
    lines = [_strip_comment(line) for line in text.splitlines()]
    for index, line in enumerate(lines):
        match = _KEY.match(line)
        if match is None or match[2] not in _USED_KEYS:
            continue
        key, value = match[2], (match[3] or "").strip()
        closing = {"[": "]", "{": "}"}.get(value[:1])
        following: list[str] = []
        for next_line in lines[index + 1 :]:
            is_key = (
                bool(next_line) and not next_line[0].isspace() and not next_line.startswith("-")
            )
            if (is_key and closing is None) or " ".join([value, *following])[-1:] == closing:
                break
            following += [next_line.strip()] if next_line.strip() else []
        _apply_key(config, key, value, following, f"{where}: line {index + 1}")
    return config


def _apply_key(config: YoloConfig, key: str, value: str, following: list[str], where: str) -> None:
    """Read the value of a key: on its line, in brackets, or in the lines below."""
    values = _parse_value(value, following, where)
    if key == "names":
        if isinstance(values, str):
            raise _format_error(where, "a list or numbered names of classes", value)
        config.names = values if isinstance(values, dict) else dict(enumerate(values))
    elif key == "nc":
        if not isinstance(values, str) or not values.isdecimal():
            raise _format_error(where, "the number of classes", value)
        config.num_classes = int(values)
    elif key == "kpt_shape":
        if not isinstance(values, list) or [item.isdecimal() for item in values] != [True, True]:
            raise _format_error(where, "two numbers in brackets", value)
        config.keypoints = (int(values[0]), int(values[1]))
    elif isinstance(values, dict):
        raise _format_error(where, "a folder or a list of folders", value)
    else:
        folders = [values] if isinstance(values, str) else values
        if paths := [path for path in folders if path and path != "null"]:
            config.parts[ALIASES[key]] = paths


def _parse_value(value: str, following: list[str], where: str) -> str | list[str] | dict[int, str]:
    """Return one word, a list of words, or words by number. Raises DataError."""
    if value.startswith(("[", "{")):
        text = " ".join([value, *following])
        if text[-1] != {"[": "]", "{": "}"}[text[0]]:
            raise _format_error(where, "a list in brackets that are closed", value)
        items = _split_items(text[1:-1])
        return (
            _parse_numbered(items, where)
            if text[0] == "{"
            else [_unquote(item, where) for item in items]
        )
    if value:
        return _unquote(value, where)
    if following and all(line.startswith("- ") for line in following):
        return [_unquote(line[2:].strip(), where) for line in following]
    return _parse_numbered(following, where) if following else ""


def _parse_numbered(items: Sequence[str], where: str) -> dict[int, str]:
    result: dict[int, str] = {}
    for item in items:
        match = _PAIR.match(item)
        if match is None or int(match[1]) in result:
            raise _format_error(where, "a number, a colon and a name, each number once", item)
        result[int(match[1])] = _unquote(match[2].strip(), where)
    return result


def _split_items(text: str) -> list[str]:
    """Return the items between commas outside quotation marks."""
    items, quote = [""], ""
    for character in text:
        if character == "," and not quote:
            items.append("")
            continue
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'" and not items[-1].strip():
            quote = character
        items[-1] += character
    return [item.strip() for item in items if item.strip()]


def _unquote(text: str, where: str) -> str:
    """Return a word without its quotation marks. Raises DataError for other YAML syntax."""
    if text[:1] in "\"'" and len(text) > 1 and text[-1] == text[0]:
        inner = text[1:-1]
        return inner.replace("''", "'") if text[0] == "'" else re.sub(r"\\(.)", r"\1", inner)
    if text[:1] in ("&", "*", "!", "|", ">", "[", "{", '"', "'", "%", "@", "`"):
        raise _format_error(where, "plain words", text)
    return text


def _strip_comment(line: str) -> str:
    """Return a line without its comment and trailing blanks."""
    text, quote = "", ""
    for index, character in enumerate(line):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'" and (not text.strip() or text.rstrip()[-1:] in ":,[{-"):
            quote = character
        elif character == "#" and (index == 0 or line[index - 1].isspace()):
            break
        text += character
    return text.rstrip()


def _format_error(where: str, expected: str, actual: str) -> DataError:
    actual = actual if len(actual) <= 60 else f"{actual[:57]}..."
    return DataError(
        f"{where}: expected {expected}, got '{actual}'; write names as a list ([cat, dog]) or as"
        " numbers and names, one per line (0: cat)"
    )
