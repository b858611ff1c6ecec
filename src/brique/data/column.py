"""Columns: fields of a source that get their numbers once it is known what the training part is."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from brique.data.batch import Values
from brique.data.ragged import Ragged
from brique.errors import DataError
from brique.schema import MISSING, Category, Field, Number, Tags, Text, natural
from brique.schema.texts import Unit
from brique.schema.words import instead

MOST_PIECES = 20_000  # of a vocabulary


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
    """

    names: Sequence[str | None]
    is_target: bool = False

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
        has_others = len(set(names)) > len(kept)
        if has_others and self.is_target:
            row = next(row for row, name in enumerate(names) if name not in place)
            raise DataError(
                f"{where}: example {row} is of class '{names[row]}', which no training example is"
                f"{instead(names[row], kept)}"
            )
        numbers = [place.get(name, len(kept)) for name in names]
        kind = Category(kept, others=not self.is_target)
        return kind, torch.tensor(numbers, dtype=torch.int64)


@dataclass
class Numbers(Column):
    """One number for each example, float64; NaN is missing."""

    values: np.ndarray
    unit: str | None = None

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
        has_gaps = bool(np.isnan(self.values).any())
        fill = float(np.median(known)) if has_gaps else None
        kind = Number(float(known.mean()), float(known.std()), self.unit, fill=fill)
        return kind, torch.from_numpy(self.values.astype(np.float32))


@dataclass
class Texts(Column):
    """A text for each example, or a list of its pieces.

    unit, lower: as in `brique.schema.Text`.
    least: how often a piece must come in the training part to get a number.
    most: how many pieces get one.
    """

    texts: Sequence[str | Sequence[str]]
    unit: Unit = "words"
    lower: bool = False
    least: int = 1
    most: int = MOST_PIECES

    def __len__(self) -> int:
        return len(self.texts)

    def said(self, row: int) -> str:
        """Return the text of an example."""
        text = self.texts[row]
        return text if isinstance(text, str) else " ".join(text)

    def fitted(self, train: np.ndarray, where: str) -> tuple[Field, Values]:
        """Return the vocabulary of the training part, commonest first, and numbers, a Ragged."""
        kind = Text((), self.unit, self.lower)
        pieces = [kind.pieces(text) for text in self.texts]
        counts = Counter(piece for row in train.tolist() for piece in pieces[row])
        often = [(piece, n) for piece, n in counts.items() if n >= self.least]
        often.sort(key=lambda pair: (-pair[1], pair[0]))
        kind = replace(kind, vocabulary=tuple(piece for piece, _ in often[: self.most]))
        return kind, Ragged.of([kind.prepare(found) for found in pieces])


@dataclass
class Sequences(Column):
    """Names of classes, several for each example, in order: tags of words, classes of boxes."""

    names: Sequence[Sequence[str]]

    def __len__(self) -> int:
        return len(self.names)

    def said(self, row: int) -> str:
        """Return the classes of an example."""
        return " ".join(self.names[row])

    def fitted(self, train: np.ndarray, where: str) -> tuple[Field, Values]:
        """Return the classes of the training part, naturally sorted, and numbers, a Ragged."""
        kept = {str(name) for row in train.tolist() for name in self.names[row]}
        kind = Tags(tuple(sorted(kept, key=natural)))
        for row, names in enumerate(self.names):
            strange = [name for name in names if name not in kept]
            if strange:
                raise DataError(
                    f"{where}: example {row} holds '{strange[0]}', which no training example has"
                    f"{instead(strange[0], kind.names)}"
                )
        return kind, Ragged.of([kind.prepare(list(names)) for names in self.names])
