"""Features of files and deliveries: tables `images`, `sources` and `rejects`."""

import pandas as pd

from golgoru.tables.catalogue import TABLES
from golgoru.tables.schema import INTEGER, YES_NO
from golgoru.validation.features.base import FeatureTable, feature


class ImageFeatures(FeatureTable):
    """Features of table `images`."""

    schema = TABLES["images"]

    @feature(INTEGER, "the smaller of width and height, pixels; null for an unreadable file", nullable=True)
    def smaller_side(self) -> pd.Series:
        return self.table[["width", "height"]].min(axis=1).astype("Int64")

    @feature(YES_NO, "no other name equals it when case and Unicode normalisation are ignored")
    def name_is_unique(self) -> pd.Series:
        folded = self.table["image"].str.normalize("NFC").str.casefold().str.normalize("NFC")
        return ~folded.duplicated(keep=False)


class SourceFeatures(FeatureTable):
    """Features of table `sources`, which also has the metadata columns that deliveries declare."""

    schema = TABLES["sources"]

    @feature(YES_NO, "an image of the same delivery has a group key")
    def delivery_has_groups(self) -> pd.Series:
        return self.table["group_key"].notna().groupby(self.table["delivery"]).transform("any").astype(bool)


class RejectFeatures(FeatureTable):
    """Table `rejects`, which has no features."""

    schema = TABLES["rejects"]
