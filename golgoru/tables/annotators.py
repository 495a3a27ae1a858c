"""The tables about annotators, as golgoru.tables.pipeline has the others."""

from golgoru.tables.schema import INTEGER, NUMBER, TEXT, Column, Table

ALL = (
    Table("agreement", "one row per scope: all votes, a class, two classes, two annotators, a batch", ("scope", "key", "other"), (
        Column("scope", TEXT, "all, class, classes, annotators or batch"),
        Column("key", TEXT, "the class, annotator or batch; empty for all votes"),
        Column("other", TEXT, "the second class, or annotator", nullable=True),
        Column("votes", NUMBER, "votes that were compared, on objects that several people labelled"),
        Column("share", NUMBER, "share that agrees, of the pairs of votes", nullable=True),
        Column("chance_corrected", NUMBER, "Krippendorff's alpha; for two annotators Cohen's kappa; null where undefined", nullable=True),
        Column("reason", TEXT, "why it is undefined", nullable=True),
    )),
    Table("annotators", "one row per annotator", ("annotator",), (
        Column("annotator", TEXT, "a stable pseudonym"),
        Column("annotations", INTEGER, "words"),
        Column("compared", INTEGER, "words on objects that others labelled too"),
        Column("agreement", NUMBER, "share of those that equal the majority of the others; null when there are none", nullable=True),
        Column("accuracy", NUMBER, "estimated share of those that are right (Dawid-Skene); null when there are none", nullable=True),
        Column("accuracy_low", NUMBER, "lower end of its 95 % interval (Wilson), as if the truth were known", nullable=True),
        Column("accuracy_high", NUMBER, "upper end", nullable=True),
        Column("chance_corrected", NUMBER, "Cohen's kappa of the words and what the objects probably are; 0 for who guesses", nullable=True),
        Column("informativeness", NUMBER, "how far the words depend on the object, 0 to 1 (Goodman and Kruskal's tau); 0 for who always says the same", nullable=True),
        Column("repeats", INTEGER, "pairs of words of this person on one object, under one meaning of the guideline"),
        Column("self_consistency", NUMBER, "share of them that say the same class; null when there are none", nullable=True),
        Column("reviewed", INTEGER, "objects voted on that a reviewer settled"),
        Column("corrected", NUMBER, "share of them that the reviewer decided otherwise; null when there are none", nullable=True),
        Column("seconds_per_label", NUMBER, "median working time of the words with a class, seconds", nullable=True),
        Column("labels_per_hour", NUMBER, "words with a class and a time, by the sum of their times", nullable=True),
        Column("flags", TEXT, "what deserves a look, in words; null when nothing does", nullable=True),
    )),
    Table("confusion", "one row per annotator, class that the object probably is, and class said", ("annotator", "true_label", "annotated_label"), (
        Column("annotator", TEXT, "a stable pseudonym"),
        Column("true_label", TEXT, "a class that somebody gave the object"),
        Column("annotated_label", TEXT, "the class that this annotator gave it"),
        Column("votes", NUMBER, "how many, expected (Dawid-Skene), on objects that several people gave a class"),
        Column("share", NUMBER, "share of what the annotator said where it was `true`; null where it never was", nullable=True),
    )),
    Table("speed", "one row per annotator and class, month, or tenth of the words", ("annotator", "scope", "key"), (
        Column("annotator", TEXT, "a stable pseudonym"),
        Column("scope", TEXT, "class, period or practice"),
        Column("key", TEXT, "the class said; the month, 2026-03; or 1 to 10, the tenth of the annotator's words in the order they were made"),
        Column("labels", INTEGER, "words with a class"),
        Column("seconds_per_label", NUMBER, "median working time, seconds", nullable=True),
        Column("labels_per_hour", NUMBER, "words with a time, by the sum of their times", nullable=True),
        Column("evaluable", INTEGER, "words on objects that two voters or more, or a reviewer, settled"),
        Column("correct", NUMBER, "share of those that say what was settled; on contested objects, the share of votes for their label", nullable=True),
        Column("correct_low", NUMBER, "lower end of its 95 % interval (Wilson)", nullable=True),
        Column("correct_high", NUMBER, "upper end", nullable=True),
        Column("reason", TEXT, "why something is not known, or why words stand together", nullable=True),
    )),
)  # fmt: skip
