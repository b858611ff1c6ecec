"""Predicted masks."""

import base64
import io
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from brique.data import Batch
from brique.errors import ShapeError
from brique.evaluation.resize import size_and_transform
from brique.inference import net_inputs
from brique.schema import IGNORE_INDEX, Mask, Schema


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The predicted mask of one picture.

    answer: share of the pixels by class, largest first, without absent classes.
    mask: class indices (H, W), uint8, of the original picture; 255 outside the net's view.
    names: of the classes.
    """

    answer: dict[str, float]
    mask: Tensor = field(repr=False)
    names: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """Return {"answer": shares by class, "mask": {...}}.

        The mask holds "size" ([width, height]), "names", and "png": a grayscale PNG of the class
        indices, in base64; 255 is outside the net's view.
        """
        height, width = self.mask.shape
        mask = {"size": [width, height], "names": list(self.names), "png": _png(self.mask)}
        return {"answer": self.answer, "mask": mask}

    def cells(self) -> dict[str, object]:
        """Return the share of each class."""
        return {name: self.answer.get(name, 0.0) for name in self.names}

    def summary(self) -> tuple[str, str]:
        """Return the most frequent classes with their shares, and no confidence."""
        texts = [f"{name} {share:.0%}" for name, share in self.answer.items()]
        return ", ".join(texts[:5]) + (", ..." if len(texts) > 5 else ""), ""


def predictions(scores: Tensor, names: tuple[str, ...]) -> list[Answer]:
    """Return the prediction of each picture.

    scores: (N, K, H, W). names: of the K classes. Raises ShapeError when they disagree on K.
    """
    if scores.ndim != 4 or scores.shape[1] != len(names):
        raise ShapeError(
            f"predictions: the net returned {tuple(scores.shape)} for {len(names)} classes; let it"
            f" return (N, {len(names)}, H, W)."
        )
    items: list[Answer] = []
    for mask in scores.argmax(1).byte().cpu():
        counts = torch.bincount(mask.flatten(), minlength=len(names))
        order = torch.argsort(counts, descending=True, stable=True).tolist()
        shares = {names[k]: float(counts[k]) / mask.numel() for k in order if counts[k]}
        items.append(Answer(answer=shares, mask=mask, names=names))
    return items


def predict(net: nn.Module, batch: Batch, schema: Schema) -> list[Answer]:
    """Return the prediction of each example. Raises ShapeError as `predictions` does."""
    mask_field = schema[schema.target]
    assert isinstance(mask_field, Mask)
    return predictions(net(net_inputs(batch, schema, net)).float(), mask_field.names)


def postprocess(answer: Answer, value: object, schema: Schema) -> Answer:
    """Return a prediction with its mask resized to the original picture.

    Resizing takes the nearest pixel, 255 where the picture was cropped; shares stay those of the
    resized picture. Raises DataError when the size of the original is unknown.
    """
    (height, width), (scale, dx, dy) = size_and_transform(value, schema)
    mask_height, mask_width = answer.mask.shape
    if (height, width) == (mask_height, mask_width):
        return answer
    y = ((torch.arange(height) + 0.5) * scale + dy).floor().long()
    x = ((torch.arange(width) + 0.5) * scale + dx).floor().long()
    mask = answer.mask[y.clamp(0, mask_height - 1)][:, x.clamp(0, mask_width - 1)]
    is_visible = ((y >= 0) & (y < mask_height))[:, None] & ((x >= 0) & (x < mask_width))
    return replace(answer, mask=mask.where(is_visible, IGNORE_INDEX))


def _png(mask: Tensor) -> str:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(mask.numpy()).save(file, "png", optimize=True)
    return base64.b64encode(file.getvalue()).decode()
