"""How many labels are wrong: estimates that say how they were got, and none where nothing carries one.

Never by counting what a model doubts: that overstates badly where the model is weak.
"""

import numpy as np
import pandas as pd

from golgoru.consensus import majority
from golgoru.core.intervals import Z, wilson
from golgoru.model import label_posterior
from golgoru.model.label_posterior import Evidence

GOLD_SAMPLE, DOUBLE_LABELS, VOTES_AND_MODEL = "gold sample", "double labels", "votes and model"
_NO_GOLD = "no batch is named in evaluate.gold as the verdicts on a random sample"
_NO_DOUBLES = "no object was labelled by two people"
_NO_MODEL = "no model could learn these classes"
_ONE_CLASS = "of one class alone none can be wrong; what people read or drew is not judged here"
# For an estimate of one class.
_MIN_OBJECTS = 10
_TOO_FEW_OBJECTS = f"fewer than {_MIN_OBJECTS} objects"

COLUMNS = ["method", "label", "objects", "share", "low", "high", "why"]


def noise_estimates(labels: pd.DataFrame, given: Evidence, gold: tuple[str, ...]) -> pd.DataFrame:
    """Return one row per method and class, and one per method for all (an empty `label`): columns as COLUMNS.

    `gold`: what reviewers said in these batches against what the others had voted, as if they had not spoken; unbiased
    where the batch is a random sample. `double labels`: from how often people disagree; low, since they err alike.
    `votes and model`: the same with the out-of-fold model as one more voice.
    """
    if len(given.classes) < 2:
        return pd.concat(
            [_no_estimate(method, _ONE_CLASS) for method in (GOLD_SAMPLE, DOUBLE_LABELS, VOTES_AND_MODEL)],
            ignore_index=True,
        )
    people = given.ballots[~given.ballots["review"] & given.ballots["label"].notna()]
    parts = [_by_gold_sample(given, people, labels, gold)]
    several = people.groupby("object")["annotator"].nunique()
    of_two = labels[labels["object"].isin(several.index[several > 1])]
    for method, voices in (
        (DOUBLE_LABELS, given._replace(predictions=given.predictions.iloc[:0])),
        (VOTES_AND_MODEL, given),
    ):
        why = (
            _NO_DOUBLES
            if of_two.empty
            else _NO_MODEL
            if method == VOTES_AND_MODEL and given.predictions.empty
            else None
        )
        parts.append(_no_estimate(method, why) if why else _by_error_probability(method, of_two, voices))
    found = pd.concat([part for part in parts if len(part)], ignore_index=True)[COLUMNS]
    found[["share", "low", "high"]] = found[["share", "low", "high"]].astype(float).round(4)
    return found


def error_probability(labels: pd.DataFrame, given: Evidence) -> pd.Series:
    """Return, per row of `labels`, the probability that it is another class, by votes and model together."""
    probable = label_posterior.posterior_of_objects(pd.Index(labels["object"]), given)
    code = pd.Index(given.classes).get_indexer(pd.Index(labels["label"]))
    return pd.Series(1 - probable[np.arange(len(labels)), code], index=labels.index).where(code >= 0)


def _by_gold_sample(given: Evidence, people: pd.DataFrame, labels: pd.DataFrame, gold: tuple[str, ...]) -> pd.DataFrame:
    if not gold:
        return _no_estimate(GOLD_SAMPLE, _NO_GOLD)
    verdicts = given.ballots[given.ballots["review"] & given.ballots["batch"].isin(gold)]
    verdicts = verdicts[verdicts["label"].notna() & verdicts["object"].isin(labels["object"])]
    right = verdicts.drop_duplicates("object").set_index("object")["label"]
    voted = people[people["object"].isin(right.index)]
    ranked = majority.elected_labels(voted.assign(value=voted["label"]), given.classes, None)
    if ranked.empty:
        return _no_estimate(GOLD_SAMPLE, "nobody else labelled what stands in evaluate.gold, or there is no such batch")
    wrong = ranked["label"].to_numpy(object) != right.reindex(ranked["object"]).to_numpy(object)
    rows = []
    for name, of in [
        ("", np.ones(len(ranked), bool)),
        *((n, (ranked["label"] == n).to_numpy(bool)) for n in given.classes),
    ]:
        if of.any():
            n, share = int(of.sum()), float(wrong[of].mean())
            interval = [float(wilson(pd.Series([share]), pd.Series([n]), sign).item()) for sign in (-1, 1)]
            rows.append((GOLD_SAMPLE, name, n, share, *interval, None))
    return pd.DataFrame(rows, columns=COLUMNS)


def _by_error_probability(method: str, labels: pd.DataFrame, given: Evidence) -> pd.DataFrame:
    """Return the mean improbability of the labels; its interval is that of drawing other objects."""
    wrong = error_probability(labels, given)
    rows = []
    for name, own in [("", wrong), *wrong.groupby(labels["label"])]:
        few = len(own) < _MIN_OBJECTS
        error = Z * own.std(ddof=1) / np.sqrt(len(own)) if not few else np.nan
        low, high = max(own.mean() - error, 0), min(own.mean() + error, 1)
        shown = (np.nan, np.nan, np.nan, _TOO_FEW_OBJECTS) if few else (own.mean(), low, high, None)
        rows.append((method, name, len(own), *shown))
    return pd.DataFrame(rows, columns=COLUMNS)


def _no_estimate(method: str, why: str) -> pd.DataFrame:
    return pd.DataFrame([(method, "", 0, np.nan, np.nan, np.nan, why)], columns=COLUMNS)
