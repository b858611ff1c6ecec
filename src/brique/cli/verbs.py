"""The verbs on data and runs as commands: their flags and output."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Group, Parameter

from brique.cli.options import DataFlags, chosen
from brique.cli.output import print_json, print_run, print_table, results_only
from brique.cli.parse import Flag, Float, Integer
from brique.console import echo, notify
from brique.errors import UsageError

if TYPE_CHECKING:
    from brique.workbench.predict import Prediction

TRAINING = Group("Training", sort_key=1)
OUTPUT = Group("Output", sort_key=3)

Changed = Annotated[Flag, Parameter(help="Allow data that have changed since the run.")]
Json = Annotated[Flag, Parameter(help="Print the result as one line of JSON.", group=OUTPUT)]
Device = Annotated[
    str | None,
    Parameter(help="Device: cpu, cuda or mps; by default, the fastest available."),
]
InferenceDevice = Annotated[
    str | None, Parameter(name="--device", help="Device: cpu, cuda or mps; by default, cpu.")
]
Trust = Annotated[
    Flag, Parameter(help="Execute the run's own source.py if no installed code matches.")
]
Memory = Annotated[
    Float | None, Parameter(help="Memory limit for the run's network, in gigabytes; by default, 2.")
]
Freeze = Annotated[Flag, Parameter(help="With --from: train only a new head.", group=TRAINING)]
Folds = Annotated[
    Integer | None,
    Parameter(
        help="Number of cross-validation folds; one network is trained per fold.", group=TRAINING
    ),
]
Balance = Annotated[
    str,
    Parameter(
        help="Class balancing: none, weights (in the loss) or sampler (oversampling).",
        group=TRAINING,
    ),
]
Task = Annotated[
    str | None,
    Parameter(help="Task for images without a target: reconstruct or generate.", group=TRAINING),
]
Start = Annotated[
    str | None,
    Parameter(
        name="--from",
        help="Weights to start from: a .safetensors file, the folder of a run, or timm:NAME:FILE.",
        group=TRAINING,
    ),
]
Quick = Annotated[
    Flag, Parameter(help="Short trial run of a few seconds; not a good model.", group=TRAINING)
]
Exact = Annotated[
    Flag, Parameter(help="Deterministic, bit-identical results; may be slower.", group=TRAINING)
]
_MAX_NOTES = 3  # printed at most; --json has them all
Options = Annotated[DataFlags | None, Parameter(name="*")]
RunFolder = Annotated[str, Parameter(help="Folder of a run.")]


def check(
    data: Annotated[
        str,
        Parameter(help="Path, built-in name (such as digits), or name in the folder $BRIQUE_DATA."),
    ],
    /,
    *,
    options: Options = None,
    strict: Annotated[Flag, Parameter(help="Exit code 1 on warnings too.")] = False,
    csv: Annotated[
        Path | None,
        Parameter(
            help="Output .csv file for the findings; overwritten if it exists.", group=OUTPUT
        ),
    ] = None,
    html: Annotated[
        Path | None, Parameter(help="Output .html file for the audit, with examples.", group=OUTPUT)
    ] = None,
    json: Json = False,
) -> int:
    """Summarize a data set and check it for problems that invalidate results.

    Exit code 1 if there are errors.
    """
    from brique.cli.findings import print_check
    from brique.workbench.check import check

    result = check(data, csv=csv, html=html, **_data_options(options))
    if json:
        print_json(result)
    else:
        for note in result["notes"]:
            notify(note)
        print_check(result)
    severities = ("error", "warning") if strict else ("error",)
    return int(any(finding["severity"] in severities for finding in result["findings"]))


def train(
    data: Annotated[
        str,
        Parameter(help="Path, built-in name (such as digits), or name in the folder $BRIQUE_DATA."),
    ],
    /,
    *,
    seed: Annotated[Integer, Parameter(help="Random seed.", group=TRAINING)] = 0,
    minutes: Annotated[
        Float, Parameter(help="Time budget for training, in minutes.", group=TRAINING)
    ] = 10.0,
    epochs: Annotated[
        Integer | None,
        Parameter(help="Number of epochs; overrides the time budget.", group=TRAINING),
    ] = None,
    start: Start = None,
    freeze: Freeze = False,
    folds: Folds = None,
    balance: Balance = "none",
    task: Task = None,
    out: Annotated[
        Path | None,
        Parameter(help="Output folder of the run; by default, a new one in runs/.", group=OUTPUT),
    ] = None,
    device: Device = None,
    options: Options = None,
    quick: Quick = False,
    exact: Exact = False,
    json: Json = False,
) -> int:
    """Train a network on your data and evaluate it on held-out examples.

    The last line printed is the folder of the run, for predict, evaluate, copy and resume.
    """
    from brique.workbench.train import train

    with results_only(json):
        folder = train(
            data, seed=seed, minutes=minutes, epochs=epochs, start=start, freeze=freeze,
            folds=folds, balance=balance, task=task, out=out, device=device, quick=quick,
            exact=exact, **_data_options(options),
        )  # fmt: skip
    print_run(folder, as_json=json)
    return 0


def tune(
    data: Annotated[
        str,
        Parameter(help="Path, built-in name (such as digits), or name in the folder $BRIQUE_DATA."),
    ],
    /,
    *,
    minutes: Annotated[
        Float, Parameter(help="Time budget for the search, in minutes.", group=TRAINING)
    ] = 10.0,
    seed: Annotated[
        Integer, Parameter(help="Random seed of the search and the final training.", group=TRAINING)
    ] = 0,
    trials: Annotated[
        Integer | None, Parameter(help="Maximum number of trials.", group=TRAINING)
    ] = None,
    storage: Annotated[
        str | None,
        Parameter(help="Optuna storage URL; by default, SQLite in the folder.", group=TRAINING),
    ] = None,
    out: Annotated[
        Path | None,
        Parameter(help="Folder of the search; an existing search is resumed.", group=OUTPUT),
    ] = None,
    device: Device = None,
    options: Options = None,
    json: Json = False,
) -> int:
    """Tune hyperparameters without the test part; then train and evaluate.

    The last line printed is the folder of the final run; report.html next to it has the search.
    """
    from brique.workbench.tune import tune

    with results_only(json):
        folder = tune(
            data, minutes=minutes, seed=seed, trials=trials, storage=storage, out=out,
            device=device, **_data_options(options),
        )  # fmt: skip
    print_run(folder, as_json=json)
    return 0


def evaluate(
    run: RunFolder,
    data: Annotated[
        str | None,
        Parameter(help="Data to evaluate on; by default, the test part of the run's data."),
    ] = None,
    /,
    *,
    part: Annotated[
        str | None, Parameter(help="Part of new data: all (default), train, valid or test.")
    ] = None,
    options: Options = None,
    changed: Changed = False,
    device: InferenceDevice = None,
    memory: Memory = None,
    trust: Trust = False,
    json: Json = False,
) -> int:
    """Evaluate the model of a run, and baselines fitted on the run's own data.

    Columns and classes of new data are matched by name; the options for opening data apply to new
    data only.
    """
    from brique.limits import memory_allowed
    from brique.tasks.table import sentence
    from brique.workbench.evaluate import evaluate

    with memory_allowed(memory):
        result = evaluate(
            run,
            data,
            part=part,
            changed=changed,
            device=device,
            trust=trust,
            **_data_options(options),
        )
    if json:
        print_json(result)
        return 0
    for note in result["notes"]:
        notify(note)
    echo(sentence(result))
    return 0


def predict(
    run: RunFolder,
    /,
    *files: Annotated[str, Parameter(help="Files, folders, or tables of rows to predict.")],
    csv: Annotated[
        Path | None,
        Parameter(
            help="Output .csv file for the predictions; overwritten if it exists.", group=OUTPUT
        ),
    ] = None,
    device: InferenceDevice = None,
    memory: Memory = None,
    trust: Trust = False,
    json: Json = False,
) -> int:
    """Predict each file or row with the model of a run. Exit code 1 if any cannot be read."""
    from brique.limits import memory_allowed
    from brique.workbench.predict import predict

    if not files:
        raise UsageError("predict: FILE is missing; name files, folders, or a table.")
    with memory_allowed(memory):
        predictions = predict(run, *files, out=csv, device=device, trust=trust)
    if json:
        print_json({"answers": [entry.to_json() for entry in predictions]})
    else:
        _print_predictions(predictions)
    return 1 if any(entry.error is not None for entry in predictions) else 0


def report(
    run: RunFolder, /, *, memory: Memory = None, trust: Trust = False, json: Json = False
) -> int:
    """Write report.html into the folder of a run."""
    from brique.limits import memory_allowed
    from brique.workbench.report import report

    with memory_allowed(memory):
        page = report(run, trust=trust)
    if json:
        print_json({"run": run, "report": str(page)})
    else:
        echo(page)
    return 0


def resume(
    run: RunFolder,
    /,
    *,
    trust: Trust = False,
    finish: Annotated[
        Flag, Parameter(help="Stop training now and evaluate the current model.")
    ] = False,
    changed: Changed = False,
    storage: Annotated[
        str | None, Parameter(help="For a search: URL of its Optuna storage, if not the default.")
    ] = None,
    device: Device = None,
    memory: Memory = None,
    json: Json = False,
) -> int:
    """Resume an interrupted run, cross-validation or search; the result is the same."""
    from brique.limits import memory_allowed
    from brique.workbench.resume import remaining_work, resume

    if (remaining := remaining_work(run)) is not None:
        notify(f"{run} has finished already; {remaining}.")
    with results_only(json), memory_allowed(memory):
        folder = resume(
            run, trust=trust, finish=finish, device=device, changed=changed, storage=storage
        )
    print_run(folder, as_json=json)
    return 0


def _data_options(flags: DataFlags | None) -> dict[str, Any]:
    return chosen(flags).given()


def _print_predictions(predictions: "Sequence[Prediction]") -> None:
    """Print a row per prediction on stdout, errors and the most common notes on stderr."""
    from brique.workbench.predict import describe_substitutions

    print_table([(p.file, *p.answer.summary()) for p in predictions if p.answer is not None])
    for entry in predictions:
        if entry.error is not None:
            notify(entry.error if entry.file in entry.error else f"{entry.file}: {entry.error}")
    notes = Counter(entry.note for entry in predictions if entry.note is not None)
    most_common = notes.most_common(_MAX_NOTES)
    for note, count in most_common:
        first = next(entry.file for entry in predictions if entry.note == note)
        notify(f"{first}{f' and {count - 1:,} more' if count > 1 else ''}: {note}.")
    if remaining := notes.total() - sum(count for _, count in most_common):
        notify(f"{remaining:,} more have other notes; see --json.")
    if summary := describe_substitutions(predictions):
        notify(summary)
