"""The tables about balance: sampling weights, and what to collect."""

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

TABLES = (
    Table("weights", "one row per image that can be opened", ("image",), (
        ABOUT_IMAGE._replace(references="splits.image"),
        Column("keep", YES_NO, "false when a cap leaves it out of its split"),
        Column("weight", NUMBER, "sampling weight, near-duplicates sharing one; over the labelled images of a balanced split that are kept their mean is 1, near-duplicates counted once; 1 elsewhere"),
        Column("repeat", INTEGER, "how often an epoch should show it: the weight (or repeat factor) rounded, at least 1"),
    ), identities=(
        Identity("every image with a split has a weight", ("splits", "weights"), has_as_many_rows),
    )),
    Table("collection_plan", "one row per split, what is balanced, and value", ("split", "by", "value"), (
        SPLIT,
        Column("by", TEXT, "class, edge case, or the column of sources"),
        Column("value", TEXT, "the class, edge case or value; none of them: no edge case; unknown: no value"),
        Column("images", INTEGER, "labelled images of the split that show it"),
        Column("distinct_images", NUMBER, "the same with near-duplicates counted once"),
        Column("kept", INTEGER, "images that a cap leaves"),
        Column("objects", INTEGER, "objects of it, or images where the value is about images"),
        Column("before", NUMBER, "share of all objects (or images), near-duplicates counted once, 0 to 1, to six decimals", nullable=True),
        Column("target", NUMBER, "the share it should have; null where the split stays natural, or the target only caps", nullable=True),
        Column("after", NUMBER, "the share that the weights give it, capped images left out", nullable=True),
        Column("collect", INTEGER, "images of it to collect until weights can reach the target; null where their number does not help", nullable=True),
        Column("collect_unweighted", INTEGER, "images of it to collect until the target is met without weights; null where their number does not help", nullable=True),
        reason_column("what keeps the target from being met"),
    )),
)  # fmt: skip
