"""One way in, one way out: the same pictures get the same answers, wherever they come in."""

from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image

from brique import data, model, nets
from brique.bricks import Temperature
from brique.game import Game, Player
from brique.inference import eval_mode
from brique.tasks import classify

COUNT = 200
MODES = ("RGB", "L", "RGBA", "P", "LA", "1", "I;16")
SIZES = ((24, 24), (31, 17), (40, 65), (9, 12), (150, 90))  # width, height


def picture(number, generator):
    """Return a picture in a size and mode of its own; even numbers are bright on the left."""
    width, height = SIZES[number % len(SIZES)]
    mode = MODES[number % len(MODES)]
    light = np.linspace(255, 0, width) if number % 2 == 0 else np.linspace(0, 255, width)
    pixels = light[None, :, None] * 0.6 + generator.uniform(0, 100, (height, width, 4))
    if mode == "I;16":
        return Image.fromarray((pixels[:, :, 0] * 257).astype(np.uint16))
    whole = Image.fromarray(pixels.astype(np.uint8))  # (H, W, 4): with transparency
    return whole.convert("RGB").convert(mode) if mode in ("P", "1") else whole.convert(mode)


def decoded(path):
    """Return the pixels of a file as another program would hold them."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGBA") if image.mode in ("P", "LA") else image)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder of 200 pictures by class, of many sizes and modes."""
    folder = tmp_path_factory.mktemp("golden") / "photos"
    generator = np.random.default_rng(0)
    for number in range(COUNT):
        place = folder / ("left" if number % 2 == 0 else "right")
        place.mkdir(parents=True, exist_ok=True)
        picture(number, generator).save(place / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def opened(folder):
    return data.open(folder, size=20)


@pytest.fixture(scope="module")
def loaded(opened, tmp_path_factory):
    """Return a model that has learned, with a temperature, saved and loaded."""
    torch.manual_seed(0)
    net = nets.residual(**nets.residual_arguments(opened.schema), width=8, stages=2)
    adam = partial(torch.optim.AdamW, lr=3e-3)
    game = Game(
        Player("reader", net, lambda some: classify.loss(net(some.image), some.label), adam)
    )
    for _ in game.play(opened.train.batches(32, turns=60, seed=0), seed=0):
        pass
    next(part for part in net.modules() if isinstance(part, Temperature)).value.fill_(1.7)
    made = nets.built_by(net)
    origin = model.Origin(made["builder"], made["arguments"], None)
    saved = tmp_path_factory.mktemp("golden") / "model"
    facts = {"answers": "net", "task": "classify", "scores": {}, "made_by": {}}
    facts["schema"] = opened.schema.to_json()
    part = model.SavedNet(net, origin, [((1, *opened.schema["image"].shape), torch.float32)])
    model.save(saved, saved_nets={"net": part}, arrays={}, metadata=facts)
    return model.load(saved)


@pytest.fixture(scope="module")
def streamed(opened, loaded):
    """Return the probabilities (K,) of each file, by way of the parts' streams."""
    found = {}
    with eval_mode(loaded.net):
        for split in (opened.train, opened.valid, opened.test):
            for batch in split.batches(64):
                rows = loaded.net(batch.image).softmax(dim=1)
                names = [split.name(int(id)) for id in batch.ids]
                found |= dict(zip(names, rows, strict=True))
    return found


def check(answers, files, streamed, names):
    assert len(files) == COUNT == len(streamed)
    for answer, file in zip(answers, files, strict=True):
        expected = streamed[file]
        assert answer.answer == names[int(expected.argmax())], file
        chances = torch.tensor([answer.probabilities[name] for name in names])
        assert torch.allclose(chances, expected, rtol=0, atol=1e-6), file


def test_files_are_answered_as_in_the_stream(folder, opened, loaded, streamed):
    files = sorted(streamed)
    answers = loaded.predict([folder / file for file in files])
    check(answers, files, streamed, opened.schema["label"].names)


def test_arrays_are_answered_as_in_the_stream(folder, opened, loaded, streamed):
    files = sorted(streamed)
    answers = loaded.predict([decoded(folder / file) for file in files])
    check(answers, files, streamed, opened.schema["label"].names)


def test_the_judgement_has_the_same_probabilities(opened, loaded, streamed):
    arrays = classify.evaluate(loaded.net, opened, compare=False).arrays
    for id, row in zip(arrays["ids"], arrays["probabilities"], strict=True):
        assert torch.allclose(row, streamed[opened.test.name(int(id))], rtol=0, atol=1e-6)


def test_the_pictures_are_told_apart_and_the_temperature_counts(opened, loaded, streamed):
    """Else the tests above could not fail."""
    rows = torch.stack(list(streamed.values()))
    assert float(rows.std(dim=0).min()) > 0.1
    temperature = next(part for part in loaded.net.modules() if isinstance(part, Temperature))
    assert float(temperature.value) == pytest.approx(1.7)
    assert classify.accuracy(loaded.net, opened.test) > 0.8
