"""An earlier run: its net goes on, for other classes."""

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
    """Return the kind of picture that a run's net takes.

    Raises ModelError when the folder is no run, or its net does not name pictures by class.
    """
    return _fields(run)[0]


def weights_file(run: Path) -> Path:
    """Return the file of weights of the net that answers, in a run that `picture` accepted."""
    folder, metadata = model.describe(run)
    return folder / str(metadata["nets"][metadata["answers"]]["file"])


def net_from_run(run: Path, names: tuple[str, ...]) -> tuple[nn.Sequential, str]:
    """Return the net of a run for the classes `names`, and what was taken over.

    Its body is the run's; in its head the classes that the run knew by the same names keep their
    scores, the others are new.
    Raises ModelError when the folder is no run, or its net cannot be continued.
    """
    _, old_names = _fields(run)
    old = model.load(run).net
    origin = nets.built_by(old)
    assert origin is not None  # _checked has seen its builder
    builder = str(origin["builder"])
    if {"body", "head"} - {name for name, _ in old.named_children()}:
        raise _unsupported_error(run, builder)
    class_count = _linear(old.get_submodule("head"))[-1].out_features
    if class_count != len(old_names):
        raise ModelError(
            f"{run}: its net scores {class_count} classes, but it names {len(old_names)}; restore the run, "
            "or start from another."
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
    """Return the picture and class names of a run, whose net can be continued."""
    _, metadata = model.describe(run)
    try:
        builder = str(metadata["nets"][metadata["answers"]]["builder"])
        schema = Schema.from_json(metadata["schema"])
        fields = [schema[name] for name in (*schema.inputs, schema.target)]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(
            f"{run}: its model has no net that names one thing by what it sees "
            f"({type(error).__name__}: {error}); start from a run of 'brique train'."
        ) from error
    if (
        len(fields) != 2
        or not isinstance(fields[0], Picture)
        or not isinstance(fields[1], Category)
    ):
        description = ", ".join(field.kind for field in fields)
        raise ModelError(
            f"{run}: its net was not trained to name pictures by class, but on {description}; start from "
            "a run on pictures."
        )
    if not builder.startswith("timm:") and builder not in nets.BUILDERS:
        raise _unsupported_error(run, builder)
    return fields[0], fields[1].names


def _unsupported_error(run: Path, builder: str) -> ModelError:
    return ModelError(
        f"{run}: its net was built by '{builder}', which makes no body and head for any classes; "
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
    """Give a new head what the old one knew: rows of classes by name; returns those names."""
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
