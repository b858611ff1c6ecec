"""Pretrained nets from a source.

A source is one of three:
- `PATH.safetensors`, published weights; the names of the tensors identify the net;
- the folder of an earlier run, or of its model: classes of the same name keep their weights;
- `timm:NAME:PATH.safetensors`, local weights of a net of timm (the extra `zoo`).
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from brique import files
from brique.errors import DataError, ModelError, ShapeError
from brique.inference import eval_mode
from brique.schema import Boxes, Category, Picture, Schema, Tags
from brique.transfer import earlier_run, weight_files


@dataclass(frozen=True)
class Pretrained:
    """A pretrained net.

    net: its child `body` maps pictures to features, its child `head` features to class scores.
    summary: of the reused weights, in words.
    size: height and width of the pictures that it was trained on; None if they differ.
    channels: of those pictures.
    sha256: of the weights file.
    """

    net: nn.Sequential
    summary: str
    size: int | None
    channels: int
    sha256: str


def expected_input(source: str | Path) -> tuple[int | None, int]:
    """Return (size, channels) of the pictures that a source was trained on.

    Reads little of the source, so that the data can be opened accordingly.
    source: a .safetensors file, the folder of an earlier run, or timm:NAME:FILE.
    size: height and width; None if they differ.
    Raises ModelError when the source is none of these.
    """
    kind, name, path = _parse(source)
    if kind == "run":
        channels, height, width = earlier_run.picture_field(path).shape
        return (height if height == width else None), channels
    if kind == "timm":
        return weight_files.timm_expected_input(name, path)
    return weight_files.expected_input(path)


def load_pretrained(source: str | Path, schema: Schema) -> Pretrained:
    """Return a net for the classes of `schema` that starts from the weights of a source.

    source: a .safetensors file, the folder of an earlier run, or timm:NAME:FILE.
    schema: of the new data, with one picture, and a category, or boxes with their classes, as
        target. A detector starts from published weights that brique knows.
    Raises ModelError when the source is none of these or its tensors do not fit their net;
        DataError when the data are not pictures with classes; ShapeError when the net does not
        take such pictures.
    """
    pictures, names = _picture_and_names(schema)
    kind, name, path = _parse(source)
    finds_boxes = any(isinstance(schema[name], Boxes) for name in schema.targets)
    if finds_boxes and kind != "weights":
        raise ModelError(
            f"{source}: a detector cannot start from this; pass the published weights of"
            " SqueezeNet 1.1 as a .safetensors file, or train from scratch."
        )
    if kind == "run":
        net, summary = earlier_run.net_from_run(path, names)
    elif kind == "timm":
        net, summary = weight_files.net_from_timm(name, path, len(names))
    else:
        net, summary = weight_files.net_from_weights(path, len(names), finds_boxes=finds_boxes)
    file = earlier_run.weights_file(path) if kind == "run" else path
    pretrained = Pretrained(net, summary, *expected_input(source), files.sha256(file))
    _check_shape(str(source), pretrained, pictures.shape)
    return pretrained


def resolve_source(source: str | Path) -> str:
    """Return a source with an absolute path. Raises ModelError."""
    kind, name, path = _parse(source)
    return f"timm:{name}:{path.resolve()}" if kind == "timm" else str(path.resolve())


def _parse(source: str | Path) -> tuple[str, str, Path]:
    """Return the kind of a source ("weights", "run" or "timm"), timm's name, and the path."""
    text, kind, name = str(source), "weights", ""
    if text.startswith("timm:"):
        kind = "timm"
        name, _, text = text.removeprefix("timm:").partition(":")
        if not text:
            raise ModelError(
                f"timm:{name}: names no weights file, and brique downloads none; write "
                f"timm:{name or 'NAME'}:FILE.safetensors with a file that you have."
            )
    path = Path(text).expanduser()
    if kind == "weights" and path.is_dir():
        return "run", "", path
    if not path.is_file():
        raise ModelError(
            f"{path}: no such weights file or run to start from; pass a .safetensors file, the "
            "folder of a run, or timm:NAME:FILE."
        )
    if path.suffix != ".safetensors":
        raise ModelError(
            f"{path}: weights must be a .safetensors file, since other formats can run code when "
            "they are read; save them as safetensors."
        )
    return kind, name, path


def _picture_and_names(schema: Schema) -> tuple[Picture, tuple[str, ...]]:
    """Return the picture and the class names of a schema."""
    pictures = [f for f in map(schema.__getitem__, schema.inputs) if isinstance(f, Picture)]
    targets = [schema[name] for name in schema.targets]
    if len(pictures) == 1 and len(targets) == 2 and isinstance(targets[0], Boxes):
        assert isinstance(targets[1], Tags)
        return pictures[0], targets[1].names
    target = schema[schema.target]
    if len(pictures) != 1 or not isinstance(target, Category):
        description = ", ".join(f"{name} ({field.kind})" for name, field in schema.fields.items())
        raise DataError(
            f"transfer: expected one picture and a category as target, got {description}; train "
            "from scratch on such data."
        )
    return pictures[0], target.names


def _check_shape(source: str, pretrained: Pretrained, shape: tuple[int, int, int]) -> None:
    """Raise ShapeError when the net does not accept pictures of a shape."""
    is_accepted = shape[0] == pretrained.channels
    if is_accepted:
        try:
            with eval_mode(pretrained.net) as device:
                pretrained.net(torch.zeros(1, *shape, device=device))
        except (RuntimeError, AssertionError):  # timm asserts the size of a net
            is_accepted = False
    if not is_accepted:
        channels, height, width = shape
        size = "" if pretrained.size is None else f"size={pretrained.size}, "
        raise ShapeError(
            f"{source}: its net does not take pictures of {channels} channels and {height} x "
            f"{width} pixels; open the data with {size}channels={pretrained.channels}."
        )
