"""Facts: what rules and triggers ask about a row, as columns beside a table's own.

A class per table, a method per fact. A fact is computed when something asks for it, and once.
A yes-or-no fact is null only where it cannot be judged at all, and a number where there is nothing to measure: a
predicate over a null neither holds nor fails, so the row counts as not checked.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import pandas as pd
import pyarrow as pa

from golgoru.guideline import predicates
from golgoru.tables.schema import Column, Table

# A median of fewer says little: of 20, the 95 % interval of the median still spans the middle half of them.
MIN_SAMPLE = 20
# A median of absolute deviations is a standard deviation when multiplied by this, for normal values.
MAD_TO_SIGMA = 1.4826
_MARK = "_fact"


def feature(kind: pa.DataType, meaning: str, nullable: bool = False) -> Callable[[Any], Any]:
    """Mark a method as the fact of its name: its type, what it means and in which unit."""

    def marked(method: Any) -> Any:
        setattr(method, _MARK, Column(method.__name__, kind, meaning, nullable))
        return method

    return marked


class FeatureTable:
    """A table and its facts. `schema` is the table's; methods marked by `fact` return a Series with its index."""

    schema: ClassVar[Table]

    def __init__(self, table: pd.DataFrame) -> None:
        self.table = table.reset_index(drop=True)
        self._known: dict[str, pd.Series] = {}

    @classmethod
    def facts(cls) -> tuple[Column, ...]:
        """Return the facts, in the order in which they are written down."""
        return tuple(getattr(method, _MARK) for method in vars(cls).values() if hasattr(method, _MARK))

    @classmethod
    def types(cls) -> Mapping[str, pa.DataType]:
        """Return the type of every column and fact."""
        return {column.name: column.type for column in (*cls.schema.columns, *cls.facts())}

    def select(self, names: Iterable[str]) -> pd.DataFrame:
        """Return these columns and facts. Raises predicates.PredicateError where there is no such column."""
        facts = [column.name for column in self.facts()]
        names = list(dict.fromkeys(names))
        predicates.require_columns(names, [*self.table.columns, *facts])
        return pd.DataFrame(
            {name: self._fact(name) if name in facts else self.table[name] for name in names}, index=self.table.index
        )

    def _fact(self, name: str) -> pd.Series:
        if name not in self._known:
            self._known[name] = getattr(self, name)()
        return self._known[name]
