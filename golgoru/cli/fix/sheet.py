"""The sheet in which people decide: a CSV for Excel and LibreOffice, read back in whatever dialect they saved it."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from golgoru.core.csv_table import read_text
from golgoru.core.errors import UserError
from golgoru.geometry.boxes import BOX_COLUMNS

# In the order of the sheet; people fill in those after the reason.
COLUMNS = (
    "issue", "image", "kind", "label", *BOX_COLUMNS, "proposed", "proposal", "reason", "decision", "new_label", "note",
)  # fmt: skip
KNOWN_COLUMNS = (*COLUMNS, "object", "text")
_NAMES = ("issue", "object", "image")
_DELIMITERS = (",", ";", "\t")
# Hundredths of a pixel: more digits than a spreadsheet shows, it drops when it saves.
DECIMALS = 2
_LONGEST_CELL = 100_000
# A spreadsheet would run this as a formula; apostrophes before it already escape it.
_FORMULA = re.compile("'*[=+\\-@\t\r]")
_ESCAPED = re.compile("'+[=+\\-@\t\r]")


class SheetRow(NamedTuple):
    """One row: the line on which it begins, and its cells by column; an absent one is empty."""

    line: int
    cells: dict[str, str]

    def cell(self, column: str) -> str:
        """Return a cell without blanks around it."""
        return self.cells.get(column, "").strip()


class Sheet(NamedTuple):
    """A sheet as it was read. `ignored`: columns that are not used. `problems`: rows that cannot be read."""

    file: Path
    rows: list[SheetRow]
    ignored: tuple[str, ...]
    problems: list[str]


def write_sheet(file: Path, issues: pd.DataFrame) -> None:
    """Write the label issues, in their order. Raises UserError where the file exists."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(COLUMNS)
    for row in issues.to_dict("records"):  # some hundred rows: a sheet is read by people
        writer.writerow([_cell(row.get(column)) for column in COLUMNS])
    try:
        with file.open("x", encoding="utf-8-sig", newline="") as out:
            out.write(text.getvalue())
    except FileExistsError:
        raise UserError(f"{file}: the file exists and may hold decisions; give another name, or move it away") from None


def read_sheet(file: Path) -> Sheet:
    """Return the rows of a sheet. Raises UserError where it is no CSV with a column `decision`."""
    text = _text(file)
    header, delimiter = _header(file, text)
    rows, problems = [], []
    for line, values in _records(file, text, delimiter):
        if line == 1 or not any(value.strip() for value in values):
            continue
        if any(value.strip() for value in values[len(header) :]):
            problems.append(
                f"{file}:{line}: found {len(values)} cells, expected {len(header)} as in the header; quote the cell"
                f" that contains '{delimiter}', or remove the surplus cells"
            )
            continue
        rows.append(SheetRow(line, _cells(header, values, delimiter)))
    return Sheet(file, rows, tuple(column for column in header if column and column not in KNOWN_COLUMNS), problems)


def escape_formula(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula; `unescape_formula` restores it."""
    return f"'{text}" if _FORMULA.match(text) else text


def unescape_formula(text: str) -> str:
    """Return the text without the apostrophe that `escape_formula` put before it."""
    return text[1:] if _ESCAPED.match(text) else text


def _cell(value: Any) -> str | float | int:
    if value is None or pd.isna(value):
        return ""
    if isinstance(value, str):
        return escape_formula(value)
    rounded = round(float(value), DECIMALS)
    return int(rounded) if rounded.is_integer() else rounded


def _cells(header: list[str], values: list[str], delimiter: str) -> dict[str, str]:
    cells = {column: unescape_formula(value) for column, value in zip(header, values, strict=False)}
    if delimiter != ",":  # a comma that separates no cells is a decimal sign
        cells |= {side: cells[side].replace(",", ".") for side in BOX_COLUMNS if side in cells}
    return cells


def _text(file: Path) -> str:
    if not file.is_file():
        reason = "a folder" if file.is_dir() else "no such file" if not file.exists() else "no regular file"
        raise UserError(f"{file}: {reason}; expected a CSV file, such as `dataset fix --sheet` writes")
    try:
        text = read_text(file)
    except ValueError as error:
        raise UserError(f"{file}: {error} (in Excel: 'CSV UTF-8')") from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise UserError(f"{file}:{line}: a NUL byte, so this is no text file; save the sheet as CSV UTF-8")
    return text


def _header(file: Path, text: str) -> tuple[list[str], str]:
    """Return the names of the columns and what separates them. Raises UserError."""
    csv.field_size_limit(_LONGEST_CELL)
    first = text[:_LONGEST_CELL].splitlines()[:1]
    headers = {sign: next(csv.reader(first, delimiter=sign), []) for sign in _DELIMITERS}
    delimiter = max(_DELIMITERS, key=lambda sign: len(headers[sign]))
    header = ["_".join(cell.split()).casefold() for cell in headers[delimiter]]
    repeated = sorted({column for column in header if column and header.count(column) > 1})
    if repeated:
        raise UserError(f"{file}:1: columns that occur twice: {', '.join(repeated)}; keep one of each")
    if "decision" not in header or not any(name in header for name in _NAMES):
        shown = ", ".join(header)[:200] or "nothing"
        raise UserError(
            f"{file}:1: expected a header with the column 'decision' and one of {', '.join(_NAMES)}; found {shown}"
        )
    return header, delimiter


def _records(file: Path, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record and the line on which it begins. Raises UserError where quotes or lengths are wrong."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            reason = f"a cell of more than {_LONGEST_CELL:,} characters" if "limit" in str(error) else "a stray quote"
            raise UserError(f"{file}:{line}: {reason} ({error}); repair the row, or write a new sheet") from None
        yield line, values
