"""Lines that hold their class: "DESC:manner How ...", "__label__x text", "class<TAB>text"."""

import re
from collections.abc import Callable, Sequence

from brique.data.place import Place, plain_name
from brique.data.source import Source
from brique.data.sources.shelf import beginning, lines, part_of, parted, shelf
from brique.data.sources.texts import Labelled
from brique.errors import DataError, nearest
from brique.options import Options

_Said = tuple[str, str]  # class, text
_COARSE = re.compile(r"([A-Za-z]\w*:[A-Za-z]\w*)\s+(\S.*)")
_MARKED = re.compile(r"((?:__label__\S+\s+)+)(\S.*)")
_FIRST = re.compile(r"(\S+)\s+(\S.*)")
_TABLES = (".csv", ".tsv", ".data", ".json", ".jsonl", ".ndjson", ".conllu", ".conll")
_LOOKED_AT = 200  # lines
_LEAST = 5  # lines from which a class may be told from any first word
_NAMES = 40  # characters of a class's name at most

KIND: str = "lines"
USES: frozenset[str] = frozenset({"test", "rename", "target", "unit", "lower"})


def fits(place: Place) -> bool:
    """Tell whether a file's lines hold their class, or those of the files of a folder by part."""
    beside = shelf(place)
    if place.is_dir() and len(beside) != 1:
        beside = [file for file in beside if part_of(file) == 0]
    return bool(beside) and all(_layout(_some(file)) is not None for file in beside)


def read(name: str, place: Place, asked: Options) -> Source:
    """Return the texts of a file, or of files with the parts in their names, with their classes.

    target: "label", or "fine" where classes are written COARSE:fine: then all of it is the class.
    test: another file, the test part.
    Lines without class or text are left out. Raises DataError where most are.
    """
    source, found = Source(name, {}), Labelled()
    chosen: Callable[[str], _Said | None] | None = None
    is_fine = False
    files = parted(source, shelf(place), asked.test)
    for file, part in sorted(files, key=lambda pair: pair[1] or 0):  # train tells the layout
        listed = lines(file, source)
        some = [line for line in listed[:_LOOKED_AT] if line.strip()]
        chosen = chosen or _layout(some) or (_by_first if len(some) >= _LEAST else None)
        if chosen is None:
            raise DataError(
                f"{name}: {file.name}: expected lines that begin with their class, such as"
                f" 'class<TAB>text', got {_quoted(some)}; choose another --kind"
            )
        is_fine = is_fine or chosen is _by_coarse
        if _are_tagged(listed[:_LOOKED_AT]):
            source.notes.append(
                f"{name}: {file.name} looks like words with their tags, sentences apart by blank"
                " lines; --kind tags reads it so."
            )
        _add(found, source, file, (listed, part), chosen)
    target = _target(name, asked.target, is_fine=is_fine)
    if is_fine and target == "label":
        found.classes = [label.partition(":")[0] for label in found.classes]
    return found.fill(source, asked, target)


def _are_tagged(listed: Sequence[str]) -> bool:
    """Tell whether lines are rather words with their tags than texts with their classes."""
    said = [line.split() for line in listed]
    full = [words for words in said if words]
    blank = len(said) - len(full)
    return 0.02 < blank / max(1, len(said)) < 0.5 and all(len(words) == 2 for words in full)


def _add(
    found: Labelled,
    source: Source,
    file: Place,
    of: tuple[Sequence[str], int | None],
    chosen: Callable[[str], _Said | None],
) -> None:
    """Add the lines of a file. Raises DataError where most have no class and text."""
    bad: list[tuple[str, str]] = []
    for number, line in enumerate(of[0], 1):
        if not line.strip():
            continue
        called = f"{file.name}:{number}"
        said = chosen(line)
        if said is None:
            bad.append((called, "has no class with a text after it"))
        elif " " in said[0] and chosen is _by_mark:
            bad.append((called, f"has {len(said[0].split())} classes, where one is expected"))
        else:
            found.add(said[1], said[0], of[1], called)
    if 2 * len(bad) > len(of[0]):
        raise DataError(
            f"{source.name}: {bad[0][0]} {bad[0][1]}, and so have {len(bad):,} of {len(of[0]):,}"
            " lines; look at the file, or choose another --kind"
        )
    source.skipped += bad


def _target(name: str, target: str | None, *, is_fine: bool) -> str:
    known = ["label", "fine"] if is_fine else ["label"]
    if target not in (None, "coarse", *known):
        raise DataError(
            f"{name}: no field '{target}' to predict among {', '.join(known)}"
            f"{nearest(target, known)}"
        )
    return "fine" if target == "fine" else "label"


def _some(file: Place) -> list[str]:
    """Return the first lines of a file; none of a table, or of what is no text."""
    if plain_name(file).endswith(_TABLES):
        return []
    found = beginning(file).replace("\r\n", "\n").split("\n")
    return [line for line in found[:_LOOKED_AT] if line.strip()]


def _layout(some: Sequence[str]) -> Callable[[str], _Said | None] | None:
    """Return what takes a line apart, as all of some lines allow; None where they do not."""
    for take, share in ((_by_mark, 1.0), (_by_coarse, 0.75), (_by_tab, 0.5), (_by_last_tab, 0.5)):
        said = [one for line in some if (one := take(line)) is not None]
        classes = {label for label, _ in said}
        if not said or len(said) < len(some):
            continue
        if take is _by_mark:
            return take
        is_few = 2 <= len(classes) <= max(2, share * len(some))
        is_short = sum(len(label) for label, _ in said) < sum(len(text) for _, text in said)
        if is_few and is_short and (take is _by_coarse or all(x.count("\t") == 1 for x in some)):
            return take
    return None


def _by_mark(line: str) -> _Said | None:
    """Take apart "__label__x text"; of several classes all, with blanks between them."""
    found = _MARKED.match(line.strip())
    return found and (" ".join(m.removeprefix("__label__") for m in found[1].split()), found[2])


def _by_coarse(line: str) -> _Said | None:
    """Take apart "COARSE:fine text"."""
    found = _COARSE.fullmatch(line.strip())
    return found and (found[1], found[2])


def _by_tab(line: str) -> _Said | None:
    """Take apart "class<TAB>text"."""
    label, _, text = line.partition("\t")
    label, text = label.strip(), text.strip()
    return (label, text) if 0 < len(label) <= _NAMES and text else None


def _by_last_tab(line: str) -> _Said | None:
    """Take apart "text<TAB>class"."""
    text, _, label = line.rpartition("\t")
    label, text = label.strip(), text.strip()
    return (label, text) if 0 < len(label) <= _NAMES and text else None


def _by_first(line: str) -> _Said | None:
    """Take apart "class text": only where the kind is told, as any text looks so."""
    found = _FIRST.fullmatch(line.strip())
    return found and (found[1], found[2])


def _quoted(some: Sequence[str]) -> str:
    return f"'{some[0][:40]}'" if some else "none"
