"""The verbs on recipes, `runs` and `about`, as commands: their flags and output."""

from typing import Annotated

from cyclopts import Parameter

from brique.cli.output import print_json, print_table
from brique.cli.verbs import Json
from brique.console import echo, notify


def runs(
    folder: Annotated[str, Parameter(help="Folder of the runs.")] = "runs", /, *, json: Json = False
) -> int:
    """List the runs in a folder: name, recipe, state, turns (training steps), last results."""
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
    """List all recipes by family: name, year of the paper, description."""
    from brique import catalog

    entries = catalog.entries()
    if json:
        recipes = [
            {
                "name": entry.name,
                "family": entry.family,
                "year": entry.year,
                "summary": entry.summary,
            }
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
    """Show a recipe: description, settings, expected results, path of its file."""
    from brique import catalog

    entry = catalog.find(recipe)
    text = entry.path.read_text(encoding="utf-8")
    settings = catalog.settings(text)
    docstring, expect = catalog.docstring(text), catalog.constant(text, "EXPECT") or {}
    if json:
        flags = [
            {"name": setting.name, "default": setting.default, "help": setting.description}
            for setting in settings
        ]
        print_json(
            {"name": entry.name, "family": entry.family, "year": entry.year,
             "summary": entry.summary, "about": docstring, "settings": flags, "expect": expect,
             "file": str(entry.path)}
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
        echo(f"Expected results on {name}: {', '.join(ranges)}")
    echo(f"File: {entry.path}")
    echo(f"A copy to edit: brique copy {entry.name} {entry.name}.py")
    return 0


def copy(
    source: Annotated[str, Parameter(name="RECIPE|RUN", help="A recipe, or the folder of a run.")],
    file: Annotated[
        str, Parameter(help="Output file or folder; existing files are never overwritten.")
    ],
    /,
) -> int:
    """Copy the source of a recipe or run to a file that you can edit and run with python."""
    from brique.workbench.copy import copy

    path = copy(source, file)
    echo(path)
    notify(f"run it with: python {path}")
    return 0


def run(
    recipe: Annotated[str, Parameter(help="Name of a recipe; 'brique list' lists all.")],
    /,
    *flags: Annotated[
        str, Parameter(help="Flags of the recipe; 'brique run RECIPE --help' lists them.")
    ],
) -> int:
    """Run a recipe: brique run RECIPE [--flag value ...] [--quick] [--out RUN] [--json]."""
    from brique.cli.recipe import run_recipe

    return run_recipe(recipe, flags)


def about(*, json: Json = False) -> int:
    """Show versions of brique, Python and torch, the device, and the number of threads."""
    from brique.workbench.about import about

    facts = about()
    if json:
        print_json(facts)
        return 0
    print_table([(name, str(value)) for name, value in facts.items()])
    return 0
