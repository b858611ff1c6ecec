"""Texts as token ids, and the tags of their tokens."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from brique.errors import DataError
from brique.schema import signatures as word_signatures
from brique.schema import subwords
from brique.schema.messages import alternatives, short_repr

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

Unit = Literal["words", "characters", "subwords"]
UNKNOWN_ID, START_ID, END_ID = 0, 1, 2  # ids outside the vocabulary
FIRST_ID = 3  # id of the first token of the vocabulary
_UNITS = ("words", "characters", "subwords")
WORD_PATTERN = re.compile(r"\w+(?:['\u2019]\w+)*|[^\w\s]")


@dataclass(frozen=True)
class Text:
    """A text as token ids, a field of varying length.

    vocabulary: the tokens with ids from 3 on, fitted on the training part; 0 is an unknown token,
        1 and 2 are reserved for start and end, which `prepare` does not add.
    unit: of tokens: words (and punctuation), characters, or subwords (extra `text`), which are
        byte-level BPE: no text is unknown.
    lower: whether the text is lowercased first.
    merges: for subwords, the pairs that are merged, in order, each "one two".
    signatures: for words, signatures such as "A…ing" whose ids follow the vocabulary: an unknown
        word gets the id of its longest signature.
    """

    vocabulary: tuple[str, ...]
    unit: Unit = "words"
    lower: bool = False
    merges: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()
    kind: ClassVar[str] = "text"

    def __post_init__(self) -> None:
        check_names("text: vocabulary", self.vocabulary)
        if self.unit not in _UNITS:
            raise DataError(
                f"text: unit must be {', '.join(_UNITS)}, got {short_repr(self.unit)}; choose one"
            )
        if self.unit == "subwords":
            subwords.check(self.vocabulary, self.merges)
        elif self.merges:
            raise DataError(f"text: merges are for subwords, not {self.unit}; leave them out")
        if self.signatures:
            check_names("text: signatures", self.signatures)
            word_signatures.check(self.signatures)
            if self.unit != "words":
                raise DataError(f"text: signatures are for words, not {self.unit}; leave them out")

    @property
    def num_embeddings(self) -> int:
        """Number of ids: rows of an embedding."""
        return FIRST_ID + len(self.vocabulary) + len(self.signatures)

    def is_unknown(self, ids: "torch.Tensor") -> "torch.Tensor":
        """Return which ids (M,) are of tokens outside the vocabulary (M,), bool."""
        return (ids == UNKNOWN_ID) | (ids >= FIRST_ID + len(self.vocabulary))

    def fallback_id(self, token: str) -> int:
        """Return the id of a token that is not in the vocabulary."""
        return word_signatures.signature_id(token, self._signature_ids, UNKNOWN_ID)

    def tokenize(self, source: object) -> list[str]:
        """Return the tokens of a text; a list holds tokens already.

        With signatures, an unknown word is split before a known clitic, such as "n't" or "'s".
        """
        if isinstance(source, list | tuple):
            tokens = [str(token) for token in cast("Sequence[object]", source)]
            return [token.lower() for token in tokens] if self.lower else tokens
        if not isinstance(source, str):
            raise DataError(f"text: expected a text, got {short_repr(source)}; pass one")
        text = source.lower() if self.lower else source
        if self.unit == "words":
            tokens = WORD_PATTERN.findall(text)
            return (
                [part for token in tokens for part in self._split_clitic(token)]
                if self.signatures
                else tokens
            )
        if self.unit == "characters":
            return list(text)
        return [self.vocabulary[index] for index in subwords.encode(self.tokenizer, [text])[0]]

    def prepare(self, source: object) -> "torch.Tensor":
        """Return the token ids of a text (T,), int64. Raises DataError if it is not a text."""
        import torch

        return torch.tensor(
            [self._token_id(token) for token in self.tokenize(source)], dtype=torch.long
        )

    def restore(self, value: "torch.Tensor") -> str:
        """Return the text of token ids (T,).

        Characters and subwords restore it exactly, but for `lower` and unknown characters (U+FFFD);
        words are joined with spaces.
        """
        stop = FIRST_ID + len(self.vocabulary)
        tokens = [
            self.vocabulary[token_id - FIRST_ID] if FIRST_ID <= token_id < stop else "\ufffd"
            for token_id in value.tolist()
            if token_id not in (START_ID, END_ID)
        ]
        if self.unit == "subwords":
            return subwords.decode(tokens)
        return (" " if self.unit == "words" else "").join(tokens)

    def form(self) -> dict[str, Any]:
        """Return the input of a form: a text."""
        return {"input": "textarea"}

    def to_json(self) -> dict[str, Any]:
        """Return the field as JSON values."""
        value: dict[str, Any] = {"kind": self.kind, "vocabulary": list(self.vocabulary)}
        value |= {} if self.unit == "words" else {"unit": self.unit}
        value |= {"lower": True} if self.lower else {}
        value |= {"merges": list(self.merges)} if self.merges else {}
        return value | ({"signatures": list(self.signatures)} if self.signatures else {})

    def _split_clitic(self, token: str) -> list[str]:
        """Return a token split as in tagged corpora: "don't" is "do", "n't" if "n't" is known."""
        if token not in self._token_ids and {"'", "\u2019"} & {*token}:
            for position in range(1, len(token)):
                suffix = token[position:]
                if suffix in self._token_ids and {"'", "\u2019"} & {*suffix}:
                    return [token[:position], suffix]
        return [token]

    def _token_id(self, token: str) -> int:
        token_id = self._token_ids.get(token)
        return self.fallback_id(token) if token_id is None else token_id

    @cached_property
    def tokenizer(self) -> "Tokenizer":
        """The subword tokenizer. Raises DataError without the extra `text`."""
        return subwords.build_tokenizer(self.vocabulary, self.merges)

    @cached_property
    def _token_ids(self) -> dict[str, int]:
        return {token: FIRST_ID + index for index, token in enumerate(self.vocabulary)}

    @cached_property
    def _signature_ids(self) -> dict[str, int]:
        first = FIRST_ID + len(self.vocabulary)
        return {signature: first + index for index, signature in enumerate(self.signatures)}


@dataclass(frozen=True)
class Tags:
    """A sequence of named classes, one per token or box of another field."""

    names: tuple[str, ...]
    kind: ClassVar[str] = "tags"

    def __post_init__(self) -> None:
        if not self.names:
            raise DataError("tags: names must be one or more, got none; name every class")
        check_names("tags: names", self.names)

    def prepare(self, source: object) -> "torch.Tensor":
        """Return class indices (T,), int64. Raises DataError for a tag that is not listed.

        source: a list of names, or one text of names with spaces between them.
        """
        import torch

        items = source.split() if isinstance(source, str) else source
        if not isinstance(items, list | tuple):
            raise DataError(f"tags: expected a list of names, got {short_repr(source)}; pass one")
        indices: list[int] = []
        for name in cast("Sequence[object]", items):
            index = self._indices.get(str(name))
            if index is None:
                raise DataError(f"tags: no class '{name}'{alternatives(str(name), self.names)}")
            indices.append(index)
        return torch.tensor(indices, dtype=torch.long)

    def restore(self, value: "torch.Tensor") -> list[str]:
        """Return the names of class indices (T,)."""
        return [self.names[index] for index in value.tolist()]

    def form(self) -> dict[str, Any]:
        """Return the input of a form: names, one per token."""
        return {"input": "tags", "options": list(self.names)}

    def to_json(self) -> dict[str, Any]:
        """Return the field as JSON values."""
        return {"kind": self.kind, "names": list(self.names)}

    @cached_property
    def _indices(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.names)}


def check_names(where: str, names: Sequence[str]) -> None:
    """Raise DataError unless all names are non-empty texts, each listed once."""
    if any(type(name) is not str or not name for name in names):
        raise DataError(
            f"{where} must be texts that are not empty, got {short_repr(names)}; name each"
        )
    if len(set(names)) != len(names):
        duplicate = next(name for name in names if names.count(name) > 1)
        raise DataError(f"{where}: '{duplicate}' is listed twice; list each once")
