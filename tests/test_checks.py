"""The team's own checks in expectations/checks.py run: on a few rows, on none, and on rows that are empty."""

from pathlib import Path

import pandas as pd
import pytest

from golgoru.annotations.metadata import metadata_dtypes
from golgoru.core import paths
from golgoru.guideline import python_checks
from golgoru.guideline.edge_cases import read_edge_cases
from golgoru.guideline.predicates import PredicateError
from golgoru.guideline.rules import read_rules
from golgoru.raw.deliveries import read_deliveries
from golgoru.tables.schema import INTEGER, NUMBER, TEXT, TIME, YES_NO, Column
from golgoru.validation.features.edge_cases import EdgeCaseImages, EdgeCaseObjects
from golgoru.validation.suites import FEATURE_TABLES

TOP = Path(__file__).parents[1]
# What columns of these names look like; others by their type.
BY_NAME = {
    "image": ["first/a.png", "first/b.JPEG", "second/no suffix"],
    "date": ["2026-01-31", "2026-02-01", "2026-02-01"],
    "format": ["PNG", "JPEG", "WEBP"],
    "attributes": ["{}", '{"blurred": true}', '{"seen": 2}'],
    "polygon": [[0.0, 0.0, 9.0, 0.0, 9.0, 9.0]] * 3,
}
BY_TYPE = {
    TEXT: (["a", "골고루, é ½", "two words"], "str"),
    INTEGER: ([0, 1, 640], "Int64"),
    NUMBER: ([0.0, 0.5, 640.25], "float64"),
    YES_NO: ([True, False, True], "boolean"),
    TIME: (["2026-01-31T12:00:00Z", "2026-02-01T12:00:00Z", "2026-02-01T12:00:01Z"], "datetime64[us, UTC]"),
}


# The tables that a trigger reads: images of the catalogue carry the metadata that deliveries declare.
TRIGGERS = {"image": EdgeCaseImages, "object": EdgeCaseObjects}


def uses() -> list[tuple[str, str]]:
    """Return each check that a rule or an edge case names, with the rule's table or the edge case's unit."""
    rules = [(r.check, str(r.table)) for r in read_rules(TOP / paths.RULES).rules if r.check and r.status == "active"]
    cases = [(case.check, case.on) for case in read_edge_cases(TOP / paths.EDGE_CASES).active if case.check]
    return sorted({*rules, *cases})


def a_few_rows(where: str, names: tuple[str, ...]) -> pd.DataFrame:
    """Return three rows of columns of a table, and one more that is null wherever a value may be absent."""
    table = {**FEATURE_TABLES, **TRIGGERS}[where]
    columns = {column.name: column for column in (*table.schema.columns, *table.features())}
    declared = metadata_dtypes(read_deliveries(TOP / paths.DELIVERIES))
    return pd.DataFrame(
        {
            name: values(columns[name]) if name in columns else pd.Series([None] * 4, dtype=declared[name])
            for name in names
        }
    )


def values(column: Column) -> pd.Series:
    given, dtype = BY_TYPE.get(column.type, ([None] * 3, pd.ArrowDtype(column.type)))
    given = BY_NAME.get(column.name, given)
    return pd.Series([*given, None if column.nullable else given[0]], dtype=dtype)


@pytest.mark.parametrize(("check", "where"), uses())
def test_a_check_answers_for_every_row(check, where, monkeypatch):
    monkeypatch.chdir(TOP)
    rows = a_few_rows(where, python_checks.check_columns(check))
    for given in (rows, rows.iloc[:1], rows.iloc[:0]):
        try:
            answer = python_checks.run_check(check, given)
        except PredicateError as error:
            pytest.fail(f"{error}\nIt was given:\n{given}", pytrace=False)
        assert len(answer) == len(given)
        assert list(answer.index) == list(given.index)


def test_the_file_can_be_imported(monkeypatch):
    monkeypatch.chdir(TOP)
    with pytest.raises(PredicateError, match="there is no check 'no such check'"):
        python_checks.check_columns("no such check")
