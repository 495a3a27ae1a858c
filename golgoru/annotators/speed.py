"""How fast each annotator labels, and how often correctly: by class, by month, and along their learning curve."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from golgoru.core import plot_csv
from golgoru.core.intervals import wilson_bound
from golgoru.tables import frames

CLASS, PERIOD, LEARNING_CURVE = "class", "period", "learning curve"
_TENTHS = 10
_SECONDS_PER_HOUR = 3600.0
_NO_ORDER = "annotations without a creation time have no order within their batch and are counted in one tenth"
_NO_TIME = "no working time is known"
_NOT_EVALUABLE = "no label of these has a second voter or a reviewer"
_DECISIONS = "a reviewer's decision is the label"


def speed_table(annotations: pd.DataFrame) -> pd.DataFrame:
    """Return table `speed`; `annotations` as from golgoru.annotators.annotations, of which those with a class count."""
    labelled = annotations[annotations["label"].notna()]
    keys = {CLASS: labelled["label"], PERIOD: _month(labelled), LEARNING_CURVE: _tenth(labelled)}
    return pd.concat([_rows(labelled, scope, key) for scope, key in keys.items()], ignore_index=True)


def speed_plots(speed: pd.DataFrame) -> dict[str, bytes]:
    """Return the learning curve of each annotator, and their speed along it, one file each."""
    curve = speed[speed["scope"] == LEARNING_CURVE]
    curve = curve.assign(tenth=curve["key"].astype(int)).sort_values(["annotator", "tenth"])
    named = curve.rename(columns={"correct": "share correct", "seconds_per_label": "seconds per label"})
    return {
        "learning-curve.csv": plot_csv.csv(named[["annotator", "tenth", "share correct"]]),
        "speed.csv": plot_csv.csv(named[["annotator", "tenth", "seconds per label"]]),
    }


def labelling_speed(seconds: pd.Series, by: Any) -> pd.DataFrame:
    """Return, per group, the median of the known seconds, and labels per hour: those with a time, by its sum."""
    known = seconds.groupby(by).agg(["median", "count", "sum"])
    total = known["sum"].round(3)  # without rounding, row order would show in the last bits
    per_hour = _SECONDS_PER_HOUR * known["count"] / total.where(total > 0)
    return pd.DataFrame({"seconds_per_label": known["median"].round(3), "labels_per_hour": per_hour.round(2)})


def _rows(labelled: pd.DataFrame, scope: str, key: pd.Series) -> pd.DataFrame:
    by = [labelled["annotator"], key.rename("key").astype("str")]
    correct = labelled["correct"].groupby(by).agg(["size", "count", "mean"]).round(9)
    timed = labelling_speed(labelled["seconds"], by)
    unordered = labelled["created_at"].isna().groupby(by).any() & (scope == LEARNING_CURVE)
    only_decisions = labelled["review"].groupby(by).all()
    evaluable = correct["count"] > 0
    reasons = {
        _NO_ORDER: unordered,
        _NO_TIME: timed["seconds_per_label"].isna(),
        _DECISIONS: ~evaluable & only_decisions,
        _NOT_EVALUABLE: ~evaluable & ~only_decisions,
    }
    rows = timed.assign(
        scope=scope,
        labels=correct["size"],
        evaluable=correct["count"],
        correct=correct["mean"].round(4),
        correct_low=wilson_bound(correct["mean"], correct["count"], -1).round(4),
        correct_high=wilson_bound(correct["mean"], correct["count"], 1).round(4),
        reason=_joined(reasons, timed.index),
    )
    return frames.frame("speed", rows.reset_index())


def _joined(reasons: Mapping[str, pd.Series], index: pd.Index) -> pd.Series:
    """Return, per row, the reasons that hold, with semicolons between; null where none does."""
    text = pd.Series("", index=index, dtype="str")
    for reason, holds in reasons.items():
        text = text.where(~holds, text + "; " + reason)
    return text.str.removeprefix("; ").mask(text == "")


def _month(labelled: pd.DataFrame) -> pd.Series:
    """Return the month in which each annotation was made: 2026-03."""
    created = labelled["created_at"].dt.tz_localize(None).to_numpy("datetime64[M]")
    texts = pd.Series(np.datetime_as_string(created), index=labelled.index, dtype="str")
    return texts.where(labelled["created_at"].notna(), labelled["date"].str[:7])


def _tenth(labelled: pd.DataFrame) -> pd.Series:
    """Return the tenth of its annotator's annotations that each belongs to, 1 to 10, in the order they were made.

    Annotations without an order among themselves stand together, where their middle is.
    """
    delivered = pd.to_datetime(labelled["date"], utc=True, errors="coerce").astype(labelled["created_at"].dtype)
    moment = labelled["created_at"].fillna(delivered)
    order = labelled.assign(moment=moment).groupby(["moment", "date", "batch"], dropna=False).ngroup()
    by_annotator = order.groupby(labelled["annotator"])
    middle = by_annotator.rank(method="average") - 0.5
    return (_TENTHS * middle / by_annotator.transform("size")).apply(np.ceil).astype(int)
