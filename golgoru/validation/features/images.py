"""Facts about files and deliveries: tables `images`, `sources` and `rejects`."""

import pandas as pd

from golgoru.tables.pipeline import TABLES
from golgoru.tables.schema import INTEGER, YES_NO
from golgoru.validation.features.base import FeatureTable, feature


class ImageFeatures(FeatureTable):
    """Facts of table `images`."""

    schema = TABLES["images"]

    @feature(INTEGER, "the smaller of width and height, pixels; null for an unreadable file", nullable=True)
    def smaller_side(self) -> pd.Series:
        return self.table[["width", "height"]].min(axis=1).astype("Int64")

    @feature(YES_NO, "no other name equals it when case and Unicode normalisation are disregarded")
    def name_is_unique(self) -> pd.Series:
        folded = self.table["image"].str.normalize("NFC").str.casefold().str.normalize("NFC")
        return ~folded.duplicated(keep=False)


class SourceFeatures(FeatureTable):
    """Facts of table `sources`, which has the metadata columns that deliveries declare besides its own."""

    schema = TABLES["sources"]

    @feature(YES_NO, "an image of the same delivery has a group key")
    def delivery_has_groups(self) -> pd.Series:
        return self.table["group_key"].notna().groupby(self.table["delivery"]).transform("any").astype(bool)


class RejectFeatures(FeatureTable):
    """Facts of table `rejects`: none."""

    schema = TABLES["rejects"]
