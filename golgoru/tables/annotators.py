"""The tables about annotators: agreement, accuracy, confusion, speed."""

from golgoru.tables.schema import INTEGER, NUMBER, TEXT, Column, Table, reason_column

AGREEMENT_SCOPES = ("all", "class", "classes", "annotators", "batch")
SPEED_SCOPES = ("class", "period", "learning curve")

_ANNOTATOR = Column("annotator", TEXT, "a stable pseudonym", references="annotators.annotator")

TABLES = (
    Table("agreement", "one row per scope: all votes, a class, two classes, two annotators, a batch", ("scope", "key", "other"), (
        Column("scope", TEXT, "all, class, classes, annotators or batch", values=AGREEMENT_SCOPES),
        Column("key", TEXT, "the class, annotator or batch; empty for all votes"),
        Column("other", TEXT, "the second class, or annotator", nullable=True),
        Column("votes", NUMBER, "votes that were compared, on objects that several people labelled"),
        Column("share", NUMBER, "share that agrees, of the pairs of votes", nullable=True),
        Column("chance_corrected", NUMBER, "Krippendorff's alpha; for two annotators Cohen's kappa; null where undefined", nullable=True),
        reason_column("why it is undefined"),
    )),
    Table("annotators", "one row per annotator", ("annotator",), (
        Column("annotator", TEXT, "a stable pseudonym"),
        Column("annotations", INTEGER, "annotations made"),
        Column("compared", INTEGER, "annotations of objects that others labelled too"),
        Column("agreement", NUMBER, "share of those that equal the majority of the others; null when there are none", nullable=True),
        Column("accuracy", NUMBER, "estimated share of those that are right (Dawid-Skene); null when there are none", nullable=True),
        Column("accuracy_low", NUMBER, "lower end of its 95 % interval (Wilson), as if the truth were known", nullable=True),
        Column("accuracy_high", NUMBER, "upper end", nullable=True),
        Column("chance_corrected", NUMBER, "Cohen's kappa between the annotations and the estimated truth; 0 for a guess", nullable=True),
        Column("informativeness", NUMBER, "how far the annotations depend on the object, 0 to 1 (Goodman and Kruskal's tau); 0 for a constant annotator", nullable=True),
        Column("repeats", INTEGER, "pairs of annotations by this annotator of one object, under one meaning of the guideline"),
        Column("self_consistency", NUMBER, "share of them that give the same class; null when there are none", nullable=True),
        Column("reviewed", INTEGER, "objects voted on that a reviewer settled"),
        Column("corrected", NUMBER, "share of them that the reviewer decided differently; null when there are none", nullable=True),
        Column("seconds_per_label", NUMBER, "median working time of the annotations with a class, seconds", nullable=True),
        Column("labels_per_hour", NUMBER, "annotations with a class and a time, by the sum of their times", nullable=True),
        Column("flags", TEXT, "what deserves a look, as a sentence; null when nothing does", nullable=True),
    )),
    Table("confusion", "one row per annotator, true label and annotated label", ("annotator", "true_label", "annotated_label"), (
        _ANNOTATOR,
        Column("true_label", TEXT, "the class that the object probably is"),
        Column("annotated_label", TEXT, "the class that this annotator gave it"),
        Column("votes", NUMBER, "how many, expected (Dawid-Skene), on objects that several people gave a class"),
        Column("share", NUMBER, "share of this annotator's votes on objects of `true_label`; null where there were none", nullable=True),
    )),
    Table("speed", "one row per annotator and class, month, or tenth of the annotations", ("annotator", "scope", "key"), (
        _ANNOTATOR,
        Column("scope", TEXT, "class, period or learning curve", values=SPEED_SCOPES),
        Column("key", TEXT, "the class given; the month, 2026-03; or 1 to 10, the tenth of the annotator's annotations in the order they were made"),
        Column("labels", INTEGER, "annotations with a class"),
        Column("seconds_per_label", NUMBER, "median working time, seconds", nullable=True),
        Column("labels_per_hour", NUMBER, "annotations with a time, by the sum of their times", nullable=True),
        Column("evaluable", INTEGER, "annotations of objects that two voters or more, or a reviewer, settled"),
        Column("correct", NUMBER, "share of those that equal the settled label; on contested objects, the share of votes for their label", nullable=True),
        Column("correct_low", NUMBER, "lower end of its 95 % interval (Wilson)", nullable=True),
        Column("correct_high", NUMBER, "upper end", nullable=True),
        reason_column("why a value is null, or why several periods stand in one row"),
    )),
)  # fmt: skip
