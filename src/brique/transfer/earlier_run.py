"""Transfer from an earlier run: its net continues, for other classes."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from brique import model, nets
from brique.errors import ModelError
from brique.nets import zoo
from brique.schema import Category, Picture, Schema
from brique.transfer.weight_files import join_names


def picture_field(run: Path) -> Picture:
    """Return the field of the pictures that a run's net takes.

    Raises ModelError when the folder is not a run, or its net does not classify pictures.
    """
    return _fields(run)[0]


def weights_file(run: Path) -> Path:
    """Return the weights file of a run's net; the run must have passed `picture_field`."""
    folder, metadata = model.describe(run)
    return folder / str(metadata["nets"][metadata["answers"]]["file"])


def net_from_run(run: Path, names: tuple[str, ...]) -> tuple[nn.Sequential, str]:
    """Return the net of a run for the classes `names`, and a summary of what it reuses.

    Its body is the run's; in its head, classes of the same name keep their weights, others are new.
    Raises ModelError when the folder is not a run, or its net cannot be continued.
    """
    _, old_names = _fields(run)
    old = model.load(run).net
    origin = nets.built_by(old)
    assert origin is not None  # _fields has checked its builder
    builder = str(origin["builder"])
    if {"body", "head"} - {name for name, _ in old.named_children()}:
        raise _unsupported_error(run, builder)
    class_count = _linear(old.get_submodule("head"))[-1].out_features
    if class_count != len(old_names):
        raise ModelError(
            f"{run}: its net scores {class_count} classes, but its schema names {len(old_names)}; "
            "restore the run, or start from another."
        )
    net = _build_net(builder, origin["arguments"] | {"classes": len(names)})
    body = old.get_submodule("body").state_dict()
    net.get_submodule("body").load_state_dict(body)
    shared = _copy_shared_rows(
        old.get_submodule("head"), net.get_submodule("head"), old_names, names
    )
    summary = f"the body of {run} ({builder.removeprefix('brique.nets.')}, {len(body)} tensors); "
    if not shared:
        return net, f"{summary}a new head for {len(names)} classes"
    new = len(names) - len(shared)
    return (
        net,
        f"{summary}{len(shared)} classes joined by name ({join_names(shared, 5)}), {new} new",
    )


def _fields(run: Path) -> tuple[Picture, tuple[str, ...]]:
    """Return the picture field and class names of a run. Raises ModelError on other runs."""
    _, metadata = model.describe(run)
    try:
        builder = str(metadata["nets"][metadata["answers"]]["builder"])
        schema = Schema.from_json(metadata["schema"])
        fields = [schema[name] for name in (*schema.inputs, schema.target)]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(
            f"{run}: its model has no net that classifies pictures "
            f"({type(error).__name__}: {error}); start from a run of 'brique train'."
        ) from error
    if (
        len(fields) != 2
        or not isinstance(fields[0], Picture)
        or not isinstance(fields[1], Category)
    ):
        description = ", ".join(field.kind for field in fields)
        raise ModelError(
            f"{run}: its net was not trained to classify pictures, but on {description}; start "
            "from a run on pictures."
        )
    if not builder.startswith("timm:") and builder not in nets.BUILDERS:
        raise _unsupported_error(run, builder)
    return fields[0], fields[1].names


def _unsupported_error(run: Path, builder: str) -> ModelError:
    return ModelError(
        f"{run}: its net was built by '{builder}', which has no body and head for other classes; "
        "start from a run of 'brique train' on pictures, or from weights."
    )


def _build_net(builder: str, arguments: dict[str, Any]) -> nn.Sequential:
    build: Any = nets.BUILDERS.get(builder)
    if build is not None:
        return build(**arguments)
    return zoo.build(builder.removeprefix("timm:"), **arguments)


@torch.no_grad()
def _copy_shared_rows(
    old: nn.Module, new: nn.Module, old_names: tuple[str, ...], names: tuple[str, ...]
) -> list[str]:
    """Copy the rows of the classes that both heads have; return their names."""
    shared = [name for name in names if name in old_names]
    new_rows = torch.tensor([names.index(name) for name in shared], dtype=torch.int64)
    old_rows = torch.tensor([old_names.index(name) for name in shared], dtype=torch.int64)
    for old_layer, new_layer in zip(_linear(old), _linear(new), strict=True):
        is_last = new_layer is _linear(new)[-1]
        for source, target in zip(old_layer.parameters(), new_layer.parameters(), strict=True):
            target[new_rows if is_last else ...] = source[old_rows if is_last else ...]
    return shared


def _linear(head: nn.Module) -> list[nn.Linear]:
    return [module for module in head.modules() if isinstance(module, nn.Linear)]
