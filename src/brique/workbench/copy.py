"""Copies the source of a recipe or run, to edit."""

from pathlib import Path

from brique import catalog, files, reader
from brique.errors import UsageError
from brique.workbench.training_data import run_options


def copy(name: str, file: str | Path) -> Path:
    """Write a recipe, or what a run ran with its settings as defaults, and return the new file.

    name: of an installed recipe, or the folder of a run.
    file: output file or folder; existing files are never overwritten.
    Raises UsageError when the file exists or the recipe does not, RunError if a folder is no run.
    """
    if Path(name).is_dir() or "/" in name:
        from brique.run import read_run

        record = read_run(name)
        source = reader.read_text(record.source, record.folder)
        settings = {  # JSON has lists for tuples
            name: tuple(value) if isinstance(value, list) else value
            for name, value in record.settings.items()
        }
        if isinstance(settings.get("options"), dict):
            settings["options"] = run_options(settings)
        source = catalog.with_settings(source, settings)
        stem = record.name
    else:
        entry = catalog.find(name)
        source, stem = entry.path.read_text(encoding="utf-8"), entry.name
    path = Path(file)
    path = path / f"{stem}.py" if path.is_dir() else path
    if path.exists():
        raise UsageError(f"copy: {path} exists already, and is left as it is; choose another name.")
    files.write(path, source)
    return path
