"""Candidates that perceptual hashes miss: earlier pictures whose 8 x 8 colour thumbnails are most like a picture's."""

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]
Pairs = tuple[Indices, Indices]

NEIGHBOURS = 50
_VECTOR_LENGTH = 4000  # of a thumbnail as a vector: dot products stay below 2**24, which 32-bit floats hold exactly
_CHUNK = 512  # of the matrix of similarities in memory


def nearest_earlier(colours: NDArray[np.uint8]) -> Pairs:
    """Return (earlier, later) for the 50 earlier pictures most like each one, by the cosine of thumbnails less mean.

    `colours` (n, 192) stand in order of arrival; only earlier ones are asked, so that later ones change nothing.
    Time is quadratic, memory is not.
    """
    vectors = _centred_vectors(colours)
    found = [(np.empty(0, np.int64), np.empty(0, np.int64))]
    for begin in range(0, len(vectors), _CHUNK):
        end = min(begin + _CHUNK, len(vectors))
        alike = vectors[begin:end] @ vectors[:end].T
        alike[:, begin:][np.triu_indices(end - begin)] = -np.inf  # itself, and what came later
        row, earlier = _largest_per_row(alike)
        found.append((earlier, row + begin))
    return np.concatenate([one for one, _ in found]), np.concatenate([other for _, other in found])


def _centred_vectors(colours: NDArray[np.uint8]) -> NDArray[np.float32]:
    centred = colours.astype(np.float64)
    centred -= centred.mean(axis=1, keepdims=True)
    length = np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1)
    vectors: NDArray[np.float32] = np.rint(centred * (_VECTOR_LENGTH / length)).astype(np.float32)
    return vectors


def _largest_per_row(alike: NDArray[np.float32]) -> Pairs:
    """Return row and column of the 50 largest numbers of each row; of equal ones the first."""
    least = np.full((len(alike), 1), -np.inf, np.float32)
    if alike.shape[1] > NEIGHBOURS:
        least[:, 0] = np.partition(alike, -NEIGHBOURS, axis=1)[:, -NEIGHBOURS]
    chosen = (alike >= least) & np.isfinite(alike)
    for row in np.flatnonzero(chosen.sum(axis=1) > NEIGHBOURS):  # ties, which are rare
        ranked = np.argsort(-alike[row], kind="stable")
        chosen[row, ranked[NEIGHBOURS:]] = False
    rows, columns = np.nonzero(chosen)
    return rows, columns
