"""The verbs as commands: what each takes, and what it prints."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from brique.cli.options import DataFlags, chosen
from brique.cli.output import print_json, print_run, print_table, results_only
from brique.cli.parse import Flag, Float, Integer
from brique.console import echo, notify
from brique.errors import UsageError

Changed = Annotated[Flag, Parameter(help="Take the run's data as they are now.")]
Json = Annotated[Flag, Parameter(help="Print one line of JSON.")]
Device = Annotated[str | None, Parameter(help="cpu, cuda, mps; by default the fastest there is.")]
InferenceDevice = Annotated[
    str | None, Parameter(name="--device", help="cpu, cuda, mps; cpu by default.")
]
Trust = Annotated[
    Flag, Parameter(help="Execute the run's own source.py where no installed code fits.")
]
Memory = Annotated[
    Float | None, Parameter(help="Gigabytes that the run's net may take; 2 by default.")
]
Freeze = Annotated[Flag, Parameter(help="Of what --from names, only a new head learns.")]
Folds = Annotated[
    Integer | None, Parameter(help="Train so many nets, each judged on another part of the data.")
]
Balance = Annotated[
    str, Parameter(help="For rare classes: none, weights (in the loss), sampler (more often).")
]
Task = Annotated[str | None, Parameter(help="For pictures without target: reconstruct, generate.")]
_MAX_NOTES = 3  # that are told of answers; --json has them all
Options = Annotated[DataFlags | None, Parameter(name="*")]
RunFolder = Annotated[str, Parameter(help="Folder of a run.")]


def check(
    data: Annotated[str, Parameter(help="Built-in name, name under BRIQUE_DATA, or path.")],
    /,
    *,
    options: Options = None,
    strict: Annotated[
        Flag, Parameter(help="Exit code 1 on warnings too, not on errors alone.")
    ] = False,
    csv: Annotated[
        Path | None, Parameter(help="A .csv file to write the findings to; replaced if it exists.")
    ] = None,
    html: Annotated[
        Path | None, Parameter(help="An .html file to write the audit to, with examples.")
    ] = None,
    json: Json = False,
) -> int:
    """Show what data hold, and look for what would spoil a result.

    Exit code 1 if there is something that would falsify a result.
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
    data: Annotated[str, Parameter(help="Built-in name, name under BRIQUE_DATA, or path.")],
    /,
    *,
    seed: Annotated[Integer, Parameter(help="Seed of everything random.")] = 0,
    minutes: Annotated[
        Float, Parameter(help="That training may take; the plan is made for them.")
    ] = 10.0,
    epochs: Annotated[
        Integer | None, Parameter(help="How often each example is seen, whatever the time.")
    ] = None,
    start: Annotated[
        str | None,
        Parameter(name="--from", help="Weights (.safetensors) or a run to start from."),
    ] = None,
    freeze: Freeze = False,
    folds: Folds = None,
    balance: Balance = "none",
    task: Task = None,
    out: Annotated[
        Path | None, Parameter(help="Folder of the run; by default a new one in runs/.")
    ] = None,
    device: Device = None,
    options: Options = None,
    quick: Annotated[Flag, Parameter(help="Some seconds of training, to see it work.")] = False,
    exact: Annotated[
        Flag, Parameter(help="Bit for bit the same each time, also where that is slower.")
    ] = False,
    json: Json = False,
) -> int:
    """Train a net on your data and judge it on examples that it has not seen.

    The last line printed is the run's folder: pass it to predict, evaluate, copy and resume.
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
    data: Annotated[str, Parameter(help="Built-in name, name under BRIQUE_DATA, or path.")],
    /,
    *,
    minutes: Annotated[Float, Parameter(help="That the search may take.")] = 10.0,
    seed: Annotated[Integer, Parameter(help="Of the search, and of the last training.")] = 0,
    trials: Annotated[
        Integer | None, Parameter(help="How many settings are tried at most.")
    ] = None,
    storage: Annotated[
        str | None, Parameter(help="A database of optuna by its URL; by default SQLite.")
    ] = None,
    out: Annotated[
        Path | None, Parameter(help="Folder of the search; one that holds it goes on.")
    ] = None,
    device: Device = None,
    options: Options = None,
    json: Json = False,
) -> int:
    """Search for better settings than the plan's, without the test part; then train and judge.

    The last line printed is the folder of the final run; report.html beside it shows the search.
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
        str | None, Parameter(help="Other data, all judged. By default the test part of the run's.")
    ] = None,
    /,
    *,
    part: Annotated[
        str | None, Parameter(help="Of other data: all (by default), train, valid or test.")
    ] = None,
    options: Options = None,
    changed: Changed = False,
    device: InferenceDevice = None,
    memory: Memory = None,
    trust: Trust = False,
    json: Json = False,
) -> int:
    """Judge the model of a run, beside simple methods that learn from the run's own data.

    Columns and classes of other data are found by name; the options that say how data are opened
    are for these.
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
    *files: Annotated[str, Parameter(help="Files, folders, or tables of rows to answer.")],
    csv: Annotated[
        Path | None, Parameter(help="A .csv file to write the answers to; replaced if it exists.")
    ] = None,
    device: InferenceDevice = None,
    memory: Memory = None,
    trust: Trust = False,
    json: Json = False,
) -> int:
    """Ask the model of a run about each file or row. Exit code 1 if one could not be read."""
    from brique.limits import memory_allowed
    from brique.workbench.predict import describe_substitutions, predict

    if not files:
        raise UsageError("predict: FILE is missing; name files, folders, or a table.")
    with memory_allowed(memory):
        predictions = predict(run, *files, out=csv, device=device, trust=trust)
    if json:
        print_json({"answers": [entry.to_json() for entry in predictions]})
    else:
        print_table(
            [
                (entry.file, *entry.answer.summary())
                for entry in predictions
                if entry.answer is not None
            ]
        )
        for entry in predictions:
            if entry.error is not None:
                notify(entry.error if entry.file in entry.error else f"{entry.file}: {entry.error}")
        notes = Counter(entry.note for entry in predictions if entry.note is not None)
        most_common = notes.most_common(_MAX_NOTES)
        for note, count in most_common:
            first = next(entry.file for entry in predictions if entry.note == note)
            notify(f"{first}{f' and {count - 1:,} more' if count > 1 else ''}: {note}.")
        if remaining := notes.total() - sum(count for _, count in most_common):
            notify(f"{remaining:,} more are changed otherwise; --json says how.")
        if summary := describe_substitutions(predictions):
            notify(summary)
    return 1 if any(entry.error is not None for entry in predictions) else 0


def report(
    run: RunFolder, /, *, memory: Memory = None, trust: Trust = False, json: Json = False
) -> int:
    """Write the page of a run, report.html in its folder: to read, to print or to send."""
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
        Flag, Parameter(help="End the training where it stands, and judge what there is.")
    ] = False,
    changed: Changed = False,
    storage: Annotated[
        str | None, Parameter(help="Of a search that is kept in a database of yours: its URL.")
    ] = None,
    device: Device = None,
    memory: Memory = None,
    json: Json = False,
) -> int:
    """Go on with a run, folds or a search that were stopped, to what they would have come to."""
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


def runs(
    folder: Annotated[str, Parameter(help="Where the runs lie.")] = "runs", /, *, json: Json = False
) -> int:
    """Show the runs in a folder: name, recipe, state, turns played, last numbers."""
    from brique.workbench.runs import runs, summary

    entries = [summary(record) for record in runs(folder)]
    if json:
        print_json({"runs": entries})
        return 0
    titles = {
        "run": "RUN",
        "recipe": "RECIPE",
        "state": "STATE",
        "turns": "TURNS",
        "result": "RESULT",
    }
    if entries:
        print_table([[str(entry[key]) for key in titles] for entry in [titles, *entries]])
    else:
        notify(f"no runs in '{folder}' yet; 'brique train digits' makes one.")
    return 0


def list_(*, json: Json = False) -> int:
    """Show every recipe, by family: name, year of the paper, what it does."""
    from brique import catalog

    entries = catalog.entries()
    if json:
        recipes = [
            {"name": entry.name, "family": entry.family, "year": entry.year, "says": entry.summary}
            for entry in entries
        ]
        print_json({"recipes": recipes})
        return 0
    print_table(
        [(entry.family, entry.name, str(entry.year or ""), entry.summary) for entry in entries]
    )
    return 0


def show(
    recipe: Annotated[str, Parameter(help="Name of a recipe.")], /, *, json: Json = False
) -> int:
    """Show one recipe: what it does, its settings, what it must reach, where its file is."""
    from brique import catalog

    entry = catalog.find(recipe)
    text = entry.path.read_text(encoding="utf-8")
    settings = catalog.settings(text)
    docstring, expect = catalog.docstring(text), catalog.constant(text, "EXPECT") or {}
    if json:
        flags = [
            {"name": setting.name, "default": setting.default, "says": setting.description}
            for setting in settings
        ]
        print_json(
            {"name": entry.name, "family": entry.family, "year": entry.year, "says": entry.summary,
             "about": docstring, "settings": flags, "expect": expect, "file": str(entry.path)}
        )  # fmt: skip
        return 0
    echo(*docstring.split("\n"), "", "Settings, each a flag:")
    print_table(
        [
            (
                f"  --{setting.name.replace('_', '-')}",
                setting.default or "(required)",
                setting.description,
            )
            for setting in settings
        ]
    )
    echo("")
    for name, bounds in expect.items():
        ranges = [f"{key} {low} to {high}" for key, (low, high) in bounds.items()]
        echo(f"Must reach on {name}: {', '.join(ranges)}")
    echo(f"File: {entry.path}")
    echo(f"A copy to edit: brique copy {entry.name} {entry.name}.py")
    return 0


def copy(
    source: Annotated[str, Parameter(name="RECIPE|RUN", help="A recipe, or the folder of a run.")],
    file: Annotated[str, Parameter(help="Where to; nothing is ever overwritten.")],
    /,
) -> int:
    """Write a recipe, or what a run ran, into a file of your own to edit and run with python."""
    from brique.workbench.copy import copy

    path = copy(source, file)
    echo(path)
    notify(f"run it with: python {path}")
    return 0


def run(
    recipe: Annotated[str, Parameter(help="Name of a recipe; 'brique list' shows all.")],
    /,
    *flags: Annotated[str, Parameter(help="Its flags; 'brique run RECIPE --help' shows them.")],
) -> int:
    """Run a recipe: brique run RECIPE [--flag value ...] [--quick] [--out RUN] [--json]."""
    from brique.cli.recipe import run_recipe

    return run_recipe(recipe, flags)


def about(*, json: Json = False) -> int:
    """Show versions of brique, Python and torch, the device and the threads."""
    from brique.workbench.about import about

    facts = about()
    if json:
        print_json(facts)
        return 0
    print_table([(name, str(value)) for name, value in facts.items()])
    return 0


def _data_options(flags: DataFlags | None) -> dict[str, Any]:
    return chosen(flags).given()
