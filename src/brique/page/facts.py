"""All that is known of a run, read from its folder; what is missing is None, never an error."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from torch import Tensor, nn

from brique import reader
from brique.data import Data
from brique.errors import BriqueError, StoreError
from brique.model import load
from brique.run import Record
from brique.schema import Category

_TENSORS = {"ids": 1, "label": 1, "probabilities": 2}


@dataclass(frozen=True)
class Answers:
    """What the net said of each test example.

    ids, label: (N,), int64.
    probabilities: (N, K).
    hidden_ids, hidden: (M,), (M, D), what its last hidden layer says of some of them, or None.
    """

    ids: Tensor
    label: Tensor
    probabilities: Tensor
    hidden_ids: Tensor | None
    hidden: Tensor | None

    @cached_property
    def said(self) -> Tensor:
        """The class answered (N,), int64."""
        return self.probabilities.argmax(1)

    @cached_property
    def sure(self) -> Tensor:
        """The probability of the answer (N,)."""
        return self.probabilities.max(1).values

    @cached_property
    def is_right(self) -> Tensor:
        """Whether the answer is the class (N,), bool."""
        return self.said == self.label


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A run, its data and its net.

    data: the run's own, unchanged since; None if they are not to be had.
    changed: whether data were there, but others than the run's.
    values: what the judge found, "result" in run.json.
    names: the classes, in the order of the scores.
    answers: of a net that names classes. arrays: what any other kept of its answers.
    log: the lines of log.jsonl.
    net: the net that answers, or None; why says why not.
    damaged: what is left out, since its file is not what the run wrote.
    """

    record: Record
    data: Data | None
    changed: bool
    values: dict[str, Any]  # Any: JSON
    names: list[str]
    answers: Answers | None
    arrays: dict[str, Tensor]
    log: list[dict[str, float]]
    net: nn.Module | None
    why: str
    damaged: list[str]


def gather(record: Record, data: Data | None, *, trust: bool) -> Facts:
    """Return what a run folder says."""
    known = [entry["fingerprint"] for entry in record.json["data"]]
    is_own = data is not None and data.fingerprint in known
    own = data if is_own else None
    names = _names(record.result, data)
    net, why = _net(record, trust=trust)
    damaged: list[str] = []
    arrays = _arrays(record, damaged)
    return Facts(
        record=record,
        data=own,
        changed=data is not None and not is_own,
        values=record.result,
        names=names,
        answers=_answers(arrays, len(names), own),
        arrays=arrays,
        log=_log(record, damaged),
        net=net,
        why=why,
        damaged=damaged,
    )


def _names(values: dict[str, Any], data: Data | None) -> list[str]:
    if isinstance(values.get("names"), list):
        return [str(name) for name in values["names"]]
    if data is not None and len(data.schema.targets) == 1:
        target = data.schema[data.schema.target]
        return list(target.names) if isinstance(target, Category) else []
    return []


def _net(record: Record, *, trust: bool) -> tuple[nn.Module | None, str]:
    try:
        return load(record.folder, trust=trust).net, ""
    except BriqueError as error:
        return None, str(error)


def _answers(found: dict[str, Tensor], classes: int, data: Data | None) -> Answers | None:
    """Return the stored answers, or None if they are missing or fit neither net nor data."""
    if any(name not in found or found[name].ndim != n for name, n in _TENSORS.items()):
        return None
    ids, label, probabilities = (found[name] for name in _TENSORS)
    if not len(ids) == len(label) == len(probabilities) > 0 or probabilities.shape[1] != classes:
        return None
    if bool(((label < 0) | (label >= classes)).any()) or not bool(probabilities.isfinite().all()):
        return None
    if data is not None and not set(ids.tolist()) <= set(data.test.ids.tolist()):
        return None
    answers = Answers(ids.long(), label.long(), probabilities.float(), None, None)
    return _with_hidden(answers, found)


def _arrays(record: Record, damaged: list[str]) -> dict[str, Tensor]:
    """Return what the run kept of its answers; nothing where it is damaged, which is noted."""
    name = "arrays/answers.safetensors"
    path = record.folder / name
    if not path.exists() and name not in (record.json.get("files") or {}):
        return {}
    said = record.fault(name)
    try:
        found = reader.read_tensors(path, record.folder) if said is None else {}
    except StoreError as error:
        said, found = f"{name} is damaged: {error}", {}
    if said is not None:
        damaged.append(f"{said}; the answers are left out.")
    return found


def _with_hidden(answers: Answers, found: dict[str, Tensor]) -> Answers:
    ids, hidden = found.get("hidden_ids"), found.get("hidden")
    if ids is None or hidden is None or hidden.ndim != 2 or ids.shape != hidden.shape[:1]:
        return answers
    known = set(ids.tolist()) <= set(answers.ids.tolist())
    if not known or not hidden.shape[1] or not bool(hidden.isfinite().all()):
        return answers
    return Answers(answers.ids, answers.label, answers.probabilities, ids.long(), hidden.float())


def _log(record: Record, damaged: list[str]) -> list[dict[str, float]]:
    """Return the lines of the log, finite numbers only; a line that is torn is passed over."""
    said = record.fault("log.jsonl")
    if said is not None:
        damaged.append(f"{said}; the curves are left out.")
        return []
    content = reader.read(record.folder / "log.jsonl", record.folder)
    lines: list[dict[str, float]] = []
    for row in content.decode("utf-8", "replace").splitlines():
        try:
            line = reader.parsed(row)
        except (ValueError, RecursionError):
            continue
        if isinstance(line, dict):
            lines.append({str(k): float(v) for k, v in line.items() if _is_number(v)})
    return lines


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and abs(value) < 1e300 and math.isfinite(value)
