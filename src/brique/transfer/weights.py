"""Files of published weights: which net they are of, and whether they fit it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn

from brique import nets, reader
from brique.errors import ModelError, StoreError
from brique.nets import zoo

Shapes = dict[str, tuple[int, ...]]
Names = tuple[str, ...]


@dataclass(frozen=True)
class _Known:
    """A net whose published weights are recognized.

    build: makes it for a number of classes. finding: makes a net that finds boxes of so many.
    part: the child of its body that holds them; their names begin with the same word.
    classifier: how the names begin that belong to the published classes.
    """

    says: str
    build: Callable[[int], nn.Sequential]
    finding: Callable[[int], nn.Sequential]
    part: str
    classifier: Names
    size: int
    channels: int


_KNOWN = (
    _Known(
        says="SqueezeNet 1.1",
        build=lambda classes: nets.squeezenet(3, classes),
        finding=lambda classes: nets.detector(3, classes, backbone="squeezenet"),
        part="features",
        classifier=("classifier.",),
        size=224,
        channels=3,
    ),
)


def wants(path: Path) -> tuple[int | None, int]:
    """Return (size, channels) of the pictures that a file's weights were made for.

    Raises ModelError when it fits no net that is known.
    """
    known = _recognise(path)
    return known.size, known.channels


def recognized(path: Path, classes: int, *, finds_boxes: bool = False) -> tuple[nn.Sequential, str]:
    """Return the net of a file's weights with a new head, and what was taken over.

    finds_boxes: whether the head shall find boxes of the classes, in place of naming a picture.
    Raises ModelError when it fits no net that is known.
    """
    known = _recognise(path)
    net = known.finding(classes) if finds_boxes else known.build(classes)
    return net, _filled(path, net.get_submodule("body"), known.classifier, known.says, classes)


def timm_wants(name: str, path: Path) -> tuple[int | None, int]:
    """Return (size, channels) of the pictures for a net of timm. Raises ModelError."""
    header(path)
    known = zoo.facts(name)
    return known.size, known.channels


def by_timm(name: str, path: Path, classes: int) -> tuple[nn.Sequential, str]:
    """Return timm's net of that name with a file's weights and a new head, and what was taken over.

    Raises ModelError when there is no such net or the file does not fit it.
    """
    known = zoo.facts(name)
    net = zoo.build(
        name,
        channels=known.channels,
        classes=classes,
        mean=list(known.mean),
        spread=list(known.spread),
    )
    inner = net.get_submodule("body.net")
    left = tuple(f"{layer}." for layer in known.classifier)
    own = {key: tuple(value.shape) for key, value in inner.state_dict().items()}
    _check_fit(path, f"timm:{name}", own, _without(header(path), left))
    return net, _filled(path, inner, left, f"timm:{name}", classes)


def header(path: Path) -> Shapes:
    """Return the shapes of a file's tensors by name. Raises ModelError if it holds none."""
    try:
        return reader.read_shapes(path)
    except StoreError as error:
        raise ModelError(f"{error}; fetch or save the weights again.") from error


def listed(names: Iterable[str], most: int = 3) -> str:
    """Return the first names, and three dots if there are more."""
    every = list(names)
    return ", ".join(every[:most]) + (", ..." if len(every) > most else "")


def _filled(path: Path, net: nn.Module, left: Names, what: str, classes: int) -> str:
    """Give a net a file's tensors, but for those that are left; return what was done."""
    tensors = _tensors(path)
    used = {name: value for name, value in tensors.items() if not name.startswith(left)}
    net.load_state_dict(used, strict=False)
    return (
        f"{len(used)} of {len(tensors)} tensors of {path.name} ({what}); a new head for {classes} "
        "classes"
    )


def _recognise(path: Path) -> _Known:
    """Return the net that a file's tensors fit. Raises ModelError, which names the nearest."""
    found = header(path)
    if any(name.startswith(("body.", "head.")) for name in found):
        raise ModelError(
            f"{path}: these are the tensors of a run's net, and only its model.json tells which net"
            " that is; pass the folder of the run."
        )
    near = max(_KNOWN, key=lambda known: len(_published(known).keys() & found.keys()))
    what = f"{near.says}, the nearest of the nets that brique knows,"
    _check_fit(path, what, _published(near), _without(found, near.classifier))
    return near


@cache
def _published(known: _Known) -> Shapes:
    """Return the shapes of a net's published tensors by name, but for those of its classifier."""
    with torch.random.fork_rng(devices=[]):
        body = known.build(2).get_submodule("body")
    shapes = {name: tuple(value.shape) for name, value in body.state_dict().items()}
    return {name: shape for name, shape in shapes.items() if name.startswith(f"{known.part}.")}


def _check_fit(path: Path, what: str, own: Shapes, found: Shapes) -> None:
    """Raise ModelError, with names and counts, when the tensors of a file do not fit a net."""
    counters = {name for name in own if name.endswith("num_batches_tracked")}  # older files lack
    both = sorted(own.keys() & found.keys())
    wrong = {
        "missing": sorted(own.keys() - found.keys() - counters),
        "unexpected": sorted(found.keys() - own.keys()),
        "of another shape": [
            f"{name}: {found[name]} for {own[name]}" for name in both if own[name] != found[name]
        ],
    }
    if any(wrong.values()):
        said = "; ".join(f"{len(n)} {kind} ({listed(n)})" for kind, n in wrong.items() if n)
        raise ModelError(
            f"{path}: does not fit {what} which has {len(own)} tensors: {said}; pass weights of "
            "that net, or name their net by timm:NAME:FILE."
        )


def _tensors(path: Path) -> dict[str, Tensor]:
    """Return a file's tensors in single precision. Raises ModelError if one is not finite."""
    try:
        found = reader.read_tensors(path)
    except StoreError as error:
        raise ModelError(f"{error}; fetch or save the weights again.") from error
    tensors = {
        name: value.float() if value.is_floating_point() else value for name, value in found.items()
    }
    wrong = [name for name, value in tensors.items() if not bool(value.isfinite().all())]
    if wrong:
        raise ModelError(
            f"{path}: {len(wrong)} of {len(tensors)} tensors hold numbers that are not finite "
            f"({listed(wrong)}); fetch or save the weights again."
        )
    return tensors


def _without(shapes: Shapes, left: Names) -> Shapes:
    return {name: shape for name, shape in shapes.items() if not name.startswith(left)}
