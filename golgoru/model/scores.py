"""How good a model is on held-out objects: accuracy, recall and precision, each with its bootstrap interval."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from golgoru.core.arrays import Floats

_RESAMPLES = 1_000
_RESAMPLES_PER_BATCH = 50  # in memory at once
# With fewer groups a bootstrap says more about itself than about the data.
_MIN_GROUPS = 5
TOO_FEW_GROUPS = f"fewer than {_MIN_GROUPS} groups of images"
_COLUMNS = ["scope", "key", "measure", "objects", "value", "low", "high", "reason"]


class Measure(NamedTuple):
    """A share: the sum of `hits` over the sum of `counted`, both one number per held-out object."""

    scope: str
    key: str
    name: str
    hits: Floats
    counted: Floats


def measures(*, label: pd.Series, predicted: pd.Series, edge_cases: pd.DataFrame) -> list[Measure]:
    """Return overall accuracy, recall and precision per class, and accuracy per edge case.

    `edge_cases` has the columns edge_case and row, the position of a held-out object.
    """
    correct = np.asarray(label == predicted, dtype=np.float64)
    found = [Measure("all", "", "accuracy", correct, np.ones(len(correct)))]
    for name in sorted(set(label)):
        has_label, has_prediction = (np.asarray(column == name, dtype=np.float64) for column in (label, predicted))
        found.append(Measure("class", name, "recall", correct * has_label, has_label))
        found.append(Measure("class", name, "precision", correct * has_prediction, has_prediction))
    for name, rows in edge_cases.groupby("edge_case")["row"]:
        fires = np.zeros(len(correct))
        fires[rows.to_numpy(np.int64)] = 1
        found.append(Measure("edge case", str(name), "accuracy", correct * fires, fires))
    return found


def score_table(measured: Sequence[Measure], groups: pd.Series, seed: int) -> pd.DataFrame:
    """Return one row per measure: scope, key, measure, objects, value, low, high, reason.

    The interval is a 95 % bootstrap over groups. A share of no objects is null; so is an interval over fewer than five
    groups; `reason` says why.
    """
    code = groups.groupby(groups, sort=True).ngroup().to_numpy(np.int64)
    size = int(code.max()) + 1 if len(code) else 0
    hits, counted = (
        np.stack([1.0 * np.bincount(code, getattr(measure, side), minlength=size) for measure in measured], axis=1)
        for side in ("hits", "counted")
    )
    shares = bootstrap_shares(hits, counted, seed)
    rows = []
    for column, measure in enumerate(measured):
        total, group_count = counted[:, column].sum(), int((counted[:, column] > 0).sum())
        enough = group_count >= _MIN_GROUPS
        low, high = np.nanquantile(shares[:, column], [0.025, 0.975]) if enough else (np.nan, np.nan)
        reason = "there are no objects" if not total else None if enough else TOO_FEW_GROUPS
        value = hits[:, column].sum() / total if total else np.nan
        objects = int(measure.counted.sum())
        rows.append((measure.scope, measure.key, measure.name, objects, value, low, high, reason))
    return pd.DataFrame(rows, columns=_COLUMNS).round(4)


def bootstrap_shares(hits: Floats, counted: Floats, seed: int) -> Floats:
    """Return the shares (resamples, m) of groups drawn with replacement; `hits` and `counted` are (groups, m)."""
    size = len(hits)
    if not size:
        return np.empty((0, hits.shape[1]))
    rng = np.random.default_rng(seed)
    parts = []
    for _ in range(0, _RESAMPLES, _RESAMPLES_PER_BATCH):
        times = rng.multinomial(size, np.full(size, 1 / size), size=_RESAMPLES_PER_BATCH).astype(np.float64)
        drawn = times @ counted
        parts.append(np.divide(times @ hits, drawn, out=np.full(drawn.shape, np.nan), where=drawn > 0))
    return np.concatenate(parts)
