"""A run that is stopped, killed or out of disk goes on as if nothing had happened."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest
import torch
from torch import nn

from brique import data, files
from brique.errors import PlayError, RunError, StoreError
from brique.game import Game, Player
from brique.recipes.convolutional import lenet5
from brique.recipes.generative import gan
from brique.run import Launch, Run, launched, read_run
from brique.tasks.classify import train
from resuming import Outcome, alone, assert_equal, stopped

SYSTEMS = {
    "lenet5": (lenet5, {"turns": 100}, ["run", "lenet5", "--turns", "300"]),
    "gan": (gan, {"turns": 60}, ["run", "gan", "--turns", "200"]),
    "train": (
        train,
        {"turns": 200, "width": 8, "patience": 1, "lr": 0.02, "average": 0.6},
        ["train", "digits", "--epochs", "20"],
    ),
}
STOPS_EARLY = ["-m", "brique.tasks.classify.train"]
"""A training file run as a file: its flags reach what `brique train` decides by the data."""


@pytest.mark.parametrize("system", SYSTEMS)
def test_stopped_at_thirty_turns_equals_the_run_left_alone(system, tmp_path, monkeypatch):
    module, settings, _ = SYSTEMS[system]
    args = module.Args(**settings)
    whole = alone(module.main, args, tmp_path / "whole")
    turns = read_run(tmp_path / "whole").turns
    assert (turns < args.turns) == (system == "train")  # its patience ends it early
    stops = sorted(random.Random(0).sample(range(turns - 1), 30))
    pieces = stopped(module.main, args, tmp_path / "pieces", stops, monkeypatch)
    assert_equal(whole, pieces)
    assert len(whole.log.splitlines()) > 10


def spelled(command: list[str], out: Path) -> list[str]:
    module = [] if command[0] == "-m" else ["-m", "brique"]
    return [sys.executable, *module, *command, "--out", str(out)]


def kill_and_resume(command: list[str], out: Path, kills: int, seed: int) -> int:
    """Run a command, killed so many times at moments between two turns; return the kills landed."""
    draw = random.Random(seed)
    command = spelled(command, out)
    resume = [sys.executable, "-m", "brique", "resume", str(out)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    landed = 0
    log = out / "log.jsonl"
    while landed < kills:
        start = [command, resume][(out / "run.json").exists()]
        process = subprocess.Popen(
            start, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        before = log.stat().st_size if log.exists() else 0
        begun = time.monotonic()
        while process.poll() is None and time.monotonic() - begun < 120:
            size = log.stat().st_size if log.exists() else 0
            if size > before:  # a turn was logged by this process
                break
            before = min(before, size)  # cut back to the checkpoint
            time.sleep(0.005)
        if process.poll() is not None:
            assert process.returncode == 0, process.stderr.read().decode()
            break
        time.sleep(draw.random() * 0.3)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stderr.close()
        landed += not list(out.glob("checkpoints/stage-*"))  # training was not over
    done = subprocess.run(resume, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return landed


def killed_equals_whole(command: list[str], folder: Path, kills: int) -> int:
    whole = folder / "whole"
    subprocess.run(
        spelled(command, whole),
        env=os.environ | {"OMP_NUM_THREADS": "1"}, check=True, capture_output=True,
    )  # fmt: skip
    landed = kill_and_resume(command, folder / "killed", kills, seed=kills)
    a, b = (Outcome.of(f, read_run(f).numbers) for f in (whole, folder / "killed"))
    assert_equal(a, b)
    return landed


def test_killed_equals_the_run_left_alone(tmp_path):
    system = [*SYSTEMS][date.today().toordinal() % len(SYSTEMS)]  # each day another
    assert killed_equals_whole(SYSTEMS[system][2], tmp_path, kills=2) >= 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ["run", "lenet5", "--turns", "1500"],
        ["run", "gan", "--turns", "1500"],
        ["train", "digits", "--epochs", "40"],
        [*STOPS_EARLY, "--patience", "2", "--turns", "900"],
    ],
    ids=" ".join,
)
def test_killed_twenty_times_equals_the_run_left_alone(command, tmp_path):
    landed = killed_equals_whole(command, tmp_path, kills=20)
    print(f"{' '.join(command)}: {landed} kills landed between the first and the last turn")
    assert landed == 20


def small(args) -> dict[str, float]:
    """Three numbers learn to be one; a recipe that saves after every turn."""
    run = Run.start(__file__, args)
    net = run.place(nn.Linear(1, 3))
    game = Game(
        Player(
            "p",
            net,
            lambda _: (net(torch.ones(1, 1)) - 1).pow(2).mean(),
            lambda n: torch.optim.Adam(n, lr=0.1),
            average=0.9,
        )
    )
    for turn in run.play(game, data.nothing(args.turns), save_every=1):
        run.memory["seen"] = [*run.memory.get("seen", []), turn.index]
        run.log(turn, weight=net.weight.sum())
    return run.finish(seen=len(run.memory["seen"]), net=net, task="none")


@pytest.mark.parametrize("fault", ["fail", "short"])
def test_a_full_disk_leaves_the_previous_checkpoint_good(fault, tmp_path):
    args = lenet5.Args(turns=6)
    whole = alone(small, args, tmp_path / "whole")
    with files.faults({}) as count, launched(Launch(out=tmp_path / "count", quiet=True)):
        small(args)
        operations = count()
    for number in range(1, operations + 1, 3):
        out = tmp_path / f"run-{number}"
        with files.faults({number: fault}), launched(Launch(out=out, quiet=True)):
            try:
                small(args)
            except StoreError as error:
                assert "No space left" in str(error)  # noqa: PT017
        if not (out / "run.json").exists():
            continue
        if read_run(out).state != "finished":
            with launched(Launch(out=out, quiet=True, resume=True)):
                small(args)
        assert_equal(whole, Outcome.of(out, read_run(out).numbers))


def test_killed_at_every_third_operation_on_the_disk(tmp_path):
    """The process dies in the middle of a write, for real."""
    here = Path(__file__).parent
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from test_resume import small, lenet5, Launch, launched, files, Path\n"
        "import os\n"
        "for number in range(4, 120, 9):\n"
        "    out = Path(sys.argv[2]) / str(number)\n"
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        with files.faults({number: 'kill'}), launched(Launch(out=out, quiet=True)):\n"
        "            small(lenet5.Args(turns=6))\n"
        "        os._exit(0)\n"
        "    os.waitpid(child, 0)\n"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(here), str(tmp_path)],
        check=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    args = lenet5.Args(turns=6)
    whole = alone(small, args, tmp_path / "whole")
    resumed = 0
    for out in sorted(tmp_path.glob("[0-9]*")):
        if not (out / "run.json").exists():
            continue
        if read_run(out).state != "finished":
            resumed += 1
            with launched(Launch(out=out, quiet=True, resume=True)):
                small(args)
        assert_equal(whole, Outcome.of(out, read_run(out).numbers))
    assert resumed > 3


def test_a_flipped_bit_makes_a_checkpoint_nothing(tmp_path, monkeypatch):
    args = lenet5.Args(turns=20)
    whole = alone(small, args, tmp_path / "whole")

    out = tmp_path / "run"
    with launched(Launch(out=out, quiet=True)), pytest.raises(KeyError):
        broken_after(small, args, 10, monkeypatch)
    newest = sorted((out / "checkpoints").glob("turn-*"))[-1] / "state.safetensors"
    raw = bytearray(newest.read_bytes())
    raw[-1] ^= 1
    newest.write_bytes(raw)
    with launched(Launch(out=out, quiet=True, resume=True)):
        numbers = small(args)
    assert_equal(whole, Outcome.of(out, numbers))


def broken_after(main, args, turns, monkeypatch):
    """Run until the loop's body raises."""
    log = Run.log

    def breaking(run, turn=None, **numbers):
        if turn is not None and turn.index >= turns:
            raise KeyError("body")
        log(run, turn, **numbers)

    with monkeypatch.context() as inner:
        inner.setattr(Run, "log", breaking)
        main(args)


def test_an_error_in_the_body_does_not_end_the_stage(tmp_path, monkeypatch):
    args = lenet5.Args(turns=12)
    whole = alone(small, args, tmp_path / "whole")
    with launched(Launch(out=tmp_path / "run", quiet=True)), pytest.raises(KeyError):
        broken_after(small, args, 5, monkeypatch)
    assert not list((tmp_path / "run" / "checkpoints").glob("stage-*"))
    with launched(Launch(out=tmp_path / "run", quiet=True, resume=True)):
        numbers = small(args)
    assert_equal(whole, Outcome.of(tmp_path / "run", numbers))


def test_no_checkpoint_is_taken_of_a_turn_that_failed(tmp_path):
    def diverging(args):
        run = Run.start(__file__, args)
        net = run.place(nn.Linear(1, 1))

        def loss(batch):
            return (net(torch.ones(1, 1)) / (3.0 if batch.turn < 3 else 0.0)).mean()

        game = Game(Player("p", net, loss, lambda n: torch.optim.SGD(n, lr=0.1)))
        for _ in run.play(game, data.nothing(args.turns), save_every=1):
            pass

    with (
        launched(Launch(out=tmp_path / "run", quiet=True)),
        pytest.raises(PlayError, match="turn 3: its loss is"),
    ):
        diverging(lenet5.Args(turns=12))
    assert sorted(p.name for p in (tmp_path / "run" / "checkpoints").iterdir()) == [
        "turn-000002",
        "turn-000003",
    ]


def test_finish_ends_training_where_it_stands(tmp_path, monkeypatch):
    args = lenet5.Args(turns=12)
    with launched(Launch(out=tmp_path / "run", quiet=True)), pytest.raises(KeyError):
        broken_after(small, args, 5, monkeypatch)
    with launched(Launch(out=tmp_path / "run", quiet=True, resume=True, finish=True)):
        numbers = small(args)
    assert numbers["seen"] == 5
    assert read_run(tmp_path / "run").state == "finished"


def test_other_settings_or_source_are_refused(tmp_path, monkeypatch):
    with launched(Launch(out=tmp_path / "run", quiet=True)), pytest.raises(KeyError):
        broken_after(small, lenet5.Args(turns=12), 5, monkeypatch)
    with (
        launched(Launch(out=tmp_path / "run", quiet=True, resume=True)),
        pytest.raises(
            RunError,
            match=r"the run has other settings \(turns, lr\); resume with its own settings, or start a new run\.",
        ),
    ):
        small(lenet5.Args(turns=13, lr=0.2))
    source = tmp_path / "changed.py"
    source.write_text("# changed\n")
    with (
        launched(Launch(out=tmp_path / "run", quiet=True, resume=True)),
        pytest.raises(
            RunError,
            match=r"changed\.py has changed since the run was started; resume with --trust to execute the run's own source\.py, or start a new run\.",
        ),
    ):
        Run.start(source, lenet5.Args(turns=12))


def test_two_processes_on_one_run_folder(tmp_path):
    args = lenet5.Args(turns=12)
    with launched(Launch(out=tmp_path / "run", quiet=True)):
        Run.start(__file__, args).place(nn.Linear(1, 1))
        with (
            launched(Launch(out=tmp_path / "run", quiet=True, resume=True)),
            pytest.raises(
                RunError, match="another process works on this run; wait for it or stop it first"
            ),
        ):
            Run.start(__file__, args)
    with (
        launched(Launch(out=tmp_path / "run", quiet=True)),
        pytest.raises(
            RunError,
            match=r"exists already; go on with 'brique resume .*' if it is a run, or name another folder with --out\.",
        ),
    ):
        Run.start(__file__, args)


def test_a_killed_run_without_a_checkpoint_starts_again(tmp_path):
    args = lenet5.Args(turns=5)
    whole = alone(small, args, tmp_path / "whole")
    out = tmp_path / "run"
    with launched(Launch(out=out, quiet=True)):
        run = Run.start(__file__, args)
        run.log(early=1.0)
    with launched(Launch(out=out, quiet=True, resume=True)):
        numbers = small(args)
    assert_equal(whole, Outcome.of(out, numbers))


def test_the_run_folder_is_complete(tmp_path):
    alone(small, lenet5.Args(turns=5), tmp_path / "run")
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["format"] == 2
    assert record["state"] == "finished"
    assert record["turns"] == 5
    assert record["exactness"] == "bit"
    assert record["settings"]["turns"] == 5
    assert record["source"]["sha256"] == files.sha256(tmp_path / "run" / "source.py")
    assert (tmp_path / "run" / "source.py").read_text() == Path(__file__).read_text()
    assert {"torch", "python", "brique"} <= record["versions"].keys()
    assert {"total", "training"} <= record["seconds"].keys()
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert all(set(line) <= {"turn", "p", "weight"} for line in lines)
