"""How far annotators agree, chance-corrected where that is defined: Krippendorff's alpha and Cohen's kappa, nominal.

Votes are those of golgoru.consensus.votes: an annotator's weights on an object add up to one. Only objects with two
annotators or more say anything about agreement.
"""

from typing import NamedTuple

import pandas as pd

from golgoru.consensus.votes import ABSENT
from golgoru.tables import frames
from golgoru.tables.catalogue import TABLES

ALL, CLASS, _CLASSES, _ANNOTATORS, _BATCH = "all", "class", "classes", "annotators", "batch"
_ONE_VALUE = "all votes have the same value, so they would agree by chance, too"
_NO_PAIR = "no object has two annotators"
_OF_TWO = "chance correction is defined per class, not per pair of classes"
_NOT_SEEN = "(not seen)"  # the vote of an annotator who did not draw an object that others drew


class _Counts(NamedTuple):
    """Objects with several annotators. `values`: object, value, weight, annotators (of that object)."""

    values: pd.DataFrame
    votes: float


def krippendorff_alpha(votes: pd.DataFrame) -> float | None:
    """Return Krippendorff's alpha of nominal votes (object, value, weight); None where it is undefined.

    Source: Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011.
    """
    counts = _counts(votes)
    return _alpha(_observed_disagreement(counts), _chance_disagreement(counts), counts.votes)


def agreement_table(votes: pd.DataFrame) -> pd.DataFrame:
    """Return table `agreement`: of all votes, per class, pair of classes, pair of annotators, and batch.

    `votes` has object, annotator, value, weight, batch.
    """
    counts = _counts(votes)
    rows = [_overall(counts), *_per_class(counts)]
    parts = [pd.DataFrame(rows), _between_classes(counts), _between_annotators(votes), _per_batch(votes, counts)]
    table = pd.concat([part for part in parts if len(part)], ignore_index=True)
    table = table.reindex(columns=[column.name for column in TABLES["agreement"].columns])
    of_classes = table["scope"].isin([CLASS, _CLASSES])
    for column in ("key", "other"):
        table[column] = table[column].mask(of_classes & (table[column] == ABSENT), _NOT_SEEN)
    shares = ["share", "chance_corrected"]
    table[shares] = table[shares].astype(float).round(6)
    return frames.frame("agreement", table)


def _counts(votes: pd.DataFrame) -> _Counts:
    values = votes.groupby(["object", "value"], as_index=False)["weight"].sum()
    values["annotators"] = values.groupby("object")["weight"].transform("sum").round()
    values = values[values["annotators"] > 1]
    return _Counts(values, float(values["weight"].sum()))


def _disagreement(values: pd.DataFrame) -> pd.Series:
    """Return, per object and value, how many votes disagree, each compared with the others on its object."""
    return values["weight"] * (values["annotators"] - values["weight"]) / (values["annotators"] - 1)


def _observed_disagreement(counts: _Counts) -> float:
    """Return how many votes disagree, each compared with the others on its object."""
    return float(_disagreement(counts.values).sum())


def _chance_disagreement(counts: _Counts) -> float:
    """Return how many votes would disagree if each were compared with all others, of whatever object."""
    of_value = counts.values.groupby("value")["weight"].sum()
    return float((of_value * (counts.votes - of_value)).sum() / (counts.votes - 1)) if counts.votes > 1 else 0.0


def _alpha(observed: float, by_chance: float, votes: float) -> float | None:
    return None if votes == 0 or by_chance <= 0 else 1 - observed / by_chance


def _overall(counts: _Counts) -> dict[str, object]:
    observed = _observed_disagreement(counts)
    alpha = _alpha(observed, _chance_disagreement(counts), counts.votes)
    share = 1 - observed / counts.votes if counts.votes else None
    reason = _NO_PAIR if not counts.votes else _ONE_VALUE if alpha is None else None
    return {
        "scope": ALL, "key": "", "votes": counts.votes, "share": share, "chance_corrected": alpha, "reason": reason,
    }  # fmt: skip


def _per_class(counts: _Counts) -> list[dict[str, object]]:
    """Return one row per class, of the votes for it; alpha of "this class, or another"."""
    values = counts.values.assign(disagreement=_disagreement(counts.values))
    rows = []
    for value, sums in values.groupby("value")[["weight", "disagreement"]].sum().iterrows():
        # Both sides of each disagreement, observed and by chance.
        by_chance = 2 * sums["weight"] * (counts.votes - sums["weight"]) / (counts.votes - 1)
        alpha = _alpha(2 * sums["disagreement"], by_chance, counts.votes)
        rows.append({
            "scope": CLASS, "key": value, "votes": sums["weight"],
            "share": 1 - sums["disagreement"] / sums["weight"],
            "chance_corrected": alpha, "reason": _ONE_VALUE if alpha is None else None,
        })  # fmt: skip
    return rows


def _between_classes(counts: _Counts) -> pd.DataFrame:
    """Return one row per pair of classes given to one object: of the votes on either, the share that met the other."""
    values = counts.values.sort_values(["object", "value"])
    both = values.merge(values[["object", "value", "weight"]], on="object", suffixes=("", "_other"))
    both = both[both["value"] < both["value_other"]]
    if both.empty:
        return pd.DataFrame()
    met = 2 * both["weight"] * both["weight_other"] / (both["annotators"] - 1)
    pairs = frames.as_texts(met.groupby([both["value"], both["value_other"]]).sum().rename("met").reset_index())
    of_value = values.groupby(values["value"].astype("str"))["weight"].sum()
    votes = pairs["value"].map(of_value) + pairs["value_other"].map(of_value)
    return pd.DataFrame({
        "scope": _CLASSES, "key": pairs["value"], "other": pairs["value_other"], "votes": votes,
        "share": 1 - pairs["met"] / votes, "chance_corrected": None, "reason": _OF_TWO,
    })  # fmt: skip


def _between_annotators(votes: pd.DataFrame) -> pd.DataFrame:
    """Return one row per two annotators of the same objects: share of agreement and Cohen's kappa (1960)."""
    shared = votes[votes.groupby("object")["annotator"].transform("nunique") > 1]
    shared = shared[["object", "annotator", "value", "weight"]]
    both = shared.merge(shared, on="object", suffixes=("", "_other"))
    both = both[both["annotator"] < both["annotator_other"]]
    if both.empty:
        return pd.DataFrame()
    pair = ["annotator", "annotator_other"]
    both["weight"] *= both["weight_other"]
    both["same"] = both["weight"].where(both["value"] == both["value_other"], 0.0)
    sums = both.groupby(pair)[["weight", "same"]].sum()
    sides = [both.groupby([*pair, value])["weight"].sum() for value in ("value", "value_other")]
    left, right = (side.rename_axis([*pair, "value"]) for side in sides)
    chance = (left * right.reindex(left.index, fill_value=0.0)).groupby(level=pair).sum() / sums["weight"] ** 2
    share = sums["same"] / sums["weight"]
    kappa = ((share - chance) / (1 - chance)).where(chance < 1 - 1e-12)
    names = sums.index.to_frame(index=False)
    return pd.DataFrame({
        "scope": _ANNOTATORS, "key": names["annotator"], "other": names["annotator_other"],
        "votes": sums["weight"].to_numpy(), "share": share.to_numpy(), "chance_corrected": kappa.to_numpy(),
        "reason": pd.Series(_ONE_VALUE, index=kappa.index).where(kappa.isna()).to_numpy(),
    })  # fmt: skip


def _per_batch(votes: pd.DataFrame, counts: _Counts) -> pd.DataFrame:
    """Return one row per batch: its votes compared with all others on the same object; chance is that of all votes."""
    compared = votes[["object", "value", "weight", "batch"]].merge(
        counts.values, on=["object", "value"], suffixes=("", "_in_all")
    )
    if compared.empty:
        return pd.DataFrame()
    of_value = counts.values.groupby("value")["weight"].sum()
    differing = compared["annotators"] - compared["weight_in_all"]
    compared["disagreement"] = compared["weight"] * differing / (compared["annotators"] - 1)
    differing_by_chance = counts.votes - compared["value"].map(of_value).astype(float)
    compared["chance"] = compared["weight"] * differing_by_chance / (counts.votes - 1)
    sums = compared.groupby("batch")[["weight", "disagreement", "chance"]].sum()
    alpha = 1 - sums["disagreement"] / sums["chance"].where(sums["chance"] > 0)
    return pd.DataFrame({
        "scope": _BATCH, "key": sums.index, "votes": sums["weight"].to_numpy(),
        "share": (1 - sums["disagreement"] / sums["weight"]).to_numpy(), "chance_corrected": alpha.to_numpy(),
        "reason": pd.Series(_ONE_VALUE, index=alpha.index).where(alpha.isna()).to_numpy(),
    })  # fmt: skip
