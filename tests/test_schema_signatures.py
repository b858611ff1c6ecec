"""Words that were never met: what is kept of how they look and end."""

import json

import numpy as np
import pytest
import torch

from brique.data import Ragged
from brique.data.raw.column import Texts
from brique.errors import DataError
from brique.nets.encoders.text import TokenEmbedding
from brique.schema import Schema, Text, signatures
from brique.schema.texts import FIRST_ID

KIND = Text(("the", "n't", "do"), signatures=("…ing", "A…", "…g"))


def test_a_word_has_a_signature_for_each_number_of_letters():
    assert signatures.signatures("Walking") == ["A…ing", "A…ng", "A…g", "A…"]
    assert signatures.signatures("ox") == ["…x", "…"]
    assert signatures.signatures("NASA")[0] == "AA…asa"
    assert signatures.signatures("1990s")[0] == "0…90s"
    assert signatures.signatures("well-known")[-1] == "-…"
    assert signatures.signatures("-")[-1] == "…"
    assert signatures.signatures("") == ["…"]


def test_an_unknown_word_has_the_number_of_its_longest_signature():
    numbers = KIND.prepare(["the", "walking", "dog", "Walking", "ox"])
    first = FIRST_ID + 3
    assert numbers.tolist() == [FIRST_ID, first, first + 2, first + 1, 0]
    assert KIND.num_embeddings == FIRST_ID + 6
    assert KIND.is_unknown(numbers).tolist() == [False, True, True, True, True]
    assert KIND.restore(numbers) == "the \ufffd \ufffd \ufffd \ufffd"
    assert KIND.fallback_id("the") == 0


def test_endings_are_stored_and_left_out_where_there_are_none():
    stored = json.loads(json.dumps(Schema({"text": KIND}).to_json()))
    assert Schema.from_json(stored)["text"] == KIND
    assert "signatures" not in Text(("a",)).to_json()


def test_endings_are_fitted_on_rare_words_of_the_training_part():
    rare = ["walking talking baking making " * 1, "the the the the the the", "Zing"]
    kind, numbers = Texts([one.split() for one in rare], use_signatures=True).fit(
        np.arange(2), "x: text"
    )
    assert "…ing" in kind.signatures
    assert kind.signatures[0] in ("…", "…g", "…ing", "…ng")
    assert not any(end.startswith("A") for end in kind.signatures)
    assert torch.equal(numbers[0], kind.prepare(rare[0].split()))
    plain, _ = Texts([one.split() for one in rare]).fit(np.arange(2), "x: text")
    assert plain.signatures == ()


def test_a_word_is_cut_before_a_known_end_with_an_apostrophe_where_words_are_tagged():
    assert KIND.tokenize("Don't stop, o'clock") == ["Do", "n't", "stop", ",", "o'clock"]
    assert KIND.tokenize(["don't"]) == ["don't"]
    assert Text(("n't",)).tokenize("don't") == ["don't"]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"signatures": ("ing",)}, "text: signatures must be a prefix, '…' and up to 3 letters"),
        ({"signatures": ("a…ing",)}, "text: signatures must be a prefix"),
        ({"signatures": ("…ation",)}, "text: signatures must be a prefix"),
        ({"signatures": ("…g", "…g")}, "text: signatures: '…g' is listed twice"),
        (
            {"signatures": ("…g",), "unit": "characters"},
            "text: signatures are for words, not characters; leave them out",
        ),
    ],
)
def test_other_endings_are_refused(values, text):
    with pytest.raises(DataError, match=text):
        Text(("a",), **values)


def test_rare_words_are_taken_for_their_endings_in_training_alone():
    words = TokenEmbedding(
        Text(tuple(f"w{k}ing" for k in range(40)), signatures=("0…ing",)), 8, token_dropout=0.99
    )
    pieces = torch.arange(FIRST_ID, FIRST_ID + 40)
    words.eval()
    assert torch.equal(words(pieces), words(pieces))
    ending = words(torch.tensor([FIRST_ID + 40]))
    assert not torch.isclose(words(pieces), ending).all(dim=1).any()
    words.train()
    is_ending = torch.isclose(words(pieces), ending).all(dim=1)
    assert is_ending[20:].sum() > 12
    assert not bool(is_ending[0])


def test_letters_have_the_same_numbers_in_every_process():
    words = TokenEmbedding(Text(("barn", "crab", "narwhal", "bran")), 4)
    assert words.token_characters[FIRST_ID, :5].tolist() == [
        3,
        2,
        5,
        4,
        0,
    ]  # a to z in the first piece


def test_an_empty_text_has_no_pieces_to_read():
    empty = Ragged(torch.empty(0, dtype=torch.int64), torch.tensor([0, 0]))
    assert TokenEmbedding(KIND, 8)(empty.values).shape == (0, 8)
