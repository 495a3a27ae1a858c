"""Stage rebalance: weights, repeats and the plan. Caps are tested in tests/template/balance/test_caps.py."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages import rebalance
from tests.template.builders import worlds
from tests.template.builders.balance_tables import of_class, planned, run
from tests.template.builders.examples import examples

few = examples(15)
CATS = [["cat"]] * 900 + [["dog"]] * 100


@pytest.mark.parametrize(
    ("target", "share"),
    [
        ({"to": "natural"}, 0.9),
        ({"to": "square root"}, 0.75),
        ({"to": "uniform"}, 0.5),
        ({"to": "effective number", "beta": 0.99}, 900 / (900 + 100 * (1 - 0.99**900) / (1 - 0.99**100))),
        ({"shares": {"cat": 0.6, "dog": 0.4}}, 0.6),
        ({"shares": {"dog": 0.2}}, 0.8),
        ({"to": "natural", "floor": 0.2}, 0.8),
        ({"floor": {"dog": 0.3}}, 0.7),
    ],
)  # fmt: skip
def test_a_class_weighs_what_the_target_says(target, share):
    made = run(CATS, target)
    cats = of_class(made.weights, CATS, "cat")["weight"]
    assert cats.nunique() == 1
    assert cats.iloc[0] == pytest.approx(share / 0.9, abs=1e-4)
    assert made.weights["weight"].mean() == pytest.approx(1, abs=1e-4)
    assert planned(made)["after"].tolist() == pytest.approx([share, 1 - share], abs=1e-4)
    assert planned(made)["target"].tolist() == pytest.approx([share, 1 - share], abs=1e-6)


def test_the_default_is_the_square_root_of_classes_on_train():
    assert planned(run(CATS))["target"].tolist() == [0.75, 0.25]


def test_effective_numbers_go_from_natural_to_uniform():
    shares = [
        planned(run(CATS, {"to": "effective number", "beta": beta}))["after"]["dog"] for beta in (0, 0.99, 0.999999)
    ]
    assert shares == pytest.approx([0.1, 0.1491, 0.5], abs=1e-3)


def test_repeat_factors_are_those_of_lvis():
    shown = [["cat"]] * 960 + [["dog"]] * 30 + [["cat", "owl"]] * 10
    made = run(shown, {"to": "repeat factor", "threshold": 0.09})
    factor = {"cat": 1.0, "dog": (0.09 / 0.03) ** 0.5, "owl": 3.0}
    for label, number in factor.items():
        repeats = of_class(made.weights, shown, label)["repeat"]
        if label != "cat":
            assert repeats.mean() == pytest.approx(number, abs=0.3)
            assert set(repeats) <= {int(number), int(number) + 1}
    weights = made.weights["weight"]
    assert weights["995"] / weights["0"] == pytest.approx(3, abs=1e-3)
    assert weights["965"] / weights["0"] == pytest.approx(3**0.5, abs=1e-3)
    assert planned(made)["after"].tolist() == pytest.approx(planned(made)["target"].tolist(), abs=1e-4)


def test_repeat_factors_are_what_another_target_differs_least_from():
    shown = [["cat"]] * 96 + [["dog"]] * 4
    targets = [{"to": "repeat factor", "threshold": 0.16}, {"by": "camera", "to": "uniform"}]
    made = run(shown, targets=targets, camera=["north", "south"] * 50)
    assert planned(made, "camera")["after"].tolist() == [0.5, 0.5]
    assert made.weights["weight"]["97"] / made.weights["weight"]["1"] == pytest.approx(2, abs=1e-3)


def test_no_weight_is_beyond_the_bounds_and_the_plan_says_what_is_to_be_collected():
    shown = [["cat"]] * 990 + [["dog"]] * 9 + [["owl"]]
    made = run(shown, {"to": "uniform"}, max_weight=5, classes=("cat", "dog", "owl", "yak"))
    assert made.weights["weight"].max() == 5
    assert of_class(made.weights, shown, "dog")["weight"].eq(5).all()
    assert made.weights["weight"].mean() == pytest.approx(1, abs=1e-4)
    plan = planned(made)
    assert plan["collect"].tolist() == [0, 50, 58, 59]
    assert plan["collect_unweighted"].tolist() == [0, 981, 989, 990]
    assert plan["reason"].tolist()[1:] == [
        "even at weight 5 it reaches 4.5 % of 25 %",
        "one image: an epoch would show it 5 times; even at weight 5 it reaches 0.5 % of 25 %",
        "no image of it in train",
    ]
    assert pd.isna(plan["reason"]["cat"])
    train = made.metrics["balanced"]["train"]
    assert train["shares"]["class"]["owl"] == {"before": 0.001, "after": 0.005, "target": 0.25, "collect": 58}
    assert train["effective sample size"] < train["images"] == 1000
    assert run(shown, {"to": "uniform"}, max_weight=1).weights["weight"].eq(1).all()


def test_a_value_that_another_target_holds_back_says_so():
    targets = [{"by": "class", "to": "uniform"}, {"by": "camera", "to": "natural"}]
    made = run(CATS, targets=targets, camera=["north"] * 900 + ["south"] * 100)
    reason = planned(made)["reason"]["dog"]
    # The distance to both is least where 4 (x - 0.5) + (1 / 0.9 + 1 / 0.1) (x - 0.1) = 0.
    assert (
        reason == "it reaches 20.6 % of 50 %: other values on its images, another target or min_weight work against it"
    )


def test_images_of_a_value_that_is_to_have_no_share_keep_others_from_theirs():
    made = run([["cat"]] * 90 + [["dog"]] * 10, {"shares": {"dog": 1.0}})
    plan = planned(made)
    assert plan["reason"]["dog"] == "even with all others at weight 0.1 it reaches 91 % of 100 %"
    assert plan.loc["dog", ["collect", "collect_unweighted"]].isna().all()
    assert plan.loc["cat", ["collect", "collect_unweighted"]].tolist() == [0, 0]


@pytest.mark.parametrize("share", [1.0, 1 - 1e-16, 1 - 1e-12])
@pytest.mark.parametrize("more", [[], [["cat", "cat", "dog"]]])
def test_numbers_that_nobody_can_collect_are_null(share, more):
    plan = planned(run([["cat"]] * 90 + [["dog"]] * 10 + more, {"shares": {"dog": share}}))
    assert plan["collect_unweighted"].fillna(0).between(0, 1e9).all()
    assert plan["collect"].fillna(0).between(0, 1e9).all()
    assert pd.isna(plan["collect_unweighted"]["dog"])


def test_images_with_many_objects_come_as_near_as_they_can():
    shown = [["cell"] * 10] * 80 + [["cell"] * 5 + ["germ"] * 5] * 20
    made = run(shown, {"to": "uniform"}, classes=())
    plan = planned(made)
    assert plan["after"]["germ"] == pytest.approx(0.46, abs=0.001), "half the objects of 92 images of 100"
    assert plan["reason"]["germ"].startswith("even with all others at weight 0.1 it reaches 46 % of 50 %")
    assert plan["images"].tolist() == [100, 20]
    assert plan["objects"].tolist() == [900, 100]
    assert plan["before"].tolist() == [0.9, 0.1]


def test_edge_cases_and_columns_are_balanced_by_image():
    shown = [["cat", "cat"]] * 8 + [["dog"]] * 2
    hits = [("EDGE-001", "0", None), ("EDGE-001", "1", None), ("EDGE-003", "2", None), ("EDGE-002", "1", "b/2")]
    made = run(shown, {"by": "edge case", "to": "uniform"}, hits=hits)
    assert planned(made, "edge case")["images"].to_dict() == {"EDGE-001": 2, "EDGE-002": 1, "none of them": 8}
    cameras = ["north"] * 6 + ["south"] * 3 + [None]
    made = run(shown, {"by": "camera", "to": "uniform"}, camera=cameras)
    plan = planned(made, "camera")
    assert plan["images"].to_dict() == {"north": 6, "south": 3, "unknown": 1}
    assert plan["after"].tolist() == pytest.approx([1 / 3] * 3, abs=1e-4)
    assert planned(run(shown, {"by": "delivery", "to": "natural"}), "delivery").index.tolist() == ["a"]


def test_an_edge_case_of_a_contested_object_does_not_count():
    shown = [["cat"]] * 2
    made = run(
        shown, {"by": "edge case", "to": "uniform"}, hits=[("EDGE-001", "1", "b/1")], status=["agreed", "contested"]
    )
    assert planned(made, "edge case")["images"].to_dict() == {"none of them": 1}


def test_several_targets_are_met_at_once():
    dice = np.random.default_rng(0)
    shown = [[label] for label in dice.choice(["cat", "dog"], 400, p=[0.8, 0.2])]
    camera = dice.choice(["north", "south"], 400, p=[0.9, 0.1])
    made = run(shown, targets=[{"to": "uniform"}, {"by": "camera", "shares": {"south": 0.3}}], camera=camera)
    assert planned(made)["after"].tolist() == pytest.approx([0.5, 0.5], abs=1e-4)
    assert planned(made, "camera")["after"].tolist() == pytest.approx([0.7, 0.3], abs=1e-4)


def test_repeats_have_the_weight_as_mean_and_are_never_below_one():
    shown = [["cat"]] * 9000 + [["dog"]] * 1000
    weights = run(shown, {"to": "uniform"}).weights
    # 5 exactly for the rare class, and 0.5556, which no image can be shown, for the other.
    assert of_class(weights, shown, "dog")["repeat"].eq(5).all()
    assert of_class(weights, shown, "cat")["repeat"].eq(1).all()
    by_root = of_class(run(shown).weights, shown, "dog")
    assert by_root["weight"].iloc[0] == 2.5
    # Five standard deviations of the mean of 1,000 draws of 2 or 3 are 0.08.
    assert by_root["repeat"].mean() == pytest.approx(2.5, abs=0.08)
    assert set(by_root["repeat"]) == {2, 3}


@pytest.mark.parametrize("split", ["val", "test"])
def test_val_and_test_stay_as_they_are_unless_asked(split):
    shown = [["cat"]] * 50 + [["dog"]] * 10
    target = {"cap": 40, "to": "uniform"}
    made = run(shown, target, split=split)
    assert made.weights["keep"].all()
    assert made.weights[["weight", "repeat"]].eq(1).all(axis=None)
    plan = planned(made, split=split)
    assert plan["before"].tolist() == plan["after"].tolist() == [0.833333, 0.166667]
    assert plan[["target", "collect", "collect_unweighted", "reason"]].isna().all(axis=None)
    assert planned(made)["reason"].eq("no image of it in train").all()
    asked = run(shown, target, split=split, splits=["train", split])
    assert (~asked.weights["keep"]).sum() == 10
    assert planned(asked, split=split)["after"].tolist() == pytest.approx([0.5, 0.5], abs=1e-4)


def test_duplicates_images_held_back_and_contested_or_ignored_labels_do_not_count():
    shown = [["cat"]] * 10 + [["dog"]] * 10
    ten = [False] * 10 + [True] * 10
    made = run(shown, {"cap": 5}, duplicates=[str(n) for n in range(10, 19)])
    assert planned(made)["images"]["dog"] == 1
    assert made.weights.loc["19", "keep"]
    for change in ({"status": ["agreed"] * 10 + ["contested"] * 10}, {"held_back": ten}, {"ignore": ten}):
        made = run(shown, {"to": "uniform"}, **change)
        assert planned(made)["images"].to_dict() in ({"cat": 10}, {"cat": 10, "dog": 0})
        assert made.weights["weight"].eq(1).all()


def test_tables_without_a_row():
    made = run([], classes=("cat",))
    assert made.weights.empty
    assert planned(made)["reason"].tolist() == ["no image of it in train"]
    assert made.metrics["capped"] == 0
    assert run([[], []]).weights["weight"].eq(1).all()


@few
@given(st.integers(0, 2**32), st.integers(1, 5), st.sampled_from(("square root", "uniform")))
def test_near_duplicates_change_no_share_and_no_other_weight(seed, copies, to):
    dice = np.random.default_rng(seed)
    shown = [list(dice.choice(["cat", "dog", "owl"], dice.integers(1, 4), p=[0.7, 0.2, 0.1])) for _ in range(20)]
    alone = run(shown, {"to": to})
    again = run(shown + [shown[0]] * copies, {"to": to}, near=[(0, 20 + n) for n in range(copies)])
    same = ["distinct_images", "before", "target", "after"]
    pd.testing.assert_frame_equal(planned(again)[same], planned(alone)[same], atol=2e-5, rtol=1e-3)
    before, after = alone.weights["weight"], again.weights["weight"]
    others = before.index.drop("0")
    assert after[others].tolist() == before[others].tolist()
    assert after.drop(others).sum() == pytest.approx(before["0"], abs=1e-3)


@examples(10)
@given(
    worlds.worlds(),
    st.sampled_from((None, 1, 2)),
    st.sampled_from(("natural", "square root", "uniform", "effective number", "repeat factor")),
    st.sampled_from(("class", "edge case", "delivery")),
)
def test_laws(world, cap, to, by):
    params = rebalance.Params.model_validate({"targets": [{"by": by, "cap": cap, "to": to}]})
    made = worlds.materials(world, rebalance=params)
    weights, splits = made["weights"].set_index("image"), made["splits"]
    plan = made["collection_plan"]
    train = plan[plan["split"] == "train"]
    counts = made["labels"].query("status != 'contested' and not ignore")["image"]
    counted = set(splits.query("split == 'train'")["image"]) & set(counts) - set(made["duplicates"]["image"])
    mine, others = weights.loc[sorted(counted)], weights.drop(sorted(counted))
    assert others["keep"].all()
    assert others["weight"].eq(1).all()
    assert weights["repeat"].ge(1).all()
    assert mine["weight"].between(1e-4, 10).all()
    assert (train["kept"] <= train["images"]).all()
    assert (train["distinct_images"] <= train["images"]).all()
    natural = plan[plan["split"] != "train"]
    pd.testing.assert_series_equal(natural["before"], natural["after"], check_names=False)
    if mine["keep"].any():
        assert train["after"].sum() == pytest.approx(1, abs=1e-4)
        assert train["target"].sum() == pytest.approx(1, abs=1e-4)
