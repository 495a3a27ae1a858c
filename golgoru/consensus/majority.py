"""From votes to labels: who wins, how far the voters agree, and how much that is worth."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from golgoru.consensus.votes import ABSENT

RULE = "VOTE-001"


class Posterior(NamedTuple):
    """How probable each value is (object, value, posterior), and from where on that is enough."""

    posterior: pd.DataFrame
    enough: float


def elected_labels(
    votes: pd.DataFrame, classes: list[str], confident_in: float | None, weighed: Posterior | None = None
) -> pd.DataFrame:
    """Return one row per object: object, label, votes, agreement, confidence, status, reviewed.

    A reviewer's vote settles the object; otherwise the votes of all annotators count alike. The value with the most
    votes wins; among equals the class that comes first in the guideline, then by name, so the order of rows is
    nothing. A winner without more than half of the votes is contested; ABSENT wins with more than half or not at all.
    The weights of an annotator on an object add up to one. `confident_in` is the accuracy of one annotator, from
    `accuracy`.

    With `weighed` the most probable value wins instead; it is contested where that is not enough, and also where more
    than half of the votes say otherwise: the many are not overruled by an estimate alone.
    """
    deciding = votes[votes["review"] == votes.groupby("object")["review"].transform("max")]
    share = deciding.groupby(["object", "value"], as_index=False).agg(
        weight=("weight", "sum"), review=("review", "max")
    )
    share["weight"] = share["weight"].round(9)
    share["voters"] = share.groupby("object")["weight"].transform("sum").round().astype(int)
    share["short"] = 2 * share["weight"] <= share["voters"]
    share["out"] = (share["value"] == ABSENT) & share["short"]
    share["probable"] = _ranking_probability(share, weighed)
    order = {name: place for place, name in enumerate(classes)}
    share["order"] = share["value"].map(order).astype(float).fillna(len(order))
    by = ["object", "out", "probable", "weight", "order", "value"]
    ranked = share.sort_values(by, ascending=[True, True, False, False, True, True])
    winner = ranked.drop_duplicates("object").set_index("object")
    voters = winner["voters"]
    contested = winner["short"] if weighed is None else _is_contested(share, winner, weighed)
    decided = pd.Series(np.where(winner["review"], "adjudicated", "agreed"), index=winner.index)
    if weighed is None:
        confidence = _winner_probability(share, confident_in, len(classes)).reindex(winner.index)
    else:
        confidence = winner["probable"].round(4).where(winner["value"] != ABSENT)
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


def _ranking_probability(share: pd.DataFrame, weighed: Posterior | None) -> pd.Series:
    """Return what ranks before the number of votes: nothing without `weighed`, or where a reviewer spoke.

    An object that more than half of the voters did not see is none, so ABSENT comes first there.
    """
    if weighed is None:
        return pd.Series(0.0, index=share.index)
    known = share[["object", "value"]].merge(weighed.posterior, on=["object", "value"], how="left")
    probable = known["posterior"].fillna(0.0).set_axis(share.index)
    return probable.mask((share["value"] == ABSENT) & ~share["short"], 2.0).mask(share["review"], 0.0)


def _is_contested(share: pd.DataFrame, winner: pd.DataFrame, weighed: Posterior) -> pd.Series:
    """Return which winners are contested: not probable enough, against most of the votes, or seen by too few."""
    by_object = share.groupby("object")
    against = ~by_object["short"].all().reindex(winner.index) & winner["short"]
    seen = share["weight"].where(share["value"] != ABSENT, 0.0).groupby(share["object"]).sum().reindex(winner.index)
    unsure = (winner["probable"] < weighed.enough) | against | (2 * seen <= winner["voters"])
    # A reviewer's verdict, and an object that most did not see, are as without weights.
    return winner["short"].where(winner["review"] | (winner["value"] == ABSENT), unsure)


def annotator_accuracy(votes: pd.DataFrame, classes: int) -> float | None:
    """Return the accuracy of one annotator that explains how often two of them agree; None where it cannot be told.

    One accuracy p for everyone, errors even over the other classes: two agree with probability
    p^2 + (1 - p)^2 / (K - 1), solved for p. It needs two votes on one object, and agreement above chance.
    """
    cast = votes[~votes["review"] & (votes["value"] != ABSENT)]
    per_value = cast.groupby(["object", "value"])["weight"].sum()
    per_object = cast.groupby("object")["weight"].sum()
    # Nobody is compared with himself, also where he said two things.
    own = cast.groupby(["object", "annotator"])["weight"].sum()
    pairs = round(float((per_object**2).sum() - (own**2).sum()) / 2, 6)
    agreeing = float((per_value**2).sum() - (cast["weight"] ** 2).sum()) / 2
    if classes < 2 or pairs <= 0 or classes * agreeing / pairs <= 1:
        return None
    p = (1 + np.sqrt((classes - 1) * (classes * agreeing / pairs - 1))) / classes
    # Perfect agreement in a few pairs is no proof of perfection (rule of succession).
    return min(round(float(p), 6), round(1 - 1 / (pairs + 2), 6), 0.999999)


def _winner_probability(share: pd.DataFrame, confident_in: float | None, classes: int) -> pd.Series:
    """Return the winner's posterior under the model of `accuracy` and an even prior over the classes."""
    named = share[share["value"] != ABSENT]
    if confident_in is None:
        return pd.Series(np.nan, index=named["object"].unique())
    odds = np.log(confident_in * (classes - 1) / (1 - confident_in))
    top = named.groupby("object")["weight"].transform("max")
    likelihood = np.exp(odds * (named["weight"] - top)).groupby(named["object"]).sum()
    by_object = named.groupby("object")["weight"].agg(["max", "size"])
    unnamed = (classes - by_object["size"]).clip(lower=0) * np.exp(-odds * by_object["max"])
    posterior: pd.Series = (1 / (likelihood + unnamed)).round(4)
    return posterior
