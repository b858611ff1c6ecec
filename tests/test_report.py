import json
import re
import shutil
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import brique
from brique import data, files, nets
from brique import page as room
from brique.bricks import Temperature
from brique.cli import main
from brique.data import Data
from brique.errors import RunError
from brique.model import Origin, SavedNet, save
from brique.nets import built_by
from brique.page import chart, colors, markup, thumbnails
from brique.page.report import MAX_BYTES
from brique.run import read_run
from brique.tasks import classify
from brique.tasks.classify import page
from brique.tasks.table import TASKS, sentence

SECTIONS = [
    "run",
    "data",
    "result",
    "training",
    "mistakes",
    "calibration",
    "filters",
    "map",
    "reproduction",
]
HOSTILE = "<script>alert('1')</script>&\"\x00\ud800"
VOID = {"meta", "img", "br", "link", "hr", "input"}


class Page(HTMLParser):
    """A page, read: what is open must be closed, in order."""

    def __init__(self, path):
        super().__init__()
        self.open, self.tags, self.wrong = [], [], []
        self.words, self.style = "", ""
        self.text = Path(path).read_text(encoding="utf-8")
        self.feed(self.text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID and not (self.get_starttag_text() or "").endswith("/>"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append((tag, self.getpos()))

    def handle_data(self, data):
        if self.open and self.open[-1] == "style":
            self.style += data
        else:
            self.words += data

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]

    @property
    def ids(self):
        return [attrs["id"] for _, attrs in self.tags if "id" in attrs]

    @property
    def headings(self):
        return [int(tag[1]) for tag, _ in self.tags if re.fullmatch("h[1-6]", tag)]

    @property
    def sections(self):
        return [attrs["id"] for attrs in self.all("section")]


class Matcher(nn.Module):
    """Compares a picture with a pattern of each class; body and head as brique's nets have them."""

    def __init__(self, patterns, certainty=30.0):
        super().__init__()
        self.body = nn.Flatten()
        self.head = nn.Sequential(nn.Linear(patterns[0].numel(), len(patterns)), Temperature())
        with torch.no_grad():
            flat = patterns.flatten(1)
            self.head[0].weight.copy_(certainty * flat / flat.shape[1])
            self.head[0].bias.copy_(-certainty / 2 * flat.square().mean(1))

    def forward(self, x):
        return self.head(self.body(x))


@dataclass
class Made:
    folder: Path
    data: Data

    @property
    def json(self):
        return json.loads((self.folder / "run.json").read_text())

    def change(self, **values):
        files.write_sealed(self.folder / "run.json", self.json | values)

    def change_result(self, **values):
        self.change(result=self.json["result"] | values)

    def page(self):
        return Page(room.write(read_run(self.folder), self.data, TASKS["classify"]))


def pictures(names, *, each=12, size=8, channels=1, noise=0.35, split=None):
    """Return noisy copies of a random pattern of each class, and the patterns."""
    drawn = torch.Generator().manual_seed(1)
    patterns = torch.rand(len(names), channels, size, size, generator=drawn)
    label = torch.arange(len(names)).repeat(each)
    image = patterns[label] + noise * torch.randn(len(label), channels, size, size, generator=drawn)
    image = (image.clamp(0, 1) * 255).byte()
    return data.arrays(
        image=image, label=label, classes=names, name="shapes", split=split
    ), patterns


def made(folder, names, *, compare=False, **given):
    """Make the folder of a run as `train` leaves it, without a training."""
    return kept(folder, *pictures(names, **given), compare=compare)


def kept(folder, opened, patterns, *, compare=False, source="shapes"):
    judged = classify.evaluate(Matcher(patterns), opened, compare=compare)
    net = nets.residual(**nets.residual_arguments(opened.schema), width=8, stages=1)
    origin = built_by(net)
    schema = opened.schema
    files.write_sealed(folder / "run.json", run_json(opened, judged, source))
    files.write(folder / "log.jsonl", log_of())
    files.write(folder / "source.py", "")
    files.write_tensors(folder / "arrays" / "predictions.safetensors", judged.arrays)
    part = SavedNet(net, Origin(origin["builder"], origin["arguments"], None), None)
    about = {"answers": "net", "task": "classify", "schema": schema.to_json(), "scores": {}}
    save(folder / "model", saved_nets={"net": part}, arrays={}, metadata={**about, "made_by": {}})
    return Made(folder, opened)


def run_json(opened, judged, source):
    return {
        "format": 1, "name": "classify", "recipe": None, "train": "classify",
        "settings": {"data": source, "turns": 200, "lr": 0.003, "seed": 7}, "seed": 7,
        "command": "brique train shapes --seed 7", "started": "2026-11-21T09:30:00+0000",
        "state": "finished", "source": {"file": "classify.py", "sha256": "ab" * 32},
        "versions": {"brique": "0.1.0", "torch": "2.15.0"},
        "launch": {"device": "cpu", "exact": False, "quick": False, "threads": 1},
        "exactness": "bit", "turns": 200, "numbers": {"classifier": 0.1},
        "data": [{"name": "shapes", "fingerprint": opened.fingerprint, "test_reads": 1, "skipped": []}],
        "seconds": {"training": 12.5, "evaluation": 0.5, "total": 14.0, "report": 1.0},
        "estimate": {"seconds": 11.0, "turns": 200}, "audit": {"findings": findings(), "splits": {}},
        "result": judged.values,
    }  # fmt: skip


def findings():
    first = {
        "kind": "leaked", "severity": "error", "split": "test", "count": 12,
        "items": [["example 1", "example 2"]] * 12, "reason": "2 of them are <b>equal</b>.",
        "remedy": "Remove them.",
    }  # fmt: skip
    doubt = {
        "kind": "suspect label",
        "severity": "note",
        "split": None,
        "count": 1,
        "reason": "One.",
    }
    doubt |= {"items": [["example 3", "a", "b", "0.914"]], "remedy": "Look at it."}
    return [doubt, first]


def log_of():
    lines = []
    for turn in range(9, 200, 10):
        lines.append({"turn": turn, "classifier": 2.0 / (1 + turn)})
        lines.append({"turn": turn, "valid_accuracy": 1 - 0.9 / (1 + turn), "valid_loss": 0.4})
    return "".join(json.dumps(line) + "\n" for line in lines)


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """Return a run of four classes, one with a hostile name, beside all baselines."""
    torch.set_num_threads(1)
    names = ["Ente", "日本", "x" * 300, HOSTILE.replace("\x00", "").replace("\ud800", "")]
    return made(tmp_path_factory.mktemp("runs") / "shapes", names, compare=True, each=30, noise=1)


@pytest.fixture
def run(original, tmp_path):
    """Return a copy of that run, to be changed."""
    shutil.copytree(original.folder, tmp_path / "run")
    return Made(tmp_path / "run", original.data)


def check_form(page):
    """Hold what is true of every page."""
    assert page.open == []
    assert page.wrong == []
    assert len(page.ids) == len(set(page.ids))
    assert [page.ids.count(link["href"][1:]) for link in page.all("a")] == [1] * len(page.all("a"))
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    steps = zip(page.headings, page.headings[1:], strict=False)
    assert all(after - before <= 1 for before, after in steps)
    assert all(
        image.get("alt") and image["src"].startswith("data:image/") for image in page.all("img")
    )
    assert all(s.get("aria-hidden") or s.get("role") == "img" or "viewbox" in s or "x" in s
               for s in page.all("svg"))  # fmt: skip
    assert page.all("html") == [{"lang": "en"}]
    assert not page.all("script") + page.all("link") + page.all("iframe") + page.all("object")
    assert not [key for _, attrs in page.tags for key in attrs if key.startswith("on")]
    assert not re.search(r"https?:|url\(|@import|src=\"(?!data:)", page.text)
    assert len(page.text.encode()) <= MAX_BYTES


# The whole page


def test_the_page_has_every_part_in_order(run):
    page = run.page()
    check_form(page)
    assert page.sections == SECTIONS
    assert page.text.count("<h1>") == 1
    title = re.search(r"<title>(.*?)</title>", page.text)
    assert title is not None
    assert markup.text(sentence(run.json["result"])[:120], 600) in title[1]
    assert (run.folder / "report.html").is_file()


def test_two_reports_of_a_run_are_equal_byte_for_byte(run):
    first = run.page().text
    run.change(seconds=run.json["seconds"] | {"report": 9.0, "total": 99.0})
    assert run.page().text == first


def test_names_are_escaped_and_cut(run):
    page = run.page()
    assert "<script" not in page.text
    assert "&lt;script&gt;alert(&#x27;1&#x27;)" in page.text
    assert "x" * 100 not in page.text
    assert "日本" in page.words


def test_hostile_text_in_run_json_stays_text(run):
    json_ = run.json
    result = json_["result"]
    result["names"][0] = HOSTILE.replace("\ud800", "")
    result["classes"] = {HOSTILE.replace("\ud800", ""): next(iter(result["classes"].values()))}
    result["comparison"]["best"] = "<img src=x onerror=alert(1)>"
    result["baseline"]["<img src=x onerror=alert(1)>"] = {"accuracy": 0.5}
    hostile = {"kind": HOSTILE[:28], "severity": "error", "items": [["<script>"]], "count": 1}
    run.change(
        command="<script>", name="<script>", versions={"<script>": "<b>"}, result=result,
        seconds={"<script>": 1.0, "training": 2.0}, audit={"findings": [hostile]},
        launch={"device": "<script>", "threads": "<script>"}, exactness="<script>",
        started="<script>", settings={"<script>": "<script>", "data": "x"},
    )  # fmt: skip
    page = run.page()
    check_form(page)
    assert "onerror=alert(1)&gt;" in page.text


def test_a_page_of_many_large_noisy_pictures_is_small(tmp_path):
    run = made(tmp_path, [str(n) for n in range(12)], each=18, size=100, channels=3, noise=2.0)
    page = run.page()
    check_form(page)
    assert len(page.all("img")) > 80
    assert len(page.text) > 100_000


def test_the_budget_of_pictures_is_kept(original):
    gallery = thumbnails.Gallery(original.data, 300)
    one = int(original.data.train.ids[0])
    shown = [gallery.show(original.data.train, one, "a picture") for _ in range(5)]
    assert [bool(text) for text in shown] == [True, False, False, False, False]
    assert gallery.num_omitted == 4


@pytest.mark.parametrize("classes", [2, 100])
def test_few_and_many_classes(tmp_path, classes):
    run = made(tmp_path, [f"class {n}" for n in range(classes)], each=400 // classes + 4)
    page = run.page()
    check_form(page)
    assert page.sections == SECTIONS
    assert ("matrix" in [t.get("class") for t in page.all("table")]) == (classes == 2)
    marks = page.text.count('class="spot"') + page.text.count('class="ring"')
    assert marks == (4 if classes == 2 else 100)  # in the map, and in the legend where there is one


def test_a_test_part_of_three(tmp_path):
    split = ["train"] * 9 + ["test"] * 3
    run = made(tmp_path, ["a", "b", "c"], each=4, split=split)
    page = run.page()
    check_form(page)
    assert "3 examples are too few" in page.words
    assert page.sections == [*(s for s in SECTIONS if s != "map"), "missing"]


# What may be missing


@pytest.mark.parametrize(
    ("lost", "says"),
    [
        ("predictions", "the predictions on the test examples are not stored"),
        ("log", "the log holds no numbers"),
        ("model", "the net could not be rebuilt"),
        ("result", "The run stores no test result."),
        ("calibration", "it was not measured in this run"),
        ("hidden", "the hidden features are not stored"),
        ("data", "cannot be opened"),
        ("changed", "the data have changed since the run"),
        ("torn", "the predictions on the test examples are not stored"),
    ],
)
def test_what_is_missing_is_said(run, lost, says):
    arrays = run.folder / "arrays" / "predictions.safetensors"
    if lost == "predictions":
        arrays.unlink()
    elif lost == "torn":
        arrays.write_bytes(arrays.read_bytes()[:100])
    elif lost == "log":
        (run.folder / "log.jsonl").unlink()
    elif lost == "model":
        shutil.rmtree(run.folder / "model")
    elif lost == "result":
        run.change(result={}, numbers={})
    elif lost == "calibration":
        result = run.json["result"]
        result.pop("calibration")
        run.change(result=result)
    elif lost == "hidden":
        from safetensors.torch import load_file

        kept = {key: value for key, value in load_file(arrays).items() if "hidden" not in key}
        files.write_tensors(arrays, kept)
    elif lost == "data":
        run.data = None
    elif lost == "changed":
        run.data, _ = pictures(["a", "b"])
    page = run.page()
    check_form(page)
    assert says in page.words
    assert set(page.sections) >= {"run", "reproduction"}


def test_a_run_of_the_first_version_has_a_page(run):
    old = {key: run.json["result"][key] for key in ("task", "test", "interval", "examples")}
    old["baseline"] = {"majority": run.json["result"]["baseline"]["majority"]}
    old["test"] = {"accuracy": old["test"]["accuracy"]}
    shutil.rmtree(run.folder / "arrays")
    whole = run.json | {"result": old}
    for key in ("audit", "estimate"):
        whole.pop(key)
    files.write_sealed(run.folder / "run.json", whole)
    page = run.page()
    check_form(page)
    assert "result" in page.sections
    assert "always “" in page.words


@pytest.mark.parametrize("junk", [7, "x", [], {"bins": 3}, {"bins": [{"count": 5}]}, None])
@pytest.mark.parametrize(
    "key", ["calibration", "confusion", "classes", "baseline", "comparison", "test"]
)
def test_junk_in_the_result_leaves_a_page(run, key, junk):
    run.change_result(**{key: junk})
    run.change(audit=junk, seconds={"training": junk} if junk else {})
    check_form(run.page())


def test_a_run_that_has_just_begun_has_a_page(run):
    shutil.rmtree(run.folder / "model")
    shutil.rmtree(run.folder / "arrays")
    (run.folder / "log.jsonl").write_text('{"turn": 3, "reader": null}\n{"turn": 4, "rea')
    run.change(result={}, numbers={}, data=[], seconds={}, state="running", turns=0)
    page = run.page()
    check_form(page)
    assert "no result yet" in page.words
    assert "(not finished)" in page.words


# What it says


def test_the_counts_of_the_page_are_those_of_the_answers(run):
    page, result = run.page(), run.json["result"]
    wrong = result["examples"] - sum(row[i] for i, row in enumerate(result["confusion"]))
    assert wrong > 0
    assert page.text.count('<g class="cross"') == len(result["names"]) + 1  # and the legend's
    assert page.text.count("M-5-5 5 5") == wrong
    assert f"{wrong} mistake" in page.text
    cells = re.findall(r'<td class="(hit|miss)".*?>(?:<b>)?([\d,]+)(?:</b>)?</td>', page.text)
    assert sum(int(number) for kind, number in cells if kind == "miss") == wrong
    assert f"{result['test']['accuracy']:.1%}" in page.words


def test_pictures_of_the_worst_mistakes_are_those_of_the_surest_wrong_answers(run):
    from safetensors.torch import load_file

    found = load_file(run.folder / "arrays" / "predictions.safetensors")
    sure, said = found["probabilities"].max(1)
    wrong = (said != found["label"]).nonzero().flatten()
    worst = int(found["ids"][wrong[sure[wrong].argmax()]])
    pixels = run.data.test.select(torch.tensor([worst]))["image"][0]
    listed = run.page().text.partition("Worst mistake: confidence")[2]
    first = re.search(r'<li><img class="sharp" src="(.*?)"', listed)
    assert first is not None
    assert first[1] == thumbnails.thumbnail(pixels)
    assert run.data.test.name(worst) in listed


def test_a_small_thumbnail_keeps_its_pixels():
    import base64
    import io

    from PIL import Image

    pixels = torch.randint(0, 256, (3, 9, 7), dtype=torch.uint8)
    address = thumbnails.thumbnail(pixels)
    picture = Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))
    assert np.array_equal(np.asarray(picture), pixels.permute(1, 2, 0).numpy())


def test_the_verdict_follows_the_comparison():
    values = {"baseline": {"svm": {"accuracy": 0.9}}}
    base = {"best": "svm", "only_net": 9, "only_baseline": 1, "p": 0.02148}
    for outcome, says in (
        ("better", "Significantly better than the best baseline"),
        ("even", "No significant difference from the best baseline"),
        ("worse", "Significantly worse than the best baseline"),
    ):
        found = page.verdict(values | {"comparison": base | {"outcome": outcome}})
        assert found is not None
        assert found[0] == outcome
        assert says in found[1]
        assert "Only the net is correct on 9 test examples, only the baseline on 1" in found[1]
        assert "p = 0.021" in found[1]
    assert page.verdict(values) is None


@pytest.mark.parametrize(
    ("sure", "right", "ends", "says"),
    [
        (0.97, 0.97, None, "Well calibrated on average"),
        (0.99, 0.80, None, "Overconfident"),
        (0.60, 0.95, None, "Underconfident"),
        (0.99, 0.80, [0.4, 1.0], "Well calibrated on average"),  # of few groups
        (0.99, 0.80, [None, None], "Overconfident"),
    ],
)
def test_calibration_is_said_as_it_is(run, sure, right, ends, says):
    bin_ = {"count": 200, "confidence": sure, "accuracy": right, "interval": ends}
    run.change_result(calibration={"bins": [bin_], "temperature": 1.3}, interval={"accuracy": ends})
    page = run.page()
    assert says in page.words
    share, right = markup.percent(bin_["confidence"]), markup.percent(bin_["accuracy"])
    assert f"At a mean confidence of {share}, accuracy is {right}" in page.words


def test_findings_are_sorted_counted_and_have_pictures(run):
    page = run.page()
    assert "The audit found 1 error and 1 note" in page.words
    folded = page.text[page.text.index("The audit found") :]
    assert folded.index("badge error") < folded.index("badge note")
    assert "… and 4 more" in page.words
    assert "label a, predicted b (91.4%)" in page.words
    assert "2 of them are &lt;b&gt;equal&lt;/b&gt;." in page.text
    assert 'alt="example 1"' in page.text


def test_reads_of_the_test_part_are_counted(run):
    assert "The test split was read once" in run.page().words
    run.change(data=[run.json["data"][0] | {"test_reads": 3}])
    assert "The test split was read 3 times" in run.page().words


def test_the_report_does_not_read_test_again(run):
    entry = run.data.test._record
    before = entry.test_reads
    run.page()
    assert entry.test_reads == before


# The door


def test_brique_report_and_the_verb_write_the_page_of_a_training(tmp_path, capsys):
    digits = data.open("digits")
    image, label = digits.train["image"], digits.train["label"]
    patterns = torch.stack([image[label == n].float().mean(0) / 255 for n in range(10)])
    run = kept(tmp_path / "digits", digits, patterns, source="digits").folder
    path = brique.report(run)
    assert path == run / "report.html"
    first = path.read_bytes()
    page = Page(path)
    check_form(page)
    assert page.sections == SECTIONS
    assert len(page.all("img")) > 60
    capsys.readouterr()
    assert main(["report", str(run)]) == 0
    assert capsys.readouterr().out == f"{path}\n"
    assert path.read_bytes() == first
    assert main(["report", str(run), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "format": 1, "run": str(run), "report": str(path)
    }  # fmt: skip


def test_a_run_whose_data_are_gone_has_a_page(run):
    page = Page(brique.report(run.folder))  # its data, "shapes", were arrays
    check_form(page)
    assert "cannot be opened" in page.words


def test_a_folder_that_is_no_run_is_an_error(tmp_path):
    with pytest.raises(RunError, match="not a run folder"):
        brique.report(tmp_path)


# Parts


def test_the_palette_is_that_of_okabe_and_ito():
    published = {"#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7"}
    assert set(colors.PALETTE) == published
    assert [colors.class_color(n)[1] for n in (0, 7, 8, 15, 16)] == [
        False,
        False,
        True,
        True,
        False,
    ]


def luminance(color):
    parts = [part / 255 for part in colors.rgb(color)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_letters_stand_out_in_both_schemes():
    """WCAG 2.2, 1.4.3: a contrast of 4.5 or more."""
    style = (Path(room.__file__).parent / "style.css").read_text()
    light, dark = re.findall(r":root\{(color-scheme:.*?)\}", style)[:2]
    for scheme in (light, dark):
        named = dict(re.findall(r"--(\w+):(#[0-9a-f]{3,6})", scheme))
        full = {
            k: v if len(v) == 7 else "#" + "".join(2 * c for c in v[1:]) for k, v in named.items()
        }
        for ink in ("ink", "muted", "accent", "good", "bad", "warn"):
            for ground in ("paper", "card"):
                a, b = sorted((luminance(full[ink]), luminance(full[ground])), reverse=True)
                assert (a + 0.05) / (b + 0.05) >= 4.5, (ink, ground)


def test_axes_hold_their_values():
    for low in (0.0, 0.31, 0.74, 0.9, 0.951, 0.999, 1.0):
        for high in (0.0, 0.05, 0.4, 0.95, 1.0):
            if high < low:
                continue
            axis = chart.share_axis(low, high)
            assert 0 <= axis.low <= low
            assert high <= axis.high <= 1
            assert 2 <= len(axis.ticks) <= 6
        assert chart.share_axis(low).position(1.0) == 100
    for values in ([2.0, 0.001], [0.5, 0.4], [0.0, 3.0], [-2.0, 5.0], [0.7], [0.0]):
        axis = chart.loss_axis(values)
        assert axis.low <= min(values)
        assert axis.high >= max(values)
        assert 2 <= len(axis.ticks) <= 12
    assert chart.loss_axis([1.0, 0.01]).position(0.1) == 50
    assert chart.integer_axis(942).position(471) == 50


def test_numbers_read_the_same_everywhere():
    assert markup.percent(0.9916) == "99.2%"
    assert markup.percent(None) == markup.percent(float("nan")) == "—"
    assert markup.format_interval([0.98, 1]) == "98.0% to 100.0%"
    assert markup.seconds(0.4) == "0.40 s"
    assert markup.seconds(390.2) == "6 min 30 s"
    assert markup.text("a\x00b\ud800 \n c") == "a\ufffdb? c"
