"""Runs that are stopped on the way and resumed, beside the same run left alone."""

import json
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from safetensors.torch import load_file

from brique.errors import Interrupted
from brique.game.play import Play
from brique.run import Launch, launched


@dataclass
class Outcome:
    """What a run left: its numbers, its log, the bytes of its model, its last checkpoint."""

    numbers: dict[str, float]
    log: str
    model: dict[str, bytes]
    end: dict[str, bytes]
    folder: Path

    @classmethod
    def of(cls, folder: Path, numbers: dict[str, float]) -> "Outcome":
        model = {f.name: f.read_bytes() for f in sorted((folder / "model").glob("*.safetensors"))}
        ends = sorted((folder / "checkpoints").glob("stage-*"))
        tensors = {
            f"{end.name}/{name}": tensor.contiguous().view(-1).numpy().tobytes()
            for end in ends
            for name, tensor in load_file(end / "state.safetensors").items()
        }
        return cls(numbers, (folder / "log.jsonl").read_text(), model, tensors, folder)


def assert_equal(a: Outcome, b: Outcome) -> None:
    """Assert that two runs left the same, bit for bit."""
    assert a.log == b.log
    assert a.numbers == b.numbers
    assert a.model == b.model
    assert a.end.keys() == b.end.keys()
    assert [name for name in a.end if a.end[name] != b.end[name]] == []


def alone(main: Callable, args: object, out: Path) -> Outcome:
    """Run without a stop."""
    with launched(Launch(out=out, quiet=True)):
        numbers = main(args)
    return Outcome.of(out, numbers)


def stopped(
    main: Callable,
    args: object,
    out: Path,
    stops: Sequence[int],
    patch: pytest.MonkeyPatch,
    *,
    in_all: bool = False,
) -> Outcome:
    """Run, stopped by Ctrl-C in each of the given turns of the process in order, and resumed.

    stops: turns of a stage, rising; each stop lands when a turn of that index is played.
    in_all: they are counted from 1 through all stages instead.
    """
    waiting, landed, played = list(stops), 0, 0
    play_next = Play.__next__

    def next_and_stop(play: Play):
        nonlocal played
        turn = play_next(play)
        played += 1
        if waiting and (played if in_all else turn.index) >= waiting[0]:
            waiting.pop(0)
            os.kill(os.getpid(), signal.SIGINT)
        return turn

    with patch.context() as inner:
        inner.setattr(Play, "__next__", next_and_stop)
        resume = False
        while True:
            with launched(Launch(out=out, quiet=True, resume=resume)):
                try:
                    numbers = main(args)
                except Interrupted as error:
                    assert "brique resume" in str(error)  # noqa: PT017
                    assert json.loads((out / "run.json").read_text())["state"] == "stopped"
                    resume, landed = True, landed + 1
                    continue
            break
    assert landed == len(stops), f"{landed} of {len(stops)} stops landed"
    return Outcome.of(out, numbers)
