"""What a table and a column are, column types, and the columns that several tables share."""

from typing import NamedTuple

import pyarrow as pa

TEXT = pa.string()
INTEGER = pa.int64()
NUMBER = pa.float64()
YES_NO = pa.bool_()
TIME = pa.timestamp("us", tz="UTC")
NUMBERS = pa.list_(pa.float64())
POLYGON = NUMBERS
BYTES = pa.binary()


class Column(NamedTuple):
    """One column: its type, what it means and in which unit."""

    name: str
    type: pa.DataType
    meaning: str
    nullable: bool = False


class Table(NamedTuple):
    """One table. `extra` allows further columns: the metadata that deliveries declare."""

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    extra: bool = False

    def schema(self) -> pa.Schema:
        """Return the columns as a pyarrow schema."""
        return pa.schema([pa.field(c.name, c.type, nullable=c.nullable) for c in self.columns])


ABOUT_IMAGE = Column("image", TEXT, "POSIX path under data/raw/images")
OBJECT = Column("object", TEXT, "as in labels")

GEOMETRY = (
    Column("x", NUMBER, "left edge of the box, pixels", nullable=True),
    Column("y", NUMBER, "upper edge of the box, pixels", nullable=True),
    Column("width", NUMBER, "width of the box, pixels", nullable=True),
    Column("height", NUMBER, "height of the box, pixels", nullable=True),
    Column("polygon", POLYGON, "corners x1, y1, x2, y2, ... in the order they were drawn, pixels", nullable=True),
    Column("text", TEXT, "transcription, exactly as written", nullable=True),
    Column("attributes", TEXT, "further properties as a JSON object with sorted keys", nullable=True),
)

FINDING = (
    Column("rule", TEXT, "id of the rule"),
    Column("severity", TEXT, "critical, warning or info"),
    Column("action", TEXT, "stop, set aside or tell"),
    Column("table", TEXT, "the table whose row breaks it"),
    Column("key", TEXT, "key of that row"),
    Column("image", TEXT, "the image it is about", nullable=True),
    Column("message", TEXT, "what was found, for people"),
    Column("known", YES_NO, "it stands in expectations/baseline.yaml, and stops nothing for now"),
)
