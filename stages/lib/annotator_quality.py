"""What can be said of each annotator from the words alone."""

import numpy as np
import pandas as pd

from stages.lib import frames

# Below this many comparisons a share says too little to raise a flag on anybody.
MIN_COMPARED = 20
_Z = 1.959964  # 95 % of a normal distribution


def annotators(words: pd.DataFrame, votes: pd.DataFrame, gap: float) -> pd.DataFrame:
    """Return table `annotators`. Who agrees with the others by more than `gap` less than they do is flagged.

    Agreement compares a vote with the majority of the *other* annotators on the object; where they are evenly
    divided and the vote is on one of the sides, it counts half. Both shares carry a 95 % interval (Wilson 1927), and
    only intervals that do not meet raise the flag. Speed never does.
    """
    people = words[words["source"] != "model"]
    compared = _compared(votes[~votes["review"]])
    by_annotator = compared.groupby("annotator")["agrees"].agg(["size", "sum"])
    names = pd.Index(sorted(people["annotator"].unique()), name="annotator")
    size = by_annotator["size"].reindex(names, fill_value=0)
    agrees = by_annotator["sum"].reindex(names, fill_value=0.0)
    seconds = people.groupby("annotator")["lead_time_s"].median().reindex(names)
    return frames.frame("annotators", {
        "annotator": names.to_series(),
        "annotations": people["annotator"].value_counts().reindex(names),
        "compared": size,
        "agreement": (agrees / size.where(size > 0)).round(4),
        "seconds_per_label": seconds.round(3),
        "flags": _flags(agrees, size, gap),
    }).reset_index(drop=True)  # fmt: skip


def _compared(votes: pd.DataFrame) -> pd.DataFrame:
    """Return the votes on objects with several annotators, and how far the others agree with each: 0, 0.5 or 1."""
    several = votes[votes.groupby("object")["annotator"].transform("nunique") > 1]
    count = several.groupby(["object", "value"], as_index=False)["weight"].sum()
    count = count.sort_values(["object", "weight", "value"], ascending=[True, False, True])
    place = count.groupby("object").cumcount()
    first = count[place == 0].set_index("object")
    second = count[place == 1].set_index("object")["weight"]
    own = several.merge(count.rename(columns={"weight": "all"}), on=["object", "value"])
    others_same = (own["all"] - own["weight"]).round(9)
    is_first = own["value"] == own["object"].map(first["value"])
    rival = own["object"].map(second).fillna(0.0).where(is_first, own["object"].map(first["weight"])).round(9)
    agrees = np.where(others_same > rival, 1.0, np.where((others_same == rival) & (others_same > 0), 0.5, 0.0))
    return pd.DataFrame({"annotator": own["annotator"], "agrees": agrees})


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
