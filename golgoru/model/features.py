"""What a small picture looks like, in numbers: oriented gradients, colour, and how much it has of common patches.

Nothing is learned elsewhere and nothing is downloaded. HOG (Dalal and Triggs 2005) and patches by k-means (Coates, Ng
and Lee 2011), both over 32 x 32 pixels.
"""

import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from golgoru.core.arrays import Floats32 as Floats

SIDE = 32
_CELL, _ANGLES, _BLOCK = 8, 9, 2
_COLOUR = 4  # cells per side whose colour is kept
_PATCH, _STEP = 6, 2
_PATCHES_SAMPLED = 20_000  # patches: 100 for each of 200 centres
_VARIANCE_OFFSET = 10.0  # added to a patch's variance (grey levels squared), so that flat ones stay flat
_WHITENING_OFFSET = 0.1
_CROPS_PER_PRODUCT = 8  # crops

# How many of the features are HOG and colour; those of patches come behind them.
HOG_AND_COLOUR_SIZE = (SIDE // _CELL - _BLOCK + 1) ** 2 * _BLOCK**2 * _ANGLES + 3 * _COLOUR**2

Crops = NDArray[np.uint8]


class Patches(NamedTuple):
    """`centres` (k, 108): common patches, whitened. `mean` (108,) and `whiten` (108, 108) are what whitens."""

    mean: Floats
    whiten: Floats
    centres: Floats


def hog_and_colour(crops: Crops) -> Floats:
    """Return HOG and colour of crops (n, 32, 32, 3), n x PLAIN."""
    return np.concatenate([_hog(crops), _mean_colours(crops)], axis=1)


def _hog(crops: Crops) -> Floats:
    """Return histograms of oriented gradients: 4 x 4 cells of 8 pixels, 9 angles, overlapping blocks of 2 x 2."""
    values = crops.astype(np.float32)
    across, down = np.zeros_like(values), np.zeros_like(values)
    across[:, :, 1:-1] = values[:, :, 2:] - values[:, :, :-2]
    down[:, 1:-1] = values[:, 2:] - values[:, :-2]
    strength = np.hypot(across, down)
    strongest = strength.argmax(axis=3)[..., None]  # of the three colours
    across, down, strength = (np.take_along_axis(part, strongest, axis=3)[..., 0] for part in (across, down, strength))
    angle = np.arctan2(down, across) % np.pi * (_ANGLES / np.pi) - 0.5
    lower = np.floor(angle)
    share = angle - lower
    cells = SIDE // _CELL
    found = np.zeros((len(crops), cells, cells, _ANGLES), np.float32)
    for one in range(_ANGLES):
        weight = strength * np.where(lower % _ANGLES == one, 1 - share, 0.0)
        weight += strength * np.where((lower + 1) % _ANGLES == one, share, 0.0)
        found[..., one] = weight.reshape(-1, cells, _CELL, cells, _CELL).sum(axis=(2, 4))
    blocks = [
        found[:, row : row + _BLOCK, column : column + _BLOCK].reshape(len(crops), -1)
        for row in range(cells - _BLOCK + 1)
        for column in range(cells - _BLOCK + 1)
    ]
    return np.concatenate([_unit_length(_unit_length(block).clip(max=0.2)) for block in blocks], axis=1)


def _unit_length(rows: Floats) -> Floats:
    length = np.sqrt((rows**2).sum(axis=1, keepdims=True) + 1e-3)
    unit: Floats = rows / length
    return unit


def _mean_colours(crops: Crops) -> Floats:
    """Return the mean colour of 4 x 4 cells, 0 to 1."""
    cell = SIDE // _COLOUR
    means = crops.reshape(-1, _COLOUR, cell, _COLOUR, cell, 3).mean(axis=(2, 4), dtype=np.float32) / 255
    colours: Floats = means.reshape(len(crops), -1).astype(np.float32)
    return colours


def learn_patches(crops: Crops, count: int, seed: int) -> Patches:
    """Return `count` patches that are common in the crops (n, 32, 32, 3), n > 0. The order of the crops matters."""
    dice = np.random.default_rng(seed)
    where = dice.integers(0, SIDE - _PATCH + 1, (_PATCHES_SAMPLED, 2))
    which = dice.integers(0, len(crops), _PATCHES_SAMPLED)
    offsets = np.arange(_PATCH)
    rows, columns = where[:, :1] + offsets, where[:, 1:] + offsets
    taken = crops[which[:, None, None], rows[:, :, None], columns[:, None, :]].reshape(_PATCHES_SAMPLED, -1)
    patches = _contrast_normalised(taken.astype(np.float32))
    mean = patches.mean(axis=0)
    spread, axes = np.linalg.eigh(np.cov(patches - mean, rowvar=False))
    whiten = (axes / np.sqrt(spread.clip(min=0) + _WHITENING_OFFSET)) @ axes.T
    whitened = ((patches - mean) @ whiten.astype(np.float32)).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pictures without any structure have fewer patches than that
        found = KMeans(count, n_init=1, max_iter=20, random_state=seed, algorithm="lloyd").fit(whitened)
    return Patches(mean, whiten.astype(np.float32), found.cluster_centers_.astype(np.float32))


def _contrast_normalised(patches: Floats) -> Floats:
    centred: Floats = patches - patches.mean(axis=-1, keepdims=True)
    variance = np.einsum("...i,...i->...", centred, centred)[..., None] / patches.shape[-1]
    centred /= np.sqrt(variance + _VARIANCE_OFFSET)
    return centred


def patch_features(crops: Crops, patches: Patches) -> Floats:
    """Return how much of each patch stands in each quarter of the crops, n x 4k ("triangle", Coates et al.).

    One product of matrices per crop, so that it is nothing which crops are looked at together.
    """
    few = [
        _pooled_by_quarter(crops[at : at + _CROPS_PER_PRODUCT], patches)
        for at in range(0, len(crops), _CROPS_PER_PRODUCT)
    ]
    found: Floats = np.sqrt(np.concatenate(few, dtype=np.float32))  # sums of many small things are skewed
    return found


def _pooled_by_quarter(crops: Crops, patches: Patches) -> Floats:
    windows = np.lib.stride_tricks.sliding_window_view(crops, (_PATCH, _PATCH), axis=(1, 2))[:, ::_STEP, ::_STEP]
    side = windows.shape[1]
    flat = windows.transpose(0, 1, 2, 4, 5, 3).reshape(len(crops), side * side, -1).astype(np.float32)
    white = (_contrast_normalised(flat) - patches.mean) @ patches.whiten
    # Squared distances, then distances, then how much nearer than the mean: in place, since memory is what it costs.
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
