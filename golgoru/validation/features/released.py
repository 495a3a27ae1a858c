"""Features of what is about to be released: tables `labels` and `release/images`."""

import pandas as pd

from golgoru.guideline.classes import Classes
from golgoru.tables.catalogue import TABLES
from golgoru.tables.schema import YES_NO
from golgoru.validation.features.annotations import has_one_value
from golgoru.validation.features.base import FeatureTable, feature


class LabelFeatures(FeatureTable):
    """Features of table `labels`."""

    schema = TABLES["labels"]

    def __init__(self, labels: pd.DataFrame, classes: Classes) -> None:
        super().__init__(labels)
        self.classes = classes

    @feature(YES_NO, "the class is defined in the guideline")
    def label_known(self) -> pd.Series:
        return self.table["label"].isin(self.classes.ids)

    @feature(YES_NO, "the class has a definition, or is not defined in the guideline at all")
    def label_has_definition(self) -> pd.Series:
        return ~self.table["label"].isin([c.id for c in self.classes.classes if not c.definition.strip()])

    @feature(YES_NO, "no other class has this one as its parent")
    def label_is_most_specific(self) -> pd.Series:
        return ~self.table["label"].isin([c.parent for c in self.classes.classes if c.parent is not None])


class ReleaseImageFeatures(FeatureTable):
    """Features of table `release/images`."""

    schema = TABLES["release/images"]

    @feature(YES_NO, "every image of its group is in the same split")
    def group_in_one_split(self) -> pd.Series:
        return has_one_value(self.table["group"], self.table[["split"]])

    @feature(YES_NO, "every image with the same content is in the same split")
    def content_in_one_split(self) -> pd.Series:
        return has_one_value(self.table["content"], self.table[["split"]])
