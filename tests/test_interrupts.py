"""Asked to stop in any phase: what there is is kept, and the command that goes on is said."""

import os
import shlex
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from brique import data, files, interrupts, page
from brique.cli import main
from brique.errors import Interrupted
from brique.game import Game, Player
from brique.game.play import Play
from brique.recipes.convolutional import lenet5
from brique.run import Launch, Run, launched, outcome, read_run
from brique.tasks import classify
from brique.workbench import training as train

QUICK = ["train", "digits", "--quick", "--out", "r"]
PHASES = {
    "opening": (train, "_open_data"),
    "audit": (train, "summary"),
    "start": (Run, "play"),
    "training": (Play, "__next__"),
    "evaluation": (classify, "evaluate"),
    "saving": (outcome, "save"),
    "report": (page, "write"),
}


@pytest.fixture(autouse=True)
def _signals_are_heard():
    """Let SIGINT and SIGHUP do what they do by default, also where the tests run beside others."""
    kinds = {signal.SIGINT: signal.default_int_handler, signal.SIGHUP: signal.SIG_DFL}
    before = {number: signal.signal(number, kind) for number, kind in kinds.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def asking(patch: Any, where: Any, name: str, *numbers: Any):
    """Let a function send signals to this process when it is called the first time."""
    real, left = getattr(where, name), list(numbers)

    def ask(*args: Any, **named: Any):
        while left:
            os.kill(os.getpid(), left.pop(0))
        return real(*args, **named)

    patch.setattr(where, name, ask)


@pytest.mark.parametrize("phase", PHASES)
def test_the_command_that_is_said_goes_on_from_any_phase(
    phase: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    number = {"audit": signal.SIGHUP, "training": signal.SIGHUP, "saving": signal.SIGINT}
    with monkeypatch.context() as patch:
        asking(patch, *PHASES[phase], number.get(phase, signal.SIGTERM))
        assert main(QUICK) == 130
    out, err = capsys.readouterr()
    said = err.splitlines()[-1]
    assert out == ""
    if phase in ("opening", "audit"):
        way = f"restart with: brique {shlex.join(QUICK)}"
        assert said == f"brique: interrupted before anything was saved; {way}"
        assert not Path("r").exists()
    else:
        assert said.startswith("brique: stopped")
        assert said.endswith("; go on with: brique resume r")
        assert read_run("r").state == ("finished" if phase == "report" else "stopped")
    assert main(shlex.split(said.partition(" with: brique ")[2])) == 0
    assert read_run("r").state == "finished"
    assert (Path("r") / "report.html").is_file()


def two_stages(args: Any):
    """One number learns to be one, twice."""
    run = Run.start(__file__, args)
    net = run.place(nn.Linear(1, 1))

    def loss(_: Any):
        return (net(torch.ones(1, 1)) - 1).square().mean()

    for name in ("first", "second"):
        game = Game(Player("p", net, loss, lambda own: torch.optim.SGD(own, lr=0.1)))
        for turn in run.play(game, data.nothing(9), name=name):
            if turn.index == args.turns:
                break
        if not run.memory.get("is asked"):
            run.memory["is asked"] = True
            os.kill(os.getpid(), signal.SIGINT)
    return run.finish(net=net, task="none")


def test_the_end_of_a_stage_is_kept_when_it_is_stopped_before_the_next():
    for turns in (5, 99):
        out = Path(str(turns))
        with (
            pytest.raises(Interrupted, match="stopped; go on with: brique resume"),
            launched(Launch(out=out, quiet=True)),
        ):
            two_stages(lenet5.Args(turns=turns))
        assert [one.name for one in (out / "checkpoints").glob("stage-*")] == ["stage-00"]
        assert read_run(out).state == "stopped"
        with launched(Launch(out=out, quiet=True, resume=True)):
            run = Run.start(__file__, lenet5.Args(turns=turns))
            run.place(nn.Linear(1, 1))
            assert read_run(out).state == "running"


def test_a_second_ctrl_c_ends_at_once_and_says_how_to_go_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    class Ended(BaseException):
        pass

    def end(code: int):
        raise Ended(code)

    monkeypatch.setattr(interrupts.os, "_exit", end)
    asking(monkeypatch, Play, "__next__", signal.SIGHUP, signal.SIGHUP)
    asking(monkeypatch, outcome, "update_record", signal.SIGINT, signal.SIGINT)
    with pytest.raises(Ended, match="130"):
        main(["run", "lenet5", "--turns", "3", "--out", "r"])
    err = capsys.readouterr().err
    assert err.splitlines()[-1] == "brique: stopped at once; go on with: brique resume r"
    assert read_run("r").state == "stopped"


def test_an_ignored_hangup_stays_ignored(monkeypatch: pytest.MonkeyPatch):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        asking(monkeypatch, Play, "__next__", signal.SIGHUP)
        assert main(["run", "lenet5", "--turns", "3", "--out", "r"]) == 0
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_the_signals_are_as_they_were_after_a_command(capsys: pytest.CaptureFixture[str]):
    before = [signal.getsignal(one) for one in interrupts.SIGNALS]
    assert main(["list"]) == 0
    assert [signal.getsignal(one) for one in interrupts.SIGNALS] == before


def test_a_run_that_fails_says_why_in_its_record(monkeypatch: pytest.MonkeyPatch):
    words = ["run", "lenet5", "--turns", "3", "--out", "r"]

    def fail(*_: Any, **__: Any):
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(outcome, "save", fail)
        with pytest.raises(ZeroDivisionError):
            main(words)
    assert read_run("r").state == "failed: ZeroDivisionError"
    assert main(["resume", "r"]) == 0
    assert read_run("r").state == "finished"


def test_a_run_that_the_disk_refuses_says_why_and_how_to_go_on(capsys: pytest.CaptureFixture[str]):
    words = ["run", "lenet5", "--turns", "3", "--out", "r"]
    with files.faults({}) as count:
        assert main([*words[:-1], "whole"]) == 0
        operations = count()
    capsys.readouterr()
    with files.faults({operations - 12: "fail"}):
        assert main(words) == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        "brique: cannot write r/model: No space left on device; free some space, then go on"
        " with: brique resume r"
    )
    assert read_run("r").state == "failed: disk full"
    assert main(["resume", "r"]) == 0
    assert Path("r/log.jsonl").read_text() == Path("whole/log.jsonl").read_text()
