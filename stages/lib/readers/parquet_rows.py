"""Parquet: one row per image or per object."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from stages.lib.batches import Batch
from stages.lib.readers.csv_rows import fields_of
from stages.lib.readers.raw import Raw, each_file

SUFFIXES = (".parquet",)


def read(batch: Batch, images: list[str]) -> Raw:
    """Return the rows of every Parquet file of the payload."""
    del images  # the rows name them
    return each_file(batch.payload, SUFFIXES, lambda name, path: read_file(name, path, batch.settings.columns))


def read_file(name: str, path: Path, columns: Mapping[str, str]) -> Raw:
    """Return one file's rows; `line` counts rows from 1. Raises ValueError where it is no readable Parquet file."""
    try:
        table = pq.ParquetFile(path).read()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise ValueError(f"not a readable Parquet file: {str(error).splitlines()[0]}") from None
    taken = fields_of(table.column_names, columns)
    words = pd.DataFrame({field: _objects(table[column]) for field, column in taken.items()}, dtype=object)
    words["file"], words["line"] = name, range(1, len(words) + 1)
    return Raw(words, [], tuple(column for column in table.column_names if column not in taken.values()))


def _objects(column: pa.ChunkedArray) -> "pd.Series[Any]":
    """Return plain Python values; a float NaN, which Parquet tells from null, stays NaN and is refused later."""
    values = column.to_pylist()
    return pd.Series([None if value == "" else value for value in values], dtype=object)
