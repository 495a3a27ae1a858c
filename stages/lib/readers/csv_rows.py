"""CSV (and TSV): a header, then one row per image or per object."""

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from stages.lib.batches import FIELDS, Batch
from stages.lib.readers.raw import Raw, Reject, each_file, empty, read_text

SUFFIXES = (".csv", ".tsv")
_LONGEST_FIELD = 10_000_000


class _Row(NamedTuple):
    line: int
    values: list[str]


def read(batch: Batch, images: list[str]) -> Raw:
    """Return the rows of every CSV file of the payload."""
    del images  # the rows name them
    return each_file(batch.payload, SUFFIXES, lambda name, path: read_file(name, path, batch.settings.columns))


def read_file(name: str, path: Path, columns: Mapping[str, str]) -> Raw:
    """Return one file's rows. `columns` maps our names to the file's; others keep their own. Raises ValueError."""
    table, lines, rejects = read_table(name, path)
    if not len(table.columns):
        return Raw(empty(), rejects)
    header = list(table.columns)
    taken = fields_of(header, columns)
    words = pd.DataFrame({field: table[column] for field, column in taken.items()}, dtype=object)
    words["file"], words["line"] = name, lines
    return Raw(words, rejects, tuple(column for column in header if column not in taken.values()))


def read_table(name: str, path: Path) -> tuple[pd.DataFrame, list[int], list[Reject]]:
    """Return a file's rows as text (empty is None), their lines, and the lines that are no rows. Raises ValueError."""
    lines = list(io.StringIO(read_text(path), newline=""))
    rows, rejects = _split(name, lines, "\t" if path.suffix.lower() == ".tsv" else ",")
    if not rows:
        return pd.DataFrame(), [], rejects
    header = [cell.strip() for cell in rows[0].values]
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise ValueError(f"column names used twice: {', '.join(twice)}")
    table = pd.DataFrame([row.values for row in rows[1:]], columns=header, dtype=object)
    return table.where(table != "", None), [row.line for row in rows[1:]], rejects


def fields_of(header: list[str], columns: Mapping[str, str]) -> dict[str, str]:
    """Return which column of `header` stands for which of FIELDS. Raises ValueError where one is missing."""
    taken = {field: columns.get(field, field) for field in FIELDS}
    missing = [column for field, column in taken.items() if field in columns and column not in header]
    missing += [taken["image"]] if taken["image"] not in header and "image" not in columns else []
    if missing:
        raise ValueError(
            f"no column '{missing[0]}'; found {', '.join(header)}; say under 'columns' of batch.yaml which one it is"
        )
    renamed = set(columns.values())
    return {f: c for f, c in taken.items() if c in header and (f in columns or c not in renamed)}


def _split(name: str, lines: list[str], delimiter: str) -> tuple[list[_Row], list[Reject]]:
    """Split lines into rows as wide as the header. A stray quote costs its own line, not the rest of the file."""
    rows: list[_Row] = []
    rejects: list[Reject] = []
    start = 0
    while start < len(lines):
        resume = len(lines)
        for line, values, end in _rows(lines, start, delimiter):
            blank = end == line + 1 and not lines[line].strip()
            if blank and (not rows or not values):
                continue
            if values is not None and (not rows or len(values) == len(rows[0].values)):
                rows.append(_Row(line + 1, values))
            elif not blank:
                found = lines[line].rstrip("\r\n")
                width = "a stray quote" if values is None else f"{len(values)} values"
                error = (
                    f"found {width}, expected {f'{len(rows[0].values)} values' if rows else 'a header'}: {found:.60}"
                )
                rejects.append(Reject(name, line + 1, found, error))
                if end > line + 1 or values is None:
                    resume = line + 1
                    break
        start = resume
    return rows, rejects


def _rows(lines: list[str], start: int, delimiter: str) -> Iterator[tuple[int, list[str] | None, int]]:
    """Yield (first line, values, line behind the last) from `start`; values are None where quoting is broken."""
    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader((lines[number] for number in range(start, len(lines))), delimiter=delimiter, strict=True)
    end = start
    while True:
        line = end
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield line, None, start + reader.line_num
            return
        end = start + reader.line_num
        yield line, values, end
