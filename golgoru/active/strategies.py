"""The strategies that a queue is mixed from, and how each picks among the unlabelled images."""

from typing import Literal, NamedTuple, get_args

import numpy as np
import pandas as pd

from golgoru.active import acquisition, coverage_gaps, uncertainty
from golgoru.active.coverage_gaps import CoverageScores
from golgoru.active.uncertainty import ImageUncertainty
from golgoru.core.arrays import Floats32, Integers

Strategy = Literal["margin", "coverage", "medoids", "disagreement", "label_issues"]
# In this order they pick, so that medoids can leave out what the others have picked.
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)

# Clusters are formed of so many images at most, and compared with so many labelled ones: time grows with both.
_MAX_CANDIDATES = 10_000
_MAX_LABELLED = 10_000
_UNCERTAIN_FROM = 0.5  # of an uncertainty from 0 to 1: below, one class is clearly the most probable


class Picks(NamedTuple):
    """Images in the order of their strategy: its score for each, 0 to 1, and the reason."""

    images: list[str]
    scores: list[float]
    reasons: list[str]

    def part(self, which: slice) -> "Picks":
        """Return some of them."""
        return Picks(self.images[which], self.scores[which], self.reasons[which])


class Candidates:
    """Unlabelled images (sorted) with their embeddings, the model's uncertainty and their coverage scores.

    `embeddings` is the table. Of very many images a sample is taken, in the order of `sample_key`: the content's hash.
    """

    def __init__(
        self,
        *,
        images: pd.Index,
        labelled: pd.Index,
        embeddings: pd.DataFrame,
        sample_key: pd.Series,
        uncertain: ImageUncertainty,
        coverage: CoverageScores,
        classes: list[str],
        seed: int,
    ) -> None:
        sample = _sample(images, sample_key, uncertain, coverage)
        self.images = images[sample]
        self._margin, self._coverage = uncertain.margin[sample], coverage.score[sample]
        # Reasons are looked up by the position among all images.
        self._position, self._uncertain, self._all_coverage, self._classes = sample, uncertain, coverage, classes
        self._seed = seed
        known = labelled[np.argsort(sample_key.reindex(labelled).to_numpy(str), kind="stable")[:_MAX_LABELLED]]
        both = embedding_matrix(embeddings, self.images.append(known))
        self._embeddings, known_embeddings = both[: len(sample)], both[len(sample) :]
        self._compared = len(known) > 0
        self._left = np.ones(len(sample), dtype=bool)
        self._distance = acquisition.squared_distance_to_nearest(self._embeddings, known_embeddings)

    def pick(self, strategy: Strategy, count: int) -> Picks:
        """Return up to `count` images that no strategy has picked before, highest score first."""
        weight = {"margin": self._margin**2 * self._distance, "coverage": self._coverage * self._distance}
        score = {"margin": self._margin, "coverage": self._coverage}.get(strategy, np.sqrt(self._distance) / 2)
        weights = weight.get(strategy, self._distance)
        open_ = np.flatnonzero(self._left & ((weights > 0) | (strategy == "medoids")))
        embeddings = self._embeddings[open_]
        rows = open_[acquisition.medoids(embeddings, weights[open_], count, self._seed)]
        rows = rows[np.lexsort((self.images[rows].to_numpy(str), -score[rows]))]
        picked = self._embeddings[rows]
        represented = acquisition.represented_counts(embeddings, picked)
        reasons = [self._reason(strategy, int(row), int(number)) for row, number in zip(rows, represented, strict=True)]
        picks = Picks(list(self.images[rows]), [round(float(value), 4) for value in score[rows]], reasons)
        self._left[rows] = False
        if len(rows):
            distance = acquisition.squared_distance_to_nearest(self._embeddings, picked)
            self._distance, self._compared = np.minimum(self._distance, distance), True
        return picks

    def _reason(self, strategy: Strategy, row: int, represented: int) -> str:
        position = int(self._position[row])
        if strategy == "margin":
            likely = uncertainty.likely_classes(self._uncertain, position, self._classes)
            if self._margin[row] >= _UNCERTAIN_FROM:
                return f"the model is uncertain {'between' if len(likely) > 1 else 'about'} {' and '.join(likely)}"
            return f"the model predicts {', then '.join(likely)}"
        if strategy == "coverage":
            return coverage_gaps.coverage_reason(self._all_coverage, position)
        represents = f"represents {represented:,} unlabelled image{'s' if represented != 1 else ''}"
        if not self._compared:
            return represents
        # Of vectors of length 1 with the squared distance d, 1 - d / 2 is the cosine similarity.
        similarity = 1 - self._distance[row] / 2
        return f"{represents}; cosine similarity to the nearest labelled or queued image: {similarity:.2f}"


def _sample(images: pd.Index, sample_key: pd.Series, uncertain: ImageUncertainty, coverage: CoverageScores) -> Integers:
    """Return the positions of the candidates: a quarter each by uncertainty and by coverage, half at random."""
    if len(images) <= _MAX_CANDIDATES:
        return np.arange(len(images))
    quarter = _MAX_CANDIDATES // 4
    highest = [np.argsort(-values, kind="stable")[:quarter] for values in (uncertain.margin, coverage.score)]
    at_random = np.argsort(sample_key.reindex(images).to_numpy(str), kind="stable")[: 2 * quarter]
    return np.unique(np.concatenate([*highest, at_random]))


def embedding_matrix(embeddings: pd.DataFrame, images: pd.Index) -> Floats32:
    """Return the embeddings of images (n, d), zeros where one has none."""
    width = len(embeddings["embedding"].iloc[0]) // 2 if len(embeddings) else 1
    row = pd.Index(embeddings["image"]).get_indexer(images)
    matrix = np.zeros((len(images), width), np.float32)
    known = np.flatnonzero(row >= 0)
    values = b"".join(embeddings["embedding"].iloc[row[known]])
    matrix[known] = np.frombuffer(values, "<f2").reshape(len(known), width).astype(np.float32)
    return matrix
