"""Features of a crop of 32 x 32 pixels: oriented gradients, colour, and how much of each common patch it holds.

No pretrained weights, no download. HOG after Dalal and Triggs (2005); patches by k-means after Coates, Ng and Lee
(2011).
"""

import warnings
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from golgoru.core.arrays import Floats32

SIDE = 32
_CELL, _ANGLES, _BLOCK = 8, 9, 2
_COLOUR = 4  # cells per side whose mean colour is kept
_PATCH = 6
_PATCHES_SAMPLED = 20_000  # 100 for each of 200 centres
_VARIANCE_OFFSET = 10.0  # added to a patch's variance (grey levels squared), so that flat patches stay flat
_WHITENING_OFFSET = 0.1
_CROPS_PER_PRODUCT = 8
_CROPS_PER_BATCH = 32  # whose gradients fit the processor's cache
_LEVELS = 255

# How many of the features are HOG and colour; those of patches follow them.
HOG_AND_COLOUR_SIZE = (SIDE // _CELL - _BLOCK + 1) ** 2 * _BLOCK**2 * _ANGLES + 3 * _COLOUR**2

Crops = NDArray[np.uint8]


class Patches(NamedTuple):
    """`centres` (k, 108): common patches, whitened. `mean` (108,) and `whiten` (108, 108) are the whitening."""

    mean: Floats32
    whiten: Floats32
    centres: Floats32


class FeatureSet(NamedTuple):
    """What is taken of a crop besides HOG and colour: how many common patches, at positions `step` pixels apart."""

    patches: int
    step: int


# The cheaper one, at a fifth of the time, loses three points of accuracy on CIFAR-10N (docs/decisions/label-issues.md):
# for more objects than are fitted whole.
FULL, LIGHT = FeatureSet(200, 2), FeatureSet(64, 4)
# Up to so many objects nothing is sampled: the model is fitted on all of them, with the full features.
FITTED_WHOLE = 50_000


def feature_set(objects: int) -> FeatureSet:
    """Return the features that so many objects are predicted by."""
    return FULL if objects <= FITTED_WHOLE else LIGHT


def hog_and_colour(crops: Crops) -> Floats32:
    """Return HOG and colour of crops (n, 32, 32, 3), n x HOG_AND_COLOUR_SIZE."""
    return np.concatenate([_hog(crops), _mean_colours(crops)], axis=1)


def _hog(crops: Crops) -> Floats32:
    """Return histograms of oriented gradients: 4 x 4 cells of 8 pixels, 9 angles, overlapping blocks of 2 x 2."""
    batches = [_cell_histograms(crops[at : at + _CROPS_PER_BATCH]) for at in range(0, len(crops), _CROPS_PER_BATCH)]
    histograms = np.concatenate(batches)
    cells = SIDE // _CELL
    blocks = [
        histograms[:, row : row + _BLOCK, column : column + _BLOCK].reshape(len(crops), -1)
        for row in range(cells - _BLOCK + 1)
        for column in range(cells - _BLOCK + 1)
    ]
    return np.concatenate([_unit_length(_unit_length(block).clip(max=0.2)) for block in blocks], axis=1)


def _cell_histograms(crops: Crops) -> Floats32:
    """Return the magnitude of gradients by cell and angle, n x 4 x 4 x 9; each gradient counts for the two nearest."""
    gradient, table = _strongest_gradients(crops).ravel(), _gradient_table()
    # Every pixel at its angle's place, zeros elsewhere: a sum over each cell.
    by_angle, pixel = np.zeros((_ANGLES, len(gradient)), np.float32), np.arange(len(gradient))
    by_angle[table.lower.take(gradient), pixel] = table.of_lower.take(gradient)
    by_angle[table.upper.take(gradient), pixel] = table.of_upper.take(gradient)
    cells = SIDE // _CELL
    sums = _cell_sums(by_angle).reshape(_ANGLES, len(crops), cells, cells)
    return np.moveaxis(sums, 0, -1)


def _cell_sums(values: Floats32) -> Floats32:
    """Return the sums of values of pixels over cells of 8 x 8, added as NumPy's own `sum` does, in a third of its time.

    Along a row by halves, then row after row: float32 has few digits, and another order would give others.
    """
    rows = values.reshape(-1, _CELL)
    for _ in range(3):
        rows = rows[:, 0::2] + rows[:, 1::2]
    return _added(rows.reshape(-1, _CELL, SIDE // _CELL))


def _added(parts: NDArray[Any]) -> NDArray[Any]:
    """Return the sum of parts (n, k, m) over k, one after the other."""
    total = parts[:, 0].copy()
    for part in range(1, parts.shape[1]):
        total += parts[:, part]
    return total


def _strongest_gradients(crops: Crops) -> NDArray[np.int32]:
    """Return the gradient of each pixel (n, 32, 32), of the colour where it is greatest, as a row of the table."""
    pixels = np.ascontiguousarray(crops.transpose(3, 0, 1, 2)).astype(np.int16)
    dx, dy = np.zeros(pixels.shape, np.int32), np.zeros(pixels.shape, np.int32)
    np.subtract(pixels[..., 2:], pixels[..., :-2], out=dx[..., 1:-1])
    np.subtract(pixels[..., 2:, :], pixels[..., :-2, :], out=dy[..., 1:-1, :])
    # In place: memory is the bottleneck.
    squares = dx * dx
    code = np.multiply(dx, 2 * _LEVELS + 1, out=dx)
    code += dy
    code += _LEVELS * (2 * _LEVELS + 1) + _LEVELS
    squares += np.multiply(dy, dy, out=dy)
    strongest: NDArray[np.int32] = code[0]
    greatest = squares[0]
    for colour in (1, 2):
        np.copyto(strongest, code[colour], where=squares[colour] > greatest)
        np.maximum(greatest, squares[colour], out=greatest)
    return strongest


class _GradientTable(NamedTuple):
    """For each gradient (dx, dy) of whole grey levels: the angles below and above it, and its magnitude shared out."""

    lower: NDArray[np.int32]
    upper: NDArray[np.int32]
    of_lower: Floats32
    of_upper: Floats32


@cache
def _gradient_table() -> _GradientTable:
    levels = np.arange(-_LEVELS, _LEVELS + 1, dtype=np.float32)
    dx, dy = (part.ravel() for part in np.meshgrid(levels, levels, indexing="ij"))
    angle = np.arctan2(dy, dx) % np.float32(np.pi) * np.float32(_ANGLES / np.pi) - np.float32(0.5)
    below = np.floor(angle)
    share: Floats32 = (angle - below).astype(np.float32)
    lower, magnitude = (below % _ANGLES).astype(np.int32), np.hypot(dx, dy)
    upper = np.where(lower == _ANGLES - 1, 0, lower + 1).astype(np.int32)
    return _GradientTable(lower, upper, magnitude * (1 - share), magnitude * share)


def _unit_length(rows: Floats32) -> Floats32:
    length = np.sqrt((rows**2).sum(axis=1, keepdims=True) + 1e-3)
    unit: Floats32 = rows / length
    return unit


def _mean_colours(crops: Crops) -> Floats32:
    """Return the mean colour of 4 x 4 cells, 0 to 1."""
    cell = SIDE // _COLOUR
    of_rows = _added(crops.astype(np.uint16).reshape(-1, cell, SIDE * 3))
    sums = _added(of_rows.reshape(-1, cell, 3))
    means: Floats32 = sums.astype(np.float32) / np.float32(cell**2) / np.float32(_LEVELS)
    return means.reshape(len(crops), -1)


def learn_patches(crops: Crops, count: int, seed: int) -> Patches:
    """Return `count` patches that are common in the crops (n, 32, 32, 3), n > 0. The order of the crops matters."""
    rng = np.random.default_rng(seed)
    corner = rng.integers(0, SIDE - _PATCH + 1, (_PATCHES_SAMPLED, 2))
    crop = rng.integers(0, len(crops), _PATCHES_SAMPLED)
    offsets = np.arange(_PATCH)
    rows, columns = corner[:, :1] + offsets, corner[:, 1:] + offsets
    sampled = crops[crop[:, None, None], rows[:, :, None], columns[:, None, :]].reshape(_PATCHES_SAMPLED, -1)
    patches = _contrast_normalised(sampled.astype(np.float32))
    mean = patches.mean(axis=0)
    variance, axes = np.linalg.eigh(np.cov(patches - mean, rowvar=False))
    whiten = (axes / np.sqrt(variance.clip(min=0) + _WHITENING_OFFSET)) @ axes.T
    whitened = ((patches - mean) @ whiten.astype(np.float32)).astype(np.float32)
    from sklearn.cluster import KMeans  # noqa: PLC0415  (slow)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # images without any structure have fewer distinct patches than `count`
        clusters = KMeans(count, n_init=1, max_iter=20, random_state=seed, algorithm="lloyd").fit(whitened)
    return Patches(mean, whiten.astype(np.float32), clusters.cluster_centers_.astype(np.float32))


def _contrast_normalised(patches: Floats32) -> Floats32:
    centred: Floats32 = patches - patches.mean(axis=-1, keepdims=True)
    variance = np.einsum("...i,...i->...", centred, centred)[..., None] / patches.shape[-1]
    centred /= np.sqrt(variance + _VARIANCE_OFFSET)
    return centred


def patch_features(crops: Crops, patches: Patches, step: int) -> Floats32:
    """Return how much of each patch each quarter of the crops holds, n x 4k ("triangle", Coates et al.).

    `step`: between the positions of a patch, in pixels. Computed with one product of matrices per crop, so that a
    crop's features do not depend on its batch.
    """
    batches = [
        _pooled_by_quarter(crops[at : at + _CROPS_PER_PRODUCT], patches, step)
        for at in range(0, len(crops), _CROPS_PER_PRODUCT)
    ]
    pooled: Floats32 = np.sqrt(np.concatenate(batches, dtype=np.float32))  # sums of many small values are skewed
    return pooled


def _pooled_by_quarter(crops: Crops, patches: Patches, step: int) -> Floats32:
    windows = np.lib.stride_tricks.sliding_window_view(crops, (_PATCH, _PATCH), axis=(1, 2))[:, ::step, ::step]
    side = windows.shape[1]
    flat = windows.transpose(0, 1, 2, 4, 5, 3).reshape(len(crops), side * side, -1).astype(np.float32)
    white = (_contrast_normalised(flat) - patches.mean) @ patches.whiten
    # Squared distances, then distances, then how much nearer than the mean: in place, since memory is the bottleneck.
    near = white @ (-2 * patches.centres.T)
    near += (patches.centres**2).sum(axis=1)
    near += np.einsum("...i,...i->...", white, white)[..., None]
    np.sqrt(near.clip(min=0, out=near), out=near)
    np.subtract(near.mean(axis=2, keepdims=True), near, out=near)
    near.clip(min=0, out=near)
    near = near.reshape(len(crops), side, side, -1)
    half = side // 2
    quarters = [
        near[:, rows, columns].sum(axis=(1, 2))
        for rows in (slice(half), slice(half, None))
        for columns in (slice(half), slice(half, None))
    ]
    return np.concatenate(quarters, axis=1)
