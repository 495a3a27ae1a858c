"""What the annotations alone tell about each annotator: agreement, accuracy, consistency, corrections and speed."""

import numpy as np
import pandas as pd

from golgoru.annotators import corrections, self_consistency
from golgoru.annotators.speed import labelling_speed
from golgoru.consensus import dawid_skene
from golgoru.consensus.votes import ABSENT
from golgoru.core.intervals import MIN_OBSERVATIONS, ShareComparison, wilson_bound
from golgoru.tables import frames

# Of the median of all: an annotator with half the chance-corrected accuracy of the others. In simulated crowds it flags
# 0.89 to 1 of the spammers and adversaries, and 0 to 0.02 of the good ones (docs/decisions/labels.md).
_MIN_RELATIVE_ACCURACY = 0.5
_ESTIMATES = ["accuracy", "accuracy_low", "accuracy_high", "chance_corrected", "informativeness", "evaluable"]


def annotator_table(
    annotations: pd.DataFrame, *, votes: pd.DataFrame, confusion: pd.DataFrame, gap: float
) -> pd.DataFrame:
    """Return table `annotators`. Who agrees with the others by more than `gap` less than they do is flagged.

    `annotations` as golgoru.annotators.annotations gives them, `votes` has object, annotator, review, value, weight,
    and `confusion` is the table. Agreement compares a vote with the majority of the *other* annotators of the object;
    where they are evenly divided and the vote is on one of the sides, it counts half. Both shares carry a 95 %
    interval, and only intervals that do not overlap raise the flag. Flagged, too, are annotators who are right hardly
    more often than chance (agreement alone does not find one who always gives the commonest class), who contradict
    themselves, and whom reviewers overrule more often than the others. Speed never raises a flag.
    """
    names = pd.Index(sorted(annotations["annotator"].unique()), name="annotator")
    compared = _agreement_with_others(votes[~votes["review"]]).groupby("annotator")["agrees"].agg(["size", "sum"])
    compared = compared.reindex(names, fill_value=0)
    estimates = _accuracy_estimates(confusion).reindex(names)
    repeats = self_consistency.count_repeats(annotations).reindex(names, fill_value=0)
    reviewed = corrections.count_corrections(votes).reindex(names, fill_value=0)
    labelled = annotations[annotations["label"].notna()]
    flags = [
        _disagreement_flags(compared["sum"], compared["size"], gap),
        _guessing_flags(estimates),
        self_consistency.inconsistency_flags(repeats),
        corrections.correction_flags(reviewed, gap),
    ]
    return frames.frame("annotators", {
        "annotator": names.to_series(),
        "annotations": annotations["annotator"].value_counts().reindex(names),
        "compared": compared["size"],
        "agreement": _share(compared["sum"], compared["size"]),
        **{column: estimates[column].round(4) for column in estimates.columns.drop("evaluable")},
        "repeats": repeats["repeats"],
        "self_consistency": _share(repeats["same"], repeats["repeats"]),
        "reviewed": reviewed["reviewed"],
        "corrected": _share(reviewed["overruled"], reviewed["reviewed"]),
        **labelling_speed(labelled["seconds"], labelled["annotator"]).reindex(names),
        "flags": pd.concat(flags, axis=1).apply(lambda raised: "; ".join(raised.dropna()) or None, axis=1),
    }).reset_index(drop=True)  # fmt: skip


def confusion_table(votes: pd.DataFrame, classes: int) -> pd.DataFrame:
    """Return table `confusion`: Dawid and Skene's estimate from objects that several annotators gave a class.

    `votes` has object, annotator, value, weight, without reviews; `classes` is how many there are.
    """
    cast = votes[votes["value"] != ABSENT]
    several = cast[cast.groupby("object")["weight"].transform("sum").round(6) > 1]
    cells = dawid_skene.estimate(several, max(classes, several["value"].nunique())).confusion
    of_class = cells.groupby(["annotator", "true_label"])["votes"].transform("sum")
    return frames.frame("confusion", cells.assign(share=(cells["votes"] / of_class.where(of_class > 0)).round(4)))


def _share(count: pd.Series, size: pd.Series) -> pd.Series:
    return (count / size.where(size > 0)).round(4)


def _accuracy_estimates(confusion: pd.DataFrame) -> pd.DataFrame:
    """Return, per annotator, accuracy with its interval, chance_corrected, informativeness, and the votes behind them.

    `chance_corrected`: Cohen's kappa of annotated and true labels. `informativeness`: Goodman and Kruskal's tau.
    """
    if confusion.empty:
        return pd.DataFrame(columns=_ESTIMATES, dtype=np.float64)
    annotator = confusion["annotator"]
    count = confusion["votes"].groupby(annotator).sum()
    share = confusion["votes"] / annotator.map(count)
    of_true = share.groupby([annotator, confusion["true_label"]]).transform("sum")
    is_correct = confusion["true_label"] == confusion["annotated_label"]
    accuracy = share[is_correct].groupby(annotator).sum().reindex(count.index, fill_value=0.0)
    by_true, by_annotated = (
        share.groupby([annotator, confusion[side]]).sum().rename_axis(["annotator", "value"])
        for side in ("true_label", "annotated_label")
    )
    chance = (by_true * by_annotated.reindex(by_true.index, fill_value=0.0)).groupby(level="annotator").sum()
    concentration = (by_annotated**2).groupby(level="annotator").sum()
    given_true = (share**2 / of_true.where(of_true > 0)).groupby(annotator).sum()
    kappa = ((accuracy - chance) / (1 - chance)).where(chance < 1 - 1e-9)
    tau = ((given_true - concentration) / (1 - concentration)).where(concentration < 1 - 1e-9, 0.0).clip(0, 1)
    interval = [wilson_bound(accuracy, count, side) for side in (-1, 1)]
    return pd.concat([accuracy, *interval, kappa, tau, count], axis=1, keys=_ESTIMATES)


def _guessing_flags(estimates: pd.DataFrame) -> pd.Series:
    """Return a flag for annotators who are right hardly more often than chance, compared with the others."""
    known = estimates["chance_corrected"].where(estimates["evaluable"] >= MIN_OBSERVATIONS)
    usual = known.median()
    text = [
        f"has a chance-corrected accuracy of {kappa:+.2f} (1 is always right, 0 is guessing) in {n:,.0f} annotations,"
        f" the others {usual:+.2f}"
        for kappa, n in zip(known.fillna(0), estimates["evaluable"].fillna(0), strict=True)
    ]
    enough = known.notna().sum() > 2  # of two annotators nobody can say which one is worse
    return pd.Series(text, index=estimates.index, dtype="str").where(enough & (known < _MIN_RELATIVE_ACCURACY * usual))


def _agreement_with_others(votes: pd.DataFrame) -> pd.DataFrame:
    """Return the votes on objects with several annotators, and how far the others agree with each: 0, 0.5 or 1."""
    several = votes[votes.groupby("object")["weight"].transform("sum").round(6) > 1]
    cast = several[["object", "annotator", "value", "weight"]].reset_index(drop=True)
    given = cast.groupby(["object", "value"], as_index=False)["weight"].sum()
    # Each vote beside each value that its object was given, less what its own annotator gave to that value.
    beside = cast.reset_index(names="vote").merge(given, on="object", suffixes=("", "_given"))
    same_annotator = beside[["object", "annotator", "value_given"]].rename(columns={"value_given": "value"})
    own_weight = same_annotator.merge(cast, on=["object", "annotator", "value"], how="left")["weight"].fillna(0.0)
    others = (beside["weight_given"] - own_weight).round(9)
    is_same = beside["value"] == beside["value_given"]
    same = others[is_same].groupby(beside["vote"]).max().reindex(cast.index, fill_value=0.0)
    rival = others[~is_same].groupby(beside["vote"]).max().reindex(cast.index, fill_value=0.0)
    agrees = np.where(same > rival, 1.0, np.where((same == rival) & (same > 0), 0.5, 0.0))
    return pd.DataFrame({"annotator": cast["annotator"], "agrees": agrees})


def _disagreement_flags(agrees: pd.Series, size: pd.Series, gap: float) -> pd.Series:
    shares = ShareComparison(agrees, size)
    text = [
        f"agrees with the others in {share:.0%} of {n:,} annotations, the other annotators in {others:.0%}"
        for share, n, others in zip(shares.share, size, shares.rest, strict=True)
    ]
    return pd.Series(text, index=size.index, dtype="str").where(shares.below(gap))
