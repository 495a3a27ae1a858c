"""Single values of a payload, which may be of any type a format knows: as text, as polygon, as attributes."""

import json
import math
from datetime import date
from typing import Any

import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from golgoru.core.numbers import parse_number
from golgoru.formats.jsonl_rows import parse_json_object

Cells = NDArray[Any]  # one column of a payload, as Python objects


def is_nan(value: Any) -> bool:
    """Return whether a value is NaN, which float columns of Parquet hold where a value is missing."""
    return isinstance(value, float) and math.isnan(value)


def value_text(value: Any) -> str:
    """Return a value as one text: a text as it is, a date as ISO 8601, what JSON knows as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, date):  # a time is one, too
        return value.isoformat()
    if type(value) is float and math.isfinite(value):
        return repr(value)  # as JSON has it
    if not isinstance(value, (bool, int, float, list, dict)):
        return str(value)
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def kind_of_cells(cells: Cells) -> str:
    """Return pandas' name of the type that all given cells have; `empty` where none is given."""
    return str(pd.api.types.infer_dtype(cells, skipna=True))


def text_column(cells: Cells) -> pd.Series:
    """Return a column as texts, null where there is none."""
    values: Any = cells  # of a column of texts, as CSV files have alone, no value needs a look
    if kind_of_cells(cells) not in ("string", "empty"):
        values = [None if value is None or is_nan(value) else value_text(value) for value in cells]
    texts: pd.Series = pa.array(values, pa.large_string(), from_pandas=True).to_pandas()
    return texts


def parse_polygon(value: Any) -> list[float] | None:
    """Return a flat list from a list, a list of points, or either as JSON; None where it is none of these."""
    try:
        points = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return None
    if not isinstance(points, list):
        return None
    if all(isinstance(point, (list, tuple)) for point in points):
        points = [coordinate for point in points for coordinate in point]
    flat = [parse_number(coordinate) for coordinate in points]
    whole = [coordinate for coordinate in flat if coordinate is not None]
    return whole if len(whole) == len(flat) and len(flat) >= 2 and len(flat) % 2 == 0 else None


def attributes_json(value: Any) -> str | None:
    """Return further properties as a JSON object with sorted keys; any other text goes under the key `note`."""
    if value is None or is_nan(value):
        return None
    if isinstance(value, str):
        try:
            value = parse_json_object(value)
        except (ValueError, RecursionError):
            value = {"note": value}
    elif not isinstance(value, dict):
        value = {"note": value}
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
