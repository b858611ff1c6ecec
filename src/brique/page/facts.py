"""The contents of a run folder; missing parts are None, never an error."""

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
class TestPredictions:
    """Predictions of the net for the test examples.

    ids, label: (N,), int64.
    probabilities: (N, K).
    hidden_ids, hidden: (M,), (M, D), last hidden activations for some of them, or None.
    """

    ids: Tensor
    label: Tensor
    probabilities: Tensor
    hidden_ids: Tensor | None
    hidden: Tensor | None

    @cached_property
    def predicted(self) -> Tensor:
        """Predicted classes (N,), int64."""
        return self.probabilities.argmax(1)

    @cached_property
    def confidence(self) -> Tensor:
        """Probabilities of the predicted classes (N,)."""
        return self.probabilities.max(1).values

    @cached_property
    def is_correct(self) -> Tensor:
        """Whether each prediction equals the label (N,), bool."""
        return self.predicted == self.label


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A run, its data and its net.

    data: the data of the run; None if unavailable or changed.
    has_changed_data: whether the data differ from those of the run.
    values: "result" in run.json.
    names: class names, in the order of the scores.
    predictions: for classifiers. arrays: stored predictions of any task.
    log: the lines of log.jsonl.
    net: the trained net, or None, with the reason in net_error.
    damage_messages: one message per damaged file, whose contents are left out.
    """

    record: Record
    data: Data | None
    has_changed_data: bool
    values: dict[str, Any]  # Any: JSON
    names: list[str]
    predictions: TestPredictions | None
    arrays: dict[str, Tensor]
    log: list[dict[str, float]]
    net: nn.Module | None
    net_error: str
    damage_messages: list[str]


def gather(record: Record, data: Data | None, *, trust: bool) -> Facts:
    """Read a run folder."""
    fingerprints = [entry["fingerprint"] for entry in record.json["data"]]
    is_own = data is not None and data.fingerprint in fingerprints
    own_data = data if is_own else None
    names = _names(record.result, data)
    net, net_error = _net(record, trust=trust)
    damage_messages: list[str] = []
    arrays = _arrays(record, damage_messages)
    return Facts(
        record=record,
        data=own_data,
        has_changed_data=data is not None and not is_own,
        values=record.result,
        names=names,
        predictions=_predictions(arrays, len(names), own_data),
        arrays=arrays,
        log=_log(record, damage_messages),
        net=net,
        net_error=net_error,
        damage_messages=damage_messages,
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


def _predictions(
    arrays: dict[str, Tensor], num_classes: int, data: Data | None
) -> TestPredictions | None:
    """Return the stored predictions, or None if missing or inconsistent with net and data."""
    if any(name not in arrays or arrays[name].ndim != ndim for name, ndim in _TENSORS.items()):
        return None
    ids, label, probabilities = (arrays[name] for name in _TENSORS)
    if (
        not len(ids) == len(label) == len(probabilities) > 0
        or probabilities.shape[1] != num_classes
    ):
        return None
    if bool(((label < 0) | (label >= num_classes)).any()) or not bool(
        probabilities.isfinite().all()
    ):
        return None
    if data is not None and not set(ids.tolist()) <= set(data.test.ids.tolist()):
        return None
    predictions = TestPredictions(ids.long(), label.long(), probabilities.float(), None, None)
    return _with_hidden(predictions, arrays)


def _arrays(record: Record, damage_messages: list[str]) -> dict[str, Tensor]:
    """Return the stored prediction arrays; if the file is damaged, nothing, and a message."""
    name = "arrays/predictions.safetensors"
    path = record.folder / name
    if not path.exists() and name not in (record.json.get("files") or {}):
        return {}
    fault = record.file_problem(name)
    try:
        arrays = reader.read_tensors(path, record.folder) if fault is None else {}
    except StoreError as error:
        fault, arrays = f"{name} is damaged: {error}", {}
    if fault is not None:
        damage_messages.append(f"{fault}; its predictions are left out.")
    return arrays


def _with_hidden(predictions: TestPredictions, arrays: dict[str, Tensor]) -> TestPredictions:
    ids, hidden = arrays.get("hidden_ids"), arrays.get("hidden")
    if ids is None or hidden is None or hidden.ndim != 2 or ids.shape != hidden.shape[:1]:
        return predictions
    is_subset = set(ids.tolist()) <= set(predictions.ids.tolist())
    if not is_subset or not hidden.shape[1] or not bool(hidden.isfinite().all()):
        return predictions
    return TestPredictions(
        predictions.ids, predictions.label, predictions.probabilities, ids.long(), hidden.float()
    )


def _log(record: Record, damage_messages: list[str]) -> list[dict[str, float]]:
    """Return the lines of the log, finite numbers only; truncated lines are skipped."""
    fault = record.file_problem("log.jsonl")
    if fault is not None:
        damage_messages.append(f"{fault}; the curves are left out.")
        return []
    content = reader.read(record.folder / "log.jsonl", record.folder)
    lines: list[dict[str, float]] = []
    for row in content.decode("utf-8", "replace").splitlines():
        try:
            line = reader.parse_json(row)
        except (ValueError, RecursionError):
            continue
        if isinstance(line, dict):
            lines.append(
                {str(key): float(value) for key, value in line.items() if _is_number(value)}
            )
    return lines


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and abs(value) < 1e300 and math.isfinite(value)
