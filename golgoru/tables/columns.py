"""Which columns of a table an argument takes: said at the argument, and the shell reads no others."""

from collections.abc import Iterable
from typing import Annotated, Any, NamedTuple, get_args, get_origin

import pandas as pd


class Columns(NamedTuple):
    """The columns that an argument takes, by name."""

    names: tuple[str, ...]


def columns(*names: str) -> Columns:
    """Say which columns an argument takes.

    `labels: Annotated[pd.DataFrame, columns("object", "image")]` takes two; `labels: pd.DataFrame` the whole table.
    """
    return Columns(names)


def named_columns(annotation: Any) -> frozenset[str] | None:
    """Return the columns that an argument's annotation names; None where it takes the whole table."""
    said = [extra for extra in get_args(annotation)[1:] if isinstance(extra, Columns)]
    return frozenset().union(*(extra.names for extra in said)) if get_origin(annotation) is Annotated and said else None


def is_table(annotation: Any) -> bool:
    """Return whether an annotation is that of a table, whole or in part."""
    return annotation is pd.DataFrame or named_columns(annotation) is not None


def united(annotations: Iterable[Any]) -> Any:
    """Return the annotation of a table that has what each of the annotations asks for."""
    names = [named_columns(annotation) for annotation in annotations]
    if None in names:
        return pd.DataFrame
    return Annotated[pd.DataFrame, columns(*sorted(frozenset().union(*(some for some in names if some))))]


def given_columns(table: pd.DataFrame, annotation: Any) -> pd.DataFrame:
    """Return the part of a table that an argument takes: nothing that it does not name."""
    names = named_columns(annotation)
    return table if names is None else table[[name for name in table if name in names]]
