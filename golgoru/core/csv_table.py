"""CSV files that people write: any delimiter and encoding, broken rows told with their line."""

import codecs
import csv
import itertools
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, TextIO

import pandas as pd

_BLOCK = 1 << 20  # bytes
_ROWS_AT_ONCE = 1_000
_LONGEST_FIELD = 10_000_000


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


def open_text(path: Path, newline: str = "") -> TextIO:
    """Open a UTF-8 file whose text is too long to be held. Raises ValueError as `read_text` does, before it opens."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        read_text(path)  # says where
    return path.open(encoding="utf-8-sig", newline=newline)


class CsvTable(NamedTuple):
    """Rows of a file as texts (empty is None), the line where each begins, and the lines that are no rows."""

    rows: pd.DataFrame
    lines: list[int]
    rejects: list[Reject]


class _Row(NamedTuple):
    line: int
    values: list[str]


def read_csv_table(name: str, path: Path) -> CsvTable:
    """Return all rows of a file. Raises ValueError."""
    (table,) = read_csv_slices(name, path, sys.maxsize)
    return table


def read_csv_slices(name: str, path: Path, size: int) -> Iterator[CsvTable]:
    """Yield the rows of a file in tables of at most `size` rows, one table at least. Raises ValueError."""
    with open_text(path) as text:
        records = _records(name, text, delimiter_of(path))
        table = _Columns()
        is_first = True
        # A list for each of many rows would keep Python's garbage collector busy: few are held at a time.
        while rows := list(itertools.islice(records, min(size - len(table.lines), _ROWS_AT_ONCE))):
            table.add(rows)
            if len(table.lines) >= size:
                yield table.take()
                is_first = False
        if is_first or table.lines or table.rejects:
            yield table.take()


def delimiter_of(path: Path) -> str:
    """Return what separates the values of a file, by its suffix: a tab for .tsv, else a comma."""
    return "\t" if path.suffix.lower() == ".tsv" else ","


class _Columns:
    """Rows that are collected by column: the first row is the header, and stays when the others are taken."""

    def __init__(self) -> None:
        self.lines: list[int] = []
        self.rejects: list[Reject] = []
        self._texts: dict[str, list[str | None]] = {}

    def add(self, records: list[_Row | Reject]) -> None:
        """Add rows and rejects. Raises ValueError where the header names a column twice."""
        rows = [record for record in records if isinstance(record, _Row)]
        self.rejects += [record for record in records if isinstance(record, Reject)]
        if rows and not self._texts:
            names = [cell.strip() for cell in rows.pop(0).values]
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise ValueError(f"column names used twice: {', '.join(twice)}")
            self._texts = {name: [] for name in names}
        self.lines += [row.line for row in rows]
        for texts, column in zip(self._texts.values(), zip(*(row.values for row in rows), strict=True), strict=False):
            texts += [text or None for text in column]

    def take(self) -> CsvTable:
        """Return the rows that were added since the last call."""
        table = CsvTable(pd.DataFrame(self._texts, dtype=object), self.lines, self.rejects)
        self.lines, self.rejects, self._texts = [], [], {name: [] for name in self._texts}
        return table


def _records(name: str, text: Iterable[str], delimiter: str) -> Iterator[_Row | Reject]:
    """Yield every row as wide as the header, which is the first; what is no row, by the line where it begins.

    A stray quote takes in lines up to the next one: it costs its own line, and reading resumes behind that.
    """
    csv.field_size_limit(_LONGEST_FIELD)
    lines = _Lines(text)
    width: int | None = None
    while True:
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        values: list[str] | None = None
        try:
            for values in reader:
                first, taken = lines.record[0], len(lines.record)
                is_blank = taken == 1 and not first.strip()
                if values and len(values) == (width or len(values)) and not (is_blank and width is None):
                    width = len(values)
                    yield _Row(lines.number, values)
                elif not is_blank:
                    yield _no_row(name, lines.number, first, f"{len(values)} values", width)
                    if taken > 1:
                        break
                lines.end_record()
            else:
                return
        except csv.Error:
            if lines.record[0].strip():
                yield _no_row(name, lines.number, lines.record[0], "a stray quote", width)
        lines.resume_behind_first()


class _Lines:
    """The lines of a text. `record`: those taken since the last record ended; the first of them is line `number`."""

    def __init__(self, text: Iterable[str]) -> None:
        self.number = 1
        self.record: list[str] = []
        self._text = iter(text)
        self._again: deque[str] = deque()

    def __iter__(self) -> Iterator[str]:
        while True:
            line = self._again.popleft() if self._again else next(self._text, None)
            if line is None:
                return
            self.record.append(line)
            yield line

    def end_record(self) -> None:
        self.number += len(self.record)
        self.record.clear()

    def resume_behind_first(self) -> None:
        """Give all lines of the record but the first once more."""
        self._again.extendleft(reversed(self.record[1:]))
        del self.record[1:]
        self.end_record()


def _no_row(name: str, line: int, first: str, found: str, width: int | None) -> Reject:
    content = first.rstrip("\r\n")
    expected = "a header" if width is None else f"{width} values"
    return Reject(name, line, content, f"found {found}, expected {expected}: {content:.60}")
