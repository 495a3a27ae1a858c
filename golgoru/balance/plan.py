"""The plan: for each split and value what is there, what is wanted, what the weights come to, and what to collect."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from golgoru.balance.class_counts import ValueCounts
from golgoru.balance.collection import ImagesToCollect, images_to_collect
from golgoru.balance.weights import SplitImages, Weighting, image_fractions
from golgoru.core.arrays import Floats
from golgoru.tables import frames

_DECIMALS = 6  # of shares: a rare class of LVIS has some hundred-thousandths


def plan_for_split(
    split: str, shown: Sequence[ValueCounts], images: SplitImages, balance: Weighting | None, low: float, high: float
) -> pd.DataFrame:
    """Return table `plan` of a split; without a `balance` it stays natural, and before and after are the same."""
    rows = [
        _plan_for_target(
            split, composition, images, balance, None if balance is None else balance.shares[number], (low, high)
        )
        for number, composition in enumerate(shown)
    ]
    return frames.concat(rows, "collection_plan")


def _plan_for_target(
    split: str,
    shown: ValueCounts,
    images: SplitImages,
    balance: Weighting | None,
    target: Floats | None,
    bounds: tuple[float, float],
) -> pd.DataFrame:
    parts = image_fractions(images.alike)
    keep = np.ones(len(parts), bool) if balance is None else balance.keep
    weight = parts if balance is None else balance.weight
    there = (shown.counts > 0).astype(np.int32)
    table = pd.DataFrame({
        "split": split,
        "by": shown.by,
        "value": shown.values,
        "images": there.T @ np.ones(len(parts), np.int64),
        "once": np.round(there.T @ parts, 4),
        "kept": there.T @ keep.astype(np.int64),
        "objects": shown.counts.T @ np.ones(len(parts), np.int64),
        "before": _share(shown.counts.T @ parts),
        "after": _share(shown.counts.T @ weight),
        "why": [None if count else _no_image(split) for count in there.T @ np.ones(len(parts))],
    })  # fmt: skip
    if balance is not None and target is not None:
        missing = images_to_collect(shown.counts[keep], balance.once[keep], weight[keep], target, *bounds)
        table = table.assign(
            target=np.round(target, _DECIMALS),
            collect=pd.array(missing.collect, dtype="Float64").astype("Int64"),
            even=pd.array(missing.even, dtype="Float64").astype("Int64"),
        )
        table["why"] = _reasons(
            table, missing, _weight_range(shown, balance), _others_at_minimum(shown, balance, bounds[0]), bounds
        )
    return frames.frame("collection_plan", table)


def _share(shown: Floats) -> Floats:
    total = float(shown.sum())
    shares: Floats = np.round(shown / total, _DECIMALS) if total else np.full(len(shown), np.nan)
    return shares


def _weight_range(shown: ValueCounts, balance: Weighting) -> tuple[Floats, Floats]:
    """Return per value the least and the largest weight of the images that show it, near-copies counted as one."""
    pairs = shown.counts.tocoo()
    by_value = pd.Series(_weight(balance)[pairs.coords[0]]).groupby(pairs.coords[1])
    values = range(len(shown.values))
    return by_value.min().reindex(values).to_numpy(), by_value.max().reindex(values).to_numpy()


def _others_at_minimum(shown: ValueCounts, balance: Weighting, low: float) -> NDArray[np.bool_]:
    """Return for which values every image that does not show it has the least weight that there may be."""
    more = np.nan_to_num(_weight(balance)) > 1.001 * low
    there = (shown.counts > 0).astype(np.int32).T
    found: NDArray[np.bool_] = (there @ more == more.sum()) & (there @ balance.keep < balance.keep.sum())
    return found


def _weight(balance: Weighting) -> Floats:
    """Return the weight of each image that is kept, near-copies counted as one; NaN for the others."""
    return np.where(balance.keep, balance.weight / np.where(balance.once > 0, balance.once, 1), np.nan)


def _reasons(
    table: pd.DataFrame,
    missing: ImagesToCollect,
    weights: tuple[Floats, Floats],
    all_else_least: NDArray[np.bool_],
    bounds: tuple[float, float],
) -> list[str | None]:
    """Return in words what stands in the way of each value. A loop over values, of which there are few."""
    low, high = bounds
    told: list[str | None] = []
    rows: list[dict[Any, Any]] = table.to_dict("records")
    of_values = zip(rows, missing.short, missing.alone, *weights, all_else_least, strict=True)
    for row, short, alone, least, most, else_least in of_values:
        parts = [] if row["images"] else [_no_image(row["split"])]
        if row["images"] == row["kept"] == 1:
            parts.append(f"one image: it would be shown {most:.3g} times an epoch")
        if short and row["images"]:
            reached = f"it reaches {_percent(row['after'])} of {_percent(row['target'])}"
            if least > 0.999 * high:
                parts.append(f"even at weight {high:g} {reached}")
            elif else_least:
                parts.append(f"even with all others at weight {low:g} {reached}")
            else:
                parts.append(f"{reached}: what else its images show, another target or min_weight pulls the other way")
        if alone and not pd.isna(row["collect"]):
            parts.append("collect images that show nothing else: those at hand show too little of it")
        told.append("; ".join(parts) or None)
    return told


def _no_image(split: str) -> str:
    return f"no image of it in {split}"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
