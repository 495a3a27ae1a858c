"""What is wrong with a word: per row, the first reason why it cannot be taken."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from golgoru.annotations.cell_values import parse_polygon, text_column, value_text
from golgoru.core.csv_table import Reject
from golgoru.core.numbers import number

_CORNERS = ("x2", "y2")
_SIZE = ("width", "height")


class RowChecks:
    """Checks the columns of `words` (FIELDS as objects, None for what is not given) and collects reasons."""

    def __init__(self, words: pd.DataFrame) -> None:
        self.words = words
        self.reason = pd.Series(None, index=words.index, dtype=object)

    @property
    def good(self) -> pd.Series:
        """Return which rows have no fault as yet."""
        return self.reason.isna()

    def add(self, where: pd.Series, reason: str, field: str | None = None) -> None:
        """Note a reason for the rows of `where` that have none yet; with `field`, what was found there and expected."""
        new = where & self.good
        if not new.any():
            return
        if field is None:
            self.reason[new] = reason
        else:
            found = self.words.loc[new, field]
            self.reason[new] = found.map(lambda value: f"{field} is {value_text(value)!r:.60}; expected {reason}")

    def numbers(self, field: str) -> pd.Series:
        """Return a column as floats; what is no finite number, NaN included, is a fault."""
        values = self.words[field]
        given = values.map(lambda value: value is not None).astype(bool)
        if not given.any():
            return pd.Series(np.nan, index=values.index)
        numbers = values.map(number).astype(float)
        self.add(given & numbers.isna(), "a finite number", field)
        return numbers

    def polygons(self) -> pd.Series:
        """Return flat lists of floats, null where no polygon is given."""
        values = self.words["polygon"]
        given = values.notna()
        if not given.any():
            return pd.Series(None, index=values.index, dtype=object)
        polygons = values.where(given, None).map(parse_polygon)
        self.add(given & polygons.isna(), "a list of finite numbers x1, y1, x2, y2, ...", "polygon")
        return polygons

    def choice(self, field: str, allowed: Iterable[str], default: str | None) -> pd.Series:
        """Return a column that takes one of a few values."""
        values = self.words[field].where(self.words[field].notna(), default)
        known = values.map(lambda value: value is None or (isinstance(value, str) and value in allowed)).astype(bool)
        self.add(~known, f"one of {', '.join(allowed)}", field)
        return values

    def times(self) -> pd.Series:
        """Return created_at as UTC; a time without zone is taken as UTC."""
        given = text_column(self.words["created_at"])
        # pandas would read 'now' and 'today' off the clock.
        dated = given.where(given.str.match(r"\s*[0-9]{4}"))
        times = pd.to_datetime(dated, errors="coerce", utc=True, format="ISO8601")
        # A zone can push the last and the first day out of the years that a date has.
        times = times.where(times.dt.year.between(1, 9999))
        self.add(given.notna() & times.isna(), "an ISO 8601 time", "created_at")
        return times

    def required(self, field: str) -> None:
        """Note a fault where `field` is missing."""
        self.add(text_column(self.words[field]).fillna("").str.strip() == "", f"{field} is missing")

    def boxes(self) -> None:
        """Note a fault where a box lacks x, y, or both of width, height and x2, y2."""
        given = {field: self.words[field].notna() for field in ("x", "y", *_SIZE, *_CORNERS)}
        size = given["width"] & given["height"] & ~given["x2"] & ~given["y2"]
        corner = given["x2"] & given["y2"] & ~given["width"] & ~given["height"]
        some = pd.DataFrame(given).any(axis=1)
        whole = given["x"] & given["y"] & (size | corner)
        self.add(some & ~whole, "the box is not whole: expected x, y, width, height, or x, y, x2, y2")

    def unique_ids(self) -> None:
        """Note a fault where an id stands twice in the batch: it names nothing, so every such row is refused."""
        ids = text_column(self.words["id"])
        self.add(ids.notna() & ids.duplicated(keep=False), "an id that stands once in the batch", "id")

    def rejects(self) -> list[Reject]:
        """Return the faulty rows as rejects."""
        bad = self.words[~self.good]
        lines = [None if line is None or pd.isna(line) else int(line) for line in bad["line"]]
        return [Reject(*row) for row in zip(bad["file"], lines, bad["found"], self.reason[bad.index], strict=True)]
