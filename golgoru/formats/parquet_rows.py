"""Parquet: one row per image or per object."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from golgoru.formats.payload import Payload, columns_of_fields, read_each_file
from golgoru.raw.batches import Batch

SUFFIXES = (".parquet",)
_BYTES = (pa.binary(), pa.large_binary())


def read(batch: Batch, images: list[str]) -> Payload:
    """Return the rows of every Parquet file of the payload."""
    del images  # the rows name them
    return read_each_file(batch.payload, SUFFIXES, lambda name, path: read_file(name, path, batch.settings.columns))


def read_file(name: str, path: Path, columns: Mapping[str, str]) -> Payload:
    """Return one file's rows; `line` counts rows from 1. Raises ValueError where it is no readable Parquet file."""
    try:
        table = pq.ParquetFile(path).read()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise ValueError(f"not a readable Parquet file: {str(error).splitlines()[0]}") from None
    twice = sorted({column for column in table.column_names if table.column_names.count(column) > 1})
    if twice:
        raise ValueError(f"column names used twice: {', '.join(twice)}")
    taken = columns_of_fields(table.column_names, columns)
    words = pd.DataFrame(
        {field: _python_values(table[column], column) for field, column in taken.items()}, dtype=object
    )
    words["file"], words["line"] = name, range(1, len(words) + 1)
    return Payload(words, [], tuple(column for column in table.column_names if column not in taken.values()))


def _python_values(column: pa.ChunkedArray, name: str) -> "pd.Series[Any]":
    """Return plain Python values. A float NaN, which Parquet tells from null, stays NaN: it is refused as a number."""
    try:
        # Some writers leave it unsaid that their bytes are text.
        values = (column.cast(pa.string()) if column.type in _BYTES else column).to_pylist()
    except UnicodeDecodeError:
        raise ValueError(f"column {name}: not UTF-8 text") from None
    except (pa.ArrowException, ValueError, OverflowError) as error:
        raise ValueError(f"column {name}: {str(error).splitlines()[0]}") from None
    return pd.Series([None if value == "" else value for value in values], dtype=object)
