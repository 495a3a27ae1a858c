"""The tables about what to label next: the queue, pre-annotations, and which of them may be accepted."""

from golgoru.tables.schema import ABOUT_IMAGE, BOX, INTEGER, NUMBER, TEXT, YES_NO, Column, Table

TABLES = (
    Table("queue", "one row per image to label next", ("image",), (
        ABOUT_IMAGE,
        Column("rank", INTEGER, "1 is to be labelled first"),
        Column("strategy", TEXT, "the part of the mixture that chose it"),
        Column("score", NUMBER, "its score by that strategy, 0 to 1"),
        Column("reasons", TEXT, "why, with semicolons between"),
        Column("proposed", TEXT, "what the model proposes: a class, or classes with how many objects each; null for nothing", nullable=True),
        Column("confidence", NUMBER, "the lowest probability among the proposals, by the model, 0 to 1", nullable=True),
        Column("accepted", YES_NO, "true where there are proposals and all reach the threshold that the labels justify"),
    )),
    Table("preannotations", "one row per object that the model proposes on an image without labels", ("preannotation",), (
        Column("preannotation", TEXT, "as prediction in predictions", references="predictions.prediction"),
        ABOUT_IMAGE,
        Column("label", TEXT, "the class"),
        *BOX,
        Column("confidence", NUMBER, "its probability by the model, 0 to 1"),
        Column("accepted", YES_NO, "true where the confidence reaches the threshold that the labels justify"),
    )),
    Table("auto_accept", "one row per threshold of confidence", ("threshold",), (
        Column("threshold", NUMBER, "pre-annotations of this confidence and more are accepted, 0 to 1"),
        Column("objects", INTEGER, "labelled objects, or predictions on labelled images, at that confidence"),
        Column("correct", NUMBER, "share of them that equal the label, 0 to 1", nullable=True),
        Column("lower_bound", NUMBER, "lower bound of it that holds for all thresholds at once, 95 %", nullable=True),
        Column("preannotations", INTEGER, "pre-annotations of images without labels at that confidence"),
        Column("chosen", YES_NO, "true for the threshold in use; none where the data justify none"),
    )),
)  # fmt: skip
