"""A drawing in the plane: curves, marks, shades and words, as pixels."""

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
Ends = tuple[float, float]

FINER = 3  # drawn so many times larger, then shrunk: smooth edges
LEFT, RIGHT, TOP, BOTTOM = 40, 10, 22, 18  # pixels round the field
INK, FRAME = (34, 34, 34), (150, 150, 150)
LETTERS = 11  # pixels


class Panel:
    """One drawing; what is drawn later lies above what was drawn before.

    title: stands above it.
    x, y: ends of the axes; what lies outside is cut off.
    log: whether heights are shown by their powers of ten; y is then above 0.
    size: height and width in pixels.
    bare: without frame and numbers, as for a graph.
    Raises ShapeError when an axis has no length, or log goes with heights of 0 and less.

    >>> curve = Panel("a line", x=(0, 1), y=(0, 2)).line([0, 1], [0, 2], name="y = 2x")
    >>> curve.pixels().shape
    torch.Size([3, 200, 260])
    """

    def __init__(
        self,
        title: str = "",
        *,
        x: Ends = (0.0, 1.0),
        y: Ends = (0.0, 1.0),
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
        self._names: list[tuple[str, int | None]] = []
        self._sheet = Image.new("RGB", (width * FINER, height * FINER), "white")
        self._draw = ImageDraw.Draw(self._sheet)

    def line(
        self,
        x: Numbers,
        y: Numbers,
        *,
        color: int | None = None,
        name: str = "",
        width: float = 1.6,
    ) -> "Panel":
        """Draw a line through points (x, y); it is broken where a number is not finite.

        color: place in the palette; None is ink. name: stands in the corner in this color.
        """
        piece: list[Ends] = []
        for place in [*self._places(x, y), None]:
            if place is not None:
                piece.append(place)
                continue
            if len(piece) > 1:
                self._draw.line(piece, _ink(color), round(width * FINER), joint="curve")
            piece = []
        return self._named(name, color)

    def marks(
        self, x: Numbers, y: Numbers, *, color: int | None = None, name: str = "", radius: float = 3
    ) -> "Panel":
        """Draw a disc at each point (x, y)."""
        r = radius * FINER
        for place in self._places(x, y):
            if place is not None and self._holds(place):
                a, b = place
                self._draw.ellipse((a - r, b - r, a + r, b + r), _ink(color))
        return self._named(name, color)

    def shade(self, values: Tensor) -> "Panel":
        """Fill the field by a grid of values (rows from low y to high y, columns from low x).

        The lowest is white, the highest a middle grey.
        """
        from PIL import Image

        grid = values.detach().cpu().double().flip(0)
        span = float(grid.max() - grid.min()) or 1.0
        grey = (255 - 90 * (grid - grid.min()) / span).round().byte().numpy()
        left, top, right, bottom = (round(end * FINER) for end in self._box)
        picture = Image.fromarray(grey).resize((right - left, bottom - top))
        self._sheet.paste(picture.convert("RGB"), (left, top))
        return self

    def words(self, x: float, y: float, text: str, *, color: int | None = None) -> "Panel":
        """Write words, centered at (x, y), on a white ground; letters lose their accents."""
        (place,) = self._places([x], [y])
        text = _drawable(text)
        if place is not None:
            box = self._draw.textbbox(place, text, font=_font(), anchor="mm")
            edge = 2 * FINER
            self._draw.rectangle(
                (box[0] - edge, box[1] - edge, box[2] + edge, box[3] + edge), "white"
            )
            self._draw.text(place, text, _ink(color), _font(), anchor="mm")
        return self

    def pixels(self) -> Tensor:
        """Return the drawing as it stands: (3, H, W), uint8."""
        import numpy
        from PIL import ImageDraw

        sheet = self._sheet.copy()
        draw = ImageDraw.Draw(sheet)
        if not self._bare:
            self._finish(draw)
        for row, (name, color) in enumerate(self._names):
            right, top = (self._box[2] - 5) * FINER, (self._box[1] + 4 + 13 * row) * FINER
            draw.rectangle(draw.textbbox((right, top), name, font=_font(), anchor="rt"), "white")
            draw.text((right, top), name, _ink(color), _font(), anchor="rt")
        small = sheet.reduce(FINER)
        return torch.from_numpy(numpy.array(small)).permute(2, 0, 1).contiguous()

    def _finish(self, draw: "ImageDraw") -> None:
        """Cover what stands outside the field; draw frame, title and the ends of the axes."""
        left, top, right, bottom = (end * FINER for end in self._box)
        broad, high = draw.im.size
        for cover in (
            (0, 0, broad, top),
            (0, bottom, broad, high),
            (0, 0, left, high),
            (right, 0, broad, high),
        ):
            draw.rectangle(cover, "white")
        draw.rectangle((left, top, right, bottom), None, FRAME, FINER)
        gap = 4 * FINER
        draw.text(((left + right) / 2, top - gap), self._title, INK, _font(), anchor="ms")
        for value, place, anchor in zip(self._x, (left, right), ("la", "ra"), strict=True):
            draw.text((place, bottom + gap), f"{value:g}", FRAME, _font(), anchor=anchor)
        for value, place, anchor in zip(self._y, (bottom, top), ("rs", "rt"), strict=True):
            draw.text((left - gap, place), f"{value:g}", FRAME, _font(), anchor=anchor)

    def _places(self, x: Numbers, y: Numbers) -> list[Ends | None]:
        """Return each point's place on the sheet; None for one that is not finite."""
        xs, ys = _plain(x), _plain(y)
        if len(xs) != len(ys):
            raise ShapeError(
                f"Panel: {len(xs)} numbers x but {len(ys)} numbers y; pass as many of both."
            )
        return [self._place(*point) for point in zip(xs, ys, strict=True)]

    def _place(self, x: float, y: float) -> Ends | None:
        low, high = self._y
        if self._log:
            low, high, y = math.log10(low), math.log10(high), math.log10(max(y, 1e-300))
        if not (math.isfinite(x) and math.isfinite(y)):
            return None
        left, top, right, bottom = self._box
        across = (x - self._x[0]) / (self._x[1] - self._x[0])
        up = (y - low) / (high - low)
        across, up = min(9.0, max(-9.0, across)), min(9.0, max(-9.0, up))
        return (left + across * (right - left)) * FINER, (bottom - up * (bottom - top)) * FINER

    def _holds(self, place: Ends) -> bool:
        left, top, right, bottom = (end * FINER for end in self._box)
        return left <= place[0] <= right and top <= place[1] <= bottom

    def _named(self, name: str, color: int | None) -> "Panel":
        if name:
            self._names.append((name, color))
        return self


def _ink(color: int | None) -> tuple[int, int, int]:
    return INK if color is None else rgb(PALETTE[color % len(PALETTE)])


def _drawable(text: str) -> str:
    """Return a text in the letters that the font has: "garçon" without its cedilla."""
    apart = unicodedata.normalize("NFKD", text)
    bare = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return bare.encode("ascii", "replace").decode()


def _plain(numbers: Numbers) -> list[float]:
    if isinstance(numbers, Tensor):
        return numbers.detach().cpu().double().flatten().tolist()
    return [float(number) for number in numbers]


@cache
def _font() -> "FreeTypeFont | ImageFont":
    from PIL import ImageFont

    return ImageFont.load_default(LETTERS * FINER)
