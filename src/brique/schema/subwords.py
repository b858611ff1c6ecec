"""Subwords: pieces of texts between letters and words, joined of the commonest pairs of bytes.

A text is cut into words with the blank before them, a word into the bytes of its UTF-8, each
written as one of 256 letters; then pairs are joined in the order in which they were learnt. So
every text has pieces, and the pieces give it back to the byte.
Source: Sennrich, Haddow, Birch 2016, "Neural machine translation of rare words with subword units";
Radford et al. 2019, "Language models are unsupervised multitask learners", for bytes.
"""

import json
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

from brique.errors import DataError
from brique.schema.words import short

if TYPE_CHECKING:
    from tokenizers import Tokenizer

BYTES = 256
_PRINTED = (range(33, 127), range(161, 173), range(174, 256))  # bytes that are their own letter


def fit(texts: Iterable[str], most: int, least: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return vocabulary and merges learnt from texts, the letters of bytes first.

    most: size of the vocabulary. least: how often a pair must come to be joined.
    Raises DataError when the extra `text` is not installed, or `most` leaves bytes out.
    """
    if most < BYTES:
        raise DataError(
            f"text: a vocabulary of subwords must hold {BYTES} pieces or more, got {most}; allow"
            " more, or cut into characters"
        )
    _check_installed()
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    whole = Tokenizer(models.BPE())
    whole.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=most,
        min_frequency=least,
        show_progress=False,
        initial_alphabet=sorted(letters()),
    )
    whole.train_from_iterator((_sound(text) for text in texts), trainer)
    learnt = json.loads(whole.to_str())["model"]
    vocabulary = tuple(sorted(learnt["vocab"], key=learnt["vocab"].__getitem__))
    return vocabulary, tuple(" ".join(pair) for pair in learnt["merges"])


def check(vocabulary: Sequence[str], merges: Sequence[str]) -> None:
    """Raise DataError unless every text can be cut with a vocabulary and merges."""
    known = set(vocabulary)
    missing = sum(letter not in known for letter in letters())
    if missing:
        raise DataError(
            f"text: vocabulary of subwords must hold the {BYTES} letters that stand for bytes, got"
            f" {BYTES - missing} of them; fit it on texts"
        )
    for merge in merges:
        one, _, two = merge.partition(" ")
        if not {one, two, one + two} <= known:
            raise DataError(
                "text: merges must be pairs 'one two' whose parts and whole are in the vocabulary,"
                f" got {short(merge)}; fit them on texts"
            )


def tokenizer(vocabulary: Sequence[str], merges: Sequence[str]) -> "Tokenizer":
    """Return what cuts texts into the numbers of a vocabulary, from 0. Raises DataError."""
    _check_installed()
    from tokenizers import Tokenizer, models, pre_tokenizers

    pairs = [cast("tuple[str, str]", tuple(merge.split(" "))) for merge in merges]
    model = models.BPE(vocab={p: i for i, p in enumerate(vocabulary)}, merges=pairs)
    made = Tokenizer(model)
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return made


def numbers(cutter: "Tokenizer", texts: Sequence[str]) -> list[list[int]]:
    """Return the numbers of the pieces of texts, from 0."""
    return [found.ids for found in cutter.encode_batch_fast([_sound(text) for text in texts])]


def joined(pieces: Iterable[str]) -> str:
    """Return the text that pieces stand for; bytes that are no UTF-8 are U+FFFD."""
    places = letters()
    found = b"".join(
        bytes(places[letter] for letter in piece)
        if all(letter in places for letter in piece)
        else piece.encode()
        for piece in pieces
    )
    return found.decode("utf-8", errors="replace")


@cache
def letters() -> dict[str, int]:
    """Return the byte that each of the 256 letters stands for."""
    own = [byte for part in _PRINTED for byte in part]
    rest = [byte for byte in range(BYTES) if byte not in own]
    return {chr(byte): byte for byte in own} | {
        chr(BYTES + place): byte for place, byte in enumerate(rest)
    }


def _sound(text: str) -> str:
    """Return a text that can be written as UTF-8: a half of a pair of surrogates cannot."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _check_installed() -> None:
    if find_spec("tokenizers") is None:
        raise DataError(
            "text: subwords need the package tokenizers, which is not installed; install"
            " 'brique[text]', or choose words or characters (--unit)"
        )
