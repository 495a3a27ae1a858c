"""The dialect of predicates: what it can express, its error messages, and that it cannot reach anything outside."""

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golgoru.guideline import predicates
from golgoru.guideline.predicates import FUNCTIONS, PredicateError
from golgoru.tables import frames

ROW: dict[str, Any] = {"a": 3.0, "b": -2.5, "n": 7, "t": "Straße", "u": " x ", "yes": True}
KNOWN = {"a": pa.float64(), "b": pa.float64(), "n": pa.int64(), "t": pa.string(), "u": pa.string(), "yes": pa.bool_()}


def answers(predicate: str, rows: pd.DataFrame) -> list[Any]:
    holds = predicates.evaluate({"holds": predicate}, rows)["holds"]
    return [None if pd.isna(answer) else bool(answer) for answer in holds]


def refused(predicate: str) -> str:
    with pytest.raises(PredicateError) as error:
        predicates.check_predicate(predicate, KNOWN)
    return str(error.value)


OF_FUNCTIONS = {
    "abs": "abs(b) = 2.5",
    "ceil": "ceil(b) = -2",
    "contains": "contains(t, 'raß')",
    "ends_with": "ends_with(t, 'ße')",
    "floor": "floor(b) = -3",
    "greatest": "greatest(a, b) = 3",
    "least": "least(a, b) = -2.5",
    "length": "length(t) = 6",
    "list_contains": "list_contains(l, 2.0)",
    "lower": "lower(t) = 'straße'",
    "nullif": "nullif(n, 7) IS NULL",
    "regexp_matches": r"regexp_matches(t, '^\p{L}+$')",
    "round": "round(a / 7, 2) = 0.43",
    "sqrt": "round(sqrt(a + 1), 3) = 2",
    "starts_with": "starts_with(t, 'Str')",
    "trim": "trim(u) = 'x'",
    "upper": "upper(u) = ' X '",
}


def test_every_function_of_the_dialect_works() -> None:
    rows = pd.DataFrame({name: [value] for name, value in ROW.items()})
    polygon = frames.frame("annotations", {"polygon": [[1.0, 2.0]]})["polygon"]
    assert set(OF_FUNCTIONS) == set(FUNCTIONS)
    assert {name: answers(text, rows.assign(l=polygon)) for name, text in OF_FUNCTIONS.items()} == {
        name: [True] for name in FUNCTIONS
    }


@pytest.mark.parametrize(
    "predicate",
    [
        "a = 3", "a <> 4", "a != 4", "a < 4", "a <= 3", "a > 2", "a >= 3", "a + b = 0.5", "a - b = 5.5", "a * b = -7.5",
        "a / 2 = 1.5", "n % 4 = 3", "-a = -3", "yes", "NOT (a > 4)", "a > 2 AND b < 0", "a > 9 OR b < 0",
        "n IN (1, 7)", "n NOT IN (1, 2)", "t IN ('Straße', 'x')", "a BETWEEN 3 AND 4", "a NOT BETWEEN 4 AND 5",
        "t LIKE 'Str%'", "t NOT LIKE 'str%'", "t ILIKE 'STR%'", "t IS NOT NULL", "(t IS NULL) = false",
        "t || u = 'Straße x '", "CASE WHEN a > 2 THEN b < 0 ELSE false END", "coalesce(a, 0) = 3", '"a" = 3',
        "a IS DISTINCT FROM b", "a = 3 -- it is", "a = 3 /* it is */", "a\n=\n3", "true",
    ],
)  # fmt: skip
def test_every_operator_of_the_dialect_works(predicate: str) -> None:
    predicates.check_predicate(predicate, KNOWN)
    assert answers(predicate, pd.DataFrame([ROW])) == [True]
    assert answers(f"NOT ({predicate}\n)", pd.DataFrame([ROW])) == [False]


def test_deep_nesting_is_computed_or_refused_and_never_a_crash() -> None:
    rows = pd.DataFrame({"yes": [True]})
    assert answers("NOT " * 400 + "yes", rows) == [True]
    assert answers("NOT " * 401 + "yes", rows) == [False]
    assert answers("(" * 900 + "yes" + ")" * 900, rows) == [True]


def test_a_null_gives_null_where_it_is_needed() -> None:
    rows = frames.frame("images", {"image": ["x", "y", "z"], "width": [1, None, 3], "contrast": [1.0, 2.0, None]})
    assert answers("width > 2", rows) == [False, None, True]
    assert answers("width > 2 OR contrast > 1", rows) == [False, True, True]
    assert answers("width IS NULL OR width > 2", rows) == [False, True, True]
    assert answers("contrast IN (1, 2)", rows) == [True, True, None]
    assert answers("error LIKE 'x'", rows) == [None, None, None]


@pytest.mark.parametrize(
    ("predicate", "message"),
    [
        ("", "expected 1 to 2,000 characters, found 0"),
        ("  \n", "expected 1 to 2,000 characters, found 3"),
        ("a > 1 OR " * 300 + "yes", "expected 1 to 2,000 characters, found 2,703"),
        ("a + 1", "it gives a value, not true or false; compare the value with something"),
        ("t", "it gives a value, not true or false; compare the value with something"),
        ("a > 1), (b > 1", "found 2 expressions, expected one"),
        ("now() > 1", "there is no function 'now'; there are abs, ceil, "),
        ("random() > 0.5", "there is no function 'random'; there are "),
        ("getenv('HOME') = ''", "there is no function 'getenv'; there are "),
        ("read_text('/etc/passwd') = ''", "there is no function 'read_text'; there are "),
        ("sum(a) > 1", "there is no function 'sum'; there are "),
        ("count(*) > 1", "there is no function 'count"),
        ("length(DISTINCT t) > 1", "there is no function 'length'; there are "),
        ("c > 1", "there is no column 'c'; There are a, b, n, t, u, yes"),
        ("yess", "there is no column 'yess'; did you mean 'yes'? There are a, b, n, t, u, yes"),
        ("current_date = a", "there is no "),
        ("rows.a > 1", "there is no column 'rows.a'; "),
    ],
)  # fmt: skip
def test_what_is_refused_gives_a_reason(predicate: str, message: str) -> None:
    assert refused(predicate).startswith(message)


@pytest.mark.parametrize(
    "predicate",
    [
        "(SELECT 1) = 1", "a IN (SELECT 1)", "EXISTS (SELECT 1)", "EXISTS (FROM 'x.csv')", "a::text = '3'",
        "CAST(a AS text) = '3'", "TRY_CAST(t AS int) = 3", "row_number() OVER () > 1", "sum(a) OVER () > 1",
        "avg(a) FILTER (a > 1) > 1", "list_transform([1], x -> x + 1) = [2]", "lambda x: x", "*", "COLUMNS(*) > 1",
        "a > ?", "a > $1", "a > 1; DROP TABLE rows", "a > 1) FROM rows --", "a > 1) FROM read_text('/etc/passwd') --",
        "a > 1) AS answer FROM x WHERE (true", "1) UNION SELECT (true", "a > 1) /*", "a > 1 --\n) FROM rows",
        "a > 1 FROM rows", "a > 1 AS answer", "[1] = [1]", "{'a': 1} = {'a': 1}", "t COLLATE de = 'x'",
        "DATE '2026-01-01' > DATE '2025-01-01'", "INTERVAL 1 DAY > INTERVAL 1 HOUR", "current_timestamp > '2026'",
        "today() > '2026'", "current_setting('threads') = '1'", "version() = 'x'", "nextval('s') > 1", "a > ", "> 3",
        "a >> 1 > 1", "a ** 2 > 1", "'a' ^@ 'b'", "l[1] > 1", "\x00", "a \x00 > 1", "a > 1) FROM range(3) ORDER BY (1",
        "a > 1) LIMIT (1", "a > 1) WHERE (true", "true) GROUP BY (1", "yes) FROM read_text('/etc/passwd') WHERE (true",
    ],
)  # fmt: skip
def test_what_is_outside_the_dialect_never_runs(predicate: str, monkeypatch: pytest.MonkeyPatch) -> None:
    predicates.referenced_columns.cache_clear()

    def never(*_: object) -> None:
        raise AssertionError("it ran")

    monkeypatch.setattr(predicates, "_query", never)
    message = refused(predicate)
    assert message and "\n" not in message and len(message) < 900


@pytest.mark.parametrize(
    "expression",
    [
        "(SELECT content FROM read_text('/etc/passwd')) IS NULL",
        "(SELECT count(*) FROM read_csv('/etc/passwd')) > 0",
        "(SELECT count(*) FROM '/etc/passwd') > 0",
        "(SELECT count(*) FROM glob('/*')) > 0",
        "(SELECT count(*) FROM read_text('https://example.org')) > 0",
        "(SELECT count(*) FROM secret_frame) > 0",
    ],
)
def test_the_database_reaches_nothing_even_without_the_dialect(
    expression: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret_frame = pd.DataFrame({"a": [1]})  # DuckDB would find it by its name
    monkeypatch.setattr(predicates, "referenced_columns", lambda _: ())
    with pytest.raises(PredicateError):
        predicates.evaluate({"holds": expression}, secret_frame)


@pytest.mark.parametrize(
    "statement",
    [
        "SET enable_external_access = true", "SET threads = 8", "SET lock_configuration = false", "INSTALL httpfs",
        "LOAD httpfs", "ATTACH 'attached.db'", "COPY (SELECT 1) TO 'copied.csv'",
    ],
)  # fmt: skip
def test_its_configuration_is_locked(statement: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import duckdb

    monkeypatch.chdir(tmp_path)

    with pytest.raises(duckdb.Error):
        predicates._database().execute(statement)
    assert list(tmp_path.iterdir()) == []


def test_answers_come_in_the_order_of_the_rows_under_a_fresh_index() -> None:
    rows = pd.DataFrame({"a": range(300_000)}).iloc[::-1]
    answer = predicates.evaluate({"even": "a % 2 = 0", "small": "a < 10"}, rows)
    assert list(answer) == ["even", "small"] and answer.index.equals(pd.RangeIndex(len(rows)))
    assert (answer["even"].to_numpy(bool) == (rows["a"] % 2 == 0).to_numpy()).all()
    assert (answer["small"].to_numpy(bool) == (rows["a"] < 10).to_numpy()).all()


def test_tables_without_rows_and_predicates_without_columns() -> None:
    assert answers("a > 1", pd.DataFrame({"a": pd.Series(dtype=float)})) == []
    assert answers("1 < 2", pd.DataFrame({"a": [1.0, 2.0]})) == [True, True]
    assert predicates.referenced_columns("abs(b) > 1 AND a = b") == ("a", "b")


def test_a_predicate_that_fails_on_a_value_says_so_and_leaves_the_database_usable() -> None:
    rows = pd.DataFrame({"t": ["("], "a": [1.0]})
    with pytest.raises(PredicateError) as error:
        answers("regexp_matches('x', t)", rows)
    assert "\n" not in str(error.value)
    assert answers("a = 1", rows) == [True]


@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9) | st.none()), max_size=20))
def test_a_predicate_equals_a_plain_computation(rows: list[tuple[float, float | None]]) -> None:
    table = pd.DataFrame(rows, columns=["a", "b"], dtype=float)
    expected = [None if b is None else a > b or abs(a) <= 3 for a, b in rows]
    result = answers("CASE WHEN b IS NULL THEN NULL ELSE a > b OR abs(a) <= 3 END", table)
    assert result == expected
