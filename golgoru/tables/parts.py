"""A table that is made part by part."""

from collections.abc import Sequence

import pandas as pd

from golgoru.tables import frames


class Parts:
    """The parts of a table, each with some of its rows; the columns `coded`, of texts, are held as categories."""

    def __init__(self, name: str, coded: Sequence[str]) -> None:
        self._name, self._coded, self._parts = name, coded, list[pd.DataFrame]()

    def add(self, rows: pd.DataFrame) -> None:
        """Add some rows, with the columns of the table."""
        self._parts.append(rows.astype(dict.fromkeys(self._coded, "category")))

    def frame(self) -> pd.DataFrame:
        """Return the table, and let the parts go; of a single part, texts are texts."""
        parts, self._parts = self._parts, []
        if len(parts) < 2:
            return frames.frame(self._name, parts[0] if parts else None)
        columns = {}
        for column in [*parts[0]]:  # one after the other: nothing is held twice but a column
            pieces = [part.pop(column) for part in parts]
            columns[column] = (
                pd.Series(pd.api.types.union_categoricals(pieces))
                if column in self._coded
                else pd.concat(pieces, ignore_index=True)
            )
        return pd.DataFrame(columns, copy=False)
