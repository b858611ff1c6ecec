"""The model folder: nets that answer, saved without pickle, loaded without trust in who made them.

model.json names for each net a *builder*, a function of JSON arguments in one of three closed
places: a public function of `brique.nets`; `recipe:NAME`, the `build` of an installed recipe;
`timm:NAME`, a net of timm. Nothing else is imported by a name read from a file. A net of the user's
own is passed in, or with `trust=True` rebuilt by executing the run's source.py.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, Protocol

import torch
from torch import Tensor, nn

from brique import catalog, data, files, measure, nets, reader
from brique.errors import BriqueError, DataError, ModelError, StoreError, nearest, several
from brique.fit import Inputs, agrees, check_fit, check_inputs, check_numbers, check_of, fixed
from brique.inference import at_rest, batch_size_for
from brique.nets import zoo
from brique.schema import Schema

FORMAT = 1
_ROOM = 64 << 20  # bytes that a net may hold beside its weights


class Answer(Protocol):
    """What a net says of one input."""

    def to_json(self) -> dict[str, object]:
        """Return {"answer": ..., and "probabilities" | "interval" | "boxes" | "mask" | "tags"}."""
        ...

    def cells(self) -> dict[str, object]:
        """Return the answer as a row of a table, by the names of its columns."""
        ...

    def said(self) -> tuple[str, str]:
        """Return the answer in words, and how sure it is; either may be empty."""
        ...


@dataclass(frozen=True)
class Origin:
    """How a net is rebuilt: builder, its JSON arguments, its name in what the builder returns."""

    builder: str
    arguments: dict[str, Any]  # Any: JSON
    pick: str | None


@dataclass(frozen=True)
class Part:
    """A net to be saved.

    inputs: shape and type of each tensor that it takes, for its check; None: it has none.
    """

    net: nn.Module
    origin: Origin
    inputs: Inputs | None


@dataclass(frozen=True)
class Model:
    """A loaded model.

    nets: by name, in eval mode.
    arrays: tensors that were saved beside the nets.
    scores: the numbers of the run.
    """

    nets: dict[str, nn.Module]
    arrays: dict[str, Tensor]
    answers: str | None
    task: str
    schema: Schema | None
    scores: dict[str, float]
    made_by: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def net(self) -> nn.Module:
        """The net that answers. Raises ModelError if the model holds none."""
        if self.answers is None:
            raise ModelError("the model holds no net, only arrays; read model.arrays.")
        return self.nets[self.answers]

    def predict(
        self, inputs: Sequence[object], *, errors: Literal["raise", "keep"] = "raise"
    ) -> list[Answer | DataError]:
        """Answer each input: a path, a picture of Pillow, a text, an array; or inputs by name.

        errors: "raise" the first DataError, or "keep" it in the list in place of an answer.
        Raises ModelError when the model does not answer such inputs; DataError on a bad input.
        """
        schema = self.schema
        if schema is None or not schema.inputs or self.task not in catalog.tasks():
            raise ModelError(
                f"predict: this model's task is '{self.task}', which has no answer to one input; "
                "call model.net, or use a model that 'brique train' made."
            )
        if isinstance(inputs, str | Path | Tensor | Mapping):
            raise ModelError("predict: expected a list of inputs; put the input in brackets.")
        found: list[Answer | DataError] = []
        at_once = min(256, batch_size_for(schema[schema.inputs[0]]))
        for start in range(0, len(inputs), at_once):
            found += self._answer(inputs[start : start + at_once], schema, errors)
        return found

    def _answer(
        self, inputs: Sequence[object], schema: Schema, errors: str
    ) -> list[Answer | DataError]:
        ready: list[dict[str, Any]] = []
        found: list[DataError | None] = []
        for value in inputs:
            try:
                ready.append(data.prepare_inputs(schema, value))
                found.append(None)
            except DataError as error:
                if errors == "raise":
                    raise
                found.append(error)
        answers: list[Answer] = []
        task = catalog.tasks()[self.task]
        if ready:
            with at_rest(self.net) as device:
                batch = data.collate(schema, ready).to(device)
                answers = task.predict(self.net, batch, schema)
        asked = (value for value, error in zip(inputs, found, strict=True) if error is None)
        pairs = zip(answers, asked, strict=True)
        rest = (task.complete(one, value, schema) for one, value in pairs)
        return [next(rest) if value is None else value for value in found]


def load(
    run: Path | str,
    *,
    net: nn.Module | Mapping[str, nn.Module] | None = None,
    trust: bool = False,
    device: str | torch.device | None = None,
) -> Model:
    """Return the model of a run folder, or of a model folder.

    net: the user's own module, or modules by name, to be given the weights; without it the nets
        are rebuilt by their builders.
    trust: where nothing else helps, execute the run's source.py to rebuild them.
    device: where the nets shall lie; by default the processor.
    Raises ModelError when the folder is damaged, of a newer format, or names what is not allowed.
    """
    folder, source = _folder(Path(run))
    value = _read(folder)
    try:
        measure.check_shapes(value["schema"], f"{folder / 'model.json'}")
        schema = None if value["schema"] is None else Schema.from_json(value["schema"])
        made = _given(net, value["nets"])
        loaded = {
            name: _net(folder, name, entry, made.get(name), source if trust else None)
            for name, entry in value["nets"].items()
        }
        arrays = {
            name: _tensors(folder, entry["file"])[name] for name, entry in value["arrays"].items()
        }
        model = Model(
            {name: part.to(device or "cpu").eval() for name, part in loaded.items()},
            arrays,
            value["answers"],
            str(value["task"]),
            schema,
            {str(name): float(number) for name, number in value["scores"].items()},
            dict(value["made_by"]),
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
    """Return the model folder of a run, or that folder itself, and the content of its model.json.

    Raises ModelError when there is none, it is damaged, or of a newer format.
    """
    folder, _ = _folder(Path(run))
    return folder, _read(folder)


def save(
    folder: Path, *, parts: Mapping[str, Part], arrays: Mapping[str, Tensor], facts: dict[str, Any]
) -> None:
    """Write a model folder, whole or not at all. Raises StoreError.

    facts: answers, task, schema, scores and made_by of model.json.
    """
    with files.new_folder(folder) as part:
        entries: dict[str, Any] = {}
        for name, saved in parts.items():
            files.write_tensors(part / f"{name}.safetensors", saved.net.state_dict())
            entries[name] = {
                "builder": saved.origin.builder,
                "arguments": saved.origin.arguments,
                "pick": saved.origin.pick,
                "file": f"{name}.safetensors",
                "check": check_of(saved.net, saved.inputs),
            }
        stored: dict[str, Any] = {}
        for name, array in arrays.items():
            files.write_tensors(part / f"{name}.safetensors", {name: array})
            stored[name] = {"file": f"{name}.safetensors", "shape": list(array.shape)}
        scores = {k: v for k, v in facts["scores"].items() if math.isfinite(v)}
        value = {"format": FORMAT, "nets": entries, "arrays": stored, **facts, "scores": scores}
        files.write_json(part / "model.json", value)


def _folder(run: Path) -> tuple[Path, Path]:
    """Return the model folder, and the source.py of its run."""
    if (run / "model.json").is_file():
        return run, run.parent / "source.py"
    if (run / "model" / "model.json").is_file():
        if not reader.inside(run / "model", run):
            raise ModelError(
                f"{run / 'model'}: is a link that leads out of the run; name the folder itself."
            )
        return run / "model", run / "source.py"
    if not run.exists():
        raise ModelError(f"{run}: no such run or model folder; 'brique runs' lists the runs.")
    if (those := several(run)) is not None:
        raise ModelError(those)
    what = "the run has no model yet; resume it, or add --finish" if (run / "run.json").is_file() \
        else "neither a run nor a model folder; pass one that brique made"  # fmt: skip
    raise ModelError(f"{run}: {what}.")


def _read(folder: Path) -> dict[str, Any]:
    damage = files.damage(folder, ("model.json",), limit=4 * measure.limit())
    try:
        if damage is not None:
            raise ModelError(
                f"{folder}: the model is damaged: {damage}; restore it, or train again."
            )
        value = reader.read_json(folder / "model.json", folder, limit=reader.LISTED[".json"])
        number = value["format"]
    except StoreError as error:
        raise ModelError(f"{error}; restore the file, or train again.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{folder / 'model.json'}: not as brique writes it ({type(error).__name__}); restore "
            "the file, or train again."
        ) from error
    if number != FORMAT:
        raise ModelError(
            f"{folder}: the model has format {number!r}, this brique reads {FORMAT}; install a "
            "brique that reads it."
        )
    return value


def _given(
    net: nn.Module | Mapping[str, nn.Module] | None, entries: Mapping[str, Any]
) -> dict[str, nn.Module]:
    if net is None:
        return {}
    given = {next(iter(entries), "net"): net} if isinstance(net, nn.Module) else dict(net)
    for name in given:
        if name not in entries:
            raise ModelError(
                f"load: the model has no net {name!r}, only {', '.join(entries)}"
                f"{nearest(name, entries)}."
            )
    return given


def _net(
    folder: Path, name: str, entry: dict[str, Any], own: nn.Module | None, trusted: Path | None
) -> nn.Module:
    """Return one net, rebuilt or the user's own, with its weights, checked."""
    tensors = _tensors(folder, entry["file"])
    where = f"{folder / entry['file']}"
    if own is None:
        _measure(folder, name, entry, trusted, tensors)
        room = 2 * sum(value.nbytes for value in tensors.values()) + _ROOM
        with measure.building(room):
            net = _built(folder, name, entry, trusted)
    else:
        net = own
    check_fit(where, net, tensors)
    check_numbers(where, net, tensors)
    net.load_state_dict(tensors)
    if own is None and not agrees(net, entry["check"]):
        raise ModelError(
            f"{folder}: net {name!r} answers its fixed input otherwise than when it was saved; "
            "the code that builds it has changed: load with the version that trained it, or train "
            "again."
        )
    return net


def _measure(
    folder: Path, name: str, entry: dict[str, Any], trusted: Path | None, tensors: dict[str, Tensor]
) -> None:
    """Raise ModelError where a net is too large or does not fit its weights, before it is built."""
    arguments, check = entry["arguments"], entry["check"]
    where = f"{folder}: net {name!r}"
    measure.check_shapes(arguments, where)
    if check is not None:
        check_inputs(check["inputs"])
    net = measure.sketched(lambda: _built(folder, name, entry, trusted))
    if net is None:
        return
    check_fit(f"{folder / entry['file']}", net, tensors)
    if check is not None:
        measure.check_use(net, [fixed(one, device="meta") for one in check["inputs"]], arguments)


def _built(folder: Path, name: str, entry: dict[str, Any], trusted: Path | None) -> nn.Module:
    builder, arguments = str(entry["builder"]), entry["arguments"]
    kind, _, rest = builder.partition(":")
    try:
        if builder in nets.BUILDERS:
            built: object = nets.BUILDERS[builder](**arguments)
        elif kind == "recipe" and re.fullmatch(r"[a-z0-9_]+", rest):
            built = _by_recipe(catalog.load(rest), arguments)
        elif kind == "timm" and zoo.is_name(rest):
            built = zoo.build(rest, **arguments)
        elif builder == "source" and trusted is not None:
            built = _by_recipe(catalog.execute(trusted), arguments)
        elif builder == "source":
            raise ModelError(
                f"{folder}: net {name!r} was built by a file of its own, source.py; pass "
                "load(..., net=...) your module, or execute that file with trust=True or --trust."
            )
        else:
            known = ", ".join([*nets.BUILDERS, "recipe:NAME", "timm:NAME"])
            raise ModelError(
                f"{folder}: net {name!r} names the builder {builder!r}, which is not allowed "
                f"({known}); do not use this folder unless you know who made it."
            )
    except BriqueError:
        raise
    except (TypeError, ValueError, KeyError, AttributeError, RuntimeError, OverflowError) as error:
        raise ModelError(
            f"{folder}: net {name!r} cannot be rebuilt by {builder} ({type(error).__name__}: "
            f"{str(error)[:200]}); load with the version that trained it, or train again."
        ) from error
    pick = entry["pick"]
    net = built[pick] if isinstance(built, dict) else built
    if not isinstance(net, nn.Module):
        raise ModelError(f"{folder}: {builder} returned a {type(net).__name__} for net {name!r}.")
    return net


def _by_recipe(module: ModuleType, arguments: dict[str, Any]) -> object:
    """Call the `build` of a recipe with its settings and schema."""
    schema = arguments["schema"]
    fields = {k: tuple(v) if isinstance(v, list) else v for k, v in arguments["args"].items()}
    return module.build(module.Args(**fields), None if schema is None else Schema.from_json(schema))


def _tensors(folder: Path, file: object) -> dict[str, Tensor]:
    if not isinstance(file, str) or not re.fullmatch(r"[A-Za-z0-9_-]+\.safetensors", file):
        raise ModelError(
            f"{folder / 'model.json'}: the file name {file!r} is not allowed; do not use this "
            "folder unless you know who made it."
        )
    try:
        if (said := reader.unlisted(folder, file)) is not None:
            raise ModelError(f"{folder}: the model is damaged: {said}; restore it, or train again.")
        return reader.read_tensors(folder / file, folder)
    except StoreError as error:
        raise ModelError(f"{error}; restore it, or train again.") from error
