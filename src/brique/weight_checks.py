"""Checks of a net against its saved weights, and against its output when it was saved."""

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from brique.errors import ModelError
from brique.inference import eval_mode

TOLERANCE = 1e-5  # of a net's output on its fixed input, relative to its size
CHECKED_NUMBERS = 64  # numbers of that output that are saved
_MAX_INPUTS, _MAX_NUMBERS = 16, 4_000_000  # of a check: tensors, and numbers in all of them

Inputs = list[tuple[tuple[int, ...], torch.dtype]]
"""Shape and type of each input tensor of a net."""


def check_state_dict(where: str, net: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Raise ModelError when a file's tensors have other names, shapes or types than a net's."""
    expected = {key: tuple(value.shape) for key, value in net.state_dict().items()}
    stored = {key: tuple(value.shape) for key, value in tensors.items()}
    if expected != stored:
        keys = expected.keys() | stored.keys()
        name = min(key for key in keys if expected.get(key) != stored.get(key))
        raise ModelError(
            f"{where}: tensor {name} has shape {stored.get(name, 'none')} where the net "
            f"has {expected.get(name, 'none')}; the code that builds it has changed: load with "
            "the version that trained it, or train again."
        )
    for key, value in net.state_dict().items():
        if value.is_floating_point() != tensors[key].is_floating_point():
            raise ModelError(
                f"{where}: tensor {key} holds {tensors[key].dtype} where the net has {value.dtype};"
                " restore the file, or train again."
            )


def check_finite(where: str, net: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Raise ModelError for non-finite weights that are finite in a new net."""
    for key, value in net.state_dict().items():
        if not bool(tensors[key].isfinite().all()) and bool(value.isfinite().all()):
            raise ModelError(
                f"{where}: tensor {key} holds numbers that are not finite, so the net cannot"
                " answer; restore the file, or train again."
            )


def make_check(net: nn.Module, inputs: Inputs | None) -> dict[str, Any] | None:
    """Return the net's output on a fixed input, or None for nets of other inputs."""
    if inputs is None:
        return None
    shapes = [{"shape": list(s), "dtype": str(t).removeprefix("torch.")} for s, t in inputs]
    if len(shapes) > _MAX_INPUTS or sum(math.prod(shape) for shape, _ in inputs) > _MAX_NUMBERS:
        return None
    output = _output(net, shapes)
    return None if output is None else {"inputs": shapes, "output": output}


def passes_check(net: nn.Module, check: dict[str, Any] | None) -> bool:
    """Tell whether a net's output on its fixed input is as saved; True without a check."""
    if check is None:
        return True
    output = _output(net, check["inputs"])
    expected = torch.tensor(check["output"], dtype=torch.float64)
    if output is None or len(output) != len(expected):
        return False
    actual = torch.tensor(output, dtype=torch.float64)
    magnitude = max(1.0, float(expected.abs().max())) if len(expected) else 1.0
    return bool(((actual - expected).abs() <= TOLERANCE * magnitude).all())


def _output(net: nn.Module, shapes: Iterable[dict[str, Any]]) -> list[float] | None:
    """Return the first numbers of a net's output on its fixed input; None if it has none."""
    with eval_mode(net) as device:
        inputs = [fixed_input(entry).to(device) for entry in shapes]
        try:
            output = net(*inputs)
        except (RuntimeError, ValueError, TypeError, IndexError):
            return None  # a net that does not accept the fixed input has no check
    if not isinstance(output, Tensor) or not bool(output.isfinite().all()):
        return None
    return output.detach().double().cpu().flatten()[:CHECKED_NUMBERS].tolist()


def check_inputs(shapes: list[dict[str, Any]]) -> None:
    """Raise ModelError when a check has more inputs than brique writes."""
    numbers = sum(math.prod(int(side) for side in entry["shape"][:16]) for entry in shapes[:99])
    if len(shapes) > _MAX_INPUTS or numbers > _MAX_NUMBERS:
        raise ModelError(
            f"model.json: a check has {len(shapes)} inputs of {numbers:.4g} numbers, more than"
            f" {_MAX_INPUTS} of {_MAX_NUMBERS:,}; restore the file."
        )


def fixed_input(entry: dict[str, Any], device: str = "cpu") -> Tensor:
    """Return the fixed input of a shape: evenly spaced from 0 to 1, zeros for integers."""
    dtype = {"float32": torch.float32, "float64": torch.float64, "float16": torch.float16,
            "bfloat16": torch.bfloat16}.get(entry["dtype"])  # fmt: skip
    shape = [int(n) for n in entry["shape"]]
    count = math.prod(shape)
    if any(n < 0 for n in shape) or count > _MAX_NUMBERS:
        raise ModelError(f"model.json: a check's input has shape {shape}; restore the file.")
    if dtype is None:
        return torch.zeros(shape, dtype=torch.int64, device=device)
    return torch.linspace(0, 1, count, dtype=dtype, device=device).reshape(shape)
