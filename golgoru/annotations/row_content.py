"""What was written in a row of a payload, as one text: its hash is the key of a row that has no id of its own."""

import hashlib
import math
from collections.abc import Container, Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from golgoru.annotations.cell_values import Cells, is_nan, kind_of_cells, value_text
from golgoru.core.arrays import Flags

_SEPARATOR = "\x1f"


def row_contents(cells: Mapping[str, Cells], fields: Container[str], where: Flags) -> list[str]:
    """Return the content of the rows of `where`: what was written in `fields`, not where, nor how it was mapped.

    `fields` are all those that some row of the whole batch gives, so that no part of it decides over a key.
    """
    columns = [_canonical_texts(cells[field][where]) for field in cells if field in fields]
    if not columns:
        return [""] * int(where.sum())
    return [_SEPARATOR.join(row) + _SEPARATOR for row in zip(*columns, strict=True)]


def content_digest(content: str) -> str:
    """Return the hash of a content: 16 hexadecimal digits."""
    return hashlib.md5(content.encode(), usedforsecurity=False).hexdigest()[:16]


def hash_keys(digests: pd.Series) -> pd.Series:
    """Return each digest and its ordinal among equals: a key that row order cannot change; null for a null."""
    codes = pd.Series(pd.factorize(digests)[0], index=digests.index)
    ordinals = codes.groupby(codes).cumcount() + 1
    hyphen = pa.scalar("-", pa.large_string())
    keys = pc.binary_join_element_wise(pa.array(digests.array), pa.array(ordinals).cast(pa.large_string()), hyphen)
    return pd.Series(keys.to_pandas().array, index=digests.index)


def _canonical_texts(cells: Cells) -> list[str]:
    """Return the cells as texts, so that no two rows of different content give the same."""
    kind = kind_of_cells(cells)
    if kind == "floating":
        return [repr(cell) if cell is not None and math.isfinite(cell) else _canonical_text(cell) for cell in cells]
    if kind == "string":  # a text without separator is its own content
        return [cell if type(cell) is str and _SEPARATOR not in cell else _canonical_text(cell) for cell in cells]
    return [_canonical_text(cell) for cell in cells]


def _canonical_text(cell: Any) -> str:
    if is_nan(cell):
        return f"{_SEPARATOR}?"
    text = value_text(cell)
    return text.replace(_SEPARATOR, f"{_SEPARATOR}:") if _SEPARATOR in text else text
