"""data/raw/pins.csv: splits that people set by hand."""

from pathlib import Path
from typing import NamedTuple

from golgoru.core.csv_table import read_csv_table
from golgoru.core.dataset import SPLITS
from golgoru.core.errors import UserError

_PIN_COLUMNS = ("image", "split", "reason")


class Pin(NamedTuple):
    """One line of data/raw/pins.csv."""

    line: int
    image: str
    split: str
    reason: str


def read_pins(file: Path) -> list[Pin]:
    """Return the pinned splits (columns image, split, reason); no file means none."""
    if not file.exists():
        return []
    try:
        table, lines, rejects = read_csv_table(file.name, file)
    except ValueError as error:
        raise UserError(f"{file}: {error}") from None
    if list(table.columns) != list(_PIN_COLUMNS):
        raise UserError(
            f"{file}:1: expected the columns {','.join(_PIN_COLUMNS)}, found {','.join(table.columns) or 'none'}"
        )
    if rejects:
        raise UserError(
            f"{file}:{rejects[0].line}: expected three values, {','.join(_PIN_COLUMNS)}; {rejects[0].error}"
        )
    pins = [Pin(line, *row) for line, row in zip(lines, table.fillna("").itertuples(index=False), strict=True)]
    for pin in pins:
        if pin.split not in SPLITS:
            raise UserError(f"{file}:{pin.line}: split '{pin.split}' is none of {', '.join(SPLITS)}")
        if not pin.image:
            raise UserError(f"{file}:{pin.line}: image is missing")
    return pins
