"""Leakage: duplicates in two splits, group keys in two splits, and metadata from which the split can be told."""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from golgoru.core.arrays import Floats
from golgoru.core.dataset import SPLITS
from golgoru.duplicates import kinds
from golgoru.tables import frames
from golgoru.tables.splits import LEAKAGE_KINDS

_DUPLICATES, _GROUP_KEY, _METADATA = LEAKAGE_KINDS
_MAX_DUPLICATES = 200  # rows: what a person goes through
_SIGNIFICANCE = 0.001  # probability by chance below which a column, or a value, tells the split
_MIN_STRENGTH = 0.1  # Cramer's V below which a column tells too little to matter, however certain that is
_MIN_GROUPS_IN_ONE_SPLIT = 20  # groups of one value, all in one split
_MIN_GROUPS = 5  # values of fewer groups are counted as one value, since the test is wrong for them
_DECILES = 10
_MAX_DAYS = 20  # more different days are counted by month
_SIDES = (128, 512, 2048)  # pixels of the longer side
_IDENTITIES = {"image", "content", "group", "group_key", "split"}
_NAMED_COLUMNS = {"delivery", "date", "width", "height", "format", "mode"}  # every other column is declared metadata
_NO_VALUE, _RARE_VALUES = "no value", "rarer values"


class LeakageReport(NamedTuple):
    """Table `leakage`, and how many rows of each kind leak, those that the table leaves out included."""

    table: pd.DataFrame
    counts: dict[str, int]


def find_leakage(
    *,
    splits: pd.DataFrame,
    sources: pd.DataFrame,
    images: pd.DataFrame,
    duplicates: pd.DataFrame,
    duplicate_pairs: pd.DataFrame,
    frozen: date | None,
) -> LeakageReport:
    """Return table `leakage`. Images that no release has, held back or removed as duplicates, cannot leak."""
    releasable = splits[~splits["held_back"] & ~frames.is_in(splits["image"], duplicates["image"])]
    rows = releasable[["image", "group", "split"]].merge(sources, on="image")
    properties = images[["image", "content", "width", "height", "format", "mode"]]
    rows = rows.merge(properties, on="image").sort_values(["date", "delivery", "content", "image"], ignore_index=True)
    in_two_splits = _duplicate_rows(releasable, duplicate_pairs)
    group_keys = _group_key_rows(rows)
    metadata = [_metadata_row(name, values, rows.loc[values.index, "split"], frozen) for name, values in _columns(rows)]
    table = pd.concat([in_two_splits[:_MAX_DUPLICATES], pd.DataFrame([*group_keys, *metadata])], ignore_index=True)
    counts = {
        _DUPLICATES: len(in_two_splits),
        "duplicates beyond the table": max(len(in_two_splits) - _MAX_DUPLICATES, 0),
        _GROUP_KEY: sum(row["leaks"] for row in group_keys),
        _METADATA: sum(row["leaks"] for row in metadata),
    }
    return LeakageReport(frames.frame("leakage", table), counts)


def _duplicate_rows(releasable: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs of duplicates in two splits as rows of the table, the most alike first."""
    split_of = releasable.set_index("image")["split"]
    both = pairs.assign(split_a=pairs["image_a"].map(split_of), split_b=pairs["image_b"].map(split_of))
    both = both[both["split_a"].notna() & both["split_b"].notna() & (both["split_a"] != both["split_b"])]
    both = both.assign(uncertain=~both["kind"].isin(kinds.CERTAIN))
    both = both.sort_values(["uncertain", "score", "image_a", "image_b"], ascending=[True, False, True, True])
    where = both["kind"] + " duplicates in " + both["split_a"].astype("str") + " and " + both["split_b"].astype("str")
    return pd.DataFrame({
        "kind": _DUPLICATES,
        "key": both["image_a"] + "|" + both["image_b"],
        "groups": 2,
        "strength": both["score"].round(4),
        "leaks": True,
        "reason": where + "; if they show the same, pin both to one split",
    })  # fmt: skip


def _group_key_rows(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a row per group key in two splits, which split rules out; else one row with the number of keys."""
    splits_of = rows[rows["group_key"].notna()].groupby("group_key")["split"].agg(["nunique", "min", "max"])
    leaking: list[dict[str, Any]] = [
        {"key": str(key), "groups": None, "leaks": True, "reason": f"its images are in {low} and {high}, among others"}
        for key, _, low, high in splits_of[splits_of["nunique"] > 1].itertuples()
    ]
    summary: dict[str, Any] = {
        "key": "all",
        "groups": len(splits_of),
        "leaks": False,
        "reason": f"{len(splits_of):,} keys, each in one split" if len(splits_of) else "no image has a group key",
    }
    return [{"kind": _GROUP_KEY, "strength": None, **row} for row in leaking or [summary]]


def _columns(rows: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    """Yield name and values, as text, of every column that may tell the split; one row, the earliest, per group."""
    first = rows.drop_duplicates("group")
    longer_side = first[["width", "height"]].max(axis=1).astype(float)
    steps = [f"up to {side} pixels" for side in _SIDES] + [f"above {_SIDES[-1]} pixels"]
    sizes = pd.Series(np.array(steps)[np.searchsorted(_SIDES, longer_side)], index=first.index, dtype="str")
    days = first["date"]
    fixed: dict[str, pd.Series] = {
        "date": days.str[:7] if days.nunique() > _MAX_DAYS else days,
        "delivery": first["delivery"],
        "format": first["format"],
        "mode": first["mode"],
        "size": sizes.mask(longer_side.isna()),
    }
    metadata = sorted(map(str, set(rows) - _IDENTITIES - _NAMED_COLUMNS))
    yield from (fixed | {name: _as_text(first[name]) for name in metadata}).items()


def _as_text(values: pd.Series) -> pd.Series:
    """Return the values as text; numbers of more than ten different values by tenths."""
    if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values) or values.nunique() <= _DECILES:
        return values.astype("str")
    numbers = values.astype(float)
    edges = np.unique(np.nanquantile(numbers, np.arange(1, _DECILES) / _DECILES))
    names = [f"up to {edges[0]:g}", *(f"{a:g} to {b:g}" for a, b in pairwise(edges))]
    tenth = np.array([*names, f"above {edges[-1]:g}"])[np.searchsorted(edges, numbers)]
    return pd.Series(tenth, index=values.index, dtype="str").mask(numbers.isna())


def _metadata_row(name: str, values: pd.Series, split: pd.Series, frozen: date | None) -> dict[str, Any]:
    """Return the row of one column: whether its values tell the split."""
    row = {"kind": _METADATA, "key": name, "groups": len(values), "strength": None, "leaks": False}
    names, counts = _groups_per_value(values, split)
    rare = counts.sum(axis=1) < _MIN_GROUPS
    if counts[rare].sum() > counts.sum() / 2:
        return row | {"reason": f"most of its values have fewer than {_MIN_GROUPS} groups: not tested"}
    table = np.vstack([counts[~rare], counts[rare].sum(axis=0)])
    value_names = [*names[~rare], _RARE_VALUES]
    splits = [name for name, groups in zip(SPLITS, table.sum(axis=0), strict=True) if groups]
    table = table[table.any(axis=1)][:, table.any(axis=0)]
    if min(table.shape) < 2:
        return row | {"reason": f"{'it has one value' if table.shape[0] < 2 else 'there is one split'}: not tested"}
    strength, probability = _cramers_v(table)
    in_one_split = _value_in_one_split(table)
    leaks = (probability < _SIGNIFICANCE and strength >= _MIN_STRENGTH) or in_one_split is not None
    row |= {"strength": round(strength, 4), "leaks": leaks}
    if not leaks:
        why = "no more than by chance" if probability >= _SIGNIFICANCE else "too weakly to matter"
        return row | {"reason": f"does not tell the split ({why})"}
    value, at = _most_associated(table) if in_one_split is None else in_one_split
    share, of_all = table[value, at] / table[value].sum(), table[:, at].sum() / table.sum()
    where = f"{share:.0%} of its {int(table[value].sum()):,} groups are in {splits[at]}, of all groups {of_all:.0%}"
    by_date = frozen is not None and name in ("date", "delivery")
    frozen_too = "; the test set is frozen, so later ones go elsewhere" if by_date else ""
    return row | {"reason": f"{name} '{value_names[value]}': {where}{frozen_too}"}


def _groups_per_value(values: pd.Series, split: pd.Series) -> tuple[pd.Index, Floats]:
    """Return the different values, sorted, and (values, splits) how many groups of each are in each split."""
    codes, names = pd.factorize(values.astype("str").fillna(_NO_VALUE), sort=True)
    columns = pd.Index(SPLITS).get_indexer(pd.Index(split))
    counts = np.bincount(codes * len(SPLITS) + columns, minlength=len(names) * len(SPLITS))
    return pd.Index(names), counts.reshape(len(names), len(SPLITS)).astype(np.float64)


def _cramers_v(table: Floats) -> tuple[float, float]:
    """Return Cramer's V, corrected for bias (Bergsma 2013), and the chi-square test's probability by chance."""
    from scipy.special import chdtrc  # noqa: PLC0415  (slow)

    n = table.sum()
    rows, columns = table.shape
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    chi2 = float(((table - expected) ** 2 / expected).sum())
    freedom = (rows - 1) * (columns - 1)
    phi2 = max(chi2 / n - freedom / (n - 1), 0.0)
    least = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
    return float(np.sqrt(phi2 / least)) if least > 0 else 0.0, float(chdtrc(freedom, chi2))


def _most_associated(table: Floats) -> tuple[int, int]:
    """Return the value and the split that occur together most often beyond chance, in standard deviations."""
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    value, at = np.unravel_index(int(((table - expected) / np.sqrt(expected)).round(6).argmax()), table.shape)
    return int(value), int(at)


def _value_in_one_split(table: Floats) -> tuple[int, int] | None:
    """Return a value of many groups that are all in one split, and that split, where chance hardly does that."""
    groups = table.sum(axis=1)
    at = table.argmax(axis=1)
    # The probability of so many draws of that split, for any of the values (Bonferroni).
    probability = (table.sum(axis=0) / table.sum())[at] ** groups * len(table)
    one_split = (table.max(axis=1) == groups) & (groups >= _MIN_GROUPS_IN_ONE_SPLIT) & (probability < _SIGNIFICANCE)
    candidates = np.flatnonzero(one_split)
    if not len(candidates):
        return None
    value = int(candidates[np.lexsort((candidates, probability[candidates]))[0]])
    return value, int(at[value])
