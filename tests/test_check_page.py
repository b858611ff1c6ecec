"""The page of an audit, and examples in words: every kind of field, drawn and said."""

import numpy as np
import pytest
import torch

import brique
from brique import data
from brique.data import Ragged, audit
from brique.data.dataset import build
from brique.data.raw.column import Labels, Numbers, Sequences, Texts
from brique.data.raw.source import Source
from brique.data.rows import describe
from brique.page import audit as audit_page
from brique.page import field_html
from brique.page.spectrogram import spectrogram
from brique.schema import Boxes, Mask, Number, Picture, Signal, Tags, Timestamp, Tree


def everything(n=12):
    """Return a data set that has a field of every kind."""
    draw = np.random.default_rng(0)
    pixels = torch.from_numpy(draw.integers(0, 256, (n, 3, 16, 24), dtype=np.uint8))
    trees = Ragged.of([torch.tensor([3, 4, 0])] * n, [torch.tensor([2, 2, -1])] * n)
    boxes = Ragged.of([torch.tensor([[1.0, 2.0, 9.0, 12.0]])] * n)
    fields = {
        "image": pixels,
        "mask": torch.from_numpy(draw.integers(0, 2, (n, 16, 24), dtype=np.uint8)),
        "boxes": boxes,
        "classes": Ragged(torch.zeros(n, dtype=torch.long), boxes.offsets),
        "sound": Ragged.of([torch.rand(1000 + i, 1) - 0.5 for i in range(n)]),
        "when": torch.arange(n) * 86_400,
        "size": Numbers(np.array([float("nan"), *range(1, n)]), unit="cm"),
        "color": Labels(["red", "blue", None, "<i>"] * (n // 4)),
        "words": Texts([f"the {i} cat <sat>".split() for i in range(n)]),
        "tags": Sequences([["DET", "NUM", "NOUN", "VERB"]] * n),
        "tree": trees,
        "pair": torch.arange(2 * n).view(n, 2),
        "label": Labels(["a", "b", "c"] * (n // 3), is_target=True),
    }
    kinds = {
        "image": Picture((3, 16, 24)),
        "mask": Mask(("sky", "road"), (16, 24)),
        "boxes": Boxes((16, 24)),
        "classes": Tags(("car",)),
        "sound": Signal(1, rate=500.0),
        "when": Timestamp(),
        "tree": Tree(("good", "film")),
        "pair": Number(shape=(2,), is_integer=True),
    }
    source = Source("all", fields, kinds, ("label",), notes=["all: a <note>."])
    source.skipped.append(("a<b>.png", "is <damaged>"))
    return build(source)


SAID = {
    "image": "24 x 16, brightness 0.",
    "mask": "road 5",
    "boxes": "(1, 2, 9, 12)",
    "classes": "car",
    "sound": "2.0",
    "when": "1970-01-0",
    "color": "",
    "words": "cat <sat>",
    "tags": "DET NUM NOUN VERB",
    "tree": "good film",
    "pair": " ",
}


def test_every_kind_is_said_in_a_few_words():
    opened = everything()
    [example] = describe.describe_examples(opened, [1])
    assert example["size"] == "1"
    assert describe.describe_examples(opened, [0])[0]["size"] == ""
    assert list(example) == list(opened.schema.fields)
    for name, words in SAID.items():
        assert words in example[name] or name == "mask", (name, example[name])
    said = describe.describe_fields(opened)
    assert said["size"].startswith("number of cm, mean ")
    assert "some missing (filled with " in said["size"]
    assert said["pair"] == "2 whole numbers"
    assert said["sound"] == "signal of 1 channel, 500 a second"
    assert said["mask"] == "mask, 24 x 16, 2 classes"
    assert said["tree"] == "tree over 2 words"
    assert said["image"] == "picture, 24 x 16, color"


def test_every_kind_is_drawn_and_escaped():
    opened = everything()
    html = field_html.render_example(opened, 1)
    assert "&lt;sat&gt;" in html["words"]
    assert html["tree"] == "<p>(good film)</p>"
    assert html["boxes"].count("<rect") == 1
    assert 'aria-label="car"' in html["boxes"]
    assert "<image " in html["boxes"]
    assert html["sound"].count("<polyline") == 1
    assert html["tags"].count("<small>/") == 4
    assert "sky" in html["mask"]
    page = audit_page.compose(
        opened, [one.to_json() for one in audit.findings(opened)], "1 <error>"
    )
    for raw in ("<note>", "<damaged>", "<i>", "<sat>", "<error>", "<script"):
        assert raw not in page
    assert page.count("<h1>") == 1
    assert len(page.encode()) < 2_000_000


def test_the_same_page_is_written_again_byte_for_byte(tmp_path):
    for name in ("a.html", "b.html"):
        brique.check("digits", html=tmp_path / name)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    assert "1,797 examples" in (tmp_path / "a.html").read_text()


@pytest.mark.parametrize(
    "name", ["size", "when", "color", "words", "tags", "tree", "boxes", "mask"]
)
def test_kinds_survive_json(name):
    opened = everything()
    again = type(opened.schema).from_json(opened.schema.to_json())
    assert again[name] == opened.schema[name]


def test_arrays_are_shown_too():
    opened = data.arrays(x=torch.rand(20, 3), label=[0, 1] * 10)
    assert describe.describe_examples(opened, [0])[0]["x"].count(" ") == 2


def test_rows_of_numbers_are_curves():
    opened = data.arrays(past=torch.rand(20, 12, 2), x=torch.rand(20, 3), label=[0, 1] * 10)
    html = field_html.render_example(opened, 0)
    assert html["past"].count("<polyline") == 2
    assert "12 x 2 numbers" in html["past"]
    assert "<polyline" not in html["x"]


def test_a_tone_is_dark_at_its_pitch():
    rate = 8000
    moments = torch.arange(rate) / rate
    tone = torch.sin(2 * torch.pi * 1000 * moments)[:, None]
    picture = spectrogram(tone, rate)
    assert picture.shape == (1, 64, 192)
    mel = 1127 * torch.tensor(1 + 1000 / 700).log() / (1127 * torch.tensor(1 + 4000 / 700).log())
    assert abs(int(picture[0, :, 96].argmin()) - (63 - 63 * float(mel))) <= 1.5
    assert picture.max() == 1  # what is 60 decibels softer is white
    assert spectrogram(torch.zeros(5, 2), rate).shape == (1, 64, 192)  # shorter than a window


@pytest.mark.parametrize(("rate", "is_heard"), [(8000.0, True), (50.0, False), (None, False)])
def test_sounds_have_their_spectrogram_and_other_signals_have_none(rate, is_heard):
    kind = Signal(1, rate=rate)
    signals = Ragged.of([torch.rand(400, 1) for _ in range(4)])
    source = Source("s", {"heard": signals}, {"heard": kind})
    html = field_html.render_example(build(source), 1)["heard"]
    assert ("spectrogram, up to 4 kHz" in html) is is_heard
    assert html.count("<polyline") == 1
