"""CSV (and TSV): a header, then one row per image or per object."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from golgoru.core.csv_table import delimiter_of, read_csv_slices
from golgoru.formats.files import SourceFile, files_with_suffix, first_texts
from golgoru.formats.icdar import is_icdar
from golgoru.formats.payload import Payload, columns_of_fields, no_rows, read_each_table
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


def read(payload: Path, settings: PayloadSettings, images: Sequence[str]) -> Iterator[Payload]:
    """Yield the rows of every CSV file of the payload."""
    del images  # the rows name them
    return read_each_table(payload, _SUFFIXES, lambda name, path, size: read_file(name, path, settings.columns, size))


def read_file(name: str, path: Path, columns: Mapping[str, str], size: int) -> Iterator[Payload]:
    """Yield one file's rows, at most `size` at a time. Raises ValueError where it is no readable CSV file.

    `columns` maps our names to the file's; others keep their own.
    """
    for table, lines, rejects in read_csv_slices(name, path, size):
        if not len(table.columns):
            yield Payload(no_rows(), rejects)
            continue
        column_of = columns_of_fields(list(table.columns), columns)
        values = {field: table[column] for field, column in column_of.items()}
        unused = tuple(column for column in table.columns if column not in column_of.values())
        yield Payload(pd.DataFrame({**values, "file": name, "line": lines}, dtype=object), rejects, unused)


FORMAT = Format("csv", _SUFFIXES, detect, read, allowed_keys=FORMAT_KEYS)
