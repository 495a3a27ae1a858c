"""The corners of many polygons in one flat array."""

from typing import NamedTuple

import numpy as np

from golgoru.core.arrays import Floats, Integers


class Corners(NamedTuple):
    """`points` (k x 2): the corners of all polygons; per row, where its corners begin and how many they are.

    `counts` is 0 for a row without a valid polygon: fewer than three corners, or coordinates beyond any picture.
    """

    points: Floats
    begins: Integers
    counts: Integers

    def take(self, rows: Integers) -> "Corners":
        """Return the corners of some rows, in that order; a row may be taken twice."""
        counts = self.counts[rows]
        begins = np.cumsum(counts) - counts
        offsets = np.arange(int(counts.sum())) - np.repeat(begins, counts)
        return Corners(self.points[np.repeat(self.begins[rows], counts) + offsets], begins, counts)
