"""Copies: which images have equal pixels, and which image of a group of copies stays. Row order is nothing."""

from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd

from golgoru.duplicates import components
from golgoru.duplicates.kinds import SET_ASIDE
from golgoru.tables import frames

EXACT_RULE, NEAR_RULE = "COPY-001", "COPY-002"


class Representatives(NamedTuple):
    """`stands_for`: image to the image of equal pixels that its words count for. `copies`: the table."""

    stands_for: pd.Series
    copies: pd.DataFrame


def choose_representatives(
    images: pd.DataFrame,
    sources: pd.DataFrame,
    pairs: pd.DataFrame,
    out: pd.Index,
    labelled: pd.Index,
    frozen: date | None = None,
) -> Representatives:
    """Choose who stays: not set aside, labelled, most pixels, earliest delivery, content, name; in that order.

    `out`: images that are set aside. `labelled`: images that somebody said something about. `frozen`: the day the test
    set was frozen; what came up to it stays before what came later, so that no better copy takes a place there.
    """
    usable = images[images["error"].isna()].merge(sources[["image", "date", "delivery"]], on="image")
    usable["pixels_equal"] = components.component_ids(usable["image"], pairs[pairs["kind"] == "exact"])
    usable["copies_of"] = components.component_ids(usable["image"], pairs[pairs["kind"].isin(SET_ASIDE)])
    usable["out"] = frames.is_in(usable["image"], out)
    # Words on equal pixels are pooled, so one labelled copy makes all of them labelled.
    usable["unlabelled"] = ~frames.is_in(usable["image"], labelled).groupby(usable["pixels_equal"]).transform("any")
    usable["fewer_pixels"] = -(usable["width"] * usable["height"])
    usable["later"] = frozen is not None and usable["date"] > frozen.isoformat()
    order = ["out", "unlabelled", "later", "fewer_pixels", "date", "delivery", "content", "image"]
    ranked = usable.sort_values(order).set_index("image")
    first = ranked.index.to_series()
    stands_for = first.groupby(ranked["pixels_equal"]).transform("first")
    duplicate_of = first.groupby(ranked["copies_of"]).transform("first")
    return Representatives(stands_for, _duplicates_table(stands_for, duplicate_of, pairs))


def _duplicates_table(stands_for: pd.Series, duplicate_of: pd.Series, pairs: pd.DataFrame) -> pd.DataFrame:
    """Return `copies`: every image that is not its own survivor."""
    left = duplicate_of[duplicate_of != duplicate_of.index]
    exact = (stands_for[left.index] == stands_for[left].to_numpy()).to_numpy()
    linked = pairs[pairs["kind"].isin(SET_ASIDE)]  # the distance of a mirrored pair is that of the mirrored picture
    both_ways = pd.concat([
        linked.set_index(["image_a", "image_b"])["distance"],
        linked.set_index(["image_b", "image_a"])["distance"],
    ])  # fmt: skip
    distance = both_ways.reindex(pd.MultiIndex.from_arrays([left.index, left])).astype("Int64").array
    return frames.frame("duplicates", {
        "image": left.index,
        "duplicate_of": left.to_numpy(),
        "kind": np.where(exact, "exact", "near"),
        "distance": distance,
        "rule": np.where(exact, EXACT_RULE, NEAR_RULE),
    })  # fmt: skip
