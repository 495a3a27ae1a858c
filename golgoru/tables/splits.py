"""The tables about splits: where each image is, which classes each split covers, proposed pins, leakage."""

import pandas as pd

from golgoru.tables.schema import (
    ABOUT_IMAGE,
    INTEGER,
    NUMBER,
    SPLIT,
    TEXT,
    YES_NO,
    Column,
    Identity,
    Table,
    has_as_many_rows,
    reason_column,
)

COVERAGE_KINDS = ("class", "edge case")
LEAKAGE_KINDS = ("duplicates", "group key", "metadata")

_GROUP = Column("group", TEXT, "as in groups", references="groups.group")


def _one_split_per_group(splits: pd.DataFrame) -> bool:
    placed = splits[["group", "split"]].drop_duplicates()
    return not placed["group"].duplicated().any()


TABLES = (
    Table("splits", "one row per image that can be opened", ("image",), (
        ABOUT_IMAGE._replace(references="groups.image"),
        _GROUP,
        SPLIT,
        Column("fold", INTEGER, "0 to split.folds - 1; null on test, and where no folds are asked for", nullable=True),
        Column("held_back", YES_NO, "true where it came after the test set was frozen and is of one of its groups: it is in no release"),
        Column("reason", TEXT, "hash, pin, frozen test set, the merge that moved it, or why it is held back"),
    ), identities=(
        Identity("a group is in one split", ("splits",), _one_split_per_group),
        Identity("every image with a group has a split", ("groups", "splits"), has_as_many_rows),
    )),
    Table("split_coverage", "one row per class, or wanted edge case, and split", ("kind", "key", "split"), (
        Column("kind", TEXT, "class or edge case", values=COVERAGE_KINDS),
        Column("key", TEXT, "the class, or the edge case's id"),
        SPLIT,
        Column("groups", INTEGER, "groups of the split that show it"),
        Column("found", INTEGER, "objects, or for an edge case of images images, that show it"),
        Column("wanted", INTEGER, "how many are wanted; 1 of each class in a split that has a share"),
        Column("missing", INTEGER, "how many are wanted and not found"),
        Column("missing_with_pins", INTEGER, "how many are missing even when the proposed pins are recorded: to be collected"),
        reason_column("why pins do not supply it; null where they do, or nothing is missing"),
    )),
    Table("proposed_pins", "one row per group that a pin would move", ("image",), (
        ABOUT_IMAGE._replace(meaning="the earliest image of the group: the one to pin", references="splits.image"),
        _GROUP,
        SPLIT._replace(meaning="the split it would move to"),
        SPLIT._replace(name="was", meaning="the split it is in"),
        Column("covers", TEXT, "the missing classes and edge cases that it supplies there"),
    )),
    Table("leakage", "one row per possible leak between train, val and test", ("kind", "key"), (
        Column("kind", TEXT, "duplicates, group key or metadata", values=LEAKAGE_KINDS),
        Column("key", TEXT, "the two images with a bar between, the group key, or the column"),
        Column("groups", INTEGER, "groups that were tested", nullable=True),
        Column("strength", NUMBER, "how well it predicts the split, 0 to 1: correlation of the duplicates, Cramer's V of a column (bias-corrected)", nullable=True),
        Column("leaks", YES_NO, "true where the split can be told from it"),
        Column("reason", TEXT, "what was found, or why it was not tested"),
    )),
)  # fmt: skip
