"""An Arrow column as plain Python values, by its type: a whole column at a time."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_UTC = (None, "UTC", "+00:00")
_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000}
# What a date of Python can hold, in seconds since 1970: from year 1, before year 10,000.
_FIRST, _BEHIND_LAST = (int(np.datetime64(day, "s").astype(np.int64)) for day in ("0001-01-01", "10000-01-01"))


def plain_values(column: pa.Array, times_as_text: bool) -> NDArray[Any]:
    """Return the cells as Python objects: None for a null and for an empty text; a float NaN stays NaN.

    `times_as_text`: a time is the text that its `isoformat` gives. Raises UnicodeDecodeError, pa.ArrowException,
    ValueError or OverflowError where a cell is no value of Python's.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        return plain_values(column.dictionary_decode(), times_as_text)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):  # some writers leave it unsaid that it is text
        column, kind = column.cast(pa.string()), pa.string()
    if pa.types.is_timestamp(kind) and times_as_text and _has_plain_iso_form(column):
        column, kind = _iso_texts(column), pa.string()
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _texts(column)
    if pa.types.is_integer(kind) or pa.types.is_float32(kind) or pa.types.is_float64(kind):
        values: NDArray[Any] = column.fill_null(0).to_numpy(zero_copy_only=False).astype(object)
        values[column.is_null().to_numpy(zero_copy_only=False)] = None
        return values
    values = np.empty(len(column), dtype=object)
    values[:] = [None if value == "" else value for value in column.to_pylist()]
    return values


def _texts(column: pa.Array) -> NDArray[Any]:
    try:
        values: NDArray[Any] = column.to_numpy(zero_copy_only=False)
    except pa.ArrowException:
        column.to_pylist()  # raises UnicodeDecodeError where that is the reason
        raise
    values[values == ""] = None
    return values


def _has_plain_iso_form(times: pa.Array) -> bool:
    """Return whether all are dates of Python, without nanoseconds, in UTC or without a zone."""
    if times.type.unit not in _PER_SECOND or times.type.tz not in _UTC:
        return False
    bounds, second = pc.min_max(times.cast(pa.int64())).as_py(), _PER_SECOND[times.type.unit]
    return bounds["min"] is None or (bounds["min"] >= _FIRST * second and bounds["max"] < _BEHIND_LAST * second)


def _iso_texts(times: pa.Array) -> pa.Array:
    """Return what `isoformat` gives: fractions of a second where there are any, the zone where it is known."""
    zone = "" if times.type.tz is None else "+00:00"
    text = pc.replace_substring(times.cast(pa.timestamp("us")).cast(pa.string()), " ", "T")
    whole = pc.binary_join_element_wise(pc.utf8_slice_codeunits(text, 0, len("2026-01-02T03:04:05")), zone, "")
    return pc.if_else(pc.ends_with(text, ".000000"), whole, pc.binary_join_element_wise(text, zone, ""))
