"""Facts about the words of annotators: table `annotations`.

A fault is told once: where a fact cannot be judged because another rule is broken already (the box of a word whose
image is unknown), it holds, or is null.
"""

from collections.abc import Mapping
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from golgoru.core.dataset import Task
from golgoru.core.versions import not_newer
from golgoru.geometry import polygons
from golgoru.guideline.changes import Changes, current_labels, is_known_label
from golgoru.guideline.classes import Classes
from golgoru.guideline.rules import RuleBook
from golgoru.tables.pipeline import TABLES
from golgoru.tables.schema import INTEGER, NUMBER, YES_NO
from golgoru.validation.features import boxes
from golgoru.validation.features.base import FeatureTable, feature


class AnnotationFeatures(FeatureTable):
    """Facts of table `annotations`; `images` is the table of that name, `pool_of` gives an annotator's pool."""

    schema = TABLES["annotations"]

    def __init__(
        self,
        annotations: pd.DataFrame,
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
        """The class in the names of today's guideline."""
        return current_labels(self.table, self.changes)

    @cached_property
    def is_object(self) -> pd.Series:
        return self.table["kind"] == "object"

    @cached_property
    def place(self) -> pd.Series:
        """The row of each word's image in `images`; -1 where it is none."""
        return pd.Series(pd.Index(self.images["image"]).get_indexer(self.table["image"]), index=self.table.index)

    @cached_property
    def boxes(self) -> boxes.Boxes:
        sides = [self.images[side].to_numpy(dtype=float, na_value=np.nan) for side in ("width", "height")]
        across, down = (np.append(side, np.nan)[self.place] for side in sides)
        drawn = self.table[boxes.BOX].where(self.is_object).to_numpy(dtype=float)
        return boxes.Boxes(drawn, across, down)

    def _number(self, values: NDArray[np.float64] | NDArray[np.bool_]) -> pd.Series:
        return pd.Series(values, index=self.table.index)

    @feature(YES_NO, "the image stands in `images`")
    def image_known(self) -> pd.Series:
        return self.place >= 0

    @feature(YES_NO, "the image can be opened, or is unknown")
    def image_readable(self) -> pd.Series:
        broken = np.append(self.images["error"].notna().to_numpy(), False)
        return pd.Series(~broken[self.place], index=self.table.index)

    @feature(YES_NO, "the class is defined, a change of the guideline speaks of it, or the word names no object")
    def label_known(self) -> pd.Series:
        return ~self.is_object | is_known_label(self.table, self.changes, self.classes.ids)

    @feature(YES_NO, "the annotator stands in a pool of guidelines/annotators.yaml; null while that names nobody", True)
    def annotator_known(self) -> pd.Series:
        known = self.table["annotator"].isin(list(self.pool_of)).astype("boolean")
        return known if self.pool_of else known.where(pd.Series(data=False, index=known.index))

    @feature(YES_NO, "the annotator gives the image one answer in this batch: one class, or objects, or `empty`")
    def one_answer(self) -> pd.Series:
        # A removal is no answer: it makes way for another. Nor is a word about one of several objects.
        removal = self.table["kind"] == "remove"
        correction = self.table["about"].notna() & (self.task != "classification")
        answers = self.table[~removal & ~correction]
        asked = answers.groupby(["image", "annotator", "batch"], sort=False).ngroup()
        said = answers["kind"].where(answers["kind"].isin(["empty", "skipped"]), "object")
        if self.task == "classification":
            drawn = answers["kind"] == "object"
            said = answers["kind"] + "\n" + self.label[answers.index].where(drawn, "").fillna("")
        return has_one_value(asked, said.to_frame()).reindex(self.table.index, fill_value=True)

    @feature(YES_NO, "what it corrects is an object on its image, or it corrects nothing")
    def about_known(self) -> pd.Series:
        about = self.table["about"]
        spoken = about.notna().to_numpy()
        known = np.ones(len(about), dtype=bool)
        if self.task == "classification":
            content = self.images["content"].reindex(self.place[spoken])  # -1 is no row of it
            known[spoken] = content.isna().to_numpy() | (about[spoken].to_numpy() == content.to_numpy())
        else:
            named = pd.Index(self.table["annotation"]).get_indexer(about[spoken])
            own = np.flatnonzero(spoken)
            image = self.table["image"].to_numpy(dtype=object)
            on_image = (named >= 0) & (named != own) & self.is_object.to_numpy()[named] & (image[named] == image[own])
            known[spoken] = on_image | (self.place[spoken] < 0).to_numpy()
        return pd.Series(known, index=about.index)

    @feature(YES_NO, "its guideline version is not newer than the guideline's own")
    def guideline_known(self) -> pd.Series:
        return not_newer(self.table["guideline_version"], self.classes.version)

    @feature(INTEGER, "rules on words that came into the guideline after the version under which it was made")
    def younger_rules(self) -> pd.Series:
        versions = self.table["guideline_version"]
        since = pd.Series([r.since for r in self.rules.checked("annotations")], dtype="str")
        younger = {version: int((~not_newer(since, version)).sum()) for version in versions.unique()}
        return versions.map(younger).astype("int64")

    @feature(YES_NO, "it was made on the day of its batch or before; null where the time is not known", nullable=True)
    def made_before_batch(self) -> pd.Series:
        made = self.table["created_at"]
        day_after = pd.to_datetime(self.table["date"], utc=True) + pd.Timedelta(days=1)
        return (made < day_after).astype("boolean").mask(made.isna())

    @feature(YES_NO, "an object has the geometry that the task needs")
    def geometry_fits(self) -> pd.Series:
        # Readers give a word that has only a polygon the box around it.
        if self.task == "classification":
            return pd.Series(data=True, index=self.table.index)
        box = self.table[boxes.BOX].notna().all(axis=1)
        polygon = (self.polygon_corners() >= 3).fillna(False).astype(bool)
        fits = {"detection": box, "segmentation": polygon, "ocr": box | polygon}
        found: pd.Series = ~self.is_object | fits[self.task]
        return found

    @feature(INTEGER, "corners of the polygon; null where there is none", nullable=True)
    def polygon_corners(self) -> pd.Series:
        corners: pd.Series = (self.table["polygon"].list.len() // 2).astype("Int64")
        return corners

    @feature(NUMBER, "area inside the polygon, square pixels; null without three corners", nullable=True)
    def polygon_area(self) -> pd.Series:
        return self._number(polygons.polygon_areas(self.table["polygon"]))

    @feature(YES_NO, "ocr: an object has a text that is not blank; other tasks need none")
    def has_text(self) -> pd.Series:
        if self.task != "ocr":
            return pd.Series(data=True, index=self.table.index)
        return ~self.is_object | (self.table["text"].fillna("").str.strip() != "")

    @feature(NUMBER, "the smaller of width and height, pixels; null without a box", nullable=True)
    def box_shorter_side(self) -> pd.Series:
        return self._number(self.boxes.shorter_side)

    @feature(NUMBER, "share of the box that lies on the picture, 0 to 1; null without area", nullable=True)
    def box_visible(self) -> pd.Series:
        return self._number(self.boxes.visible)

    @feature(NUMBER, "pixels by which a box in part on the picture leaves it; 0 inside", nullable=True)
    def box_beyond(self) -> pd.Series:
        return self._number(self.boxes.beyond)

    @feature(YES_NO, "the box comes within a pixel of the picture's border; null without area", nullable=True)
    def box_at_border(self) -> pd.Series:
        return self._number(self.boxes.at_border).astype("boolean").mask(np.isnan(self.boxes.visible))

    @feature(
        NUMBER, "area over the median area of its class; null with fewer than 20 boxes of the class", nullable=True
    )
    def box_size_ratio(self) -> pd.Series:
        return self._number(boxes.size_against_class(self._sized(), self.label)[0])

    @feature(NUMBER, "by how many deviations (of the class, robust, in log area) the area lies off that median", True)
    def box_size_deviation(self) -> pd.Series:
        return self._number(boxes.size_against_class(self._sized(), self.label)[1])

    def _sized(self) -> pd.Series:
        """Return the area of the boxes that lie on a picture; a box that another rule sets aside says nothing."""
        return self._number(np.where(self.boxes.visible > 0, self.boxes.area, np.nan)).where(self.label_known())

    @feature(NUMBER, "largest IoU with another box of its class, image, annotator and batch; null without area", True)
    def box_doubled(self) -> pd.Series:
        rows = np.flatnonzero(self.is_object & ~np.isnan(self.boxes.area))
        unit = self.table.loc[rows, ["image", "annotator", "batch"]].assign(label=self.label[rows])
        found = np.full(len(self.table), np.nan)
        found[rows] = boxes.largest_iou_in_unit(unit, self.boxes.drawn[rows])
        return self._number(found)


def has_one_value(groups: pd.Series, values: pd.DataFrame) -> pd.Series:
    """Return, per row, whether its group has one combination of values."""
    distinct = values.assign(_group=groups).drop_duplicates()["_group"]
    return ~groups.isin(distinct[distinct.duplicated()])
