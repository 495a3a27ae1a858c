"""Looking a key up in the ledger, or, before there is a release, among what the checks found."""

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from stages.lib import paths, project
from stages.lib.errors import UserError

_LEDGER = paths.RELEASE / "ledger.parquet"
_VIOLATIONS = paths.DATA / "violations.parquet"
_DISAGREEMENTS = paths.DATA / "disagreements.parquet"
_KEYS = {"image": "images", "annotation": "annotations", "reject": "rejects"}  # a table and its key column
# Keys that are compared with a misspelt one: what a person waits for, whatever the size of the ledger.
_COMPARED = 10_000
_NEAREST = 5


class Answer(NamedTuple):
    """What is known of a key. `rows`: its rows of the ledger, none without a release. `rules`: sentences by id.

    `disagreements`: rows of the table in which it is the copy or the survivor.
    """

    key: str
    rows: list[dict[str, Any]]
    annotations: list[dict[str, Any]]
    findings: list[dict[str, Any]]
    disagreements: list[dict[str, Any]]
    rules: dict[str, str]


def find(key: str) -> Answer:
    """Return what is known of `key`. Raises UserError for an unknown key, or a base name of several images."""
    if _LEDGER.exists():
        ledger = _open(_LEDGER)
        key = _meant(key, [(ledger, ds.scalar(value=True), "key", ds.field("kind") == "image")])
        rows = _rows(ledger, ds.field("key") == key)
        images = [row["key"] for row in rows if row["kind"] == "image"]
        on_image = (ds.field("kind") == "annotation") & ds.field("image").isin(images)
        annotations = _with_words(_rows(ledger, on_image)) if images else []
    else:
        tables = [(_open(file), column) for column, name in _KEYS.items() if (file := _table(name)).exists()]
        if not tables:
            raise UserError(f"{_LEDGER}: there is no release, nor a table before it; run `dvc repro`")
        anything = ds.scalar(value=True)
        key = _meant(key, [(table, anything, column, ds.scalar(value=column == "image")) for table, column in tables])
        rows, annotations = [], []
    findings = []
    if _VIOLATIONS.exists():
        findings = _rows(_open(_VIOLATIONS), (ds.field("key") == key) | (ds.field("image") == key))
    apart = []
    if _DISAGREEMENTS.exists():
        apart = _rows(_open(_DISAGREEMENTS), (ds.field("image") == key) | (ds.field("kept_as") == key))
    return Answer(key, rows, annotations, findings, apart, _sentences())


def _with_words(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows with who said what, where the table of annotations is there."""
    if not rows or not _table("annotations").exists():
        return rows
    columns = ["annotation", "annotator", "source", "kind", "label", "x", "y", "width", "height"]
    named = ds.field("annotation").isin([row["key"] for row in rows])
    words = _open(_table("annotations")).to_table(columns, filter=named).to_pylist()
    by_key = {word.pop("annotation"): word for word in words}
    return [row | by_key.get(row["key"], {}) for row in rows]


def _meant(key: str, tables: Sequence[tuple[ds.Dataset, pc.Expression, str, pc.Expression]]) -> str:
    """Return the key that is meant: itself, or the one image of that base name.

    `tables`: dataset, which of its rows count, the column of keys, and which rows are images.
    """
    for table, counts, column, _ in tables:
        if table.head(1, columns=[column], filter=counts & (ds.field(column) == key)).num_rows:
            return key
    found: list[str] = []
    for table, counts, column, is_image in tables:
        ends = pc.ends_with(ds.field(column), pattern=f"/{key}")
        found += table.to_table([column], filter=counts & is_image & ends)[column].to_pylist()
    if len(found) == 1:
        return found[0]
    if found:
        listed = ", ".join(sorted(found)[:_NEAREST])
        raise UserError(f"'{key}' is the base name of {len(found):,} images, such as {listed}; give the whole key")
    near = _nearest(key, [(table, column) for table, _, column, _ in tables])
    raise UserError(
        f"no image, annotation or reject has the key '{key}'" + (f"; the nearest: {', '.join(near)}" if near else "")
    )


def _nearest(key: str, tables: Sequence[tuple[ds.Dataset, str]]) -> list[str]:
    """Return keys that look like `key`: of those that begin alike, in whole or in their base name, else of any."""
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


def _rows(table: ds.Dataset, where: pc.Expression) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.to_table(filter=where).to_pylist()
    return rows


def _table(name: str) -> Path:
    return paths.DATA / f"{name}.parquet"


def _open(file: Path) -> ds.Dataset:
    try:
        return ds.dataset(file, format="parquet")
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{file}: not readable: {str(error).splitlines()[0]}; run `dvc repro`") from None


def _sentences() -> dict[str, str]:
    """Return each rule's sentence; the answer does without where the rule book cannot be read."""
    try:
        return {rule.id: rule.sentence for rule in project.read_rules(paths.RULES).rules}
    except UserError:
        return {}
