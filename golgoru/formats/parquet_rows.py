"""Parquet: one row per image or per object."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from golgoru.core.arrow_values import plain_values
from golgoru.formats.files import SourceFile, detect_by_suffix
from golgoru.formats.payload import Payload, columns_of_fields, read_each_table
from golgoru.formats.record import FORMAT_KEYS, Format, PayloadSettings

_SUFFIXES = (".parquet",)


def detect(files: Sequence[SourceFile]) -> str | None:
    """Return that there are files with the suffix."""
    return detect_by_suffix(files, _SUFFIXES)


def read(payload: Path, settings: PayloadSettings, images: Sequence[str]) -> Iterator[Payload]:
    """Yield the rows of every Parquet file of the payload."""
    del images  # the rows name them
    return read_each_table(payload, _SUFFIXES, lambda name, path, size: read_file(name, path, settings.columns, size))


def read_file(name: str, path: Path, columns: Mapping[str, str], size: int) -> Iterator[Payload]:
    """Yield one file's rows, at most `size` at a time; `line` counts them from 1.

    `columns` maps our names to the file's; others keep their own. Raises ValueError where it is no readable Parquet
    file.
    """
    with _raising_value_errors(), pq.ParquetFile(path) as file:
        header = file.schema_arrow.names
        twice = sorted({column for column in header if header.count(column) > 1})
        if twice:
            raise ValueError(f"column names used twice: {', '.join(twice)}")
        column_of = columns_of_fields(header, columns)
        unused = tuple(column for column in header if column not in column_of.values())
        line = 1
        for batch in file.iter_batches(size, columns=list(set(column_of.values()))):
            cells = {field: _cells(batch[column], column, field) for field, column in column_of.items()}
            lines = range(line, line := line + len(batch))
            yield Payload(pd.DataFrame({**cells, "file": name, "line": lines}, dtype=object), [], unused)


@contextmanager
def _raising_value_errors() -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"not a readable Parquet file: {str(error).splitlines()[0]}") from None


def _cells(column: pa.Array, name: str, field: str) -> NDArray[Any]:
    """Return plain Python values. A float NaN, which Parquet tells from null, stays NaN: it is refused as a number."""
    try:
        return plain_values(column, times_as_text=field != "attributes")  # JSON has a form of its own for a time
    except UnicodeDecodeError:
        raise ValueError(f"column {name}: not UTF-8 text") from None
    except (pa.ArrowException, ValueError, OverflowError) as error:
        raise ValueError(f"column {name}: {str(error).splitlines()[0]}") from None


FORMAT = Format("parquet", _SUFFIXES, detect, read, allowed_keys=FORMAT_KEYS)
