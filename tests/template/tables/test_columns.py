"""What an argument says of the columns it takes."""

from typing import Annotated

import pandas as pd
import pytest

from golgoru.tables.columns import columns, given_columns, is_table, named_columns, united

PART = Annotated[pd.DataFrame, columns("b", "a")]


def test_an_argument_names_columns_or_takes_the_whole_table():
    assert named_columns(PART) == {"a", "b"} and is_table(PART)
    assert named_columns(pd.DataFrame) is None and is_table(pd.DataFrame)
    assert named_columns(Annotated[pd.DataFrame, "a remark"]) is None
    assert not is_table(dict[str, int]) and not is_table(int)


def test_an_argument_is_given_what_it_names_in_the_order_of_the_table():
    table = pd.DataFrame({"a": [1], "b": [2], "c": [3]})
    assert list(given_columns(table, PART)) == ["a", "b"]
    assert given_columns(table, pd.DataFrame) is table
    assert given_columns("no table", str) == "no table"
    with pytest.raises(KeyError, match="c"):
        given_columns(table, PART)["c"]


def test_two_arguments_of_one_table_ask_for_the_columns_of_both():
    assert named_columns(united(PART, Annotated[pd.DataFrame, columns("c", "a")])) == {"a", "b", "c"}
    assert united(PART, pd.DataFrame) is pd.DataFrame and united(pd.DataFrame, PART) is pd.DataFrame
