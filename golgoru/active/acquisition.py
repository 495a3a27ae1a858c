"""Which pictures to label next, by how sure a model is of them and by how they lie among the others.

Every strategy picks medoids: clusters of the candidates (k-means, weighted by how much each is wanted), of each cluster
the picture next to its centre. A batch of the most wanted pictures alone would be many times the same one, and the
farthest ones are mostly odd ones. Measured in docs/decisions/selection.md.
"""

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from golgoru.core.arrays import Floats

# The best of several clusterings: one alone depends on where it began, and a queue is made once.
_STARTS = 4
_ROUNDS = 30
_ROWS_PER_PRODUCT = 2_000
# k-centre chooses among this many times as many medoids as it picks: on all pictures it picks the odd ones, and on
# CIFAR-10 learned ten points less than from pictures by chance.
_CENTRES = 4
_MIN_WEIGHT = 1e-9

Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]


def margin_uncertainty(probabilities: Floats) -> Floats:
    """Return 1 less the gap between the two most probable classes (n, classes) (Scheffer et al. 2001): (n,), 0 to 1."""
    if probabilities.shape[1] < 2:
        return np.zeros(len(probabilities))
    two = np.sort(probabilities, axis=1)[:, -2:]
    found: Floats = 1 - (two[:, 1] - two[:, 0])
    return found


def unsure_by_entropy(probabilities: Floats) -> Floats:
    """Return the entropy of the classes as a share of the most it can be: (n,), 0 to 1."""
    if probabilities.shape[1] < 2:
        return np.zeros(len(probabilities))
    floor = probabilities.clip(min=_MIN_WEIGHT, max=1)
    found: Floats = -(floor * np.log(floor)).sum(axis=1) / np.log(probabilities.shape[1])
    return found.clip(0, 1)


def squared_distance_to_nearest(vectors: Vectors, known: Vectors) -> Floats:
    """Return the squared distance (n,) of each vector to the nearest known one, 0 to 4 on the sphere; ones without."""
    if not len(known):
        return np.ones(len(vectors))
    found = np.empty(len(vectors))
    squares = (known**2).sum(axis=1)
    with threadpool_limits(1):  # the same last digits on any number of cores
        for at in range(0, len(vectors), _ROWS_PER_PRODUCT):
            part = vectors[at : at + _ROWS_PER_PRODUCT]
            found[at : at + _ROWS_PER_PRODUCT] = (squares - 2 * part @ known.T).min(axis=1) + (part**2).sum(axis=1)
    return found.clip(min=0)


def represented_counts(vectors: Vectors, picked: Vectors) -> Rows:
    """Return for each picked vector to how many of the others it is the nearest."""
    closest = [
        (vectors[at : at + _ROWS_PER_PRODUCT] @ picked.T).argmax(axis=1)
        for at in range(0, len(vectors) if len(picked) else 0, _ROWS_PER_PRODUCT)
    ]
    return np.bincount(np.concatenate([np.empty(0, np.int64), *closest]), minlength=len(picked))


def medoids(vectors: Vectors, wanted: Floats, count: int, seed: int) -> Rows:
    """Return `count` rows, fewer where there are no more: of each cluster the one next to its centre, by weight.

    `wanted` (n,) are weights; 0 is never picked while others are there.
    """
    count = min(count, len(vectors))
    if count <= 0:
        return np.empty(0, np.int64)
    if count == len(vectors):
        return np.arange(count)
    weight = np.maximum(wanted / max(float(wanted.max()), _MIN_WEIGHT), _MIN_WEIGHT)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # equal pictures are fewer clusters than asked for
        fit = KMeans(count, n_init=_STARTS, max_iter=_ROUNDS, random_state=seed, algorithm="lloyd")
        cluster = fit.fit(vectors, sample_weight=weight).labels_
        away = ((vectors - fit.cluster_centers_[cluster]) ** 2).sum(axis=1) / weight
    order = np.lexsort((away, cluster))
    first = np.unique(cluster[order], return_index=True)[1]
    picked = order[first]
    if len(picked) < count:  # equal pictures: the rest by what is wanted most
        rest = np.setdiff1d(np.argsort(-weight, kind="stable"), picked, assume_unique=True)
        picked = np.concatenate([picked, rest[np.argsort(-weight[rest], kind="stable")][: count - len(picked)]])
    return np.asarray(picked, dtype=np.int64)


def k_centre(vectors: Vectors, known: Vectors, count: int, seed: int) -> Rows:
    """Return `count` rows, each the farthest from all known and picked ones, among medoids.

    Source: Sener and Savarese, Active learning for convolutional neural networks: a core-set approach, ICLR 2018.
    """
    among = medoids(vectors, np.ones(len(vectors)), _CENTRES * count, seed)
    away = squared_distance_to_nearest(vectors[among], known)
    if not len(known) and len(among):  # the one in the middle comes first
        away = -((vectors[among] - vectors[among].mean(axis=0)) ** 2).sum(axis=1)
    picked: list[int] = []
    # A loop over picks: what is farthest depends on what was picked.
    while len(picked) < min(count, len(among)):
        best = int(away.argmax())
        nearer = squared_distance_to_nearest(vectors[among], vectors[among[best : best + 1]])
        away = nearer if not picked and not len(known) else np.minimum(away, nearer)
        picked.append(best)
        away[picked] = -1
    return among[picked]
