"""Files of published weights: recognition of their net, and checks that they fit it."""

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
Prefixes = tuple[str, ...]


@dataclass(frozen=True)
class _Architecture:
    """A net with published weights.

    build, build_detector: return the net, or a detector with its body, for a number of classes.
    child: the child of its body with the weights, and the prefix of their names.
    classifier: prefixes of the names of the published classifier.
    """

    title: str
    build: Callable[[int], nn.Sequential]
    build_detector: Callable[[int], nn.Sequential]
    child: str
    classifier: Prefixes
    size: int
    channels: int


_ARCHITECTURES = (
    _Architecture(
        title="SqueezeNet 1.1",
        build=lambda classes: nets.squeezenet(3, classes),
        build_detector=lambda classes: nets.detector(3, classes, backbone="squeezenet"),
        child="features",
        classifier=("classifier.",),
        size=224,
        channels=3,
    ),
)


def expected_input(path: Path) -> tuple[int | None, int]:
    """Return (size, channels) of the pictures that a file's weights were trained on.

    Raises ModelError when it fits no known net.
    """
    architecture = _recognize(path)
    return architecture.size, architecture.channels


def net_from_weights(
    path: Path, classes: int, *, finds_boxes: bool = False
) -> tuple[nn.Sequential, str]:
    """Return the net of a file's weights with a new head, and a summary.

    finds_boxes: whether to return a detector instead of a classifier.
    Raises ModelError when it fits no known net.
    """
    architecture = _recognize(path)
    net = architecture.build_detector(classes) if finds_boxes else architecture.build(classes)
    return net, _load_weights(
        path, net.get_submodule("body"), architecture.classifier, architecture.title, classes
    )


def timm_expected_input(name: str, path: Path) -> tuple[int | None, int]:
    """Return (size, channels) of the pictures for a net of timm. Raises ModelError."""
    tensor_shapes(path)
    config = zoo.pretrained_config(name)
    return config.size, config.channels


def net_from_timm(name: str, path: Path, classes: int) -> tuple[nn.Sequential, str]:
    """Return timm's net of that name with a file's weights and a new head, and a summary.

    Raises ModelError when there is no such net or the file does not fit it.
    """
    config = zoo.pretrained_config(name)
    net = zoo.build(
        name,
        channels=config.channels,
        classes=classes,
        mean=list(config.mean),
        std=list(config.std),
    )
    backbone = net.get_submodule("body.net")
    excluded = tuple(f"{layer}." for layer in config.classifier)
    expected = {key: tuple(value.shape) for key, value in backbone.state_dict().items()}
    _check_fit(path, f"timm:{name}", expected, _exclude(tensor_shapes(path), excluded))
    return net, _load_weights(path, backbone, excluded, f"timm:{name}", classes)


def tensor_shapes(path: Path) -> Shapes:
    """Return the shapes of a file's tensors by name. Raises ModelError if it is unreadable."""
    try:
        return reader.read_shapes(path)
    except StoreError as error:
        raise ModelError(f"{error}; fetch or save the weights again.") from error


def join_names(names: Iterable[str], limit: int = 3) -> str:
    """Return the first names, and three dots if there are more."""
    all_names = list(names)
    return ", ".join(all_names[:limit]) + (", ..." if len(all_names) > limit else "")


def _load_weights(path: Path, net: nn.Module, excluded: Prefixes, title: str, classes: int) -> str:
    """Load a file's tensors into a net, without the excluded ones; return a summary."""
    tensors = _read_tensors(path)
    loaded = {name: value for name, value in tensors.items() if not name.startswith(excluded)}
    net.load_state_dict(loaded, strict=False)
    return (
        f"{len(loaded)} of {len(tensors)} tensors of {path.name} ({title}); a new head for "
        f"{classes} classes"
    )


def _recognize(path: Path) -> _Architecture:
    """Return the net that a file's tensors fit. Raises ModelError, with the nearest net."""
    shapes = tensor_shapes(path)
    if any(name.startswith(("body.", "head.")) for name in shapes):
        raise ModelError(
            f"{path}: these are the tensors of a run's net, and only its model.json tells which net"
            " that is; pass the folder of the run."
        )
    closest = max(
        _ARCHITECTURES,
        key=lambda architecture: len(_published(architecture).keys() & shapes.keys()),
    )
    title = f"{closest.title}, the nearest of the nets that brique knows,"
    _check_fit(path, title, _published(closest), _exclude(shapes, closest.classifier))
    return closest


@cache
def _published(architecture: _Architecture) -> Shapes:
    """Return the shapes of a net's published tensors by name, without its classifier."""
    with torch.random.fork_rng(devices=[]):
        body = architecture.build(2).get_submodule("body")
    shapes = {name: tuple(value.shape) for name, value in body.state_dict().items()}
    return {
        name: shape for name, shape in shapes.items() if name.startswith(f"{architecture.child}.")
    }


def _check_fit(path: Path, title: str, expected: Shapes, stored: Shapes) -> None:
    """Raise ModelError, with names and counts, when the tensors of a file do not fit a net."""
    # older files lack the counters
    counters = {name for name in expected if name.endswith("num_batches_tracked")}
    common = sorted(expected.keys() & stored.keys())
    mismatches = {
        "missing": sorted(expected.keys() - stored.keys() - counters),
        "unexpected": sorted(stored.keys() - expected.keys()),
        "of another shape": [
            f"{name}: {stored[name]} for {expected[name]}"
            for name in common
            if expected[name] != stored[name]
        ],
    }
    if any(mismatches.values()):
        summary = "; ".join(
            f"{len(n)} {kind} ({join_names(n)})" for kind, n in mismatches.items() if n
        )
        raise ModelError(
            f"{path}: does not fit {title} which has {len(expected)} tensors: {summary}; pass "
            "weights of that net, or name their net by timm:NAME:FILE."
        )


def _read_tensors(path: Path) -> dict[str, Tensor]:
    """Return a file's tensors as float32. Raises ModelError if one is not finite."""
    try:
        stored = reader.read_tensors(path)
    except StoreError as error:
        raise ModelError(f"{error}; fetch or save the weights again.") from error
    tensors = {
        name: value.float() if value.is_floating_point() else value
        for name, value in stored.items()
    }
    nonfinite = [name for name, value in tensors.items() if not bool(value.isfinite().all())]
    if nonfinite:
        raise ModelError(
            f"{path}: {len(nonfinite)} of {len(tensors)} tensors hold numbers that are not finite "
            f"({join_names(nonfinite)}); fetch or save the weights again."
        )
    return tensors


def _exclude(shapes: Shapes, excluded: Prefixes) -> Shapes:
    return {name: shape for name, shape in shapes.items() if not name.startswith(excluded)}
