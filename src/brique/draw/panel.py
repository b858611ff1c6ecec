"""A plot as pixels: lines, points, heatmaps and texts."""

import math
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from brique.draw.colors import PALETTE, rgb
from brique.errors import ShapeError

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

Numbers = Sequence[float] | Tensor
Pair = tuple[float, float]

SUPERSAMPLING = 3  # drawn larger by this factor, then shrunk, for smooth edges
LEFT, RIGHT, TOP, BOTTOM = 40, 10, 22, 18  # margins in pixels
INK, FRAME = (34, 34, 34), (150, 150, 150)
FONT_SIZE = 11  # pixels


class Panel:
    """A plot; later drawings cover earlier ones.

    title: above the plot.
    x, y: limits of the axes; drawings outside are cut off.
    log: whether the y axis is logarithmic; y must then be above 0.
    size: height and width in pixels.
    bare: without frame and numbers, as for a graph.
    Raises ShapeError when the limits of an axis are invalid.

    >>> curve = Panel("a line", x=(0, 1), y=(0, 2)).line([0, 1], [0, 2], label="y = 2x")
    >>> curve.pixels().shape
    torch.Size([3, 200, 260])
    """

    def __init__(
        self,
        title: str = "",
        *,
        x: Pair = (0.0, 1.0),
        y: Pair = (0.0, 1.0),
        log: bool = False,
        size: tuple[int, int] = (200, 260),
        bare: bool = False,
    ) -> None:
        from PIL import Image, ImageDraw

        if not (x[0] < x[1] and y[0] < y[1]) or (log and y[0] <= 0):
            raise ShapeError(
                f"Panel: x must rise, y too, and be above 0 with log; got x={x}, y={y}, log={log}; "
                "pass (low, high)."
            )
        self._x, self._y, self._log = x, y, log
        self._title, self._bare = title, bare
        height, width = size
        self._box = (2, 2, width - 2, height - 2)
        if not bare:
            self._box = (LEFT, TOP, width - RIGHT, height - BOTTOM)
        self._legend: list[tuple[str, int | None]] = []
        self._image = Image.new("RGB", (width * SUPERSAMPLING, height * SUPERSAMPLING), "white")
        self._draw = ImageDraw.Draw(self._image)

    def line(
        self,
        x: Numbers,
        y: Numbers,
        *,
        color: int | None = None,
        label: str = "",
        width: float = 1.6,
    ) -> "Panel":
        """Draw a line through points (x, y), with gaps at non-finite numbers.

        color: index in the palette; None is ink. label: in the legend, in this color.
        """
        segment: list[Pair] = []
        for point in [*self._to_pixels(x, y), None]:
            if point is not None:
                segment.append(point)
                continue
            if len(segment) > 1:
                self._draw.line(
                    segment, _rgb_of(color), round(width * SUPERSAMPLING), joint="curve"
                )
            segment = []
        return self._add_to_legend(label, color)

    def points(
        self,
        x: Numbers,
        y: Numbers,
        *,
        color: int | None = None,
        label: str = "",
        radius: float = 3,
    ) -> "Panel":
        """Draw a disc at each point (x, y)."""
        r = radius * SUPERSAMPLING
        for point in self._to_pixels(x, y):
            if point is not None and self._is_inside(point):
                a, b = point
                self._draw.ellipse((a - r, b - r, a + r, b + r), _rgb_of(color))
        return self._add_to_legend(label, color)

    def heatmap(self, values: Tensor) -> "Panel":
        """Draw a grid of values over the plot (rows from low y to high y, columns from low x).

        The lowest is white, the highest a middle grey.
        """
        from PIL import Image

        grid = values.detach().cpu().double().flip(0)
        span = float(grid.max() - grid.min()) or 1.0
        grey = (255 - 90 * (grid - grid.min()) / span).round().byte().numpy()
        left, top, right, bottom = (round(end * SUPERSAMPLING) for end in self._box)
        picture = Image.fromarray(grey).resize((right - left, bottom - top))
        self._image.paste(picture.convert("RGB"), (left, top))
        return self

    def text(self, x: float, y: float, text: str, *, color: int | None = None) -> "Panel":
        """Write a text, centered at (x, y), on white; letters lose their accents."""
        (point,) = self._to_pixels([x], [y])
        text = _to_ascii(text)
        if point is not None:
            box = self._draw.textbbox(point, text, font=_font(), anchor="mm")
            padding = 2 * SUPERSAMPLING
            self._draw.rectangle(
                (box[0] - padding, box[1] - padding, box[2] + padding, box[3] + padding), "white"
            )
            self._draw.text(point, text, _rgb_of(color), _font(), anchor="mm")
        return self

    def pixels(self) -> Tensor:
        """Return the plot so far: (3, H, W), uint8."""
        import numpy
        from PIL import ImageDraw

        image = self._image.copy()
        draw = ImageDraw.Draw(image)
        if not self._bare:
            self._draw_axes(draw)
        for row, (label, color) in enumerate(self._legend):
            right, top = (
                (self._box[2] - 5) * SUPERSAMPLING,
                (self._box[1] + 4 + 13 * row) * SUPERSAMPLING,
            )
            draw.rectangle(draw.textbbox((right, top), label, font=_font(), anchor="rt"), "white")
            draw.text((right, top), label, _rgb_of(color), _font(), anchor="rt")
        reduced = image.reduce(SUPERSAMPLING)
        return torch.from_numpy(numpy.array(reduced)).permute(2, 0, 1).contiguous()

    def _draw_axes(self, draw: "ImageDraw") -> None:
        """Clear the margins; draw frame, title and the limits of the axes."""
        left, top, right, bottom = (end * SUPERSAMPLING for end in self._box)
        width, height = draw.im.size
        for cover in (
            (0, 0, width, top),
            (0, bottom, width, height),
            (0, 0, left, height),
            (right, 0, width, height),
        ):
            draw.rectangle(cover, "white")
        draw.rectangle((left, top, right, bottom), None, FRAME, SUPERSAMPLING)
        gap = 4 * SUPERSAMPLING
        draw.text(((left + right) / 2, top - gap), self._title, INK, _font(), anchor="ms")
        for value, position, anchor in zip(self._x, (left, right), ("la", "ra"), strict=True):
            draw.text((position, bottom + gap), f"{value:g}", FRAME, _font(), anchor=anchor)
        for value, position, anchor in zip(self._y, (bottom, top), ("rs", "rt"), strict=True):
            draw.text((left - gap, position), f"{value:g}", FRAME, _font(), anchor=anchor)

    def _to_pixels(self, x: Numbers, y: Numbers) -> list[Pair | None]:
        """Return the pixel position of each point; None for a non-finite one."""
        xs, ys = _to_list(x), _to_list(y)
        if len(xs) != len(ys):
            raise ShapeError(
                f"Panel: {len(xs)} numbers x but {len(ys)} numbers y; pass as many of both."
            )
        return [self._to_pixel(*point) for point in zip(xs, ys, strict=True)]

    def _to_pixel(self, x: float, y: float) -> Pair | None:
        low, high = self._y
        if self._log:
            low, high, y = math.log10(low), math.log10(high), math.log10(max(y, 1e-300))
        if not (math.isfinite(x) and math.isfinite(y)):
            return None
        left, top, right, bottom = self._box
        x_fraction = (x - self._x[0]) / (self._x[1] - self._x[0])
        y_fraction = (y - low) / (high - low)
        x_fraction, y_fraction = min(9.0, max(-9.0, x_fraction)), min(9.0, max(-9.0, y_fraction))
        return (left + x_fraction * (right - left)) * SUPERSAMPLING, (
            bottom - y_fraction * (bottom - top)
        ) * SUPERSAMPLING

    def _is_inside(self, point: Pair) -> bool:
        left, top, right, bottom = (end * SUPERSAMPLING for end in self._box)
        return left <= point[0] <= right and top <= point[1] <= bottom

    def _add_to_legend(self, label: str, color: int | None) -> "Panel":
        if label:
            self._legend.append((label, color))
        return self


def _rgb_of(color: int | None) -> tuple[int, int, int]:
    return INK if color is None else rgb(PALETTE[color % len(PALETTE)])


def _to_ascii(text: str) -> str:
    """Return a text in letters of the font: "garçon" without its cedilla."""
    decomposed = unicodedata.normalize("NFKD", text)
    stripped = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return stripped.encode("ascii", "replace").decode()


def _to_list(numbers: Numbers) -> list[float]:
    if isinstance(numbers, Tensor):
        return numbers.detach().cpu().double().flatten().tolist()
    return [float(number) for number in numbers]


@cache
def _font() -> "FreeTypeFont | ImageFont":
    from PIL import ImageFont

    return ImageFont.load_default(FONT_SIZE * SUPERSAMPLING)
