"""Lines that hold their class: "DESC:manner How ...", "__label__x text", "class<TAB>text"."""

import re
from collections.abc import Callable, Sequence

from brique.data.files.place import Place, plain_name
from brique.data.raw.source import Source
from brique.data.sources.layout.text_files import (
    data_files,
    files_with_parts,
    part_from_name,
    read_head,
    read_lines,
)
from brique.data.sources.texts.documents import LabeledTexts
from brique.errors import DataError, did_you_mean
from brique.options import Options

_LabeledText = tuple[str, str]  # class, text
_COARSE = re.compile(r"([A-Za-z]\w*:[A-Za-z]\w*)\s+(\S.*)")
_FASTTEXT = re.compile(r"((?:__label__\S+\s+)+)(\S.*)")
_FIRST_WORD = re.compile(r"(\S+)\s+(\S.*)")
_OTHER_SUFFIXES = (".csv", ".tsv", ".data", ".json", ".jsonl", ".ndjson", ".conllu", ".conll")
_SAMPLE_LINES = 200  # lines
_MIN_LINES = 5  # lines needed for classes of any first word
_MAX_CLASS_LENGTH = 40  # characters of a class's name at most

KIND: str = "lines"
USES: frozenset[str] = frozenset({"test", "rename", "target", "unit", "lower"})


def fits(place: Place) -> bool:
    """Tell whether the lines of a file, or of a folder of parts, hold their class."""
    files = data_files(place)
    if place.is_dir() and len(files) != 1:
        files = [file for file in files if part_from_name(file) == 0]
    return bool(files) and all(_detect_layout(_first_lines(file)) is not None for file in files)


def read(name: str, place: Place, options: Options) -> Source:
    """Return the texts of a file, or of files with the parts in their names, with their classes.

    target: "label", or "fine" for the whole of a class COARSE:fine.
    test: another file, the test part.
    Lines without class or text are left out. Raises DataError if most are.
    """
    source, examples = Source(name, {}), LabeledTexts()
    parse: Callable[[str], _LabeledText | None] | None = None
    is_fine = False
    files = files_with_parts(source, data_files(place), options.test)
    for file, part in sorted(files, key=lambda pair: pair[1] or 0):  # train decides on the layout
        file_lines = read_lines(file, source)
        sample = [line for line in file_lines[:_SAMPLE_LINES] if line.strip()]
        parse = (
            parse
            or _detect_layout(sample)
            or (_parse_first_word if len(sample) >= _MIN_LINES else None)
        )
        if parse is None:
            raise DataError(
                f"{name}: {file.name}: expected lines that begin with their class, such as"
                f" 'class<TAB>text', got {_quote(sample)}; choose another --kind"
            )
        is_fine = is_fine or parse is _parse_coarse
        if _are_tagged(file_lines[:_SAMPLE_LINES]):
            source.notes.append(
                f"{name}: {file.name} looks like words with tags, with blank lines between"
                " sentences; --kind tags reads it so."
            )
        _add_lines(examples, source, file, (file_lines, part), parse)
    target = _target(name, options.target, is_fine=is_fine)
    if is_fine and target == "label":
        examples.classes = [label.partition(":")[0] for label in examples.classes]
    return examples.fill_source(source, options, target)


def _are_tagged(file_lines: Sequence[str]) -> bool:
    """Tell whether lines are words with tags, not texts with classes."""
    split_lines = [line.split() for line in file_lines]
    nonblank = [words for words in split_lines if words]
    num_blank = len(split_lines) - len(nonblank)
    return 0.02 < num_blank / max(1, len(split_lines)) < 0.5 and all(
        len(words) == 2 for words in nonblank
    )


def _add_lines(
    examples: LabeledTexts,
    source: Source,
    file: Place,
    lines_and_part: tuple[Sequence[str], int | None],
    parse: Callable[[str], _LabeledText | None],
) -> None:
    """Add the lines of a file. Raises DataError if most have no class and text."""
    bad_lines: list[tuple[str, str]] = []
    for number, line in enumerate(lines_and_part[0], 1):
        if not line.strip():
            continue
        name = f"{file.name}:{number}"
        parsed = parse(line)
        if parsed is None:
            bad_lines.append((name, "has no class with a text after it"))
        elif " " in parsed[0] and parse is _parse_fasttext:
            bad_lines.append((name, f"has {len(parsed[0].split())} classes, expected one"))
        else:
            examples.add(parsed[1], parsed[0], lines_and_part[1], name)
    if 2 * len(bad_lines) > len(lines_and_part[0]):
        raise DataError(
            f"{source.name}: {bad_lines[0][0]} {bad_lines[0][1]}, and so have {len(bad_lines):,}"
            f" of {len(lines_and_part[0]):,}"
            " lines; check the file, or choose another --kind"
        )
    source.skipped += bad_lines


def _target(name: str, target: str | None, *, is_fine: bool) -> str:
    names = ["label", "fine"] if is_fine else ["label"]
    if target not in (None, "coarse", *names):
        raise DataError(
            f"{name}: no field '{target}' to predict among {', '.join(names)}"
            f"{did_you_mean(target, names)}"
        )
    return "fine" if target == "fine" else "label"


def _first_lines(file: Place) -> list[str]:
    """Return the first lines of a file; empty for a table or a binary file."""
    if plain_name(file).endswith(_OTHER_SUFFIXES):
        return []
    text_lines = read_head(file).replace("\r\n", "\n").split("\n")
    return [line for line in text_lines[:_SAMPLE_LINES] if line.strip()]


def _detect_layout(sample: Sequence[str]) -> Callable[[str], _LabeledText | None] | None:
    """Return a parser that fits all sample lines, or None."""
    for parse, share in (
        (_parse_fasttext, 1.0),
        (_parse_coarse, 0.75),
        (_parse_label_first, 0.5),
        (_parse_label_last, 0.5),
    ):
        parsed = [pair for line in sample if (pair := parse(line)) is not None]
        classes = {label for label, _ in parsed}
        if not parsed or len(parsed) < len(sample):
            continue
        if parse is _parse_fasttext:
            return parse
        is_few = 2 <= len(classes) <= max(2, share * len(sample))
        is_short = sum(len(label) for label, _ in parsed) < sum(len(text) for _, text in parsed)
        if (
            is_few
            and is_short
            and (parse is _parse_coarse or all(x.count("\t") == 1 for x in sample))
        ):
            return parse
    return None


def _parse_fasttext(line: str) -> _LabeledText | None:
    """Parse "__label__x text"; several classes are joined by blanks."""
    match = _FASTTEXT.match(line.strip())
    return match and (
        " ".join(label.removeprefix("__label__") for label in match[1].split()),
        match[2],
    )


def _parse_coarse(line: str) -> _LabeledText | None:
    """Parse "COARSE:fine text"."""
    match = _COARSE.fullmatch(line.strip())
    return match and (match[1], match[2])


def _parse_label_first(line: str) -> _LabeledText | None:
    """Parse "class<TAB>text"."""
    label, _, text = line.partition("\t")
    label, text = label.strip(), text.strip()
    return (label, text) if 0 < len(label) <= _MAX_CLASS_LENGTH and text else None


def _parse_label_last(line: str) -> _LabeledText | None:
    """Parse "text<TAB>class"."""
    text, _, label = line.rpartition("\t")
    label, text = label.strip(), text.strip()
    return (label, text) if 0 < len(label) <= _MAX_CLASS_LENGTH and text else None


def _parse_first_word(line: str) -> _LabeledText | None:
    """Parse "class text": only with --kind, as any text looks like this."""
    match = _FIRST_WORD.fullmatch(line.strip())
    return match and (match[1], match[2])


def _quote(sample: Sequence[str]) -> str:
    return f"'{sample[0][:40]}'" if sample else "none"
