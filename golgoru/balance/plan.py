"""The collection plan: per split and value what there is, what is wanted, what weights reach, and what to collect."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from golgoru.balance.class_counts import ValueCounts
from golgoru.balance.collection import ImagesToCollect, images_to_collect
from golgoru.balance.weights import SplitImages, Weighting, image_fractions
from golgoru.core.arrays import Flags, Floats
from golgoru.tables import frames

_DECIMALS = 6  # of shares: a rare class of LVIS has some hundred-thousandths


class Bounds(NamedTuple):
    """The lowest and the highest weight that an image may have."""

    low: float
    high: float


def plan_for_split(
    split: str, counts: Sequence[ValueCounts], images: SplitImages, weighting: Weighting | None, bounds: Bounds
) -> pd.DataFrame:
    """Return table `collection_plan` of a split; without a `weighting`, before and after are the same."""
    rows = [
        _plan_for_target(
            split, value_counts, images, weighting, None if weighting is None else weighting.shares[number], bounds
        )
        for number, value_counts in enumerate(counts)
    ]
    return frames.concat(rows, "collection_plan")


def _plan_for_target(
    split: str,
    value_counts: ValueCounts,
    images: SplitImages,
    weighting: Weighting | None,
    target: Floats | None,
    bounds: Bounds,
) -> pd.DataFrame:
    counts = value_counts.counts
    fraction = image_fractions(images.near_duplicates)
    keep = np.ones(len(fraction), bool) if weighting is None else weighting.keep
    weight = fraction if weighting is None else weighting.weight
    shows = (counts > 0).astype(np.int32)
    number_of_images = shows.T @ np.ones(len(fraction), np.int64)
    table = pd.DataFrame({
        "split": split,
        "by": value_counts.by,
        "value": value_counts.values,
        "images": number_of_images,
        "distinct_images": np.round(shows.T @ fraction, 4),
        "kept": shows.T @ keep.astype(np.int64),
        "objects": counts.T @ np.ones(len(fraction), np.int64),
        "before": _shares(counts.T @ fraction),
        "after": _shares(counts.T @ weight),
        "reason": [None if number else _no_image(split) for number in number_of_images],
    })  # fmt: skip
    if weighting is not None and target is not None:
        missing = images_to_collect(
            counts=counts[keep], fraction=weighting.fraction[keep], weight=weight[keep], target=target,
            low=bounds.low, high=bounds.high,
        )  # fmt: skip
        table = table.assign(
            target=np.round(target, _DECIMALS),
            collect=pd.array(missing.collect, dtype="Float64").astype("Int64"),
            collect_unweighted=pd.array(missing.collect_unweighted, dtype="Float64").astype("Int64"),
        )
        ranges = _weight_range(value_counts, weighting)
        others = _others_at_minimum(value_counts, weighting, bounds.low)
        table["reason"] = _reasons(table, missing, ranges, others, bounds)
    return frames.frame("collection_plan", table)


def _shares(objects: Floats) -> Floats:
    total = float(objects.sum())
    shares: Floats = np.round(objects / total, _DECIMALS) if total else np.full(len(objects), np.nan)
    return shares


def _weight_range(value_counts: ValueCounts, weighting: Weighting) -> tuple[Floats, Floats]:
    """Return per value the lowest and the highest weight of the images that show it, near-duplicates as one image."""
    pairs = value_counts.counts.tocoo()
    by_value = pd.Series(_image_weight(weighting)[pairs.coords[0]]).groupby(pairs.coords[1])
    values = range(len(value_counts.values))
    return by_value.min().reindex(values).to_numpy(), by_value.max().reindex(values).to_numpy()


def _others_at_minimum(value_counts: ValueCounts, weighting: Weighting, low: float) -> Flags:
    """Return for which values every image that does not show it has the lowest weight allowed."""
    above_minimum = np.nan_to_num(_image_weight(weighting)) > 1.001 * low
    shows = (value_counts.counts > 0).astype(np.int32).T
    none_above_elsewhere = shows @ above_minimum == above_minimum.sum()
    others: Flags = none_above_elsewhere & (shows @ weighting.keep < weighting.keep.sum())
    return others


def _image_weight(weighting: Weighting) -> Floats:
    """Return the weight of each image that is kept, near-duplicates counted as one; NaN for the others."""
    fraction = np.where(weighting.fraction > 0, weighting.fraction, 1)
    return np.where(weighting.keep, weighting.weight / fraction, np.nan)


def _reasons(
    table: pd.DataFrame,
    missing: ImagesToCollect,
    weights: tuple[Floats, Floats],
    others_at_minimum: Flags,
    bounds: Bounds,
) -> list[str | None]:
    """Return why each value misses its target, as text. A loop over values: they are few."""
    reasons: list[str | None] = []
    rows: list[dict[Any, Any]] = table.to_dict("records")
    per_value = zip(rows, missing.short, missing.shown_alone, *weights, others_at_minimum, strict=True)
    for row, short, shown_alone, lowest, highest, others_lowest in per_value:
        parts = [] if row["images"] else [_no_image(row["split"])]
        if row["images"] == row["kept"] == 1:
            parts.append(f"one image: an epoch would show it {highest:.3g} times")
        if short and row["images"]:
            reached = f"it reaches {_percent(row['after'])} of {_percent(row['target'])}"
            if lowest > 0.999 * bounds.high:
                parts.append(f"even at weight {bounds.high:g} {reached}")
            elif others_lowest:
                parts.append(f"even with all others at weight {bounds.low:g} {reached}")
            else:
                parts.append(f"{reached}: other values on its images, another target or min_weight work against it")
        if shown_alone and not pd.isna(row["collect"]):
            parts.append("collect images that show nothing else: the images there are show too little of it")
        reasons.append("; ".join(parts) or None)
    return reasons


def _no_image(split: str) -> str:
    return f"no image of it in {split}"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
