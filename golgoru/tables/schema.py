"""What a table, a column and an identity are; the column types, and the columns that several tables share."""

from collections.abc import Callable
from typing import NamedTuple

import pandas as pd
import pyarrow as pa

from golgoru.core.dataset import SPLITS

TEXT = pa.string()
INTEGER = pa.int64()
NUMBER = pa.float64()
YES_NO = pa.bool_()
TIME = pa.timestamp("us", tz="UTC")
NUMBERS = pa.list_(pa.float64())
POLYGON = NUMBERS
BYTES = pa.binary()


class Column(NamedTuple):
    """One column: its type, what it means and in which unit.

    `values` is its vocabulary where it has one. `references` is a foreign key, `table.column`: every value that is not
    null stands there.
    """

    name: str
    type: pa.DataType
    meaning: str
    nullable: bool = False
    values: tuple[str, ...] = ()
    references: str = ""


class Identity(NamedTuple):
    """What adds up between tables. `holds` takes the tables as DataFrames, in the order of `tables`.

    `columns`, `table.column`: what it looks at in tables that another stage writes; a number of rows needs none.
    """

    sentence: str
    tables: tuple[str, ...]
    holds: Callable[..., bool]
    columns: tuple[str, ...] = ()


class Table(NamedTuple):
    """One table. `extra` allows further columns: the metadata that deliveries declare."""

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    extra: bool = False
    identities: tuple[Identity, ...] = ()

    def schema(self) -> pa.Schema:
        """Return the columns as a pyarrow schema."""
        return pa.schema([pa.field(c.name, c.type, nullable=c.nullable) for c in self.columns])


def has_as_many_rows(first: pd.DataFrame, second: pd.DataFrame) -> bool:
    """Return whether two tables of the same grain have one row for another."""
    return len(first) == len(second)


ABOUT_IMAGE = Column("image", TEXT, "POSIX path under data/raw/images", references="images.image")
OBJECT = Column("object", TEXT, "as in labels", references="labels.object")
SPLIT = Column("split", TEXT, "train, val or test", values=SPLITS)

GEOMETRY = (
    Column("x", NUMBER, "left edge of the box, pixels", nullable=True),
    Column("y", NUMBER, "upper edge of the box, pixels", nullable=True),
    Column("width", NUMBER, "width of the box, pixels", nullable=True),
    Column("height", NUMBER, "height of the box, pixels", nullable=True),
    Column("polygon", POLYGON, "corners x1, y1, x2, y2, ... in the order they were drawn, pixels", nullable=True),
    Column("text", TEXT, "transcription, exactly as written", nullable=True),
    Column("attributes", TEXT, "further properties as a JSON object with sorted keys", nullable=True),
)
# Of a box that a model may have drawn; all null for a whole image.
BOX = (
    Column("x", NUMBER, "left edge of the box, pixels", nullable=True),
    Column("y", NUMBER, "upper edge, pixels", nullable=True),
    Column("width", NUMBER, "width, pixels", nullable=True),
    Column("height", NUMBER, "height, pixels", nullable=True),
)


def reason_column(meaning: str) -> Column:
    """Return the column that says why a value is null."""
    return Column("reason", TEXT, meaning, nullable=True)
