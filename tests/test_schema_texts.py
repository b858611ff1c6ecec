"""Texts are cut, numbered and given back; a schema read from JSON cuts them in the same way."""

import json

import numpy as np
import pytest
import torch

from brique.data import Ragged
from brique.data.raw.column import Labels, Texts
from brique.errors import DataError
from brique.nets.encoders.text import TextEncoder
from brique.schema import Schema, Text, subwords

ENGLISH = [
    "The owl sees the mouse.",
    "The mouse doesn't see the owl.",
    "Owls hoot, mice squeak; the night is long.",
] * 4


def fitted(texts, unit="words", **options):
    kind, numbers = Texts(texts, unit, **options).fit(np.arange(len(texts)), "x: text")
    return kind, numbers


def again(kind):
    whole = Schema({"text": kind}, ())
    return Schema.from_json(json.loads(json.dumps(whole.to_json())))["text"]


def test_words_are_words_and_marks():
    kind = Text(("the", "owl", "."))
    assert kind.tokenize("The owl's nest.") == ["The", "owl's", "nest", "."]
    assert kind.prepare("the owl .").tolist() == [3, 4, 5]
    assert kind.prepare("an owl").tolist() == [0, 4]
    assert kind.restore(torch.tensor([1, 3, 4, 0, 2])) == "the owl \ufffd"
    assert kind.num_embeddings == 6
    assert Text(("the",), lower=True).prepare("THE").tolist() == [3]


def test_characters_give_a_text_back():
    kind, numbers = fitted(["To be,\n", " or not…"], "characters")
    for text, row in zip(["To be,\n", " or not…"], numbers, strict=True):
        assert kind.restore(row) == text
    assert kind.restore(kind.prepare("beXt")) == "be\ufffdt"


@pytest.mark.parametrize("unit", ["words", "characters", "subwords"])
@pytest.mark.parametrize("lower", [False, True])
def test_a_schema_from_json_cuts_as_the_column_did(unit, lower):
    pytest.importorskip("tokenizers")
    kind, numbers = fitted(ENGLISH, unit, lower=lower, max_size=300)
    rebuilt = again(kind)
    assert rebuilt == kind
    for text, row in zip(ENGLISH, numbers, strict=True):
        assert torch.equal(rebuilt.prepare(text), row)
        assert row.dtype == torch.int64
        assert int(row.max()) < kind.num_embeddings


@pytest.mark.parametrize(
    "text", ["The owl hoots.", "", "  two  blanks \n\t", "Ünï ▁ Ġ 日本語 🦉", "unseen words"]
)
def test_subwords_give_any_text_back(text):
    pytest.importorskip("tokenizers")
    kind, _ = fitted(ENGLISH, "subwords", max_size=300)
    numbers = kind.prepare(text)
    assert kind.restore(numbers) == text
    assert 0 not in numbers.tolist()


def test_subwords_join_what_is_common_and_never_differ():
    pytest.importorskip("tokenizers")
    kind, numbers = fitted(ENGLISH, "subwords", max_size=300)
    assert kind.tokenize("the owl") == ["the", "Ġowl"]
    assert len(kind.vocabulary) <= 300
    assert numbers.lengths.tolist()[0] < len(ENGLISH[0]) / 2
    assert fitted(list(ENGLISH), "subwords", max_size=300)[0] == kind
    assert kind.prepare("a\ud800b").tolist() == kind.prepare("a?b").tolist()
    assert kind.restore(torch.tensor([0, *kind.prepare("owl").tolist()])) == "\ufffdowl"
    assert kind.restore(kind.prepare("é")[:1]) == "\ufffd"  # half of its bytes


def test_subwords_without_the_package_name_the_extra(monkeypatch):
    kind = Text(tuple(subwords.unicode_to_byte()), "subwords")
    monkeypatch.setattr(subwords, "find_spec", lambda name: None)
    for asked in (lambda: kind.prepare("owl"), lambda: fitted(ENGLISH, "subwords")):
        with pytest.raises(DataError, match=r"the package tokenizers, .* install 'brique\[text\]'"):
            asked()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"unit": "syllables"}, "text: unit must be words, characters, subwords, got 'syllables'"),
        ({"vocabulary": ("a", "a")}, "text: vocabulary: 'a' is listed twice"),
        ({"unit": "subwords"}, "must hold the 256 characters of bytes, got 1 of them"),
        ({"merges": ("a b",)}, "text: merges are for subwords, not words; leave them out"),
    ],
)
def test_damaged_texts_are_refused(value, text):
    with pytest.raises(DataError, match=text):
        Text(**({"vocabulary": ("a",)} | value))


@pytest.mark.parametrize("merge", ["ab", "a b c", "a zz", "a ", ""])
def test_merges_that_do_not_fit_are_refused(merge):
    vocabulary = (*subwords.unicode_to_byte(), "ab")
    assert Text(vocabulary, "subwords", merges=("a b",)).tokenize("ab") == ["ab"]
    with pytest.raises(DataError, match="text: merges must be pairs 'one two' whose parts"):
        Text(vocabulary, "subwords", merges=(merge,))


def test_too_small_a_vocabulary_of_subwords_is_refused():
    with pytest.raises(DataError, match="must hold 256 tokens or more, got 100"):
        fitted(ENGLISH, "subwords", max_size=100)


def test_what_is_no_text_is_refused():
    with pytest.raises(DataError, match="text: expected a text, got 7; pass one"):
        Text(("a",)).prepare(7)


def test_the_vocabulary_is_fitted_on_the_training_part_commonest_first():
    column = Texts(["b a a", "c a b", "zebra zebra zebra a"])
    kind, numbers = column.fit(np.array([0, 1]), "x: text")
    assert kind.vocabulary == ("a", "b", "c")
    assert numbers[2].tolist() == [0, 0, 0, 3]
    kind, _ = Texts(column.texts, min_count=2, max_size=1).fit(np.arange(3), "x: text")
    assert kind.vocabulary == ("a",)
    kind, numbers = Texts(["", "b"]).fit(np.array([0]), "x: text")
    assert (kind.vocabulary, numbers.lengths.tolist()) == ((), [0, 1])
    kind, numbers = Texts([["New York", "is"], "is big"]).fit(np.arange(2), "x: text")
    assert numbers[0].tolist() == [3 + kind.vocabulary.index(p) for p in ("New York", "is")]


def test_a_class_that_no_training_example_is_of_names_the_example_and_the_flag():
    labels = Labels(["<=50K", ">50K", "<=50K.", ">50K."], True, ["a:1", "a:2", "b:1", "b:2"])
    with pytest.raises(DataError) as raised:
        labels.fit(np.array([0, 1]), "adult: income")
    said = str(raised.value)
    assert said.startswith("adult: income: b:1 is of class '<=50K.' (and 1 more: >50K.), which no")
    assert r"--rename '<\=50K.=<\=50K' --rename '>50K.=>50K'" in said
    with pytest.raises(DataError, match="x: example 1 is of class 'owl'.*--rename 'owl=CLASS'"):
        Labels(["cat", "owl"], True).fit(np.array([0]), "x")
    kind, numbers = Labels(["cat", None, "owl"]).fit(np.array([0, 1]), "x")
    assert (kind.names, kind.has_other, numbers.tolist()) == (("cat", "missing"), True, [0, 1, 2])


def test_what_a_text_says_does_not_hang_on_those_beside_it():
    kind = Text(tuple("abcdef"), unit="words")
    net = TextEncoder(kind, embedding_size=8, hidden=4).eval()
    texts = [torch.tensor([3, 4, 5]), torch.tensor([6]), torch.tensor([], dtype=torch.int64)]
    alone = torch.cat([net(Ragged.of([one])) for one in texts])
    together = net(Ragged.of(texts))
    turned = net(Ragged.of(texts[::-1])).flip(0)
    assert torch.allclose(together, alone, atol=1e-6)
    assert torch.allclose(turned, alone, atol=1e-6)
