"""How many labels are wrong: each estimate names its method, and there is none where the data cannot carry one.

The labels that a model doubts are never counted: where the model is weak, that overstates the noise badly.
"""

import numpy as np
import pandas as pd

from golgoru.consensus import majority
from golgoru.core.intervals import Z, wilson_bound
from golgoru.model import label_posterior
from golgoru.model.label_posterior import Evidence
from golgoru.tables import frames

GOLD_SAMPLE, DOUBLE_LABELS, VOTES_AND_MODEL = "gold sample", "double labels", "votes and model"
_NO_GOLD = "evaluate.gold names no batch of verdicts on a random sample"
_NO_GOLD_VOTES = "no other annotator labelled the objects of evaluate.gold, or there is no such batch"
_NO_DOUBLES = "no object has two annotators"
_NO_MODEL = "no model could learn these classes"
_ONE_CLASS = "with a single class no label can be wrong; text and geometry are not evaluated here"
# For an estimate of one class.
_MIN_OBJECTS = 10
_TOO_FEW_OBJECTS = f"fewer than {_MIN_OBJECTS} objects"

COLUMNS = ["method", "label", "objects", "share", "low", "high", "reason"]


def noise_estimates(labels: pd.DataFrame, evidence: Evidence, gold: tuple[str, ...]) -> pd.DataFrame:
    """Return one row per method and class, and one per method over all classes (an empty `label`): columns as COLUMNS.

    `gold sample`: the reviewers' verdicts in the batches `gold` against what the annotators' votes give without them;
    unbiased where the batch is a random sample. `double labels`: from how often annotators disagree; too low, since
    they make the same errors. `votes and model`: the same with the out-of-fold model as one more annotator.
    """
    if len(evidence.classes) < 2:
        methods = (GOLD_SAMPLE, DOUBLE_LABELS, VOTES_AND_MODEL)
        return pd.concat([_no_estimate(method, _ONE_CLASS) for method in methods], ignore_index=True)
    several = label_posterior.of_several_annotators(label_posterior.annotator_votes(evidence.votes))
    double = labels.loc[frames.is_in(labels["object"], several), ["object", "label"]]
    without_model = evidence._replace(predictions=evidence.predictions.iloc[:0])
    parts = [
        _by_gold_sample(labels, evidence, gold),
        _by_error_probability(DOUBLE_LABELS, double, without_model),
        _by_error_probability(VOTES_AND_MODEL, double, evidence),
    ]
    estimates = pd.concat([part for part in parts if len(part)], ignore_index=True)[COLUMNS]
    estimates[["share", "low", "high"]] = estimates[["share", "low", "high"]].astype(float).round(4)
    return estimates


def error_probability(labels: pd.DataFrame, evidence: Evidence) -> pd.Series:
    """Return, per row of `labels`, the probability that another class is right, given votes and model."""
    code = frames.positions(labels["label"], pd.Series(evidence.classes, dtype="str"))
    of_label = np.empty(len(labels))
    for judged in label_posterior.ObjectEvidence(labels["object"], evidence).judged():
        of_label[judged.rows] = judged.posterior[np.arange(len(judged.votes)), code[judged.rows]]
    return pd.Series(1 - of_label, index=labels.index).where(code >= 0)


def _by_gold_sample(labels: pd.DataFrame, evidence: Evidence, gold: tuple[str, ...]) -> pd.DataFrame:
    if not gold:
        return _no_estimate(GOLD_SAMPLE, _NO_GOLD)
    verdicts = evidence.votes[evidence.votes["review"] & evidence.votes["batch"].isin(gold)]
    verdicts = verdicts[verdicts["label"].notna() & frames.is_in(verdicts["object"], labels["object"])]
    true_label = verdicts.drop_duplicates("object").set_index("object")["label"]
    votes = label_posterior.annotator_votes(evidence.votes)
    votes = votes[frames.is_in(votes["object"], true_label.index)]
    elected = majority.elected_labels(votes.assign(value=votes["label"]), evidence.classes, None)
    if elected.empty:
        return _no_estimate(GOLD_SAMPLE, _NO_GOLD_VOTES)
    wrong = elected["label"].to_numpy(object) != true_label.reindex(elected["object"]).to_numpy(object)
    by_class = [(name, (elected["label"] == name).to_numpy(bool)) for name in evidence.classes]
    rows = []
    for name, selected in [("", np.ones(len(elected), bool)), *by_class]:
        if selected.any():
            count, share = int(selected.sum()), float(wrong[selected].mean())
            bounds = [float(wilson_bound(pd.Series([share]), pd.Series([count]), sign).item()) for sign in (-1, 1)]
            rows.append((GOLD_SAMPLE, name, count, share, *bounds, None))
    return pd.DataFrame(rows, columns=COLUMNS)


def _by_error_probability(method: str, labels: pd.DataFrame, evidence: Evidence) -> pd.DataFrame:
    """Return the mean error probability of labels with two annotators or more; the interval is over objects."""
    if labels.empty:
        return _no_estimate(method, _NO_DOUBLES)
    if method == VOTES_AND_MODEL and evidence.predictions.empty:
        return _no_estimate(method, _NO_MODEL)
    wrong = error_probability(labels, evidence)
    rows: list[tuple[object, ...]] = []
    for name, values in [("", wrong), *wrong.groupby(labels["label"])]:
        if len(values) < _MIN_OBJECTS:
            rows.append((method, name, len(values), np.nan, np.nan, np.nan, _TOO_FEW_OBJECTS))
            continue
        error = Z * values.std(ddof=1) / np.sqrt(len(values))
        low, high = max(values.mean() - error, 0), min(values.mean() + error, 1)
        rows.append((method, name, len(values), values.mean(), low, high, None))
    return pd.DataFrame(rows, columns=COLUMNS)


def _no_estimate(method: str, reason: str) -> pd.DataFrame:
    return pd.DataFrame([(method, "", 0, np.nan, np.nan, np.nan, reason)], columns=COLUMNS)
