"""The description of a delivery: data/raw/deliveries/NAME.yaml, with the metadata that comes with its pictures."""

import re
from datetime import date
from pathlib import Path

import pandas as pd

from golgoru.cli.common.yaml_out import build_model
from golgoru.cli.import_.known_images import IncomingPictures
from golgoru.cli.import_.request import Request
from golgoru.core import paths
from golgoru.core.csv_table import read_csv_table
from golgoru.core.errors import UserError
from golgoru.raw.deliveries import Description, MetadataType, read_deliveries

# A code such as 007 is text: as an integer it would lose its zeros.
_PATTERNS: dict[MetadataType, re.Pattern[str]] = {
    "integer": re.compile(r"-?(0|[1-9]\d{0,14})"),
    "number": re.compile(r"-?(0|[1-9]\d{0,14})(\.\d+)?([eE][+-]?\d{1,2})?"),
    "yes/no": re.compile(r"(?i)yes|no|true|false"),
}


def describe_delivery(request: Request, incoming: IncomingPictures, source: Path | None) -> Description | None:
    """Return the description of the pictures that are new; None where there are none. Raises UserError."""
    if not incoming.new or source is None:
        given = {"--metadata": request.metadata, "--licence": request.licence, "--group": request.group}
        if useless := [name for name, value in given.items() if value is not None]:
            raise UserError(f"{', '.join(useless)}: about pictures, but this import brings no new picture; leave out")
        return None
    day = request.day or date.today()
    _check_date_order(day)
    values = {
        "date": day,
        "source": f"imported from {source.name}",
        "licence": request.licence,
        "group": request.group,
        "metadata": {} if request.metadata is None else _metadata_types(request.metadata),
    }
    return build_model(Description, values, {"group": "--group", "metadata": "--metadata", "licence": "--licence"})


def _check_date_order(day: date) -> None:
    """Raise UserError for a date before the newest delivery's: the earliest delivery of a group decides its split."""
    for delivery in read_deliveries(paths.DELIVERIES):
        if delivery.description.date > day:
            raise UserError(
                f"--date: {day} is before delivery '{delivery.name}' of {delivery.description.date}; deliveries come in"
                " the order of their dates, so that growth moves no image to another split; give that date or a"
                " later one"
            )


def _metadata_types(file: Path) -> dict[str, MetadataType]:
    """Return each column's type, by its values. Raises UserError where the file has no column 'image'."""
    try:
        table, _, _ = read_csv_table(file.name, file)
    except ValueError as error:
        raise UserError(f"--metadata: {file}: {error}") from None
    if "image" not in table:
        columns = ", ".join(map(str, table.columns)) or "none"
        raise UserError(f"--metadata: {file}: expected a column 'image' with the path of each picture; found {columns}")
    return {str(column): _metadata_type(table[column]) for column in table if column != "image"}


def _metadata_type(values: pd.Series) -> MetadataType:
    given = values.dropna().astype("str").str.strip()
    fitting = (kind for kind, pattern in _PATTERNS.items() if given.str.fullmatch(pattern).all())
    return next(fitting, "text") if len(given) else "text"
