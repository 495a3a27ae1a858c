"""Looking a key up in the ledger, or, before there is a release, among what the checks found."""

from typing import Any, NamedTuple

import pyarrow.dataset as ds

from golgoru.cli.common.table_lookup import open_table, resolve_key, select_rows, table_file
from golgoru.core import paths
from golgoru.core.errors import UserError
from golgoru.guideline.rules import read_rules

_LEDGER = paths.RELEASE / "ledger.parquet"
_VIOLATIONS = paths.DATA / "violations.parquet"
_DISAGREEMENTS = paths.DATA / "duplicate_conflicts.parquet"
_KEYS = {"image": "images", "annotation": "annotations", "reject": "rejects"}  # a table and its key column


class KeyReport(NamedTuple):
    """What is known of a key. `rows`: its rows of the ledger, none without a release. `rules`: sentences by id.

    `disagreements`: rows of the table in which it is the copy or the survivor.
    """

    key: str
    rows: list[dict[str, Any]]
    annotations: list[dict[str, Any]]
    findings: list[dict[str, Any]]
    disagreements: list[dict[str, Any]]
    rules: dict[str, str]


def report_on(key: str) -> KeyReport:
    """Return what is known of `key`. Raises UserError for an unknown key, or a base name of several images."""
    if _LEDGER.exists():
        ledger = open_table(_LEDGER)
        key = resolve_key(key, [(ledger, ds.scalar(value=True), "key", ds.field("kind") == "image")])
        rows = select_rows(ledger, ds.field("key") == key)
        images = [row["key"] for row in rows if row["kind"] == "image"]
        on_image = (ds.field("kind") == "annotation") & ds.field("image").isin(images)
        annotations = _with_words(select_rows(ledger, on_image)) if images else []
    else:
        tables = [(open_table(file), column) for column, name in _KEYS.items() if (file := table_file(name)).exists()]
        if not tables:
            raise UserError(f"{_LEDGER}: there is no release, nor a table before it; run `dvc repro`")
        anything = ds.scalar(value=True)
        key = resolve_key(
            key, [(table, anything, column, ds.scalar(value=column == "image")) for table, column in tables]
        )
        rows, annotations = [], []
    findings = []
    if _VIOLATIONS.exists():
        findings = select_rows(open_table(_VIOLATIONS), (ds.field("key") == key) | (ds.field("image") == key))
    apart = []
    if _DISAGREEMENTS.exists():
        apart = select_rows(open_table(_DISAGREEMENTS), (ds.field("image") == key) | (ds.field("duplicate_of") == key))
    return KeyReport(key, rows, annotations, findings, apart, _sentences())


def _with_words(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows with who said what, where the table of annotations is there."""
    if not rows or not table_file("annotations").exists():
        return rows
    columns = ["annotation", "annotator", "source", "kind", "label", "x", "y", "width", "height"]
    named = ds.field("annotation").isin([row["key"] for row in rows])
    words = open_table(table_file("annotations")).to_table(columns, filter=named).to_pylist()
    by_key = {word.pop("annotation"): word for word in words}
    return [row | by_key.get(row["key"], {}) for row in rows]


def _sentences() -> dict[str, str]:
    """Return each rule's sentence; the answer does without where the rule book cannot be read."""
    try:
        return {rule.id: rule.sentence for rule in read_rules(paths.RULES).rules}
    except UserError:
        return {}
