"""Which image represents each group of duplicates, and which images have equal pixels. Row order is irrelevant."""

from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd

from golgoru.duplicates import components
from golgoru.duplicates.kinds import SET_ASIDE
from golgoru.tables import frames

EXACT_RULE, NEAR_RULE = "COPY-001", "COPY-002"


class Representatives(NamedTuple):
    """The representatives of images.

    `equal_pixels`: for each usable image, the representative of all images of equal pixels, for which their annotations
    are pooled. `duplicates`: the table of that name.
    """

    equal_pixels: pd.Series
    duplicates: pd.DataFrame

    @property
    def compared(self) -> pd.Index:
        """The images left out, and those that represent them: their labels are compared."""
        both = pd.concat([self.duplicates["image"], self.duplicates["duplicate_of"]])
        images: pd.Index = pd.Index(both.drop_duplicates())
        return images


def choose_representatives(
    images: pd.DataFrame,
    sources: pd.DataFrame,
    pairs: pd.DataFrame,
    set_aside: pd.Index,
    labelled: pd.Index,
    frozen: date | None = None,
) -> Representatives:
    """Choose the image that represents its duplicates.

    In this order: not set aside, labelled, not after `frozen`, most pixels, earliest delivery, content, name.
    `set_aside`, `labelled`: images that are set aside, and images with annotations. `frozen`: the day on which the test
    set was frozen; no larger duplicate that arrived later takes the place of an image in it.
    """
    usable = images[images["error"].isna()].merge(sources[["image", "date", "delivery"]], on="image")
    usable["same_pixels"] = components.component_ids(usable["image"], pairs[pairs["kind"] == "exact"])
    usable["component"] = components.component_ids(usable["image"], pairs[pairs["kind"].isin(SET_ASIDE)])
    usable["set_aside"] = frames.is_in(usable["image"], set_aside)
    # Annotations of equal pixels are pooled, so that one labelled image makes all of them labelled.
    usable["unlabelled"] = ~frames.is_in(usable["image"], labelled).groupby(usable["same_pixels"]).transform("any")
    usable["fewer_pixels"] = -(usable["width"] * usable["height"])
    usable["later"] = frozen is not None and usable["date"] > frozen.isoformat()
    order = ["set_aside", "unlabelled", "later", "fewer_pixels", "date", "delivery", "content", "image"]
    ranked = usable.sort_values(order).set_index("image")
    first = ranked.index.to_series()
    equal_pixels = first.groupby(ranked["same_pixels"]).transform("first")
    duplicate_of = first.groupby(ranked["component"]).transform("first")
    return Representatives(equal_pixels, _duplicates_table(equal_pixels, duplicate_of, pairs))


def _duplicates_table(equal_pixels: pd.Series, duplicate_of: pd.Series, pairs: pd.DataFrame) -> pd.DataFrame:
    """Return `duplicates`: every image that another one represents."""
    represented = duplicate_of[duplicate_of != duplicate_of.index]
    exact = (equal_pixels[represented.index] == equal_pixels[represented].to_numpy()).to_numpy()
    linked = pairs[pairs["kind"].isin(SET_ASIDE)]  # the distance of a mirrored pair is that of the mirrored image
    both_ways = pd.concat([
        linked.set_index(["image_a", "image_b"])["distance"],
        linked.set_index(["image_b", "image_a"])["distance"],
    ])  # fmt: skip
    distance = both_ways.reindex(pd.MultiIndex.from_arrays([represented.index, represented])).astype("Int64").array
    return frames.frame("duplicates", {
        "image": represented.index,
        "duplicate_of": represented.to_numpy(),
        "kind": np.where(exact, "exact", "near"),
        "distance": distance,
        "rule": np.where(exact, EXACT_RULE, NEAR_RULE),
    })  # fmt: skip
