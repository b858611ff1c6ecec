"""Bracketed trees, one a line: "(3 (2 It) (4 works))", as in the Stanford Sentiment Treebank."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch

from brique.data.core.batch import Values
from brique.data.core.ragged import Ragged
from brique.data.files.place import Place, plain_name
from brique.data.raw.column import MAX_TOKENS, Column, Labels, Sequences, Texts
from brique.data.raw.source import Source
from brique.data.sources.layout.text_files import (
    check_train,
    data_files,
    files_with_parts,
    format_names,
    parts_tensor,
    read_head,
    read_lines,
)
from brique.errors import DataError, did_you_mean
from brique.options import Options
from brique.schema import MISSING, Field, Tree
from brique.schema.trees import Nodes, format_tree, parse_tree

KIND: str = "trees"
USES: frozenset[str] = frozenset({"target", "test", "rename", "lower"})

_ENDINGS = (".txt", ".tree", ".trees", ".ptb", ".mrg")
_SAMPLE_LINES = 10  # lines of a file that identify its content
_TARGETS = ("label", "labels")


@dataclass
class Trees(Column):
    """A tree for each example; the vocabulary is from the leaves of the training part."""

    nodes: Sequence[Nodes]
    lower: bool = False
    max_size: int = MAX_TOKENS

    def __len__(self) -> int:
        return len(self.nodes)

    def text(self, row: int) -> str:
        """Return the tree of an example in brackets, without labels."""
        return format_tree(self.nodes[row].words, self.nodes[row].parents)

    def fit(self, train: np.ndarray, where: str) -> tuple[Field, Values]:
        """Return the vocabulary of the training part, and numbers, a Ragged with parents."""
        leaves = [[word for word in self.nodes[row].words if word] for row in train.tolist()]
        texts = Texts(leaves, lower=self.lower, max_size=self.max_size)
        text, _ = texts.fit(np.arange(len(leaves)), where)
        kind = Tree(text.vocabulary, self.lower)  # pyright: ignore[reportAttributeAccessIssue]
        flat = list(chain.from_iterable(tree.words for tree in self.nodes))
        return kind, _to_ragged(kind.word_ids(flat), self.nodes)


@dataclass
class NodeLabels(Sequences):
    """The label of each node of a tree, in the layout of the tree."""

    nodes: Sequence[Nodes] = ()

    def fit(self, train: np.ndarray, where: str) -> tuple[Field, Values]:
        """Return the labels of the training part, and numbers, a Ragged with parents."""
        kind, values = super().fit(train, where)
        assert isinstance(values, Ragged)
        return kind, _to_ragged(values.values, self.nodes)


def fits(place: Place) -> bool:
    """Tell whether a place holds texts whose lines are trees."""
    files = data_files(place, _ENDINGS)
    return bool(files) and all(_holds_trees(file) for file in files)


def read(name: str, place: Place, options: Options) -> Source:
    """Return trees, one a line, with their labels.

    Fields: `tree`, and only the target, since the label of the whole tree is among those of its
    nodes: `label`, of the whole tree, by default, or `labels`, one for each node, the whole
    tree's last. Trees without labels have no target. Lines that are not trees are left out and
    listed in `skipped`.
    """
    source = Source(name, {})
    trees: list[Nodes] = []
    example_names: list[str] = []
    parts: list[int | None] = []
    files = data_files(place, _ENDINGS) or data_files(place)
    for file, part in files_with_parts(source, files, options.test):
        for number, line in _numbered_lines(file, source):
            try:
                trees.append(parse_tree(line))
            except DataError as error:
                source.skipped.append((f"{file.name}:{number}", str(error)))
                continue
            example_names.append(f"{file.name}:{number}")
            parts.append(part)
    check_train(source, parts)
    source.part, source.names = parts_tensor(parts), example_names
    target = _target(name, options.target, trees)
    source.targets = (target,) if target else ()
    fields: dict[str, Values | Column] = {"tree": Trees(trees, options.lower)}
    if target == "label":
        roots = [options.renamed(tree.labels[-1] or MISSING) for tree in trees]
        fields["label"] = Labels(roots, True, example_names)
    elif target == "labels":
        node_labels = [
            [options.renamed(label or MISSING) for label in tree.labels] for tree in trees
        ]
        fields["labels"] = NodeLabels(node_labels, example_names, trees)
    source.fields = fields
    _add_notes(source, target)
    return source


def _holds_trees(file: Place) -> bool:
    """Tell whether most of the first lines of a file are trees, of more than one node."""
    sample = [line for line in read_head(file).splitlines() if line.strip()][:_SAMPLE_LINES]
    tree_count = 0
    for line in sample if plain_name(file).endswith(_ENDINGS) else []:
        with suppress(DataError):
            tree_count += len(parse_tree(line)) > 1
    return 2 * tree_count > len(sample)


def _numbered_lines(file: Place, source: Source) -> list[tuple[int, str]]:
    try:
        return [(n, line) for n, line in enumerate(read_lines(file, source), 1) if line.strip()]
    except DataError as error:
        source.skipped.append((file.name, str(error).removeprefix(f"{file.name}: ")))
        return []


def _target(name: str, target: str | None, trees: Sequence[Nodes]) -> str | None:
    """Return the field to predict, or None. Raises DataError for an unknown one."""
    if not any(tree.labels[-1] for tree in trees):
        if target is not None:
            raise DataError(
                f"{name}: its trees have no labels, got --target '{target}'; leave out --target"
            )
        return None
    if target not in (None, *_TARGETS):
        raise DataError(
            f"{name}: target must be label, of the whole tree, or labels, of each node, got"
            f" '{target}'{did_you_mean(str(target), _TARGETS) or '; choose one'}"
        )
    return target or "label"


def _to_ragged(values: torch.Tensor, nodes: Sequence[Nodes]) -> Ragged:
    lengths = torch.tensor([0, *map(len, nodes)])
    parents = np.fromiter(chain.from_iterable(tree.parents for tree in nodes), np.int64)
    return Ragged(values, lengths.cumsum(0), torch.from_numpy(parents))


def _add_notes(source: Source, target: str | None) -> None:
    if source.skipped:
        first = format_names([location for location, _ in source.skipped], 3)
        source.notes.append(
            f"{source.name}: {len(source.skipped):,} lines or files are not trees and are left out:"
            f" {first}."
        )
    if target == "label":
        source.notes.append(
            f"{source.name}: the target is the label of the whole tree; --target labels is for"
            " those of all nodes."
        )
