"""How many labels are wrong: estimates that say how they were got, and none where nothing carries one.

Never by counting what a model doubts: that overstates badly where the model is weak.
"""

import numpy as np
import pandas as pd

from stages.lib import plausibility
from stages.lib.intervals import wilson

GOLD, VOTES, BOTH = "gold sample", "double labels", "votes and model"
_NO_GOLD = "no batch is named in evaluate.gold as the verdicts on a random sample"
_NO_DOUBLES = "no object was labelled by two people"
_NO_MODEL = "no model could learn these classes"
_ONE_CLASS = "of one class alone none can be wrong; what people read or drew is not judged here"
# For an estimate of one class.
_LEAST = 10
_FEW = f"fewer than {_LEAST} objects"

COLUMNS = ["method", "label", "objects", "share", "low", "high", "why"]


def table(
    labels: pd.DataFrame, ballots: pd.DataFrame, predictions: pd.DataFrame, classes: list[str], gold: tuple[str, ...]
) -> pd.DataFrame:
    """Return one row per method and class, and one per method for all (an empty `label`): columns as COLUMNS.

    `gold`: what reviewers said in these batches against what the others had voted, as if they had not spoken; unbiased
    where the batch is a random sample. `double labels`: from how often people disagree; low, since they err alike.
    `votes and model`: the same with the out-of-fold model as one more voice.
    """
    if len(classes) < 2:
        return pd.concat([_none(method, _ONE_CLASS) for method in (GOLD, VOTES, BOTH)], ignore_index=True)
    parts = [_gold(ballots, labels, classes, gold)]
    people = ballots[~ballots["review"] & ballots["label"].notna()]
    several = people.groupby("object")["annotator"].nunique()
    of_two = labels[labels["object"].isin(several.index[several > 1])]
    for method, model in ((VOTES, predictions.iloc[:0]), (BOTH, predictions)):
        why = _NO_DOUBLES if of_two.empty else _NO_MODEL if method == BOTH and predictions.empty else None
        parts.append(_none(method, why) if why else _expected(method, of_two, ballots, model, classes))
    found = pd.concat([part for part in parts if len(part)], ignore_index=True)[COLUMNS]
    found[["share", "low", "high"]] = found[["share", "low", "high"]].astype(float).round(4)
    return found


def improbable(labels: pd.DataFrame, ballots: pd.DataFrame, predictions: pd.DataFrame, classes: list[str]) -> pd.Series:
    """Return, per row of `labels`, the probability that it is another class, by votes and model together."""
    voices = plausibility.collect(pd.Index(labels["object"]), ballots, predictions, classes)
    probable = plausibility.joint(voices, plausibility.confusion(ballots, classes))
    code = pd.Index(classes).get_indexer(pd.Index(labels["label"]))
    return pd.Series(1 - probable[np.arange(len(labels)), code], index=labels.index).where(code >= 0)


def _gold(ballots: pd.DataFrame, labels: pd.DataFrame, classes: list[str], gold: tuple[str, ...]) -> pd.DataFrame:
    if not gold:
        return _none(GOLD, _NO_GOLD)
    verdicts = ballots[ballots["review"] & ballots["batch"].isin(gold) & ballots["label"].notna()]
    verdicts = verdicts[verdicts["object"].isin(labels["object"])].drop_duplicates("object")
    right = verdicts.set_index("object")["label"]
    people = ballots[~ballots["review"] & ballots["label"].notna() & ballots["object"].isin(right.index)]
    count = pd.DataFrame(people.groupby(["object", "label"], as_index=False)["weight"].sum())
    count["order"] = pd.Index(classes).get_indexer(pd.Index(count["label"]))
    ranked = count.sort_values(["object", "weight", "order"], ascending=[True, False, True]).drop_duplicates("object")
    if ranked.empty:
        return _none(GOLD, "nobody else labelled what stands in evaluate.gold, or there is no such batch")
    wrong = ranked["label"].to_numpy(object) != right.reindex(ranked["object"]).to_numpy(object)
    rows = []
    for name, of in [("", np.ones(len(ranked), bool)), *((n, (ranked["label"] == n).to_numpy(bool)) for n in classes)]:
        if of.any():
            n, share = int(of.sum()), float(wrong[of].mean())
            interval = [float(wilson(pd.Series([share]), pd.Series([n]), sign).item()) for sign in (-1, 1)]
            rows.append((GOLD, name, n, share, *interval, None))
    return pd.DataFrame(rows, columns=COLUMNS)


def _expected(
    method: str, labels: pd.DataFrame, ballots: pd.DataFrame, predictions: pd.DataFrame, classes: list[str]
) -> pd.DataFrame:
    """Return the mean improbability of the labels; its interval is that of drawing other objects."""
    wrong = improbable(labels, ballots, predictions, classes)
    rows = []
    for name, own in [("", wrong), *wrong.groupby(labels["label"])]:
        few = len(own) < _LEAST
        error = 1.959964 * own.std(ddof=1) / np.sqrt(len(own)) if not few else np.nan
        low, high = max(own.mean() - error, 0), min(own.mean() + error, 1)
        shown = (np.nan, np.nan, np.nan, _FEW) if few else (own.mean(), low, high, None)
        rows.append((method, name, len(own), *shown))
    return pd.DataFrame(rows, columns=COLUMNS)


def _none(method: str, why: str) -> pd.DataFrame:
    return pd.DataFrame([(method, "", 0, np.nan, np.nan, np.nan, why)], columns=COLUMNS)
