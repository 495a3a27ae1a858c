"""Features of table `annotations`.

A fault is reported once: where a feature cannot be evaluated because another rule is broken already (the box of an
annotation whose image is unknown), it is true or null.
"""

from collections.abc import Mapping
from functools import cached_property

import numpy as np
import pandas as pd

from golgoru.core.arrays import Flags, Floats
from golgoru.core.dataset import Task
from golgoru.core.versions import is_not_newer
from golgoru.geometry import polygons
from golgoru.geometry.boxes import BOX_COLUMNS
from golgoru.guideline.changes import Changes, current_labels, is_known_label
from golgoru.guideline.classes import Classes
from golgoru.guideline.rules import RuleBook
from golgoru.tables import coded, frames
from golgoru.tables.catalogue import TABLES
from golgoru.tables.schema import INTEGER, NUMBER, YES_NO
from golgoru.validation.features import boxes
from golgoru.validation.features.base import FeatureTable, feature


class AnnotationFeatures(FeatureTable):
    """Features of table `annotations`; `images` is the table of that name, `pool_of` gives an annotator's pool."""

    schema = TABLES["annotations"]

    def __init__(
        self,
        annotations: pd.DataFrame,
        *,
        images: pd.DataFrame,
        classes: Classes,
        changes: Changes,
        rules: RuleBook,
        pool_of: Mapping[str, str],
        task: Task,
    ) -> None:
        super().__init__(annotations)
        self.images = images.reset_index(drop=True)
        self.classes, self.changes, self.rules, self.pool_of, self.task = classes, changes, rules, pool_of, task

    @cached_property
    def label(self) -> pd.Series:
        """The class under its name of today."""
        return current_labels(self.table, self.changes)

    @cached_property
    def is_object(self) -> pd.Series:
        return self.table["kind"] == "object"

    @cached_property
    def image_row(self) -> pd.Series:
        """The row of each annotation's image in `images`; -1 where the image is unknown."""
        return pd.Series(coded.positions(self.table["image"], self.images["image"]), index=self.table.index)

    @cached_property
    def boxes(self) -> boxes.Boxes:
        sides = [self.images[side].to_numpy(dtype=float, na_value=np.nan) for side in ("width", "height")]
        image_width, image_height = (np.append(side, np.nan)[self.image_row] for side in sides)
        drawn = self.table[BOX_COLUMNS].where(self.is_object).to_numpy(dtype=float)
        return boxes.Boxes(drawn, image_width, image_height)

    def _series(self, values: Floats | Flags) -> pd.Series:
        return pd.Series(values, index=self.table.index)

    @feature(YES_NO, "the image is a row of table `images`")
    def image_known(self) -> pd.Series:
        return self.image_row >= 0

    @feature(YES_NO, "the image is readable, or unknown")
    def image_readable(self) -> pd.Series:
        unreadable = np.append(self.images["error"].notna().to_numpy(), False)
        return pd.Series(~unreadable[self.image_row], index=self.table.index)

    @feature(YES_NO, "the class is defined or named in a change of the guideline, or the annotation is no object")
    def label_known(self) -> pd.Series:
        return ~self.is_object | is_known_label(self.table, self.changes, self.classes.ids)

    @feature(YES_NO, "the annotator is listed in guidelines/annotators.yaml; null while nobody is listed there", True)
    def annotator_known(self) -> pd.Series:
        known = self.table["annotator"].isin(list(self.pool_of)).astype("boolean")
        return known if self.pool_of else known.where(pd.Series(data=False, index=known.index))

    @feature(YES_NO, "the annotator gives the image one answer in this batch: one class, or objects, or `empty`")
    def one_answer(self) -> pd.Series:
        # A removal is no answer, since another one follows it. Nor is a correction of one of several objects.
        removal = self.table["kind"] == "remove"
        correction = self.table["about"].notna() & (self.task != "classification")
        answers = self.table.loc[~removal & ~correction, ["image", "annotator", "batch", "kind"]]
        image_and_batch = answers.groupby(["image", "annotator", "batch"], sort=False).ngroup()
        answer = answers["kind"].where(answers["kind"].isin(["empty", "skipped"]), "object")
        if self.task == "classification":
            is_object = answers["kind"] == "object"
            answer = answers["kind"] + "\n" + self.label[answers.index].where(is_object, "").fillna("")
        return has_one_value(image_and_batch, answer.to_frame()).reindex(self.table.index, fill_value=True)

    @feature(YES_NO, "the object that it corrects is on its image; true where it corrects none")
    def about_known(self) -> pd.Series:
        about = self.table["about"]
        corrects = about.notna().to_numpy()
        known = np.ones(len(about), dtype=bool)
        if self.task == "classification":
            content = self.images["content"].reindex(self.image_row[corrects])  # -1 is no row of it
            known[corrects] = content.isna().to_numpy() | (about[corrects].to_numpy() == content.to_numpy())
        else:
            target = frames.positions(about[corrects], self.table["annotation"])
            row = np.flatnonzero(corrects)
            image = pd.factorize(self.table["image"])[0]
            is_other_object = (target >= 0) & (target != row) & self.is_object.to_numpy()[target]
            known[corrects] = is_other_object & (image[target] == image[row]) | (self.image_row[row] < 0).to_numpy()
        return pd.Series(known, index=about.index)

    @feature(YES_NO, "its guideline version is not newer than the current one")
    def guideline_known(self) -> pd.Series:
        return is_not_newer(self.table["guideline_version"], self.classes.version)

    @feature(INTEGER, "rules on annotations that are newer than its guideline version")
    def newer_rules(self) -> pd.Series:
        versions = self.table["guideline_version"]
        since = pd.Series([r.since for r in self.rules.checked_on("annotations")], dtype="str")
        newer = {version: int((~is_not_newer(since, version)).sum()) for version in versions.unique()}
        return versions.map(newer).astype("int64")

    @feature(YES_NO, "it was made on the day of its batch or before; null where the time is not known", nullable=True)
    def made_before_batch(self) -> pd.Series:
        made = self.table["created_at"]
        day_after = pd.to_datetime(self.table["date"], utc=True) + pd.Timedelta(days=1)
        return (made < day_after).astype("boolean").mask(made.isna())

    @feature(YES_NO, "an object has the geometry that the task needs")
    def geometry_fits(self) -> pd.Series:
        # An annotation with a polygon alone was given the box around it when it was read.
        if self.task == "classification":
            return pd.Series(data=True, index=self.table.index)
        box = self.table[BOX_COLUMNS].notna().all(axis=1)
        polygon = (self.polygon_corners() >= 3).fillna(False).astype(bool)
        has_geometry = {"detection": box, "segmentation": polygon, "ocr": box | polygon}
        fits: pd.Series = ~self.is_object | has_geometry[self.task]
        return fits

    @feature(INTEGER, "corners of the polygon; null where there is none", nullable=True)
    def polygon_corners(self) -> pd.Series:
        corners: pd.Series = (self.table["polygon"].list.len() // 2).astype("Int64")
        return corners

    @feature(NUMBER, "area inside the polygon, square pixels; null without three corners", nullable=True)
    def polygon_area(self) -> pd.Series:
        return self._series(polygons.polygon_areas(self.table["polygon"]))

    @feature(YES_NO, "ocr: an object has a text that is not blank; always true for other tasks")
    def has_text(self) -> pd.Series:
        if self.task != "ocr":
            return pd.Series(data=True, index=self.table.index)
        return ~self.is_object | (self.table["text"].fillna("").str.strip() != "")

    @feature(NUMBER, "the smaller of width and height, pixels; null without a box", nullable=True)
    def box_shorter_side(self) -> pd.Series:
        return self._series(self.boxes.shorter_side)

    @feature(NUMBER, "share of the box that lies on the image, 0 to 1; null without area", nullable=True)
    def box_visible_share(self) -> pd.Series:
        return self._series(self.boxes.visible_share)

    @feature(NUMBER, "pixels by which the box extends beyond the image, 0 inside; null wholly outside", nullable=True)
    def box_overshoot(self) -> pd.Series:
        return self._series(self.boxes.overshoot)

    @feature(YES_NO, "the box comes within a pixel of the image border; null without area", nullable=True)
    def box_at_border(self) -> pd.Series:
        return self._series(self.boxes.at_border).astype("boolean").mask(np.isnan(self.boxes.visible_share))

    @feature(
        NUMBER, "area over the median area of its class; null with fewer than 20 boxes of the class", nullable=True
    )
    def box_size_ratio(self) -> pd.Series:
        return self._series(boxes.size_against_class(self._comparable_areas(), self.label).ratio)

    @feature(NUMBER, "robust z-score of the area within its class, in log area; null as box_size_ratio is", True)
    def box_size_deviation(self) -> pd.Series:
        return self._series(boxes.size_against_class(self._comparable_areas(), self.label).deviation)

    def _comparable_areas(self) -> pd.Series:
        """Return the areas of boxes on an image and of a known class, NaN for those that other rules set aside."""
        return self._series(np.where(self.boxes.visible_share > 0, self.boxes.area, np.nan)).where(self.label_known())

    @feature(NUMBER, "largest IoU with another box of its class, image, annotator and batch; null without area", True)
    def box_duplicate_iou(self) -> pd.Series:
        rows = np.flatnonzero(self.is_object & ~np.isnan(self.boxes.area))
        unit = self.table.loc[rows, ["image", "annotator", "batch"]].assign(label=self.label[rows])
        iou = np.full(len(self.table), np.nan)
        iou[rows] = boxes.largest_iou_in_unit(unit, self.boxes.drawn[rows])
        return self._series(iou)


def has_one_value(groups: pd.Series, values: pd.DataFrame) -> pd.Series:
    """Return, per row, whether its group has one combination of values."""
    distinct = values.assign(_group=groups).drop_duplicates()["_group"]
    return ~groups.isin(distinct[distinct.duplicated()])
