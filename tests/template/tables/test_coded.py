"""Columns of texts that are categories: whatever is asked of them, the answer is that of the texts."""

import numpy as np
import pandas as pd
import pytest

from golgoru.tables import coded

TEXTS = pd.Series(["b", "a", None, "b", "é"], index=[3, 1, 4, 0, 2], dtype="str")
AMONG = pd.Series(["a", "b", "z"], dtype="str")
# In no order, and with one that does not occur.
CATEGORIES = TEXTS.astype(pd.CategoricalDtype(["é", "unused", "b", "a"]))


@pytest.fixture(params=[TEXTS, CATEGORIES], ids=["texts", "categories"])
def values(request):
    return request.param


def test_positions_and_membership(values):
    assert coded.positions(values, AMONG).tolist() == [1, 0, -1, 1, -1]
    found = coded.is_in(values, AMONG)
    assert found.tolist() == [True, True, False, True, False]
    assert found.index.equals(TEXTS.index)


def test_counts_and_distinct_texts_leave_out_what_does_not_occur(values):
    assert coded.counts(values).to_dict() == {"b": 2, "a": 1, "é": 1}
    assert sorted(coded.distinct(values)) == ["a", "b", "é"]


def test_taken_rows_are_the_texts_there_and_null_for_none(values):
    taken = coded.take(values, np.array([4, -1, 2, 0]), pd.RangeIndex(4))
    assert taken.astype("str").fillna("none").tolist() == ["é", "none", "none", "b"]


def test_categories_in_order_sort_as_texts_do(values):
    assert coded.in_order(values).sort_values().astype("str").dropna().tolist() == ["a", "b", "b", "é"]


def test_rows_come_in_the_order_of_their_keys():
    rows = pd.DataFrame({"key": ["b", "a"], "value": [2, 1]})
    for keys in (["b", "a"], ["a", "b"]):
        ordered = coded.in_order_of(rows, "key", pd.Series(keys, index=[7, 8], dtype="str"))
        assert ordered["key"].tolist() == keys
        assert ordered["value"].tolist() == [{"a": 1, "b": 2}[key] for key in keys]
        assert ordered.index.tolist() == [7, 8]
