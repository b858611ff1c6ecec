"""Subwords: byte-level BPE (byte pair encoding).

A text is split into words with the space before them, a word into its UTF-8 bytes, each written as
one of 256 characters; pairs are then merged in the order in which they were learned. Every text has
tokens, and they restore it to the byte.
Source: Sennrich, Haddow, Birch 2016, "Neural machine translation of rare words with subword units";
Radford et al. 2019, "Language models are unsupervised multitask learners", for bytes.
"""

import json
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

from brique.errors import DataError
from brique.schema.messages import short_repr

if TYPE_CHECKING:
    from tokenizers import Tokenizer

NUM_BYTES = 256
_PRINTABLE = (
    range(33, 127),
    range(161, 173),
    range(174, 256),
)  # bytes that are their own character


def fit(
    texts: Iterable[str], vocabulary_size: int, min_frequency: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return vocabulary and merges learned from texts, bytes first.

    Raises DataError if the extra `text` is not installed, or `vocabulary_size` is below 256.
    """
    if vocabulary_size < NUM_BYTES:
        raise DataError(
            f"text: a vocabulary of subwords must hold {NUM_BYTES} tokens or more, got"
            f" {vocabulary_size}; allow more, or use characters"
        )
    _check_installed()
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size,
        min_frequency=min_frequency,
        show_progress=False,
        initial_alphabet=sorted(unicode_to_byte()),
    )
    bpe.train_from_iterator((_valid_unicode(text) for text in texts), trainer)
    model = json.loads(bpe.to_str())["model"]
    vocabulary = tuple(sorted(model["vocab"], key=model["vocab"].__getitem__))
    return vocabulary, tuple(" ".join(pair) for pair in model["merges"])


def check(vocabulary: Sequence[str], merges: Sequence[str]) -> None:
    """Raise DataError unless a vocabulary and merges can tokenize every text."""
    tokens = set(vocabulary)
    missing = sum(letter not in tokens for letter in unicode_to_byte())
    if missing:
        raise DataError(
            f"text: vocabulary of subwords must hold the {NUM_BYTES} characters of bytes, got"
            f" {NUM_BYTES - missing} of them; fit it on texts"
        )
    for merge in merges:
        left, _, right = merge.partition(" ")
        if not {left, right, left + right} <= tokens:
            raise DataError(
                "text: merges must be pairs 'one two' whose parts and whole are in the vocabulary,"
                f" got {short_repr(merge)}; fit them on texts"
            )


def build_tokenizer(vocabulary: Sequence[str], merges: Sequence[str]) -> "Tokenizer":
    """Return a tokenizer; its ids start at 0. Raises DataError."""
    _check_installed()
    from tokenizers import Tokenizer, models, pre_tokenizers

    pairs = [cast("tuple[str, str]", tuple(merge.split(" "))) for merge in merges]
    model = models.BPE(vocab={token: index for index, token in enumerate(vocabulary)}, merges=pairs)
    bpe = Tokenizer(model)
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return bpe


def encode(tokenizer: "Tokenizer", texts: Sequence[str]) -> list[list[int]]:
    """Return the token ids of texts, from 0."""
    return [
        encoding.ids
        for encoding in tokenizer.encode_batch_fast([_valid_unicode(text) for text in texts])
    ]


def decode(tokens: Iterable[str]) -> str:
    """Return the text of tokens; invalid UTF-8 becomes U+FFFD."""
    byte_of_letter = unicode_to_byte()
    content = b"".join(
        bytes(byte_of_letter[letter] for letter in token)
        if all(letter in byte_of_letter for letter in token)
        else token.encode()
        for token in tokens
    )
    return content.decode("utf-8", errors="replace")


@cache
def unicode_to_byte() -> dict[str, int]:
    """Return the byte of each of the 256 characters."""
    printable = [byte for byte_range in _PRINTABLE for byte in byte_range]
    others = [byte for byte in range(NUM_BYTES) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {
        chr(NUM_BYTES + index): byte for index, byte in enumerate(others)
    }


def _valid_unicode(text: str) -> str:
    """Return a text without lone surrogates, which UTF-8 cannot encode."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _check_installed() -> None:
    if find_spec("tokenizers") is None:
        raise DataError(
            "text: subwords need the package tokenizers, which is not installed; install"
            " 'brique[text]', or choose words or characters (--unit)"
        )
