"""CSV (and TSV): a header, then one row per image or per object."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from golgoru.core.csv_table import delimiter_of, read_csv_table
from golgoru.formats.files import SourceFile, files_with_suffix, first_texts
from golgoru.formats.icdar import is_icdar
from golgoru.formats.payload import Payload, columns_of_fields, no_rows, read_each_file
from golgoru.formats.record import FORMAT_KEYS, Format, PayloadSettings

_SUFFIXES = (".csv", ".tsv")


def detect(files: Sequence[SourceFile]) -> str | None:
    """Return the first header. ICDAR boxes, in files that end in .csv too, are left out."""
    for file, text in first_texts(files_with_suffix(files, _SUFFIXES)):
        line = text.split("\n", 1)[0].strip()
        header = next(csv.reader([line], delimiter=delimiter_of(file.path)), [])
        if len(header) > 1 and not is_icdar(text):
            return f"the header of {file.name}: {line:.80}"
    return None


def read(payload: Path, settings: PayloadSettings, images: Sequence[str]) -> Payload:
    """Return the rows of every CSV file of the payload."""
    del images  # the rows name them
    return read_each_file(payload, _SUFFIXES, lambda name, path: read_file(name, path, settings.columns))


def read_file(name: str, path: Path, columns: Mapping[str, str]) -> Payload:
    """Return one file's rows. `columns` maps our names to the file's; others keep their own. Raises ValueError."""
    table, lines, rejects = read_csv_table(name, path)
    if not len(table.columns):
        return Payload(no_rows(), rejects)
    header = list(table.columns)
    column_of = columns_of_fields(header, columns)
    rows = pd.DataFrame({field: table[column] for field, column in column_of.items()}, dtype=object)
    rows["file"], rows["line"] = name, lines
    return Payload(rows, rejects, tuple(column for column in header if column not in column_of.values()))


FORMAT = Format("csv", _SUFFIXES, detect, read, allowed_keys=FORMAT_KEYS)
