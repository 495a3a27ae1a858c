"""How far annotators agree, beyond chance where that can be said: Krippendorff's alpha and Cohen's kappa, nominal.

Votes are those of `golgoru.consensus.votes`: an annotator's weights on an object add up to one. Only objects with two
annotators or more say anything about agreement.
"""

from typing import NamedTuple

import pandas as pd

from golgoru.consensus.votes import ABSENT
from golgoru.tables import frames
from golgoru.tables.pipeline import TABLES

ALL, CLASS, _CLASSES, _ANNOTATORS, _BATCH = "all", "class", "classes", "annotators", "batch"
_ONE_VALUE = "everybody said the same, so chance would agree as often"
_NO_PAIR = "no object was labelled by two people"
_OF_TWO = "chance is said of a class, not of two"
_NOT_SEEN = "(not seen)"  # what is said of an object that others drew


class _Counts(NamedTuple):
    """Objects with several annotators: `values` has object, value, weight, of (annotators of that object)."""

    values: pd.DataFrame
    votes: float


def krippendorff_alpha(votes: pd.DataFrame) -> float | None:
    """Return Krippendorff's alpha of nominal votes (object, value, weight); None where it is undefined.

    Source: Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011.
    """
    counts = _counts(votes)
    return _alpha(_observed(counts), _by_chance(counts), counts.votes)


def agreement_table(votes: pd.DataFrame) -> pd.DataFrame:
    """Return table `agreement`: of all votes, per class, pair of classes, pair of annotators, and batch.

    `votes` has object, annotator, value, weight, batch.
    """
    counts = _counts(votes)
    rows = [_overall(counts), *_per_class(counts)]
    parts = [pd.DataFrame(rows), _between_classes(counts), _between_annotators(votes), _per_batch(votes, counts)]
    found = pd.concat([part for part in parts if len(part)], ignore_index=True)
    found = found.reindex(columns=[column.name for column in TABLES["agreement"].columns])
    of_classes = found["scope"].isin([CLASS, _CLASSES])
    for column in ("key", "other"):
        found[column] = found[column].mask(of_classes & (found[column] == ABSENT), _NOT_SEEN)
    found[["share", "chance_corrected"]] = found[["share", "chance_corrected"]].astype(float).round(6)
    return frames.frame("agreement", found)


def _counts(votes: pd.DataFrame) -> _Counts:
    values = votes.groupby(["object", "value"], as_index=False)["weight"].sum()
    values["of"] = values.groupby("object")["weight"].transform("sum").round()
    values = values[values["of"] > 1]
    return _Counts(values, float(values["weight"].sum()))


def _observed(counts: _Counts) -> float:
    """Return how many votes disagree, each compared with the others on its object."""
    rows = counts.values
    return float((rows["weight"] * (rows["of"] - rows["weight"]) / (rows["of"] - 1)).sum())


def _by_chance(counts: _Counts) -> float:
    """Return how many votes would disagree if each were compared with all others, of whatever object."""
    of_value = counts.values.groupby("value")["weight"].sum()
    return float((of_value * (counts.votes - of_value)).sum() / (counts.votes - 1)) if counts.votes > 1 else 0.0


def _alpha(observed: float, by_chance: float, votes: float) -> float | None:
    return None if votes == 0 or by_chance <= 0 else 1 - observed / by_chance


def _overall(counts: _Counts) -> dict[str, object]:
    found = _alpha(_observed(counts), _by_chance(counts), counts.votes)
    share = 1 - _observed(counts) / counts.votes if counts.votes else None
    why = _NO_PAIR if not counts.votes else _ONE_VALUE if found is None else None
    return {"scope": ALL, "key": "", "votes": counts.votes, "share": share, "chance_corrected": found, "why": why}


def _per_class(counts: _Counts) -> list[dict[str, object]]:
    """One row per class: of the votes on it or on what others called it; alpha of "this class, or another"."""
    rows = counts.values.assign(apart=lambda v: v["weight"] * (v["of"] - v["weight"]) / (v["of"] - 1))
    found = []
    for value, own in rows.groupby("value")[["weight", "apart"]].sum().iterrows():
        # Both sides of each disagreement, seen and by chance.
        by_chance = 2 * own["weight"] * (counts.votes - own["weight"]) / (counts.votes - 1)
        beyond = _alpha(2 * own["apart"], by_chance, counts.votes)
        found.append({
            "scope": CLASS, "key": value, "votes": own["weight"], "share": 1 - own["apart"] / own["weight"],
            "chance_corrected": beyond, "why": _ONE_VALUE if beyond is None else None,
        })  # fmt: skip
    return found


def _between_classes(counts: _Counts) -> pd.DataFrame:
    """One row per two classes that were said of one object: of the votes on either, the share that met the other."""
    rows = counts.values.sort_values(["object", "value"])
    both = rows.merge(rows[["object", "value", "weight"]], on="object", suffixes=("", "_other"))
    both = both[both["value"] < both["value_other"]]
    if both.empty:
        return pd.DataFrame()
    met = 2 * both["weight"] * both["weight_other"] / (both["of"] - 1)
    found = met.groupby([both["value"], both["value_other"]]).sum().rename("met").reset_index()
    own = rows.groupby("value")["weight"].sum()
    votes = found["value"].map(own) + found["value_other"].map(own)
    return pd.DataFrame({
        "scope": _CLASSES, "key": found["value"], "other": found["value_other"], "votes": votes,
        "share": 1 - found["met"] / votes, "chance_corrected": None, "why": _OF_TWO,
    })  # fmt: skip


def _between_annotators(votes: pd.DataFrame) -> pd.DataFrame:
    """One row per two annotators who labelled the same objects: percent of agreement and Cohen's kappa (1960)."""
    said = votes[votes.groupby("object")["annotator"].transform("nunique") > 1]
    said = said[["object", "annotator", "value", "weight"]]
    both = said.merge(said, on="object", suffixes=("", "_other"))
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
        "why": pd.Series(_ONE_VALUE, index=kappa.index).where(kappa.isna()).to_numpy(),
    })  # fmt: skip


def _per_batch(votes: pd.DataFrame, counts: _Counts) -> pd.DataFrame:
    """One row per batch: its votes compared with all others on the same object; chance is that of all votes."""
    said = votes[["object", "value", "weight", "batch"]].merge(
        counts.values, on=["object", "value"], suffixes=("", "_in_all")
    )
    if said.empty:
        return pd.DataFrame()
    of_value = counts.values.groupby("value")["weight"].sum()
    said["apart"] = said["weight"] * (said["of"] - said["weight_in_all"]) / (said["of"] - 1)
    said["chance"] = said["weight"] * (counts.votes - said["value"].map(of_value)) / (counts.votes - 1)
    sums = said.groupby("batch")[["weight", "apart", "chance"]].sum()
    beyond = 1 - sums["apart"] / sums["chance"].where(sums["chance"] > 0)
    return pd.DataFrame({
        "scope": _BATCH, "key": sums.index, "votes": sums["weight"].to_numpy(),
        "share": (1 - sums["apart"] / sums["weight"]).to_numpy(), "chance_corrected": beyond.to_numpy(),
        "why": pd.Series(_ONE_VALUE, index=beyond.index).where(beyond.isna()).to_numpy(),
    })  # fmt: skip
