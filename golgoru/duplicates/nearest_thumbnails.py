"""Candidate duplicates that hashes miss: the earlier images with the most similar 8 x 8 colour thumbnails."""

import numpy as np
from numpy.typing import NDArray

from golgoru.core.arrays import Floats32, Integers

Pairs = tuple[Integers, Integers]

NEIGHBOURS = 50
_VECTOR_LENGTH = 4000  # Euclidean; dot products stay below 2**24, up to which 32-bit floats are exact
_CHUNK = 512  # rows of the similarity matrix in memory


def nearest_earlier(colours: NDArray[np.uint8]) -> Pairs:
    """Return pairs (earlier, later): for each image the 50 most similar earlier ones, by cosine of centred thumbnails.

    `colours` (n, 192) are thumbnails in order of arrival. Only earlier images are compared, so that later ones change
    nothing. Time is quadratic, memory is not.
    """
    vectors = _centred_vectors(colours)
    pairs = [(np.empty(0, np.int64), np.empty(0, np.int64))]
    for begin in range(0, len(vectors), _CHUNK):
        end = min(begin + _CHUNK, len(vectors))
        similarity = vectors[begin:end] @ vectors[:end].T
        similarity[:, begin:][np.triu_indices(end - begin)] = -np.inf  # the image itself, and later ones
        row, earlier = _largest_per_row(similarity)
        pairs.append((earlier, row + begin))
    return np.concatenate([earlier for earlier, _ in pairs]), np.concatenate([later for _, later in pairs])


def _centred_vectors(colours: NDArray[np.uint8]) -> Floats32:
    centred = colours.astype(np.float64)
    centred -= centred.mean(axis=1, keepdims=True)
    length = np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1)
    vectors: Floats32 = np.rint(centred * (_VECTOR_LENGTH / length)).astype(np.float32)
    return vectors


def _largest_per_row(similarity: Floats32) -> Pairs:
    """Return row and column of the 50 largest numbers of each row; of equal numbers the first."""
    least = np.full((len(similarity), 1), -np.inf, np.float32)
    if similarity.shape[1] > NEIGHBOURS:
        least[:, 0] = np.partition(similarity, -NEIGHBOURS, axis=1)[:, -NEIGHBOURS]
    chosen = (similarity >= least) & np.isfinite(similarity)
    for row in np.flatnonzero(chosen.sum(axis=1) > NEIGHBOURS):  # ties, which are rare
        ranked = np.argsort(-similarity[row], kind="stable")
        chosen[row, ranked[NEIGHBOURS:]] = False
    rows, columns = np.nonzero(chosen)
    return rows, columns
