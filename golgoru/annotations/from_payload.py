"""From words as they stood in a payload to rows of `annotations`: numbers checked, geometry in one convention, keys."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from golgoru.annotations.cell_values import attributes_json, is_nan, text_column, value_text
from golgoru.annotations.row_checks import RowChecks
from golgoru.core.csv_table import Reject
from golgoru.formats.payload import FIELDS, Payload
from golgoru.raw.batches import Batch, BatchFile
from golgoru.tables import frames

KINDS = ("object", "empty", "remove", "unsure", "skipped")
ORIGINS = ("manual", "prediction", "prediction-changed")
_NUMBER_FIELDS = ("x", "y", "width", "height", "x2", "y2", "lead_time_s")
_BOX = ("x", "y", "width", "height")
_SEPARATOR = "\x1f"


def to_annotations(raw: Payload, batch: Batch) -> tuple[pd.DataFrame, list[Reject]]:
    """Return the words as rows of `annotations`, and rejects: the reader's and those of rows that make no sense.

    `image` is the payload's own name as yet; golgoru.annotations.image_names resolves it.
    """
    settings = batch.settings
    absent = {field: None for field in FIELDS if field not in raw.words}
    words = raw.words.assign(**absent)[[*FIELDS, "file", "line"]].astype(object)
    words["found"] = _canonical_rows(words)
    words["annotator"] = words["annotator"].where(words["annotator"].notna(), settings.annotator)
    faults = RowChecks(words)
    numbers = {field: faults.numbers(field) for field in _NUMBER_FIELDS}
    polygon = faults.polygons()
    kind = faults.choice("kind", KINDS, "object")
    origin = faults.choice("origin", ORIGINS, None)
    created_at = faults.times()
    faults.required("image")
    faults.required("annotator")
    faults.boxes()
    faults.unique_ids()
    box, polygon = _geometry(numbers, polygon, settings)
    beyond = pd.DataFrame({side: np.isinf(values) for side, values in box.items()}).any(axis=1)
    faults.add(beyond, "the box is beyond what a number can hold")
    keys = _annotation_keys(words, faults)
    rows = frames.frame(
        "annotations",
        {
            "annotation": batch.name + "/" + keys,
            "image": text_column(words["image"]),
            "annotator": text_column(words["annotator"]),
            "batch": batch.name,
            "date": settings.date.isoformat(),
            "source": settings.source,
            "kind": kind,
            "about": text_column(words["about"]),
            "origin": origin,
            "guideline_version": settings.guideline_version,
            "created_at": created_at,
            "lead_time_s": numbers["lead_time_s"],
            "label": _class_labels(words, kind, settings),
            **box,
            "polygon": polygon,
            "text": text_column(words["text"]),
            "attributes": words["attributes"].map(attributes_json),
        },
    )
    return rows[faults.good].reset_index(drop=True), raw.rejects + faults.rejects()


def hash_keys(found: pd.Series) -> pd.Series:
    """Return the hash of each text and its ordinal among equals: a key that row order cannot change."""
    digest = found.map(lambda value: hashlib.md5(value.encode(), usedforsecurity=False).hexdigest()[:16])
    return digest + "-" + (digest.groupby(digest).cumcount() + 1).astype(str)


def _annotation_keys(words: pd.DataFrame, faults: RowChecks) -> pd.Series:
    """Return the payload's own ids, and keys made of the content where a row has none."""
    ids = text_column(words["id"])
    own = ids.notna()
    if own.all():
        return ids
    keys = hash_keys(words["found"].where(faults.good & ~own, ""))
    if own.any():
        made = set(keys[~own])
        faults.add(own & ids.map(lambda value: value in made).astype(bool), "an id that is no other row's key", "id")
    return ids.where(own, keys)


def _canonical_rows(words: pd.DataFrame) -> pd.Series:
    """Return each row's content as one text: what stood in the payload, not where, nor how it was mapped."""
    joined = pd.Series("", index=words.index, dtype=object)
    for field in FIELDS:
        if words[field].notna().any():
            joined = joined + words[field].map(_canonical_value) + _SEPARATOR
    return joined


def _canonical_value(value: Any) -> str:
    """Return one value for `_canonical`, so that no two rows of different content give the same text."""
    if is_nan(value):
        return f"{_SEPARATOR}?"
    part = value_text(value)
    return part.replace(_SEPARATOR, f"{_SEPARATOR}:") if _SEPARATOR in part else part


def _class_labels(words: pd.DataFrame, kind: pd.Series, settings: BatchFile) -> pd.Series:
    """Return the guideline's class of each word; an object without any takes `label` of batch.yaml."""
    labels = text_column(words["label"])
    if settings.label:
        labels = labels.where(labels.notna() | (kind != "object"), settings.label)
    return labels.map(lambda label: settings.classes.get(label, label)) if settings.classes else labels


def _geometry(
    numbers: Mapping[str, pd.Series], polygon: pd.Series, settings: BatchFile
) -> tuple[dict[str, pd.Series], pd.Series]:
    """Return the box as x, y, width, height (from its corners, or around its polygon) and the polygon, both shifted.

    Edges are where the picture's edges are: a box over all of a picture 640 wide has x 0 and width 640.
    `pixels-from-0` counts x2 as the last pixel inside, `pixels-from-1` counts pixels from 1 besides; a polygon's
    corners are taken as they stand.
    """
    inside = 0.0 if settings.boxes in (None, "edges") else 1.0
    first = 1.0 if settings.boxes == "pixels-from-1" else 0.0
    corners = numbers["x2"].notna()
    box = {
        "x": numbers["x"] - first,
        "y": numbers["y"] - first,
        "width": numbers["width"].where(~corners, numbers["x2"] - numbers["x"] + inside),
        "height": numbers["height"].where(~corners, numbers["y2"] - numbers["y"] + inside),
    }
    around = box["x"].isna() & polygon.notna()
    if around.any():
        bounds = pd.DataFrame(
            [_bounding_box(points) for points in polygon[around]], index=polygon.index[around], columns=_BOX
        )
        box = {side: box[side].where(~around, bounds[side].reindex(polygon.index)) for side in _BOX}
    right, down = settings.shift
    if (right, down) != (0.0, 0.0):
        box["x"], box["y"] = box["x"] + right, box["y"] + down
        moved = [_shifted_polygon(points, right, down) if isinstance(points, list) else None for points in polygon]
        polygon = pd.Series(moved, index=polygon.index, dtype=object)
    return box, polygon


def _bounding_box(points: list[float]) -> tuple[float, float, float, float]:
    xs, ys = points[0::2], points[1::2]
    return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)


def _shifted_polygon(points: list[float], right: float, down: float) -> list[float]:
    return [value + (down if index % 2 else right) for index, value in enumerate(points)]
