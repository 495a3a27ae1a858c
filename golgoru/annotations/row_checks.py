"""Checks on the rows of a payload: for each row, the first reason why it is no annotation."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from golgoru.annotations.cell_values import parse_polygon, text_column, value_text
from golgoru.core.csv_table import Reject
from golgoru.core.numbers import parse_numbers

_CORNER = ("x2", "y2")
_SIZE = ("width", "height")


class RowChecks:
    """Checks the columns of `rows` (FIELDS as objects, None for what is not given) and collects reasons."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self.rows = rows
        self.reason = pd.Series(None, index=rows.index, dtype=object)

    @property
    def passed(self) -> pd.Series:
        """Return which rows have passed every check so far."""
        return self.reason.isna()

    def refuse(self, where: pd.Series, reason: str, field: str | None = None) -> None:
        """Refuse those rows of `where` that have passed so far; with `field`, `reason` says what was expected there."""
        new = where & self.passed
        if not new.any():
            return
        if field is None:
            self.reason[new] = reason
        else:
            self.reason[new] = self.rows.loc[new, field].map(
                lambda value: f"{field} is {value_text(value)!r:.60}; expected {reason}"
            )

    def numbers(self, field: str) -> pd.Series:
        """Return a column as floats; refuse what is no finite number, NaN included."""
        values = self.rows[field]
        given = values.map(lambda value: value is not None).astype(bool)
        if not given.any():
            return pd.Series(np.nan, index=values.index)
        numbers = parse_numbers(values)
        self.refuse(given & numbers.isna(), "a finite number", field)
        return numbers

    def polygons(self) -> pd.Series:
        """Return flat lists of floats, null where no polygon is given; refuse what is no polygon."""
        values = self.rows["polygon"]
        given = values.notna()
        if not given.any():
            return pd.Series(None, index=values.index, dtype=object)
        polygons = values.where(given, None).map(parse_polygon)
        self.refuse(given & polygons.isna(), "a list of finite numbers x1, y1, x2, y2, ...", "polygon")
        return polygons

    def choice(self, field: str, allowed: Iterable[str], default: str | None) -> pd.Series:
        """Return a column that takes one of a few values; refuse any other."""
        values = self.rows[field].where(self.rows[field].notna(), default)
        known = values.map(lambda value: value is None or (isinstance(value, str) and value in allowed)).astype(bool)
        self.refuse(~known, f"one of {', '.join(allowed)}", field)
        return values

    def times(self) -> pd.Series:
        """Return created_at as UTC; a time without zone is taken as UTC; refuse what is no time."""
        given = text_column(self.rows["created_at"])
        # pandas would read 'now' and 'today' off the clock.
        dated = given.where(given.str.match(r"\s*[0-9]{4}"))
        times = pd.to_datetime(dated, errors="coerce", utc=True, format="ISO8601")
        # A zone can push the last and the first day out of the years that a date has.
        times = times.where(times.dt.year.between(1, 9999))
        self.refuse(given.notna() & times.isna(), "an ISO 8601 time", "created_at")
        return times

    def required(self, field: str) -> None:
        """Refuse rows where `field` is missing."""
        self.refuse(text_column(self.rows[field]).fillna("").str.strip() == "", f"{field} is missing")

    def boxes(self) -> None:
        """Refuse boxes that lack x, y, or both of width, height and x2, y2."""
        given = {field: self.rows[field].notna() for field in ("x", "y", *_SIZE, *_CORNER)}
        by_size = given["width"] & given["height"] & ~given["x2"] & ~given["y2"]
        by_corner = given["x2"] & given["y2"] & ~given["width"] & ~given["height"]
        has_box = pd.DataFrame(given).any(axis=1)
        complete = given["x"] & given["y"] & (by_size | by_corner)
        self.refuse(has_box & ~complete, "the box is incomplete: expected x, y, width, height, or x, y, x2, y2")

    def unique_ids(self) -> None:
        """Refuse every row whose id is used twice in the batch: such an id names no row."""
        ids = text_column(self.rows["id"])
        self.refuse(ids.notna() & ids.duplicated(keep=False), "an id that is used once in the batch", "id")

    def rejects(self) -> list[Reject]:
        """Return the refused rows as rejects."""
        refused = self.rows[~self.passed]
        lines = [None if line is None or pd.isna(line) else int(line) for line in refused["line"]]
        cells = zip(refused["file"], lines, refused["content"], self.reason[refused.index], strict=True)
        return [Reject(*row) for row in cells]
