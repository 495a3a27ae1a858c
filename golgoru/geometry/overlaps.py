"""How far the boxes of one picture overlap each other."""

from typing import NamedTuple

import numpy as np

from golgoru.core.arrays import Floats, Integers
from golgoru.geometry.matching import overlap_pairs


class LargestOverlaps(NamedTuple):
    """Per box, among the other boxes of its group: the largest IoU, and the largest share of it in a larger box.

    NaN where the box has no area, or no other box of the group has one.
    """

    iou: Floats
    share_inside: Floats


@np.errstate(over="ignore", invalid="ignore")  # boxes as they were delivered, infinite numbers among them
def largest_overlaps(groups: Integers, boxes: Floats) -> LargestOverlaps:
    """Return how far boxes of one group overlap. `groups`: a number per row; `boxes`: n x 4, x, y, width, height."""
    valid = np.flatnonzero(np.isfinite(boxes).all(axis=1) & (boxes[:, 2:] > 0).all(axis=1))
    order = valid[np.argsort(groups[valid], kind="stable")]
    sorted_boxes = boxes[order]
    area = sorted_boxes[:, 2] * sorted_boxes[:, 3]
    largest_iou, largest_share = (np.full(len(order), -1.0) for _ in range(2))
    for first, second, iou in overlap_pairs(groups[order], sorted_boxes):
        intersection = iou * (area[first] + area[second]) / (1 + iou)
        for box, other in ((first, second), (second, first)):
            np.maximum.at(largest_iou, box, iou)
            share = np.where(area[box] < area[other], intersection / area[box], 0.0)
            np.maximum.at(largest_share, box, share.round(6))
    overlaps = LargestOverlaps(*(np.full(len(boxes), np.nan) for _ in range(2)))
    for result, values in zip(overlaps, (largest_iou, largest_share), strict=True):
        result[order] = np.where(values < 0, np.nan, values)
    return overlaps
