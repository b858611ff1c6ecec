"""Nets of a model folder, rebuilt by a builder of a closed list, or given by the user."""

import re
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import Tensor, nn

from brique import catalog, limits, nets, reader
from brique.errors import BriqueError, ModelError, StoreError
from brique.nets import zoo
from brique.schema import Schema
from brique.weight_checks import (
    check_finite,
    check_inputs,
    check_state_dict,
    fixed_input,
    passes_check,
)

_EXTRA_BYTES = 64 << 20  # bytes that a net may hold beside its weights


def load_net(
    folder: Path, name: str, entry: dict[str, Any], user_net: nn.Module | None, trusted: Path | None
) -> nn.Module:
    """Return a net of a model folder with its weights, checked.

    entry: of the net in model.json. user_net: gets the weights; None: the net is rebuilt.
    trusted: the source.py that may be executed to rebuild it.
    Raises ModelError when the net cannot be rebuilt, or its weights do not fit.
    """
    tensors = read_tensors(folder, entry["file"])
    where = f"{folder / entry['file']}"
    if user_net is None:
        _check_size(folder, name, entry, trusted, tensors)
        max_bytes = 2 * sum(value.nbytes for value in tensors.values()) + _EXTRA_BYTES
        with limits.limited_build(max_bytes):
            net = _build_net(folder, name, entry, trusted)
    else:
        net = user_net
    check_state_dict(where, net, tensors)
    check_finite(where, net, tensors)
    net.load_state_dict(tensors)
    if user_net is None and not passes_check(net, entry["check"]):
        raise ModelError(
            f"{folder}: net {name!r} returns another output for its fixed input than when it was "
            "saved; the code that builds it has changed: load with the version that trained it, or "
            "train again."
        )
    return net


def read_tensors(folder: Path, file: object) -> dict[str, Tensor]:
    """Return the tensors of a file of a model folder. Raises ModelError."""
    if not isinstance(file, str) or not re.fullmatch(r"[A-Za-z0-9_-]+\.safetensors", file):
        raise ModelError(
            f"{folder / 'model.json'}: the file name {file!r} is not allowed; do not use this "
            "folder unless you know who made it."
        )
    try:
        if (problem := reader.missing_entry(folder, file)) is not None:
            raise ModelError(
                f"{folder}: the model is damaged: {problem}; restore it, or train again."
            )
        return reader.read_tensors(folder / file, folder)
    except StoreError as error:
        raise ModelError(f"{error}; restore it, or train again.") from error


def _check_size(
    folder: Path, name: str, entry: dict[str, Any], trusted: Path | None, tensors: dict[str, Tensor]
) -> None:
    """Raise ModelError where a net is too large or does not fit its weights, before it is built."""
    arguments, check = entry["arguments"], entry["check"]
    where = f"{folder}: net {name!r}"
    limits.check_shapes(arguments, where)
    if check is not None:
        check_inputs(check["inputs"])
    net = limits.build_on_meta(lambda: _build_net(folder, name, entry, trusted))
    if net is None:
        return
    check_state_dict(f"{folder / entry['file']}", net, tensors)
    if check is not None:
        limits.check_forward(
            net,
            [fixed_input(entry_of_check, device="meta") for entry_of_check in check["inputs"]],
            arguments,
        )


def _build_net(folder: Path, name: str, entry: dict[str, Any], trusted: Path | None) -> nn.Module:
    builder, arguments = str(entry["builder"]), entry["arguments"]
    kind, _, target = builder.partition(":")
    try:
        if builder in nets.BUILDERS:
            result: object = nets.BUILDERS[builder](**arguments)
        elif kind == "recipe" and re.fullmatch(r"[a-z0-9_]+", target):
            result = _build_by_recipe(catalog.load(target), arguments)
        elif kind == "timm" and zoo.is_valid_name(target):
            result = zoo.build(target, **arguments)
        elif builder == "source" and trusted is not None:
            result = _build_by_recipe(catalog.execute(trusted), arguments)
        elif builder == "source":
            raise ModelError(
                f"{folder}: net {name!r} was built by a file of its own, source.py; pass "
                "load(..., net=...) your module, or execute that file with trust=True or --trust."
            )
        else:
            allowed = ", ".join([*nets.BUILDERS, "recipe:NAME", "timm:NAME"])
            raise ModelError(
                f"{folder}: net {name!r} names the builder {builder!r}, which is not allowed "
                f"({allowed}); do not use this folder unless you know who made it."
            )
    except BriqueError:
        raise
    except (TypeError, ValueError, KeyError, AttributeError, RuntimeError, OverflowError) as error:
        raise ModelError(
            f"{folder}: net {name!r} cannot be rebuilt by {builder} ({type(error).__name__}: "
            f"{str(error)[:200]}); load with the version that trained it, or train again."
        ) from error
    pick = entry["pick"]
    net = result[pick] if isinstance(result, dict) else result
    if not isinstance(net, nn.Module):
        raise ModelError(f"{folder}: {builder} returned a {type(net).__name__} for net {name!r}.")
    return net


def _build_by_recipe(module: ModuleType, arguments: dict[str, Any]) -> object:
    """Call the `build` of a recipe with its settings and schema."""
    schema = arguments["schema"]
    fields = {k: tuple(v) if isinstance(v, list) else v for k, v in arguments["args"].items()}
    return module.build(module.Args(**fields), None if schema is None else Schema.from_json(schema))
