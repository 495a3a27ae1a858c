"""Boxes and polygons of one picture against each other and against their own bounds, vectorised."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from golgoru.geometry.matching import overlap_pairs


class LargestOverlaps(NamedTuple):
    """Per box, among the other boxes of its group: the largest IoU, and the largest share of it in a larger box.

    NaN where it has no area, or no other box of the group has one.
    """

    iou: NDArray[np.float64]
    inside: NDArray[np.float64]


@np.errstate(over="ignore", invalid="ignore")  # boxes are other people's numbers
def largest_overlaps(groups: NDArray[np.int64], boxes: NDArray[np.float64]) -> LargestOverlaps:
    """Return how boxes of one group overlap. `groups`: a number per row; `boxes`: n x 4, x, y, width, height."""
    sound = np.flatnonzero(np.isfinite(boxes).all(axis=1) & (boxes[:, 2:] > 0).all(axis=1))
    order = sound[np.argsort(groups[sound], kind="stable")]
    placed = boxes[order]
    area = placed[:, 2] * placed[:, 3]
    largest, inside = (np.full(len(order), -1.0) for _ in range(2))
    for first, second, iou in overlap_pairs(groups[order], placed):
        shared = iou * (area[first] + area[second]) / (1 + iou)
        for one, other in ((first, second), (second, first)):
            np.maximum.at(largest, one, iou)
            share = np.where(area[one] < area[other], shared / area[one], 0.0)
            np.maximum.at(inside, one, share.round(6))
    found = LargestOverlaps(*(np.full(len(boxes), np.nan) for _ in range(2)))
    for whole, part in zip(found, (largest, inside), strict=True):
        whole[order] = np.where(part < 0, np.nan, part)
    return found
