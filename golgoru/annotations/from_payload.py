"""From the rows of a payload to rows of `annotations`: numbers checked, geometry in one convention, keys."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from golgoru.annotations.cell_values import attributes_json, is_all_text, is_nan, text_column, value_text
from golgoru.annotations.row_checks import RowChecks
from golgoru.core.csv_table import Reject
from golgoru.formats.payload import FIELDS, Payload
from golgoru.geometry.boxes import BOX_COLUMNS
from golgoru.raw.batches import Batch, BatchFile
from golgoru.tables import frames
from golgoru.tables.raw import KINDS, ORIGINS

_NUMBER_FIELDS = ("x", "y", "width", "height", "x2", "y2", "lead_time_s")
_SEPARATOR = "\x1f"


def to_annotations(payload: Payload, batch: Batch) -> tuple[pd.DataFrame, list[Reject]]:
    """Return the payload's rows as rows of `annotations`, and the rejects: the reader's, and those of refused rows.

    `image` still is the payload's own name for it; golgoru.annotations.image_names resolves it.
    """
    settings = batch.settings
    absent = {field: None for field in FIELDS if field not in payload.rows}
    rows = payload.rows.assign(**absent)[[*FIELDS, "file", "line"]].astype(object)
    rows["content"] = _canonical_rows(rows)
    rows["annotator"] = rows["annotator"].where(rows["annotator"].notna(), settings.annotator)
    checks = RowChecks(rows)
    numbers = {field: checks.numbers(field) for field in _NUMBER_FIELDS}
    polygon = checks.polygons()
    kind = checks.choice("kind", KINDS, "object")
    origin = checks.choice("origin", ORIGINS, None)
    created_at = checks.times()
    checks.required("image")
    checks.required("annotator")
    checks.boxes()
    checks.unique_ids()
    box, polygon = _geometry(numbers, polygon, settings)
    infinite = pd.DataFrame({side: np.isinf(values) for side, values in box.items()}).any(axis=1)
    checks.refuse(infinite, "the box is beyond what a number can hold")
    keys = _annotation_keys(rows, checks)
    annotations = frames.frame(
        "annotations",
        {
            "annotation": batch.name + "/" + keys,
            "image": text_column(rows["image"]),
            "annotator": text_column(rows["annotator"]),
            "batch": batch.name,
            "date": settings.date.isoformat(),
            "source": settings.source,
            "kind": kind,
            "about": text_column(rows["about"]),
            "origin": origin,
            "guideline_version": settings.guideline_version,
            "created_at": created_at,
            "lead_time_s": numbers["lead_time_s"],
            "label": _class_labels(rows, kind, settings),
            **box,
            "polygon": polygon,
            "text": text_column(rows["text"]),
            "attributes": rows["attributes"].map(attributes_json),
        },
    )
    return annotations[checks.passed].reset_index(drop=True), payload.rejects + checks.rejects()


def hash_keys(contents: pd.Series) -> pd.Series:
    """Return the hash of each text and its ordinal among equals: a key that row order cannot change."""
    digest = contents.map(lambda content: hashlib.md5(content.encode(), usedforsecurity=False).hexdigest()[:16])
    return digest + "-" + (digest.groupby(digest).cumcount() + 1).astype(str)


def _annotation_keys(rows: pd.DataFrame, checks: RowChecks) -> pd.Series:
    """Return the payload's own ids, and keys made of the content where a row has none."""
    ids = text_column(rows["id"])
    has_id = ids.notna()
    if has_id.all():
        return ids
    keys = hash_keys(rows["content"].where(checks.passed & ~has_id, ""))
    if has_id.any():
        made = set(keys[~has_id])
        collides = ids.map(lambda value: value in made).astype(bool)
        checks.refuse(has_id & collides, "an id that is no other row's key", "id")
    return ids.where(has_id, keys)


def _canonical_rows(rows: pd.DataFrame) -> pd.Series:
    """Return each row's content as one text: what was written in the payload, not where, nor how it was mapped."""
    joined = pd.Series("", index=rows.index, dtype=object)
    for field in FIELDS:
        if rows[field].notna().any():
            joined = joined + _canonical_values(rows[field]) + _SEPARATOR
    return joined


def _canonical_values(values: pd.Series) -> pd.Series:
    if is_all_text(values) and not values.astype("str").str.contains(_SEPARATOR, regex=False).any():
        return values
    return values.map(_canonical_value)


def _canonical_value(value: Any) -> str:
    """Return one value for `_canonical_rows`, so that no two rows of different content give the same text."""
    if is_nan(value):
        return f"{_SEPARATOR}?"
    text = value_text(value)
    return text.replace(_SEPARATOR, f"{_SEPARATOR}:") if _SEPARATOR in text else text


def _class_labels(rows: pd.DataFrame, kind: pd.Series, settings: BatchFile) -> pd.Series:
    """Return the guideline's class of each row; an object without any takes `label` of batch.yaml."""
    labels = text_column(rows["label"])
    if settings.label:
        labels = labels.where(labels.notna() | (kind != "object"), settings.label)
    return labels.map(lambda label: settings.classes.get(label, label)) if settings.classes else labels


def _geometry(
    numbers: Mapping[str, pd.Series], polygon: pd.Series, settings: BatchFile
) -> tuple[dict[str, pd.Series], pd.Series]:
    """Return the box as x, y, width, height (from its corners, or around its polygon) and the polygon, both shifted.

    Edges are where the picture's edges are: a box over all of a picture 640 wide has x 0 and width 640.
    `pixels-from-0` counts x2 as the last pixel inside, `pixels-from-1` counts pixels from 1 besides; a polygon's
    corners are taken as they are.
    """
    last_pixel = 0.0 if settings.boxes in (None, "edges") else 1.0
    first_pixel = 1.0 if settings.boxes == "pixels-from-1" else 0.0
    by_corner = numbers["x2"].notna()
    box = {
        "x": numbers["x"] - first_pixel,
        "y": numbers["y"] - first_pixel,
        "width": numbers["width"].where(~by_corner, numbers["x2"] - numbers["x"] + last_pixel),
        "height": numbers["height"].where(~by_corner, numbers["y2"] - numbers["y"] + last_pixel),
    }
    from_polygon = box["x"].isna() & polygon.notna()
    if from_polygon.any():
        bounds = pd.DataFrame(
            [_bounding_box(points) for points in polygon[from_polygon]],
            index=polygon.index[from_polygon],
            columns=BOX_COLUMNS,
        )
        box = {side: box[side].where(~from_polygon, bounds[side].reindex(polygon.index)) for side in BOX_COLUMNS}
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
