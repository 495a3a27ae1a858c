"""What stands now of all that a sheet speaks of: labels, pictures, and what seems to be missing."""

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from golgoru.cli.common.table_lookup import is_one_of, open_table, select_rows, table_file
from golgoru.cli.fix.sheet import Sheet, SheetRow
from golgoru.core import paths
from golgoru.core.dataset import Task, read_dataset
from golgoru.guideline.classes import Classes, read_classes

_KEYS = ("suspect", "object")


class CurrentLabels(NamedTuple):
    """Rows of the tables, as far as the sheet names them.

    `labels`: by object. `on_image`: objects by image. `files`: the image on which a word about an object must stand,
    by object: where equal pixels are pooled, the file on which it was drawn first. `named`: the images that a name
    can mean. `sizes`: width and height by image. `missing`: suspects without object, by prediction. `copies`: image to
    the one it is left out for.
    """

    task: Task
    classes: Classes
    labels: dict[str, dict[str, Any]]
    on_image: dict[str, list[str]]
    files: dict[str, str]
    named: dict[str, list[str]]
    sizes: dict[str, tuple[float, float]]
    missing: dict[str, dict[str, Any]]
    copies: dict[str, str]


def row_key(row: SheetRow) -> str:
    """Return the object, or prediction, that a row names; empty where it names a picture alone."""
    return next((row.cell(column) for column in _KEYS if row.cell(column)), "")


def read_current_labels(sheet: Sheet) -> CurrentLabels:
    """Return what stands. Raises UserError where the tables are not there."""
    keys = {row_key(row) for row in sheet.rows} - {""}
    named = _images_by_name({row.cell("image") for row in sheet.rows} - {""})
    missing = {}
    if table_file("label_issues").exists():
        of_none = is_one_of("suspect", keys) & (ds.field("kind") == "missing")
        missing = {row["suspect"]: row for row in select_rows(open_table(table_file("label_issues")), of_none)}
    images = {image for found in named.values() for image in found} | {row["image"] for row in missing.values()}
    labels = select_rows(open_table(table_file("labels")), is_one_of("object", keys) | is_one_of("image", images))
    images |= {row["image"] for row in labels}
    task = read_dataset(paths.PARAMS).task
    sizes = select_rows(open_table(table_file("images")), is_one_of("image", images), ["image", "width", "height"])
    copies = select_rows(open_table(table_file("duplicates")), is_one_of("image", images), ["image", "duplicate_of"])
    on_image: dict[str, list[str]] = {}
    for row in labels:
        on_image.setdefault(row["image"], []).append(row["object"])
    return CurrentLabels(
        task=task,
        classes=read_classes(paths.CLASSES),
        labels={row["object"]: row for row in labels},
        on_image=on_image,
        files=_image_drawn_on(labels, task),
        named=named,
        sizes={row["image"]: (row["width"], row["height"]) for row in sizes if row["width"] is not None},
        missing=missing,
        copies={row["image"]: row["duplicate_of"] for row in copies},
    )


def later_reviews(pictures: Mapping[str, str], day: date, name: str) -> dict[str, str]:
    """Return the batch, and its date, of a review that would come after batch `name` of that day, by object.

    `pictures`: the picture that a word about an object is counted for, by object. A newer review replaces an older
    one, of the object or, where it is about none, of the whole picture: the new batch would say nothing.
    """
    votes = select_rows(
        open_table(table_file("annotation_roles")),
        is_one_of("image", pictures.values()),
        ["annotation", "object", "image"],
    )
    same_day = (ds.field("date") == day.isoformat()) & (ds.field("batch") > name)
    newer = (ds.field("source") == "review") & ((ds.field("date") > day.isoformat()) | same_day)
    where = is_one_of("annotation", [row["annotation"] for row in votes]) & newer
    words = select_rows(open_table(table_file("annotations")), where, ["annotation", "batch", "date", "about"])
    by_annotation = {word["annotation"]: word for word in words}
    found = {}
    for vote in votes:
        if (word := by_annotation.get(vote["annotation"])) is not None:
            of = vote["image"] if word["about"] is None else vote["object"]
            found[of] = f"'{word['batch']}' of {word['date']}"
    return {key: found.get(key) or found[image] for key, image in pictures.items() if key in found or image in found}


def batches_not_in_tables() -> list[str]:
    """Return the batches in the label log that the tables do not know yet."""
    known = open_table(table_file("annotations")).to_table(["batch"])["batch"].unique().to_pylist()
    rejected = table_file("rejects")
    known += open_table(rejected).to_table(["batch"])["batch"].unique().to_pylist() if rejected.exists() else []
    folders = paths.BATCHES.iterdir() if paths.BATCHES.is_dir() else ()
    return sorted({folder.name for folder in folders if (folder / "batch.yaml").exists()} - set(known))


def _images_by_name(names: set[str]) -> dict[str, list[str]]:
    """Return the images that each name means: the one of that key, else all of that base name."""
    images = open_table(table_file("images"))
    exact = {row["image"] for row in select_rows(images, is_one_of("image", names), ["image"])}
    found = {name: [name] for name in exact}
    if base_names := {name for name in names - exact if "/" not in name}:
        keys = images.to_table(["image"])["image"]
        base = pc.replace_substring_regex(keys, "^.*/", "")
        for image in keys.filter(pc.is_in(base, pa.array(sorted(base_names)))).to_pylist():
            found.setdefault(image.rsplit("/", 1)[-1], []).append(image)
    return found


def _image_drawn_on(labels: list[dict[str, Any]], task: Task) -> dict[str, str]:
    if task == "classification":  # a word about a picture's content stands on that picture
        return {row["object"]: row["image"] for row in labels}
    drawn = is_one_of("annotation", [row["object"] for row in labels])
    words = select_rows(open_table(table_file("annotations")), drawn, ["annotation", "image"])
    return {row["annotation"]: row["image"] for row in words}
