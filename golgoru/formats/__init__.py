"""Label formats, one file each. A new format is a file in this folder and an entry in `_MODULES`."""

from importlib import import_module

from golgoru.formats.record import Format

# A format's name in batch.yaml and on the command line, and its file, which holds its record as `FORMAT`. Files are
# imported one by one, when a format is asked for: their libraries are slow to import.
_MODULES = {
    "csv": "csv_rows",
    "jsonl": "jsonl_rows",
    "parquet": "parquet_rows",
    "folders": "image_folders",
    "voc": "voc",
    "icdar": "icdar",
}
FORMAT_NAMES = tuple(_MODULES)


def format_named(name: str) -> Format:
    """Return the record of a format. Raises KeyError for a name that is not in `FORMAT_NAMES`."""
    record: Format = import_module(f"{__name__}.{_MODULES[name]}").FORMAT
    return record
