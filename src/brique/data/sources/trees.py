"""Bracketed trees, one a line: "(3 (2 It) (4 works))", as in the Stanford Sentiment Treebank."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch

from brique.data.batch import Values
from brique.data.column import MOST_PIECES, Column, Labels, Sequences, Texts
from brique.data.place import Place, plain_name
from brique.data.ragged import Ragged
from brique.data.source import Source
from brique.data.sources.shelf import (
    beginning,
    check_train,
    few,
    lines,
    parted,
    parts_of,
    shelf,
)
from brique.errors import DataError, nearest
from brique.options import Options
from brique.schema import MISSING, Field, Tree
from brique.schema.trees import Nodes, nodes_of, written

KIND: str = "trees"
USES: frozenset[str] = frozenset({"target", "test", "rename", "lower"})

_ENDINGS = (".txt", ".tree", ".trees", ".ptb", ".mrg")
_TRIED = 10  # lines of a file by which it is told what it holds
_TARGETS = ("label", "labels")


@dataclass
class Trees(Column):
    """A tree for each example; the vocabulary is that of the training part's leaves."""

    nodes: Sequence[Nodes]
    lower: bool = False
    most: int = MOST_PIECES

    def __len__(self) -> int:
        return len(self.nodes)

    def said(self, row: int) -> str:
        """Return the tree of an example in brackets, without labels."""
        return written(self.nodes[row].words, self.nodes[row].parents)

    def fitted(self, train: np.ndarray, where: str) -> tuple[Field, Values]:
        """Return the vocabulary of the training part, and numbers, a Ragged with parents."""
        leaves = [[word for word in self.nodes[row].words if word] for row in train.tolist()]
        texts = Texts(leaves, lower=self.lower, most=self.most)
        text, _ = texts.fitted(np.arange(len(leaves)), where)
        kind = Tree(text.vocabulary, self.lower)  # pyright: ignore[reportAttributeAccessIssue]
        flat = list(chain.from_iterable(tree.words for tree in self.nodes))
        return kind, _laid(kind.numbered(flat), self.nodes)


@dataclass
class NodeLabels(Sequences):
    """The label of each node of a tree, laid as the tree is."""

    nodes: Sequence[Nodes] = ()

    def fitted(self, train: np.ndarray, where: str) -> tuple[Field, Values]:
        """Return the labels of the training part, and numbers, a Ragged with parents."""
        kind, values = super().fitted(train, where)
        assert isinstance(values, Ragged)
        return kind, _laid(values.values, self.nodes)


def fits(place: Place) -> bool:
    """Tell whether a place holds texts whose lines are trees."""
    found = shelf(place, _ENDINGS)
    return bool(found) and all(_is_trees(file) for file in found)


def read(name: str, place: Place, asked: Options) -> Source:
    """Return trees, one a line, with their labels.

    Fields: `tree`, and the target alone, since the label of the whole tree is among those of its
    nodes: `label`, that of the whole tree, by default, or `labels`, one for each node, the whole
    tree's last. Trees without labels have no target. A line that is no tree is left out, and named
    in `skipped`.
    """
    source = Source(name, {})
    trees: list[Nodes] = []
    called: list[str] = []
    parts: list[int | None] = []
    files = shelf(place, _ENDINGS) or shelf(place)
    for file, part in parted(source, files, asked.test):
        for number, line in _lines(file, source):
            try:
                trees.append(nodes_of(line))
            except DataError as error:
                source.skipped.append((f"{file.name}:{number}", str(error)))
                continue
            called.append(f"{file.name}:{number}")
            parts.append(part)
    check_train(source, parts)
    source.part, source.names = parts_of(parts), called
    target = _target(name, asked.target, trees)
    source.targets = (target,) if target else ()
    fields: dict[str, Values | Column] = {"tree": Trees(trees, asked.lower)}
    if target == "label":
        roots = [asked.renamed(tree.labels[-1] or MISSING) for tree in trees]
        fields["label"] = Labels(roots, True, called)
    elif target == "labels":
        every = [[asked.renamed(label or MISSING) for label in tree.labels] for tree in trees]
        fields["labels"] = NodeLabels(every, called, trees)
    source.fields = fields
    _say(source, target)
    return source


def _is_trees(file: Place) -> bool:
    """Tell whether most of the first lines of a file are trees, of more than one node."""
    some = [line for line in beginning(file).splitlines() if line.strip()][:_TRIED]
    good = 0
    for line in some if plain_name(file).endswith(_ENDINGS) else []:
        with suppress(DataError):
            good += len(nodes_of(line)) > 1
    return 2 * good > len(some)


def _lines(file: Place, source: Source) -> list[tuple[int, str]]:
    try:
        return [(n, line) for n, line in enumerate(lines(file, source), 1) if line.strip()]
    except DataError as error:
        source.skipped.append((file.name, str(error).removeprefix(f"{file.name}: ")))
        return []


def _target(name: str, target: str | None, trees: Sequence[Nodes]) -> str | None:
    """Return the field to predict, or None. Raises DataError for one that there is not."""
    if not any(tree.labels[-1] for tree in trees):
        if target is not None:
            raise DataError(
                f"{name}: its trees have no labels, got --target '{target}'; leave out --target"
            )
        return None
    if target not in (None, *_TARGETS):
        raise DataError(
            f"{name}: target must be label, of the whole tree, or labels, of each node, got"
            f" '{target}'{nearest(str(target), _TARGETS) or '; choose one'}"
        )
    return target or "label"


def _laid(values: torch.Tensor, nodes: Sequence[Nodes]) -> Ragged:
    lengths = torch.tensor([0, *map(len, nodes)])
    parents = np.fromiter(chain.from_iterable(tree.parents for tree in nodes), np.int64)
    return Ragged(values, lengths.cumsum(0), torch.from_numpy(parents))


def _say(source: Source, target: str | None) -> None:
    if source.skipped:
        first = few([place for place, _ in source.skipped], 3)
        source.notes.append(
            f"{source.name}: {len(source.skipped):,} lines or files are no trees and are left out:"
            f" {first}."
        )
    if target == "label":
        source.notes.append(
            f"{source.name}: the label of the whole tree is to be predicted; --target labels is for"
            " those of all nodes."
        )
