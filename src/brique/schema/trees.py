"""Fields of trees over words."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from brique.schema.texts import FIRST, Text, check_names

if TYPE_CHECKING:
    import torch


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

        source: a bracketed tree, "(3 (2 It) (4 works))", or without labels, "((It) (works))".
        Children stand before parents. Raises DataError when brackets do not fit.
        """
        raise NotImplementedError(source)

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
