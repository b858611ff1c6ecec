"""Words with tags: training, judgement, answers."""

import random

import pytest
import torch
from seqeval import metrics
from torch import nn

import brique
from brique import data, nets
from brique.cli import main
from brique.data import Ragged
from brique.data.dataset import build
from brique.data.raw.source import Source
from brique.errors import DataError, ShapeError
from brique.model import load
from brique.run import read_run
from brique.schema import Number, Schema, Tags, Text
from brique.tasks import tag
from brique.tasks.tag import entities
from brique.tasks.tag import train as trained
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
    assert set(result["baseline"]) == {"majority", "word", "word_or_suffix", "window"}
    assert result["baseline"]["word"]["accuracy"] < result["baseline"]["word_or_suffix"]["accuracy"]
    assert read_run(run).json["data"][0]["test_reads"] == 1
    assert "words in 60 sentences (95% CI " in tag.sentence(result)


def test_its_page_shows_sentences_and_tags(run):
    page = (run / "report.html").read_text()
    for said in (
        "Accuracy on unknown words:",
        "Each tag",
        "Lowest recall:",
        "linear model of a five-word window",
    ):
        assert said in page
    assert "is missing: run.json" not in page


def test_stopped_on_the_way_it_ends_in_equal_numbers(folder, tmp_path, monkeypatch):
    args = trained.Args(data=str(folder), **(QUICK | {"turns": 20}))
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
    told = torch.tensor([one for answer in said for one in answer.probabilities])
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
    judged = tag.evaluate(Always(4, 1), opened, compare=False)
    values = judged.values
    assert values["test"]["accuracy"] == pytest.approx(float((truth == 1).double().mean()))
    assert values["words"] == len(truth)
    assert sum(map(sum, values["confusion"])) == len(truth)
    assert set(values["baseline"]) == {"majority"}
    beside = tag.evaluate(Always(4, 1), opened).values
    assert beside["comparison"]["outcome"] == "worse"
    assert values["test"]["exact_sentences"] == 0
    assert tag.sentence(beside).startswith("Worse than the best baseline. Test accuracy ")
    assert judged.arrays["offsets"].tolist()[-1] == len(truth)
    assert values["interval"]["accuracy"][0] < values["interval"]["accuracy"][1]


def test_tags_are_compared_by_name(folder):
    opened = tagged(folder)
    names = opened.schema["tag"].names
    turned = list(reversed(names))
    one = tag.evaluate(Always(4, 1), opened, compare=False).values
    other = tag.evaluate(Always(4, 2), opened, names=turned, compare=False).values
    assert one["test"]["accuracy"] == other["test"]["accuracy"]
    assert one["baseline"] == other["baseline"]
    with pytest.raises(DataError, match="the data have the class"):
        tag.evaluate(Always(3), opened, names=names[1:], compare=False)


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
        tag.check_lengths(of_words(tags))


def test_scores_of_another_shape_and_empty_parts_are_refused():
    tags = Ragged.of([torch.tensor([0, 1]), torch.tensor([0]), torch.tensor([1, 1])])
    opened = of_words(tags)
    batch = next(opened.train.batches(2))
    with pytest.raises(
        ShapeError, match=r"tag: loss: the net returned \(3, 5\), expected scores \(3, 2\)"
    ):
        tag.loss(torch.zeros(3, 5), batch, opened.schema)
    with pytest.raises(ShapeError, match=r"tag: answers: the net returned \(3, 4\)"):
        tag.predict(Always(4), batch, opened.schema)
    with pytest.raises(DataError, match="tag: the split holds no word"):
        tag.evaluate(Always(2), of_words(tags, (0, 0, 1)))


def test_the_tagger_wants_a_text_and_tags():
    schema = Schema({"past": Number(), "tag": Tags(("X",))}, ("tag",))
    with pytest.raises(DataError, match="tagger: expected a text as input and tags as target"):
        nets.tagger(schema.to_json())


# Entities: tags in BIO form

SCHEMES = {"IOB1 or IOB2": "BI", "IOB1 of one type": "I", "BIOES": "BIES"}


def drawn(scheme, seed):
    """Return tag names, and what is meant and said of some texts, at random."""
    draw = random.Random(seed)
    names = ["O", *(f"{letter}-{kind}" for letter in scheme for kind in ("PER", "LOC-X"))]
    meant = [[draw.choice(names) for _ in range(draw.randrange(9))] for _ in range(15)]
    said = [[one if draw.random() < 0.6 else draw.choice(names) for one in tags] for tags in meant]
    return names, meant, said


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES)
def test_entities_are_counted_as_seqeval_and_conlleval_do(scheme):
    for seed in range(40):
        names, meant, said = drawn(scheme, seed)
        flat = [torch.tensor([names.index(t) for tags in x for t in tags]) for x in (meant, said)]
        found = entities.count_entities(*flat, torch.tensor([len(tags) for tags in meant]), names)
        assert found.metrics() == pytest.approx({
            "f1": metrics.f1_score(meant, said, zero_division=0),
            "precision": metrics.precision_score(meant, said, zero_division=0),
            "recall": metrics.recall_score(meant, said, zero_division=0),
        })  # fmt: skip
        report = metrics.classification_report(meant, said, output_dict=True, zero_division=0)
        for at, kind in enumerate(entities.entity_types(names)):
            assert int(found.num_target[:, at].sum()) == report.get(kind, {"support": 0})["support"]


def test_bilou_counts_as_bioes_and_other_tags_mark_no_entities():
    _, meant, said = drawn("BIES", 3)
    turned = {"E": "L", "S": "U"}
    scores = []
    for change in ({}, turned):
        written = [
            [[change.get(t[0], t[0]) + t[1:] for t in tags] for tags in x] for x in (meant, said)
        ]
        names = sorted({t for x in written for tags in x for t in tags})
        flat = [torch.tensor([names.index(t) for tags in x for t in tags]) for x in written]
        scores.append(
            entities.count_entities(*flat, torch.tensor([len(t) for t in meant]), names).metrics()
        )
    assert scores[0] == scores[1]
    assert entities.entity_types(["NOUN", "B-PER", "O"]) is None
    assert entities.entity_types(["B", "I", "NOUN"]) is None
    assert entities.entity_types(["O"]) is None


def named(count, seed):
    """Return sentences in which two words after "mr" are an entity, and all else is outside."""
    draw = random.Random(seed)
    found = []
    for _ in range(count):
        words = [(draw.choice(["the", "dog", "runs", "far"]), "O") for _ in range(12)]
        if draw.random() < 0.5:
            at = draw.randrange(9)
            names = [draw.choice(["ann", "bob", "cy"]) for _ in range(2)]
            words[at : at + 3] = [("mr", "O"), (names[0], "B-PER"), (names[1], "I-PER")]
        found.append(words)
    return found


@pytest.fixture(scope="module")
def persons(tmp_path_factory):
    root = tmp_path_factory.mktemp("persons")
    for seed, (part, count) in enumerate((("train", 150), ("dev", 40), ("test", 60))):
        blocks = ["\n".join(" ".join(pair) for pair in one) for one in named(count, seed)]
        (root / f"{part}.conll").write_text("\n\n".join(blocks) + "\n")
    return root


def test_always_outside_looks_bad_though_most_words_are_right(persons):
    opened = tagged(persons)
    names = opened.schema["tag"].names
    values = tag.evaluate(Always(3, names.index("O")), opened, compare=False).values
    assert values["task"] == "entities"
    assert values["test"]["accuracy"] > 0.9
    assert values["test"]["f1"] == values["test"]["recall"] == 0
    assert values["baseline"]["majority"] == {
        "f1": 0.0, "precision": 0.0, "recall": 0.0, "answer": "O",
        **{k: values["test"][k] for k in ("accuracy", "unknown_accuracy") if k in values["test"]},
        "interval": values["interval"]["f1"],
    }  # fmt: skip
    assert tag.entities_sentence(values).startswith(
        "No better than the best baseline. Test entity F1 0."
    )


def test_a_net_of_entities_is_chosen_and_judged_by_their_f1(persons, tmp_path):
    out = brique.train(persons, quick=True, out=tmp_path / "run")
    record = read_run(out)
    assert record.result["task"] == "entities"
    assert record.result["test"]["f1"] == record.numbers["test_f1"] > 0
    assert "valid_f1" in record.numbers
    low, high = record.result["interval"]["f1"]
    assert low <= record.result["test"]["f1"] <= high
    assert record.result["entities"]["types"]["PER"]["f1"] == record.result["test"]["f1"]
    assert brique.evaluate(out)["test"] == record.result["test"]
    page = (out / "report.html").read_text()
    assert "entity F1 on test" in page
    assert "finds no entity" in page


def test_weights_are_chosen_by_f1_before_words():
    low, high = tag.Validation(0.99, 0.1, 0.2), tag.Validation(0.9, 0.5, 0.3)
    assert high.score > low.score
    assert tag.Validation(0.99, 0.1).score == 0.99
