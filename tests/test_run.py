"""What a run does besides playing, and every sentence of it."""

import io
import math
import os
import shutil
import signal
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import nn

from brique import data, files
from brique.data import Data
from brique.errors import Interrupted, PlayError, RunError, ShapeError, StoreError, UsageError
from brique.game import Game, Player
from brique.run import Launch, Run, add_seconds, launched, list_runs, read_run, start
from brique.run.checkpoints import Checkpoints
from brique.run.progress import Progress

SGD = partial(torch.optim.SGD, lr=0.1)


@dataclass(frozen=True)
class Args:
    turns: int = 5
    seed: int = 3


@pytest.fixture
def run(tmp_path: Path):
    with launched(Launch(out=tmp_path / "run", quiet=True)):
        yield Run.start(__file__, Args())


def counting(run: Run, turns: int = 4, dataset: Data | None = None, **settings: Any):
    net = run.place(nn.Linear(1, 1))
    game = Game(Player("p", net, lambda _: net(torch.ones(2, 1)).pow(2).mean(), SGD))
    stream = data.nothing(turns) if dataset is None else dataset.train.batches(2, turns=turns)
    return net, run.play(game, stream, **settings)


def test_nothing_is_written_before_the_first_effect(tmp_path: Path):
    with launched(Launch(out=tmp_path / "run")) as told:
        run = Run.start(__file__, Args())
        assert told.folder == tmp_path / "run"
        assert not (tmp_path / "run").exists()
        run.log(x=1.0)
        assert (tmp_path / "run" / "run.json").exists()


def test_a_run_without_a_launch_lands_under_runs(tmp_path: Path):
    folders = []
    for _ in range(2):
        run = Run.start(__file__, Args())
        run.finish(x=1.0)
        folders.append(run.folder)
    assert folders[0] != folders[1]
    assert [record.name for record in list_runs("runs")] == ["test_run", "test_run"]


def test_stages_have_names_of_their_own(run: Run, tmp_path: Path):
    for name in ("a", "b"):
        _, turns = counting(run, name=name)
        for turn in turns:
            run.log(turn, seen=turn.index)
    numbers = run.finish(done=True)
    assert numbers["a/seen"] == 3
    assert {"a/p", "b/p", "a/seen", "b/seen", "done"} == set(numbers)
    assert read_run(tmp_path / "run").turns == 8


def test_a_stage_named_twice(run: Run):
    list(counting(run, name="a")[1])
    with pytest.raises(
        RunError,
        match=r"run\.play: a stage 'a' was played already; pass each call a name of its own\.",
    ):
        counting(run, name="a")


def test_a_second_stage_without_a_name(run: Run):
    list(counting(run)[1])
    with pytest.raises(
        RunError,
        match=r"run\.play: the first stage has no name; pass each call a name of its own\.",
    ):
        counting(run)
    with pytest.raises(
        RunError, match=r"run\.play: the stage's name 'a/b' holds a '/'; leave it out\."
    ):
        counting(run, name="a/b")


def test_a_loop_left_early_ends_in_the_state_it_had(run: Run):
    net = run.place(nn.Linear(1, 1))
    game = Game(Player("p", net, lambda _: net(torch.ones(2, 1)).pow(2).mean(), SGD))
    for turn in run.play(game, data.nothing(10), name="a"):
        if turn.index == 2:
            break
    left = net.weight.detach().clone()
    with torch.no_grad():
        net.weight.zero_()
    list(counting(run, name="b")[1])
    saved = Checkpoints(run.folder / "checkpoints").stage(0).state["stage"]["play"]
    assert torch.equal(saved["players"]["p"]["parameters"][0], left)
    assert saved["index"] == 3


def test_keep_best_leaves_the_best_weights_and_keeps_the_first_of_ties(run: Run):
    net, turns = counting(run, turns=6)
    scores, seen = [0.0, 2.0, 1.0, 2.0, 0.5, 1.5], []
    for turn in turns:
        seen.append(net.weight.item())
        run.keep_best(net, scores[turn.index])
    assert net.weight.item() == seen[1]


def test_a_score_that_is_none_is_below_all_others(run: Run):
    net, turns = counting(run, turns=4)
    scores, seen = [math.nan, -5.0, math.nan, -6.0], []
    for turn in turns:
        seen.append(net.weight.item())
        run.keep_best(net, scores[turn.index])
    assert net.weight.item() == seen[1]


def test_keep_best_of_a_net_that_was_not_placed(run: Run):
    with pytest.raises(
        RunError, match=r"run\.keep_best: the net was not placed; pass what run\.place returned\."
    ):
        run.keep_best(nn.Linear(1, 1), 1.0)


def test_keep_best_keeps_the_weights_that_it_is_given(run: Run):
    net = run.place(nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1)))
    player = Player("p", net, lambda _: net(torch.rand(4, 1)).sum() + next(net.parameters()).sum(), SGD,
                    average=0.9)  # fmt: skip
    game, kept = Game(player), []
    for turn in run.play(game, data.nothing(5)):
        average = game.averaged(net)
        kept.append([tensor.clone() for tensor in average.state_dict().values()])
        run.keep_best(net, [0.0, 3.0, 1.0, 2.0, 0.0][turn.index], average)
    best = list(net.state_dict().values())
    assert all(torch.equal(a, b) for a, b in zip(best, kept[1], strict=True))


def test_keep_best_of_weights_that_do_not_fit(run: Run):
    net = run.place(nn.Linear(1, 1))
    with pytest.raises(
        RunError, match=r"run\.keep_best: weights= is a net of other shapes than the one placed"
    ):
        run.keep_best(net, 1.0, nn.Linear(2, 1))


def test_arrays_that_are_kept_lie_in_a_file_of_their_own(run: Run):
    run.save_arrays("predictions", label=torch.arange(3), scores=torch.rand(3, 2))
    kept = load_file(run.folder / "arrays" / "predictions.safetensors")
    assert torch.equal(kept["label"], torch.arange(3))
    assert set(kept) == {"label", "scores"}


def test_seconds_are_kept_by_part(run: Run):
    run.record_seconds(evaluation=1.23456, baselines=2)
    run.finish(x=1.0)
    add_seconds(run.folder, {"opening": 10.0, "report": 5.0})
    seconds = read_run(run.folder).json["seconds"]
    assert seconds.pop("total") > 15
    assert seconds == {
        "evaluation": 1.235, "baselines": 2, "training": 0.0, "opening": 10.0, "report": 5.0,
    }  # fmt: skip


def test_test_reads_that_a_resume_repeats_count_once(tmp_path: Path):
    for resume in (False, True):
        digits = data.open("digits")
        test = digits.test
        with launched(Launch(out=tmp_path / "run", quiet=True, resume=resume)):
            run = Run.start(__file__, Args())
            next(iter(test.batches(10)))
            for _ in counting(run, dataset=digits, name="a")[1]:
                next(iter(test.batches(10)))  # which the resume does not repeat
            next(iter(test.batches(10)))
            turns = counting(run, dataset=digits, name="b")[1]
            if resume:
                list(turns)
                run.finish(x=1.0)
            else:
                with pytest.raises(Interrupted):
                    for _ in turns:
                        os.kill(os.getpid(), signal.SIGINT)
        (entry,) = read_run(tmp_path / "run").json["data"]
        assert entry["test_reads"] == 6


def test_stop_when_flat(run: Run):
    said = []
    for value in (0.1, 0.5, 0.4, 0.5, 0.6, 0.6, 0.6):
        run.log(score=value)
        said.append(run.stop_when_flat("score", 2))
    assert said == [False, False, False, True, False, False, True]
    assert not run.stop_when_flat("score", 2, lower=True) or run.stop_when_flat(
        "score", 6, lower=True
    )
    assert not run.stop_when_flat("never logged", 2)


def test_pictures(run: Run):
    pixels = torch.rand(5, 1, 8, 8)
    assert run.picture("five", pixels) is pixels
    with Image.open(run.folder / "pictures" / "five.png") as image:
        assert image.size == (3 * 33 - 1, 2 * 33 - 1)
    net = nn.Sequential(nn.Dropout(0.9), nn.Flatten(), nn.Unflatten(1, (1, 8, 8)))
    assert torch.equal(run.picture("by a net", net, pixels), pixels)
    assert net[0].training
    with pytest.raises(
        ShapeError,
        match=r"run\.picture: flat: expected pictures \(N, 1 or 3, H, W\), got shape \(5, 64\); reshape them\.",
    ):
        run.picture("flat", pixels.flatten(1))
    with pytest.raises(RunError, match="run.picture: 'net' is drawn by a net; pass its inputs too"):
        run.picture("net", net)


def test_noise_by_name_is_a_function_of_seed_and_name(run: Run, tmp_path: Path):
    first = run.noise(4, 3, name="a")
    torch.randn(5)
    assert torch.equal(first, run.noise(4, 3, name="a"))
    assert not torch.equal(first, run.noise(4, 3, name="b"))
    with pytest.raises(PlayError, match="noise: no game is playing"):
        run.noise(4)
    with launched(Launch(out=tmp_path / "other")):
        other = Run.start(__file__, Args(seed=4))
    assert not torch.equal(first, other.noise(4, 3, name="a"))


def test_once_outside_the_loop_just_makes(run: Run):
    assert run.once(lambda x: x + 1, 2) == 3


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ({"x": "text"}, r"run\.finish: x: a number was expected, got a str; pass a float or a tensor with one entry\."),
        ({"net": nn.Linear(1, 1)}, r"run\.finish: the data have no category as target, so the task is unknown; pass task='generate' or another, or task='none'\."),
        ({"net": nn.Linear(1, 1), "answers": "other", "task": "none"}, r"run\.finish: answers='other' is none of the nets \(net\); name the one that answers\."),
    ],
)  # fmt: skip
def test_results_that_cannot_be_kept(run: Run, results: dict[str, Any], message: str):
    with pytest.raises(RunError, match=message):
        run.finish(**results)


def test_a_finished_run_takes_no_more(run: Run):
    run.finish(x=1.0)
    with pytest.raises(RunError, match="the run is finished; start a new one"):
        run.log(x=2.0)


def test_a_number_that_is_not_finite_is_null_in_the_log(run: Run):
    run.log(x=float("nan"), y=1.0)
    assert (run.folder / "log.jsonl").read_text() == '{"x": null, "y": 1.0}\n'


def test_a_game_that_failed_cannot_be_finished(run: Run):
    net = run.place(nn.Linear(1, 1))
    game = Game(Player("p", net, lambda _: net(torch.ones(2, 1)).mean() * float("nan"), SGD))
    with pytest.raises(PlayError, match="turn 0: its loss is nan"):
        list(run.play(game, data.nothing(3)))
    with pytest.raises(
        RunError,
        match="the game stopped with an error in turn 0; fix it and resume, or start a new run",
    ):
        run.finish(x=1.0)


def test_the_signals_are_given_back(run: Run):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    for _ in counting(run)[1]:
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_what_is_no_run_folder(tmp_path: Path):
    with pytest.raises(
        RunError, match=r"nowhere: no such run folder; 'brique runs' lists all runs\."
    ):
        read_run(tmp_path / "nowhere")
    with pytest.raises(
        RunError, match=r"not a run folder \(it has no run\.json\); pass one that brique made\."
    ):
        read_run(tmp_path)
    (tmp_path / "run.json").write_text('{"format": 99}')
    with pytest.raises(
        RunError,
        match=r"the run has format 99, this brique reads up to 2; install a newer brique\.",
    ):
        read_run(tmp_path)
    for text in (
        "",
        "[]",
        "[" * 100_000,
        '{"format": 1}',
        '{"format": "1"}',
        '{"format": 1, "name": 3}',
    ):
        (tmp_path / "run.json").write_text(text)
        with pytest.raises(
            RunError,
            match=r"run\.json: cannot be read as a run's record \(.*\); restore the file, or start a new run\.",
        ):
            read_run(tmp_path)


def test_settings_that_are_none(tmp_path: Path):
    with pytest.raises(
        UsageError, match=r"Run\.start: expected the recipe's Args, got a dict; pass a dataclass\."
    ):
        Run.start(__file__, {"turns": 3})


@pytest.mark.parametrize("device", ["cuda:99", "tpu", "nonsense:x"])
def test_a_device_that_is_not_there(device: str):
    with (
        launched(Launch(device=device)),
        pytest.raises(UsageError, match=rf"--device {device}: no such device here; choose .*cpu\."),
    ):
        Run.start(__file__, Args())


def test_other_nets_than_the_checkpoint_holds(run: Run, tmp_path: Path):
    for _ in counting(run, turns=3, save_every=1)[1]:
        pass
    with launched(Launch(out=tmp_path / "run", quiet=True, resume=True)):
        run._storage.release()
        again = Run.start(__file__, Args())
        again.place(nn.Linear(2, 2))
        with pytest.raises(
            RunError,
            match="the checkpoint holds 1 nets, 2 were placed; resume with the code and settings of the run",
        ):
            counting(again, turns=3)


def test_a_damaged_end_of_a_stage_is_told_and_what_needs_it_is_not_used(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    list(counting(run, name="a")[1])
    list(counting(run, name="b")[1])
    (tmp_path / "run" / "checkpoints" / "stage-00" / "state.json").write_text("{}")
    capsys.readouterr()
    with launched(Launch(out=tmp_path / "run", quiet=True, resume=True)):
        run._storage.release()
        again = Run.start(__file__, Args())
        err = capsys.readouterr().err
        assert "stage-01: stage-00, which it needs, is damaged (state.json has 2 bytes" in err
        assert err.endswith("; turn-000004 is used instead.\n")
        assert list(counting(again, name="a")[1]) == []  # all of its turns are in turn-000004
        assert len(list(counting(again, name="b")[1])) == 4


def test_a_disk_that_refuses_is_told(run: Run):
    with (
        files.faults({1: "fail"}),
        pytest.raises(
            StoreError,
            match="cannot make .*: No space left on device; free some space or choose another folder",
        ),
    ):
        run.log(x=1.0)


class Terminal(io.StringIO):
    def __init__(self, is_live: bool):
        super().__init__()
        self.text, self._is_live = "", is_live

    def isatty(self):
        return self._is_live

    def write(self, text: str):
        self.text += text
        return len(text)


@pytest.mark.parametrize("is_live", [True, False])
def test_progress_is_one_live_line_or_one_line_a_look(is_live: bool):
    out = Terminal(is_live)
    progress = Progress("warm", 40, 0, quiet=False, out=out)
    net = nn.Linear(1, 1)
    game = Game(Player("critic", net, lambda x: net(x).pow(2).mean(), SGD))
    for turn in game.play([torch.ones(2, 1)], turns=40):
        progress.show(turn, {"critic": 0.5} if turn.evaluate else None)
    progress.end()
    assert out.text.count("\n") == (1 if is_live else 20)
    assert "warm  step 40/40  " in out.text
    assert "it/s  eta 0:00  loss 0.5" in out.text
    assert ("\r" in out.text) == is_live


def test_what_was_left_out_of_the_data_is_told_and_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    for name in ("cat", "dog"):
        for number in range(12):
            picture = Image.new("RGB", (16, 16), (number * 9, 40, 99 if name == "cat" else 0))
            (tmp_path / "photos" / name).mkdir(parents=True, exist_ok=True)
            picture.save(tmp_path / "photos" / name / f"{number}.png")
    for number in range(22):
        (tmp_path / "photos" / "cat" / f"bad-{number}.png").write_bytes(b"no picture")
    with launched(Launch(out=tmp_path / "run")):
        run = Run.start(__file__, Args())
        photos = data.open(tmp_path / "photos")
        net = run.place(nn.Linear(1, 1))
        game = Game(Player("p", net, lambda b: net(b.image.mean((1, 2, 3))[:, None]).mean(), SGD))
        list(run.play(game, photos.train.batches(4, turns=2)))
        run.finish(x=1.0)
    said = capsys.readouterr().err
    assert said.count("brique: left out") == 21
    assert "bad-0.png" in said
    assert "brique: left out 2 more; run.json lists all." in said
    assert len(read_run(tmp_path / "run").json["data"][0]["skipped"]) == 22


def test_exact_asks_torch_for_deterministic_operations(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG")
    try:
        start.use_deterministic()
        assert torch.are_deterministic_algorithms_enabled()
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    finally:
        torch.use_deterministic_algorithms(False)


def test_one_of_two_starts_in_one_folder_is_refused_and_writes_nothing(tmp_path: Path):
    with launched(Launch(out=tmp_path / "run", quiet=True)):
        Run.start(__file__, Args(seed=1)).log(loss=1.0)
        before = {p: p.read_bytes() for p in (tmp_path / "run").iterdir()}
        with (
            launched(Launch(out=tmp_path / "run", quiet=True)),
            pytest.raises(RunError, match="exists already; go on with 'brique resume"),
        ):
            Run.start(__file__, Args(seed=2)).log(loss=2.0)
        assert {p: p.read_bytes() for p in (tmp_path / "run").iterdir()} == before


def test_one_of_two_that_begin_at_once_waits_for_no_one(tmp_path: Path):
    with launched(Launch(out=tmp_path / "run", quiet=True)):
        first = Run.start(__file__, Args(seed=1))
        with launched(Launch(out=tmp_path / "run", quiet=True)):
            second = Run.start(__file__, Args(seed=2))  # the folder is free as yet
            first.log(loss=1.0)
            with pytest.raises(RunError, match="exists already"):
                second.log(loss=2.0)
    assert read_run(tmp_path / "run").settings["seed"] == 1


def test_a_run_that_goes_on_elsewhere_is_not_resumed(run: Run, tmp_path: Path):
    run.log(loss=1.0)
    with (
        launched(Launch(out=tmp_path / "run", quiet=True, resume=True)),
        pytest.raises(RunError, match="another process works on this run; wait for it"),
    ):
        Run.start(__file__, Args())


def test_two_starts_in_one_second_get_two_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("time.strftime", lambda *_: "2026-01-01-000000")
    folders = set()
    for seed in range(3):
        with launched(Launch(quiet=True)) as told:
            Run.start(__file__, Args(seed=seed)).log(loss=1.0)
            folders.add(told.folder)
    assert {path.name for path in folders} == {
        f"2026-01-01-000000-test_run{end}" for end in ("", "-2", "-3")
    }


def test_a_full_disk_at_the_start_leaves_no_folder(tmp_path: Path):
    for number in range(2, 12):
        with (
            launched(Launch(out=tmp_path / "run", quiet=True)),
            files.faults({number: "fail"}),
            pytest.raises(StoreError, match="cannot .*: No space left on device"),
        ):
            Run.start(__file__, Args()).log(loss=1.0)
        assert not (tmp_path / "run").exists(), number


def test_what_an_interrupted_write_left_is_no_content_of_a_folder(tmp_path: Path):
    (tmp_path / "run").mkdir()
    for name in (".lock", ".run.json.17.part"):
        (tmp_path / "run" / name).write_text("")
    with launched(Launch(out=tmp_path / "run", quiet=True)):
        Run.start(__file__, Args()).log(loss=1.0)
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == [
        ".lock", "log.jsonl", "run.json", "source.py",
    ]  # fmt: skip


def test_an_interrupted_write_is_no_checkpoint(run: Run, tmp_path: Path):
    for _ in counting(run, turns=3, save_every=1)[1]:
        pass
    run._storage.release()
    folder = tmp_path / "run/checkpoints"
    newest = Checkpoints(folder).newest()
    assert newest is not None
    shutil.copytree(folder / "turn-000003", folder / ".stage-00.17.part")
    text = (folder / ".stage-00.17.part/state.json").read_text()
    (folder / ".stage-00.17.part/state.json").write_text(text.replace('"index": ', '"index": 9'))
    again = Checkpoints(folder).newest()
    assert again is not None
    assert again.folder == newest.folder
