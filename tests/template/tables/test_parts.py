"""A table that is made part by part is the table made at once, to the byte."""

import pandas as pd

from golgoru.tables import frames
from golgoru.tables.parts import Parts

ROWS = pd.DataFrame({"image": list("abcd"), "split": ["train", "val", "train", "test"], "group": list("wxyz")})


def made_of(*parts: pd.DataFrame) -> pd.DataFrame:
    table = Parts("splits", ("split",))
    for part in parts:
        table.add(frames.frame("splits", part.assign(held_back=False, reason="hash")))
    return table.frame()


def test_parts_make_the_same_bytes_as_the_whole() -> None:
    at_once = frames.frame("splits", ROWS.assign(held_back=False, reason="hash"))
    for parts in ([ROWS], [ROWS[:1], ROWS[1:]], [ROWS[2:], ROWS[:0], ROWS[:2]]):
        assert frames.to_bytes(made_of(*parts), "splits") == frames.to_bytes(at_once, "splits")


def test_texts_of_several_parts_are_categories_and_of_one_part_texts() -> None:
    several, one = made_of(ROWS[:2], ROWS[2:]), made_of(ROWS)
    assert isinstance(several["split"].dtype, pd.CategoricalDtype) and one["split"].dtype == "str"
    assert frames.as_texts(several)["split"].tolist() == one["split"].tolist() == ROWS["split"].tolist()


def test_no_part_is_the_empty_table() -> None:
    pd.testing.assert_frame_equal(Parts("splits", ("split",)).frame(), frames.frame("splits"))
