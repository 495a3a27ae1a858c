"""Facts that edge cases are made of: of every picture, and of every object.

What is relative (to a class, to the other pictures) needs at least `ENOUGH` of them, and is null before that.
"""

from collections.abc import Mapping
from typing import ClassVar, cast

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from golgoru.duplicates.kinds import REORIENTED
from golgoru.geometry import overlaps, polygons
from golgoru.geometry.boxes import box_array
from golgoru.guideline.classes import Classes
from golgoru.guideline.edge_cases import EdgeCaseUnit
from golgoru.tables import frames
from golgoru.tables.pipeline import TABLES
from golgoru.tables.schema import INTEGER, NUMBER, YES_NO, Table
from golgoru.validation.features.base import MAD_TO_SIGMA, MIN_SAMPLE, FeatureTable, feature
from golgoru.validation.features.class_pairs import classes_per_image, rarest_class_pair, symmetric_pairs

_IMAGE_COLUMNS = TABLES["images"].columns + TABLES["sources"].columns[1:]


class EdgeCaseImages(FeatureTable):
    """One row per image that can be opened: its columns of `images` and `sources`, metadata included."""

    schema: ClassVar[Table] = TABLES["images"]._replace(columns=_IMAGE_COLUMNS, extra=True)

    def __init__(
        self,
        images: pd.DataFrame,
        sources: pd.DataFrame,
        labels: pd.DataFrame,
        votes: pd.DataFrame,
        groups: pd.DataFrame,
        pairs: pd.DataFrame,
    ) -> None:
        # What the pipeline knows of a picture goes before what a delivery declares under the same name.
        known = {*images.columns, *(column.name for column in self.facts())} - {"image"}
        origin = sources.drop(columns=[column for column in sources if column in known])
        super().__init__(images[images["error"].isna()].merge(origin, on="image", how="left"))
        self._labels, self._votes, self._groups, self._pairs = labels, votes, groups, pairs

    @feature(INTEGER, "the smaller of width and height, pixels")
    def smaller_side(self) -> pd.Series:
        return self.table[["width", "height"]].min(axis=1).astype("Int64")

    @feature(INTEGER, "width times height")
    def pixels(self) -> pd.Series:
        return self.table["width"] * self.table["height"]

    @feature(NUMBER, "longer side divided by the shorter one, 1 and more")
    def aspect(self) -> pd.Series:
        return _aspect_ratio(self.table)

    @feature(NUMBER, "size of the file in bytes, per pixel")
    def bytes_per_pixel(self) -> pd.Series:
        return _ratio(self.table["bytes"], self.pixels())

    @feature(NUMBER, "grey levels by which it is brighter than the median picture; negative when darker", nullable=True)
    def brighter_than_others(self) -> pd.Series:
        return self.table["brightness"] - self._median("brightness")

    @feature(NUMBER, "sharpness divided by that of the median picture", nullable=True)
    def sharpness_against_others(self) -> pd.Series:
        return _ratio(self.table["sharpness"], self._median("sharpness"))

    @feature(NUMBER, "share of all pictures that have its format, 0 to 1", nullable=True)
    def format_share(self) -> pd.Series:
        return self._share("format")

    @feature(NUMBER, "share of all pictures that have its mode, 0 to 1", nullable=True)
    def mode_share(self) -> pd.Series:
        return self._share("mode")

    @feature(INTEGER, "objects on it, contested ones included")
    def objects(self) -> pd.Series:
        return self._count(self._labels["image"])

    @feature(INTEGER, "objects on it that have a box")
    def boxes(self) -> pd.Series:
        return self._count(self._labels.loc[self._labels["width"].notna(), "image"])

    @feature(INTEGER, "objects on it that the annotators do not agree on")
    def contested_objects(self) -> pd.Series:
        return self._count(self._labels.loc[self._labels["status"] == "contested", "image"])

    @feature(INTEGER, "different classes on it")
    def classes(self) -> pd.Series:
        return self._count(classes_per_image(self._labels)["image"])

    @feature(YES_NO, "somebody said that it holds nothing, and no object stands on it")
    def said_empty(self) -> pd.Series:
        said = self._votes.loc[self._votes["role"] == "empty", "image"]
        empty = frames.is_in(self.table["image"], said) & ~frames.is_in(self.table["image"], self._labels["image"])
        return empty.astype("boolean")

    @feature(INTEGER, "pictures that show the rarest two classes on it together, itself included", nullable=True)
    def rarest_pair_pictures(self) -> pd.Series:
        rarest = rarest_class_pair(classes_per_image(self._labels))
        return self.table["image"].map(rarest).astype("float64").astype("Int64")

    @feature(INTEGER, "other pictures with equal pixels")
    def exact_copies(self) -> pd.Series:
        return self._count(symmetric_pairs(self._pairs, "exact")["image"])

    @feature(INTEGER, "other pictures that are nearly equal")
    def near_copies(self) -> pd.Series:
        return self._count(symmetric_pairs(self._pairs, "near")["image"])

    @feature(INTEGER, "other pictures that are its mirror image")
    def mirrored_copies(self) -> pd.Series:
        return self._count(symmetric_pairs(self._pairs, "mirrored")["image"])

    @feature(INTEGER, "pictures of its group, itself included")
    def group_pictures(self) -> pd.Series:
        group = self.table["image"].map(self._groups.set_index("image")["group"])
        return _counts_of(group, self._groups["group"].value_counts())

    def _count(self, images: pd.Series) -> pd.Series:
        """Return how often each picture stands among `images`."""
        return _counts_of(self.table["image"], images.value_counts())

    def _median(self, column: str) -> float:
        values = self.table[column].dropna()
        return float(values.median()) if len(values) >= MIN_SAMPLE else np.nan

    def _share(self, column: str) -> pd.Series:
        values = self.table[column]
        shares = values.value_counts(normalize=True) if values.count() >= MIN_SAMPLE else pd.Series(dtype="float64")
        return values.map(shares).astype("float64")


class EdgeCaseObjects(FeatureTable):
    """One row per object: the columns of `labels`."""

    schema: ClassVar[Table] = TABLES["labels"]

    def __init__(self, labels: pd.DataFrame, images: pd.DataFrame, pairs: pd.DataFrame, classes: Classes) -> None:
        super().__init__(labels)
        looks = images[["image", "width", "height", "brightness"]].set_index("image")
        self._picture = looks.reindex(self.table["image"]).astype("float64").set_axis(self.table.index)
        self._pairs, self._defined, self._guideline = pairs, len(classes.ids), classes.version
        self._overlaps: overlaps.LargestOverlaps | None = None

    @feature(NUMBER, "smaller side of the box, pixels", nullable=True)
    def shorter_side(self) -> pd.Series:
        return self.table[["width", "height"]].min(axis=1, skipna=False)

    @feature(NUMBER, "area of the box as a share of the picture's", nullable=True)
    def area_share(self) -> pd.Series:
        return _ratio(self.table["width"] * self.table["height"], self._picture["width"] * self._picture["height"])

    @feature(NUMBER, "longer side of the box divided by the shorter one, 1 and more", nullable=True)
    def aspect(self) -> pd.Series:
        return _aspect_ratio(self.table)

    @feature(NUMBER, "area share divided by the median area share of its class", nullable=True)
    def area_against_class(self) -> pd.Series:
        area = self.area_share()
        return _ratio(area, self._of_class(area))

    @feature(NUMBER, "pixels between the box and the nearest border of the picture; negative beyond it", nullable=True)
    def border_distance(self) -> pd.Series:
        box, picture = self.table, self._picture
        right, lower = picture["width"] - box["x"] - box["width"], picture["height"] - box["y"] - box["height"]
        return pd.concat([box["x"], box["y"], right, lower], axis=1).min(axis=1, skipna=False)

    @feature(NUMBER, "distance of the box's centre from the picture's, 0 in the middle, 1 in a corner", nullable=True)
    def centre_distance(self) -> pd.Series:
        box, picture = self.table, self._picture
        across = box["x"] + (box["width"] - picture["width"]) / 2
        down = box["y"] + (box["height"] - picture["height"]) / 2
        away, diagonal = across**2 + down**2, picture["width"] ** 2 + picture["height"] ** 2
        return _ratio(away**0.5, diagonal**0.5 / 2)

    @feature(NUMBER, "largest IoU with another object on the picture; null where no other has a box", nullable=True)
    def largest_overlap(self) -> pd.Series:
        return pd.Series(self._overlapping().iou, index=self.table.index)

    @feature(
        NUMBER, "largest share of its box that lies in one larger box; null where no other has a box", nullable=True
    )
    def inside_another(self) -> pd.Series:
        return pd.Series(self._overlapping().inside, index=self.table.index)

    @feature(INTEGER, "corners of the polygon", nullable=True)
    def polygon_corners(self) -> pd.Series:
        return cast("pd.Series", (self.table["polygon"].list.len() // 2).astype("Int64"))

    @feature(NUMBER, "area of the polygon as a share of the upright box around it, 0 to 1", nullable=True)
    def polygon_fill(self) -> pd.Series:
        return pd.Series(polygons.bounding_box_fill(self.table["polygon"]), index=self.table.index)

    @feature(INTEGER, "characters of the text", nullable=True)
    def text_length(self) -> pd.Series:
        return self.table["text"].str.len().astype("Int64")

    @feature(YES_NO, "a character of the text is not ASCII: an accent, another script, a sign", nullable=True)
    def text_beyond_ascii(self) -> pd.Series:
        text = self.table["text"]
        return text.str.contains(r"[^\x00-\x7f]", regex=True).astype("boolean").where(text.notna())

    @feature(NUMBER, "longer side of the box, pixels, per character of the text", nullable=True)
    def pixels_per_character(self) -> pd.Series:
        return _ratio(self.table[["width", "height"]].max(axis=1, skipna=False), self.text_length())

    @feature(INTEGER, "objects of its class")
    def class_objects(self) -> pd.Series:
        return _counts_of(self.table["label"], self.table["label"].value_counts())

    @feature(NUMBER, "objects of its class, as a multiple of what each class would have if all had the same number")
    def class_balance(self) -> pd.Series:
        return _ratio(self.class_objects() * self._defined, len(self.table))

    @feature(
        NUMBER, "how much brighter its picture is than the median of its class, in standard deviations", nullable=True
    )
    def brighter_than_class(self) -> pd.Series:
        difference = self._picture["brightness"] - self._of_class(self._picture["brightness"])
        return _ratio(difference, MAD_TO_SIGMA * self._of_class(difference.abs()))

    @feature(INTEGER, "near, mirrored and rotated copies of its picture that show its class, too")
    def near_copies_of_class(self) -> pd.Series:
        copies = symmetric_pairs(self._pairs, "near", *REORIENTED).merge(
            classes_per_image(self.table), left_on="other", right_on="image"
        )
        found = copies.rename(columns={"image_x": "image"}).groupby(["image", "label"]).size().rename("copies")
        joined = self.table[["image", "label"]].merge(found, left_on=["image", "label"], right_index=True, how="left")
        return cast("pd.Series", joined["copies"].fillna(0).astype("Int64"))

    @feature(YES_NO, "a near, mirrored or rotated copy of its picture shows objects, and none of its class")
    def near_copy_of_another_class(self) -> pd.Series:
        copies = symmetric_pairs(self._pairs, "near", *REORIENTED)
        labelled = copies.loc[frames.is_in(copies["other"], self.table["image"]), "image"].value_counts()
        others = _counts_of(self.table["image"], labelled) - self.near_copies_of_class()
        return cast("pd.Series", (others > 0).astype("boolean"))

    @feature(YES_NO, "its label was made under another version of the guideline than today's")
    def old_guideline(self) -> pd.Series:
        return cast("pd.Series", (self.table["guideline_version"] != self._guideline).astype("boolean"))

    def _of_class(self, values: pd.Series) -> pd.Series:
        """Return the median of each object's class; null where fewer than `ENOUGH` objects have a value."""
        by_class = values.groupby(self.table["label"])
        medians = by_class.median().where(by_class.count() >= MIN_SAMPLE)
        return cast("pd.Series", self.table["label"].map(medians).astype("float64"))

    def _overlapping(self) -> overlaps.LargestOverlaps:
        if self._overlaps is None:
            images: NDArray[np.int64] = pd.factorize(self.table["image"])[0].astype(np.int64)
            self._overlaps = overlaps.largest_overlaps(images, box_array(self.table))
        return self._overlaps


def trigger_columns(declared: pd.DataFrame) -> "Mapping[EdgeCaseUnit, Mapping[str, pa.DataType]]":
    """Return what a trigger can read, with types: columns, facts, and for pictures the columns of `declared`.

    `declared` is table `sources`, or just the metadata columns of the deliveries; no row of it is read.
    """
    metadata = pa.Schema.from_pandas(declared.iloc[:0], preserve_index=False)
    types = {name: metadata.field(name).type for name in metadata.names}
    return {"image": {**types, **EdgeCaseImages.types()}, "object": EdgeCaseObjects.types()}


def _counts_of(names: pd.Series, counts: pd.Series) -> pd.Series:
    """Return the count of each name, 0 for those without one."""
    # By way of floats: an empty column of texts stays one when it is mapped.
    return cast("pd.Series", names.map(counts).astype("float64").fillna(0).astype("Int64"))


def _aspect_ratio(boxes: pd.DataFrame) -> pd.Series:
    sides = boxes[["width", "height"]].astype("float64")
    return _ratio(sides.max(axis=1, skipna=False), sides.min(axis=1, skipna=False))


def _ratio(part: pd.Series, whole: "pd.Series | float") -> pd.Series:
    """Return part / whole as floats, 9 decimals; null where the whole is nothing or less."""
    over = pd.Series(whole, index=part.index).astype("float64")
    return cast("pd.Series", (part.astype("float64") / over.where(over > 0)).round(9))
