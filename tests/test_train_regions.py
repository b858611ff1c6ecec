"""Pictures with masks, and pictures with boxes: trained, judged, reported, resumed, asked."""

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import brique
from brique import catalog, data
from brique.cli import main
from brique.model import load
from brique.run import read_run
from brique.tasks import eval_mode
from brique.tasks.table import TASKS
from brique.workbench.training_data import open_run_data
from regions import boxed, masked
from resuming import alone, assert_equal, stopped

MAIN = {"segment": "mean_iou", "detect": "ap50"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return a function from a task to (data folder, finished quick run)."""
    torch.set_num_threads(1)
    folder, made = tmp_path_factory.mktemp("regions"), {}

    def run(task: str) -> tuple[Path, Path]:
        if task not in made:
            source = (masked if task == "segment" else boxed)(folder / task)
            run = brique.train(source, quick=True, seed=3, out=folder / f"{task}-run")
            made[task] = source, run
        return made[task]

    return run


def settings(task: str, source: Path):
    module = catalog.load_training_file(task)
    quick = module.QUICK | {"turns": 12}
    options = data.Options() if task == "segment" else data.Options(size=64)
    return module.main, module.Args(
        data=str(source), options=options, seed=3, batch_size=4, **quick
    )


@pytest.mark.parametrize("task", MAIN)
def test_the_quick_form_learns_and_is_judged_beside_simple_methods(task, trained):
    _, run = trained(task)
    record = read_run(run)
    assert (record.state, record.train, record.result["task"]) == ("finished", task, task)
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    player = {"segment": "segmenter", "detect": "detector"}[task]
    losses = [row[player] for row in rows if player in row]
    assert losses[-1] < 0.8 * losses[0]
    values, main_score = record.result, MAIN[task]
    low, high = values["interval"][main_score]
    assert low <= values["test"][main_score] <= high
    assert len(values["baseline"]) == (2 if task == "segment" else 3)
    assert values["comparison"]["best"] in values["baseline"]
    assert record.json["data"][0]["test_reads"] == 1
    assert TASKS[task].sentence(values)[-1] != " "
    page = (run / "report.html").read_text()
    assert "Worst and best" in page
    assert "Metrics by class" in page or "Precision and recall" in page
    assert "is missing: run.json" not in page


@pytest.mark.parametrize("task", MAIN)
def test_stopped_and_resumed_it_ends_in_equal_bits(task, trained, tmp_path, monkeypatch):
    main_of, args = settings(task, trained(task)[0])
    whole = alone(main_of, args, tmp_path / "whole")
    pieces = stopped(main_of, args, tmp_path / "pieces", [3, 8], monkeypatch)
    assert_equal(whole, pieces)


@pytest.mark.parametrize("task", MAIN)
def test_predict_says_of_files_what_the_net_says_of_the_stream(task, trained):
    source, run = trained(task)
    model = load(run)
    opened = open_run_data(str(source), read_run(run).settings, model.schema)
    batch = next(iter(opened.valid.batches(len(opened.valid))))
    files = [source / opened.valid.name(int(number)) for number in opened.valid.ids]
    with eval_mode(model.net):
        direct = TASKS[task].predict(model.net, batch, model.schema)
    asked = model.predict(files)
    for one, other in zip(asked, direct, strict=True):
        if task == "segment":
            assert torch.equal(one.mask, other.mask)
            assert one.answer == other.answer
        else:
            assert one.classes == other.classes
            assert one.scores == pytest.approx(other.scores, abs=1e-6)


def test_a_mask_comes_as_a_picture_of_class_numbers(trained, capsys):
    source, run = trained("segment")
    assert main(["predict", str(run), str(source / "images" / "0.png"), "--json"]) == 0
    (answer,) = json.loads(capsys.readouterr().out)["answers"]
    assert answer["mask"]["size"] == [64, 48]
    png = Image.open(io.BytesIO(base64.b64decode(answer["mask"]["png"])))
    numbers, names = np.asarray(png), answer["mask"]["names"]
    assert numbers.shape == (48, 64)
    shares = {names[k]: float((numbers == k).mean()) for k in np.unique(numbers)}
    assert answer["answer"] == pytest.approx(shares)
    assert sum(answer["answer"].values()) == pytest.approx(1)


def test_boxes_come_in_pixels_of_the_picture_as_it_was_given(trained, capsys, tmp_path):
    source, run = trained("detect")
    model = load(run)
    model.net.get_submodule("head.threshold").value.fill_(0.01)
    path = source / "images" / "3.png"
    small = Image.open(path)
    (one,) = model.predict([path])
    assert one.boxes
    assert any(max(box) > 64 for box in one.boxes)  # it is 96 pixels wide, the net takes fewer
    assert all(0 <= x0 <= x1 <= 96 and 0 <= y0 <= y1 <= 64 for x0, y0, x1, y1 in one.boxes)
    for given in (small, np.asarray(small), {"image": path}):
        (same,) = model.predict([given])
        assert np.allclose(same.boxes, one.boxes)
    twice = small.resize((192, 128), Image.Resampling.NEAREST)
    (large,) = model.predict([twice])
    near = [min(abs(np.subtract(box, other)).max() for other in one.boxes)
            for box in np.array(large.boxes[:3]) / 2]  # fmt: skip
    assert max(near) < 2
    assert main(["predict", str(run), str(path), "--json"]) == 0
    (answer,) = json.loads(capsys.readouterr().out)["answers"]
    assert set(answer) >= {"answer", "boxes"}
    assert all(set(box) == {"box", "class", "score"} for box in answer["boxes"])
    assert main(["predict", str(run), str(path)]) == 0


@pytest.mark.parametrize("task", MAIN)
def test_evaluate_repeats_the_judgement_and_takes_pictures_of_another_size(task, trained, tmp_path):
    source, run = trained(task)
    found = brique.evaluate(run)
    assert found["test"] == read_run(run).result["test"]
    assert found["notes"] == [f"the data are read from {source}."]
    other = masked(tmp_path / "other", 20) if task == "segment" else \
        boxed(tmp_path / "other", 20, (128, 64))  # fmt: skip
    assert brique.evaluate(run, other)["examples"] >= 4


def test_from_published_weights_a_detector_starts_and_can_be_frozen(trained, tmp_path):
    from safetensors.torch import save_file

    from brique import nets, transfer

    source, _ = trained("detect")
    published = nets.squeezenet(3, 1000).get_submodule("body.features").state_dict()
    tensors = {f"features.{name}": value.contiguous() for name, value in published.items()}
    save_file(tensors, tmp_path / "weights.safetensors")
    opened = data.open(source, size=64)
    started = transfer.load_pretrained(tmp_path / "weights.safetensors", opened.schema)
    assert "tensors of weights.safetensors (SqueezeNet 1.1); a new head for" in started.summary
    kept = started.net.get_submodule("body.features").state_dict()
    assert all(torch.equal(kept[name], value) for name, value in published.items())
    run = brique.train(
        source, start=tmp_path / "weights.safetensors", freeze=True, epochs=1, size=64,
        out=tmp_path / "run",
    )  # fmt: skip
    after = load(run).net.get_submodule("body.features").state_dict()
    assert all(torch.equal(after[name], value) for name, value in published.items())
    with pytest.raises(brique.errors.ModelError, match="a detector cannot start from"):
        transfer.load_pretrained(run, opened.schema)
