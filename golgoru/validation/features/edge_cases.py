"""Features that triggers of edge cases can read: of every readable image, and of every object.

Features that compare with a class, or with the other images, need MIN_SAMPLE of them; with fewer they are null.
"""

from collections.abc import Mapping
from typing import ClassVar, cast

import numpy as np
import pandas as pd
import pyarrow as pa

from golgoru.core.arrays import Integers
from golgoru.duplicates.kinds import REORIENTED
from golgoru.geometry import overlaps, polygons
from golgoru.geometry.boxes import box_array
from golgoru.guideline.classes import Classes
from golgoru.guideline.edge_cases import EdgeCaseUnit
from golgoru.tables import frames
from golgoru.tables.catalogue import TABLES
from golgoru.tables.schema import INTEGER, NUMBER, YES_NO, Table
from golgoru.tables.vocabulary import CONTESTED
from golgoru.validation.features.base import MAD_TO_SIGMA, MIN_SAMPLE, FeatureTable, feature
from golgoru.validation.features.class_pairs import classes_per_image, rarest_class_pair, symmetric_pairs

_IMAGE_COLUMNS = TABLES["images"].columns + TABLES["sources"].columns[1:]


class EdgeCaseImages(FeatureTable):
    """One row per readable image, with the columns of `images` and `sources`, metadata included."""

    schema: ClassVar[Table] = TABLES["images"]._replace(columns=_IMAGE_COLUMNS, extra=True)

    def __init__(
        self,
        *,
        images: pd.DataFrame,
        sources: pd.DataFrame,
        labels: pd.DataFrame,
        annotation_roles: pd.DataFrame,
        groups: pd.DataFrame,
        duplicate_pairs: pd.DataFrame,
    ) -> None:
        # Columns and features of the pipeline take precedence over declared metadata of the same name.
        own_names = {*images.columns, *(column.name for column in self.features())} - {"image"}
        metadata = sources.drop(columns=[column for column in sources if column in own_names])
        super().__init__(images[images["error"].isna()].merge(metadata, on="image", how="left"))
        self._labels, self._roles, self._groups, self._pairs = labels, annotation_roles, groups, duplicate_pairs

    @feature(INTEGER, "the smaller of width and height, pixels")
    def smaller_side(self) -> pd.Series:
        return self.table[["width", "height"]].min(axis=1).astype("Int64")

    @feature(INTEGER, "width times height")
    def pixels(self) -> pd.Series:
        return self.table["width"] * self.table["height"]

    @feature(NUMBER, "longer side divided by the shorter one, 1 and more")
    def aspect_ratio(self) -> pd.Series:
        return _aspect_ratio(self.table)

    @feature(NUMBER, "size of the file in bytes, per pixel")
    def bytes_per_pixel(self) -> pd.Series:
        return _ratio(self.table["bytes"], self.pixels())

    @feature(NUMBER, "grey levels by which it is brighter than the median image; negative when darker", nullable=True)
    def brighter_than_others(self) -> pd.Series:
        return self.table["brightness"] - self._median("brightness")

    @feature(NUMBER, "sharpness divided by that of the median image", nullable=True)
    def sharpness_against_others(self) -> pd.Series:
        return _ratio(self.table["sharpness"], self._median("sharpness"))

    @feature(NUMBER, "share of all images that have its format, 0 to 1", nullable=True)
    def format_share(self) -> pd.Series:
        return self._share("format")

    @feature(NUMBER, "share of all images that have its mode, 0 to 1", nullable=True)
    def mode_share(self) -> pd.Series:
        return self._share("mode")

    @feature(INTEGER, "objects on it, contested ones included")
    def objects(self) -> pd.Series:
        return self._count(self._labels["image"])

    @feature(INTEGER, "objects on it that have a box")
    def boxes(self) -> pd.Series:
        return self._count(self._labels.loc[self._labels["width"].notna(), "image"])

    @feature(INTEGER, "objects on it whose label is contested")
    def contested_objects(self) -> pd.Series:
        return self._count(self._labels.loc[self._labels["status"] == CONTESTED, "image"])

    @feature(INTEGER, "different classes on it")
    def classes(self) -> pd.Series:
        return self._count(classes_per_image(self._labels)["image"])

    @feature(YES_NO, "somebody annotated it as empty, and it has no object")
    def reviewed_empty(self) -> pd.Series:
        image, annotated_empty = self.table["image"], self._roles.loc[self._roles["role"] == "empty", "image"]
        empty = frames.is_in(image, annotated_empty) & ~frames.is_in(image, self._labels["image"])
        return empty.astype("boolean")

    @feature(INTEGER, "images with the rarest pair of classes that it shows, itself included", nullable=True)
    def rarest_class_pair_images(self) -> pd.Series:
        rarest = rarest_class_pair(classes_per_image(self._labels))
        return self.table["image"].map(rarest).astype("float64").astype("Int64")

    @feature(INTEGER, "other images with equal pixels")
    def exact_duplicates(self) -> pd.Series:
        return self._count(symmetric_pairs(self._pairs, "exact")["image"])

    @feature(INTEGER, "other images that are near-duplicates of it")
    def near_duplicates(self) -> pd.Series:
        return self._count(symmetric_pairs(self._pairs, "near")["image"])

    @feature(INTEGER, "other images that are its mirror image")
    def mirrored_duplicates(self) -> pd.Series:
        return self._count(symmetric_pairs(self._pairs, "mirrored")["image"])

    @feature(INTEGER, "images of its group, itself included")
    def group_images(self) -> pd.Series:
        group = self.table["image"].map(self._groups.set_index("image")["group"])
        return _counts_of(group, self._groups["group"].value_counts())

    def _count(self, images: pd.Series) -> pd.Series:
        """Return how often each image occurs in `images`."""
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

    def __init__(
        self, *, labels: pd.DataFrame, images: pd.DataFrame, duplicate_pairs: pd.DataFrame, classes: Classes
    ) -> None:
        super().__init__(labels)
        statistics = images[["image", "width", "height", "brightness"]].set_index("image")
        self._image = statistics.reindex(self.table["image"]).astype("float64").set_axis(self.table.index)
        self._pairs, self._classes = duplicate_pairs, classes
        self._overlaps: overlaps.LargestOverlaps | None = None

    @feature(NUMBER, "smaller side of the box, pixels", nullable=True)
    def shorter_side(self) -> pd.Series:
        return self.table[["width", "height"]].min(axis=1, skipna=False)

    @feature(NUMBER, "area of the box as a share of the image's", nullable=True)
    def area_share(self) -> pd.Series:
        return _ratio(self.table["width"] * self.table["height"], self._image["width"] * self._image["height"])

    @feature(NUMBER, "longer side of the box divided by the shorter one, 1 and more", nullable=True)
    def aspect_ratio(self) -> pd.Series:
        return _aspect_ratio(self.table)

    @feature(NUMBER, "area share divided by the median area share of its class", nullable=True)
    def area_against_class(self) -> pd.Series:
        area = self.area_share()
        return _ratio(area, self._class_median(area))

    @feature(NUMBER, "pixels between the box and the nearest border of the image; negative beyond it", nullable=True)
    def border_distance(self) -> pd.Series:
        box, image = self.table, self._image
        right, lower = image["width"] - box["x"] - box["width"], image["height"] - box["y"] - box["height"]
        return pd.concat([box["x"], box["y"], right, lower], axis=1).min(axis=1, skipna=False)

    @feature(NUMBER, "distance of the box's centre from the image's, 0 in the middle, 1 in a corner", nullable=True)
    def centre_distance(self) -> pd.Series:
        box, image = self.table, self._image
        across = box["x"] + (box["width"] - image["width"]) / 2
        down = box["y"] + (box["height"] - image["height"]) / 2
        distance, diagonal = across**2 + down**2, image["width"] ** 2 + image["height"] ** 2
        return _ratio(distance**0.5, diagonal**0.5 / 2)

    @feature(NUMBER, "largest IoU with another object on the image; null where no other has a box", nullable=True)
    def largest_overlap(self) -> pd.Series:
        return pd.Series(self._largest_overlaps().iou, index=self.table.index)

    @feature(
        NUMBER, "largest share of its box that lies in one larger box; null where no other has a box", nullable=True
    )
    def inside_another(self) -> pd.Series:
        return pd.Series(self._largest_overlaps().share_inside, index=self.table.index)

    @feature(INTEGER, "corners of the polygon", nullable=True)
    def polygon_corners(self) -> pd.Series:
        return cast("pd.Series", (self.table["polygon"].list.len() // 2).astype("Int64"))

    @feature(NUMBER, "area of the polygon as a share of the upright box around it, 0 to 1", nullable=True)
    def polygon_fill(self) -> pd.Series:
        return pd.Series(polygons.bounding_box_fill(self.table["polygon"]), index=self.table.index)

    @feature(INTEGER, "characters of the text", nullable=True)
    def text_length(self) -> pd.Series:
        return self.table["text"].str.len().astype("Int64")

    @feature(YES_NO, "the text has a character that is not ASCII: an accent, another script, a symbol", nullable=True)
    def has_non_ascii_text(self) -> pd.Series:
        text = self.table["text"]
        return text.str.contains(r"[^\x00-\x7f]", regex=True).astype("boolean").where(text.notna())

    @feature(NUMBER, "longer side of the box, pixels, per character of the text", nullable=True)
    def pixels_per_character(self) -> pd.Series:
        return _ratio(self.table[["width", "height"]].max(axis=1, skipna=False), self.text_length())

    @feature(INTEGER, "objects of its class")
    def class_objects(self) -> pd.Series:
        return _counts_of(self.table["label"], self.table["label"].value_counts())

    @feature(NUMBER, "objects of its class, divided by what each class would have if all had the same number")
    def class_balance(self) -> pd.Series:
        return _ratio(self.class_objects() * len(self._classes.ids), len(self.table))

    @feature(
        NUMBER, "how much brighter its image is than the median of its class, in standard deviations", nullable=True
    )
    def brighter_than_class(self) -> pd.Series:
        difference = self._image["brightness"] - self._class_median(self._image["brightness"])
        return _ratio(difference, MAD_TO_SIGMA * self._class_median(difference.abs()))

    @feature(INTEGER, "near, mirrored and rotated duplicates of its image that show its class")
    def near_duplicates_of_class(self) -> pd.Series:
        pairs = symmetric_pairs(self._pairs, "near", *REORIENTED).merge(
            classes_per_image(self.table), left_on="other", right_on="image"
        )
        counts = pairs.rename(columns={"image_x": "image"}).groupby(["image", "label"]).size().rename("duplicates")
        joined = self.table[["image", "label"]].merge(counts, left_on=["image", "label"], right_index=True, how="left")
        return cast("pd.Series", joined["duplicates"].fillna(0).astype("Int64"))

    @feature(YES_NO, "a near, mirrored or rotated duplicate of its image shows objects, but none of its class")
    def near_duplicate_of_another_class(self) -> pd.Series:
        pairs = symmetric_pairs(self._pairs, "near", *REORIENTED)
        labelled = pairs.loc[frames.is_in(pairs["other"], self.table["image"]), "image"].value_counts()
        of_other_classes = _counts_of(self.table["image"], labelled) - self.near_duplicates_of_class()
        return cast("pd.Series", (of_other_classes > 0).astype("boolean"))

    @feature(YES_NO, "its label was made under another version of the guideline than the current one")
    def old_guideline(self) -> pd.Series:
        return cast("pd.Series", (self.table["guideline_version"] != self._classes.version).astype("boolean"))

    def _class_median(self, values: pd.Series) -> pd.Series:
        """Return the median of each object's class; null where fewer than MIN_SAMPLE objects have a value."""
        by_class = values.groupby(self.table["label"])
        medians = by_class.median().where(by_class.count() >= MIN_SAMPLE)
        return cast("pd.Series", self.table["label"].map(medians).astype("float64"))

    def _largest_overlaps(self) -> overlaps.LargestOverlaps:
        if self._overlaps is None:
            image_numbers: Integers = pd.factorize(self.table["image"])[0].astype(np.int64)
            self._overlaps = overlaps.largest_overlaps(image_numbers, box_array(self.table))
        return self._overlaps


def trigger_columns(declared: pd.DataFrame) -> "Mapping[EdgeCaseUnit, Mapping[str, pa.DataType]]":
    """Return what a trigger can read, with types: columns, features, and for images the columns of `declared`.

    `declared` is table `sources`, or the metadata columns of the deliveries alone; its rows are not read.
    """
    metadata = pa.Schema.from_pandas(declared.iloc[:0], preserve_index=False)
    types = {name: metadata.field(name).type for name in metadata.names}
    return {"image": {**types, **EdgeCaseImages.types()}, "object": EdgeCaseObjects.types()}


def _counts_of(names: pd.Series, counts: pd.Series) -> pd.Series:
    """Return the count of each name, 0 for a name without one."""
    # By way of floats, since mapping an empty text column gives text.
    return cast("pd.Series", names.map(counts).astype("float64").fillna(0).astype("Int64"))


def _aspect_ratio(boxes: pd.DataFrame) -> pd.Series:
    sides = boxes[["width", "height"]].astype("float64")
    return _ratio(sides.max(axis=1, skipna=False), sides.min(axis=1, skipna=False))


def _ratio(part: pd.Series, whole: "pd.Series | float") -> pd.Series:
    """Return part / whole as floats, 9 decimals; null where the whole is not positive."""
    divisor = pd.Series(whole, index=part.index).astype("float64")
    return cast("pd.Series", (part.astype("float64") / divisor.where(divisor > 0)).round(9))
