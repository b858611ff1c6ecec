"""The saved part of a run: its log, its checkpoints, its nets and run.json."""

import time
from typing import Any

from brique import files
from brique.data.core.record import DataRecord
from brique.run import outcome, start
from brique.run.checkpoints import (
    Checkpoints,
    mismatch_as_run_error,
    snapshot,
    stage_name,
    turn_name,
)
from brique.run.log import Log
from brique.run.nets import PlacedNets
from brique.run.stage import Stage


class Storage:
    """Saves the state of a run, and restores it on resume.

    memory: the user's values that a resume restores.
    data: records of the data sets whose streams were played.
    stages: names of the finished stages.
    training_seconds: spent in the turns.
    """

    def __init__(self, state: start.RunState) -> None:
        self.state: start.RunState = state
        self.memory: dict[str, Any] = {}
        self.nets: PlacedNets = PlacedNets()
        self.data: list[DataRecord] = []
        self.stages: list[str] = []
        self.turns: int = 0
        self.training_seconds: float = 0.0
        self._checkpoint_index = 0
        self._start_time = time.perf_counter()
        self._set_folder()

    def open(self) -> None:
        """Create the folder of a new run, or open that of a resumed one."""
        if not self.state.launch.resume:
            start.create_folder(self.state)
            self._set_folder()

    def load(self) -> None:
        """Prepare the folder of a resumed run: repair it, cut the log back to the checkpoint."""
        start.repair_folder(self.state)
        saved = self.state.saved
        self.log.truncate(0 if saved is None else saved.log_size)
        self.log.is_silent = saved is not None
        self._checkpoint_index = 0 if saved is None else saved.state["index"] + 1
        files.write_sealed(self.state.folder / "run.json", self.state.json)

    def add_data(self, stream: object) -> None:
        """Write down the data set of a stream, once. Raises RunError when it has changed."""
        record = getattr(stream, "record", None)
        if isinstance(record, DataRecord) and record not in self.data:
            self.data.append(record)
            start.check_data(self.state, self.data)

    def resume_stage(self, stage: Stage) -> bool:
        """Restore a stage from the newest checkpoint; tell whether it was finished then."""
        saved = self.state.saved
        if saved is None or not self.log.is_silent:
            return False
        finished = saved.state["stages"]
        if stage.number < len(finished):
            is_newest = stage.number == len(finished) - 1 and saved.state["is_end"]
            end = saved if is_newest else self._checkpoints.stage(stage.number)
            self._restore(stage, end.state)
            self.log.is_silent = not is_newest
            return True
        self._restore(stage, saved.state)
        self.log.is_silent = False
        return False

    def save(self, stage: Stage) -> None:
        """Write a checkpoint of the current turn."""
        start_time = time.perf_counter()
        self._checkpoints.write(turn_name(stage.turns), self._checkpoint(stage))
        stage.note_saved(time.perf_counter() - start_time)

    def leave_stage(self, stage: Stage) -> None:
        """Keep the state of a stage whose loop was left, until the next stage or the end."""
        self.nets.load_best()
        stage.play.end()
        stage.end_state = snapshot(self._end_checkpoint(stage))

    def end_left_stage(self, stage: Stage) -> None:
        """Save the end of a stage whose loop was left early."""
        stage.check_not_failed(self.state.folder)
        if stage.end_state is None:
            self.leave_stage(stage)
        assert stage.end_state is not None
        self._finish_stage(stage, stage.end_state, write=True)

    def save_left_stage(self, stage: Stage | None) -> None:
        """Save the end of a stage whose loop was left, if it is not saved yet."""
        if stage is None or stage.end_state is None or not self.state.folder.is_dir():
            return
        if stage.number == len(self.stages):
            self._finish_stage(stage, stage.end_state, write=True)

    def close_stage(self, stage: Stage, *, write: bool) -> None:
        """End a stage after its last turn."""
        self.nets.load_best()
        self._finish_stage(stage, self._end_checkpoint(stage), write=write)

    def write_json(self, status: str) -> None:
        """Write run.json with the run's status: "running", "stopped", "finished", "failed: ..."."""
        self.state.json |= {"state": status, "turns": self.turns}
        outcome.update_record(self.state, self._start_time, self.training_seconds, self.data)
        files.write_sealed(self.state.folder / "run.json", self.state.json)

    def write_status(self, status: str) -> None:
        """Write the run's status into run.json; all else in it stays."""
        self.state.json["state"] = status
        files.write_sealed(self.state.folder / "run.json", self.state.json)

    def release(self) -> None:
        """Release the lock on the folder."""
        assert self.state.lock is not None
        self.state.lock.release()

    def _set_folder(self) -> None:
        self.log: Log = Log(self.state.folder / "log.jsonl")
        self._checkpoints = Checkpoints(self.state.folder / "checkpoints")

    def _finish_stage(self, stage: Stage, checkpoint: dict[str, Any], *, write: bool) -> None:
        self.turns = stage.turns
        if write:
            self._checkpoints.write(stage_name(stage.number), checkpoint)
        self.stages.append(stage.name)
        self.nets.forget_best()
        if write:
            self.write_json("running")

    def _checkpoint(self, stage: Stage) -> dict[str, Any]:
        """Return the content of a checkpoint; parameters and buffers are not copied."""
        self._checkpoint_index += 1
        return {
            "index": self._checkpoint_index,
            "stages": list(self.stages),
            "is_end": False,
            "log": self.log.sync(),
            "stage": stage.state(),
            "nets": self.nets.state(),
            "memory": dict(self.memory),
            "training_seconds": self.training_seconds,
            **outcome.checkpoint_entries(self.state, self.data),
        }

    def _end_checkpoint(self, stage: Stage) -> dict[str, Any]:
        checkpoint = self._checkpoint(stage)
        return checkpoint | {"stages": [*self.stages, stage.name], "is_end": True}

    def _restore(self, stage: Stage, checkpoint: dict[str, Any]) -> None:
        with mismatch_as_run_error(self.state.folder):
            self.nets.restore(checkpoint["nets"])
            stage.restore(checkpoint["stage"])
            self.memory.clear()
            self.memory.update(checkpoint["memory"])
            outcome.restore_entries(self.state, self.data, checkpoint)
        self.training_seconds = checkpoint["training_seconds"]
