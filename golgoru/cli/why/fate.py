"""The fate of a key in the ledger, or, before there is a release, what the checks found about it."""

from typing import Any, NamedTuple

import pyarrow.dataset as ds

from golgoru.cli.common.table_lookup import open_table, resolve_key, select_rows, table_file
from golgoru.core import paths
from golgoru.core.errors import UserError
from golgoru.guideline.rules import read_rules

_LEDGER = paths.RELEASE / "ledger.parquet"
_VIOLATIONS = paths.DATA / "violations.parquet"
_CONFLICTS = paths.DATA / "duplicate_conflicts.parquet"
_KEYS = {"image": "images", "annotation": "annotations", "reject": "rejects"}  # a table and its key column


class KeyReport(NamedTuple):
    """What is known of a key. `rows`: its rows of the ledger, none without a release. `rules`: sentences by id.

    `conflicts`: rows of `duplicate_conflicts` in which it is the duplicate or its representative.
    """

    key: str
    rows: list[dict[str, Any]]
    annotations: list[dict[str, Any]]
    findings: list[dict[str, Any]]
    conflicts: list[dict[str, Any]]
    rules: dict[str, str]


def report_on(key: str) -> KeyReport:
    """Return what is known of `key`. Raises UserError for an unknown key, or a base name of several images."""
    if _LEDGER.exists():
        ledger = open_table(_LEDGER)
        key = resolve_key(key, [(ledger, ds.scalar(value=True), "key", ds.field("kind") == "image")])
        rows = select_rows(ledger, ds.field("key") == key)
        images = [row["key"] for row in rows if row["kind"] == "image"]
        on_image = (ds.field("kind") == "annotation") & ds.field("image").isin(images)
        annotations = _with_annotations(select_rows(ledger, on_image)) if images else []
    else:
        tables = [(open_table(file), column) for column, name in _KEYS.items() if (file := table_file(name)).exists()]
        if not tables:
            raise UserError(f"{_LEDGER}: there is no release yet, and no table of an earlier stage; run `dvc repro`")
        every = ds.scalar(value=True)
        key = resolve_key(key, [(table, every, column, ds.scalar(value=column == "image")) for table, column in tables])
        rows, annotations = [], []
    findings = []
    if _VIOLATIONS.exists():
        findings = select_rows(open_table(_VIOLATIONS), (ds.field("key") == key) | (ds.field("image") == key))
    conflicts = []
    if _CONFLICTS.exists():
        conflicts = select_rows(open_table(_CONFLICTS), (ds.field("image") == key) | (ds.field("duplicate_of") == key))
    return KeyReport(key, rows, annotations, findings, conflicts, _sentences())


def _with_annotations(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows with their annotations, if that table exists."""
    if not rows or not table_file("annotations").exists():
        return rows
    columns = ["annotation", "annotator", "source", "kind", "label", "x", "y", "width", "height"]
    named = ds.field("annotation").isin([row["key"] for row in rows])
    details = open_table(table_file("annotations")).to_table(columns, filter=named).to_pylist()
    by_key = {row.pop("annotation"): row for row in details}
    return [row | by_key.get(row["key"], {}) for row in rows]


def _sentences() -> dict[str, str]:
    """Return each rule's sentence; none if the rule book cannot be read."""
    try:
        return {rule.id: rule.sentence for rule in read_rules(paths.RULES).rules}
    except UserError:
        return {}
