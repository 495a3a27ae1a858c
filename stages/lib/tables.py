"""Every table of the pipeline: its grain, its key, and each column's type, meaning and unit.

The shell checks tables against these schemas on reading and on writing. Texts are UTF-8, dates ISO
`YYYY-MM-DD`, geometry pixels of the picture as it is shown, origin top left.
"""

from typing import NamedTuple

import pyarrow as pa

from stages.lib.table_columns import (
    ABOUT_IMAGE,
    BYTES,
    FINDING,
    GEOMETRY,
    INTEGER,
    NUMBER,
    OBJECT,
    TEXT,
    TIME,
    YES_NO,
    Column,
)


class Table(NamedTuple):
    """One table. `extra` allows further columns: the metadata that deliveries declare."""

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    extra: bool = False

    def schema(self) -> pa.Schema:
        """Return the columns as a pyarrow schema."""
        return pa.schema([pa.field(c.name, c.type, nullable=c.nullable) for c in self.columns])


_ALL = (
    Table("planted", "one row per planted fault of the example", ("fault", "key"), (
        Column("fault", TEXT, "what was planted: exact copy, near copy, mirrored copy, unreadable file, ..."),
        Column("key", TEXT, "the image, annotation, delivery or class it was planted in"),
        Column("of", TEXT, "the image that was copied, or the true label", nullable=True),
        Column("expected", TEXT, "the rule, or the kind of copy, that must find it"),
    )),
    Table("images", "one row per file under data/raw/images", ("image",), (
        Column("image", TEXT, "POSIX path under data/raw/images"),
        Column("content", TEXT, "md5 of the file's bytes, DVC's own; the identity that survives a rename", nullable=True),
        Column("bytes", INTEGER, "size of the file in bytes", nullable=True),
        Column("width", INTEGER, "width as shown (EXIF orientation applied), pixels", nullable=True),
        Column("height", INTEGER, "height as shown, pixels", nullable=True),
        Column("format", TEXT, "JPEG, PNG, ...: read from the file, not from its name", nullable=True),
        Column("mode", TEXT, "Pillow's mode of the stored picture: L, RGB, CMYK, ...", nullable=True),
        Column("phash", TEXT, "perceptual hash, 16 hexadecimal digits as imagehash writes them", nullable=True),
        Column("phash_mirrored", TEXT, "perceptual hash of the picture mirrored left to right", nullable=True),
        Column("decoder", TEXT, "what decoded the picture for the hashes", nullable=True),
        Column("brightness", NUMBER, "mean grey level, 0 to 255, at a longer side of at most 80 pixels", nullable=True),
        Column("contrast", NUMBER, "standard deviation of the grey levels at that size", nullable=True),
        Column("sharpness", NUMBER, "variance of the Laplacian of the grey levels at that size", nullable=True),
        Column("colourfulness", NUMBER, "how colourful, 0 for grey to about 110 (Hasler and Suesstrunk 2003), at 32 x 32", nullable=True),
        Column("thumbnail", BYTES, "8 x 8 pixels RGB, row by row from the top left: 192 bytes", nullable=True),
        Column("error", TEXT, "why the picture cannot be used; null when it can", nullable=True),
    )),
    Table("sources", "one row per image", ("image",), (
        ABOUT_IMAGE,
        Column("delivery", TEXT, "the delivery that brought it: the first folder of its path"),
        Column("date", TEXT, "date of the delivery"),
        Column("group_key", TEXT, "what it must never be torn from: scene, patient, document, ...", nullable=True),
        Column("licence", TEXT, "licence of the delivery", nullable=True),
    ), extra=True),
    Table("annotations", "one row per word: an object, or another statement, by one annotator in one batch", ("annotation",), (
        Column("annotation", TEXT, "batch and the payload's own id, else the hash of the row's content and an ordinal among equals"),
        Column("image", TEXT, "the image it speaks of; the payload's own name where that names no image, or several"),
        Column("annotator", TEXT, "a stable pseudonym"),
        Column("batch", TEXT, "folder name under data/raw/batches"),
        Column("date", TEXT, "date of the batch; words are ordered by date, then batch name"),
        Column("source", TEXT, "human, review, model or import"),
        Column("kind", TEXT, "object, empty, remove, unsure or skipped"),
        Column("about", TEXT, "the object it corrects; null for a word about the whole image", nullable=True),
        Column("origin", TEXT, "manual, prediction or prediction-changed", nullable=True),
        Column("guideline_version", TEXT, "version of the guideline it was made under"),
        Column("created_at", TIME, "when it was made", nullable=True),
        Column("lead_time_s", NUMBER, "working time, seconds", nullable=True),
        Column("label", TEXT, "class of the guideline; the payload's own name where the guideline has none such", nullable=True),
        *GEOMETRY,
    )),
    Table("rejects", "one row per file or line that could not be read", ("reject",), (
        Column("reject", TEXT, "batch or delivery, file, and hash of what stood there with an ordinal among equals"),
        Column("batch", TEXT, "the batch, or the delivery, that it came in"),
        Column("file", TEXT, "file inside the payload, or the description"),
        Column("line", INTEGER, "1-based line where it begins; null for a whole file", nullable=True),
        Column("error", TEXT, "what was found and what was expected"),
    )),
    Table("violations", "one row per broken rule and row", ("rule", "table", "key"), FINDING),
    Table("gate", "one row per broken rule and row of the tables that a release is made of", ("rule", "table", "key"), FINDING),
    Table("pairs", "one row per pair of copies", ("image_a", "image_b"), (
        Column("image_a", TEXT, "the image that sorts first"),
        Column("image_b", TEXT, "the other one"),
        Column("kind", TEXT, "exact (same file or same pixels), near, mirrored, rotated, or borderline: for people to judge"),
        Column("distance", INTEGER, "bits in which the perceptual hashes differ, 0 to 64"),
        Column("score", NUMBER, "correlation of the grey thumbnails, 1 for equal pixels; for borderline pairs of their fine structure, once aligned"),
        Column("view", TEXT, "how image_b looks like image_a: mirrored, turned by 90, 180 or 270 degrees counter-clockwise, or both; null as it is", nullable=True),
    )),
    Table("groups", "one row per image that can be opened", ("image",), (
        ABOUT_IMAGE,
        Column("group", TEXT, "images of one group never stand in two splits: content of its earliest member"),
        Column("home", TEXT, "the group it belonged to when it was delivered, before later images joined groups"),
    )),
    Table("labels", "one row per object", ("object",), (
        Column("object", TEXT, "the image's content for classification, else its earliest annotation"),
        Column("image", TEXT, "the image that stands for it: the survivor among exact copies"),
        Column("label", TEXT, "the class"),
        *GEOMETRY,
        Column("ignore", YES_NO, "true where the guideline says that training leaves it out"),
        Column("votes", INTEGER, "annotators whose word on it counted"),
        Column("agreement", NUMBER, "share of them that said this label, 0 to 1"),
        Column("confidence", NUMBER, "how probable the label is by consolidate.method, a score that overstates; null for a verdict, and where majority has no object with two votes", nullable=True),
        Column("status", TEXT, "agreed, adjudicated or contested"),
        Column("rule", TEXT, "the rule by which it is contested: too few votes, or else a copy that says otherwise", nullable=True),
        Column("source", TEXT, "human, review or import: where the deciding word came from"),
        Column("guideline_version", TEXT, "the oldest guideline version among the words that decided"),
    )),
    Table("votes", "one row per annotation: what became of its word", ("annotation",), (
        Column("annotation", TEXT, "the word"),
        Column("image", TEXT, "the image that it was counted for, the survivor among exact copies", nullable=True),
        OBJECT._replace(nullable=True),
        Column("role", TEXT, "voted, overruled, adjudicated, superseded, outdated, empty, no vote, or set aside"),
    )),
    Table("ballots", "one row per object, annotator and value", ("object", "annotator", "review", "label"), (
        Column("object", TEXT, "as in labels; also one that the votes say is none"),
        ABOUT_IMAGE,
        Column("annotator", TEXT, "who voted"),
        Column("review", YES_NO, "true for a reviewer's verdict, which settles the object"),
        Column("label", TEXT, "the class; null where the annotator looked and did not see the object", nullable=True),
        Column("weight", NUMBER, "1, or a part of it for who gave several values; adds up to 1 per object and annotator"),
        Column("batch", TEXT, "the newest batch that says so"),
        Column("guideline_version", TEXT, "the guideline version it was said under"),
    )),
    Table("agreement", "one row per scope: all votes, a class, two classes, two annotators, a batch", ("scope", "key", "other"), (
        Column("scope", TEXT, "all, class, classes, annotators or batch"),
        Column("key", TEXT, "the class, annotator or batch; empty for all votes"),
        Column("other", TEXT, "the second class, or annotator", nullable=True),
        Column("votes", NUMBER, "votes that were compared, on objects that several people labelled"),
        Column("share", NUMBER, "share that agrees, of the pairs of votes", nullable=True),
        Column("beyond_chance", NUMBER, "Krippendorff's alpha; for two annotators Cohen's kappa; null where undefined", nullable=True),
        Column("why", TEXT, "why it is undefined", nullable=True),
    )),
    Table("annotators", "one row per annotator", ("annotator",), (
        Column("annotator", TEXT, "a stable pseudonym"),
        Column("annotations", INTEGER, "words"),
        Column("compared", INTEGER, "words on objects that others labelled too"),
        Column("agreement", NUMBER, "share of those that equal the majority of the others; null when there are none", nullable=True),
        Column("accuracy", NUMBER, "estimated share of those that are right (Dawid-Skene); null when there are none", nullable=True),
        Column("accuracy_low", NUMBER, "lower end of its 95 % interval (Wilson), as if the truth were known", nullable=True),
        Column("accuracy_high", NUMBER, "upper end", nullable=True),
        Column("beyond_chance", NUMBER, "Cohen's kappa of the words and what the objects probably are; 0 for who guesses", nullable=True),
        Column("spread", NUMBER, "how far the words depend on the object, 0 to 1 (Goodman and Kruskal's tau); 0 for who always says the same", nullable=True),
        Column("seconds_per_label", NUMBER, "median working time, seconds", nullable=True),
        Column("flags", TEXT, "what deserves a look, in words; null when nothing does", nullable=True),
    )),
    Table("copies", "one row per image left out for another", ("image",), (
        ABOUT_IMAGE,
        Column("kept_as", TEXT, "the survivor"),
        Column("kind", TEXT, "exact or near"),
        Column("distance", INTEGER, "bits between the two perceptual hashes; null where a third image links them", nullable=True),
        Column("rule", TEXT, "the rule that set it aside"),
    )),
    Table("disagreements", "one row per image left out for another that people label otherwise", ("image",), (
        ABOUT_IMAGE,
        Column("kept_as", TEXT, "the survivor"),
        Column("kind", TEXT, "exact or near, as in copies"),
        Column("label", TEXT, "the class that people give the copy, classes with how many objects each has, or empty"),
        Column("kept_label", TEXT, "the same for the survivor; for an exact copy without the words on the copy"),
        Column("differing", INTEGER, "objects of two classes, or on one of the two pictures alone; 1 for classification"),
        Column("status", TEXT, "contested, or adjudicated where a reviewer has spoken of what differs on the survivor"),
    )),
    Table("relabel", "one row per object, or image, to label again after a change of the guideline", ("object",), (
        Column("object", TEXT, "as in labels; the image's content where the whole image is to be labelled again"),
        ABOUT_IMAGE,
        Column("label", TEXT, "the class that stands until then; null where none does", nullable=True),
        Column("guideline_version", TEXT, "the oldest guideline version of the words behind it", nullable=True),
        Column("version", TEXT, "the guideline version whose change asks for it"),
        Column("reason", TEXT, "why, as guidelines/changes.yaml says"),
    )),
    Table("cases", "one row per edge case and object, or image, where it fires", ("edge_case", "image", "object"), (
        Column("edge_case", TEXT, "id of the edge case"),
        ABOUT_IMAGE,
        Column("object", TEXT, "as in labels; null where the edge case is about the image as a whole", nullable=True),
    )),
    Table("judged", "one row per active edge case", ("edge_case",), (
        Column("edge_case", TEXT, "id of the edge case"),
        Column("rows", INTEGER, "objects, or images, of which it can be said whether it fires"),
        Column("without", TEXT, "columns that it reads and that have no value anywhere, with commas", nullable=True),
    )),
    Table("suspects", "one row per object under suspicion, or per object that seems to be missing", ("suspect",), (
        Column("suspect", TEXT, "the object; for one that seems to be missing, the prediction that shows it"),
        Column("rank", INTEGER, "1 is to be looked at first"),
        ABOUT_IMAGE,
        Column("object", TEXT, "as in labels; null where it seems to be missing", nullable=True),
        Column("kind", TEXT, "label, double, shape or missing"),
        Column("label", TEXT, "the class it has; null where it seems to be missing", nullable=True),
        Column("proposed", TEXT, "the class that it probably is; null where none is proposed", nullable=True),
        Column("proposal", TEXT, "relabel, remove, add or look"),
        Column("x", NUMBER, "left edge of the box, pixels", nullable=True),
        Column("y", NUMBER, "upper edge, pixels", nullable=True),
        Column("width", NUMBER, "width, pixels", nullable=True),
        Column("height", NUMBER, "height, pixels", nullable=True),
        Column("score", NUMBER, "how suspicious, 0 to 1; for kind label the probability that it is another class, by votes and model"),
        Column("reason", TEXT, "why, in words"),
    )),
    Table("splits", "one row per image that can be opened", ("image",), (
        ABOUT_IMAGE,
        Column("group", TEXT, "as in groups"),
        Column("split", TEXT, "train, val or test"),
        Column("reason", TEXT, "hash, pin, or the merge that moved it"),
    )),
    Table("weights", "one row per image that can be opened", ("image",), (
        ABOUT_IMAGE,
        Column("keep", YES_NO, "false when a cap leaves it out of train"),
        Column("weight", NUMBER, "sampling weight, mean 1 over the labelled images of train that are kept; 1 elsewhere"),
        Column("repeat", INTEGER, "how often an epoch should show it: the weight rounded, at least 1"),
    )),
)  # fmt: skip

_OBJECT_COLUMNS = (
    ABOUT_IMAGE,
    Column("content", TEXT, "md5 of the file"),
    OBJECT,
    Column("label", TEXT, "the class"),
    *GEOMETRY,
    Column("ignore", YES_NO, "true where training leaves it out"),
    Column("agreement", NUMBER, "share of the annotators that said this label"),
    Column("confidence", NUMBER, "as in labels", nullable=True),
)

_RELEASE = (
    Table("release/images", "one row per released image", ("image",), (
        ABOUT_IMAGE,
        Column("content", TEXT, "md5 of the file"),
        Column("split", TEXT, "train, val or test"),
        Column("width", INTEGER, "pixels"),
        Column("height", INTEGER, "pixels"),
        Column("objects", INTEGER, "released objects on it"),
        Column("reviewed_empty", YES_NO, "someone looked and found nothing"),
        Column("weight", NUMBER, "sampling weight; 1 outside train"),
        Column("repeat", INTEGER, "how often an epoch should show it; 1 outside train"),
        Column("group", TEXT, "as in groups"),
        Column("delivery", TEXT, "the delivery that brought it"),
        Column("licence", TEXT, "licence of the delivery", nullable=True),
    ), extra=True),
    *(
        Table(f"release/{split}", "one row per object", ("object",), _OBJECT_COLUMNS)
        for split in ("train", "val", "test")
    ),
    Table("release/lineage", "one row per released object and annotation behind it", ("object", "annotation"), (
        OBJECT,
        Column("annotation", TEXT, "a word that was counted, or overruled"),
        Column("role", TEXT, "voted, overruled or adjudicated"),
        Column("batch", TEXT, "the batch it came in"),
        Column("annotator", TEXT, "who said it"),
        Column("guideline_version", TEXT, "version of the guideline it was made under"),
    )),
    Table("release/ledger", "one row per raw image, annotation and reject", ("kind", "key"), (
        Column("kind", TEXT, "image, annotation or reject"),
        Column("key", TEXT, "image, annotation or reject"),
        Column("image", TEXT, "the image it is about", nullable=True),
        Column("fate", TEXT, "released, superseded, outdated, outvoted, contested, copy, capped, set aside, withdrawn, reviewed empty, removed, no vote, unlabelled or rejected"),
        Column("stage", TEXT, "the stage that decided"),
        Column("rule", TEXT, "the rule, where one did", nullable=True),
        Column("survivor", TEXT, "for a copy: the image that stays", nullable=True),
        Column("split", TEXT, "for a released row: train, val or test", nullable=True),
    )),
)  # fmt: skip

TABLES = {table.name: table for table in (*_ALL, *_RELEASE)}
