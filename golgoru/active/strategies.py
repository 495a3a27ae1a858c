"""The candidates that a queue is chosen from, and how each part of the mix chooses among them."""

from typing import Literal, NamedTuple, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from golgoru.active import acquisition, coverage_gaps, uncertainty
from golgoru.active.coverage_gaps import CoverageScores
from golgoru.active.uncertainty import ImageUncertainty

Strategy = Literal["margin", "entropy", "coverage", "medoids", "k-centre", "disagreement", "suspects"]
# In this order they pick, so that what stands for many is told what the others have taken.
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)

# Clusters are looked for among so many pictures at most, and compared with so many labelled ones: time grows with both.
_MAX_CANDIDATES = 10_000
_MAX_LABELLED = 10_000
_UNCERTAIN_FROM = 0.5  # of a doubt from 0 to 1: below, the model leans clearly one way

Rows = NDArray[np.int64]


class Picks(NamedTuple):
    """Images in the order of their strategy: how much it wants each, 0 to 1, and why, in words."""

    images: list[str]
    scores: list[float]
    reasons: list[str]

    def part(self, which: slice) -> "Picks":
        """Return some of them."""
        return Picks(self.images[which], self.scores[which], self.reasons[which])


class Candidates:
    """Unlabelled images (sorted), what they look like, and what a model says of them.

    `vectors` is table `vectors`; `order` says by chance which of very many images are looked at: the images' contents.
    """

    def __init__(
        self, images: pd.Index, labelled: pd.Index, vectors: pd.DataFrame, order: pd.Series, view: ImageUncertainty, wanted: CoverageScores,
        classes: list[str], seed: int,
    ) -> None:  # fmt: skip
        few = _subsample(images, order, view, wanted)
        self.images = images[few]
        self._margin, self._entropy = view.margin[few], view.entropy[few]
        self._wanted = wanted.score[few]
        self._places, self._view, self._all_wanted, self._classes, self._seed = few, view, wanted, classes, seed
        known = labelled[np.argsort(order.reindex(labelled).to_numpy(str), kind="stable")[:_MAX_LABELLED]]
        both = embedding_matrix(vectors, self.images.append(known))
        self._vectors, self._known = both[: len(few)], both[len(few) :]
        self._left = np.ones(len(few), dtype=bool)
        self._new = acquisition.squared_distance_to_nearest(self._vectors, self._known)

    def pick(self, strategy: Strategy, count: int) -> Picks:
        """Return up to `count` images that no other strategy has taken, most wanted first."""
        weight = {
            "margin": self._margin**2 * self._new,
            "entropy": self._entropy * self._new,
            "coverage": self._wanted * self._new,
        }.get(strategy, self._new)
        open_ = np.flatnonzero(self._left & ((weight > 0) | (strategy in ("medoids", "k-centre"))))
        vectors = self._vectors[open_]
        if strategy == "k-centre":
            taken = np.concatenate([self._known, self._vectors[~self._left]])
            rows = open_[acquisition.k_centre(vectors, taken, count, self._seed)]
        else:
            rows = open_[acquisition.medoids(vectors, weight[open_], count, self._seed)]
        score = {"margin": self._margin, "entropy": self._entropy, "coverage": self._wanted}.get(
            strategy, np.sqrt(self._new) / 2
        )
        rows = rows[np.lexsort((self.images[rows].to_numpy(str), -score[rows]))]
        like = acquisition.represented_counts(vectors, self._vectors[rows])
        reasons = [self._reason(strategy, int(row), number) for row, number in zip(rows, like, strict=True)]
        picks = Picks(list(self.images[rows]), [round(float(value), 4) for value in score[rows]], reasons)
        self._left[rows] = False
        self._new = (
            np.minimum(self._new, acquisition.squared_distance_to_nearest(self._vectors, self._vectors[rows]))
            if len(rows)
            else self._new
        )
        return picks

    def _reason(self, strategy: Strategy, row: int, like: int) -> str:
        place = int(self._places[row])
        if strategy in {"margin", "entropy"}:
            unsure = (self._margin if strategy == "margin" else self._entropy)[row] >= _UNCERTAIN_FROM
            said = uncertainty.likely_classes(self._view, place, self._classes)
            return f"the model wavers: {said}" if unsure else f"the model says {said}"
        if strategy == "coverage":
            return coverage_gaps.coverage_reason(self._all_wanted, place)
        # On the unit sphere the squared distance d says how alike two pictures are: 1 - d / 2.
        known = len(self._known) or not self._left.all()
        alike = f"; its likeness to the nearest that has a label or is queued is {1 - self._new[row] / 2:.2f} of 1"
        many = "1 picture" if like == 1 else f"{like:,} pictures"
        stands = f"stands for {many} without a label" if strategy == "medoids" else "far from all others"
        return stands + (alike if known else "")


def _subsample(images: pd.Index, order: pd.Series, view: ImageUncertainty, wanted: CoverageScores) -> Rows:
    """Return the places of those that are looked at: a quarter each that is wanted most, and half by chance."""
    if len(images) <= _MAX_CANDIDATES:
        return np.arange(len(images))
    quarter = _MAX_CANDIDATES // 4
    most = [np.argsort(-values, kind="stable")[:quarter] for values in (view.margin, wanted.score)]
    by_chance = np.argsort(order.reindex(images).to_numpy(str), kind="stable")[: 2 * quarter]
    return np.unique(np.concatenate([*most, by_chance]))


def embedding_matrix(vectors: pd.DataFrame, images: pd.Index) -> NDArray[np.float32]:
    """Return the vectors of images (n, d), zeros where one has none."""
    width = len(vectors["vector"].iloc[0]) // 2 if len(vectors) else 1
    at = pd.Index(vectors["image"]).get_indexer(images)
    found = np.zeros((len(images), width), np.float32)
    known = np.flatnonzero(at >= 0)
    rows = b"".join(vectors["vector"].iloc[at[known]])
    found[known] = np.frombuffer(rows, "<f2").reshape(len(known), width).astype(np.float32)
    return found
