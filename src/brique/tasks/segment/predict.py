"""What a net says of the pixels of one picture."""

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
    """What a net says of one picture: the class of each of its pixels.

    answer: the share of the pixels by class, the commonest first; classes without any are left out.
    mask: numbers of classes (H, W), uint8, over the picture as it was given; 255 where the net did
        not see it.
    names: of the classes.
    """

    answer: dict[str, float]
    mask: Tensor = field(repr=False)
    names: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """Return {"answer": shares by class, "mask": {...}}.

        The mask holds "size" ([width, height]), "names", and "png": the bytes of a grey picture of
        the classes' numbers, in base64; 255 is what the net did not see.
        """
        height, width = self.mask.shape
        mask = {"size": [width, height], "names": list(self.names), "png": _png(self.mask)}
        return {"answer": self.answer, "mask": mask}

    def cells(self) -> dict[str, object]:
        """Return the share of each class."""
        return {name: self.answer.get(name, 0.0) for name in self.names}

    def summary(self) -> tuple[str, str]:
        """Return the commonest classes with their shares; how sure the net is is not known."""
        texts = [f"{name} {share:.0%}" for name, share in self.answer.items()]
        return ", ".join(texts[:5]) + (", ..." if len(texts) > 5 else ""), ""


def predictions(scores: Tensor, names: tuple[str, ...]) -> list[Answer]:
    """Return an Answer for each picture that a net scored.

    scores: (N, K, H, W). names: of the K classes. Raises ShapeError when they disagree on K.
    """
    if scores.ndim != 4 or scores.shape[1] != len(names):
        raise ShapeError(
            f"answers: the net said {tuple(scores.shape)} of {len(names)} classes; let it return"
            f" (N, {len(names)}, H, W)."
        )
    items: list[Answer] = []
    for mask in scores.argmax(1).byte().cpu():
        counts = torch.bincount(mask.flatten(), minlength=len(names))
        order = torch.argsort(counts, descending=True, stable=True).tolist()
        shares = {names[k]: float(counts[k]) / mask.numel() for k in order if counts[k]}
        items.append(Answer(answer=shares, mask=mask, names=names))
    return items


def predict(net: nn.Module, batch: Batch, schema: Schema) -> list[Answer]:
    """Return an Answer for each example of a batch. Raises ShapeError as `answers` does."""
    mask_field = schema[schema.target]
    assert isinstance(mask_field, Mask)
    return predictions(net(net_inputs(batch, schema, net)).float(), mask_field.names)


def postprocess(answer: Answer, value: object, schema: Schema) -> Answer:
    """Return an answer whose mask lies over the picture as it was given, pixel by pixel.

    Each pixel gets the class of the nearest that the net saw, 255 where the picture was cut away;
    shares are of what the net saw. Raises DataError when the picture's size cannot be told.
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
