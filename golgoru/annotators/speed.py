"""How fast each annotator labels, and how often rightly: by class, over time, and with practice."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from golgoru.core import plot_csv
from golgoru.core.intervals import wilson
from golgoru.tables import frames

CLASS, PERIOD, LEARNING_CURVE = "class", "period", "practice"
_TENTHS = 10
_SECONDS_PER_HOUR = 3600.0
_NO_ORDER = "words without a time at which they were made have no order within their batch: it stands in one tenth"
_NO_TIME = "no working time is known"
_NO_JUDGE = "neither a second voter nor a reviewer has settled a label of these"
_VERDICTS = "a reviewer's verdict is the label"


def speed_table(words: pd.DataFrame) -> pd.DataFrame:
    """Return table `tempo`; `words` as golgoru.annotators.annotations gives them, of which those with a class count."""
    said = words[words["label"].notna()]
    keys = {CLASS: said["label"], PERIOD: _month(said), LEARNING_CURVE: _tenth(said)}
    return pd.concat([_rows(said, scope, key) for scope, key in keys.items()], ignore_index=True)


def speed_plots(tempo: pd.DataFrame) -> dict[str, bytes]:
    """Return the learning curve of each annotator, and his speed along it, one file each."""
    practice = tempo[tempo["scope"] == LEARNING_CURVE]
    practice = practice.assign(tenth=practice["key"].astype(int)).sort_values(["annotator", "tenth"])
    named = practice.rename(columns={"right": "share right", "seconds_per_label": "seconds per label"})
    return {
        "practice.csv": plot_csv.csv(named[["annotator", "tenth", "share right"]]),
        "speed.csv": plot_csv.csv(named[["annotator", "tenth", "seconds per label"]]),
    }


def labelling_speed(seconds: pd.Series, by: Any) -> pd.DataFrame:
    """Return per group the median of the seconds that are known, and labels per hour: those with a time, by its sum."""
    known = seconds.groupby(by).agg(["median", "count", "sum"])
    total = known["sum"].round(3)  # in the last bits the order of rows would show
    per_hour = _SECONDS_PER_HOUR * known["count"] / total.where(total > 0)
    return pd.DataFrame({"seconds_per_label": known["median"].round(3), "labels_per_hour": per_hour.round(2)})


def _rows(said: pd.DataFrame, scope: str, key: pd.Series) -> pd.DataFrame:
    by = [said["annotator"], key.rename("key").astype("str")]
    judged = said["right"].groupby(by).agg(["size", "count", "mean"]).round(9)
    timed = labelling_speed(said["seconds"], by)
    unordered = said["created_at"].isna().groupby(by).any() & (scope == LEARNING_CURVE)
    verdicts = said["review"].groupby(by).all()
    known = judged["count"] > 0
    reasons = {
        _NO_ORDER: unordered,
        _NO_TIME: timed["seconds_per_label"].isna(),
        _VERDICTS: ~known & verdicts,
        _NO_JUDGE: ~known & ~verdicts,
    }
    rows = timed.assign(
        scope=scope,
        labels=judged["size"],
        judged=judged["count"],
        right=judged["mean"].round(4),
        right_low=wilson(judged["mean"], judged["count"], -1).round(4),
        right_high=wilson(judged["mean"], judged["count"], 1).round(4),
        why=_joined(reasons, timed.index),
    )
    return frames.frame("speed", rows.reset_index())


def _joined(reasons: Mapping[str, pd.Series], index: pd.Index) -> pd.Series:
    """Return, per row, the reasons that hold, with semicolons between; null where none does."""
    text = pd.Series("", index=index, dtype="str")
    for reason, holds in reasons.items():
        text = text.where(~holds, text + "; " + reason)
    return text.str.removeprefix("; ").mask(text == "")


def _month(said: pd.DataFrame) -> pd.Series:
    """Return the month in which each word was made: 2026-03."""
    made = said["created_at"].dt.tz_localize(None).to_numpy("datetime64[M]")
    texts = pd.Series(np.datetime_as_string(made), index=said.index, dtype="str")
    return texts.where(said["created_at"].notna(), said["date"].str[:7])


def _tenth(said: pd.DataFrame) -> pd.Series:
    """Return which tenth of its annotator's words each belongs to, 1 to 10, in the order in which they were made.

    What has no order among itself stands together, where its middle is.
    """
    handed_in = pd.to_datetime(said["date"], utc=True, errors="coerce").astype(said["created_at"].dtype)
    moment = said["created_at"].fillna(handed_in)
    order = said.assign(moment=moment).groupby(["moment", "date", "batch"], dropna=False).ngroup()
    by_annotator = order.groupby(said["annotator"])
    middle = by_annotator.rank(method="average") - 0.5
    return (_TENTHS * middle / by_annotator.transform("size")).apply(np.ceil).astype(int)
