"""From words as they stood in a payload to rows of `annotations`: numbers checked, geometry in one convention, keys."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from stages.lib import frames
from stages.lib.batches import Batch, BatchFile
from stages.lib.readers.raw import FIELDS, Raw, Reject

KINDS = ("object", "empty", "remove", "unsure", "skipped")
ORIGINS = ("manual", "prediction", "prediction-changed")
_NUMBERS = ("x", "y", "width", "height", "x2", "y2", "lead_time_s")
_BOX = ("x", "y", "width", "height")


def to_annotations(raw: Raw, batch: Batch) -> tuple[pd.DataFrame, list[Reject]]:
    """Return the words as rows of `annotations`, and rejects: the reader's and those of rows that make no sense.

    `image` is the payload's own name as yet; stages.lib.image_names resolves it.
    """
    settings = batch.settings
    absent = {field: None for field in FIELDS if field not in raw.words}
    words = raw.words.assign(**absent)[[*FIELDS, "file", "line"]].astype(object)
    words["found"] = _canonical(words)
    faults = _Faults(words)
    numbers = {field: faults.numbers(field) for field in _NUMBERS}
    polygon = faults.polygons()
    kind = faults.choice("kind", KINDS, "object")
    origin = faults.choice("origin", ORIGINS, None)
    created_at = faults.times()
    faults.required("image")
    annotator = words["annotator"].where(words["annotator"].notna(), settings.annotator)
    words["annotator"] = annotator
    faults.required("annotator")
    faults.boxes()
    faults.unique_ids()
    good = faults.good
    box, polygon = _geometry(numbers, polygon, settings)
    label = _text(words["label"]).where(words["label"].notna(), settings.label if settings.label else None)
    label = label.where(kind == "object", _text(words["label"]))
    rows = frames.frame(
        "annotations",
        {
            "annotation": _keys(words, good, batch.name),
            "image": _text(words["image"]),
            "annotator": _text(words["annotator"]),
            "batch": batch.name,
            "date": settings.date.isoformat(),
            "source": settings.source,
            "kind": kind,
            "about": _text(words["about"]),
            "origin": origin,
            "guideline_version": settings.guideline_version,
            "created_at": created_at,
            "lead_time_s": numbers["lead_time_s"],
            "label": label.map(lambda value: settings.classes.get(value, value)),
            **box,
            "polygon": polygon,
            "text": _text(words["text"]),
            "attributes": words["attributes"].map(_attributes),
        },
    )
    return rows[good].reset_index(drop=True), raw.rejects + faults.rejects()


class _Faults:
    """Collects, per row, the first reason why it cannot be taken."""

    def __init__(self, words: pd.DataFrame) -> None:
        self.words = words
        self.reason = pd.Series(None, index=words.index, dtype=object)

    @property
    def good(self) -> pd.Series:
        return self.reason.isna()

    def add(self, where: pd.Series, reasons: "pd.Series | str") -> None:
        """Note a reason for the rows of `where` that have none yet."""
        self.reason = self.reason.mask(where & self.good, reasons)

    def numbers(self, field: str) -> pd.Series:
        """Return a column as floats; what is no finite number is a fault."""
        values = self.words[field]
        given = values.notna() | values.map(_is_nan)
        numbers = pd.to_numeric(values.where(given, None).map(_number_text), errors="coerce").astype(float)
        numbers = numbers.where(np.isfinite(numbers))
        self.add(given & numbers.isna(), _says(field, values, "a finite number"))
        return numbers

    def polygons(self) -> pd.Series:
        """Return flat lists of floats, null where no polygon is given."""
        values = self.words["polygon"]
        given = values.notna()
        polygons = values.where(given, None).map(_polygon)
        self.add(given & polygons.isna(), _says("polygon", values, "a list of finite numbers x1, y1, x2, y2, ..."))
        return polygons

    def choice(self, field: str, allowed: Iterable[str], default: str | None) -> pd.Series:
        """Return a column that takes one of a few values."""
        values = self.words[field].where(self.words[field].notna(), default)
        self.add(values.notna() & ~values.isin(list(allowed)), _says(field, values, f"one of {', '.join(allowed)}"))
        return values

    def times(self) -> pd.Series:
        """Return created_at as UTC; a time without zone is taken as UTC."""
        values = self.words["created_at"]
        times = pd.to_datetime(_text(values), errors="coerce", utc=True, format="ISO8601")
        self.add(values.notna() & times.isna(), _says("created_at", values, "an ISO 8601 time"))
        return times

    def required(self, field: str) -> None:
        """Note a fault where `field` is missing."""
        self.add(_text(self.words[field]).fillna("").str.strip() == "", f"{field} is missing")

    def boxes(self) -> None:
        """Note a fault where a box lacks x, y, or both of width, height and x2, y2."""
        given = {field: self.words[field].notna() for field in _NUMBERS}
        size = given["width"] & given["height"] & ~given["x2"] & ~given["y2"]
        corner = given["x2"] & given["y2"] & ~given["width"] & ~given["height"]
        some = given["x"] | given["y"] | given["width"] | given["height"] | given["x2"] | given["y2"]
        whole = given["x"] & given["y"] & (size | corner)
        self.add(some & ~whole, "the box is not whole: expected x, y, width, height, or x, y, x2, y2")

    def unique_ids(self) -> None:
        """Note a fault where an id stands twice in the batch: it names nothing, so every such row is refused."""
        ids = _text(self.words["id"])
        twice = ids.notna() & ids.duplicated(keep=False)
        self.add(twice, "id '" + ids.fillna("") + "' stands more than once in the batch; expected it once")

    def rejects(self) -> list[Reject]:
        """Return the faulty rows as rejects."""
        bad = self.words[~self.good]
        lines = [None if line is None or pd.isna(line) else int(line) for line in bad["line"]]
        return [Reject(*row) for row in zip(bad["file"], lines, bad["found"], self.reason[bad.index], strict=True)]


def hash_keys(found: pd.Series) -> pd.Series:
    """Return the hash of each text and its ordinal among equals: a key that row order cannot change."""
    digest = found.map(lambda text: hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:16])
    return digest + "-" + (digest.groupby(digest).cumcount() + 1).astype(str)


def _keys(words: pd.DataFrame, good: pd.Series, batch: str) -> pd.Series:
    ids = _text(words["id"])
    keys = hash_keys(words["found"].where(good, ""))
    return batch + "/" + ids.where(ids.notna(), keys)


def _canonical(words: pd.DataFrame) -> pd.Series:
    """Return each row's content as one text: what stood in the payload, not where, nor how it was mapped."""
    parts = [words[field].map(_content) for field in FIELDS if words[field].notna().any()]
    joined = pd.Series("", index=words.index, dtype=object)
    for part in parts:
        joined = joined + part + "\x1f"
    return joined


def _geometry(
    numbers: Mapping[str, pd.Series], polygon: pd.Series, settings: BatchFile
) -> tuple[dict[str, pd.Series], pd.Series]:
    """Return the box as x, y, width, height (from its corners, or around its polygon) and the polygon, both shifted.

    Edges are where the picture's edges are: a box over all of a picture 640 wide has x 0 and width 640.
    `pixels-from-0` counts x2 as the last pixel inside, `pixels-from-1` counts pixels from 1 besides.
    """
    inside = 0.0 if settings.boxes in (None, "edges") else 1.0
    first = 1.0 if settings.boxes == "pixels-from-1" else 0.0
    corners = numbers["x2"].notna()
    box = {
        "x": numbers["x"].where(~corners, numbers["x"] - first),
        "y": numbers["y"].where(~corners, numbers["y"] - first),
        "width": numbers["width"].where(~corners, numbers["x2"] - numbers["x"] + inside),
        "height": numbers["height"].where(~corners, numbers["y2"] - numbers["y"] + inside),
    }
    around = box["x"].isna() & polygon.notna()
    if around.any():
        bounds = pd.DataFrame(
            [_bounds(points) for points in polygon[around]], index=polygon.index[around], columns=_BOX
        )
        box = {side: box[side].where(~around, bounds[side].reindex(polygon.index)) for side in _BOX}
    right, down = settings.shift
    if (right, down) != (0.0, 0.0):
        box["x"], box["y"] = box["x"] + right, box["y"] + down
        polygon = polygon.map(lambda points: None if points is None else _shifted(points, right, down))
    return box, polygon


def _bounds(points: list[float]) -> tuple[float, float, float, float]:
    xs, ys = points[0::2], points[1::2]
    return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)


def _shifted(points: list[float], right: float, down: float) -> list[float]:
    return [value + (down if index % 2 else right) for index, value in enumerate(points)]


def _polygon(value: Any) -> list[float] | None:
    """Return a flat list from a list, a list of points, or either as JSON; None where it is none of these."""
    try:
        points = json.loads(value) if isinstance(value, str) else value
        if points and all(isinstance(point, (list, tuple)) for point in points):
            points = [number for point in points for number in point]
        flat = [float(_number_text(number)) for number in points]
    except (TypeError, ValueError, RecursionError):
        return None
    return flat if len(flat) >= 2 and len(flat) % 2 == 0 and np.isfinite(flat).all() else None


def _attributes(value: Any) -> str | None:
    """Return further properties as a JSON object with sorted keys; other text stands under the key `note`."""
    if value is None:
        return None
    if isinstance(value, str):
        try:
            parsed = json.loads(value)
        except (ValueError, RecursionError):
            parsed = value
        value = parsed if isinstance(parsed, dict) else {"note": value}
    elif not isinstance(value, dict):
        value = {"note": value}
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def _content(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def _text(values: pd.Series) -> pd.Series:
    return values.map(lambda value: None if value is None else _content(value)).astype("str")


def _number_text(value: Any) -> Any:
    """Return what a number is parsed from: yes and no are none, and an integer of any length must not overflow."""
    if isinstance(value, (bool, dict, list)):
        return "no number"
    return str(value).strip() if value is not None else None


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and value != value  # noqa: PLR0124  (NaN is what differs from itself)


def _says(field: str, values: pd.Series, expected: str) -> pd.Series:
    return values.map(lambda value: f"{field} is {_content(value)!r:.60}; expected {expected}")
