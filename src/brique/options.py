"""Options of a data set: how to read its files."""

import dataclasses
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, cast

from brique.errors import DataError, did_you_mean

Size = int | tuple[int, int]
DECIMALS = ("point", "comma")
INTERNAL = ("fold", "selection", "whole")  # set by brique, no flags


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a data set is opened; the first line of each field is the help of its flag.

    None is an option that was not given. In Python, target and sheet may be numbers, and test a
    path: they are kept as text, as run.json has them. Raises DataError on a value that is never
    valid.
    """

    target: str | None = None
    """What to predict: a column, by name or number.

    Several columns of a table or a series are "A,B"."""
    kind: str | None = None
    """Kind of data set, if its files do not show it: pictures, packed pictures, masks, boxes,
    sounds, series, sequences, table, texts, lines, tags, trees, parallel, captions, stories or
    writing."""
    header: bool | None = None
    """Whether the first line of a table is a header (yes or no); guessed by default.

    Without a header the columns are named "1", "2", ..."""
    sheet: str | None = None
    """Sheet of a spreadsheet, by name or number from 1; by default, the first with a table."""
    test: str | None = None
    """Test split: a file or folder, or the rows with COLUMN=VALUE,VALUE."""
    size: Size | None = None
    """Size of images in pixels: 64, or width and height as 240x180.

    In Python one number, or (height, width). By default the images keep their size; folders of
    images of several sizes, or with over 128 pixels a side, are resized to 64 x 64."""
    channels: int | None = None
    """Channels of images: 1 (gray) or 3 (color); by default 1 if all images are gray."""
    types: Mapping[str, str] | None = None
    """COLUMN=KIND: correct the guessed kind of a column; may be repeated.

    Kinds: number, category, text, timestamp (a date or time), picture, labels (a target of several
    labels such as "comedy|drama"), and leave (leave the column out)."""
    rename: Mapping[str, str] | None = None
    """OLD=NEW: rename a class, for example to merge two spellings; may be repeated."""
    group: str | None = None
    """Column of groups that stay in one split (speakers); for series, what identifies each."""
    time: str | None = None
    """Time column: the latest examples become the test split, those before validation."""
    names: str | None = None
    """Pattern of file names, such as '{label}_{speaker}_{take}'; each {name} becomes a column."""
    length: int | None = None
    """Tokens per excerpt of a long text, or past time steps that a forecast sees."""
    horizon: int | None = None
    """Number of time steps to forecast."""
    unit: str | None = None
    """Tokenization of text: words, characters or subwords."""
    lower: bool = False
    """Convert texts to lowercase."""
    decimal: str | None = None
    """Decimal sign of a table's numbers: point or comma; guessed by default."""
    fold: tuple[int, int] | None = None
    """Number of a fold, from 1, and the number of folds; set by training on folds."""
    selection: int | None = None
    """Draw of `Data.for_selection`, which leaves out the test part; set by a search."""
    whole: bool = False
    """Keep all examples in one part; set by an evaluation on other data."""

    def __post_init__(self) -> None:
        for name in ("target", "sheet", "test"):
            if (value := getattr(self, name)) is not None:  # fixed names
                object.__setattr__(self, name, str(value))
        if isinstance(self.size, list):
            object.__setattr__(self, "size", tuple(cast("list[int]", self.size)))
        _check(self)

    def given(self) -> dict[str, Any]:
        """Return the options that differ from their defaults, by name."""
        pairs = ((each, getattr(self, each.name)) for each in fields(self))
        return {each.name: value for each, value in pairs if value != each.default}

    def check(self, name: str, kind: str, uses: frozenset[str]) -> None:
        """Raise DataError for an option that does not apply to a kind of source."""
        for option in self.given():
            if option not in (*uses, "kind", *INTERNAL):
                known = ", ".join(f"--{one}" for one in sorted(uses)) or "no options"
                raise DataError(
                    f"{name}: --{option} means nothing for {kind}, which know {known}; leave it"
                    " out, or say which kind of data these are (--kind)"
                )

    def test_values(self) -> tuple[str, frozenset[str]] | None:
        """Return column and values of test="COLUMN=VALUE,VALUE"; None if test is a path or absent.

        Raises DataError where either side of the sign is empty.
        """
        if self.test is None or "=" not in self.test or Path(self.test).exists():
            return None
        column, _, values_text = self.test.partition("=")
        values = frozenset(value.strip() for value in values_text.split(",") if value.strip())
        if not column.strip() or not values:
            raise DataError(
                f"test: expected a path or COLUMN=VALUE,VALUE, got '{self.test}'; give both sides"
            )
        return column.strip(), values

    def columns(self) -> list[str]:
        """Return the columns given by name, not number: the header must have them."""
        test = self.test_values()
        columns = ",".join(filter(None, (self.target, self.group, self.time)))
        names = [*columns.split(","), *(self.types or ()), *(test[:1] if test else ())]
        return [name.strip() for name in names if name.strip() and not name.strip().isdecimal()]

    def renamed(self, label: str) -> str:
        """Return a class's name after `rename`."""
        return (self.rename or {}).get(label, label)

    def replace(self, **changes: Any) -> "Options":  # noqa: ANN401 - each field has its type
        """Return these options with changes. Raises DataError on an unknown name."""
        known = [each.name for each in fields(self)]
        for name in changes:
            if name not in known:
                hint = did_you_mean(name, known) or f"; there are {', '.join(known)}"
                raise DataError(f"data: no option '{name}'{hint}")
        return dataclasses.replace(self, **changes)

    def without(self, columns: Sequence[str]) -> "Options":
        """Return these options with columns left out."""
        return self.replace(types=dict(self.types or {}) | dict.fromkeys(columns, "leave"))

    def with_shape(self, size: Size | None, channels: int) -> "Options":
        """Return these options, with size and channels of images if they are not given."""
        known = channels if channels in (1, 3) else None
        return self.replace(size=self.size or size, channels=self.channels or known)

    def words(self) -> list[str]:
        """Return these options as words of a command line."""
        words: list[str] = []
        for name, value in self.given().items():
            if name in INTERNAL:
                continue
            if isinstance(value, Mapping):
                pairs = cast("Mapping[str, str]", value).items()
                for old, new in pairs:
                    words += [f"--{name}", pair_text(old, new)]
            elif name == "lower":
                words.append("--lower")
            else:
                words += [f"--{name}", _word(value)]
        return words


def pair(text: str) -> tuple[str, str] | None:
    r"""Return the two sides of "OLD=NEW", split at the first =; None if a side is empty.

    A = within a name has a backslash before it.

    >>> pair("cats=cat"), pair(r"a\=b=c"), pair("cats")
    (('cats', 'cat'), ('a=b', 'c'), None)
    """
    marked = text.replace("\\=", "\0")
    old, _, new = (side.replace("\0", "=") for side in marked.partition("="))
    return (old, new) if old and new else None


def pair_text(old: str, new: str) -> str:
    r"""Return the text "OLD=NEW" of two names, which `pair` splits.

    >>> pair_text("a=b", "c")
    'a\\=b=c'
    """
    escaped_old, escaped_new = (name.replace("=", "\\=") for name in (old, new))
    return f"{escaped_old}={escaped_new}"


def command_line(verb: str, source: object, options: Options, flags: Mapping[str, object]) -> str:
    """Return the command line of a verb on data.

    flags: by name; None and False are left out, True stands for the flag without a value.
    """
    words = ["brique", verb, str(source), *options.words()]
    for name, value in flags.items():
        if value is True:
            words.append(f"--{name}")
        elif value not in (None, False):
            words += [f"--{name}", str(value)]
    return shlex.join(words)


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return "x".join(map(str, reversed(cast("tuple[int, int]", value))))
    return str(value)


def _check(options: Options) -> None:
    size = options.size
    sides = (size, size) if isinstance(size, int) else size
    if sides is not None and (len(sides) != 2 or min(sides) < 1):
        raise DataError(f"data: size must be 1 or more pixels, got {size}; leave it out, or choose")
    if options.channels not in (None, 1, 3):
        raise DataError(
            f"data: channels must be 1 (gray) or 3 (color), got {options.channels}; pass either"
        )
    if options.decimal not in (None, *DECIMALS):
        raise DataError(
            f"data: decimal: expected point or comma, got '{options.decimal}'; pass one of them"
        )
