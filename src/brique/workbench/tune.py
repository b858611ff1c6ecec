"""Hyperparameter search around the plan; the test part is evaluated once, at the end.

Each trial is a run without the test part, scored on valid. The best settings are confirmed with
other seeds and validation splits, then trained on all training data and evaluated on test.
"""

import math
import operator
import statistics
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brique import files, interrupts, limits, reader
from brique.console import notify
from brique.data.opening import redirect_roots
from brique.errors import PlayError, RunError, StoreError, UsageError
from brique.evaluation.result import finite
from brique.options import Options, command_line
from brique.page.tuning import write_tuning
from brique.planning import Request
from brique.run import Record, read_run
from brique.run.claim import check_inside, claim, reopen
from brique.run.data_files import compare_data_files, write_data
from brique.run.start import pick_device
from brique.schema import Category
from brique.tasks.table import TASKS
from brique.workbench import study_storage as memory
from brique.workbench.resume_run import resume_run
from brique.workbench.settings import read_settings
from brique.workbench.training import Prepared, prepare, train_prepared
from brique.workbench.tune_parameters import apply_params, importances, plan_params, suggest

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

FILE = "tune.json"  # in the folder of a search: what it is, and what was found
FINAL = "final"  # there: the run of what was chosen
MIN_TRIALS = 10  # that the minutes are for, at least
REPEATS = 3  # trainings of the best trial, and of the plan: by seeds that nothing was chosen with,
#            and on other examples of train and valid
_RESERVED_REPEATS = 2  # of these time is kept for: mostly one of the first is not better
_PHASES = ("training", "evaluation", "baselines", "report")  # of a trial's seconds; others are once


def tune(
    source: str | Path,
    *,
    minutes: float = 10.0,
    seed: int = 0,
    trials: int | None = None,
    storage: str | None = None,
    out: str | Path | None = None,
    device: str | None = None,
    **options: Any,  # noqa: ANN401 - each has a type of its own, in `brique.data.open`
) -> Path:
    """Tune hyperparameters, train with the best, and return the folder of that run.

    source, options: as for `train`.
    minutes: time budget of the search, and of the final training; a 14th per trial.
    seed: of the search and the final training; trials use the following seeds.
    trials: maximum number; by default limited by the time budget only.
    storage: Optuna storage URL; by default SQLite in the folder.
    out: folder of the search; by default a new one in runs/. An existing search with the same
        arguments is resumed.
    Raises DataError without optuna (the extra `tune`) and as `train` does, UsageError on minutes
        that are none, RunError where the folder holds other things.
    """
    memory.check_installed()
    if trials is not None and trials < 1:
        raise UsageError(f"tune: trials must be 1 or more, not {trials}.")
    if not 0 < minutes < math.inf:
        raise UsageError(f"tune: minutes must be above 0 and finite, not {minutes:g}.")
    data_options = Options().replace(**options)
    arguments = {"source": str(source), "minutes": minutes, "seed": seed, "trials": trials,
             "options": data_options.given(), "storage": memory.masked_url(storage)}  # fmt: skip
    memory.check_connection(storage)
    folder, lock = _claim_folder(out, arguments, str(source))
    with lock:
        return _run_search(
            arguments, folder, _Invocation(verb="tune", device=device, storage=storage)
        )


def resume_search(
    folder: Path, *, device: str | None = None, storage: str | None = None, changed: bool = False
) -> Path:
    """Resume the search in a folder, and return the folder of its last run.

    storage: the database that it is kept in, if that is another than its own.
    changed: whether the data may be others than it began with; tune.json then says so.
    Raises RunError where the folder holds no such search, or names a database that no person did.
    """
    memory.check_installed()
    with reopen(folder):
        invocation = _Invocation(verb="resume", device=device, storage=storage, changed=changed)
        return _run_search(_read_arguments(folder), folder, invocation)


def final_run(folder: Path) -> Path | None:
    """Return the folder of a search's last run, None before it has finished. Raises RunError."""
    return check_inside(folder / FINAL) if _read(folder).get("result") else None


@dataclass(frozen=True, kw_only=True)
class _Invocation:
    """How a search is started or resumed: the verb, and its flags."""

    verb: str
    device: str | None
    storage: str | None
    changed: bool = False

    def guard(self) -> AbstractContextManager[None]:
        """Hold nets to the limits of those from a folder, where one says what they are."""
        return limits.limited_build() if self.verb == "resume" else nullcontext()


def _run_search(arguments: dict[str, Any], folder: Path, invocation: _Invocation) -> Path:
    if (final := final_run(folder)) is not None:
        return final
    with interrupts.resumable(folder, memory.storage_flag(arguments["storage"])):
        content, storage_url = (
            _read(folder),
            memory.resolve_storage(folder, arguments["storage"], invocation.storage),
        )
        locations, differences = compare_data_files(
            folder, invocation.verb, changed=invocation.changed
        )
        if differences:
            content["changed"] = [*content.get("changed", []), *differences]
            files.write_sealed(folder / FILE, content)
        with redirect_roots(locations), memory.storage_errors(folder, storage_url):
            search = _Search(arguments, folder, replace(invocation, storage=storage_url))
            search.run()
            return search.finish()


class _Search:
    """A search in its folder: trials are its runs, the database its memory."""

    def __init__(self, arguments: dict[str, Any], folder: Path, invocation: _Invocation) -> None:
        self.folder, self.arguments, self._invocation = folder, arguments, invocation
        self._device = pick_device(invocation.device)
        self._minutes = arguments["minutes"] / (MIN_TRIALS + 2 * _RESERVED_REPEATS)
        options = Options(**read_settings(arguments["options"], Options, f"{FILE} of {folder}"))
        flags = {"minutes": arguments["minutes"], "seed": arguments["seed"]}
        self._request = Request(
            source=arguments["source"],
            seed=arguments["seed"],
            minutes=self._minutes,
            options=options,
            device=invocation.device,
            command=command_line("tune", arguments["source"], options, flags),
        )
        trial = replace(self._request, options=options.replace(selection=0))
        self.prepared, self._prepared_options = self._prepare(trial), trial.options
        self._plan = asdict(self.prepared.args)
        schema = self.prepared.data.schema
        if not any(isinstance(schema[name], Category) for name in schema.targets):
            self._plan.pop("smoothing", None)  # of labels, which there are none of
        for name in ("shift", "zoom", "light"):
            if not self._plan.get(name):  # no pictures, or what they show would be another
                self._plan.pop(name, None)

    def _prepare(self, request: Request) -> Prepared:
        """Return what is prepared with the plan of the search: what a machine is fast at varies."""
        prepared, content = prepare(request, self._device), _read(self.folder)
        if "plan" not in content:
            write_data(self.folder, prepared.data)
            content["plan"] = asdict(prepared.args)
            content["plan"].pop("options")
            files.write_sealed(self.folder / FILE, content)
        restored = read_settings(content["plan"], type(prepared.args), f"{FILE} of {self.folder}")
        return replace(prepared, args=replace(prepared.args, **restored))

    def run(self) -> None:
        """Try settings until the minutes are over, or the trials are as many as requested."""
        study = memory.open_study(self.folder, self._invocation.storage)
        started = time.monotonic() - sum(self._seconds_by_trial().values())
        for interrupted in [frozen for frozen in study.trials if frozen.state.name == "RUNNING"]:
            study.sampler = memory.make_sampler(self.arguments["seed"], interrupted.number)
            trial = memory.reopen_trial(study, interrupted)
            self._run_trial(study, trial.number, suggest(trial, self._plan))
        limit = self.arguments["trials"] or 10_000
        while len(study.trials) < limit:
            remaining = 60 * self.arguments["minutes"] - (time.monotonic() - started)
            if study.trials and remaining < self._seconds_needed(study):
                break
            if not study.trials:
                study.enqueue_trial(plan_params(self._plan))
            study.sampler = memory.make_sampler(self.arguments["seed"], len(study.trials))
            trial = study.ask()
            self._run_trial(study, trial.number, suggest(trial, self._plan))

    def finish(self) -> Path:
        """Compare the best trial with the plan once more, train on all, write what was found."""
        study = memory.open_study(self.folder, self._invocation.storage)
        completed = {
            frozen.number: frozen for frozen in study.trials if frozen.state.name == "COMPLETE"
        }
        if not completed:
            raise RunError(
                f"{self.folder}: none of {len(study.trials)} trials ended, as their losses were not"
                " finite or there was nothing to score; see what 'brique train' says of the data."
            )
        best = max(completed, key=lambda number: (_score(completed[number]), -number))
        scores = {best: [_score(completed[best])]}
        if best and 0 in completed:  # that a trial was chosen for its score says too much of it
            scores = {0: [], best: []}
            for repeat in range(REPEATS):
                for number, values in scores.items():
                    values.append(self._repeat_trial(number, repeat, completed[number].params))
                if scores[best][-1] <= scores[0][-1]:
                    break  # it must be better each time
        is_better = best == 0 or 0 not in scores or all(map(operator.gt, scores[best], scores[0]))
        chosen = best if is_better else 0
        settings = completed[chosen].params
        message = "the plan stays" if not chosen else f"trial {chosen} is better than the plan"
        notify(f"tune: {message}; now it is trained on all")
        final = replace(self._request, minutes=self.arguments["minutes"])
        record = self._finished_run(FINAL, settings, final)
        summary = _search_result(study, scores, chosen, settings, record)
        write_tuning(self.folder, self._request.command, summary)  # before it counts as finished
        files.write_sealed(self.folder / FILE, _read(self.folder) | {"result": summary})
        return record.folder

    def _run_trial(self, study: "Study", number: int, params: dict[str, Any]) -> None:
        from optuna.trial import TrialState

        score = self._trial_score(f"trial-{number:03d}", params, number + 1)
        if score is None:
            study.tell(number, state=TrialState.FAIL)
        else:
            study.tell(number, score)
        outcome = "no score" if score is None else f"{score:.4f}"
        description = ", ".join(f"{name} {value:.3g}" for name, value in params.items())
        notify(f"tune: trial {number}: {outcome} with {description}")

    def _repeat_trial(self, number: int, repeat: int, params: dict[str, Any]) -> float:
        score = self._trial_score(f"again-{number}-{repeat}", params, 10_000 + repeat, repeat + 1)
        return -math.inf if score is None else score

    def _trial_score(
        self, name: str, params: dict[str, Any], seed: int, draw: int = 0
    ) -> float | None:
        """Return the main score of a trial on its held-out part, or None."""
        options = self._request.options.replace(selection=draw)
        seeded = replace(self._request, seed=self.arguments["seed"] + seed, options=options)
        try:
            record = self._finished_run(name, params, seeded)
        except PlayError as error:  # such as a loss that is not finite
            notify(f"tune: {error}")
            return None
        score = record.result["test"][TASKS[record.result["task"]].main_metric.name]
        return None if score is None else float(score)

    def _finished_run(self, name: str, params: dict[str, Any], request: Request) -> Record:
        """Return the finished run of that name, started or resumed if needed."""
        out = check_inside(self.folder / name)
        if (out / "run.json").is_file():
            return read_run(resume_run(out, changed=self._invocation.changed))
        if request.options != self._prepared_options:
            is_last = request.options == self._request.options  # which has all the minutes
            self._prepared_options = request.options
            self.prepared = prepare(request, self._device) if is_last else self._prepare(request)
        settings = apply_params(asdict(self.prepared.args), params)
        args = replace(self.prepared.args, **settings, seed=request.seed)
        with self._invocation.guard():
            return read_run(train_prepared(request, replace(self.prepared, args=args), out))

    def _seconds_by_trial(self) -> dict[int, float]:
        """Return the seconds that each trial has taken."""
        by_trial: dict[int, float] = {}
        for path in sorted(self.folder.glob("trial-*/run.json")):
            if not path.parent.name.removeprefix("trial-").isdecimal():
                continue
            seconds = read_run(check_inside(path.parent)).json["seconds"]
            trial_seconds = sum(float(seconds.get(phase, 0.0)) for phase in _PHASES)
            by_trial[int(path.parent.name.removeprefix("trial-"))] = trial_seconds
        return by_trial

    def _seconds_needed(self, study: "Study") -> float:
        """Return the seconds for another trial, and to see again whether it beats the plan."""
        by_trial = self._seconds_by_trial()
        mean_seconds = statistics.fmean(by_trial.values()) if by_trial else 0.0
        completed = [frozen for frozen in study.trials if frozen.state.name == "COMPLETE"]
        best = max(completed, key=_score).number if completed else 0
        return mean_seconds + _RESERVED_REPEATS * (
            by_trial.get(0, mean_seconds) + max(mean_seconds, by_trial.get(best, mean_seconds))
        )


def _score(trial: "FrozenTrial") -> float:
    assert trial.value is not None  # it is complete
    return float(trial.value)


def _search_result(
    study: "Study", scores: dict[int, Any], chosen: int, settings: dict[str, Any], record: Record
) -> dict[str, Any]:
    """Return the result of a search, as JSON values."""
    completed = [frozen for frozen in study.trials if frozen.state.name == "COMPLETE"]
    return {
        "score": TASKS[record.result["task"]].main_metric.name,
        "trials": [{"number": frozen.number, "score": frozen.value, "settings": frozen.params}
                   for frozen in completed],
        "comparison": finite({str(number): values for number, values in scores.items()}),
        "chosen": chosen,
        "settings": settings,
        "importance": importances(study) if len(completed) >= 6 else {},
        "final": record.folder.name,
        "test": record.result["test"],
    }  # fmt: skip


def _claim_folder(
    out: str | Path | None, arguments: dict[str, Any], name: str
) -> tuple[Path, files.Lock]:
    """Return the folder of a search, made or found, held. Raises RunError if it holds another."""
    folder = None if out is None else Path(out)
    if folder is not None and (folder / FILE).is_file():
        if _read(folder).get("request") != arguments:
            raise RunError(
                f"{folder}: holds another search; name another folder with --out, or repeat the"
                " arguments of that search."
            )
        return folder, reopen(folder)
    initial_files = {FILE: files.to_sealed_json({"request": arguments, "result": {}})}
    return claim(folder, f"{Path(name).name}-tune", initial_files)


def _read(folder: Path) -> dict[str, Any]:
    """Return what tune.json holds. Raises RunError where it is damaged."""
    try:
        content = reader.read_sealed(folder / FILE)
    except StoreError as error:
        raise RunError(f"{error}; restore the file, or start a new search.") from error
    if not isinstance(content.get("request"), dict):
        raise RunError(f"{folder / FILE}: has no request; start a new search.")
    return content


def _read_arguments(folder: Path) -> dict[str, Any]:
    """Return the arguments of a search, as tune.json has them. Raises RunError on any other."""
    arguments = _read(folder)["request"]
    types = {"source": str, "minutes": (int, float), "seed": int, "trials": (int, type(None)),
             "options": dict, "storage": (str, type(None))}  # fmt: skip
    for name, expected_type in types.items():
        if not isinstance(arguments.get(name), expected_type) or isinstance(arguments[name], bool):
            raise RunError(
                f"{folder / FILE}: is not as brique writes it ('{name}' of the request is"
                f" {arguments.get(name)!r:.80}); start a new search."
            )
    return arguments
