"""The model folder: nets for predictions, saved without pickle, safe to load from anyone.

model.json names a *builder* for each net, a function of JSON arguments of one of three closed
kinds: a public function of `brique.nets`; `recipe:NAME`, the `build` of an installed recipe;
`timm:NAME`, a net of timm. Nothing else is imported by a name from a file. The user passes a net of
their own, or with `trust=True` it is rebuilt by executing the run's source.py.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import torch
from torch import Tensor, nn

from brique import catalog, data, files, limits, reader
from brique.errors import (
    BriqueError,
    DataError,
    ModelError,
    StoreError,
    did_you_mean,
    several_runs_hint,
)
from brique.inference import batch_size_for, eval_mode
from brique.rebuild import load_net, read_tensors
from brique.schema import Schema
from brique.weight_checks import Inputs, make_check

FORMAT = 1


class Answer(Protocol):
    """The prediction of a net for one input."""

    def to_json(self) -> dict[str, object]:
        """Return {"answer": ..., and "probabilities" | "interval" | "boxes" | "mask" | "tags"}."""
        ...

    def cells(self) -> dict[str, object]:
        """Return the answer as a row of a table, by the names of its columns."""
        ...

    def summary(self) -> tuple[str, str]:
        """Return the answer in words, and its confidence; either may be empty."""
        ...


@dataclass(frozen=True)
class Origin:
    """The origin of a net: builder, its JSON arguments, the net's name in the builder's result."""

    builder: str
    arguments: dict[str, Any]  # Any: JSON
    pick: str | None


@dataclass(frozen=True)
class SavedNet:
    """A net to save.

    inputs: shape and type of each of its input tensors, for its check; None: no check.
    """

    net: nn.Module
    origin: Origin
    inputs: Inputs | None


@dataclass(frozen=True)
class Model:
    """A loaded model.

    nets: by name, in eval mode.
    arrays: tensors saved with the nets.
    answers: name of the net for predictions.
    scores: the numbers of the run.
    provenance: name, recipe, source and versions of the run.
    """

    nets: dict[str, nn.Module]
    arrays: dict[str, Tensor]
    answers: str | None
    task: str
    schema: Schema | None
    scores: dict[str, float]
    provenance: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def net(self) -> nn.Module:
        """The net for predictions. Raises ModelError if the model holds none."""
        if self.answers is None:
            raise ModelError("the model holds no net, only arrays; read model.arrays.")
        return self.nets[self.answers]

    def predict(
        self, inputs: Sequence[object], *, errors: Literal["raise", "keep"] = "raise"
    ) -> list[Answer | DataError]:
        """Predict each input: a path, a Pillow image, a text, an array; or inputs by name.

        errors: "raise" the first DataError, or "keep" it in the list in place of an answer.
        Raises ModelError when the model cannot predict single inputs; DataError on a bad input.
        """
        schema = self.schema
        if schema is None or not schema.inputs or self.task not in catalog.tasks():
            raise ModelError(
                f"predict: this model's task is '{self.task}', which has no answer to one input; "
                "call model.net, or use a model that 'brique train' made."
            )
        if isinstance(inputs, str | Path | Tensor | Mapping):
            raise ModelError("predict: expected a list of inputs; put the input in brackets.")
        predictions: list[Answer | DataError] = []
        batch_size = min(256, batch_size_for(schema[schema.inputs[0]]))
        for start in range(0, len(inputs), batch_size):
            predictions += self._predict_batch(inputs[start : start + batch_size], schema, errors)
        return predictions

    def _predict_batch(
        self, inputs: Sequence[object], schema: Schema, errors: str
    ) -> list[Answer | DataError]:
        examples: list[dict[str, Any]] = []
        failures: list[DataError | None] = []
        for value in inputs:
            try:
                examples.append(data.prepare_inputs(schema, value))
                failures.append(None)
            except DataError as error:
                if errors == "raise":
                    raise
                failures.append(error)
        predictions: list[Answer] = []
        task = catalog.tasks()[self.task]
        if examples:
            with eval_mode(self.net) as device:
                batch = data.collate(schema, examples).to(device)
                predictions = task.predict(self.net, batch, schema)
        valid_inputs = (
            value for value, error in zip(inputs, failures, strict=True) if error is None
        )
        pairs = zip(predictions, valid_inputs, strict=True)
        completed = (task.postprocess(prediction, value, schema) for prediction, value in pairs)
        return [next(completed) if value is None else value for value in failures]


def load(
    run: Path | str,
    *,
    net: nn.Module | Mapping[str, nn.Module] | None = None,
    trust: bool = False,
    device: str | torch.device | None = None,
) -> Model:
    """Return the model of a run folder, or of a model folder.

    net: the user's own module, or modules by name, to load the weights into; without it the
        builders rebuild the nets.
    trust: execute the run's source.py to rebuild nets without another builder.
    device: of the nets; by default the CPU.
    Raises ModelError when the folder is damaged, of a newer format, or names an unknown builder.
    """
    folder, source = _locate(Path(run))
    metadata = _read_metadata(folder)
    try:
        limits.check_shapes(metadata["schema"], f"{folder / 'model.json'}")
        schema = None if metadata["schema"] is None else Schema.from_json(metadata["schema"])
        user_nets = _user_nets(net, metadata["nets"])
        loaded = {
            name: load_net(folder, name, entry, user_nets.get(name), source if trust else None)
            for name, entry in metadata["nets"].items()
        }
        arrays = {
            name: read_tensors(folder, entry["file"])[name]
            for name, entry in metadata["arrays"].items()
        }
        model = Model(
            {name: loaded_net.to(device or "cpu").eval() for name, loaded_net in loaded.items()},
            arrays,
            metadata["answers"],
            str(metadata["task"]),
            schema,
            {str(name): float(number) for name, number in metadata["scores"].items()},
            dict(metadata["made_by"]),
        )
        if model.answers is not None:
            model.nets[model.answers]  # named, or the file is damaged
    except BriqueError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(
            f"{folder / 'model.json'}: not as brique writes it ({type(error).__name__}: {error}); "
            "restore the file, or train again."
        ) from error
    return model


def describe(run: Path | str) -> tuple[Path, dict[str, Any]]:
    """Return the model folder of a run, or a model folder itself, and the content of model.json.

    Raises ModelError when it is missing, damaged, or of a newer format.
    """
    folder, _ = _locate(Path(run))
    return folder, _read_metadata(folder)


def save(
    folder: Path,
    *,
    saved_nets: Mapping[str, SavedNet],
    arrays: Mapping[str, Tensor],
    metadata: dict[str, Any],
) -> None:
    """Write a model folder atomically. Raises StoreError.

    metadata: answers, task, schema, scores and made_by of model.json.
    """
    with files.new_folder(folder) as temporary:
        entries: dict[str, Any] = {}
        for name, saved in saved_nets.items():
            files.write_tensors(temporary / f"{name}.safetensors", saved.net.state_dict())
            entries[name] = {
                "builder": saved.origin.builder,
                "arguments": saved.origin.arguments,
                "pick": saved.origin.pick,
                "file": f"{name}.safetensors",
                "check": make_check(saved.net, saved.inputs),
            }
        array_entries: dict[str, Any] = {}
        for name, array in arrays.items():
            files.write_tensors(temporary / f"{name}.safetensors", {name: array})
            array_entries[name] = {"file": f"{name}.safetensors", "shape": list(array.shape)}
        scores = {k: v for k, v in metadata["scores"].items() if math.isfinite(v)}
        content = {
            "format": FORMAT,
            "nets": entries,
            "arrays": array_entries,
            **metadata,
            "scores": scores,
        }
        files.write_json(temporary / "model.json", content)


def _locate(run: Path) -> tuple[Path, Path]:
    """Return the model folder, and the source.py of its run."""
    if (run / "model.json").is_file():
        return run, run.parent / "source.py"
    if (run / "model" / "model.json").is_file():
        if not reader.is_inside(run / "model", run):
            raise ModelError(
                f"{run / 'model'}: is a link that leads out of the run; name the folder itself."
            )
        return run / "model", run / "source.py"
    if not run.exists():
        raise ModelError(f"{run}: no such run or model folder; 'brique runs' lists the runs.")
    if (hint := several_runs_hint(run)) is not None:
        raise ModelError(hint)
    problem = "neither a run nor a model folder; pass one that brique made"
    if (run / "run.json").is_file():
        problem = "the run has no model yet; resume it, or add --finish"
    raise ModelError(f"{run}: {problem}.")


def _read_metadata(folder: Path) -> dict[str, Any]:
    damage = files.damage(folder, ("model.json",), limit=4 * limits.memory_limit())
    try:
        if damage is not None:
            raise ModelError(
                f"{folder}: the model is damaged: {damage}; restore it, or train again."
            )
        metadata = reader.read_json(
            folder / "model.json", folder, limit=reader.MANIFEST_LIMITS[".json"]
        )
        version = metadata["format"]
    except StoreError as error:
        raise ModelError(f"{error}; restore the file, or train again.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{folder / 'model.json'}: not as brique writes it ({type(error).__name__}); restore "
            "the file, or train again."
        ) from error
    if version != FORMAT:
        raise ModelError(
            f"{folder}: the model has format {version!r}, this brique reads {FORMAT}; install a "
            "brique that reads it."
        )
    return metadata


def _user_nets(
    net: nn.Module | Mapping[str, nn.Module] | None, entries: Mapping[str, Any]
) -> dict[str, nn.Module]:
    if net is None:
        return {}
    user_nets = {next(iter(entries), "net"): net} if isinstance(net, nn.Module) else dict(net)
    for name in user_nets:
        if name not in entries:
            raise ModelError(
                f"load: the model has no net {name!r}, only {', '.join(entries)}"
                f"{did_you_mean(name, entries)}."
            )
    return user_nets
