"""Parquet: one row per image or per object."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from golgoru.formats.files import SourceFile, detect_by_suffix
from golgoru.formats.payload import Payload, columns_of_fields, read_each_file
from golgoru.formats.record import FORMAT_KEYS, Format, PayloadSettings

_SUFFIXES = (".parquet",)
_BYTES = (pa.binary(), pa.large_binary())


def detect(files: Sequence[SourceFile]) -> str | None:
    """Return that there are files with the suffix."""
    return detect_by_suffix(files, _SUFFIXES)


def read(payload: Path, settings: PayloadSettings, images: Sequence[str]) -> Payload:
    """Return the rows of every Parquet file of the payload."""
    del images  # the rows name them
    return read_each_file(payload, _SUFFIXES, lambda name, path: read_file(name, path, settings.columns))


def read_file(name: str, path: Path, columns: Mapping[str, str]) -> Payload:
    """Return one file's rows; `line` counts rows from 1. Raises ValueError where it is no readable Parquet file."""
    try:
        table = pq.ParquetFile(path).read()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise ValueError(f"not a readable Parquet file: {str(error).splitlines()[0]}") from None
    twice = sorted({column for column in table.column_names if table.column_names.count(column) > 1})
    if twice:
        raise ValueError(f"column names used twice: {', '.join(twice)}")
    column_of = columns_of_fields(table.column_names, columns)
    rows = pd.DataFrame(
        {field: _python_values(table[column], column) for field, column in column_of.items()}, dtype=object
    )
    rows["file"], rows["line"] = name, range(1, len(rows) + 1)
    return Payload(rows, [], tuple(column for column in table.column_names if column not in column_of.values()))


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


FORMAT = Format("parquet", _SUFFIXES, detect, read, allowed_keys=FORMAT_KEYS)
