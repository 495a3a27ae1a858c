"""What can be said of each annotator from the words alone."""

import numpy as np
import pandas as pd

from stages.lib import dawid_skene, frames
from stages.lib.voices import ABSENT

# Below this many comparisons a share says too little to raise a flag on anybody.
MIN_COMPARED = 20
# Of the median of all: who knows half as much as the others. In simulated crowds it flags 0.89 to 1 of the spammers and
# adversaries, and 0 to 0.02 of the good ones (docs/decisions/labels.md).
_LITTLE = 0.5
_WORTH = ["accuracy", "accuracy_low", "accuracy_high", "beyond_chance", "spread", "right_of"]
_Z = 1.959964  # 95 % of a normal distribution


def annotators(words: pd.DataFrame, votes: pd.DataFrame, gap: float, classes: int) -> pd.DataFrame:
    """Return table `annotators`. Who agrees with the others by more than `gap` less than they do is flagged.

    Agreement compares a vote with the majority of the *other* annotators on the object; where they are evenly
    divided and the vote is on one of the sides, it counts half. Both shares carry a 95 % interval (Wilson 1927), and
    only intervals that do not meet raise the flag. So does who is right hardly more often than chance, as
    agreement alone does not find who always names the commonest class. Speed never does.
    """
    people = words[words["source"] != "model"]
    compared = _compared(votes[~votes["review"]])
    by_annotator = compared.groupby("annotator")["agrees"].agg(["size", "sum"])
    names = pd.Index(sorted(people["annotator"].unique()), name="annotator")
    size = by_annotator["size"].reindex(names, fill_value=0)
    agrees = by_annotator["sum"].reindex(names, fill_value=0.0)
    worth = _worth(votes[~votes["review"]], classes).reindex(names)
    apart, guessing = _flags(agrees, size, gap), _guessing(worth)
    seconds = people.groupby("annotator")["lead_time_s"].median().reindex(names)
    return frames.frame("annotators", {
        "annotator": names.to_series(),
        "annotations": people["annotator"].value_counts().reindex(names),
        "compared": size,
        "agreement": (agrees / size.where(size > 0)).round(4),
        **{column: worth[column].round(4) for column in worth.columns.drop("right_of")},
        "seconds_per_label": seconds.round(3),
        "flags": (apart + "; " + guessing).fillna(apart).fillna(guessing),
    }).reset_index(drop=True)  # fmt: skip


def _worth(votes: pd.DataFrame, classes: int) -> pd.DataFrame:
    """Return per annotator accuracy with its interval, beyond_chance, spread, and of how many words (right_of).

    From the confusions that Dawid and Skene's model estimates, on objects that several people gave a class.
    """
    cast = votes[votes["value"] != ABSENT]
    several = cast[cast.groupby("object")["weight"].transform("sum").round(6) > 1]
    confusion = dawid_skene.estimate(several, max(classes, several["value"].nunique())).confusion
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
    found = [right, _wilson(right, count, -1), _wilson(right, count, 1), kappa, tau, count]
    return pd.concat(found, axis=1, keys=_WORTH)


def _guessing(worth: pd.DataFrame) -> pd.Series:
    """Return a flag for who is right hardly more often than chance, beside the others."""
    known = worth["beyond_chance"].where(worth["right_of"] >= MIN_COMPARED)
    usual = known.median()
    text = [
        f"is right {own:+.2f} beyond chance (1 is always, 0 is guessing), the others {usual:+.2f}, in {n:,.0f} words"
        for own, n in zip(known.fillna(0), worth["right_of"].fillna(0), strict=True)
    ]
    enough = known.notna().sum() > 2  # of two people nobody can say which one is worse
    return pd.Series(text, index=worth.index, dtype="str").where(enough & (known < _LITTLE * usual))


def _compared(votes: pd.DataFrame) -> pd.DataFrame:
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


def _flags(agrees: pd.Series, size: pd.Series, gap: float) -> pd.Series:
    rest_agrees, rest_size = agrees.sum() - agrees, size.sum() - size
    enough = (size >= MIN_COMPARED) & (rest_size >= MIN_COMPARED)
    share, rest = agrees / size.where(enough), rest_agrees / rest_size.where(enough)
    apart = _wilson(share, size, 1) < _wilson(rest, rest_size, -1)
    text = [
        f"agrees with the others in {own:.0%} of {n:,} words, the other annotators in {others:.0%}"
        for own, n, others in zip(share, size, rest, strict=True)
    ]
    return pd.Series(text, index=size.index, dtype="str").where(enough & apart & (rest - share > gap))


def _wilson(share: pd.Series, n: pd.Series, sign: int) -> pd.Series:
    """Return one bound of the Wilson score interval of a share of n."""
    half = _Z * np.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    return (share + _Z**2 / (2 * n) + sign * half) / (1 + _Z**2 / n)
