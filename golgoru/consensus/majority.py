"""From votes to labels: which value wins, how far the voters agree, and how probable the label is."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from golgoru.consensus.status import ADJUDICATED, AGREED, CONTESTED
from golgoru.consensus.votes import ABSENT

RULE = "VOTE-001"


class AgreementCounts(NamedTuple):
    """`pairs` of annotators who voted on one object, and how many of them are `agreeing`; both weighted by votes."""

    pairs: float
    agreeing: float


class Posterior(NamedTuple):
    """`probability`: one row per object and value: object, value, posterior. `minimum`: what a label needs of it."""

    probability: pd.DataFrame
    minimum: float


def elected_labels(
    votes: pd.DataFrame, classes: list[str], one_annotator: float | None, posterior: Posterior | None = None
) -> pd.DataFrame:
    """Return one row per object: object, label, votes, agreement, confidence, status, reviewed.

    A reviewer's vote settles the object; otherwise the votes of all annotators count alike. The value with the most
    votes wins; among equals the class that comes first in the guideline, then the first by name, so that row order is
    irrelevant. A winner without more than half of the votes is contested; ABSENT wins with more than half or not at
    all. The weights of an annotator on an object add up to one. `one_annotator` is the accuracy of one annotator, from
    `annotator_accuracy`.

    With `posterior` the most probable value wins instead. It is contested where that is below the minimum, and also
    where more than half of the votes are for another value: an estimate alone does not overrule a majority.
    """
    deciding = votes[votes["review"] == votes.groupby("object")["review"].transform("max")]
    share = deciding.groupby(["object", "value"], as_index=False).agg(
        weight=("weight", "sum"), review=("review", "max")
    )
    share["weight"] = share["weight"].round(9)
    share["voters"] = share.groupby("object")["weight"].transform("sum").round().astype(int)
    share["minority"] = 2 * share["weight"] <= share["voters"]
    share["cannot_win"] = (share["value"] == ABSENT) & share["minority"]
    share["probability"] = _ranking_probability(share, posterior)
    order = {name: place for place, name in enumerate(classes)}
    share["order"] = share["value"].map(order).astype(float).fillna(len(order))
    by = ["object", "cannot_win", "probability", "weight", "order", "value"]
    ranked = share.sort_values(by, ascending=[True, True, False, False, True, True])
    winner = ranked.drop_duplicates("object").set_index("object")
    voters = winner["voters"]
    contested = winner["minority"] if posterior is None else _is_contested(share, winner, posterior)
    decided = pd.Series(np.where(winner["review"], ADJUDICATED, AGREED), index=winner.index)
    if posterior is None:
        confidence = _winner_probability(share, one_annotator, len(classes)).reindex(winner.index)
    else:
        confidence = winner["probability"].round(4).where(winner["value"] != ABSENT)
    return pd.DataFrame({
        "object": winner.index,
        "label": winner["value"].to_numpy(),
        "votes": voters.to_numpy(),
        "agreement": (winner["weight"] / voters).round(4).to_numpy(),
        # A reviewer's decision is no estimate.
        "confidence": confidence.where(~winner["review"]).to_numpy(),
        "status": decided.where(~contested, CONTESTED).to_numpy(),
        "reviewed": winner["review"].to_numpy(),
    })  # fmt: skip


def _ranking_probability(share: pd.DataFrame, posterior: Posterior | None) -> pd.Series:
    """Return what ranks before the number of votes; 0 without `posterior`, and where a reviewer decided.

    An object that more than half of the voters did not see does not exist, so ABSENT comes first there.
    """
    if posterior is None:
        return pd.Series(0.0, index=share.index)
    known = share[["object", "value"]].merge(posterior.probability, on=["object", "value"], how="left")
    probability = known["posterior"].fillna(0.0).set_axis(share.index)
    return probability.mask((share["value"] == ABSENT) & ~share["minority"], 2.0).mask(share["review"], 0.0)


def _is_contested(share: pd.DataFrame, winner: pd.DataFrame, posterior: Posterior) -> pd.Series:
    """Return which winners are too improbable, against most of the votes, or seen by half of the voters at most."""
    by_object = share.groupby("object")
    against_majority = ~by_object["minority"].all().reindex(winner.index) & winner["minority"]
    seen = share["weight"].where(share["value"] != ABSENT, 0.0).groupby(share["object"]).sum().reindex(winner.index)
    too_few = 2 * seen <= winner["voters"]
    contested = (winner["probability"] < posterior.minimum) | against_majority | too_few
    # A reviewer's decision, and an object that most did not see, are decided as without a posterior.
    return winner["minority"].where(winner["review"] | (winner["value"] == ABSENT), contested)


def annotator_accuracy(votes: pd.DataFrame, classes: int) -> float | None:
    """Return the accuracy of one annotator that explains how often two of them agree; None where it is unknown.

    One accuracy p for everyone, errors even over the other classes: two agree with probability
    p^2 + (1 - p)^2 / (K - 1), solved for p. It needs two votes on one object, and agreement above chance.
    """
    return accuracy_of([agreement_counts(votes)], classes)


def agreement_counts(votes: pd.DataFrame) -> AgreementCounts:
    """Return how many pairs of annotators voted for a class on one object, and agree."""
    cast = votes[~votes["review"] & (votes["value"] != ABSENT)]
    per_value = cast.groupby(["object", "value"])["weight"].sum()
    per_object = cast.groupby("object")["weight"].sum()
    # Nobody is compared with themselves, also where they gave two values.
    per_annotator = cast.groupby(["object", "annotator"])["weight"].sum()
    return AgreementCounts(
        float((per_object**2).sum() - (per_annotator**2).sum()) / 2,
        float((per_value**2).sum() - (cast["weight"] ** 2).sum()) / 2,
    )


def accuracy_of(counts: Sequence[AgreementCounts], classes: int) -> float | None:
    """Return what `annotator_accuracy` does, from the counts of objects that were counted apart."""
    pairs = round(sum(count.pairs for count in counts), 6)
    agreeing = sum(count.agreeing for count in counts)
    # Rounded, because the last bits of the sums depend on row order.
    if classes < 2 or pairs <= 0 or round(classes * agreeing / pairs, 9) <= 1:
        return None
    p = (1 + np.sqrt((classes - 1) * (classes * agreeing / pairs - 1))) / classes
    # Perfect agreement in a few pairs is no proof of perfection (rule of succession).
    return min(round(float(p), 6), round(1 - 1 / (pairs + 2), 6), 0.999999)


def _winner_probability(share: pd.DataFrame, one_annotator: float | None, classes: int) -> pd.Series:
    """Return the winner's posterior under the model of `annotator_accuracy` and an even prior over the classes."""
    cast = share[share["value"] != ABSENT]
    if one_annotator is None:
        return pd.Series(np.nan, index=cast["object"].unique())
    odds = np.log(one_annotator * (classes - 1) / (1 - one_annotator))
    top = cast.groupby("object")["weight"].transform("max")
    likelihood = np.exp(odds * (cast["weight"] - top)).groupby(cast["object"]).sum()
    by_object = cast.groupby("object")["weight"].agg(["max", "size"])
    without_votes = (classes - by_object["size"]).clip(lower=0) * np.exp(-odds * by_object["max"])
    probability: pd.Series = (1 / (likelihood + without_votes)).round(4)
    return probability
