"""Which images to label next, by how uncertain a model is about them and by how they lie among the others.

Every strategy picks medoids: of each cluster of candidates (k-means, weighted by the strategy's score) the image
nearest to the centre. The highest scores alone are many near-duplicates of one image, and the images farthest from all
others are mostly outliers. docs/decisions/selection.md has the measurements, and those of strategies left out.
"""

import warnings

import numpy as np

from golgoru.core.arrays import Floats, Floats32, Integers
from golgoru.core.threads import one_thread

# The best of several clusterings: a single one depends on its starting point, and a queue is made once.
_STARTS = 4
_ITERATIONS = 30
_ROWS_PER_PRODUCT = 2_000
_MIN_WEIGHT = 1e-9


def margin_uncertainty(probabilities: Floats) -> Floats:
    """Return 1 minus the margin between the two most probable classes (n, classes) (Scheffer et al. 2001): (n,)."""
    if probabilities.shape[1] < 2:
        return np.zeros(len(probabilities))
    two = np.sort(probabilities, axis=1)[:, -2:]
    uncertainty: Floats = 1 - (two[:, 1] - two[:, 0])
    return uncertainty


def squared_distance_to_nearest(embeddings: Floats32, known: Floats32) -> Floats:
    """Return the squared distance (n,) of each embedding to the nearest known one, 0 to 4; ones where none is known."""
    if not len(known):
        return np.ones(len(embeddings))
    distance = np.empty(len(embeddings))
    squares = (known**2).sum(axis=1)
    with one_thread():
        for at in range(0, len(embeddings), _ROWS_PER_PRODUCT):
            part = embeddings[at : at + _ROWS_PER_PRODUCT]
            distance[at : at + _ROWS_PER_PRODUCT] = (squares - 2 * part @ known.T).min(axis=1) + (part**2).sum(axis=1)
    return distance.clip(min=0)


def represented_counts(embeddings: Floats32, picked: Floats32) -> Integers:
    """Return for each picked embedding how many of the others are nearest to it."""
    closest = [
        (embeddings[at : at + _ROWS_PER_PRODUCT] @ picked.T).argmax(axis=1)
        for at in range(0, len(embeddings) if len(picked) else 0, _ROWS_PER_PRODUCT)
    ]
    return np.bincount(np.concatenate([np.empty(0, np.int64), *closest]), minlength=len(picked))


def medoids(embeddings: Floats32, scores: Floats, count: int, seed: int) -> Integers:
    """Return `count` rows, or all where there are fewer: of each cluster the one nearest to its centre.

    `scores` (n,) weigh both; a row with score 0 is picked only when no others are left.
    """
    count = min(count, len(embeddings))
    if count <= 0:
        return np.empty(0, np.int64)
    if count == len(embeddings):
        return np.arange(count)
    weight = np.maximum(scores / max(float(scores.max()), _MIN_WEIGHT), _MIN_WEIGHT)
    with one_thread("sklearn.cluster"), warnings.catch_warnings():
        from sklearn.cluster import KMeans  # noqa: PLC0415  (slow)

        warnings.simplefilter("ignore")  # equal images make fewer clusters than asked for
        fit = KMeans(count, n_init=_STARTS, max_iter=_ITERATIONS, random_state=seed, algorithm="lloyd")
        cluster = fit.fit(embeddings, sample_weight=weight).labels_
        distance = ((embeddings - fit.cluster_centers_[cluster]) ** 2).sum(axis=1) / weight
    order = np.lexsort((distance, cluster))
    first = np.unique(cluster[order], return_index=True)[1]
    picked = order[first]
    if len(picked) < count:  # equal images: the rest by the highest score
        rest = np.setdiff1d(np.argsort(-weight, kind="stable"), picked, assume_unique=True)
        picked = np.concatenate([picked, rest[np.argsort(-weight[rest], kind="stable")][: count - len(picked)]])
    return np.asarray(picked, dtype=np.int64)
