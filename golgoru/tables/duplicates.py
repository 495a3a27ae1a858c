"""The tables of duplicates: pairs, groups, what is left out for what, and where their labels conflict."""

import pandas as pd

from golgoru.tables.schema import ABOUT_IMAGE, INTEGER, NUMBER, TEXT, Column, Identity, Table
from golgoru.tables.vocabulary import ADJUDICATED, CONTESTED

PAIR_KINDS = ("exact", "near", "mirrored", "rotated", "borderline")
DUPLICATE_KINDS = ("exact", "near")
ORIENTATIONS = ("mirrored", "90", "180", "270", "mirrored 90", "mirrored 180", "mirrored 270")

_DUPLICATE_OF = Column("duplicate_of", TEXT, "the representative, which stays", references="images.image")


def _one_group_per_readable_image(images: pd.DataFrame, groups: pd.DataFrame) -> bool:
    return len(groups) == int(images["error"].isna().sum())


TABLES = (
    Table("duplicate_pairs", "one row per pair of duplicates", ("image_a", "image_b"), (
        ABOUT_IMAGE._replace(name="image_a", meaning="the image that sorts first"),
        ABOUT_IMAGE._replace(name="image_b", meaning="the other one"),
        Column("kind", TEXT, "exact (same file or same pixels), near, mirrored, rotated, or borderline: for people to judge", values=PAIR_KINDS),
        Column("distance", INTEGER, "bits in which the perceptual hashes differ, 0 to 64"),
        Column("score", NUMBER, "correlation of the grey thumbnails, 1 for equal pixels; for borderline pairs of their fine structure, once aligned"),
        Column("orientation", TEXT, "how image_b must be oriented to look like image_a: mirrored, rotated by 90, 180 or 270 degrees counter-clockwise, or both; null: unchanged", nullable=True, values=ORIENTATIONS),
    )),
    Table("groups", "one row per image that can be opened", ("image",), (
        ABOUT_IMAGE,
        Column("group", TEXT, "images of one group are always in one split: content of its earliest member (delivery date, delivery, content)"),
        Column("group_on_arrival", TEXT, "the group when the image's delivery arrived, before later images joined groups"),
    ), identities=(
        Identity("every image that can be opened has a group", ("images", "groups"), _one_group_per_readable_image, ("images.error",)),
    )),
    Table("duplicates", "one row per image left out for another", ("image",), (
        ABOUT_IMAGE,
        _DUPLICATE_OF,
        Column("kind", TEXT, "exact or near", values=DUPLICATE_KINDS),
        Column("distance", INTEGER, "bits between the two perceptual hashes; null where a third image links them", nullable=True),
        Column("rule", TEXT, "the rule that set it aside"),
    )),
    Table("duplicate_conflicts", "one row per image left out for another whose labels differ from its own", ("image",), (
        ABOUT_IMAGE._replace(references="duplicates.image"),
        _DUPLICATE_OF,
        Column("kind", TEXT, "exact or near, as in duplicates", values=DUPLICATE_KINDS),
        Column("label", TEXT, "the class that people give the duplicate, classes with how many objects each has, or empty"),
        Column("representative_label", TEXT, "the same for the representative; for an exact duplicate without the annotations of the duplicate"),
        Column("differing", INTEGER, "objects of two classes, or on one of the two images alone; 1 for classification"),
        Column("status", TEXT, "contested, or adjudicated where a review of the representative settled what differs", values=(CONTESTED, ADJUDICATED)),
    )),
)  # fmt: skip
