"""Metadata of pictures: the columns that a delivery declares, from the CSV beside its description."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from golgoru.core.csv_table import Reject, read_csv_table
from golgoru.core.errors import UserError
from golgoru.core.numbers import parse_number
from golgoru.raw.deliveries import Delivery, MetadataType
from golgoru.tables import frames

_DTYPES: Mapping[MetadataType, str] = {"text": "str", "integer": "Int64", "number": "float64", "yes/no": "boolean"}
# 18 digits always fit; a float in between would round what is longer than 15. Tools write 3 as 3.0, too.
_INTEGER = re.compile(r"\s*([+-]?\d{1,18})(\.0*)?\s*", re.ASCII)
_YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


class Metadata(NamedTuple):
    """`values`: one row per image that has metadata (index: image). `rejects`: the lines that are refused."""

    values: pd.DataFrame
    rejects: list[Reject]


def read_metadata(delivery: Delivery, images: Sequence[str]) -> Metadata:
    """Return the delivery's declared columns. Raises UserError where the file lacks them."""
    declared = delivery.description.metadata
    if delivery.metadata is None:
        if declared:
            raise UserError(f"{delivery.file}: metadata is declared, but {delivery.file.stem}.csv is missing")
        return Metadata(pd.DataFrame(), [])
    name = f"deliveries/{delivery.metadata.name}"
    table, lines, rejects = _read_rows(delivery.metadata, name)
    missing = [column for column in ("image", *declared) if column not in table]
    undeclared = [str(column) for column in table if column not in ("image", *declared)]
    if missing or undeclared:
        raise UserError(
            f"{delivery.metadata}:1: expected the columns image, {', '.join(declared) or '(none declared)'}; "
            f"missing: {', '.join(missing) or 'none'}, not declared: {', '.join(undeclared) or 'none'}; "
            f"declare them under 'metadata' of {delivery.file} (text, integer, number or yes/no)"
        )
    key = delivery.name + "/" + table["image"].astype("str").fillna("")
    reason = pd.Series(None, index=table.index, dtype=object)
    reason = reason.mask(~frames.is_in(key, pd.Series(images, dtype="str")), "names no picture of the delivery")
    reason = reason.mask(reason.isna() & key.duplicated(keep=False), "the picture has more than one line")
    values = {}
    for column, kind in declared.items():
        values[column], invalid = _parse_column(table[column], kind)
        reason = reason.mask(reason.isna() & invalid, f"{column} is no {kind}")
    accepted = reason.isna()
    for row in table.index[~accepted]:
        content = ",".join("" if value is None else str(value) for value in table.loc[row])
        rejects.append(Reject(name, lines[row], content, f"{reason[row]}: {content:.60}"))
    return Metadata(pd.DataFrame(values, index=table.index).set_axis(key)[accepted.to_numpy()], rejects)


def metadata_dtypes(deliveries: Sequence[Delivery]) -> dict[str, str]:
    """Return every declared column and its dtype. Raises UserError where two deliveries differ in its type."""
    declared: dict[str, tuple[MetadataType, Path]] = {}
    for delivery in deliveries:
        for column, kind in delivery.description.metadata.items():
            first, file = declared.setdefault(column, (kind, delivery.file))
            if first != kind:
                raise UserError(f"{delivery.file}: metadata.{column} is {kind}, but {first} in {file}; make them equal")
    return {column: _DTYPES[kind] for column, (kind, _) in sorted(declared.items())}


def _read_rows(file: Path, name: str) -> tuple[pd.DataFrame, list[int], list[Reject]]:
    try:
        return read_csv_table(name, file)
    except ValueError as error:
        raise UserError(f"{file}: {error}") from None


def _parse_column(values: pd.Series, kind: MetadataType) -> tuple["pd.Series[Any]", pd.Series]:
    """Return the values in their type, null where none is given, and which ones are invalid."""
    if kind == "text":
        return values.astype("str"), pd.Series(data=False, index=values.index)
    parsed: pd.Series[Any]
    if kind == "yes/no":
        parsed = values.astype("str").str.strip().str.lower().map(_YES_NO).astype("boolean")
    elif kind == "integer":
        # Not by Series.map: with a null among them it would make floats of them.
        parsed = pd.Series([_parse_integer(value) for value in values], index=values.index, dtype="Int64")
    else:
        parsed = values.map(parse_number).astype("float64")
    return parsed, values.notna() & parsed.isna()


def _parse_integer(value: str | None) -> int | None:
    match = _INTEGER.fullmatch(value or "")
    return int(match[1]) if match else None
