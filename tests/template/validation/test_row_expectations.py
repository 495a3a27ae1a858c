"""The row expectations, run by Great Expectations: from JSON, in every result format, equal to pandas."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

FORMATS = ("BOOLEAN_ONLY", "BASIC", "SUMMARY", "COMPLETE")
ROWS = pd.DataFrame({"a": [1.0, None, 3.0, -1.0], "image": ["1.png", "2.PNG", "3.jpg", "4"], "format": ["PNG"] * 4})


@pytest.fixture(scope="module")
def validate():
    """Return a function that runs expectations, written as JSON, on rows. Only who runs it imports their library."""
    import great_expectations
    from great_expectations.core import ExpectationSuite

    import golgoru.validation.row_expectations  # noqa: F401  (registers its expectations)

    context = great_expectations.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    batches = context.data_sources.add_pandas("rows").add_dataframe_asset("rows")
    definition = batches.add_batch_definition_whole_dataframe("rows")

    def run(rows: pd.DataFrame, result_format: Any, *written: dict[str, Any]) -> list[Any]:
        suite = ExpectationSuite(**json.loads(json.dumps({"name": "rows", "expectations": written})))
        batch = definition.get_batch(batch_parameters={"dataframe": rows})
        return list(batch.validate(suite, result_format=result_format).results)

    return run


def predicate(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "expect_rows_to_satisfy", "kwargs": {"predicate": text}, "meta": {"rule": "TEST-001"}, **more}


def check(name: str) -> dict[str, Any]:
    return {"type": "expect_rows_to_pass", "kwargs": {"check": name}, "meta": {"rule": "TEST-002"}}


def test_both_are_loaded_from_json_by_type(validate) -> None:
    first, second = validate(ROWS, "BASIC", predicate("a > 0", severity="warning"), check("suffix_fits_format"))
    assert (first.expectation_config.type, second.expectation_config.type) == (
        "expect_rows_to_satisfy",
        "expect_rows_to_pass",
    )
    assert first.expectation_config.meta == {"rule": "TEST-001"}
    assert first.result["partial_unexpected_index_list"] == [3]
    assert second.result["partial_unexpected_index_list"] == [2, 3]


@pytest.mark.parametrize("result_format", FORMATS)
def test_result_formats_are_those_of_great_expectations(validate, result_format: str) -> None:
    (ours,) = validate(ROWS, result_format, predicate("a > 0"))
    own = {"type": "expect_column_values_to_be_between", "kwargs": {"column": "a", "min_value": 0.5}}
    (theirs,) = validate(ROWS, result_format, own)
    assert ours.success is theirs.success is False
    assert set(ours.result) <= set(theirs.result) | {"partial_unexpected_index_list"}
    for key in set(ours.result) & {"element_count", "missing_count", "unexpected_count", "unexpected_percent"}:
        assert ours.result[key] == pytest.approx(theirs.result[key]), key
    assert ("unexpected_index_list" in ours.result) is (result_format == "COMPLETE")
    assert (ours.result == {}) is (result_format == "BOOLEAN_ONLY")


def test_a_row_without_an_answer_counts_as_missing(validate) -> None:
    (result,) = validate(ROWS, "COMPLETE", predicate("a > 0"))
    counted = {key: result.result[key] for key in ("element_count", "missing_count", "unexpected_count")}
    assert counted == {"element_count": 4, "missing_count": 1, "unexpected_count": 1}
    assert result.result["unexpected_percent"] == pytest.approx(100 / 3)
    (result,) = validate(ROWS.assign(a=np.nan), "COMPLETE", predicate("a > 0"))
    assert result.success and result.result["missing_count"] == 4 and result.result["unexpected_percent"] == 0


def test_no_rows_and_an_unusual_index(validate) -> None:
    (result,) = validate(ROWS.iloc[:0], "COMPLETE", predicate("a > 0"))
    assert result.success and result.result["element_count"] == 0
    (result,) = validate(ROWS.set_axis([9, 9, 7, 7]), "COMPLETE", predicate("a > 0"))
    assert result.result["unexpected_index_list"] == [3]  # positions, whatever the index


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (predicate("c > 0"), "there is no column 'c'"),
        (predicate("(SELECT 1) = 1"), "a subquery is not part of the dialect"),
        (predicate("a + 1"), "compare the value with something"),
        (check("no_such"), "there is no check 'no_such'"),
    ],
)
def test_an_error_is_reported_without_a_crash(validate, written: dict[str, Any], reason: str) -> None:
    broken, valid = validate(ROWS, "COMPLETE", written, predicate("a < 9"))
    assert not broken.success and valid.success
    infos = [part for part in broken.exception_info.values() if isinstance(part, dict)] or [broken.exception_info]
    assert any(part["raised_exception"] and reason in part["exception_message"] for part in infos)


numbers = st.none() | st.integers(-3, 3).map(float)


@settings(max_examples=20)
@given(st.lists(st.tuples(numbers, numbers), max_size=30))
def test_results_equal_pandas(validate, rows: list[tuple[float | None, float | None]]) -> None:
    table = pd.DataFrame(rows, columns=["a", "b"], dtype=float)
    (result,) = validate(table, "COMPLETE", predicate("a <= b"))
    null = table.isna().any(axis=1)
    broken = ~null & ~(table["a"] <= table["b"])
    assert result.result["unexpected_index_list"] == list(np.flatnonzero(broken))
    assert result.result["missing_count"] == null.sum()
    assert result.success is not bool(broken.any())
