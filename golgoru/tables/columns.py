"""Which columns of a table an argument takes: said at the argument, and the shell reads no others."""

from typing import Annotated, Any, NamedTuple, get_args

import pandas as pd


class Columns(NamedTuple):
    """The columns that an argument takes, by name; `coded` are those of texts that it takes as categories."""

    names: tuple[str, ...]
    coded: tuple[str, ...] = ()


def columns(*names: str, coded: tuple[str, ...] = ()) -> Columns:
    """Say which columns an argument takes; one that says nothing, `labels: pd.DataFrame`, takes the whole table.

    It stands beside the type: `labels: Annotated[pd.DataFrame, columns("object", "image")]`. The columns `coded` come
    beside the names, as categories in no particular order: a million rows with a few distinct texts take 1 MB and not
    20. A caller may still give them as texts.
    """
    return Columns((*names, *coded), coded)


def named_columns(annotation: Any) -> frozenset[str] | None:
    """Return the columns that an argument's annotation names; None where it takes the whole table."""
    said = [extra for extra in get_args(annotation)[1:] if isinstance(extra, Columns)]
    return frozenset(said[0].names) if said else None


def coded_columns(annotation: Any) -> frozenset[str]:
    """Return the columns of texts that an argument takes as categories."""
    said = [extra for extra in get_args(annotation)[1:] if isinstance(extra, Columns)]
    return frozenset(said[0].coded) if said else frozenset()


def is_table(annotation: Any) -> bool:
    """Return whether an annotation is that of a table, whole or in part."""
    return annotation is pd.DataFrame or named_columns(annotation) is not None


def united(first: Any, second: Any) -> Any:
    """Return the annotation of a table that has what either annotation asks for."""
    one, other = named_columns(first), named_columns(second)
    return pd.DataFrame if one is None or other is None else Annotated[pd.DataFrame, columns(*sorted(one | other))]


def given_columns(value: Any, annotation: Any) -> Any:
    """Return what an argument takes: of a table no column that it does not name, and any other value as it is."""
    names = named_columns(annotation)
    return value if names is None else value[[name for name in value if name in names]]
