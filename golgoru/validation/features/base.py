"""Features: derived columns of a table that rules and edge cases can read beside its own.

A class per table, a method per feature. A feature is computed once, when a rule or edge case reads it. It is null where
it cannot be evaluated, or where there is nothing to measure: a predicate over a null is neither true nor false, so the
row counts as not checked.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import pandas as pd
import pyarrow as pa

from golgoru.guideline import predicates
from golgoru.tables.schema import Column, Table

# The median of fewer values is too uncertain: with 20, its 95 % interval still spans the middle half of them.
MIN_SAMPLE = 20
# For normal values, the median absolute deviation times this is the standard deviation.
MAD_TO_SIGMA = 1.4826
_MARK = "_feature"


def feature(kind: pa.DataType, meaning: str, nullable: bool = False) -> Callable[[Any], Any]:
    """Mark a method as the feature of its name: its type, its meaning and its unit."""

    def marked(method: Any) -> Any:
        setattr(method, _MARK, Column(method.__name__, kind, meaning, nullable))
        return method

    return marked


class FeatureTable:
    """A table and its features: methods marked by `feature` that return a Series with the table's index."""

    schema: ClassVar[Table]

    def __init__(self, table: pd.DataFrame) -> None:
        self.table = table.reset_index(drop=True)
        self._computed: dict[str, pd.Series] = {}

    @classmethod
    def features(cls) -> tuple[Column, ...]:
        """Return name, type and meaning of the features, in the order of their methods."""
        return tuple(getattr(method, _MARK) for method in vars(cls).values() if hasattr(method, _MARK))

    @classmethod
    def types(cls) -> Mapping[str, pa.DataType]:
        """Return the type of every column and feature."""
        return {column.name: column.type for column in (*cls.schema.columns, *cls.features())}

    def select(self, names: Iterable[str]) -> pd.DataFrame:
        """Return these columns and features. Raises predicates.PredicateError where there is no such column."""
        features = [column.name for column in self.features()]
        names = list(dict.fromkeys(names))
        predicates.require_columns(names, [*self.table.columns, *features])
        columns = {name: self._feature(name) if name in features else self.table[name] for name in names}
        return pd.DataFrame(columns, index=self.table.index, copy=False)  # pandas copies what is written to later

    def _feature(self, name: str) -> pd.Series:
        if name not in self._computed:
            self._computed[name] = getattr(self, name)()
        return self._computed[name]
