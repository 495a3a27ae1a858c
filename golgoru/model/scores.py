"""How good a model is on held-out objects: accuracy, recall, precision, each with what chance makes of it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from golgoru.core.arrays import Floats

_RESAMPLES = 1_000
_RESAMPLES_PER_BATCH = 50  # resamples in memory
# Below this a resample says more about itself than about the data.
_MIN_GROUPS = 5
TOO_FEW_GROUPS = f"fewer than {_MIN_GROUPS} groups of pictures"


class Measure(NamedTuple):
    """A share: the sum of `hits` over the sum of `of`, both one number per held-out object."""

    scope: str
    key: str
    name: str
    hits: Floats
    of: Floats


def measures(label: pd.Series, predicted: pd.Series, cases: pd.DataFrame) -> list[Measure]:
    """Return accuracy in all and per edge case (`cases`: edge_case, row), recall and precision per class."""
    right = np.asarray(label == predicted, dtype=np.float64)
    found = [Measure("all", "", "accuracy", right, np.ones(len(right)))]
    for name in sorted(set(label)):
        own, said = (np.asarray(column == name, dtype=np.float64) for column in (label, predicted))
        found.append(Measure("class", name, "recall", right * own, own))
        found.append(Measure("class", name, "precision", right * said, said))
    for name, rows in cases.groupby("edge_case")["row"]:
        fires = np.zeros(len(right))
        fires[rows.to_numpy(np.int64)] = 1
        found.append(Measure("edge case", str(name), "accuracy", right * fires, fires))
    return found


def score_table(found: Sequence[Measure], groups: pd.Series, seed: int) -> pd.DataFrame:
    """Return one row per measure: scope, key, measure, objects, value, low, high, why (bootstrap over groups, 95 %).

    A share of nothing is null; so is an interval over fewer than five groups, and `why` says so.
    """
    code = groups.groupby(groups, sort=True).ngroup().to_numpy(np.int64)
    size = int(code.max()) + 1 if len(code) else 0
    hits, of = (
        np.stack([1.0 * np.bincount(code, getattr(m, side), minlength=size) for m in found], axis=1)
        for side in ("hits", "of")
    )
    shares = bootstrap_shares(hits, of, seed)
    rows = []
    for place, measure in enumerate(found):
        total, holding = of[:, place].sum(), int((of[:, place] > 0).sum())
        low, high = np.nanquantile(shares[:, place], [0.025, 0.975]) if holding >= _MIN_GROUPS else (np.nan, np.nan)
        why = "there are none" if not total else TOO_FEW_GROUPS if holding < _MIN_GROUPS else None
        rows.append({
            "scope": measure.scope, "key": measure.key, "measure": measure.name, "objects": int(measure.of.sum()),
            "value": hits[:, place].sum() / total if total else np.nan, "low": low, "high": high, "why": why,
        })  # fmt: skip
    columns = ["scope", "key", "measure", "objects", "value", "low", "high", "why"]
    return pd.DataFrame(rows, columns=columns).round(4)


def bootstrap_shares(hits: Floats, of: Floats, seed: int) -> Floats:
    """Return the shares (resamples, m) when groups (rows of `hits` and `of`, both (groups, m)) are drawn anew."""
    size = len(hits)
    if not size:
        return np.empty((0, hits.shape[1]))
    dice = np.random.default_rng(seed)
    parts = []
    for _ in range(0, _RESAMPLES, _RESAMPLES_PER_BATCH):
        times = dice.multinomial(size, np.full(size, 1 / size), size=_RESAMPLES_PER_BATCH).astype(np.float64)
        drawn = times @ of
        parts.append(np.divide(times @ hits, drawn, out=np.full(drawn.shape, np.nan), where=drawn > 0))
    return np.concatenate(parts)
