"""Fields of words: texts, and the tags of their pieces."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from brique.errors import DataError
from brique.schema import endings as signs
from brique.schema import subwords
from brique.schema.words import instead, short

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

Unit = Literal["words", "characters", "subwords"]
UNKNOWN, START, END = 0, 1, 2  # numbers that stand for no piece of a vocabulary
FIRST = 3  # number of the first piece
_UNITS = ("words", "characters", "subwords")
WORDS = re.compile(r"\w+(?:['\u2019]\w+)*|[^\w\s]")


@dataclass(frozen=True)
class Text:
    """A text as the numbers of its pieces, a field of varying length.

    vocabulary: the pieces that have numbers, from 3 on, fitted on the training part; 0 is any other
        piece, 1 and 2 are kept for a start and an end, which `prepare` does not add.
    unit: what a piece is: words (and marks), characters, or subwords (extra `text`), which are
        bytes joined to longer pieces: nothing is unknown to them.
    lower: whether letters are made small first.
    merges: for subwords, the pairs that are joined, in order, each "one two".
    endings: for words, signatures such as "A…ing" whose numbers follow those of the vocabulary: a
        word that has no number of its own gets that of its longest one.
    """

    vocabulary: tuple[str, ...]
    unit: Unit = "words"
    lower: bool = False
    merges: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    kind: ClassVar[str] = "text"

    def __post_init__(self) -> None:
        check_names("text: vocabulary", self.vocabulary)
        if self.unit not in _UNITS:
            raise DataError(
                f"text: unit must be {', '.join(_UNITS)}, got {short(self.unit)}; choose one"
            )
        if self.unit == "subwords":
            subwords.check(self.vocabulary, self.merges)
        elif self.merges:
            raise DataError(f"text: merges are for subwords, not {self.unit}; leave them out")
        if self.endings:
            check_names("text: endings", self.endings)
            signs.check(self.endings)
            if self.unit != "words":
                raise DataError(f"text: endings are for words, not {self.unit}; leave them out")

    @property
    def size(self) -> int:
        """How many numbers there are: rows of an embedding."""
        return FIRST + len(self.vocabulary) + len(self.endings)

    def is_unknown(self, numbers: "torch.Tensor") -> "torch.Tensor":
        """Return which numbers (M,) stand for pieces that are not in the vocabulary (M,), bool."""
        return (numbers == UNKNOWN) | (numbers >= FIRST + len(self.vocabulary))

    def stand_in(self, piece: str) -> int:
        """Return the number that a piece has, or would have, where it is not in the vocabulary."""
        return signs.longest(piece, self._ends, UNKNOWN)

    def pieces(self, source: object) -> list[str]:
        """Return the pieces of a text; a list of texts is taken for pieces already.

        Where there are endings, a word that is not known is cut before a known end with an
        apostrophe, such as "n't" or "'s".
        """
        if isinstance(source, list | tuple):
            found = [str(piece) for piece in cast("Sequence[object]", source)]
            return [piece.lower() for piece in found] if self.lower else found
        if not isinstance(source, str):
            raise DataError(f"text: expected a text, got {short(source)}; pass one")
        text = source.lower() if self.lower else source
        if self.unit == "words":
            found = WORDS.findall(text)
            return (
                [part for piece in found for part in self._parted(piece)] if self.endings else found
            )
        if self.unit == "characters":
            return list(text)
        return [self.vocabulary[n] for n in subwords.numbers(self.cutter, [text])[0]]

    def prepare(self, source: object) -> "torch.Tensor":
        """Return the numbers of a text's pieces (T,), int64. Raises DataError for no text."""
        import torch

        return torch.tensor([self._number(p) for p in self.pieces(source)], dtype=torch.long)

    def restore(self, value: "torch.Tensor") -> str:
        """Return the text that numbers (T,) stand for.

        Characters and subwords give it back as it was, but for what `lower` and unknown characters
        (U+FFFD) took; words come with a blank between them.
        """
        end = FIRST + len(self.vocabulary)
        said = [
            self.vocabulary[number - FIRST] if FIRST <= number < end else "\ufffd"
            for number in value.tolist()
            if number not in (START, END)
        ]
        if self.unit == "subwords":
            return subwords.joined(said)
        return (" " if self.unit == "words" else "").join(said)

    def form(self) -> dict[str, Any]:
        """Return what a form asks for: a text."""
        return {"input": "textarea"}

    def to_json(self) -> dict[str, Any]:
        """Return the field as JSON values."""
        value: dict[str, Any] = {"kind": self.kind, "vocabulary": list(self.vocabulary)}
        value |= {} if self.unit == "words" else {"unit": self.unit}
        value |= {"lower": True} if self.lower else {}
        value |= {"merges": list(self.merges)} if self.merges else {}
        return value | ({"endings": list(self.endings)} if self.endings else {})

    def _parted(self, piece: str) -> list[str]:
        """Return a piece, cut as those who tagged words do: "don't" is "do", "n't" where known."""
        if piece not in self._places and {"'", "\u2019"} & {*piece}:
            for at in range(1, len(piece)):
                rear = piece[at:]
                if rear in self._places and {"'", "\u2019"} & {*rear}:
                    return [piece[:at], rear]
        return [piece]

    def _number(self, piece: str) -> int:
        number = self._places.get(piece)
        return self.stand_in(piece) if number is None else number

    @cached_property
    def cutter(self) -> "Tokenizer":
        """What cuts texts into subwords. Raises DataError without the extra `text`."""
        return subwords.tokenizer(self.vocabulary, self.merges)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {piece: FIRST + place for place, piece in enumerate(self.vocabulary)}

    @cached_property
    def _ends(self) -> dict[str, int]:
        first = FIRST + len(self.vocabulary)
        return {end: first + place for place, end in enumerate(self.endings)}


@dataclass(frozen=True)
class Tags:
    """A sequence of named classes, one for each piece of another field: tags, classes of boxes."""

    names: tuple[str, ...]
    kind: ClassVar[str] = "tags"

    def __post_init__(self) -> None:
        if not self.names:
            raise DataError("tags: names must be one or more, got none; name every class")
        check_names("tags: names", self.names)

    def prepare(self, source: object) -> "torch.Tensor":
        """Return the numbers of tags (T,), int64. Raises DataError for a tag that is not listed.

        source: a list of names, or one text with a blank between names.
        """
        import torch

        given = source.split() if isinstance(source, str) else source
        if not isinstance(given, list | tuple):
            raise DataError(f"tags: expected a list of names, got {short(source)}; pass one")
        numbers: list[int] = []
        for name in cast("Sequence[object]", given):
            number = self._places.get(str(name))
            if number is None:
                raise DataError(f"tags: no class '{name}'{instead(str(name), self.names)}")
            numbers.append(number)
        return torch.tensor(numbers, dtype=torch.long)

    def restore(self, value: "torch.Tensor") -> list[str]:
        """Return the names of numbers (T,)."""
        return [self.names[number] for number in value.tolist()]

    def form(self) -> dict[str, Any]:
        """Return what a form asks for: names, one for each piece."""
        return {"input": "tags", "options": list(self.names)}

    def to_json(self) -> dict[str, Any]:
        """Return the field as JSON values."""
        return {"kind": self.kind, "names": list(self.names)}

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.names)}


def check_names(where: str, names: Sequence[str]) -> None:
    """Raise DataError where names are no texts, or one is listed twice."""
    if any(type(name) is not str or not name for name in names):
        raise DataError(f"{where} must be texts that are not empty, got {short(names)}; name each")
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"{where}: '{twice}' is listed twice; list each once")
