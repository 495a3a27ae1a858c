"""The corners of many polygons in one flat array."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Corners(NamedTuple):
    """The corners of all polygons below each other (k x 2), and per row where its own begin and how many there are.

    `counts` is 0 for a row without a sound polygon: fewer than three corners, or corners that are no place.
    """

    points: NDArray[np.float64]
    begins: NDArray[np.int64]
    counts: NDArray[np.int64]

    def of(self, rows: NDArray[np.int64]) -> "Corners":
        """Return those of some rows, in their order; a row may stand in it twice."""
        counts = self.counts[rows]
        begins = np.cumsum(counts) - counts
        within = np.arange(int(counts.sum())) - np.repeat(begins, counts)
        return Corners(self.points[np.repeat(self.begins[rows], counts) + within], begins, counts)
