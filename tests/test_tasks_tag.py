"""Words with tags: training, judgement, answers."""

import random

import pytest
import torch
from torch import nn

import brique
from brique import data, nets
from brique.cli import main
from brique.data import Ragged
from brique.data.parts import build
from brique.data.source import Source
from brique.errors import DataError, ShapeError
from brique.model import load
from brique.run import read_run
from brique.schema import Number, Schema, Tags, Text
from brique.tasks import tag
from brique.workbench.train import tag as trained
from resuming import alone, assert_equal, stopped

KINDS = {"DET": ["the", "a"], "NOUN": [], "VERB": [], "ADV": []}
ENDS = {"NOUN": ["er", "tion"], "VERB": ["ing", "ed"], "ADV": ["ly"]}
QUICK = trained.QUICK | {"batch_size": 16}


def words_of(kind, draw):
    if kind == "DET":
        return draw.choice(KINDS["DET"])
    stem = "".join(draw.choices("bdfgklmnprst", k=3)) + draw.choice("aeiou")
    return stem + draw.choice(ENDS[kind])


def sentences(count, seed=0):
    draw = random.Random(seed)
    order = ("DET", "NOUN", "VERB", "ADV")
    return [[(words_of(one, draw), one) for one in order[draw.randrange(2) :]]
            for _ in range(count)]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("tagged")
    for seed, (part, count) in enumerate((("train", 200), ("dev", 40), ("test", 60))):
        blocks = ["\n".join(f"{word}\t{name}" for word, name in one) for one in
                  sentences(count, seed)]  # fmt: skip
        (root / f"{part}.conll").write_text("\n\n".join(blocks) + "\n")
    return root


@pytest.fixture(scope="module")
def run(folder, tmp_path_factory):
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        out = tmp_path_factory.mktemp("runs") / "tags"
        patch.chdir(out.parent)
        return brique.train(folder, quick=True, out=out)


def tagged(folder):
    return data.open(folder)


def test_its_quick_form_learns_and_knows_new_words_by_their_endings(run, folder):
    result = read_run(run).result
    assert result["task"] == "tag"
    assert result["test"]["accuracy"] > 0.9
    assert result["unknown"] > 50
    assert result["test"]["unknown_accuracy"] > 0.85
    low, high = result["interval"]["accuracy"]
    assert low <= result["test"]["accuracy"] <= high
    assert set(result["baseline"]) == {"usual", "endings", "window"}
    assert result["baseline"]["usual"]["accuracy"] < result["baseline"]["endings"]["accuracy"]
    assert read_run(run).json["data"][0]["test_reads"] == 1
    assert "words in 60 test sentences tagged rightly" in tag.sentence(result)


def test_its_page_shows_sentences_and_tags(run):
    page = (run / "report.html").read_text()
    for said in ("Of new words,", "Each tag", "Hardest to find", "a linear model of each word"):
        assert said in page
    assert "is missing, since run.json" not in page


def test_stopped_on_the_way_it_ends_in_equal_numbers(folder, tmp_path, monkeypatch):
    args = trained.Args(data=str(folder), options=(), **(QUICK | {"turns": 20}))
    whole = alone(trained.main, args, tmp_path / "whole")
    pieces = stopped(trained.main, args, tmp_path / "pieces", [3, 11], monkeypatch)
    assert_equal(whole, pieces)


def test_what_predict_says_is_what_the_net_says_over_valid(run, folder):
    model, opened = load(run), tagged(folder)
    texts = opened.source.fields["words"].texts
    said = model.predict([texts[row] for row in opened.valid.ids.tolist()])
    with torch.no_grad():
        scores = [model.net(batch["words"]).softmax(1) for batch in opened.valid.batches(7)]
    sure, numbers = torch.cat(scores).max(dim=1)
    names = opened.schema["tag"].names
    assert [one for answer in said for one in answer.tags] == [names[k] for k in numbers.tolist()]
    told = torch.tensor([one for answer in said for one in answer.sure])
    assert (told - sure).abs().max() < 2e-6
    assert list(said[0].words) == list(texts[int(opened.valid.ids[0])])


def test_other_sentences_are_told_in_the_words_that_it_learnt(run, folder, tmp_path):
    own = brique.evaluate(run)
    assert own["test"] == read_run(run).result["test"]
    for path in folder.iterdir():
        more = "zebra\tNOUN\n\n" if path.stem == "train" else ""
        (tmp_path / path.name).write_text(more * 9 + path.read_text())
    assert data.open(tmp_path).schema["words"] != load(run).schema["words"]
    assert brique.evaluate(run, tmp_path, part="test")["test"] == own["test"]


def test_each_line_of_a_file_is_answered(run, tmp_path, capsys):
    (tmp_path / "lines.txt").write_text("the blorfer\n\na zaking\n")
    assert main(["predict", str(run), "lines.txt", "--csv", "said.csv"]) == 0
    out = capsys.readouterr().out
    assert "the/DET blorfer/NOUN" in out
    assert "lines.txt:3" in out
    rows = (tmp_path / "said.csv").read_text().splitlines()
    assert rows[0] == "file,words,answer,error"
    assert rows[1] == "lines.txt:1,the blorfer,DET NOUN,"
    (said,) = load(run).predict([["the", "blorfer"]])
    assert said.to_json()["tags"] == [["the", "DET"], ["blorfer", "NOUN"]]
    (none,) = load(run).predict([""])
    assert none.to_json() == {"answer": "", "tags": [], "probabilities": []}


class Always(nn.Module):
    """Says the first tag of every word."""

    def __init__(self, names, at=0):
        super().__init__()
        self.scores = nn.Parameter(torch.eye(names)[at])

    def forward(self, text):
        return self.scores.expand(len(text.values), -1)


def test_the_judgement_counts_words_and_draws_sentences(folder):
    opened = tagged(folder)
    truth = opened.test["tag"].values
    judged = tag.judge(Always(4, 1), opened, compare=False)
    values = judged.values
    assert values["test"]["accuracy"] == pytest.approx(float((truth == 1).double().mean()))
    assert values["words"] == len(truth)
    assert sum(map(sum, values["confusion"])) == len(truth)
    assert set(values["baseline"]) == {"usual", "endings"}
    assert values["comparison"]["outcome"] == "worse"
    assert values["test"]["faultless"] == 0
    assert tag.sentence(values).startswith("Behind a simple method: ")
    assert judged.arrays["offsets"].tolist()[-1] == len(truth)
    assert values["interval"]["accuracy"][0] < values["interval"]["accuracy"][1]


def test_tags_are_compared_by_name(folder):
    opened = tagged(folder)
    names = opened.schema["tag"].names
    turned = list(reversed(names))
    one = tag.judge(Always(4, 1), opened, compare=False).values
    other = tag.judge(Always(4, 2), opened, names=turned, compare=False).values
    assert one["test"]["accuracy"] == other["test"]["accuracy"]
    assert one["baseline"] == other["baseline"]
    with pytest.raises(DataError, match="the data have the class"):
        tag.judge(Always(3), opened, names=names[1:], compare=False)


def of_words(tags, part=(0, 0, 2)):
    words = Ragged.of([torch.tensor([3, 4]), torch.tensor([3]), torch.tensor([4, 4])])
    kinds = {"words": Text(("a", "b")), "tag": Tags(("X", "Y"))}
    source = Source("mine", {"words": words, "tag": tags}, kinds, ("tag",))
    source.part = torch.tensor(part, dtype=torch.uint8)
    source.is_final = True
    return build(source)


def test_a_word_without_its_tag_is_named():
    tags = Ragged.of([torch.tensor([0, 1]), torch.tensor([0, 0]), torch.tensor([1, 1])])
    with pytest.raises(DataError, match="example 1 has 1 words and 2 tags; give each word its tag"):
        tag.check(of_words(tags))


def test_scores_of_another_shape_and_empty_parts_are_refused():
    tags = Ragged.of([torch.tensor([0, 1]), torch.tensor([0]), torch.tensor([1, 1])])
    opened = of_words(tags)
    batch = next(opened.train.batches(2))
    with pytest.raises(ShapeError, match=r"tag: loss: the net said \(3, 5\) where scores \(3, 2\)"):
        tag.loss(torch.zeros(3, 5), batch, opened.schema)
    with pytest.raises(ShapeError, match=r"tag: answers: the net said \(3, 4\)"):
        tag.answered(Always(4), batch, opened.schema)
    with pytest.raises(DataError, match="tag: the split holds no word"):
        tag.judge(Always(2), of_words(tags, (0, 0, 1)))


def test_the_tagger_wants_a_text_and_tags():
    schema = Schema({"past": Number(), "tag": Tags(("X",))}, ("tag",))
    with pytest.raises(DataError, match="tagger: expected a text as input and tags as target"):
        nets.tagger(schema.to_json())
