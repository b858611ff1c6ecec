"""run.json: the record of a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brique import files, reader
from brique.errors import RunError, StoreError, several_runs_hint

FORMAT = reader.SEALED_FORMAT


@dataclass(frozen=True, kw_only=True)
class Record:
    """The record of a run.

    json: the content of run.json.
    """

    folder: Path
    json: dict[str, Any]  # Any: JSON

    @property
    def name(self) -> str:
        """The name of the recipe or of the user's file."""
        return str(self.json["name"])

    @property
    def recipe(self) -> str | None:
        """Name of the installed recipe, or None for `brique train` and for the user's own file."""
        return self.json["recipe"]

    @property
    def train(self) -> str | None:
        """Task that `brique train` trained, or None."""
        return self.json["train"]

    @property
    def settings(self) -> dict[str, Any]:
        """Every field of the recipe's Args."""
        return self.json["settings"]

    @property
    def source(self) -> Path:
        """The recipe as it ran."""
        return self.folder / "source.py"

    @property
    def source_sha256(self) -> str:
        """SHA-256 of the recipe as it ran."""
        return str(self.json["source"]["sha256"])

    @property
    def state(self) -> str:
        """One of "running" (or killed), "stopped", "finished" and "failed: " with the reason."""
        return str(self.json["state"])

    @property
    def numbers(self) -> dict[str, float]:
        """The numbers that `run.finish` returned; empty before."""
        return self.json["numbers"]

    @property
    def result(self) -> dict[str, Any]:
        """The values of `run.result`; "trust_errors" lists reasons not to trust them."""
        result = self.json["result"]
        errors = self.errors()
        return result | {"trust_errors": errors} if errors and "task" in result else result

    def errors(self, *, include_parts: bool = True) -> list[str]:
        """Return the reasons of the audit's findings that invalidate a result.

        include_parts: also of findings that only concern the run's own valid and test part.
        """
        audit = self.json.get("audit")
        findings = audit.get("findings") if isinstance(audit, dict) else None
        entries = (
            [finding for finding in findings if isinstance(finding, dict)]
            if isinstance(findings, list)
            else []
        )
        errors = [finding for finding in entries if finding.get("severity") == "error"]
        if not include_parts:
            errors = [
                finding for finding in errors
                if finding.get("split") is None and finding.get("kind") != "contradictory"
            ]  # fmt: skip
        return [str(finding.get("reason", "")) for finding in errors]

    def file_problem(self, name: str) -> str | None:
        """Return how a file differs from its checksum in run.json, or None.

        While the run goes on, and in runs of older versions, there is no checksum.
        """
        path, entries = self.folder / name, self.json.get("files")
        if not isinstance(entries, dict):
            problem = reader.unreadable_reason(path, self.folder)
            return None if problem is None else f"{name} {problem}"
        if name not in entries:
            return f"{name} is not listed in run.json" if path.exists() else f"{name} is missing"
        try:
            return reader.file_difference(
                self.folder, name, entries[name], limit=reader.LIMITS.get(path.suffix)
            )
        except (StoreError, KeyError, TypeError) as error:
            return f"{name} cannot be compared with run.json ({error})"

    @property
    def turns(self) -> int:
        """Number of turns that are saved."""
        names = [p.name for p in (self.folder / "checkpoints").glob("turn-*")]
        saved_turns = [int(name[5:]) for name in names if name[5:].isdecimal() and len(name) < 24]
        return max([self.json["turns"], *saved_turns])


def read_run(folder: Path | str) -> Record:
    """Return the record of a run folder. Raises RunError for other folders and newer formats."""
    folder = Path(folder)
    path = folder / "run.json"
    if not folder.exists():
        raise RunError(f"{folder}: no such run folder; 'brique runs' lists all runs.")
    if not path.exists():
        raise RunError(
            several_runs_hint(folder)
            or f"{folder}: not a run folder (it has no run.json); pass one that brique made."
        )
    try:
        value = reader.read_sealed(path, allow_newer=True)
        is_newer = value["format"] > FORMAT
        if not is_newer:
            _check(value)
    except StoreError as error:
        problem = str(error).removeprefix(f"{path}: ")
        raise RunError(
            f"{path}: cannot be read as a run's record ({problem}); restore the file, or start a "
            "new run."
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError(
            f"{path}: cannot be read as a run's record ({type(error).__name__}: {error}); restore "
            "the file, or start a new run."
        ) from error
    if is_newer:
        raise RunError(
            f"{folder}: the run has format {value['format']}, this brique reads up to {FORMAT}; "
            "install a newer brique."
        )
    return Record(folder=folder, json=value)


def add_seconds(folder: Path, seconds: Mapping[str, float]) -> None:
    """Add seconds spent before and after a run, by part, to its run.json."""
    value = read_run(folder).json
    parts = {name: round(elapsed, 3) for name, elapsed in seconds.items()}
    total = value["seconds"].get("total", 0.0) + sum(parts.values())
    value["seconds"] |= parts | {"total": round(total, 3)}
    files.write_sealed(folder / "run.json", value)


def list_runs(folder: Path | str) -> list[Record]:
    """Return the runs directly in a folder, by name; other folders are skipped."""
    records: list[Record] = []
    for path in sorted(Path(folder).glob("*/run.json")):
        try:
            records.append(read_run(path.parent))
        except RunError:
            continue
    return records


def _check(value: Any) -> None:  # noqa: ANN401 - JSON from a file
    kinds: dict[str, type | tuple[type, ...]] = {
        "name": str, "recipe": (str, type(None)), "train": (str, type(None)), "settings": dict,
        "source": dict, "state": str, "numbers": dict, "result": dict, "turns": int, "seed": int,
        "launch": dict, "data": list,
    }  # fmt: skip
    for key, kind in kinds.items():
        if not isinstance(value[key], kind) or isinstance(value[key], bool):
            raise TypeError(f"{key} is a {type(value[key]).__name__}")
    if not 0 <= value["turns"] < 2**63:
        raise ValueError(f"turns are {value['turns']:.3g}")
    if not all(isinstance(number, int | float) for number in value["numbers"].values()):
        raise TypeError("a number has another type")
    texts = [value["source"]["sha256"], *(entry["fingerprint"] for entry in value["data"])]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("a checksum is not a string")
