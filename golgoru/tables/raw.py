"""The tables of what data/raw holds: image files, deliveries, annotations, and what could not be read."""

from golgoru.tables.schema import ABOUT_IMAGE, BYTES, GEOMETRY, INTEGER, NUMBER, TEXT, TIME, Column, Table

SOURCES = ("human", "review", "model", "import")
KINDS = ("object", "empty", "remove", "unsure", "skipped")
ORIGINS = ("manual", "prediction", "prediction-changed")

TABLES = (
    Table("planted", "one row per planted fault of the example", ("fault", "key"), (
        Column("fault", TEXT, "what was planted: exact duplicate, near duplicate, mirrored duplicate, unreadable file, ..."),
        Column("key", TEXT, "the image, annotation, delivery or class it was planted in"),
        Column("original", TEXT, "the image that was duplicated, or the true label", nullable=True),
        Column("expected", TEXT, "the rule, or the kind of duplicate, that must find it"),
    )),
    Table("images", "one row per file under data/raw/images", ("image",), (
        Column("image", TEXT, "POSIX path under data/raw/images"),
        Column("content", TEXT, "md5 of the file's bytes, DVC's own; the identity that survives a rename", nullable=True),
        Column("bytes", INTEGER, "size of the file in bytes", nullable=True),
        Column("width", INTEGER, "width as shown (EXIF orientation applied), pixels", nullable=True),
        Column("height", INTEGER, "height as shown, pixels", nullable=True),
        Column("format", TEXT, "JPEG, PNG, ...: read from the file, not from its name", nullable=True),
        Column("mode", TEXT, "Pillow's mode of the stored image: L, RGB, CMYK, ...", nullable=True),
        Column("phash", TEXT, "perceptual hash, 16 hexadecimal digits, by the algorithm of imagehash.phash", nullable=True),
        Column("phash_mirrored", TEXT, "perceptual hash of the image mirrored left to right", nullable=True),
        Column("decoder", TEXT, "what decoded the image for the hashes", nullable=True),
        Column("brightness", NUMBER, "mean grey level, 0 to 255, at a longer side of at most 80 pixels", nullable=True),
        Column("contrast", NUMBER, "standard deviation of the grey levels at that size", nullable=True),
        Column("sharpness", NUMBER, "variance of the Laplacian of the grey levels at that size", nullable=True),
        Column("colourfulness", NUMBER, "how colourful, 0 for grey to about 110 (Hasler and Suesstrunk 2003), at 32 x 32", nullable=True),
        Column("thumbnail", BYTES, "8 x 8 pixels RGB, row by row from the top left: 192 bytes", nullable=True),
        Column("error", TEXT, "why the image cannot be used; null when it can", nullable=True),
    )),
    Table("sources", "one row per image", ("image",), (
        ABOUT_IMAGE,
        Column("delivery", TEXT, "the delivery that brought it: the first folder of its path"),
        Column("date", TEXT, "date of the delivery"),
        Column("group_key", TEXT, "what must stay in one split: scene, patient, document, ...", nullable=True),
        Column("licence", TEXT, "licence of the delivery", nullable=True),
    ), extra=True),
    Table("annotations", "one row per annotation: an object, or another kind of statement, by one annotator in one batch", ("annotation",), (
        Column("annotation", TEXT, "batch and the payload's own id, else the hash of the row's content and an ordinal among equals"),
        Column("image", TEXT, "the annotated image; the payload's own name where that names no image, or several"),
        Column("annotator", TEXT, "a stable pseudonym"),
        Column("batch", TEXT, "folder name under data/raw/batches"),
        Column("date", TEXT, "date of the batch; annotations are ordered by date, then batch name"),
        Column("source", TEXT, "human, review, model or import", values=SOURCES),
        Column("kind", TEXT, "object, empty, remove, unsure or skipped", values=KINDS),
        Column("about", TEXT, "the object it corrects; null for an annotation of the whole image", nullable=True),
        Column("origin", TEXT, "manual, prediction or prediction-changed", nullable=True, values=ORIGINS),
        Column("guideline_version", TEXT, "version of the guideline it was made under"),
        Column("created_at", TIME, "when it was made", nullable=True),
        Column("lead_time_s", NUMBER, "working time, seconds", nullable=True),
        Column("label", TEXT, "class of the guideline; the payload's own name where the guideline has none such", nullable=True),
        *GEOMETRY,
    )),
    Table("rejects", "one row per file or line that could not be read", ("reject",), (
        Column("reject", TEXT, "batch or delivery, file, and hash of what was written there with an ordinal among equals"),
        Column("batch", TEXT, "the batch, or the delivery, that it came in"),
        Column("file", TEXT, "file inside the payload, or the description"),
        Column("line", INTEGER, "1-based line where it begins; null for a whole file", nullable=True),
        Column("error", TEXT, "what was found and what was expected"),
    )),
)  # fmt: skip
