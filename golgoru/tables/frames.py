"""Tables on disk and in memory: Parquet that is byte-identical for equal tables, frames with exact types."""

from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from golgoru.core import paths
from golgoru.core.arrays import Integers
from golgoru.core.errors import UserError
from golgoru.core.files import atomic_path
from golgoru.tables.catalogue import TABLES
from golgoru.tables.schema import BYTES, POLYGON, Table

_ROW_GROUP = 1_000_000
_NULLABLE = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
_ARROW = (POLYGON, BYTES)  # numpy has no type for these
_EXTRA_TYPES = (pa.string(), pa.int64(), pa.float64(), pa.bool_())


class SchemaError(Exception):
    """A stage wrote, or a file holds, a table that breaks its schema: a fault of code, not of data."""


def frame(
    name: str, rows: "pd.DataFrame | dict[str, Any] | None" = None, coded: Set[str] = frozenset()
) -> pd.DataFrame:
    """Return `rows` with the columns and dtypes of table `name`; columns that are absent become null.

    The columns `coded`, which hold texts, may stay categories.
    """
    table = TABLES[name]
    data = pd.DataFrame(rows if rows is not None else {})
    fixed = {}
    for column in table.columns:
        values = data[column.name] if column.name in data else pd.Series(None, index=data.index, dtype=object)
        if column.name in coded and isinstance(values.dtype, pd.CategoricalDtype):
            fixed[column.name] = values
            continue
        fixed[column.name] = values.astype(_dtype(column.type, column.nullable or column.name not in data))
    extra = {name: data[name] for name in data if name not in fixed} if table.extra else {}
    return pd.DataFrame(fixed | extra, index=data.index, copy=False)  # pandas copies what is written to later


def read_table(path: Path, name: str, columns: Set[str] | None = None, coded: Set[str] = frozenset()) -> pd.DataFrame:
    """Read table `name` from Parquet, or those of its columns, in the order of the schema.

    The columns `coded`, which hold texts, come as categories, in no particular order. Raises UserError where the file
    is missing, SchemaError where it differs from the schema or lacks a column. Column by column: a table is held once
    while it is read, and not twice.
    """
    schema = TABLES[name]
    try:
        with pq.ParquetFile(path, read_dictionary=sorted(coded)) as file:
            fields = _fields(file.schema_arrow.empty_table(), schema)
            fields = fields if columns is None else _chosen(fields, columns, schema)
            read = {field.name: _read_column(file, field, schema, coded) for field in fields}
            return pd.DataFrame(read, index=pd.RangeIndex(file.metadata.num_rows), copy=False)
    except FileNotFoundError:
        raise UserError(f"{path}: the table is missing; run `dvc repro` (or `dvc pull`)") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise UserError(f"{path}: not a readable Parquet file ({error}); run `dvc repro`") from None


def _chosen(fields: Iterable[pa.Field], columns: Set[str], schema: Table) -> list[pa.Field]:
    chosen = [field for field in fields if field.name in columns]
    if unknown := sorted(columns - {field.name for field in chosen}):
        raise SchemaError(f"table {schema.name}: it has no columns {unknown}")
    return chosen


def _read_column(file: pq.ParquetFile, field: pa.Field, schema: Table, coded: Set[str]) -> pd.Series:
    column = file.read([field.name])[field.name]
    is_coded = field.name in coded and len(column) > 0
    column = column if is_coded else _cast(column, field, schema)
    _check_nulls(column, field, schema)
    return column.to_pandas() if is_coded else _to_series(column, field)


def to_bytes(data: pd.DataFrame, name: str) -> bytes:
    """Return the exact bytes that `write_table` writes."""
    sink = pa.BufferOutputStream()
    _write(data, name, sink)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def write_table(data: pd.DataFrame, path: Path, name: str) -> None:
    """Write `data` as table `name`: canonical columns and rows, no metadata, atomically."""
    with atomic_path(path) as part:
        _write(data, name, part)


def canonical_table(data: pd.DataFrame, name: str) -> pa.Table:
    """Return `data` as an Arrow table in canonical form: the schema's columns and values, rows sorted by key."""
    return pa.concat_tables(_row_groups(data, name))


def _write(data: pd.DataFrame, name: str, where: Any) -> None:
    groups = _row_groups(data, name)
    first = next(groups)
    with pq.ParquetWriter(where, first.schema, compression="zstd", store_schema=False) as writer:
        for group in chain([first], groups):
            writer.write_table(group, _ROW_GROUP)


def _row_groups(data: pd.DataFrame, name: str) -> Iterator[pa.Table]:
    """Yield `data` in canonical form, `_ROW_GROUP` rows at a time; of no rows, one table without rows.

    What is copied, cast and sorted is one row group: the frame itself is not held twice.
    """
    schema = TABLES[name]
    table = pa.table({str(column): pa.array(values, from_pandas=True) for column, values in data.items()})
    fields = _fields(table, schema)
    table = table.select([field.name for field in fields])
    for field in fields:
        _check_nulls(table[field.name], field, schema)
    _check_values(table, schema)
    order = _order(table, schema)
    if order is not None:
        table = table.combine_chunks()  # else every group would put them together for itself
    for start in range(0, max(len(table), 1), _ROW_GROUP):
        rows = slice(start, start + _ROW_GROUP)
        yield _conform(table[rows].combine_chunks() if order is None else table.take(order[rows]), fields, schema)


def _order(table: pa.Table, schema: Table) -> pa.Array | None:
    """Return the positions of the rows sorted by key; None where they are. Raises SchemaError for a key given twice."""
    keys = [
        pc.dictionary_decode(table[name]) if pa.types.is_dictionary(table[name].type) else table[name]
        for name in schema.key
    ]
    if _is_increasing(keys):
        return None
    keys = [key.combine_chunks() for key in keys]
    by_key = pa.table(dict(zip(schema.key, keys, strict=True)))
    order = pc.sort_indices(by_key, sort_keys=[(name, "ascending") for name in schema.key])
    for start in range(0, len(order), _ROW_GROUP):  # each with the first row of the next
        if not _is_increasing([key.take(order[start : start + _ROW_GROUP + 1]) for key in keys]):
            raise SchemaError(f"table {schema.name}: key {', '.join(schema.key)} is not unique")
    return order


def _is_increasing(keys: Sequence[pa.ChunkedArray]) -> bool:
    """Return whether each row's key comes after the key of the row before, nulls last; so that none stands twice."""
    later, same = pa.scalar(False), pa.scalar(True)
    for key in keys:
        before, after = key[:-1], key[1:]
        ends = pc.and_(pc.is_valid(before), pc.is_null(after))
        greater = pc.or_(pc.fill_null(pc.less(before, after), False), ends)
        both_null = pc.and_(pc.is_null(before), pc.is_null(after))
        later = pc.or_(later, pc.and_(same, greater))
        same = pc.and_(same, pc.or_(pc.fill_null(pc.equal(before, after), False), both_null))
    increasing: bool = pc.all(later, min_count=0).as_py()
    return increasing


def _conform(table: pa.Table, fields: Sequence[pa.Field], schema: Table) -> pa.Table:
    """Return `table` with the types of the fields."""
    arrays = [_cast(table[field.name], field, schema) for field in fields]
    # Nullability is checked before, and costs bytes here.
    return pa.Table.from_arrays(arrays, schema=pa.schema([pa.field(field.name, field.type) for field in fields]))


def _check_values(table: pa.Table, schema: Table) -> None:
    """Raise SchemaError where a column holds a value that its vocabulary does not have."""
    for column in schema.columns:
        strangers = set(pc.unique(table[column.name]).to_pylist()) - {*column.values, None} if column.values else set()
        if strangers:
            raise SchemaError(f"table {schema.name}, column {column.name}: {min(strangers)!r} is none of its values")


def _fields(table: pa.Table, schema: Table) -> list[pa.Field]:
    """Return the fields that a table is to have: the schema's, and where it allows more, those of the table."""
    expected = schema.schema()
    missing = [column for column in expected.names if column not in table.column_names]
    extra = sorted(column for column in table.column_names if column not in expected.names)
    if missing or (extra and not schema.extra):
        raise SchemaError(f"table {schema.name}: missing columns {missing}, unknown columns {extra}")
    return [*expected, *(_extra_field(table, column) for column in extra)]


def _cast(column: pa.ChunkedArray, field: pa.Field, schema: Table) -> pa.ChunkedArray:
    try:
        column = column if column.type == field.type else column.cast(field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise SchemaError(f"table {schema.name}, column {field.name}: {error}") from None
    return column


def _check_nulls(column: pa.ChunkedArray, field: pa.Field, schema: Table) -> None:
    if not field.nullable and column.null_count:
        raise SchemaError(f"table {schema.name}, column {field.name}: {column.null_count} nulls")


def _to_series(column: pa.ChunkedArray, field: pa.Field) -> pd.Series:
    """Return a column as numpy types, or as pandas' nullable ones where it may be null."""
    if not len(column):  # from Arrow's it would have no chunk at all, and two such columns of texts cannot be joined
        empty: pd.Series = pd.Series([], dtype=_dtype(field.type, field.nullable))
        return empty
    if field.type in _ARROW:
        return pd.Series(pd.arrays.ArrowExtensionArray(column))
    values: pd.Series = column.to_pandas().astype(_dtype(field.type, field.nullable))
    return values


def _extra_field(table: pa.Table, column: str) -> pa.Field:
    kind = table[column].type
    if kind in (pa.large_string(), pa.null(), pa.string_view()):
        kind = pa.string()
    if kind not in _EXTRA_TYPES:
        raise SchemaError(f"column {column}: type {kind} is none of {', '.join(map(str, _EXTRA_TYPES))}")
    return pa.field(column, kind)


def _dtype(kind: pa.DataType, nullable: bool) -> Any:
    if kind in _ARROW:
        return pd.ArrowDtype(kind)
    if pa.types.is_string(kind):
        return "str"
    if pa.types.is_timestamp(kind):
        return "datetime64[us, UTC]"
    if nullable and kind in _NULLABLE:
        return _NULLABLE[kind]
    return kind.to_pandas_dtype()


def concat(frames: Iterable[pd.DataFrame], name: str) -> pd.DataFrame:
    """Return the frames of table `name` one below the other; none gives an empty table."""
    parts = [part for part in frames if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else frame(name)


def as_texts(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with texts where they hold categories of texts."""
    coded = [name for name in rows if isinstance(rows[name].dtype, pd.CategoricalDtype)]
    return rows.astype(dict.fromkeys(coded, "str")) if coded else rows


def is_in(texts: "pd.Series | pd.Index", others: "pd.Series | pd.Index") -> pd.Series:
    """Return which of `texts` stand among `others`; a null never does. The index is that of `texts`.

    pandas 3.0's own `isin` makes a Python object of every other text first: 14 times as long for a million.
    """
    left, right = (pa.array(values.astype("str").array) for values in (texts, others))
    found = pc.is_in(left, value_set=right, skip_nulls=True)
    index = texts.index if isinstance(texts, pd.Series) else texts
    return pd.Series(found.to_numpy(zero_copy_only=False), index=index)


def table_name(argument: str) -> str:
    """Return the table that an argument or field stands for: `release_train` is table `release/train`."""
    return argument.replace("release_", "release/", 1) if argument.startswith("release_") else argument


def table_path(argument: str) -> Path:
    """Return where the table of an argument or field lies."""
    return paths.DATA / f"{table_name(argument)}.parquet"


def positions(texts: pd.Series, among: pd.Series) -> Integers:
    """Return where each text stands in `among` (which holds each once); -1 where it does not."""
    left, right = (pa.array(values.astype("str").array) for values in (texts, among))
    found = pc.fill_null(pc.index_in(left, value_set=right, skip_nulls=True), -1)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.int64)
