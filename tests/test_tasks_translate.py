"""Texts in two languages: training, judgement, answers."""

import random
from dataclasses import replace
from importlib.util import find_spec

import pytest
import torch
from torch import nn

import brique
from brique import data, nets
from brique.cli import main
from brique.data import Ragged
from brique.errors import DataError, ModelError
from brique.model import load
from brique.run import read_run
from brique.schema import Category, Schema, Text
from brique.schema.texts import END_ID
from brique.tasks import translate
from brique.tasks.translate import baselines, metrics
from brique.tasks.translate import decoding as task
from brique.tasks.translate import train as trained
from brique.tasks.translate.predict import beam_translate
from brique.workbench import languages
from resuming import alone, assert_equal, stopped

WORDS = {"cat": "chat", "dog": "chien", "owl": "hibou", "red": "brun", "big": "grand"}
OPTIONS = data.Options(target="fr", unit="words")


def pairs(count, seed):
    draw = random.Random(seed)
    found = []
    for _ in range(count):
        color, animal = draw.choice(["red", "big"]), draw.choice(["cat", "dog", "owl"])
        found.append((f"the {color} {animal} .", f"le {WORDS[animal]} {WORDS[color]} ."))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("texts")
    for seed, (part, count) in enumerate((("train", 240), ("val", 30), ("test", 30))):
        for place, language in enumerate(("en", "fr")):
            lines = [one[place] for one in pairs(count, seed)]
            (root / f"{part}.{language}").write_text("\n".join(lines) + "\n")
    return root


@pytest.fixture(scope="module")
def run(folder, tmp_path_factory):
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        out = tmp_path_factory.mktemp("runs") / "texts"
        patch.chdir(out.parent)
        return brique.train(folder, quick=True, out=out, target="fr", unit="words")


def test_its_quick_form_learns_and_leaves_a_dictionary_behind(run):
    result = read_run(run).result
    assert result["task"] == "translate"
    assert result["test"]["bleu"] > 90
    assert result["test"]["exact"] > 0.9
    assert result["baseline"]["dictionary"]["bleu"] < result["test"]["bleu"]
    assert result["baseline"]["dictionary"]["overlap"] > result["baseline"]["copy"]["overlap"]
    assert result["comparison"]["outcome"] == "better"
    assert "from en to fr on 30 texts (95% CI " in translate.sentence(result)
    assert read_run(run).json["data"][0]["test_reads"] == 1


def test_its_page_shows_what_was_said_and_meant(run):
    page = (run / "report.html").read_text()
    for said in (
        "The worst translations",
        "n-gram overlap with the reference",
        "word-by-word dictionary",
    ):
        assert said in page
    assert "is missing: run.json" not in page


def test_stopped_on_the_way_it_ends_in_equal_numbers(folder, tmp_path, monkeypatch):
    quick = trained.QUICK | {"turns": 12, "batch_size": 16}
    args = trained.Args(data=str(folder), options=OPTIONS, **quick)
    whole = alone(trained.main, args, tmp_path / "whole")
    pieces = stopped(trained.main, args, tmp_path / "pieces", [3, 8], monkeypatch)
    assert_equal(whole, pieces)


def test_what_predict_says_is_what_a_search_says_over_valid(run, folder):
    model, opened = load(run), data.open(folder, target="fr")
    texts = opened.source.fields["en"].texts
    said = model.predict([texts[row] for row in opened.valid.ids.tolist()])
    kind, found = opened.schema["fr"], []
    for batch in opened.valid.batches(7):
        found += [kind.restore(one) for one in beam_translate(model.net, batch["en"])]
    assert [one.answer for one in said] == found
    batch = next(opened.valid.batches(7))
    whole = model.net(batch["en"], batch["fr"])
    alone_ = [model.net(batch["en"][k : k + 1], batch["fr"][k : k + 1]) for k in range(7)]
    torch.testing.assert_close(whole, torch.cat(alone_), rtol=1e-5, atol=1e-6)


def test_on_other_texts_it_speaks_by_the_pieces_that_it_learnt(run, folder, tmp_path):
    own = brique.evaluate(run)["test"]
    assert own == read_run(run).result["test"]
    for path in folder.iterdir():
        part, language = path.name.split(".")
        more = {"en": "the zebra .\n", "fr": "zèbre le .\n"}[language] if part == "train" else ""
        (tmp_path / path.name).write_text(more * 3 + path.read_text())
    other = data.open(tmp_path, target="fr").schema["fr"]
    assert other.vocabulary != load(run).schema["fr"].vocabulary
    again = brique.evaluate(run, tmp_path, target="fr", unit="words", part="test")
    assert again["test"] == own


def test_each_line_of_a_file_is_translated(run, tmp_path, capsys):
    (tmp_path / "lines.txt").write_text("the red owl .\nthe big cat .\n")
    assert main(["predict", str(run), "lines.txt"]) == 0
    assert "le hibou brun ." in capsys.readouterr().out
    (said,) = load(run).predict([""])
    assert isinstance(said.to_json()["answer"], str)
    assert said.cells() == said.to_json()


def test_the_scores_of_all_pieces_follow_each_other(folder):
    opened = data.open(folder, target="fr")
    net = nets.translator(opened.schema.to_json(), width=8).eval()
    batch = next(opened.train.batches(5))
    found = net(batch["en"], batch["fr"])
    assert found.shape == (len(batch["fr"].values) + 5, opened.schema["fr"].num_embeddings)
    assert net(batch["en"]).shape == (5, opened.schema["fr"].num_embeddings)
    first = torch.cat([torch.zeros(1).long(), (batch["fr"].lengths + 1).cumsum(0)[:-1]])
    torch.testing.assert_close(net(batch["en"]), found[first])
    state, *read = net.encode(batch["en"])
    chances, _ = net.decode_step(torch.ones(5).long(), state, *read)
    expected = found[first].clone()
    expected[:, :2] = -torch.inf
    torch.testing.assert_close(chances, expected.log_softmax(1))
    _, words, counts = task.teacher_forcing(batch["fr"])
    assert int((words[counts] == END_ID).sum()) == 5
    loss = translate.loss(found, batch, opened.schema)
    torch.testing.assert_close(loss, nn.functional.cross_entropy(found, words[counts]))


def test_bleu_is_sacrebleus():
    said = ["the cat sat on the mat", "a dog", "it's a long, long way home to the sea."]
    meant = ["the cat sat on a mat", "a dog barks", "it's a long, long road home to the sea."]
    found = float(metrics.bleu(metrics.count_ngrams(said, meant).sum(0)))
    if find_spec("sacrebleu"):
        from sacrebleu import corpus_bleu

        assert found == pytest.approx(corpus_bleu(said, [meant]).score)
        one = metrics.count_ngrams(said[1:2], meant[1:2]).sum(0)
        assert float(metrics.bleu(one)) == pytest.approx(corpus_bleu(said[1:2], [meant[1:2]]).score)
    assert float(metrics.bleu(metrics.count_ngrams(["x"], ["y"]).sum(0))) == 0
    assert float(metrics.bleu(metrics.count_ngrams([""], ["y"]).sum(0))) == 0
    assert float(metrics.bleu(metrics.count_ngrams(meant, meant).sum(0))) == pytest.approx(100)


def test_without_sacrebleu_words_and_marks_are_counted(monkeypatch):
    monkeypatch.setattr(metrics, "find_spec", lambda name: None)
    assert metrics.tokenizer_name() == "words"
    both, said, meant = metrics.count_ngrams(["a cat."], ["a dog."])[0][:, 0].tolist()
    assert (both, said, meant) == (2, 3, 3)


def test_the_plain_f_of_a_text_is_that_of_runs_of_words():
    found = metrics.ngram_f(metrics.count_ngrams(["a b", "a b c d", ""], ["a b", "a x y z", "a"]))
    assert found.tolist() == pytest.approx([1.0, 1 / 4 / 4, 0.0])


def test_a_dictionary_is_what_comes_together(folder):
    opened = data.open(folder, target="fr")
    said = baselines.word_by_word(opened, ["big owl zebra"])
    assert said == ["grand hibou zebra"]


def test_of_several_languages_one_is_read(tmp_path, folder, capsys):
    for path in folder.iterdir():
        (tmp_path / path.name).write_text(path.read_text())
        if path.suffix == ".en":
            (tmp_path / f"{path.stem}.de").write_text(path.read_text())
    opened = data.open(tmp_path, target="fr")
    assert opened.schema.inputs == ("de", "en")
    left_out = {"de": "leave"}
    asked = data.Options(target="fr")
    more = languages.translation_options(opened, asked)
    assert (more.target, more.types) == ("fr", left_out)
    in_words = asked.replace(unit="words")
    assert languages.translation_options(opened, in_words) == in_words.replace(types=left_out)
    chosen = data.open(tmp_path, target="fr", types={"de": "leave"})
    told = languages.describe_options(chosen, ["de"], tokenization=False)
    assert told.startswith("en is translated to fr")
    assert told.endswith("; left out: de.")
    assert languages.translation_options(data.open("digits"), asked) == asked


class Mute(nn.Module):
    """A net that says no pieces."""

    def forward(self, text):
        return torch.zeros(len(text), 3)


def test_a_net_that_does_not_speak_and_an_empty_part_are_refused(folder):
    opened = data.open(folder, target="fr")
    batch = next(opened.test.batches(2))
    with pytest.raises(ModelError, match="a Mute has no methods `encode` and `decode_step`"):
        translate.predict(Mute(), batch, opened.schema)
    empty = opened.test.select(torch.zeros(len(opened.test), dtype=torch.bool))
    net = nets.translator(opened.schema.to_json(), width=8)
    with pytest.raises(DataError, match="translate: the split is empty; pass one with at least"):
        translate.evaluate(net, replace(opened, test=empty))


def test_the_translator_wants_two_texts():
    schema = Schema({"en": Text(("a",)), "label": Category(("b",))}, ("label",))
    with pytest.raises(DataError, match="translator: expected a text as input and one as target"):
        nets.translator(schema.to_json())


def test_an_empty_text_is_read_as_one_unknown_piece():
    schema = Schema({"en": Text(("a",)), "fr": Text(("b",))}, ("fr",))
    net = nets.translator(schema.to_json(), width=8).eval()
    empty = Ragged(torch.tensor([3]), torch.tensor([0, 0, 1]))
    assert net(empty, empty).isfinite().all()
