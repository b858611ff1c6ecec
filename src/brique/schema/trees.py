"""Fields of trees over words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from brique.errors import DataError
from brique.schema.texts import FIRST, Text, check_names
from brique.schema.words import short

if TYPE_CHECKING:
    import torch

INNER = 0  # number at a node that is no leaf
_MARKS = re.compile(r"[()]|[^()\s]+")
_ESCAPES = {"-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "-LCB-": "{", "-RCB-": "}"}
_ESCAPED = re.compile("|".join(_ESCAPES), re.IGNORECASE)
_BRACKET = re.compile(r"[()]")


@dataclass
class Nodes:
    """The nodes of a bracketed tree, children before parents, the root last.

    words: of each node, None at an inner one. parents: place of each node's parent, -1 at the root.
    labels: of each node, None where it has none.
    """

    words: list[str | None] = field(default_factory=list[str | None])
    parents: list[int] = field(default_factory=list[int])
    labels: list[str | None] = field(default_factory=list[str | None])

    def __len__(self) -> int:
        return len(self.words)


@dataclass(frozen=True)
class Tree:
    """A tree whose leaves are words: a field of varying length with parents.

    vocabulary: as in `Text`; the number at an inner node is 0.
    lower: whether letters are made small first.
    """

    vocabulary: tuple[str, ...]
    lower: bool = False
    kind: ClassVar[str] = "tree"

    def __post_init__(self) -> None:
        check_names("tree: vocabulary", self.vocabulary)

    @property
    def size(self) -> int:
        """How many numbers there are: rows of an embedding."""
        return FIRST + len(self.vocabulary)

    def prepare(self, source: object) -> "tuple[torch.Tensor, torch.Tensor]":
        """Return a tree's words (T,) and the place of each node's parent (T,), -1 at the root.

        source: a bracketed tree, "(3 (2 It) (4 works))", or without labels, "((It) (works))";
            a bracket in a word is written -LRB- or -RRB-, as in the Penn Treebank; of a leaf of
            several words, "(2 8 1/2)", all but the label are joined by "_".
        Children stand before parents. Raises DataError when brackets do not fit.
        """
        import torch

        if not isinstance(source, str):
            raise DataError(f"tree: expected a text in brackets, got {short(source)}; pass one")
        nodes = nodes_of(source)
        return self.numbered(nodes.words), torch.tensor(nodes.parents, dtype=torch.long)

    def numbered(self, words: Sequence[str | None]) -> "torch.Tensor":
        """Return the numbers of nodes' words (T,), int64; `INNER` where there is none."""
        import torch

        numbers = torch.full((len(words),), INNER)
        leaves = [place for place, word in enumerate(words) if word is not None]
        numbers[leaves] = self.words.prepare([word for word in words if word is not None])
        return numbers

    def restore(self, value: "tuple[torch.Tensor, torch.Tensor]") -> str:
        """Return a tree's words and parents, each (T,), as a text in brackets without labels."""
        numbers, parents = value[0], value[1].tolist()
        inner = set(parents)
        words = [
            None if place in inner else self.words.restore(numbers[place : place + 1])
            for place in range(len(parents))
        ]
        return written(words, parents)

    def form(self) -> dict[str, Any]:
        """Return what a form asks for: a text in brackets."""
        return {"input": "textarea"}

    def to_json(self) -> dict[str, Any]:
        """Return the field as JSON values."""
        value: dict[str, Any] = {"kind": self.kind, "vocabulary": list(self.vocabulary)}
        return value | ({"lower": True} if self.lower else {})

    @cached_property
    def words(self) -> Text:
        """The same vocabulary, for single words."""
        return Text(self.vocabulary, lower=self.lower)


def nodes_of(text: str) -> Nodes:
    """Return the nodes of one bracketed tree, however deep. Raises DataError."""
    nodes = Nodes()
    stack: list[tuple[int, list[str], list[int]]] = []  # open nodes: mark, words, children
    for place, mark in enumerate(_MARKS.findall(text)):
        if mark == "(":
            if stack and not stack[-1][2] and len(stack[-1][1]) > 1:
                raise _misfit(text, place, "a bracket after two words")
            if not stack and nodes.words:
                raise _misfit(text, place, "a second tree")
            stack.append((place, [], []))
        elif not stack:
            raise _misfit(text, place, f"'{mark[:20]}' outside of brackets")
        elif mark != ")":
            if stack[-1][2]:
                raise _misfit(text, place, f"'{mark[:20]}' without brackets of its own")
            stack[-1][1].append(mark)
        else:
            _, words, children = stack.pop()
            if not words and not children:
                raise _misfit(text, place, "an empty pair of brackets")
            _close(nodes, words, children)
            if stack:
                stack[-1][2].append(len(nodes) - 1)
    if stack:
        raise _misfit(text, stack[-1][0], "a bracket that is not closed")
    if not nodes.words:
        raise _misfit(text, 0, "no tree")
    return nodes


def written(words: Sequence[str | None], parents: Sequence[int]) -> str:
    """Return a tree as a text in brackets without labels."""
    below: list[list[str]] = [[] for _ in words]
    whole: list[str] = []
    for place, (word, parent) in enumerate(zip(words, parents, strict=True)):
        parts = below[place] if word is None else [_BRACKET.sub(_escaped, word)]
        parts[0] = "(" + parts[0]
        parts[-1] += ")"
        whole = parts
        if parent >= 0:
            below[parent] += parts
    return " ".join(whole)


def _close(nodes: Nodes, words: Sequence[str], children: Sequence[int]) -> None:
    """Add a node: its label and children, or its label and word, labels where there are."""
    place = len(nodes)
    for child in children:
        nodes.parents[child] = place
    nodes.parents.append(-1)
    if children:
        nodes.words.append(None)
        nodes.labels.append(words[0] if words else None)
    else:
        nodes.words.append(_plain("_".join(words[1:] or words)))
        nodes.labels.append(words[0] if len(words) > 1 else None)


def _plain(word: str) -> str:
    """Return a word without the escapes of the Penn Treebank."""
    if "-" in word:
        word = _ESCAPED.sub(lambda found: _ESCAPES[found[0].upper()], word)
    return word.replace("\\/", "/").replace("\\*", "*") if "\\" in word else word


def _escaped(bracket: re.Match[str]) -> str:
    return next(name for name, mark in _ESCAPES.items() if mark == bracket[0])


def _misfit(text: str, place: int, came: str) -> DataError:
    """Return the error for the mark at a place among the marks of a text."""
    starts = [found.start() for found in _MARKS.finditer(text)]
    return DataError(
        f"tree: character {starts[place] + 1 if starts else 1}: expected brackets such as"
        f" (3 (2 It) (4 works)) or ((It) (works)), got {came} in {short(text)}; mend it"
    )
