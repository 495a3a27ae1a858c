"""From votes to labels: who wins, how far the voters agree, and how much that is worth."""

import numpy as np
import pandas as pd

from stages.lib.voices import ABSENT

RULE = "VOTE-001"


def elect(votes: pd.DataFrame, classes: list[str], confident_in: float | None) -> pd.DataFrame:
    """Return one row per object: object, label, votes, agreement, confidence, status, reviewed.

    A reviewer's vote settles the object; otherwise the votes of all annotators count alike. The value with the most
    votes wins; among equals the class that comes first in the guideline, then by name, and ABSENT last, so the order
    of rows is nothing. A winner without more than half of the votes is contested. `confident_in` is the accuracy of
    one annotator, from `accuracy`.
    """
    deciding = votes[votes["review"] == votes.groupby("object")["review"].transform("any")]
    order = {name: place for place, name in enumerate(classes)}
    share = deciding.groupby(["object", "value"], as_index=False).agg(
        weight=("weight", "sum"), review=("review", "first")
    )
    share["weight"] = share["weight"].round(9)
    place = share["value"].map(order).astype(float).fillna(len(order))
    share["order"] = place.mask(share["value"] == ABSENT, len(order) + 1)
    ranked = share.sort_values(["object", "weight", "order", "value"], ascending=[True, False, True, True])
    winner = ranked.drop_duplicates("object").set_index("object")
    voters = deciding.groupby("object")["annotator"].nunique().reindex(winner.index)
    contested = 2 * winner["weight"] <= voters
    decided = pd.Series(np.where(winner["review"], "adjudicated", "agreed"), index=winner.index)
    confidence = _posterior(share, confident_in, len(classes)).reindex(winner.index)
    return pd.DataFrame({
        "object": winner.index,
        "label": winner["value"].to_numpy(),
        "votes": voters.to_numpy(),
        "agreement": (winner["weight"] / voters).round(4).to_numpy(),
        # A verdict is no estimate.
        "confidence": confidence.where(~winner["review"]).to_numpy(),
        "status": decided.where(~contested, "contested").to_numpy(),
        "reviewed": winner["review"].to_numpy(),
    })  # fmt: skip


def accuracy(votes: pd.DataFrame, classes: int) -> float | None:
    """Return the accuracy of one annotator that explains how often two of them agree; None where it cannot be told.

    One accuracy p for everyone, errors even over the other classes: two agree with probability
    p^2 + (1 - p)^2 / (K - 1), solved for p. It needs two votes on one object, and agreement above chance.
    """
    cast = votes[~votes["review"] & (votes["value"] != ABSENT)]
    per_value = cast.groupby(["object", "value"])["weight"].sum()
    per_object, squares = per_value.groupby(level=0).sum(), (per_value**2).groupby(level=0).sum()
    own = (cast["weight"] ** 2).groupby(cast["object"]).sum()
    pairs = (per_object**2 - own)[per_object > 1].sum() / 2
    agreeing = (squares - own)[per_object > 1].sum() / 2
    if classes < 2 or pairs <= 0 or classes * agreeing / pairs <= 1:
        return None
    p = (1 + np.sqrt((classes - 1) * (classes * agreeing / pairs - 1))) / classes
    # Perfect agreement in a few pairs is no proof of perfection (rule of succession).
    return round(float(min(p, 1 - 1 / (pairs + 2))), 6)


def _posterior(share: pd.DataFrame, confident_in: float | None, classes: int) -> pd.Series:
    """Return the winner's posterior under the model of `accuracy` and an even prior over the classes."""
    named = share[share["value"] != ABSENT]
    if confident_in is None:
        return pd.Series(np.nan, index=named["object"].unique())
    odds = np.log(confident_in * (classes - 1) / (1 - confident_in))
    top = named.groupby("object")["weight"].transform("max")
    likelihood = np.exp(odds * (named["weight"] - top)).groupby(named["object"]).sum()
    by_object = named.groupby("object")["weight"].agg(["max", "size"])
    unnamed = (classes - by_object["size"]).clip(lower=0) * np.exp(-odds * by_object["max"])
    return (1 / (likelihood + unnamed)).round(4)
