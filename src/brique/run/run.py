"""A run: a folder with settings, log, checkpoints and model, which can be resumed."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from brique import files, interrupts
from brique.errors import RunError
from brique.game import Game, Turn
from brique.game.play import Play
from brique.game.rng import KeyedRng, NoiseKind
from brique.interrupts import StopRequest
from brique.keys import mix, text_key
from brique.run import outcome, start
from brique.run.claim import check_exists
from brique.run.image_grid import grid
from brique.run.launch import current
from brique.run.progress import Progress
from brique.run.stage import Stage, check_name
from brique.run.storage import Storage

Placed = TypeVar("Placed", bound=nn.Module | Mapping[str, nn.Module])


class Run:
    """One run, from `Run.start` to `finish`.

    folder: with all its files.
    device: of its nets and noise.
    seed: of everything random.
    memory: values that a resume restores: numbers, strings, lists, tensors by name.
    """

    def __init__(self, state: start.RunState) -> None:
        self.folder: Path = state.folder
        self.device: torch.device = state.device
        self.seed: int = int(state.json["seed"])
        self._launch, self._json = state.launch, state.json
        self._launch.folder = self._launch.out  # one in runs/ gets its name with its first file
        self._storage = Storage(state)
        self.memory: dict[str, Any] = self._storage.memory
        self._stage: Stage | None = None
        self._is_open = self._is_finished = False
        self._is_stop_requested = False  # in a turn after which the loop was left
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
        run = cls(start.prepare(Path(file), args, launch))
        if launch.resume:
            run._open()
        return run

    def place(self, nets: Placed) -> Placed:
        """Move a module, or a dict of modules, to the run's device; return it.

        Every checkpoint holds the placed modules; a resume matches them by their order.
        """
        self._open()
        for name, net in nets.items() if isinstance(nets, Mapping) else [(None, nets)]:
            self._storage.nets.add(net.to(self.device), name)
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
        """Play a game turn by turn, with checkpoints and a log; a resumed run continues.

        name: of this stage, where a run has several.
        turns: length, for streams that do not know it.
        save_every: also save a checkpoint every so many turns.
        Raises RunError when the stage's name is taken, or a checkpoint does not fit.
        """
        self._open()
        self._end_stage()
        storage = self._storage
        storage.add_data(stream)
        number, label = len(storage.stages), name or ""
        check_name(label, storage.stages)
        play = Play(game.state, stream, turns=turns, seed=self.seed, stage=label, reseeds=True)
        stage = Stage(number, label, game, play, turns_before=storage.turns, save_every=save_every)
        self._stage = stage
        is_over = storage.resume_stage(stage)
        if is_over or self._launch.finish:
            play.end()
            storage.close_stage(stage, write=not is_over)
            return iter(())
        return self._play_stage(stage)

    def log(self, turn: Turn | None = None, **numbers: float | Tensor) -> None:
        """Write numbers to the log, with the turn if there is one."""
        self._open()
        values = {name: outcome.as_float(name, value) for name, value in numbers.items()}
        index = None if turn is None else turn.index
        self._storage.log.write(index, self._stage_name(), values)

    def picture(
        self, name: str, pixels: Tensor | nn.Module, inputs: Tensor | None = None
    ) -> Tensor:
        """Write a grid of pictures to pictures/NAME.png; return their pixels.

        pixels: (N, C, H, W) in [0, 1], or a net that maps `inputs` to them in eval mode;
            (T, N, C, H, W) becomes an animation of T frames.
        Raises ShapeError for other shapes.
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

        name: the noise then depends on the name alone; also outside the loop.
        """
        if name is not None:
            key = mix(self.seed, text_key("noise by name"), text_key(name))
            return self._rng.sample(key, (n, *shape), kind, dtype)
        rng = self._rng if self._stage is None else self._stage.game.state.rng
        return rng.noise(n, *shape, kind=kind, dtype=dtype)

    def once(self, make: Callable[..., Any], *arguments: Any) -> Any:  # noqa: ANN401
        """Return `make(*arguments)`, computed once a turn; see `Game.once`."""
        stage = self._stage
        return make(*arguments) if stage is None else stage.game.once(make, *arguments)

    def keep_best(
        self, net: nn.Module, score: float | Tensor, weights: nn.Module | None = None
    ) -> None:
        """Keep the net's weights if the score is its best; the net gets the best after the loop.

        weights: a copy of the net to keep the weights of instead, such as `game.averaged(net)`.
        Ties keep the first. Raises RunError for a net that was not placed.
        """
        self._storage.nets.keep_best(net, outcome.as_float("score", score), weights)

    def stop_when_flat(self, name: str, patience: int, *, lower: bool = False) -> bool:
        """Tell whether the last `patience` logged values of a name did not improve.

        lower: small values are better, as for a loss.
        """
        return self._storage.log.is_flat(self._stage_name(), name, patience, lower=lower)

    def result(self, **values: Any) -> None:  # noqa: ANN401 - JSON
        """Add JSON values to "result" of run.json, such as intervals and baselines."""
        self._json["result"] |= values

    def record_seconds(self, **seconds: float) -> None:
        """Add seconds by name to "seconds" of run.json."""
        self._json["seconds"] |= {name: round(value, 3) for name, value in seconds.items()}

    def save_arrays(self, name: str, **arrays: Tensor) -> None:
        """Write tensors into arrays/NAME.safetensors, such as predictions for a report."""
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

        answers: name of the net for predictions; by default the first.
        task: of that net; by default it follows from the data's target.
        results: nets, arrays and numbers by name.
        Returns the last logged number of each name, and the numbers in `results`.
        Raises RunError when a net cannot be saved, or the task is unknown.
        """
        self._open()
        self._end_stage()
        model = outcome.FinalModel.from_results(results, answers, task)
        storage = self._storage
        numbers = storage.log.last_values() | model.scalars
        schema = storage.data[0].schema if storage.data else None
        model.save(self.folder / "model", self._json, storage.nets, numbers, schema)
        self._json["numbers"] = numbers
        storage.write_json("finished")
        self._is_finished = True
        storage.release()
        return numbers

    def _open(self) -> None:
        """Create the folder of a new run, or open that of a resumed one; once."""
        if self._is_open:
            if self._is_finished:
                raise RunError(f"{self.folder}: the run is finished; start a new one.")
            check_exists(self.folder)
            return
        launch, storage = self._launch, self._storage
        storage.open()
        self.folder = storage.state.folder
        launch.folder, launch.lock, self._is_open = self.folder, storage.state.lock, True
        launch.work.set_up(
            self.folder, self._write_status, lambda: storage.save_left_stage(self._stage)
        )
        if launch.resume:
            storage.load()

    def _write_status(self, status: str) -> None:
        """Write the status into run.json, unless the run is finished or its folder is gone."""
        if self._is_finished or not self.folder.is_dir():
            return
        if self._stage is None:  # the data are not open yet: their entries in run.json stay
            self._storage.write_status(status)
        else:
            self._storage.write_json(status)

    def _play_stage(self, stage: Stage) -> Iterator[Turn]:
        """Yield the turns of a stage."""
        play, stop_request, storage = stage.play, StopRequest(), self._storage
        progress = Progress(stage.name, play.turns, play.index, quiet=self._launch.quiet)
        stop_request.set_up()
        last_time = time.perf_counter()
        try:
            while True:
                storage.training_seconds += time.perf_counter() - last_time
                last_time = time.perf_counter()
                if stop_request.is_requested:
                    storage.save(stage)
                    self._interrupt(stage)
                if stage.is_due():
                    storage.save(stage)
                try:
                    turn = next(play)
                except StopIteration:
                    break
                stage.add(turn)
                means = stage.means() if turn.evaluate or turn.ends_epoch else None
                if means:
                    storage.log.write(turn.index, stage.name, means)
                progress.show(turn, means)
                yield turn
            storage.close_stage(stage, write=True)  # a stop request now waits for it
            if stop_request.is_requested:
                self._interrupt(stage)
        except GeneratorExit:
            storage.leave_stage(stage)
            raise
        except BaseException:
            stage.has_failed = True
            raise
        finally:
            progress.end()
            stop_request.restore()
            self._is_stop_requested = stop_request.is_requested

    def _interrupt(self, stage: Stage) -> None:
        """Stop the run, after its state was saved. Raises Interrupted, which says how to resume."""
        self._storage.turns = stage.turns
        self._storage.write_json("stopped")
        self._storage.release()
        raise interrupts.stopped_error(f"after turn {stage.play.index}", self.folder)

    def _end_stage(self) -> None:
        """End the last stage, and stop if a stop was requested meanwhile."""
        stage = self._stage
        if stage is not None and stage.number == len(self._storage.stages):
            self._storage.end_left_stage(stage)
        if stage is not None and self._is_stop_requested:
            self._interrupt(stage)

    def _stage_name(self) -> str:
        """Return the name of the stage in play, or "" between stages."""
        stage = self._stage
        if stage is None or stage.end_state is not None:
            return ""
        return "" if stage.number < len(self._storage.stages) else stage.name
