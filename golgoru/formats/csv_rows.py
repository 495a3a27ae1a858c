"""CSV (and TSV): a header, then one row per image or per object."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from golgoru.core.csv_table import read_csv_table
from golgoru.formats.payload import Payload, columns_of_fields, no_rows, read_each_file
from golgoru.raw.batches import Batch

SUFFIXES = (".csv", ".tsv")


def read(batch: Batch, images: list[str]) -> Payload:
    """Return the rows of every CSV file of the payload."""
    del images  # the rows name them
    return read_each_file(batch.payload, SUFFIXES, lambda name, path: read_file(name, path, batch.settings.columns))


def read_file(name: str, path: Path, columns: Mapping[str, str]) -> Payload:
    """Return one file's rows. `columns` maps our names to the file's; others keep their own. Raises ValueError."""
    table, lines, rejects = read_csv_table(name, path)
    if not len(table.columns):
        return Payload(no_rows(), rejects)
    header = list(table.columns)
    taken = columns_of_fields(header, columns)
    words = pd.DataFrame({field: table[column] for field, column in taken.items()}, dtype=object)
    words["file"], words["line"] = name, lines
    return Payload(words, rejects, tuple(column for column in header if column not in taken.values()))
