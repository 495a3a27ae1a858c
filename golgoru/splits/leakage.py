"""What may give the split away: copies on two sides, group keys on two sides, metadata that tells the split."""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtrc

from golgoru.core.dataset import SPLITS
from golgoru.duplicates import kinds
from golgoru.tables import frames

_MAX_DUPLICATES = 200  # rows: what a person goes through
_SIGNIFICANCE = 0.001  # the probability by chance below which a column, or a value, tells the split
_MIN_STRENGTH = 0.1  # Cramer's V below which a column tells too little to matter, however sure that is
_MIN_GROUPS_IN_ONE_SPLIT = 20  # groups of one value that stand in one split alone
_MIN_GROUPS = 5  # groups; values of fewer stand together as one, since the test is wrong for such
_DECILES = 10
_MAX_DAYS = 20  # days from which on dates are taken by month
_SIDES = (128, 512, 2048)  # pixels of the longer side
_NO_VALUE, _RARE_VALUES = "no value", "rarer values"


class LeakageReport(NamedTuple):
    """The table, and for the metrics how many rows of each kind give the split away, those beyond it included."""

    table: pd.DataFrame
    counts: dict[str, int]


def find_leakage(
    splits: pd.DataFrame,
    sources: pd.DataFrame,
    images: pd.DataFrame,
    copies: pd.DataFrame,
    pairs: pd.DataFrame,
    frozen: date | None,
) -> LeakageReport:
    """Return table `leaks`. Images that no release has, held or left out as copies, give nothing away."""
    stays = splits[~splits["held"] & ~frames.is_in(splits["image"], copies["image"])]
    rows = stays[["image", "group", "split"]].merge(sources, on="image")
    looks = images[["image", "content", "width", "height", "format", "mode"]]
    rows = rows.merge(looks, on="image").sort_values(["date", "delivery", "content", "image"], ignore_index=True)
    apart = _duplicate_rows(stays, pairs)
    keys = _group_key_rows(rows)
    metadata = [_metadata_row(name, values, rows.loc[values.index, "split"], frozen) for name, values in _columns(rows)]
    table = pd.concat([apart[:_MAX_DUPLICATES], pd.DataFrame([*keys, *metadata])], ignore_index=True)
    counts = {"copies": len(apart), "copies beyond the table": max(len(apart) - _MAX_DUPLICATES, 0)}
    counts |= {kind: sum(row["told"] for row in found) for kind, found in (("group key", keys), ("metadata", metadata))}
    return LeakageReport(frames.frame("leakage", table), counts)


def _duplicate_rows(stays: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs of copies in two splits as rows of the table, the most alike first."""
    split_of = stays.set_index("image")["split"]
    sides = pairs.assign(a=pairs["image_a"].map(split_of), b=pairs["image_b"].map(split_of))
    apart = sides[sides["a"].notna() & sides["b"].notna() & (sides["a"] != sides["b"])]
    apart = apart.assign(unsure=~apart["kind"].isin(kinds.CERTAIN))
    apart = apart.sort_values(["unsure", "score", "image_a", "image_b"], ascending=[True, False, True, True])
    where = apart["kind"] + " copies in " + apart["a"].astype("str") + " and " + apart["b"].astype("str")
    return pd.DataFrame({
        "kind": "copies",
        "key": apart["image_a"] + "|" + apart["image_b"],
        "groups": 2,
        "strength": apart["score"].round(4),
        "told": True,
        "reason": where + "; where they show the same, pin both to one split",
    })  # fmt: skip


def _group_key_rows(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a row per key in two splits, which dedup and split rule out, or else one that says how many there are."""
    sides = rows[rows["group_key"].notna()].groupby("group_key")["split"].agg(["nunique", "min", "max"])
    torn: list[dict[str, Any]] = [
        {"key": str(key), "groups": None, "told": True, "reason": f"its images stand in {low} and {high}, among others"}
        for key, _, low, high in sides[sides["nunique"] > 1].itertuples()
    ]
    whole: dict[str, Any] = {
        "key": "all",
        "groups": len(sides),
        "told": False,
        "reason": f"{len(sides):,} keys, each in one split" if len(sides) else "no image has a group key",
    }
    return [{"kind": "group key", "strength": None, **row} for row in torn or [whole]]


def _columns(rows: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    """Yield name and values, as text, of every column that may tell the split; one row, the earliest, per group."""
    first = rows.drop_duplicates("group")
    own = {"image", "group", "split", "delivery", "date", "group_key", "content", "width", "height", "format", "mode"}
    longer = first[["width", "height"]].max(axis=1).astype(float)
    steps = [f"up to {side} pixels" for side in _SIDES] + [f"above {_SIDES[-1]} pixels"]
    sizes = pd.Series(np.array(steps)[np.searchsorted(_SIDES, longer)], index=first.index, dtype="str")
    days = first["date"]
    fixed: dict[str, pd.Series] = {
        "date": days.str[:7] if days.nunique() > _MAX_DAYS else days,
        "delivery": first["delivery"],
        "format": first["format"],
        "mode": first["mode"],
        "size": sizes.mask(longer.isna()),
    }
    yield from (fixed | {name: _as_text(first[name]) for name in sorted(map(str, set(rows) - own))}).items()


def _as_text(values: pd.Series) -> pd.Series:
    """Return the values as text; numbers of more than ten values by tenths."""
    if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values) or values.nunique() <= _DECILES:
        return values.astype("str")
    numbers = values.astype(float)
    edges = np.unique(np.nanquantile(numbers, np.arange(1, _DECILES) / _DECILES))
    names = [f"up to {edges[0]:g}", *(f"{a:g} to {b:g}" for a, b in pairwise(edges))]
    tenth = np.array([*names, f"above {edges[-1]:g}"])[np.searchsorted(edges, numbers)]
    return pd.Series(tenth, index=values.index, dtype="str").mask(numbers.isna())


def _metadata_row(name: str, values: pd.Series, split: pd.Series, frozen: date | None) -> dict[str, Any]:
    """Return the row of one column."""
    row = {"kind": "metadata", "key": name, "groups": len(values), "strength": None, "told": False}
    names, seen = _groups_per_value(values, split)
    few = seen.sum(axis=1) < _MIN_GROUPS
    if seen[few].sum() > seen.sum() / 2:
        return row | {"reason": f"most of its values stand for fewer than {_MIN_GROUPS} groups: nothing can be said"}
    table = np.vstack([seen[~few], seen[few].sum(axis=0)])
    named = [*names[~few], _RARE_VALUES]
    sides = [side for side, many in zip(SPLITS, table.sum(axis=0), strict=True) if many]
    table = table[table.any(axis=1)][:, table.any(axis=0)]
    if min(table.shape) < 2:
        lack = "it has one value" if table.shape[0] < 2 else "there is one split"
        return row | {"reason": f"{lack}: nothing to tell"}
    strength, chance = _cramers_v(table)
    worst, alone = _most_associated(table), _value_in_one_split(table)
    told = (chance < _SIGNIFICANCE and strength >= _MIN_STRENGTH) or alone is not None
    row |= {"strength": round(strength, 4), "told": told}
    if not told:
        sure = "no more than chance" if chance >= _SIGNIFICANCE else "too little to matter"
        return row | {"reason": f"says nothing of the split that counts ({sure})"}
    value, side = worst if alone is None else alone
    share, of_all = table[value, side] / table[value].sum(), table[:, side].sum() / table.sum()
    why = "; the test set is frozen, so later ones go elsewhere" if frozen and name in ("date", "delivery") else ""
    there = f"{share:.0%} of its {int(table[value].sum()):,} groups stand in {sides[side]}"
    return row | {"reason": f"{name} '{named[value]}': {there}, of all groups {of_all:.0%}{why}"}


def _groups_per_value(values: pd.Series, split: pd.Series) -> tuple[pd.Index, NDArray[np.float64]]:
    """Return the different values, sorted, and (values, splits) how many groups of each stand in each split."""
    codes, names = pd.factorize(values.astype("str").fillna(_NO_VALUE), sort=True)
    sides = pd.Index(SPLITS).get_indexer(pd.Index(split))
    counted = np.bincount(codes * len(SPLITS) + sides, minlength=len(names) * len(SPLITS))
    return pd.Index(names), counted.reshape(len(names), len(SPLITS)).astype(np.float64)


def _cramers_v(table: NDArray[np.float64]) -> tuple[float, float]:
    """Return Cramer's V, corrected for bias (Bergsma 2013), and the chi-square probability of chance."""
    n = table.sum()
    rows, columns = table.shape
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    chi2 = float(((table - expected) ** 2 / expected).sum())
    freedom = (rows - 1) * (columns - 1)
    phi2 = max(chi2 / n - freedom / (n - 1), 0.0)
    least = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
    return float(np.sqrt(phi2 / least)) if least > 0 else 0.0, float(chdtrc(freedom, chi2))


def _most_associated(table: NDArray[np.float64]) -> tuple[int, int]:
    """Return value and split that stand together most beyond chance, in standard deviations."""
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    value, side = np.unravel_index(int(((table - expected) / np.sqrt(expected)).round(6).argmax()), table.shape)
    return int(value), int(side)


def _value_in_one_split(table: NDArray[np.float64]) -> tuple[int, int] | None:
    """Return a value of many groups that stands in one split alone, and its split, where chance hardly does that."""
    of_value = table.sum(axis=1)
    side = table.argmax(axis=1)
    # As probable as that many draws of that split, in any of the values.
    chance = (table.sum(axis=0) / table.sum())[side] ** of_value * len(table)
    found = np.flatnonzero(
        (table.max(axis=1) == of_value) & (of_value >= _MIN_GROUPS_IN_ONE_SPLIT) & (chance < _SIGNIFICANCE)
    )
    if not len(found):
        return None
    value = int(found[np.lexsort((found, chance[found]))[0]])
    return value, int(side[value])
