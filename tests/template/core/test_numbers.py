"""Numbers as people and tools write them: a column gives what each of its values gives."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from golgoru.core.numbers import parse_number, parse_numbers

TEXTS = st.text(st.sampled_from("0123456789+-.eE _\t\n\r\f\vnaif\u0661\u00a0x"), max_size=7)
FLOATS = st.floats()
MIXED = st.one_of(TEXTS, FLOATS, st.integers(), st.booleans(), st.none())


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("1", 1.0), (" 1.5 ", 1.5), ("-.5e3", -500.0), ("1.", 1.0), ("\v7\f", 7.0), ("1_000", None), ("nan", None),
        ("inf", None), ("1e400", None), ("\u0661", None), ("", None), ("1 2", None), ("1\n", 1.0), (True, None),
        (2, 2.0), (10**400, None), (float("nan"), None), (None, None),
    ],
)  # fmt: skip
def test_plain_decimal_notation_and_nothing_else(value: Any, number: float | None) -> None:
    assert parse_number(value) == number
    column = parse_numbers(pd.Series([value], dtype=object))
    assert column.isna().tolist() == [number is None]
    assert number is None or column[0] == number


@settings(max_examples=200)
@given(st.one_of(st.lists(TEXTS), st.lists(FLOATS), st.lists(MIXED)))
@example(["1", "x"])
def test_a_column_gives_what_each_value_gives(values: list[Any]) -> None:
    expected = [parse_number(value) for value in values]
    found = parse_numbers(pd.Series(values, dtype=object))
    assert found.dtype == float
    assert [None if pd.isna(number) else number for number in found] == expected
