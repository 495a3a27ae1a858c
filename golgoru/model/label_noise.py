"""How many labels are wrong: estimates that say how they were got, and none where nothing carries one.

Never by counting what a model doubts: that overstates badly where the model is weak.
"""

import numpy as np
import pandas as pd

from golgoru.consensus import majority
from golgoru.core.intervals import Z, wilson
from golgoru.model import label_posterior
from golgoru.model.label_posterior import Evidence

GOLD, VOTES, BOTH = "gold sample", "double labels", "votes and model"
_NO_GOLD = "no batch is named in evaluate.gold as the verdicts on a random sample"
_NO_DOUBLES = "no object was labelled by two people"
_NO_MODEL = "no model could learn these classes"
_ONE_CLASS = "of one class alone none can be wrong; what people read or drew is not judged here"
# For an estimate of one class.
_LEAST = 10
_FEW = f"fewer than {_LEAST} objects"

COLUMNS = ["method", "label", "objects", "share", "low", "high", "why"]


def table(labels: pd.DataFrame, given: Evidence, gold: tuple[str, ...]) -> pd.DataFrame:
    """Return one row per method and class, and one per method for all (an empty `label`): columns as COLUMNS.

    `gold`: what reviewers said in these batches against what the others had voted, as if they had not spoken; unbiased
    where the batch is a random sample. `double labels`: from how often people disagree; low, since they err alike.
    `votes and model`: the same with the out-of-fold model as one more voice.
    """
    if len(given.classes) < 2:
        return pd.concat([_none(method, _ONE_CLASS) for method in (GOLD, VOTES, BOTH)], ignore_index=True)
    people = given.ballots[~given.ballots["review"] & given.ballots["label"].notna()]
    parts = [_gold(given, people, labels, gold)]
    several = people.groupby("object")["annotator"].nunique()
    of_two = labels[labels["object"].isin(several.index[several > 1])]
    for method, voices in ((VOTES, given._replace(predictions=given.predictions.iloc[:0])), (BOTH, given)):
        why = _NO_DOUBLES if of_two.empty else _NO_MODEL if method == BOTH and given.predictions.empty else None
        parts.append(_none(method, why) if why else _expected(method, of_two, voices))
    found = pd.concat([part for part in parts if len(part)], ignore_index=True)[COLUMNS]
    found[["share", "low", "high"]] = found[["share", "low", "high"]].astype(float).round(4)
    return found


def improbable(labels: pd.DataFrame, given: Evidence) -> pd.Series:
    """Return, per row of `labels`, the probability that it is another class, by votes and model together."""
    probable = label_posterior.of_objects(pd.Index(labels["object"]), given)
    code = pd.Index(given.classes).get_indexer(pd.Index(labels["label"]))
    return pd.Series(1 - probable[np.arange(len(labels)), code], index=labels.index).where(code >= 0)


def _gold(given: Evidence, people: pd.DataFrame, labels: pd.DataFrame, gold: tuple[str, ...]) -> pd.DataFrame:
    if not gold:
        return _none(GOLD, _NO_GOLD)
    verdicts = given.ballots[given.ballots["review"] & given.ballots["batch"].isin(gold)]
    verdicts = verdicts[verdicts["label"].notna() & verdicts["object"].isin(labels["object"])]
    right = verdicts.drop_duplicates("object").set_index("object")["label"]
    voted = people[people["object"].isin(right.index)]
    ranked = majority.elect(voted.assign(value=voted["label"]), given.classes, None)
    if ranked.empty:
        return _none(GOLD, "nobody else labelled what stands in evaluate.gold, or there is no such batch")
    wrong = ranked["label"].to_numpy(object) != right.reindex(ranked["object"]).to_numpy(object)
    rows = []
    for name, of in [
        ("", np.ones(len(ranked), bool)),
        *((n, (ranked["label"] == n).to_numpy(bool)) for n in given.classes),
    ]:
        if of.any():
            n, share = int(of.sum()), float(wrong[of].mean())
            interval = [float(wilson(pd.Series([share]), pd.Series([n]), sign).item()) for sign in (-1, 1)]
            rows.append((GOLD, name, n, share, *interval, None))
    return pd.DataFrame(rows, columns=COLUMNS)


def _expected(method: str, labels: pd.DataFrame, given: Evidence) -> pd.DataFrame:
    """Return the mean improbability of the labels; its interval is that of drawing other objects."""
    wrong = improbable(labels, given)
    rows = []
    for name, own in [("", wrong), *wrong.groupby(labels["label"])]:
        few = len(own) < _LEAST
        error = Z * own.std(ddof=1) / np.sqrt(len(own)) if not few else np.nan
        low, high = max(own.mean() - error, 0), min(own.mean() + error, 1)
        shown = (np.nan, np.nan, np.nan, _FEW) if few else (own.mean(), low, high, None)
        rows.append((method, name, len(own), *shown))
    return pd.DataFrame(rows, columns=COLUMNS)


def _none(method: str, why: str) -> pd.DataFrame:
    return pd.DataFrame([(method, "", 0, np.nan, np.nan, np.nan, why)], columns=COLUMNS)
