"""Facts: what rules ask about a row, as columns beside a table's own.

A yes-or-no fact is never null, since Great Expectations passes over nulls. A number is null where there is
nothing to measure. A fault is told once: where a fact cannot be judged because another rule is broken
already (the box of a word whose image is unknown), it holds.
"""

import re

import numpy as np
import pandas as pd

from stages.lib.project import Classes, Task
from stages.lib.table_columns import INTEGER, NUMBER, YES_NO, Column

_BOX = ["x", "y", "width", "height"]

# The tables that rules can be written for, and the facts of each. The functions below are named after them.
FACTS: dict[str, tuple[Column, ...]] = {
    "images": (
        Column("smaller_side", INTEGER, "the smaller of width and height, pixels; null for an unreadable file", True),
        Column("name_is_unique", YES_NO, "no other name equals it when case and Unicode normalisation are disregarded"),
    ),
    "sources": (),
    "annotations": (
        Column("image_known", YES_NO, "the image stands in `images`"),
        Column("image_readable", YES_NO, "the image can be opened, or is unknown"),
        Column("label_known", YES_NO, "the class is defined in the guideline, or the word names no object"),
        Column("one_answer", YES_NO, "classification: the annotator gives the image no other answer in this batch"),
        Column("about_known", YES_NO, "what it corrects is an object on its image, or it corrects nothing"),
        Column("guideline_known", YES_NO, "its guideline version is not newer than the guideline's own"),
        Column("geometry_fits", YES_NO, "an object has the geometry that the task needs"),
        Column("polygon_corners", INTEGER, "corners of the polygon; null where there is none", True),
        Column("has_text", YES_NO, "ocr: an object has a text that is not blank; other tasks need none"),
        Column("box_shorter_side", NUMBER, "the smaller of width and height, pixels; null without a box", True),
        Column("box_visible", NUMBER, "share of the box that lies on the picture, 0 to 1; null without area", True),
        Column("box_beyond", NUMBER, "pixels by which a box in part on the picture leaves it; 0 inside", True),
    ),
    "rejects": (),
    "labels": (Column("label_known", YES_NO, "the class is defined in the guideline"),),
    "release/images": (
        Column("group_in_one_split", YES_NO, "every image of its group has its split"),
        Column("content_in_one_split", YES_NO, "every image of its content has its split"),
        Column("labelled_or_empty", YES_NO, "it has an object, or was reviewed as empty"),
    ),
}


def images(images: pd.DataFrame) -> pd.DataFrame:
    """Return table `images` with its facts."""
    folded = images["image"].str.normalize("NFC").str.casefold().str.normalize("NFC")
    return images.assign(
        smaller_side=images[["width", "height"]].min(axis=1).astype("Int64"),
        name_is_unique=~folded.duplicated(keep=False),
    )


def annotations(annotations: pd.DataFrame, images: pd.DataFrame, classes: Classes, task: Task) -> pd.DataFrame:
    """Return table `annotations` with its facts; `images` is the table of that name."""
    pictures = images.set_index("image").reindex(annotations["image"]).set_axis(annotations.index)
    known = annotations["image"].isin(images["image"])
    is_object = annotations["kind"] == "object"
    corners = (annotations["polygon"].list.len() // 2).astype("Int64")
    return annotations.assign(
        image_known=known,
        image_readable=~known | pictures["error"].isna(),
        label_known=~is_object | annotations["label"].isin(classes.ids),
        one_answer=_one_answer(annotations) if task == "classification" else True,
        about_known=_about_known(annotations, known, pictures["content"], task),
        guideline_known=not_newer(annotations["guideline_version"], classes.version),
        geometry_fits=_geometry_fits(annotations, corners, task),
        polygon_corners=corners,
        has_text=~is_object | (annotations["text"].fillna("").str.strip() != "") | (task != "ocr"),
        **_box_facts(annotations[_BOX].where(is_object), pictures),
    )


def labels(labels: pd.DataFrame, classes: Classes) -> pd.DataFrame:
    """Return table `labels` with its facts."""
    return labels.assign(label_known=labels["label"].isin(classes.ids))


def release_images(images: pd.DataFrame) -> pd.DataFrame:
    """Return table `release/images` with its facts."""
    return images.assign(
        group_in_one_split=_one_value(images["group"], images[["split"]]),
        content_in_one_split=_one_value(images["content"], images[["split"]]),
        labelled_or_empty=(images["objects"] > 0) | images["reviewed_empty"],
    )


def _geometry_fits(annotations: pd.DataFrame, corners: pd.Series, task: Task) -> "pd.Series | bool":
    # Readers give a word that has only a polygon the box around it.
    box, polygon = annotations[_BOX].notna().all(axis=1), (corners >= 3).fillna(False).astype(bool)
    fits = {"detection": box, "segmentation": polygon, "ocr": box | polygon}
    return True if task == "classification" else (annotations["kind"] != "object") | fits[task]


def _box_facts(objects: pd.DataFrame, pictures: pd.DataFrame) -> dict[str, pd.Series]:
    """Return the facts of boxes; `objects` has nulls where a word names no object."""
    x, y, width, height = (objects[side] for side in _BOX)
    across, down = (pictures[side].to_numpy(dtype=float, na_value=np.nan) for side in ("width", "height"))
    seen_across = (np.minimum(x + width, across) - np.maximum(x, 0.0)).clip(lower=0.0)
    seen_down = (np.minimum(y + height, down) - np.maximum(y, 0.0)).clip(lower=0.0)
    has_area = (width > 0) & (height > 0)
    visible = (seen_across * seen_down / (width * height)).where(has_area)
    beyond = pd.concat([-x, -y, x + width - across, y + height - down], axis=1).max(axis=1, skipna=False)
    return {
        "box_shorter_side": np.minimum(width, height),
        "box_visible": visible,
        "box_beyond": beyond.clip(lower=0.0).where(visible > 0),
    }


def _one_answer(annotations: pd.DataFrame) -> pd.Series:
    """Return where annotator, image and batch have one answer. A removal is none: it makes way for another."""
    answers = annotations[annotations["kind"] != "remove"]
    asked = answers.groupby(["image", "annotator", "batch"], sort=False).ngroup()
    said = pd.DataFrame({"kind": answers["kind"], "label": answers["label"].where(answers["kind"] == "object", "")})
    return _one_value(asked, said).reindex(annotations.index, fill_value=True)


def _about_known(annotations: pd.DataFrame, known: pd.Series, content: pd.Series, task: Task) -> pd.Series:
    about = annotations["about"]
    if task == "classification":
        return about.isna() | content.isna() | (about == content)
    objects = annotations[annotations["kind"] == "object"].set_index("annotation")["image"]
    on_image = objects.reindex(about).set_axis(annotations.index)
    return about.isna() | ~known | ((on_image == annotations["image"]) & (about != annotations["annotation"]))


def _one_value(groups: pd.Series, values: pd.DataFrame) -> pd.Series:
    """Return, per row, whether its group has one combination of values."""
    distinct = values.assign(_group=groups).drop_duplicates()["_group"]
    return ~groups.isin(distinct[distinct.duplicated()])


def not_newer(versions: pd.Series, current: str) -> pd.Series:
    """Return which versions equal `current`, or come before it by their numbers: 1.9 before 1.10."""
    known = [v for v in versions.unique() if v == current or (re.search(r"\d", v) and _numbers(v) <= _numbers(current))]
    return versions.isin(known)


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d{1,9}", version)]
