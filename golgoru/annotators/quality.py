"""What can be said of each annotator from the words alone."""

import numpy as np
import pandas as pd

from golgoru.annotators import corrections, self_consistency
from golgoru.annotators.speed import labelling_speed
from golgoru.consensus import dawid_skene
from golgoru.consensus.votes import ABSENT
from golgoru.core.intervals import ENOUGH, Shares, wilson
from golgoru.tables import frames

# Of the median of all: who knows half as much as the others. In simulated crowds it flags 0.89 to 1 of the spammers and
# adversaries, and 0 to 0.02 of the good ones (docs/decisions/labels.md).
_LITTLE = 0.5
_WORTH = ["accuracy", "accuracy_low", "accuracy_high", "chance_corrected", "spread", "right_of"]


def annotator_table(words: pd.DataFrame, votes: pd.DataFrame, confusion: pd.DataFrame, gap: float) -> pd.DataFrame:
    """Return table `annotators`. Who agrees with the others by more than `gap` less than they do is flagged.

    `words` as golgoru.annotators.annotations gives them, `votes` has object, annotator, review, value, weight, and
    `confusion` is the table. Agreement compares a vote with the majority of the *other* annotators on the object;
    where they are evenly divided and the vote is on one of the sides, it counts half. Both shares carry a 95 %
    interval, and only intervals that do not meet raise the flag. So does who is right hardly more often than chance,
    as agreement alone does not find who always names the commonest class; who differs from himself; and whom
    reviewers overrule more often than the others. Speed never does.
    """
    names = pd.Index(sorted(words["annotator"].unique()), name="annotator")
    compared = _agreement_with_others(votes[~votes["review"]]).groupby("annotator")["agrees"].agg(["size", "sum"])
    compared = compared.reindex(names, fill_value=0)
    worth = _accuracy_estimates(confusion).reindex(names)
    again = self_consistency.count_repeats(words).reindex(names, fill_value=0)
    reviewed = corrections.count_corrections(votes).reindex(names, fill_value=0)
    labelled = words[words["label"].notna()]
    flags = [
        _disagreement_flags(compared["sum"], compared["size"], gap),
        _guessing_flags(worth),
        self_consistency.inconsistency_flags(again),
        corrections.correction_flags(reviewed, gap),
    ]
    return frames.frame("annotators", {
        "annotator": names.to_series(),
        "annotations": words["annotator"].value_counts().reindex(names),
        "compared": compared["size"],
        "agreement": _share(compared["sum"], compared["size"]),
        **{column: worth[column].round(4) for column in worth.columns.drop("right_of")},
        "repeats": again["repeats"],
        "self_consistency": _share(again["same"], again["repeats"]),
        "reviewed": reviewed["reviewed"],
        "corrected": _share(reviewed["overruled"], reviewed["reviewed"]),
        **labelling_speed(labelled["seconds"], labelled["annotator"]).reindex(names),
        "flags": pd.concat(flags, axis=1).apply(lambda found: "; ".join(found.dropna()) or None, axis=1),
    }).reset_index(drop=True)  # fmt: skip


def confusion_table(votes: pd.DataFrame, classes: int) -> pd.DataFrame:
    """Return table `confusion`: Dawid and Skene's estimate from objects that several people gave a class.

    `votes` has object, annotator, value, weight, without verdicts; `classes` is how many there are.
    """
    cast = votes[votes["value"] != ABSENT]
    several = cast[cast.groupby("object")["weight"].transform("sum").round(6) > 1]
    found = dawid_skene.estimate(several, max(classes, several["value"].nunique())).confusion
    of_class = found.groupby(["annotator", "true"])["votes"].transform("sum")
    return frames.frame(
        "confusion", found.assign(share=(found["annotation_roles"] / of_class.where(of_class > 0)).round(4))
    )


def _share(of: pd.Series, size: pd.Series) -> pd.Series:
    return (of / size.where(size > 0)).round(4)


def _accuracy_estimates(confusion: pd.DataFrame) -> pd.DataFrame:
    """Return per annotator accuracy with its interval, chance_corrected, spread, and of how many words (right_of)."""
    if confusion.empty:
        return pd.DataFrame(columns=_WORTH, dtype=np.float64)
    who = confusion["annotator"]
    count = confusion["votes"].groupby(who).sum()
    share = confusion["votes"] / who.map(count)
    true = share.groupby([who, confusion["true"]]).transform("sum")
    right = share[confusion["true"] == confusion["said"]].groupby(who).sum().reindex(count.index, fill_value=0.0)
    by_true, by_said = (
        share.groupby([who, confusion[side]]).sum().rename_axis(["annotator", "value"]) for side in ("true", "said")
    )
    chance = (by_true * by_said.reindex(by_true.index, fill_value=0.0)).groupby(level="annotator").sum()
    same = (by_said**2).groupby(level="annotator").sum()
    told = (share**2 / true.where(true > 0)).groupby(who).sum()
    kappa = ((right - chance) / (1 - chance)).where(chance < 1 - 1e-9)
    tau = ((told - same) / (1 - same)).where(same < 1 - 1e-9, 0.0).clip(0, 1)
    found = [right, wilson(right, count, -1), wilson(right, count, 1), kappa, tau, count]
    return pd.concat(found, axis=1, keys=_WORTH)


def _guessing_flags(worth: pd.DataFrame) -> pd.Series:
    """Return a flag for who is right hardly more often than chance, beside the others."""
    known = worth["chance_corrected"].where(worth["right_of"] >= ENOUGH)
    usual = known.median()
    text = [
        f"is right {own:+.2f} beyond chance (1 is always, 0 is guessing), the others {usual:+.2f}, in {n:,.0f} words"
        for own, n in zip(known.fillna(0), worth["right_of"].fillna(0), strict=True)
    ]
    enough = known.notna().sum() > 2  # of two people nobody can say which one is worse
    return pd.Series(text, index=worth.index, dtype="str").where(enough & (known < _LITTLE * usual))


def _agreement_with_others(votes: pd.DataFrame) -> pd.DataFrame:
    """Return the votes on objects with several annotators, and how far the others agree with each: 0, 0.5 or 1."""
    several = votes[votes.groupby("object")["weight"].transform("sum").round(6) > 1]
    cast = several[["object", "annotator", "value", "weight"]].reset_index(drop=True)
    given = cast.groupby(["object", "value"], as_index=False)["weight"].sum()
    # Each vote beside each value that its object was given, less what its own annotator gave to that value.
    beside = cast.reset_index(names="vote").merge(given, on="object", suffixes=("", "_given"))
    own = beside[["object", "annotator", "value_given"]].rename(columns={"value_given": "value"})
    own_weight = own.merge(cast, on=["object", "annotator", "value"], how="left")["weight"].fillna(0.0)
    others = (beside["weight_given"] - own_weight).round(9)
    is_same = beside["value"] == beside["value_given"]
    same = others[is_same].groupby(beside["vote"]).max().reindex(cast.index, fill_value=0.0)
    rival = others[~is_same].groupby(beside["vote"]).max().reindex(cast.index, fill_value=0.0)
    agrees = np.where(same > rival, 1.0, np.where((same == rival) & (same > 0), 0.5, 0.0))
    return pd.DataFrame({"annotator": cast["annotator"], "agrees": agrees})


def _disagreement_flags(agrees: pd.Series, size: pd.Series, gap: float) -> pd.Series:
    shares = Shares(agrees, size)
    text = [
        f"agrees with the others in {own:.0%} of {n:,} words, the other annotators in {others:.0%}"
        for own, n, others in zip(shares.share, size, shares.rest, strict=True)
    ]
    return pd.Series(text, index=size.index, dtype="str").where(shares.below(gap))
