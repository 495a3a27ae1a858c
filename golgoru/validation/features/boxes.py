"""The geometry behind facts: boxes against their picture, against their class, and against each other."""

from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from golgoru.geometry import overlaps
from golgoru.validation.features.base import MAD_TO_SIGMA, MIN_SAMPLE

BOX = ["x", "y", "width", "height"]
_MIN_DEVIATION = 0.05  # in log area: classes whose boxes are all of one size would make every pixel an outlier

Floats = NDArray[np.float64]


# Boxes are other people's numbers, infinite ones among them: what they come to is NaN, and no warning.
_ignore_float_errors = np.errstate(all="ignore")


class Boxes:
    """Boxes (n x 4: x, y, width, height, pixels; NaN where there is none) on pictures of n widths and heights."""

    def __init__(self, drawn: Floats, across: Floats, down: Floats) -> None:
        self.drawn, self.across, self.down = drawn, across, down
        self.x, self.y, self.width, self.height = drawn.T

    @cached_property
    def shorter_side(self) -> Floats:
        return np.asarray(np.minimum(self.width, self.height))

    @cached_property
    @_ignore_float_errors
    def area(self) -> Floats:
        """Square pixels; NaN without area."""
        return np.asarray(np.where((self.width > 0) & (self.height > 0), self.width * self.height, np.nan))

    @cached_property
    @_ignore_float_errors
    def visible(self) -> Floats:
        """Share that lies on the picture; NaN without area, or where the picture's size is not known."""
        seen_across = np.minimum(self.x + self.width, self.across) - np.maximum(self.x, 0.0)
        seen_down = np.minimum(self.y + self.height, self.down) - np.maximum(self.y, 0.0)
        return np.asarray(np.clip(seen_across, 0, None) * np.clip(seen_down, 0, None) / self.area)

    @cached_property
    @_ignore_float_errors
    def _beyond(self) -> Floats:
        """How far the side that reaches furthest lies beyond the border; negative inside."""
        sides = (-self.x, -self.y, self.x + self.width - self.across, self.y + self.height - self.down)
        return np.asarray(np.maximum.reduce(sides))

    @cached_property
    def beyond(self) -> Floats:
        return np.where(self.visible > 0, np.clip(self._beyond, 0, None), np.nan)

    @cached_property
    def at_border(self) -> NDArray[np.bool_]:
        return np.asarray(self._beyond >= -1)


class SizeAgainstClass(NamedTuple):
    """`ratio`: area over the median of the class; `deviation`: the same in deviations of the class's log areas."""

    ratio: Floats
    deviation: Floats


def size_against_class(area: pd.Series, label: pd.Series) -> SizeAgainstClass:
    """Compare each area with its class, robustly: median and median absolute deviation of the logarithm.

    NaN where the area is NaN or the class has fewer than ENOUGH areas. Rounded: logarithms differ between
    processors in the last bits.
    """
    logs = np.log(area.where(area > 0))
    by_class = logs.groupby(label)
    enough = by_class.transform("count") >= MIN_SAMPLE
    off = (logs - by_class.transform("median")).where(enough)
    deviation = MAD_TO_SIGMA * off.abs().groupby(label).transform("median")
    return SizeAgainstClass(
        np.exp(off).round(4).to_numpy(dtype=float),
        (off / deviation.clip(lower=_MIN_DEVIATION)).round(4).to_numpy(dtype=float),
    )


def largest_iou_in_unit(unit: pd.DataFrame, drawn: Floats) -> Floats:
    """Return, per row, the largest IoU of its box with another one of its unit, 0 where none overlaps.

    Rows with equal values in all columns of `unit` belong together; `drawn` are their boxes (n x 4).
    """
    number = unit.groupby(list(unit), sort=False, dropna=False).ngroup().to_numpy().astype(np.int64)
    return np.nan_to_num(overlaps.largest_overlaps(number, drawn).iou)
