"""Columns that arguments name: what an annotation says, what two together ask for, what an argument is given."""

from typing import Annotated

import pandas as pd

from golgoru.tables.columns import columns, given_columns, is_table, named_columns, united

WHOLE = pd.DataFrame
ENDS = Annotated[pd.DataFrame, columns("image_a", "image_b")]
KIND = Annotated[pd.DataFrame, columns("kind", "image_a")]


def test_an_annotation_names_columns_or_takes_the_whole_table():
    assert named_columns(ENDS) == {"image_a", "image_b"}
    assert named_columns(WHOLE) is None and named_columns(Annotated[pd.DataFrame, "about pairs"]) is None
    assert is_table(WHOLE) and is_table(KIND) and not is_table(str)


def test_two_annotations_ask_for_the_columns_of_both_and_one_for_all_asks_for_all():
    assert named_columns(united([ENDS, KIND])) == {"image_a", "image_b", "kind"}
    assert united([ENDS, WHOLE]) is united([WHOLE, ENDS]) is WHOLE


def test_an_argument_is_given_what_it_names_in_the_order_of_the_table():
    table = pd.DataFrame({"image_b": ["b"], "kind": ["near"], "image_a": ["a"]})
    assert list(given_columns(table, ENDS)) == ["image_b", "image_a"]
    assert given_columns(table, WHOLE) is table
