"""The geometry behind features: boxes compared with their image, with their class, and with each other."""

from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from golgoru.core.arrays import Flags, Floats
from golgoru.geometry import overlaps
from golgoru.validation.features.base import MAD_TO_SIGMA, MIN_SAMPLE

# In log area. Where all boxes of a class have one size, a difference of a pixel would otherwise be an outlier.
_MIN_DEVIATION = 0.05

# Boxes are untrusted numbers, infinite ones among them: results that are not finite become NaN, without a warning.
_ignore_float_errors = np.errstate(all="ignore")


class Boxes:
    """Boxes (n x 4: x, y, width, height, pixels; NaN where there is none) on images of n widths and heights."""

    def __init__(self, drawn: Floats, image_width: Floats, image_height: Floats) -> None:
        self.drawn, self.image_width, self.image_height = drawn, image_width, image_height
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
    def visible_share(self) -> Floats:
        """Share of the area that lies on the image; NaN without area, or where the image's size is not known."""
        visible_width = np.minimum(self.x + self.width, self.image_width) - np.maximum(self.x, 0.0)
        visible_height = np.minimum(self.y + self.height, self.image_height) - np.maximum(self.y, 0.0)
        return np.asarray(np.clip(visible_width, 0, None) * np.clip(visible_height, 0, None) / self.area)

    @cached_property
    @_ignore_float_errors
    def _furthest(self) -> Floats:
        """Pixels by which the side that reaches furthest lies beyond the image border; negative inside."""
        right, bottom = self.x + self.width - self.image_width, self.y + self.height - self.image_height
        return np.asarray(np.maximum.reduce((-self.x, -self.y, right, bottom)))

    @cached_property
    def overshoot(self) -> Floats:
        """Pixels by which the box extends beyond the image, 0 inside; NaN where no part of it lies on the image."""
        return np.where(self.visible_share > 0, np.clip(self._furthest, 0, None), np.nan)

    @cached_property
    def at_border(self) -> Flags:
        return np.asarray(self._furthest >= -1)


class SizeAgainstClass(NamedTuple):
    """`ratio`: area over the median of the class. `deviation`: its logarithm in robust deviations of the class."""

    ratio: Floats
    deviation: Floats


def size_against_class(area: pd.Series, label: pd.Series) -> SizeAgainstClass:
    """Compare each area with its class, robustly: median and median absolute deviation of the logarithm.

    NaN where the area is NaN or the class has fewer than MIN_SAMPLE areas. Rounded: logarithms differ between
    processors in the last bits.
    """
    logs = np.log(area.where(area > 0))
    by_class = logs.groupby(label)
    enough = by_class.transform("count") >= MIN_SAMPLE
    difference = (logs - by_class.transform("median")).where(enough)
    deviation = MAD_TO_SIGMA * difference.abs().groupby(label).transform("median")
    return SizeAgainstClass(
        np.exp(difference).round(4).to_numpy(dtype=float),
        (difference / deviation.clip(lower=_MIN_DEVIATION)).round(4).to_numpy(dtype=float),
    )


def largest_iou_in_unit(unit: pd.DataFrame, drawn: Floats) -> Floats:
    """Return, per row, the largest IoU of its box with another box of its unit, 0 where none overlaps.

    Rows with equal values in all columns of `unit` form a unit; `drawn` are their boxes (n x 4).
    """
    number = unit.groupby(list(unit), sort=False, dropna=False).ngroup().to_numpy().astype(np.int64)
    return np.nan_to_num(overlaps.largest_overlaps(number, drawn).iou)
