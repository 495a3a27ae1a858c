"""What must hold between tables: foreign keys, and identities such as fates that add up."""

from collections.abc import Iterable, Iterator, Mapping

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from golgoru.tables.catalogue import TABLES
from golgoru.tables.frames import SchemaError


def check_relations(written: Mapping[str, pd.DataFrame], read: Mapping[str, pd.DataFrame]) -> None:
    """Check the tables that a stage wrote, by name, against one another and those it read.

    Raises SchemaError: a fault of code, not of data. What refers to a table that the stage has not read is not
    checked; a test holds that no schema asks for that.
    """
    known = {**read, **written}
    for name in written:
        for column, (other, key) in foreign_keys(name):
            if other in known and (missing := _missing(known[name][column], known[other][key])) is not None:
                raise SchemaError(f"table {name}, column {column}: '{missing}' is not in {other}.{key}")
        for identity in TABLES[name].identities:
            if set(identity.tables) <= set(known) and not identity.holds(*(known[table] for table in identity.tables)):
                raise SchemaError(f"table {name}: it does not hold that {identity.sentence}")


def columns_looked_at(written: Iterable[str]) -> dict[str, set[str]]:
    """Return, by table, the columns of others that the checks of tables to be written, by name, look at."""
    found: dict[str, set[str]] = {}
    for name in written:
        of_identities = [column.rpartition(".") for one in TABLES[name].identities for column in one.columns]
        references = [*(there for _, there in foreign_keys(name)), *((table, key) for table, _, key in of_identities)]
        for table, key in references:
            found.setdefault(table, set()).add(key)
    return found


def foreign_keys(name: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the columns of a table that refer to others, each with table and column."""
    for column in TABLES[name].columns:
        if column.references:
            other, _, key = column.references.rpartition(".")
            yield column.name, (other, key)


def _missing(values: pd.Series, keys: pd.Series) -> str | None:
    """Return a value that does not stand among the keys; nulls need not."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = pd.Series(values.unique())
    given, known = (pa.array(series.astype("str").array) for series in (values, keys))
    absent = pc.and_(pc.is_valid(given), pc.invert(pc.is_in(given, value_set=known, skip_nulls=True)))
    found = given.filter(absent)
    return str(found[0].as_py()) if len(found) else None
