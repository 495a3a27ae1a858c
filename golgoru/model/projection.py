"""Principal components of features and box shapes: fitted on a basis of rows, then taken of any number of others."""

from typing import NamedTuple

import numpy as np

from golgoru.core.arrays import Floats, Floats32, Integers
from golgoru.core.threads import one_thread
from golgoru.model.features import HOG_AND_COLOUR_SIZE

_DIMENSIONS = 128
_ROWS_PER_PRODUCT = 4_000


class ReducedFeatures(NamedTuple):
    """Principal components (n, d): `components` for the discriminants, `half_whitened` for the neighbours."""

    components: Floats
    half_whitened: Floats

    def take(self, rows: Integers) -> "ReducedFeatures":
        """Return some of the rows."""
        return ReducedFeatures(self.components[rows], self.half_whitened[rows])


class Projection(NamedTuple):
    """Of the columns of features and shapes: `mean` and `scale` (D,), `centre` (D,), `axes` (D, d), `variance` (d,)."""

    mean: Floats
    scale: Floats
    centre: Floats
    axes: Floats
    variance: Floats


def fit_projection(features: Floats32, shapes: Floats) -> Projection:
    """Return the projection on at most 128 principal components of features (n, d) and box shapes (n, s).

    Hog and colour, patches, and shapes are blocks of equal variance; patches weigh twice, shapes half.
    """
    hog_and_colour, patches = features[:, :HOG_AND_COLOUR_SIZE], features[:, HOG_AND_COLOUR_SIZE:]
    parts = [_standardised(block) for block in (hog_and_colour, patches, shapes)]
    weights = (1.0, 2.0, 0.5)
    values = np.concatenate([weight * part.values for weight, part in zip(weights, parts, strict=True)], axis=1)
    centre = values.mean(axis=0)
    values -= centre
    with one_thread():
        variance, axes = np.linalg.eigh(values.T @ values / max(len(values), 1))
    keep = variance > 1e-9
    return Projection(
        mean=np.concatenate([part.mean for part in parts]),
        scale=np.concatenate([weight * part.scale for weight, part in zip(weights, parts, strict=True)]),
        centre=centre,
        axes=axes[:, keep][:, ::-1][:, :_DIMENSIONS],
        variance=variance[keep][::-1][:_DIMENSIONS],
    )


class _Standardised(NamedTuple):
    values: Floats
    mean: Floats
    scale: Floats


def _standardised(block: Floats32 | Floats) -> _Standardised:
    """Return the columns with mean 0 and deviation 1, scaled so that the block has unit variance."""
    values = block.astype(np.float64)
    mean, width = values.mean(axis=0), np.sqrt(max(values.shape[1], 1))
    # A column that is constant over the basis carries no information, whatever its values elsewhere.
    deviation = np.where(values.std(axis=0) > 1e-6, values.std(axis=0), np.inf)
    return _Standardised((values - mean) / deviation / width, mean, 1 / deviation / width)


def project(projection: Projection, features: Floats32, shapes: Floats) -> ReducedFeatures:
    """Return the components of each row."""
    shift = projection.mean * projection.scale + projection.centre
    matrix = projection.scale[:, None] * projection.axes
    offset = shift @ projection.axes
    components: Floats = np.empty((len(features), projection.axes.shape[1]))
    with one_thread():
        for at in range(0, len(features), _ROWS_PER_PRODUCT):
            part = slice(at, at + _ROWS_PER_PRODUCT)
            components[part] = np.concatenate([features[part], shapes[part]], axis=1) @ matrix - offset
    return ReducedFeatures(components, components / projection.variance**0.25)


def reduce_features(features: Floats32, shapes: Floats, basis: Integers | None = None) -> ReducedFeatures:
    """Return the components of all rows, fitted on the rows `basis` (on all where it is None); labels are not used."""
    known = (features, shapes) if basis is None else (features[basis], shapes[basis])
    return project(fit_projection(*known), features, shapes)
