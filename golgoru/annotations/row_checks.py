"""Checks on the rows of a payload: for each row, the first reason why it is no annotation."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from golgoru.annotations.cell_values import Cells, parse_polygon, text_column, value_text
from golgoru.core.arrays import Flags
from golgoru.core.numbers import parse_numbers

# `\s*[0-9]{4}` at the beginning, with every space that Python knows, for Arrow's RE2.
_YEAR = r"\A[\s\v\x1c-\x1f\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]*[0-9]{4}"
_CORNER = ("x2", "y2")
_SIZE = ("width", "height")


def with_default(cells: Cells, default: str | None) -> Cells:
    """Return a column with a default where nothing is given."""
    filled = cells.copy()
    filled[pd.isna(cells)] = default
    return filled


class RowChecks:
    """Checks `cells`, the columns of a payload (FIELDS as objects, None for what is not given), and keeps reasons."""

    def __init__(self, cells: Mapping[str, Cells], size: int) -> None:
        self.cells = cells
        self.passed: Flags = np.ones(size, dtype=bool)
        self.reason: Cells = np.full(size, None, dtype=object)

    def refuse(self, where: Flags, reason: str, field: str | None = None) -> None:
        """Refuse those rows of `where` that have passed so far; with `field`, `reason` says what was expected there."""
        new = where & self.passed
        if field is None:
            self.reason[new] = reason
        else:
            for row in np.flatnonzero(new):
                self.reason[row] = f"{field} is {value_text(self.cells[field][row])!r:.60}; expected {reason}"
        self.passed &= ~new

    def numbers(self, field: str) -> pd.Series:
        """Return a column as floats; refuse what is no finite number, NaN included."""
        cells = self.cells[field]
        given = np.array([cell is not None for cell in cells], dtype=bool)  # NaN is given, and is no number
        numbers = np.full(len(cells), np.nan)
        numbers[given] = parse_numbers(pd.Series(cells[given], dtype=object))
        self.refuse(given & np.isnan(numbers), "a finite number", field)
        return pd.Series(numbers)

    def polygons(self) -> pd.Series:
        """Return flat lists of floats, null where no polygon is given; refuse what is no polygon."""
        given = self._given("polygon")
        polygons = np.full(len(given), None, dtype=object)
        for row in np.flatnonzero(given):
            polygons[row] = parse_polygon(self.cells["polygon"][row])
        refused = given & pd.isna(polygons)
        self.refuse(refused, "a list of finite numbers x1, y1, x2, y2, ...", "polygon")
        return pd.Series(polygons)

    def choice(self, field: str, allowed: Iterable[str], default: str | None) -> pd.Series:
        """Return a column that takes one of a few values; refuse any other."""
        given = self._given(field)
        values = with_default(self.cells[field], default)
        known = ~given
        known[given] = [isinstance(value, str) and value in allowed for value in values[given]]
        self.refuse(~known, f"one of {', '.join(allowed)}", field)
        values[~known] = None
        return text_column(values)

    def times(self) -> pd.Series:
        """Return created_at as UTC; a time without zone is taken as UTC; refuse what is no time."""
        given = text_column(self.cells["created_at"])
        # pandas would read 'now' and 'today' off the clock.
        has_year = pc.fill_null(pc.match_substring_regex(pa.array(given.array), _YEAR), False)
        dated = given.where(has_year.to_numpy(zero_copy_only=False))
        times = pd.to_datetime(dated, errors="coerce", utc=True, format="ISO8601")
        # A zone can push the last and the first day out of the years that a date has.
        times = times.where(times.dt.year.between(1, 9999))
        self.refuse((given.notna() & times.isna()).to_numpy(), "an ISO 8601 time", "created_at")
        return times

    def required(self, field: str) -> pd.Series:
        """Return a column as texts; refuse rows where it is missing or blank."""
        texts = text_column(self.cells[field])
        self.refuse((texts.fillna("").str.strip() == "").to_numpy(), f"{field} is missing")
        return texts

    def boxes(self) -> None:
        """Refuse boxes that lack x, y, or both of width, height and x2, y2."""
        given = {field: self._given(field) for field in ("x", "y", *_SIZE, *_CORNER)}
        by_size = given["width"] & given["height"] & ~given["x2"] & ~given["y2"]
        by_corner = given["x2"] & given["y2"] & ~given["width"] & ~given["height"]
        has_box = np.logical_or.reduce(list(given.values()))
        complete = given["x"] & given["y"] & (by_size | by_corner)
        self.refuse(has_box & ~complete, "the box is incomplete: expected x, y, width, height, or x, y, x2, y2")

    def _given(self, field: str) -> Flags:
        return np.asarray(~pd.isna(self.cells[field]))
