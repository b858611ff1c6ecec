"""Columns: raw fields of a source, converted to numbers after the split."""

import difflib
from abc import ABC, abstractmethod
from array import array
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import torch

from brique.data.core.batch import Values
from brique.data.core.ragged import Ragged
from brique.errors import DataError
from brique.options import pair_text
from brique.schema import (
    MISSING,
    Category,
    Field,
    Number,
    Tags,
    Text,
    natural_key,
    signatures,
    subwords,
)
from brique.schema.messages import alternatives
from brique.schema.numerals import Decimal
from brique.schema.texts import FIRST_ID, UNKNOWN_ID, Unit

MAX_TOKENS = 20_000  # of a vocabulary
MAX_SUBWORDS = 8_000
_TEXTS_AT_ONCE = 4096  # tokenized at a time


class Column(ABC):
    """A raw field of N examples; its kind is fitted on the training part."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def text(self, row: int) -> str:
        """Return the value of an example as a text; "" if it is missing."""

    @abstractmethod
    def fit(self, train: np.ndarray, where: str) -> tuple[Field, Values]:
        """Return the fitted kind, and the values of all examples.

        train: indices of the training examples (M,).
        where: name of the field, for messages.
        Raises DataError if a target class is missing in the training part.
        """

    def content(self, row: int) -> bytes:
        """Return the bytes that equal values share."""
        return self.text(row).encode()


@dataclass
class Labels(Column):
    """One class name per example; None is missing.

    is_target: whether the classes are to be predicted. A class that is not in the training part is
        an error in a target, and "other" in an input.
    example_names: by default "example 17".
    """

    names: Sequence[str | None]
    is_target: bool = False
    example_names: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.names)

    def text(self, row: int) -> str:
        """Return the class of an example."""
        return self.names[row] or ""

    def fit(self, train: np.ndarray, where: str) -> tuple[Field, Values]:
        """Return the classes of the training part in natural order, and indices (N,), int64."""
        names = [name or MISSING for name in self.names]
        class_names = tuple(sorted({names[row] for row in train.tolist()}, key=natural_key))
        number_of = {name: number for number, name in enumerate(class_names)}
        unknown = sorted(set(names) - number_of.keys(), key=natural_key)
        if unknown and self.is_target:
            row = names.index(unknown[0])
            example = self.example_names[row] if self.example_names else f"example {row}"
            raise self._unknown_class_error(example, unknown, class_names, where)
        numbers = [number_of.get(name, len(class_names)) for name in names]
        kind = Category(class_names, has_other=not self.is_target)
        return kind, torch.tensor(numbers, dtype=torch.int64)

    def _unknown_class_error(
        self, example: str, unknown: Sequence[str], class_names: Sequence[str], where: str
    ) -> DataError:
        others = f" (and {len(unknown) - 1} more: {', '.join(unknown[1:6])})" if unknown[1:] else ""
        renames = [pair_text(name, _closest_class(name, class_names)) for name in unknown[:10]]
        flags = [f"--rename '{rename}'" for rename in renames]
        return DataError(
            f"{where}: {example} is of class '{unknown[0]}'{others}, which no training example is"
            f"{alternatives(unknown[0], class_names)}; if it is another spelling, merge them with"
            f" {' '.join(flags)}"
        )


def _closest_class(name: str, class_names: Sequence[str]) -> str:
    """Return the class most similar to a name, or "CLASS" if none is."""

    def normalized(text: str) -> str:
        return " ".join(text.casefold().replace("_", " ").replace("-", " ").split()).strip(" .:;,")

    matches = [
        class_name for class_name in class_names if normalized(class_name) == normalized(name)
    ]
    return (matches or difflib.get_close_matches(name, class_names, n=1) or ["CLASS"])[0]


@dataclass
class Numbers(Column):
    """One number per example, float64; NaN is missing.

    unit, decimal, na_values: as in `brique.schema.Number`.
    """

    values: np.ndarray
    unit: str | None = None
    decimal: Decimal = "point"
    na_values: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    def text(self, row: int) -> str:
        """Return the number of an example, with 15 significant digits."""
        value = float(self.values[row])
        return "" if np.isnan(value) else f"{value:.15g}"

    def fit(self, train: np.ndarray, where: str) -> tuple[Field, Values]:
        """Return the kind, fitted on the training part, and values (N,), float32."""
        values = self.values[train]
        values = values[~np.isnan(values)]
        if not len(values):
            raise DataError(f"{where}: no training example has a number; leave the column out")
        kind = Number(
            float(values.mean()), float(values.std()), self.unit, fill=float(np.median(values)),
            optional=bool(np.isnan(self.values).any()), decimal=self.decimal,
            na_values=self.na_values,
        )  # fmt: skip
        return kind, torch.from_numpy(self.values.astype(np.float32))


@dataclass
class Texts(Column):
    """One text per example, or a list of its tokens.

    unit, lower: as in `brique.schema.Text`.
    min_count: how often a token must occur in the training part to be in the vocabulary.
    max_size: of the vocabulary; by default 20,000, for subwords 8,000.
    use_signatures: whether signatures of rare words get ids too, for tagging: endings predict the
        tag of an unknown word.
    """

    texts: Sequence[str | Sequence[str]]
    unit: Unit = "words"
    lower: bool = False
    min_count: int = 1
    max_size: int | None = None
    use_signatures: bool = False

    def __len__(self) -> int:
        return len(self.texts)

    def text(self, row: int) -> str:
        """Return the text of an example."""
        text = self.texts[row]
        return text if isinstance(text, str) else " ".join(text)

    def fit(self, train: np.ndarray, where: str) -> tuple[Field, Values]:
        """Return the vocabulary of the training part, most common first, and ids, a Ragged.

        For subwords the bytes come first, then their merges in order.
        """
        return self._fit_subwords(train) if self.unit == "subwords" else self._fit_tokens(train)

    def _fit_tokens(self, train: np.ndarray) -> tuple[Field, Values]:
        kind = Text((), self.unit, self.lower)
        index_of: defaultdict[str, int] = defaultdict()  # by first occurrence
        index_of.default_factory = index_of.__len__
        indices, lengths = array("i"), np.zeros(len(self), np.int64)
        for row, text in enumerate(self.texts):
            tokens = kind.tokenize(text)
            indices.extend(map(index_of.__getitem__, tokens))
            lengths[row] = len(tokens)
        flat = np.frombuffer(indices, np.int32) if indices else np.zeros(0, np.int32)
        is_train = np.zeros(len(self), bool)
        is_train[train] = True
        counts = np.bincount(flat[np.repeat(is_train, lengths)], minlength=len(index_of)).tolist()
        ranked = [
            (-n, p) for p, n in zip(index_of, counts, strict=True) if n >= max(1, self.min_count)
        ]
        vocabulary = tuple(token for _, token in sorted(ranked)[: self.max_size or MAX_TOKENS])
        numbers = np.full(max(1, len(index_of)), UNKNOWN_ID, np.int64)
        numbers[[index_of[token] for token in vocabulary]] = FIRST_ID + np.arange(len(vocabulary))
        kind = replace(kind, vocabulary=vocabulary)
        if self.use_signatures and self.unit == "words":
            rare = (
                p
                for p, n in zip(index_of, counts, strict=True)
                if 0 < n <= signatures.MAX_RARE_COUNT
            )
            kind = replace(kind, signatures=signatures.fit(rare))
            for token, index in index_of.items():
                if numbers[index] == UNKNOWN_ID:
                    numbers[index] = int(kind.prepare([token])[0])
        return kind, _ragged(numbers[flat], lengths)

    def _fit_subwords(self, train: np.ndarray) -> tuple[Field, Values]:
        def normalized(row: int) -> str:
            return self.text(row).lower() if self.lower else self.text(row)

        texts = (normalized(row) for row in train.tolist())
        fitted = subwords.fit(texts, self.max_size or MAX_SUBWORDS, max(2, self.min_count))
        kind = Text(fitted[0], self.unit, self.lower, fitted[1])
        chunks: list[np.ndarray] = []
        lengths: list[int] = []
        for start in range(0, len(self), _TEXTS_AT_ONCE):
            rows = range(start, min(start + _TEXTS_AT_ONCE, len(self)))
            token_ids = subwords.encode(kind.tokenizer, [normalized(row) for row in rows])
            chunks.append(np.fromiter(chain.from_iterable(token_ids), np.int64))
            lengths += [len(numbers) for numbers in token_ids]
        return kind, _ragged(FIRST_ID + np.concatenate(chunks), np.array(lengths, np.int64))


def _ragged(values: np.ndarray, lengths: np.ndarray) -> Ragged:
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Ragged(torch.from_numpy(values), torch.from_numpy(offsets))


@dataclass
class Sequences(Column):
    """A sequence of class names per example: tags of words, classes of boxes.

    example_names: by default "example 17".
    """

    names: Sequence[Sequence[str]]
    example_names: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.names)

    def text(self, row: int) -> str:
        """Return the classes of an example."""
        return " ".join(self.names[row])

    def fit(self, train: np.ndarray, where: str) -> tuple[Field, Values]:
        """Return the classes of the training part in natural order, and indices, a Ragged."""
        known = {str(name) for row in train.tolist() for name in self.names[row]}
        if not known:
            raise DataError(f"{where}: no training example has a class; leave the field out")
        kind = Tags(tuple(sorted(known, key=natural_key)))
        flat = [str(name) for names in self.names for name in names]
        if len(unknown := sorted(set(flat) - known, key=natural_key)):
            raise self._unknown_class_error(unknown, kind.names, where)
        lengths = torch.tensor([0, *map(len, self.names)])
        return kind, Ragged(kind.prepare(flat), lengths.cumsum(0))

    def _unknown_class_error(
        self, unknown: Sequence[str], class_names: Sequence[str], where: str
    ) -> DataError:
        first = unknown[0]
        row = next(row for row, names in enumerate(self.names) if first in map(str, names))
        others = f" (and {len(unknown) - 1} more: {', '.join(unknown[1:6])})" if unknown[1:] else ""
        example = self.example_names[row] if self.example_names else f"example {row}"
        return DataError(
            f"{where}: {example} holds '{first}'{others}, which no training example has"
            f"{alternatives(first, class_names)}; --rename '{first}=NEW' gives it another name"
        )
