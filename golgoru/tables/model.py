"""The tables of the built-in model and of what follows from it: predictions, label issues, scores, label noise."""

from golgoru.tables.schema import (
    ABOUT_IMAGE,
    BOX,
    BYTES,
    INTEGER,
    NUMBER,
    NUMBERS,
    OBJECT,
    TEXT,
    YES_NO,
    Column,
    Table,
    reason_column,
)

ISSUE_KINDS = ("class", "text", "doubled", "geometry", "missing")
ISSUE_PROPOSALS = ("relabel", "remove", "add", "review")
SCORE_SCOPES = ("all", "class", "edge case")
MEASURES = ("accuracy", "recall", "precision")
NOISE_METHODS = ("gold sample", "double labels", "votes and model")

TABLES = (
    Table("predictions", "one row per model and object, unlabelled image, or object that only a model finds", ("model", "prediction"), (
        Column("model", TEXT, "built-in, or the name under data/raw/predictions"),
        Column("prediction", TEXT, "the object; the content of an unlabelled image; else image and place among the model's own"),
        ABOUT_IMAGE,
        OBJECT._replace(nullable=True),
        Column("label", TEXT, "the class that the object has; null where there is none", nullable=True),
        *BOX,
        Column("predicted", TEXT, "the most probable class; of equals the first in the guideline"),
        Column("confidence", NUMBER, "its probability by the model, 0 to 1"),
        Column("probabilities", NUMBERS, "of each class in the order of guidelines/classes.yaml; null where the model gives one class alone", nullable=True),
        Column("class_learned", YES_NO, "false where the model has not learned the class that the object has"),
    )),
    Table("embeddings", "one row per image", ("image",), (
        ABOUT_IMAGE,
        Column("embedding", BYTES, "up to 128 numbers (float16, little-endian) of length 1; the product of two says how similar the images are"),
    )),
    Table("label_issues", "one row per object whose label is probably wrong, or that seems to be missing", ("issue",), (
        Column("issue", TEXT, "the object; for one that seems to be missing, the prediction that shows it"),
        Column("rank", INTEGER, "1 is to be looked at first"),
        ABOUT_IMAGE._replace(references=""),  # of an object, or of a prediction
        OBJECT._replace(meaning="as in labels; null where it seems to be missing", nullable=True),
        Column("kind", TEXT, "class, text, doubled, geometry or missing", values=ISSUE_KINDS),
        Column("label", TEXT, "the class it has; null where it seems to be missing", nullable=True),
        Column("proposed", TEXT, "the class that it probably is; null where none is proposed", nullable=True),
        Column("proposal", TEXT, "relabel, remove, add or review", values=ISSUE_PROPOSALS),
        *BOX,
        Column("score", NUMBER, "how probably wrong, 0 to 1; for kind class the probability of another class, by votes and model"),
        Column("reason", TEXT, "why, as a sentence"),
    )),
    Table("scores", "one row per split, model, scope, key and measure", ("split", "model", "scope", "key", "measure"), (
        Column("split", TEXT, "val or test", values=("val", "test")),
        Column("model", TEXT, "built-in, trained on the train split; or one of the team's own"),
        Column("scope", TEXT, "all, class or edge case", values=SCORE_SCOPES),
        Column("key", TEXT, "the class, or edge case; empty for all"),
        Column("measure", TEXT, "accuracy, recall or precision", values=MEASURES),
        Column("objects", INTEGER, "objects that the measure is a share of"),
        Column("value", NUMBER, "0 to 1; null where there are none", nullable=True),
        Column("low", NUMBER, "lower end of its 95 % interval (bootstrap over groups of images)", nullable=True),
        Column("high", NUMBER, "upper end", nullable=True),
        reason_column("why there is no value, or no interval"),
    )),
    Table("label_noise", "one row per method and class, and one per method for all", ("method", "label"), (
        Column("method", TEXT, "gold sample, double labels, or votes and model", values=NOISE_METHODS),
        Column("label", TEXT, "the class that the labels have; empty for all"),
        Column("objects", INTEGER, "objects behind the estimate"),
        Column("share", NUMBER, "share of wrong labels, 0 to 1", nullable=True),
        Column("low", NUMBER, "lower end of its 95 % interval, of drawing other objects", nullable=True),
        Column("high", NUMBER, "upper end", nullable=True),
        reason_column("why there is no estimate"),
    )),
    Table("forecast", "one row per possible work on the labels", ("action",), (
        Column("action", TEXT, "fix the first tenth of label issues; add as many labels; equivalent number of clean labels"),
        Column("labels", INTEGER, "how many labels that is", nullable=True),
        Column("change", NUMBER, "change of the fixed model's accuracy on val and test, 0 to 1", nullable=True),
        Column("low", NUMBER, "lower end of its 95 % interval (bootstrap over groups of held-out images)", nullable=True),
        Column("high", NUMBER, "upper end", nullable=True),
        reason_column("why nothing can be forecast"),
    )),
    Table("learning_curve", "one row per part of the labels and noise added", ("part", "noise_added"), (
        Column("part", NUMBER, "part of the labels of train that the model was trained on"),
        Column("noise_added", NUMBER, "how many times the estimated noise was added"),
        Column("labels", INTEGER, "labels that it was trained on"),
        Column("accuracy", NUMBER, "on val and test together, mean of three draws"),
        Column("low", NUMBER, "lower end of its 95 % interval (bootstrap over groups of held-out images)"),
        Column("high", NUMBER, "upper end"),
    )),
)  # fmt: skip
