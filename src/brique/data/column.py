"""Columns: fields of a source that get their numbers once it is known what the training part is."""

import difflib
from abc import ABC, abstractmethod
from array import array
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import torch

from brique.data.batch import Values
from brique.data.ragged import Ragged
from brique.errors import DataError
from brique.schema import MISSING, Category, Field, Number, Tags, Text, natural, subwords
from brique.schema import endings as signs
from brique.schema.numerals import Decimal
from brique.schema.texts import FIRST, UNKNOWN, Unit
from brique.schema.words import instead

MOST_PIECES = 20_000  # of a vocabulary
MOST_SUBWORDS = 8_000
_TOGETHER = 4096  # texts cut at a time


class Column(ABC):
    """A field of N examples as a source gives it; what it needs is fitted on the training part."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def said(self, row: int) -> str:
        """Return an example's value as a person would write it; "" if it is missing."""

    @abstractmethod
    def fitted(self, train: np.ndarray, where: str) -> tuple[Field, Values]:
        """Return the kind and the numbers of all examples.

        train: places of the training examples (M,). where: what sentences call the field.
        Raises DataError where another part holds what the training part has not, and must.
        """

    def content(self, row: int) -> bytes:
        """Return what equal examples have in common."""
        return self.said(row).encode()


@dataclass
class Labels(Column):
    """Names of classes, one for each example; None is missing.

    is_target: whether the classes are to be predicted: then a class that the training part does
        not have is an error, else it is "other".
    called: what a person calls each example; by default "example 17".
    """

    names: Sequence[str | None]
    is_target: bool = False
    called: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.names)

    def said(self, row: int) -> str:
        """Return the class of an example."""
        return self.names[row] or ""

    def fitted(self, train: np.ndarray, where: str) -> tuple[Field, Values]:
        """Return the classes of the training part, naturally sorted, and numbers (N,), int64."""
        names = [name or MISSING for name in self.names]
        kept = tuple(sorted({names[row] for row in train.tolist()}, key=natural))
        place = {name: number for number, name in enumerate(kept)}
        strange = sorted(set(names) - place.keys(), key=natural)
        if strange and self.is_target:
            row = names.index(strange[0])
            example = self.called[row] if self.called else f"example {row}"
            raise self._unseen(example, strange, kept, where)
        numbers = [place.get(name, len(kept)) for name in names]
        kind = Category(kept, others=not self.is_target)
        return kind, torch.tensor(numbers, dtype=torch.int64)

    def _unseen(
        self, example: str, strange: Sequence[str], kept: Sequence[str], where: str
    ) -> DataError:
        more = f" (and {len(strange) - 1} more: {', '.join(strange[1:6])})" if strange[1:] else ""
        flags = [f"--rename '{name}={_spelled(name, kept)}'" for name in strange[:10]]
        return DataError(
            f"{where}: {example} is of class '{strange[0]}'{more}, which no training example is"
            f"{instead(strange[0], kept)}; where it is another spelling, {' '.join(flags)} joins"
            " them"
        )


def _spelled(name: str, kept: Sequence[str]) -> str:
    """Return the class that differs least from a name, or "CLASS" where none is near."""

    def plain(text: str) -> str:
        return " ".join(text.casefold().replace("_", " ").replace("-", " ").split()).strip(" .:;,")

    same = [one for one in kept if plain(one) == plain(name)]
    return (same or difflib.get_close_matches(name, kept, n=1) or ["CLASS"])[0]


@dataclass
class Numbers(Column):
    """One number for each example, float64; NaN is missing.

    unit, decimal, absent: as in `brique.schema.Number`.
    """

    values: np.ndarray
    unit: str | None = None
    decimal: Decimal = "point"
    absent: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    def said(self, row: int) -> str:
        """Return the number of an example, as short as it can be told apart."""
        value = float(self.values[row])
        return "" if np.isnan(value) else f"{value:.15g}"

    def fitted(self, train: np.ndarray, where: str) -> tuple[Field, Values]:
        """Return mean, spread and fill of the training part, and numbers (N,), float32."""
        known = self.values[train]
        known = known[~np.isnan(known)]
        if not len(known):
            raise DataError(f"{where}: no training example has a number; leave the column out")
        kind = Number(
            float(known.mean()), float(known.std()), self.unit, fill=float(np.median(known)),
            optional=bool(np.isnan(self.values).any()), decimal=self.decimal, absent=self.absent,
        )  # fmt: skip
        return kind, torch.from_numpy(self.values.astype(np.float32))


@dataclass
class Texts(Column):
    """A text for each example, or a list of its pieces.

    unit, lower: as in `brique.schema.Text`.
    least: how often a piece must come in the training part to get a number.
    most: how many pieces get one; by default 20,000, of subwords 8,000.
    endings: whether signatures of unknown words get numbers too: for words that are tagged, which
        their endings tell of. Texts as wholes are told by words that are known, and what is spoken
        must be words; those have none.
    """

    texts: Sequence[str | Sequence[str]]
    unit: Unit = "words"
    lower: bool = False
    least: int = 1
    most: int | None = None
    endings: bool = False

    def __len__(self) -> int:
        return len(self.texts)

    def said(self, row: int) -> str:
        """Return the text of an example."""
        text = self.texts[row]
        return text if isinstance(text, str) else " ".join(text)

    def fitted(self, train: np.ndarray, where: str) -> tuple[Field, Values]:
        """Return the vocabulary of the training part, commonest first, and numbers, a Ragged.

        Of subwords the letters of bytes stand first, then what they were joined to, in order.
        """
        return self._of_subwords(train) if self.unit == "subwords" else self._of_pieces(train)

    def _of_pieces(self, train: np.ndarray) -> tuple[Field, Values]:
        kind = Text((), self.unit, self.lower)
        known: defaultdict[str, int] = defaultdict()  # each piece's place, by first appearance
        known.default_factory = known.__len__
        places, lengths = array("i"), np.zeros(len(self), np.int64)
        for row, text in enumerate(self.texts):
            pieces = kind.pieces(text)
            places.extend(map(known.__getitem__, pieces))
            lengths[row] = len(pieces)
        flat = np.frombuffer(places, np.int32) if places else np.zeros(0, np.int32)
        is_train = np.zeros(len(self), bool)
        is_train[train] = True
        counts = np.bincount(flat[np.repeat(is_train, lengths)], minlength=len(known)).tolist()
        often = [(-n, p) for p, n in zip(known, counts, strict=True) if n >= max(1, self.least)]
        kept = tuple(piece for _, piece in sorted(often)[: self.most or MOST_PIECES])
        numbers = np.full(max(1, len(known)), UNKNOWN, np.int64)
        numbers[[known[piece] for piece in kept]] = FIRST + np.arange(len(kept))
        kind = replace(kind, vocabulary=kept)
        if self.endings and self.unit == "words":
            rare = (p for p, n in zip(known, counts, strict=True) if 0 < n <= signs.RARE)
            kind = replace(kind, endings=signs.fit(rare))
            for piece, place in known.items():
                if numbers[place] == UNKNOWN:
                    numbers[place] = int(kind.prepare([piece])[0])
        return kind, _laid(numbers[flat], lengths)

    def _of_subwords(self, train: np.ndarray) -> tuple[Field, Values]:
        def written(row: int) -> str:
            return self.said(row).lower() if self.lower else self.said(row)

        texts = (written(row) for row in train.tolist())
        learnt = subwords.fit(texts, self.most or MOST_SUBWORDS, max(2, self.least))
        kind = Text(learnt[0], self.unit, self.lower, learnt[1])
        found: list[np.ndarray] = []
        lengths: list[int] = []
        for start in range(0, len(self), _TOGETHER):
            rows = range(start, min(start + _TOGETHER, len(self)))
            cut = subwords.numbers(kind.cutter, [written(row) for row in rows])
            found.append(np.fromiter(chain.from_iterable(cut), np.int64))
            lengths += [len(numbers) for numbers in cut]
        return kind, _laid(FIRST + np.concatenate(found), np.array(lengths, np.int64))


def _laid(values: np.ndarray, lengths: np.ndarray) -> Ragged:
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Ragged(torch.from_numpy(values), torch.from_numpy(offsets))


@dataclass
class Sequences(Column):
    """Names of classes, several for each example, in order: tags of words, classes of boxes.

    called: what a person calls each example; by default "example 17".
    """

    names: Sequence[Sequence[str]]
    called: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.names)

    def said(self, row: int) -> str:
        """Return the classes of an example."""
        return " ".join(self.names[row])

    def fitted(self, train: np.ndarray, where: str) -> tuple[Field, Values]:
        """Return the classes of the training part, naturally sorted, and numbers, a Ragged."""
        kept = {str(name) for row in train.tolist() for name in self.names[row]}
        if not kept:
            raise DataError(f"{where}: no training example has a class; leave the field out")
        kind = Tags(tuple(sorted(kept, key=natural)))
        flat = [str(name) for names in self.names for name in names]
        if len(strange := sorted(set(flat) - kept, key=natural)):
            raise self._unseen(strange, kind.names, where)
        lengths = torch.tensor([0, *map(len, self.names)])
        return kind, Ragged(kind.prepare(flat), lengths.cumsum(0))

    def _unseen(self, strange: Sequence[str], kept: Sequence[str], where: str) -> DataError:
        first = strange[0]
        row = next(row for row, names in enumerate(self.names) if first in map(str, names))
        more = f" (and {len(strange) - 1} more: {', '.join(strange[1:6])})" if strange[1:] else ""
        return DataError(
            f"{where}: {self.called[row] if self.called else f'example {row}'} holds '{first}'"
            f"{more}, which no training example has{instead(first, kept)}; --rename '{first}=NEW'"
            " gives it another name"
        )
