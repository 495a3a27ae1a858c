"""Columns of Arrow as plain Python values: what `to_pylist` gives, without empty texts, times as `isoformat` gives."""

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golgoru.core.arrow_values import plain_values

COLUMNS = [
    pa.array(["a", "", None, "ß"]),
    pa.array(["a", "", None], pa.large_string()),
    pa.array([b"a", b"", None, "ß".encode()]),
    pa.array(["b", "a", None, "b"]).dictionary_encode(),
    pa.array([1, None, -(2**63)], pa.int64()),
    pa.array([2**64 - 1, None], pa.uint64()),
    pa.array([1, None], pa.int8()),
    pa.array([0.1, None, float("nan"), float("inf")], pa.float64()),
    pa.array([0.1, None, float("nan")], pa.float32()),
    pa.array([np.float16(0.1), None], pa.float16()),
    pa.array([True, None, False]),
    pa.array([Decimal("1.50"), None]),
    pa.array([[1.0, None], None, []], pa.list_(pa.float64())),
    pa.array([{"a": 1}, None]),
    pa.array([None, None]),
    pa.array([dt.date(2026, 1, 2), None]),
    pa.array([], pa.string()),
]


def expected(column: pa.Array) -> list[Any]:
    texts = column.cast(pa.string()) if column.type == pa.binary() else column
    return [None if value == "" else value for value in texts.to_pylist()]


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: str(column.type))
def test_a_column_gives_the_plain_values_of_its_cells(column: pa.Array) -> None:
    for cells in (column, column.slice(1)):
        values = plain_values(cells, times_as_text=True)
        assert values.dtype == object
        assert [(type(value), repr(value)) for value in values] == [(type(v), repr(v)) for v in expected(cells)]


FIRST, LAST = -62_135_596_800, 253_402_300_799  # seconds since 1970: the first and the last of a date of Python


@given(
    unit=st.sampled_from([("s", 1), ("ms", 1_000), ("us", 1_000_000), ("ns", 1_000_000_000)]),
    zone=st.sampled_from([None, "UTC", "+00:00", "+09:00"]),
    seconds=st.lists(st.none() | st.sampled_from([0.0, -1.5, 1e9, 1e9 + 1e-6]) | st.floats(-9e9, 9e9), max_size=5),
)
def test_times_are_texts_as_python_writes_them(unit: tuple[str, int], zone: str | None, seconds: list[Any]) -> None:
    name, per_second = unit
    whole = [None if second is None else int(second * per_second) for second in seconds]
    times = pa.array(whole, pa.timestamp(name, zone))
    texts = [None if time is None else time.isoformat() for time in times.to_pylist()]
    found = plain_values(times, times_as_text=True)
    assert [value if value is None or isinstance(value, str) else value.isoformat() for value in found] == texts
    assert plain_values(times, times_as_text=False).tolist() == times.to_pylist()


@pytest.mark.parametrize("second", [FIRST - 1, FIRST, LAST, LAST + 1])
@pytest.mark.parametrize("unit", ["s", "us"])
def test_a_time_that_is_none_of_python_s_raises(unit: str, second: int) -> None:
    times = pa.array([second], pa.timestamp("s")).cast(pa.timestamp(unit))
    if FIRST <= second <= LAST:
        assert list(plain_values(times, times_as_text=True)) == [times[0].as_py().isoformat()]
    else:
        with pytest.raises((ValueError, OverflowError)):
            plain_values(times, times_as_text=True)
