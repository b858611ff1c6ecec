"""Versions, device and threads."""

import platform
from pathlib import Path

import torch

import brique


def about() -> dict[str, object]:
    """Return versions, device and threads, as JSON values by name."""
    return {
        "brique": brique.__version__,
        "Python": platform.python_version(),
        "torch": torch.__version__,
        "system": platform.platform(terse=True),
        "device": _device(),
        "threads": torch.get_num_threads(),
        "installed": str(Path(brique.__file__).parent),
    }


def _device() -> str:
    """Return the default device for training."""
    if torch.cuda.is_available():
        return f"cuda ({torch.cuda.get_device_name()})"
    if torch.backends.mps.is_available():
        return "mps"
    return "cpu"
