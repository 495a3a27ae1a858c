"""CSV files that people write: any delimiter and encoding, broken rows told with their line."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd


class Reject(NamedTuple):
    """A file, or one line of it, that could not be read. `content`: what was written there; it makes the key."""

    file: str
    line: int | None
    content: str
    error: str


def read_text(path: Path) -> str:
    """Return a UTF-8 file's text, without byte order mark. Raises ValueError that says what is wrong."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 text (byte {error.start}); save it as UTF-8") from None


_LONGEST_FIELD = 10_000_000


class _Row(NamedTuple):
    line: int
    values: list[str]


def read_csv_table(name: str, path: Path) -> tuple[pd.DataFrame, list[int], list[Reject]]:
    """Return a file's rows as text (empty is None), their lines, and the lines that are no rows. Raises ValueError."""
    lines = list(io.StringIO(read_text(path), newline=""))
    rows, rejects = _split_rows(name, lines, delimiter_of(path))
    if not rows:
        return pd.DataFrame(), [], rejects
    header = [cell.strip() for cell in rows[0].values]
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise ValueError(f"column names used twice: {', '.join(twice)}")
    table = pd.DataFrame([row.values for row in rows[1:]], columns=header, dtype=object)
    return table.where(table != "", None), [row.line for row in rows[1:]], rejects


def delimiter_of(path: Path) -> str:
    """Return what separates the values of a file, by its suffix: a tab for .tsv, else a comma."""
    return "\t" if path.suffix.lower() == ".tsv" else ","


def _split_rows(name: str, lines: list[str], delimiter: str) -> tuple[list[_Row], list[Reject]]:
    """Split lines into rows as wide as the header. A stray quote costs its own line, not the rest of the file."""
    rows: list[_Row] = []
    rejects: list[Reject] = []
    start = 0
    while start < len(lines):
        resume = len(lines)
        for line, values, end in _records(lines, start, delimiter):
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


def _records(lines: list[str], start: int, delimiter: str) -> Iterator[tuple[int, list[str] | None, int]]:
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
