"""A run: a folder that keeps what was done, from the settings to the model, and can be resumed."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from brique import files, interrupts
from brique.data.core.record import DataRecord
from brique.errors import RunError
from brique.game import Game, Turn
from brique.game.play import Play
from brique.game.rng import KeyedRng, NoiseKind
from brique.interrupts import StopRequest
from brique.keys import mix, text_key
from brique.run import outcome, start
from brique.run.checkpoints import (
    Checkpoints,
    mismatch_as_run_error,
    snapshot,
    stage_name,
    turn_name,
)
from brique.run.claim import check_exists
from brique.run.image_grid import grid
from brique.run.launch import current
from brique.run.log import Log
from brique.run.nets import PlacedNets
from brique.run.progress import Progress
from brique.run.stage import Stage, check_name

Placed = TypeVar("Placed", bound=nn.Module | Mapping[str, nn.Module])


class Run:
    """One run, from `Run.start` to `finish`.

    folder: where it is kept.
    device: where its nets and noise live.
    seed: of everything random.
    memory: what the loop must remember over a resume: numbers, strings, lists, tensors by name.
    """

    def __init__(self, begun: start.Begun) -> None:
        self.folder: Path = begun.folder
        self.device: torch.device = begun.device
        self.seed: int = int(begun.json["seed"])
        self.memory: dict[str, Any] = {}
        self._begun, self._json = begun, begun.json
        self._log = Log(begun.folder / "log.jsonl")
        self._checkpoints = Checkpoints(begun.folder / "checkpoints")
        begun.launch.folder = begun.launch.out  # one in runs/ gets its name when it is made
        self._nets = PlacedNets()
        self._data: list[DataRecord] = []  # of the streams that were played
        self._stages: list[str] = []  # names of those that ended
        self._stage: Stage | None = None
        self._turns = self._checkpoint_index = 0
        self._training_seconds, self._start_time = 0.0, time.perf_counter()
        self._is_open = self._is_finished = False
        self._is_stop_requested = False  # to stop, in a turn after which the loop was left
        self._rng = KeyedRng(self.device)

    @classmethod
    def start(cls, file: str | Path, args: object) -> "Run":
        """Return a run of a recipe, new or resumed; its folder appears with its first effect.

        file: the recipe, `__file__`.
        args: its settings, a dataclass; a field `seed` seeds everything.
        Raises RunError when the folder is taken, is no run, or belongs to other code or settings;
        UsageError when there is no such device.
        """
        launch = current()
        run = cls(start.begin(Path(file), args, launch))
        if launch.resume:
            run._open()
        return run

    def place(self, nets: Placed) -> Placed:
        """Move a module, or a dict of modules, to the run's device; return it.

        What is placed is in every checkpoint, matched by order on resume.
        """
        self._open()
        for name, net in nets.items() if isinstance(nets, Mapping) else [(None, nets)]:
            self._nets.add(net.to(self.device), name)
        return nets

    def play(
        self,
        game: Game,
        stream: Iterable[Any],
        *,
        name: str | None = None,
        turns: int | None = None,
        save_every: int | None = None,
    ) -> Iterator[Turn]:
        """Play a game turn by turn, saved and logged; continue where a resumed run stopped.

        name: of this stage, where a run has several.
        turns: length, for streams that do not know it.
        save_every: also save after every so many turns.
        Raises RunError when the stage's name is taken, or a checkpoint does not fit.
        """
        self._open()
        self._end_stage()
        self._take_data(stream)
        number, label = len(self._stages), name or ""
        check_name(label, self._stages)
        play = Play(game.state, stream, turns=turns, seed=self.seed, stage=label, reseeds=True)
        self._stage = Stage(
            number, label, game, play, turns_before=self._turns, save_every=save_every
        )
        is_over = self._resume_stage(self._stage)
        if is_over or self._begun.launch.finish:
            play.end()
            self._close_stage(self._stage, write=not is_over)
            return iter(())
        return self._play_stage(self._stage)

    def log(self, turn: Turn | None = None, **numbers: float | Tensor) -> None:
        """Write numbers to the log, with the turn if there is one."""
        self._open()
        values = {name: outcome.as_float(name, value) for name, value in numbers.items()}
        self._log.write(None if turn is None else turn.index, self._stage_name(), values)

    def picture(
        self, name: str, pixels: Tensor | nn.Module, inputs: Tensor | None = None
    ) -> Tensor:
        """Draw pictures side by side into pictures/NAME.png; return their pixels.

        pixels: (N, C, H, W) in [0, 1], or a net that makes them of `inputs`, called in eval mode;
            (T, N, C, H, W) becomes an animation of T frames.
        Raises ShapeError when they are no pictures.
        """
        self._open()
        pixels = outcome.picture_pixels(name, pixels, inputs)
        files.write(self.folder / "pictures" / f"{name}.png", grid(pixels, f"run.picture: {name}"))
        return pixels

    def noise(
        self,
        n: int,
        *shape: int,
        kind: NoiseKind = "normal",
        dtype: torch.dtype | None = None,
        name: str | None = None,
    ) -> Tensor:
        """Return fresh noise (n, *shape); see `Game.noise`.

        name: draws the same by name, anywhere: also outside the loop.
        """
        if name is not None:
            key = mix(self.seed, text_key("noise by name"), text_key(name))
            return self._rng.sample(key, (n, *shape), kind, dtype)
        rng = self._rng if self._stage is None else self._stage.game.state.rng
        return rng.noise(n, *shape, kind=kind, dtype=dtype)

    def once(self, make: Callable[..., Any], *arguments: Any) -> Any:  # noqa: ANN401
        """Return what two losses share, computed once a turn; see `Game.once`."""
        stage = self._stage
        return make(*arguments) if stage is None else stage.game.once(make, *arguments)

    def keep_best(
        self, net: nn.Module, score: float | Tensor, weights: nn.Module | None = None
    ) -> None:
        """Remember the net's weights if the score is its highest; when the loop ends it has them.

        weights: a copy of the net whose weights are kept instead, such as `game.averaged(net)`.
        Ties keep the first. Raises RunError for a net that was not placed.
        """
        self._nets.keep_best(net, outcome.as_float("score", score), weights)

    def stop_when_flat(self, name: str, patience: int, *, lower: bool = False) -> bool:
        """Tell whether the last `patience` numbers logged under a name bring nothing better.

        lower: small numbers are better, as for a loss.
        """
        return self._log.is_flat(self._stage_name(), name, patience, lower=lower)

    def result(self, **values: Any) -> None:  # noqa: ANN401 - JSON
        """Put JSON values under "result" of run.json, such as intervals and baselines."""
        self._json["result"] |= values

    def record_seconds(self, **seconds: float) -> None:
        """Put seconds under "seconds" of run.json, by the name of what they were spent on."""
        self._json["seconds"] |= {name: round(value, 3) for name, value in seconds.items()}

    def save_arrays(self, name: str, **arrays: Tensor) -> None:
        """Write tensors into arrays/NAME.safetensors, such as answers that a report shows."""
        self._open()
        files.write_tensors(self.folder / "arrays" / f"{name}.safetensors", arrays)

    def finish(
        self,
        *,
        answers: str | None = None,
        task: str | None = None,
        **results: nn.Module | Tensor | float,
    ) -> dict[str, float]:
        """End the run: save nets and arrays as its model, and its numbers in run.json.

        answers: name of the net that answers; by default the first.
        task: what the net is for; by default by the data's target.
        results: nets and arrays by the names of their files, numbers by theirs.
        Returns the last number logged under each name, and those given.
        Raises RunError when a net cannot be kept, or the task is unknown.
        """
        self._open()
        self._end_stage()
        model = outcome.FinalModel.from_results(results, answers, task)
        numbers = self._log.last_values() | model.scalars
        schema = self._data[0].schema if self._data else None
        model.save(self.folder / "model", self._json, self._nets, numbers, schema)
        self._json["numbers"] = numbers
        self._save_json("finished")
        self._is_finished = True
        self._release()
        return numbers

    def _open(self) -> None:
        """Make the folder of a new run, or take up that of a resumed one; once."""
        if self._is_open:
            if self._is_finished:
                raise RunError(f"{self.folder}: the run is finished; start a new one.")
            check_exists(self.folder)
            return
        begun, launch = self._begun, self._begun.launch
        if not launch.resume:
            start.create(begun)
            self.folder = begun.folder
            self._log = Log(begun.folder / "log.jsonl")
            self._checkpoints = Checkpoints(begun.folder / "checkpoints")
        launch.folder, launch.lock, self._is_open = self.folder, begun.lock, True
        launch.work.set_up(self.folder, self._write_state, self._save_pending_stage)
        if launch.resume:
            start.complete(begun)
            saved = begun.saved
            self._log.truncate(0 if saved is None else saved.log_size)
            self._log.is_silent = saved is not None
            self._checkpoint_index = 0 if saved is None else saved.state["order"] + 1
            files.write_sealed(self.folder / "run.json", self._json)

    def _take_data(self, stream: object) -> None:
        """Write down the data set of a stream, once."""
        record = getattr(stream, "record", None)
        if isinstance(record, DataRecord) and record not in self._data:
            self._data.append(record)
            start.take_data(self._begun, self._data)

    def _resume_stage(self, stage: Stage) -> bool:
        """Put a stage where the newest checkpoint left it; tell whether it was over then."""
        saved = self._begun.saved
        if saved is None or not self._log.is_silent:
            return False
        ended_stages = saved.state["stages"]
        if stage.number < len(ended_stages):
            is_newest = stage.number == len(ended_stages) - 1 and saved.state["is_end"]
            self._restore(saved.state if is_newest else self._checkpoints.stage(stage.number).state)
            self._log.is_silent = not is_newest
            return True
        self._restore(saved.state)
        self._log.is_silent = False
        return False

    def _write_state(self, state: str) -> None:
        """Write a state into run.json, unless the run is finished or its folder gone."""
        if self._is_finished or not self.folder.is_dir():
            return
        if self._stage is None:  # the data are not open yet: what it says of them stays
            self._json["state"] = state
            files.write_sealed(self.folder / "run.json", self._json)
        else:
            self._save_json(state)

    def _save_pending_stage(self) -> None:
        """Keep the end of a stage whose loop was left, where that is still to do."""
        stage = self._stage
        if stage and stage.end_state and stage.number == len(self._stages) and self.folder.is_dir():
            self._finish_stage(stage, stage.end_state, write=True)

    def _play_stage(self, stage: Stage) -> Iterator[Turn]:
        """Yield the turns of a stage."""
        play, stop_request = stage.play, StopRequest()
        progress = Progress(stage.name, play.turns, play.index, quiet=self._begun.launch.quiet)
        stop_request.set_up()
        last_time = time.perf_counter()
        try:
            while True:
                self._training_seconds += time.perf_counter() - last_time
                last_time = time.perf_counter()
                if stop_request.is_requested:
                    self._save(stage)
                    self._interrupt(stage)
                if stage.is_due():
                    self._save(stage)
                try:
                    turn = next(play)
                except StopIteration:
                    break
                stage.add(turn)
                means = stage.means() if turn.evaluate or turn.ends_epoch else None
                if means:
                    self._log.write(turn.index, stage.name, means)
                progress.show(turn, means)
                yield turn
            self._close_stage(stage, write=True)  # whoever asks to stop now waits for it
            if stop_request.is_requested:
                self._interrupt(stage)
        except GeneratorExit:
            self._leave_stage(stage)
            raise
        except BaseException:
            stage.has_failed = True
            raise
        finally:
            progress.end()
            stop_request.restore()
            self._is_stop_requested = stop_request.is_requested

    def _save(self, stage: Stage) -> None:
        """Write a checkpoint of this moment."""
        start_time = time.perf_counter()
        state = self._state(stage)
        self._checkpoints.write(turn_name(stage.turns), state)
        stage.note_saved(time.perf_counter() - start_time)

    def _interrupt(self, stage: Stage) -> None:
        """Say how to go on; what there is has been saved."""
        self._turns = stage.turns
        self._save_json("stopped")
        self._release()
        raise interrupts.stopped_error(f"after turn {stage.play.index}", self.folder)

    def _leave_stage(self, stage: Stage) -> None:
        """Keep the state in which a loop was left, until the next stage or the end of the run."""
        self._nets.load_best()
        stage.play.end()
        state = self._state(stage)
        state["stages"], state["is_end"] = [*self._stages, stage.name], True
        stage.end_state = snapshot(state)

    def _end_stage(self) -> None:
        """See to it that the last stage has ended, and stop if that was asked for meanwhile."""
        stage = self._stage
        if stage is not None and stage.number == len(self._stages):
            self._end_left_stage(stage)
        if stage is not None and self._is_stop_requested:
            self._interrupt(stage)

    def _end_left_stage(self, stage: Stage) -> None:
        """Keep the end of a stage whose loop was left early."""
        stage.check_not_failed(self.folder)
        if stage.end_state is None:
            self._leave_stage(stage)
        assert stage.end_state is not None
        self._finish_stage(stage, stage.end_state, write=True)

    def _close_stage(self, stage: Stage, *, write: bool) -> None:
        """End a stage whose turns are over."""
        self._nets.load_best()
        state = self._state(stage)
        state["stages"], state["is_end"] = [*self._stages, stage.name], True
        self._finish_stage(stage, state, write=write)

    def _finish_stage(self, stage: Stage, state: dict[str, Any], *, write: bool) -> None:
        self._turns = stage.turns
        if write:
            self._checkpoints.write(stage_name(stage.number), state)
        self._stages.append(stage.name)
        self._nets.forget_best()
        if write:
            self._save_json("running")

    def _state(self, stage: Stage) -> dict[str, Any]:
        """Return what a checkpoint holds; parameters and buffers are not copied."""
        self._checkpoint_index += 1
        return {
            "order": self._checkpoint_index,
            "stages": list(self._stages),
            "is_end": False,
            "log": self._log.sync(),
            "stage": stage.state(),
            "nets": self._nets.state(),
            "memory": dict(self.memory),
            "training": self._training_seconds,
            **outcome.seen(self._begun, self._data),
        }

    def _restore(self, state: dict[str, Any]) -> None:
        assert self._stage is not None
        with mismatch_as_run_error(self.folder):
            self._nets.restore(state["nets"])
            self._stage.restore(state["stage"])
            self.memory.clear()
            self.memory.update(state["memory"])
            outcome.go_on(self._begun, self._data, state)
        self._training_seconds = state["training"]

    def _release(self) -> None:
        assert self._begun.lock is not None
        self._begun.lock.release()

    def _stage_name(self) -> str:
        """Return the name of the stage in play, or nothing between stages."""
        stage = self._stage
        is_over = stage is None or stage.end_state is not None or stage.number < len(self._stages)
        return "" if stage is None or is_over else stage.name

    def _save_json(self, state: str) -> None:
        self._json |= {"state": state, "turns": self._turns}
        outcome.note(self._begun, self._start_time, self._training_seconds, self._data)
        files.write_sealed(self.folder / "run.json", self._json)
