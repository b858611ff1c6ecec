"""An earlier run: its net goes on, for other classes."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from brique import model, nets
from brique.errors import ModelError
from brique.nets import zoo
from brique.schema import Category, Picture, Schema
from brique.transfer.weights import listed


def picture(run: Path) -> Picture:
    """Return the kind of picture that a run's net takes.

    Raises ModelError when the folder is no run, or its net does not name pictures by class.
    """
    return _checked(run)[0]


def file(run: Path) -> Path:
    """Return the file of weights of the net that answers, in a run that `picture` accepted."""
    folder, value = model.describe(run)
    return folder / str(value["nets"][value["answers"]]["file"])


def continued(run: Path, names: tuple[str, ...]) -> tuple[nn.Sequential, str]:
    """Return the net of a run for the classes `names`, and what was taken over.

    Its body is the run's; in its head the classes that the run knew by the same names keep their
    scores, the others are new.
    Raises ModelError when the folder is no run, or its net cannot be continued.
    """
    _, known = _checked(run)
    old = model.load(run).net
    origin = nets.built_by(old)
    assert origin is not None  # _checked has seen its builder
    builder = str(origin["builder"])
    if {"body", "head"} - {name for name, _ in old.named_children()}:
        raise _refused(run, builder)
    scores = _linear(old.get_submodule("head"))[-1].out_features
    if scores != len(known):
        raise ModelError(
            f"{run}: its net scores {scores} classes, but it names {len(known)}; restore the run, "
            "or start from another."
        )
    net = _built(builder, origin["arguments"] | {"classes": len(names)})
    body = old.get_submodule("body").state_dict()
    net.get_submodule("body").load_state_dict(body)
    joined = _join(old.get_submodule("head"), net.get_submodule("head"), known, names)
    says = f"the body of {run} ({builder.removeprefix('brique.nets.')}, {len(body)} tensors); "
    if not joined:
        return net, f"{says}a new head for {len(names)} classes"
    new = len(names) - len(joined)
    return net, f"{says}{len(joined)} classes joined by name ({listed(joined, 5)}), {new} new"


def _checked(run: Path) -> tuple[Picture, tuple[str, ...]]:
    """Return the picture and class names of a run, whose net can be continued."""
    _, value = model.describe(run)
    try:
        builder = str(value["nets"][value["answers"]]["builder"])
        schema = Schema.from_json(value["schema"])
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
        kinds = ", ".join(field.kind for field in fields)
        raise ModelError(
            f"{run}: its net was not trained to name pictures by class, but on {kinds}; start from "
            "a run on pictures."
        )
    if not builder.startswith("timm:") and builder not in nets.BUILDERS:
        raise _refused(run, builder)
    return fields[0], fields[1].names


def _refused(run: Path, builder: str) -> ModelError:
    return ModelError(
        f"{run}: its net was built by '{builder}', which makes no body and head for any classes; "
        "start from a run of 'brique train' on pictures, or from weights."
    )


def _built(builder: str, arguments: dict[str, Any]) -> nn.Sequential:
    make: Any = nets.BUILDERS.get(builder)
    if make is not None:
        return make(**arguments)
    return zoo.build(builder.removeprefix("timm:"), **arguments)


@torch.no_grad()
def _join(
    old: nn.Module, new: nn.Module, known: tuple[str, ...], names: tuple[str, ...]
) -> list[str]:
    """Give a new head what the old one knew: rows of classes by name; returns those names."""
    joined = [name for name in names if name in known]
    rows = torch.tensor([names.index(name) for name in joined], dtype=torch.int64)
    places = torch.tensor([known.index(name) for name in joined], dtype=torch.int64)
    for before, after in zip(_linear(old), _linear(new), strict=True):
        last = after is _linear(new)[-1]
        for theirs, mine in zip(before.parameters(), after.parameters(), strict=True):
            mine[rows if last else ...] = theirs[places if last else ...]
    return joined


def _linear(head: nn.Module) -> list[nn.Linear]:
    return [part for part in head.modules() if isinstance(part, nn.Linear)]
