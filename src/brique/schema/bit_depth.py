"""Pictures of high bit depth (over 8 bits, or floats): brightness before and after rescaling.

NaN stands for letterbox padding.
"""

from typing import TYPE_CHECKING, Any

from brique.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

UINT16_MAX = 65535.0  # of integers whose range is unknown
_MAX_EXACT_INTEGER = float(1 << 24)  # beyond, float32 has gaps
_MID_GRAY = 0.5


def is_high_bit_depth(image: "Image.Image") -> bool:
    """Return whether an image has one channel of more than 8 bits, or of floats."""
    return image.mode == "F" or image.mode.startswith("I")


def white_level(image: "Image.Image") -> float:
    """Return the brightness of white in an image of high bit depth, if its range is unknown."""
    return 1.0 if image.mode == "F" else UINT16_MAX


def intensity_plane(image: "Image.Image") -> "np.ndarray[Any, Any]":
    """Return the brightness of an image of high bit depth (1, h, w), float32. Raises DataError."""
    import numpy as np

    plane = np.asarray(image).astype(np.float64)
    low, high = plane.min(), plane.max()
    if not (np.isfinite(low) and np.isfinite(high)) or max(-low, high) > _MAX_EXACT_INTEGER:
        actual = "NaN" if np.isnan(low) else f"{low:g} to {high:g}"
        raise DataError(
            f"picture: expected finite brightness up to {_MAX_EXACT_INTEGER:,.0f}, got {actual};"
            " convert it to 8 or 16 bits"
        )
    return plane.astype(np.float32)[None]


def rescale_intensity(
    planes: "np.ndarray[Any, Any]", value_range: tuple[float, float]
) -> "np.ndarray[Any, Any]":
    """Return brightness in [0, 1], float32: low is 0, high is 1, values outside are clipped."""
    import numpy as np

    low, high = value_range
    scaled = (planes.astype(np.float64) - low) / (high - low)
    return np.nan_to_num(scaled, nan=_MID_GRAY).clip(0, 1).astype(np.float32)


def to_uint8(
    planes: "np.ndarray[Any, Any]", white: float, where: str = "picture"
) -> "np.ndarray[Any, Any]":
    """Return brightness from 0 to `white` as uint8. Raises DataError for values outside."""
    import numpy as np

    low, high = (float(value) for value in (np.nanmin(planes), np.nanmax(planes)))
    if low < 0 or high > white:
        raise DataError(
            f"{where}: expected brightness from 0 to {white:g}, got {low:g} to {high:g}; convert it"
            " to 8 or 16 bits"
        )
    return np.rint(np.nan_to_num(planes / white, nan=128 / 255) * 255).astype(np.uint8)


def preview(image: "Image.Image") -> "Image.Image":
    """Return an image to find near-duplicates by: high bit depth becomes 256 gray levels."""
    import numpy as np
    from PIL import Image

    if not is_high_bit_depth(image):
        return image
    plane = intensity_plane(image)[0]
    low, high = float(plane.min()), float(plane.max())
    scaled = rescale_intensity(plane, (low, high if high > low else low + 1))
    return Image.fromarray(np.rint(scaled * 255).astype(np.uint8))
