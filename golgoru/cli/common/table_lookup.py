"""Rows of the pipeline's tables by key, read without the rest of the table; and the key that a person means."""

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from golgoru.core import paths
from golgoru.core.errors import UserError

# Keys that are compared with a misspelt one: a short wait, whatever the size of the ledger.
_COMPARED = 10_000
_NEAREST = 5


def table_file(name: str) -> Path:
    """Return the file of a table."""
    return paths.DATA / f"{name}.parquet"


def open_table(file: Path) -> ds.Dataset:
    """Open a table. Raises UserError where it is missing, or not readable."""
    if not file.exists():
        raise UserError(f"{file}: the table is missing; run `dvc repro` (or `dvc pull`)")
    try:
        return ds.dataset(file, format="parquet")
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{file}: not readable: {str(error).splitlines()[0]}; run `dvc repro`") from None


def select_rows(table: ds.Dataset, where: pc.Expression, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Return the rows for which `where` holds."""
    rows: list[dict[str, Any]] = table.to_table(columns, filter=where).to_pylist()
    return rows


def is_one_of(column: str, values: Iterable[str]) -> pc.Expression:
    """Return the condition that a column has one of the values."""
    return ds.field(column).isin(pa.array(sorted(set(values)), pa.string()))


def pooled_image_of(images: Iterable[str]) -> dict[str, str]:
    """Return the image that annotations of each image count for: itself, or one of equal pixels."""
    names = sorted(set(images))
    pooled = select_rows(
        open_table(table_file("duplicates")), is_one_of("image", names) & (ds.field("kind") == "exact")
    )
    pooled_on = {name: name for name in names} | {row["image"]: row["duplicate_of"] for row in pooled}
    annotations = select_rows(open_table(table_file("annotations")), is_one_of("image", names), ["annotation", "image"])
    image_of = {row["annotation"]: row["image"] for row in annotations}
    counted = select_rows(
        open_table(table_file("annotation_roles")), is_one_of("annotation", image_of), ["annotation", "image"]
    )
    return pooled_on | {image_of[row["annotation"]]: row["image"] for row in counted if row["image"] is not None}


def resolve_key(key: str, tables: Sequence[tuple[ds.Dataset, pc.Expression, str, pc.Expression]]) -> str:
    """Return the key itself, or the one image of that base name.

    `tables`: dataset, condition for its rows that count, column of keys, and condition for rows that are images.
    """
    for table, counts, column, _ in tables:
        if table.head(1, columns=[column], filter=counts & (ds.field(column) == key)).num_rows:
            return key
    images: list[str] = []
    for table, counts, column, is_image in tables:
        ends = pc.ends_with(ds.field(column), pattern=f"/{key}")
        images += table.to_table([column], filter=counts & is_image & ends)[column].to_pylist()
    if len(images) == 1:
        return images[0]
    if images:
        listed = ", ".join(sorted(images)[:_NEAREST])
        raise UserError(f"'{key}' is the base name of {len(images):,} images, such as {listed}; give the whole key")
    near = _nearest(key, [(table, column) for table, _, column, _ in tables])
    raise UserError(
        f"no image, annotation or reject has the key '{key}'" + (f"; the nearest: {', '.join(near)}" if near else "")
    )


def _nearest(key: str, tables: Sequence[tuple[ds.Dataset, str]]) -> list[str]:
    """Return keys that look like `key`: first among those that begin alike, as a whole or in their base name."""
    start = key.rsplit("/", 1)[-1][:3]
    for pattern in (key[:8], f"/{start}", ""):
        keys: list[str] = []
        for table, column in tables:
            like = pc.match_substring(ds.field(column), pattern, ignore_case=True)
            keys += table.head(_COMPARED, columns=[column], filter=like)[column].to_pylist()
        by_base = {k.rsplit("/", 1)[-1]: k for k in keys} if "/" not in key else {k: k for k in keys}
        near = difflib.get_close_matches(key, by_base, n=_NEAREST, cutoff=0.6)
        if near:
            return [by_base[name] for name in near]
    return []
