"""The tables of a release: its images, the objects of each split, lineage, and the ledger of all raw rows."""

import pandas as pd

from golgoru.core.dataset import SPLITS
from golgoru.tables.schema import (
    ABOUT_IMAGE,
    GEOMETRY,
    INTEGER,
    NUMBER,
    OBJECT,
    SPLIT,
    TEXT,
    YES_NO,
    Column,
    Identity,
    Table,
)
from golgoru.tables.vocabulary import ADJUDICATED, AGREES, OVERRULED

LEDGER_KINDS = ("image", "annotation", "reject")
FATES = (
    "released", "superseded", "outdated", "outvoted", "contested", "duplicate", "capped", "set aside", "withdrawn",
    "incomplete", "reviewed empty", "removed", "no vote", "unlabelled", "rejected",
)  # fmt: skip


def _fates_add_up(ledger: pd.DataFrame, images: pd.DataFrame, annotations: pd.DataFrame, rejects: pd.DataFrame) -> bool:
    kinds = ledger["kind"].value_counts()
    return [int(kinds.get(kind, 0)) for kind in LEDGER_KINDS] == [len(images), len(annotations), len(rejects)]


def _released_images_are_in_the_ledger(ledger: pd.DataFrame, images: pd.DataFrame) -> bool:
    released = ledger[(ledger["kind"] == "image") & ledger["split"].notna()]
    return released["split"].astype("str").value_counts().to_dict() == images["split"].value_counts().to_dict()


def _objects_add_up(images: pd.DataFrame, *objects: pd.DataFrame) -> bool:
    return int(images["objects"].sum()) == sum(int(of_split["label"].notna().sum()) for of_split in objects)


_CONTENT = Column("content", TEXT, "md5 of the file")
_OBJECT_COLUMNS = (
    ABOUT_IMAGE._replace(references="release/images.image"),
    _CONTENT,
    OBJECT._replace(
        meaning="the image's content for classification, else its earliest annotation; of a region to ignore, the annotation",
        references="",
    ),
    Column(
        "label",
        TEXT,
        "the class; null for a region to ignore: somebody drew an object there that no label stands for",
        nullable=True,
    ),
    *GEOMETRY,
    Column("ignore", YES_NO, "true where training leaves it out"),
    Column(
        "agreement", NUMBER, "share of the annotators that gave this label; null for a region to ignore", nullable=True
    ),
    Column("confidence", NUMBER, "as in labels", nullable=True),
)

TABLES = (
    Table("release/images", "one row per released image", ("image",), (
        ABOUT_IMAGE,
        _CONTENT,
        SPLIT,
        Column("width", INTEGER, "pixels"),
        Column("height", INTEGER, "pixels"),
        Column("objects", INTEGER, "released objects on it"),
        Column("reviewed_empty", YES_NO, "someone looked and found nothing"),
        Column("weight", NUMBER, "sampling weight; 1 outside train"),
        Column("repeat", INTEGER, "how often an epoch should show it; 1 outside train"),
        Column("group", TEXT, "as in groups", references="splits.group"),
        Column("delivery", TEXT, "the delivery that brought it"),
        Column("licence", TEXT, "licence of the delivery", nullable=True),
    ), extra=True, identities=(
        Identity(
            "the objects of the images add up to those of the splits",
            ("release/images", *(f"release/{split}" for split in SPLITS)), _objects_add_up,
        ),
    )),
    *(
        Table(f"release/{split}", "one row per object, or region to ignore", ("object",), _OBJECT_COLUMNS)
        for split in SPLITS
    ),
    Table("release/lineage", "one row per released object and annotation behind it", ("object", "annotation"), (
        OBJECT,
        Column("annotation", TEXT, "an annotation that was counted, or overruled", references="annotations.annotation"),
        Column("role", TEXT, "agrees, overruled or adjudicated", values=(AGREES, OVERRULED, ADJUDICATED)),
        Column("batch", TEXT, "the batch it came in"),
        Column("annotator", TEXT, "who made it"),
        Column("guideline_version", TEXT, "version of the guideline it was made under"),
    )),
    Table("release/ledger", "one row per raw image, annotation and reject", ("kind", "key"), (
        Column("kind", TEXT, "image, annotation or reject", values=LEDGER_KINDS),
        Column("key", TEXT, "image, annotation or reject"),
        Column("image", TEXT, "the image it is about", nullable=True),
        Column("fate", TEXT, f"{', '.join(FATES[:-1])} or {FATES[-1]}", values=FATES),
        Column("stage", TEXT, "the stage that decided"),
        Column("rule", TEXT, "the rule, where one did", nullable=True),
        Column("survivor", TEXT, "for a duplicate: the image that stays", nullable=True, references="images.image"),
        SPLIT._replace(meaning="for a released row: train, val or test", nullable=True),
    ), identities=(
        Identity(
            "every raw image, annotation and reject has one fate",
            ("release/ledger", "images", "annotations", "rejects"), _fates_add_up,
        ),
        Identity(
            "the released images of the ledger are those of the release",
            ("release/ledger", "release/images"), _released_images_are_in_the_ledger,
        ),
    )),
)  # fmt: skip
