"""Trees over words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from brique.errors import DataError
from brique.schema.messages import short_repr
from brique.schema.texts import FIRST_ID, Text, check_names

if TYPE_CHECKING:
    import torch

INNER_ID = 0  # id of an inner node
_TOKEN = re.compile(r"[()]|[^()\s]+")
_ESCAPES = {"-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "-LCB-": "{", "-RCB-": "}"}
_ESCAPE_PATTERN = re.compile("|".join(_ESCAPES), re.IGNORECASE)
_BRACKET = re.compile(r"[()]")


@dataclass
class Nodes:
    """The nodes of a bracketed tree, children before parents, the root last.

    words: of each node, None for inner nodes. parents: index of each node's parent, -1 at the root.
    labels: of each node, None without one.
    """

    words: list[str | None] = field(default_factory=list[str | None])
    parents: list[int] = field(default_factory=list[int])
    labels: list[str | None] = field(default_factory=list[str | None])

    def __len__(self) -> int:
        return len(self.words)


@dataclass(frozen=True)
class Tree:
    """A tree whose leaves are words: a field of varying length with parents.

    vocabulary: as in `Text`; inner nodes have id 0.
    lower: whether words are lowercased first.
    """

    vocabulary: tuple[str, ...]
    lower: bool = False
    kind: ClassVar[str] = "tree"

    def __post_init__(self) -> None:
        check_names("tree: vocabulary", self.vocabulary)

    @property
    def num_embeddings(self) -> int:
        """Number of ids: rows of an embedding."""
        return FIRST_ID + len(self.vocabulary)

    def prepare(self, source: object) -> "tuple[torch.Tensor, torch.Tensor]":
        """Return word ids (T,) and the index of each node's parent (T,), -1 at the root.

        source: a bracketed tree, "(3 (2 It) (4 works))", or without labels, "((It) (works))";
            brackets in words are -LRB- and -RRB-, as in the Penn Treebank; the words of a leaf
            with several, "(2 8 1/2)", are joined by "_".
        Children come before parents. Raises DataError if brackets do not match.
        """
        import torch

        if not isinstance(source, str):
            raise DataError(
                f"tree: expected a text in brackets, got {short_repr(source)}; pass one"
            )
        nodes = parse_tree(source)
        return self.word_ids(nodes.words), torch.tensor(nodes.parents, dtype=torch.long)

    def word_ids(self, words: Sequence[str | None]) -> "torch.Tensor":
        """Return word ids of nodes (T,), int64; `INNER` without a word."""
        import torch

        ids = torch.full((len(words),), INNER_ID)
        leaves = [index for index, word in enumerate(words) if word is not None]
        ids[leaves] = self.words.prepare([word for word in words if word is not None])
        return ids

    def restore(self, value: "tuple[torch.Tensor, torch.Tensor]") -> str:
        """Return a tree's words and parents, each (T,), as a text in brackets without labels."""
        ids, parents = value[0], value[1].tolist()
        inner = set(parents)
        words = [
            None if index in inner else self.words.restore(ids[index : index + 1])
            for index in range(len(parents))
        ]
        return format_tree(words, parents)

    def form(self) -> dict[str, Any]:
        """Return the input of a form: a text in brackets."""
        return {"input": "textarea"}

    def to_json(self) -> dict[str, Any]:
        """Return the field as JSON values."""
        value: dict[str, Any] = {"kind": self.kind, "vocabulary": list(self.vocabulary)}
        return value | ({"lower": True} if self.lower else {})

    @cached_property
    def words(self) -> Text:
        """The same vocabulary, for single words."""
        return Text(self.vocabulary, lower=self.lower)


def parse_tree(text: str) -> Nodes:
    """Return the nodes of one bracketed tree, however deep. Raises DataError."""
    nodes = Nodes()
    stack: list[tuple[int, list[str], list[int]]] = []  # open nodes: mark, words, children
    for position, token in enumerate(_TOKEN.findall(text)):
        if token == "(":
            if stack and not stack[-1][2] and len(stack[-1][1]) > 1:
                raise _syntax_error(text, position, "a bracket after two words")
            if not stack and nodes.words:
                raise _syntax_error(text, position, "a second tree")
            stack.append((position, [], []))
        elif not stack:
            raise _syntax_error(text, position, f"'{token[:20]}' outside of brackets")
        elif token != ")":
            if stack[-1][2]:
                raise _syntax_error(text, position, f"'{token[:20]}' without brackets of its own")
            stack[-1][1].append(token)
        else:
            _, words, children = stack.pop()
            if not words and not children:
                raise _syntax_error(text, position, "an empty pair of brackets")
            _append_node(nodes, words, children)
            if stack:
                stack[-1][2].append(len(nodes) - 1)
    if stack:
        raise _syntax_error(text, stack[-1][0], "a bracket that is not closed")
    if not nodes.words:
        raise _syntax_error(text, 0, "no tree")
    return nodes


def format_tree(words: Sequence[str | None], parents: Sequence[int]) -> str:
    """Return a tree as a text in brackets without labels."""
    child_parts: list[list[str]] = [[] for _ in words]
    root_parts: list[str] = []
    for index, (word, parent) in enumerate(zip(words, parents, strict=True)):
        parts = child_parts[index] if word is None else [_BRACKET.sub(_escape, word)]
        parts[0] = "(" + parts[0]
        parts[-1] += ")"
        root_parts = parts
        if parent >= 0:
            child_parts[parent] += parts
    return " ".join(root_parts)


def _append_node(nodes: Nodes, words: Sequence[str], children: Sequence[int]) -> None:
    """Add a node: its label and children, or its label and word."""
    index = len(nodes)
    for child in children:
        nodes.parents[child] = index
    nodes.parents.append(-1)
    if children:
        nodes.words.append(None)
        nodes.labels.append(words[0] if words else None)
    else:
        nodes.words.append(_unescape("_".join(words[1:] or words)))
        nodes.labels.append(words[0] if len(words) > 1 else None)


def _unescape(word: str) -> str:
    """Return a word without the escapes of the Penn Treebank."""
    if "-" in word:
        word = _ESCAPE_PATTERN.sub(lambda match: _ESCAPES[match[0].upper()], word)
    return word.replace("\\/", "/").replace("\\*", "*") if "\\" in word else word


def _escape(match: re.Match[str]) -> str:
    return next(name for name, character in _ESCAPES.items() if character == match[0])


def _syntax_error(text: str, position: int, actual: str) -> DataError:
    """Return the error for the mark at a place among the marks of a text."""
    offsets = [match.start() for match in _TOKEN.finditer(text)]
    return DataError(
        f"tree: character {offsets[position] + 1 if offsets else 1}: expected brackets such as"
        f" (3 (2 It) (4 works)) or ((It) (works)), got {actual} in {short_repr(text)}; mend it"
    )
