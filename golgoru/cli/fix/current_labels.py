"""The current labels, images and missing objects that a sheet names."""

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

_KEYS = ("issue", "object")


class CurrentLabels(NamedTuple):
    """Rows of the tables, as far as the sheet names them.

    `labels`: by object. `objects_on`: objects by image. `drawn_on`: the image that an annotation about an object must
    name, by object: where equal pixels are pooled, the file on which it was drawn first. `images_by_name`: the images
    that a name can mean. `sizes`: width and height by image. `missing`: label issues without object, by prediction.
    `duplicates`: image to the one it is left out for.
    """

    task: Task
    classes: Classes
    labels: dict[str, dict[str, Any]]
    objects_on: dict[str, list[str]]
    drawn_on: dict[str, str]
    images_by_name: dict[str, list[str]]
    sizes: dict[str, tuple[float, float]]
    missing: dict[str, dict[str, Any]]
    duplicates: dict[str, str]


def row_key(row: SheetRow) -> str:
    """Return the object, or prediction, that a row names; empty where it names an image alone."""
    return next((row.cell(column) for column in _KEYS if row.cell(column)), "")


def read_current_labels(sheet: Sheet) -> CurrentLabels:
    """Return the current labels. Raises UserError where the tables are missing."""
    keys = {row_key(row) for row in sheet.rows} - {""}
    images_by_name = _images_by_name({row.cell("image") for row in sheet.rows} - {""})
    missing = {}
    if table_file("label_issues").exists():
        is_missing = is_one_of("issue", keys) & (ds.field("kind") == "missing")
        missing = {row["issue"]: row for row in select_rows(open_table(table_file("label_issues")), is_missing)}
    images = {image for candidates in images_by_name.values() for image in candidates} | {
        row["image"] for row in missing.values()
    }
    labels = select_rows(open_table(table_file("labels")), is_one_of("object", keys) | is_one_of("image", images))
    images |= {row["image"] for row in labels}
    task = read_dataset(paths.PARAMS).task
    sizes = select_rows(open_table(table_file("images")), is_one_of("image", images), ["image", "width", "height"])
    duplicates = select_rows(
        open_table(table_file("duplicates")), is_one_of("image", images), ["image", "duplicate_of"]
    )
    objects_on: dict[str, list[str]] = {}
    for row in labels:
        objects_on.setdefault(row["image"], []).append(row["object"])
    return CurrentLabels(
        task=task,
        classes=read_classes(paths.CLASSES),
        labels={row["object"]: row for row in labels},
        objects_on=objects_on,
        drawn_on=_image_drawn_on(labels, task),
        images_by_name=images_by_name,
        sizes={row["image"]: (row["width"], row["height"]) for row in sizes if row["width"] is not None},
        missing=missing,
        duplicates={row["image"]: row["duplicate_of"] for row in duplicates},
    )


def later_reviews(counted_on: Mapping[str, str], day: date, name: str) -> dict[str, str]:
    """Return the batch, and its date, of a review that would come after batch `name` of that day, by object.

    `counted_on`: the image that annotations of an object are counted for, by object. A newer review replaces an older
    one, of the object or, where it is about none, of the whole image: the new batch would have no effect.
    """
    roles = select_rows(
        open_table(table_file("annotation_roles")),
        is_one_of("image", counted_on.values()),
        ["annotation", "object", "image"],
    )
    same_day = (ds.field("date") == day.isoformat()) & (ds.field("batch") > name)
    newer = (ds.field("source") == "review") & ((ds.field("date") > day.isoformat()) | same_day)
    where = is_one_of("annotation", [row["annotation"] for row in roles]) & newer
    reviews = select_rows(open_table(table_file("annotations")), where, ["annotation", "batch", "date", "about"])
    by_annotation = {review["annotation"]: review for review in reviews}
    later = {}
    for role in roles:
        if (review := by_annotation.get(role["annotation"])) is not None:
            target = role["image"] if review["about"] is None else role["object"]
            later[target] = f"'{review['batch']}' of {review['date']}"
    return {key: later.get(key) or later[image] for key, image in counted_on.items() if key in later or image in later}


def batches_not_in_tables() -> list[str]:
    """Return the batches in the label log that the tables do not contain yet."""
    known = open_table(table_file("annotations")).to_table(["batch"])["batch"].unique().to_pylist()
    rejected = table_file("rejects")
    known += open_table(rejected).to_table(["batch"])["batch"].unique().to_pylist() if rejected.exists() else []
    folders = paths.BATCHES.iterdir() if paths.BATCHES.is_dir() else ()
    return sorted({folder.name for folder in folders if (folder / "batch.yaml").exists()} - set(known))


def _images_by_name(names: set[str]) -> dict[str, list[str]]:
    """Return the images that each name means: the one of that key, else all of that base name."""
    images = open_table(table_file("images"))
    exact = {row["image"] for row in select_rows(images, is_one_of("image", names), ["image"])}
    images_of = {name: [name] for name in exact}
    if base_names := {name for name in names - exact if "/" not in name}:
        keys = images.to_table(["image"])["image"]
        base = pc.replace_substring_regex(keys, "^.*/", "")
        for image in keys.filter(pc.is_in(base, pa.array(sorted(base_names)))).to_pylist():
            images_of.setdefault(image.rsplit("/", 1)[-1], []).append(image)
    return images_of


def _image_drawn_on(labels: list[dict[str, Any]], task: Task) -> dict[str, str]:
    if task == "classification":  # an annotation about an image's content names that image
        return {row["object"]: row["image"] for row in labels}
    drawn = is_one_of("annotation", [row["object"] for row in labels])
    annotations = select_rows(open_table(table_file("annotations")), drawn, ["annotation", "image"])
    return {row["annotation"]: row["image"] for row in annotations}
