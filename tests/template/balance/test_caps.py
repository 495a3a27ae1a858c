"""Caps on images of a value: who stays."""

import pytest

from tests.template.builders.balance_tables import of_class, planned, run

CATS = [["cat"]] * 900 + [["dog"]] * 100


def test_a_cap_keeps_that_many_images_of_a_class_by_hash_and_all_of_the_others():
    shown = [["cat"]] * 50 + [["dog"]] * 5
    for cap in (10, {"cat": 10}):
        made = run(shown, {"to": "square root", "cap": cap})
        weights = made.weights
        assert weights["keep"].sum() == 15
        assert of_class(weights, shown, "dog")["keep"].all()
        assert made.metrics["capped"] == 40
        assert planned(made)[["images", "kept"]].values.tolist() == [[50, 10], [5, 5]]
        # Not the first ten: chance decides.
        cats = of_class(weights, shown, "cat")
        assert not cats["keep"].iloc[:10].all()
        assert cats.loc[~cats["keep"], ["weight", "repeat"]].eq(1).all(axis=None)
        # The class counts with what is left of it: sqrt(10 / 5) times the weight.
        assert weights.loc["50", "weight"] / cats.loc[cats["keep"], "weight"].iloc[0] == pytest.approx(2**0.5, abs=1e-3)


def test_a_target_that_only_caps_sets_no_shares():
    made = run(CATS, {"cap": 100})
    assert made.weights["keep"].sum() == 200
    assert made.weights["weight"].eq(1).all()
    assert planned(made)["target"].isna().all()
    assert planned(made)["after"].tolist() == [0.5, 0.5]


def test_a_capped_class_stays_where_another_class_needs_the_image():
    shown = [["cat"]] * 20 + [["cat", "dog"]] * 5
    assert of_class(run(shown, {"cap": 5}).weights, shown, "dog")["keep"].all()


def test_another_cap_takes_from_the_end_of_one_order():
    ten, twenty = (run([["cat"]] * 50, {"cap": cap}).weights["keep"] for cap in (10, 20))
    assert not (ten & ~twenty).any()


def test_a_cap_leaves_out_near_duplicates_first():
    near = [(0, n) for n in range(1, 40)]
    kept = run([["cat"]] * 50, {"cap": 11}, near=near).weights["keep"]
    assert kept.loc[[str(n) for n in range(40, 50)]].all()
    assert kept.sum() == 11
