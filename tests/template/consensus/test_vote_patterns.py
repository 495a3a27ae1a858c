"""Objects with the same votes: counted once, they give the same confusion as one by one."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from golgoru.consensus import dawid_skene
from golgoru.consensus.vote_patterns import vote_patterns

CLASSES = 3
ROWS = st.lists(
    st.tuples(st.integers(0, 8), st.integers(0, 3), st.integers(0, CLASSES - 1), st.sampled_from([0.5, 1.0])),
    min_size=1, max_size=40, unique_by=lambda row: row[:3],
)  # fmt: skip


def votes(rows: list[tuple[int, int, int, float]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["object", "annotator", "value", "weight"])


def test_objects_with_the_same_votes_are_one_whoever_cast_them() -> None:
    found = vote_patterns(votes([(7, 0, 1, 1.0), (7, 1, 2, 1.0), (3, 2, 2, 1.0), (3, 0, 1, 1.0), (5, 0, 1, 1.0)]), 3)
    rows = {tuple(row) for row in found[["annotator", "value", "weight", "objects"]].to_numpy().tolist()}
    assert rows == {(0, 1, 1.0, 2), (1, 2, 0.5, 2), (2, 2, 0.5, 2), (0, 1, 1.0, 1)}
    assert found["object"].nunique() == 2


@given(ROWS)
def test_patterns_give_the_confusion_of_all_objects(rows: list[tuple[int, int, int, float]]) -> None:
    one_by_one = dawid_skene.estimate(votes(rows), CLASSES, np.inf)
    by_pattern = dawid_skene.estimate(vote_patterns(votes(rows), CLASSES), CLASSES, np.inf)
    cells = ["annotator", "true_label", "annotated_label"]
    joined = one_by_one.confusion.merge(by_pattern.confusion, on=cells, how="outer").fillna(0.0)
    np.testing.assert_allclose(joined["votes_x"], joined["votes_y"], atol=2e-4)
    np.testing.assert_allclose(one_by_one.accuracy, by_pattern.accuracy, atol=2e-6)


@given(ROWS, st.randoms())
def test_order_of_rows_is_irrelevant(rows: list[tuple[int, int, int, float]], chance: object) -> None:
    shuffled = rows.copy()
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    pd.testing.assert_frame_equal(vote_patterns(votes(rows), CLASSES), vote_patterns(votes(shuffled), CLASSES))


def test_without_votes_the_prior_alone_counts() -> None:
    np.testing.assert_allclose(np.diag(dawid_skene.pooled_confusion(votes([]).astype(int), CLASSES)), 0.85)
