"""The predictions of a team's own models, read from data/raw/predictions/NAME/payload.

Parquet: columns image, label, confidence; for boxes x, y, width, height; for the probabilities of several classes one
column `p:CLASS` each. COCO results: [{image_id, category_id, bbox, score}, ...], and beside them a JSON file with
`images` and `categories`, which names the ids.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from golgoru.annotations.image_names import ImageNames
from golgoru.core.errors import UserError
from golgoru.geometry.boxes import BOX_COLUMNS
from golgoru.raw.external_predictions import ExternalPredictions

PROBABILITY_PREFIX = "p:"
_COLUMNS = ["image", "label", "confidence", *BOX_COLUMNS]
_COCO_KEYS = ("image_id", "category_id", "score")


class ReadPredictions(NamedTuple):
    """`rows`: image, label, confidence, x, y, width, height, p:CLASS, ...; `left_out`: rows not used, per reason."""

    rows: pd.DataFrame
    left_out: dict[str, int]


def read_predictions(model: ExternalPredictions, images: Sequence[str], classes: Sequence[str]) -> ReadPredictions:
    """Return a model's predictions on the images of the dataset. Raises UserError where the payload is unreadable."""
    suffix, read = {"parquet": (".parquet", _read_parquet), "coco": (".json", _read_coco)}[model.settings.format]
    files = sorted(model.payload.rglob(f"*{suffix}")) if model.payload.exists() else []
    if not files:
        raise UserError(f"{model.payload}: no {suffix} file; run `dvc pull`, or put the model's output there")
    rows = read(files)
    rows["label"] = rows["label"].map(lambda name: model.settings.classes.get(name, name))
    class_names = {column: column.removeprefix(PROBABILITY_PREFIX) for column in _probability_columns(rows)}
    rows = rows.rename(columns={
        column: PROBABILITY_PREFIX + model.settings.classes.get(name, name) for column, name in class_names.items()
    })  # fmt: skip
    rows = _with_most_probable_class(rows, classes)
    rows["image"] = ImageNames(images).resolve(rows["image"].fillna("").astype("str"), model.settings)
    return _usable_rows(rows, images, classes)


def _probability_columns(rows: pd.DataFrame) -> list[str]:
    return [column for column in map(str, rows) if column.startswith(PROBABILITY_PREFIX)]


def _usable_rows(rows: pd.DataFrame, images: Sequence[str], classes: Sequence[str]) -> ReadPredictions:
    """Leave out the rows that are not about this dataset or not valid, and count them by reason."""
    probabilities = rows[_probability_columns(rows)].apply(pd.to_numeric, errors="coerce").to_numpy(float)
    boxes = rows[BOX_COLUMNS].apply(pd.to_numeric, errors="coerce")
    confidence = pd.to_numeric(rows["confidence"], errors="coerce")
    no_box = rows[BOX_COLUMNS].isna().all(axis=1)
    faults = {
        "unknown image": ~rows["image"].isin(set(images)),
        "unknown class": ~rows["label"].isin(set(classes)),
        "confidence not a number from 0 to 1": ~confidence.between(0, 1),
        "probabilities not numbers from 0 to 1": ~((probabilities >= 0) & (probabilities <= 1)).all(axis=1),
        "box without an area": ~no_box
        & ~((boxes[["width", "height"]] > 0).all(axis=1) & np.isfinite(boxes).all(axis=1)),
    }
    reason = pd.Series(np.select(list(faults.values()), list(faults), default=""), index=rows.index)
    count = reason[reason != ""].value_counts().sort_index()
    kept = rows.assign(confidence=confidence, **{side: boxes[side] for side in BOX_COLUMNS})[reason == ""]
    return ReadPredictions(kept.reset_index(drop=True), {str(name): int(number) for name, number in count.items()})


def _with_most_probable_class(rows: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Fill in label and confidence from the probabilities where a model gives only these."""
    names = [name for name in classes if PROBABILITY_PREFIX + name in rows]
    if not names or rows["label"].notna().all():
        return rows
    values = rows[[PROBABILITY_PREFIX + name for name in names]].apply(pd.to_numeric, errors="coerce").to_numpy(float)
    comparable = np.where(np.isnan(values), -1.0, values)
    label = pd.Series(np.array(names, dtype=object)[comparable.argmax(axis=1)], index=rows.index)
    confidence = pd.Series(comparable.max(axis=1), index=rows.index).where(~np.isnan(values).any(axis=1))
    empty = rows["label"].isna()
    return rows.assign(label=rows["label"].mask(empty, label), confidence=rows["confidence"].mask(empty, confidence))


def _read_parquet(files: Sequence[Path]) -> pd.DataFrame:
    parts = []
    for file in files:
        try:
            rows = pq.ParquetFile(file).read().to_pandas()
        except (pa.ArrowException, OSError, ValueError) as error:
            raise UserError(f"{file}: not a readable Parquet file: {str(error).splitlines()[0]}") from None
        complete = _probability_columns(rows) or {"label", "confidence"} <= set(rows)
        if "image" not in rows or not complete:
            columns = ", ".join(map(str, rows.columns)) or "none"
            raise UserError(f"{file}: expected the columns image, label and confidence, or p:CLASS; found {columns}")
        parts.append(rows)
    rows = pd.concat(parts, ignore_index=True)
    absent = {field: None for field in _COLUMNS if field not in rows}
    filled: pd.DataFrame = rows.assign(**absent).astype({"image": object})
    return filled


def _read_coco(files: Sequence[Path]) -> pd.DataFrame:
    results: list[Any] = []
    images: dict[Any, str] = {}
    categories: dict[Any, str] = {}
    for file in files:
        try:
            content = json.loads(file.read_text("utf-8"))
            if isinstance(content, dict):
                images |= {entry["id"]: str(entry["file_name"]) for entry in content["images"]}
                categories |= {entry["id"]: str(entry["name"]) for entry in content["categories"]}
            else:
                results += [(*(entry[key] for key in _COCO_KEYS), *_coco_box(entry.get("bbox"))) for entry in content]
        except (ValueError, RecursionError, LookupError, TypeError, AttributeError) as error:
            raise UserError(
                f"{file}: expected COCO results, a list of image_id, category_id, bbox and score, or a file with "
                f"images and categories: {type(error).__name__} {str(error)[:80]}"
            ) from None
    rows = pd.DataFrame(results, columns=["image", "label", "confidence", *BOX_COLUMNS], dtype=object)
    rows["image"] = [images.get(_coco_id(number), str(number)) for number in rows["image"]]
    rows["label"] = [categories.get(_coco_id(number), str(number)) for number in rows["label"]]
    return rows


def _coco_box(box: Any) -> tuple[Any, ...]:
    return (None,) * 4 if box is None else tuple(box[place] for place in range(4))


def _coco_id(value: Any) -> Any:
    return value if isinstance(value, (int, str)) else str(value)
