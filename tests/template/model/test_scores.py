"""Scores with their intervals: what they are a share of, and where there is none."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import precision_recall_fscore_support

from golgoru.model import scores

NO_EDGE_CASES = pd.DataFrame({"edge_case": pd.Series(dtype="str"), "row": pd.Series(dtype="int64")})


def table(
    label: list[str], predicted: list[str], groups: list[str] | None = None, edge_cases: pd.DataFrame = NO_EDGE_CASES
):
    measured = scores.measures(
        label=pd.Series(label, dtype="str"), predicted=pd.Series(predicted, dtype="str"), edge_cases=edge_cases
    )
    groups = groups or [f"g{n}" for n in range(len(label))]
    return scores.score_table(measured, pd.Series(groups, dtype="str"), 0).set_index(["scope", "key", "measure"])


def test_recall_and_precision_are_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    label, predicted = (rng.choice(["cat", "dog", "owl"], 200).tolist() for _ in range(2))
    found = table(label, predicted)
    precision, recall, _, count = precision_recall_fscore_support(label, predicted, labels=["cat", "dog", "owl"])
    for name, p, r, n in zip(("cat", "dog", "owl"), precision, recall, count, strict=True):
        assert found.loc[("class", name, "precision"), "value"] == pytest.approx(p, abs=1e-4)
        assert found.loc[("class", name, "recall"), "value"] == pytest.approx(r, abs=1e-4)
        assert found.loc[("class", name, "recall"), "objects"] == n


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    covered = []
    for _ in range(60):
        correct = rng.random(150) < 0.8
        row = table(["cat"] * 150, ["cat" if r else "dog" for r in correct]).loc[("all", "", "accuracy")]
        covered.append(row["low"] <= 0.8 <= row["high"])
    assert np.mean(covered) >= 0.85


def test_objects_of_one_group_are_drawn_together() -> None:
    label, predicted = ["cat"] * 100, (["cat"] * 50 + ["dog"] * 50)
    alone = table(label, predicted).loc[("all", "", "accuracy")]
    grouped = table(label, predicted, [f"g{n // 10}" for n in range(100)]).loc[("all", "", "accuracy")]
    assert grouped["high"] - grouped["low"] > 2 * (alone["high"] - alone["low"])


def test_a_share_or_interval_without_enough_data_is_null_with_its_reason() -> None:
    found = table(["cat"] * 9 + ["dog"], ["cat"] * 10)
    dog = found.loc[("class", "dog", "precision")]
    assert np.isnan(dog["value"])
    assert dog["reason"] == "there are no objects"
    recall = found.loc[("class", "dog", "recall")]
    assert (recall["value"], recall["reason"]) == (0, "fewer than 5 groups of images")
    assert np.isnan(recall["low"])


def test_an_edge_case_counts_where_it_fires() -> None:
    edge_cases = pd.DataFrame({"edge_case": ["EDGE-001"] * 2, "row": [0, 1]})
    row = table(["cat"] * 4, ["cat", "dog", "dog", "dog"], edge_cases=edge_cases).loc[
        ("edge case", "EDGE-001", "accuracy")
    ]
    assert (row["objects"], row["value"]) == (2, 0.5)


def test_the_order_of_rows_is_irrelevant() -> None:
    label, predicted = ["cat", "dog"] * 20, ["cat", "cat", "dog", "dog"] * 10
    groups = [f"g{n % 13:02}" for n in range(40)]
    once = table(label, predicted, groups)
    again = table(label[::-1], predicted[::-1], groups[::-1])
    pd.testing.assert_frame_equal(once, again)
