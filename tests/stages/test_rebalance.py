"""Stage rebalance: caps and weights on train alone, weights of mean 1, repeats whose mean is the weight."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages import rebalance
from stages.lib import frames
from tests import worlds

few = settings(max_examples=30, deadline=None)


def run(shown, split="train", copies=(), status="agreed", **params):
    """Run on images named 0, 1, ...; `shown` lists the classes of each."""
    names = [str(n) for n in range(len(shown))]
    images = frames.frame(
        "images", {"image": names, "content": [f"{n * 7919:032x}" for n in range(len(shown))], "bytes": 1}
    )
    splits = frames.frame("splits", {"image": names, "group": names, "split": split, "reason": "hash"})
    rows = pd.DataFrame(
        [(name, label) for name, labels in zip(names, shown, strict=True) for label in labels],
        columns=["image", "label"],
    )
    rows = rows.assign(object=[f"b/{n}" for n in range(len(rows))], ignore=False, votes=1, agreement=1.0)
    labels = frames.frame("labels", rows.assign(status=status, source="human", guideline_version="1"))
    left = frames.frame("copies", {"image": list(copies), "kept_as": "0", "kind": "near", "rule": "COPY-002"})
    made = rebalance.transform(splits, labels, left, images, rebalance.Params.model_validate(params))
    return made.weights.set_index("image"), made.metrics


def of_class(weights, shown, label):
    return weights.loc[[str(n) for n, labels in enumerate(shown) if label in labels]]


@pytest.mark.parametrize(("target", "share"), [("natural", 0.9), ("square root", 0.75), ("uniform", 0.5)])
def test_a_class_weighs_what_the_target_says(target, share):
    shown = [["cat"]] * 900 + [["dog"]] * 100
    weights, metrics = run(shown, target=target)
    assert metrics["classes"]["cat"]["weighted share"] == pytest.approx(share, abs=1e-3)
    assert weights["weight"].mean() == pytest.approx(1, abs=1e-3)
    assert of_class(weights, shown, "cat")["weight"].nunique() == 1


def test_no_weight_is_above_the_most_and_the_mean_stays_one():
    shown = [["cat"]] * 990 + [["dog"]] * 9 + [["owl"]]
    weights, _ = run(shown, target="uniform", max_weight=5)
    assert weights["weight"].max() == 5
    assert of_class(weights, shown, "dog")["weight"].eq(5).all()
    assert weights["weight"].mean() == pytest.approx(1, abs=1e-3)
    assert (run(shown, target="uniform", max_weight=1)[0]["weight"] == 1).all()


def test_an_image_of_several_classes_takes_the_weight_of_the_rarest():
    shown = [["cat"]] * 90 + [["dog"]] * 9 + [["cat", "dog"]]
    weights, _ = run(shown)
    assert weights.loc["99", "weight"] == weights.loc["90", "weight"] > weights.loc["0", "weight"]


def test_repeats_have_the_weight_as_mean_and_are_never_below_one():
    shown = [["cat"]] * 9000 + [["dog"]] * 1000
    weights, _ = run(shown, target="uniform")
    # 5 exactly for the rare class, and 0.5556, which no image can be shown, for the other.
    assert of_class(weights, shown, "dog")["repeat"].eq(5).all()
    assert of_class(weights, shown, "cat")["repeat"].eq(1).all()
    by_root = of_class(run(shown)[0], shown, "dog")
    assert by_root["weight"].iloc[0] == 2.5
    # Five standard deviations of the mean of 1,000 draws of 2 or 3 are 0.08.
    assert by_root["repeat"].mean() == pytest.approx(2.5, abs=0.08)
    assert set(by_root["repeat"]) == {2, 3}


def test_a_cap_keeps_that_many_images_of_a_class_by_chance_and_all_of_the_others():
    shown = [["cat"]] * 50 + [["dog"]] * 5
    weights, metrics = run(shown, cap=10)
    assert weights["keep"].sum() == 15
    assert of_class(weights, shown, "dog")["keep"].all()
    assert metrics["capped"] == 40
    assert metrics["classes"]["cat"]["images"] == 50
    assert metrics["classes"]["cat"]["kept"] == 10
    # Not the first ten: chance decides.
    assert not of_class(weights, shown, "cat")["keep"].iloc[:10].all()
    # The class counts with what is left of it: sqrt(10 / 5) times the weight.
    cat, dog = weights.loc[of_class(weights, shown, "cat")["keep"].idxmax(), "weight"], weights.loc["50", "weight"]
    assert dog / cat == pytest.approx(2**0.5, abs=1e-3)


def test_a_capped_class_stays_where_another_class_needs_the_image():
    shown = [["cat"]] * 20 + [["cat", "dog"]] * 5
    weights, _ = run(shown, cap=5)
    assert of_class(weights, shown, "dog")["keep"].all()


def test_another_cap_takes_from_the_end_of_one_order():
    shown = [["cat"]] * 50
    ten, twenty = (run(shown, cap=cap)[0]["keep"] for cap in (10, 20))
    assert not (ten & ~twenty).any()


@pytest.mark.parametrize("split", ["val", "test"])
def test_val_and_test_stay_as_they_are(split):
    weights, metrics = run([["cat"]] * 50 + [["dog"]] * 2, split=split, cap=1, target="uniform")
    assert weights["keep"].all()
    assert weights["weight"].eq(1).all()
    assert weights["repeat"].eq(1).all()
    assert metrics == {"capped": 0, "classes": {}}


def test_copies_and_contested_labels_count_for_nothing():
    shown = [["cat"]] * 10 + [["dog"]] * 10
    weights, metrics = run(shown, copies=[str(n) for n in range(10, 19)], cap=5)
    assert metrics["classes"]["dog"]["images"] == 1
    assert weights.loc["19", "keep"]
    _, metrics = run(shown, status=["agreed"] * 10 + ["contested"] * 10)
    assert list(metrics["classes"]) == ["cat"]


def test_tables_without_a_row():
    weights, metrics = run([])
    assert weights.empty
    assert metrics == {"capped": 0, "classes": {}}
    weights, _ = run([[], []])
    assert weights["weight"].eq(1).all()


@few
@given(worlds.worlds(), st.sampled_from((None, 1, 2)), st.sampled_from(("natural", "square root", "uniform")))
def test_the_mean_weight_of_labelled_images_of_train_is_one(world, cap, target):
    params = rebalance.Params.model_validate({"cap": cap, "target": target})
    made = worlds.materials(world, rebalance=params)
    weights, train = made["weights"].set_index("image"), made["splits"].query("split == 'train'")["image"]
    labelled = set(made["labels"].query("status != 'contested'")["image"]) - set(made["copies"]["image"])
    counted = weights.loc[[image for image in train if image in labelled]]
    kept = counted[counted["keep"]]
    assert kept["weight"].mean() == pytest.approx(1, abs=1e-4) if len(kept) else True
    others = weights.drop(counted.index)
    assert others["keep"].all()
    assert others["weight"].eq(1).all()
    assert weights["repeat"].ge(1).all()
