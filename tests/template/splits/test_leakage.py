"""The leakage sheet: copies and group keys on two sides, and metadata that gives the split away, by chance or not."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from golgoru.splits import leakage
from golgoru.tables import frames

MANY = 600


def world(split, **columns):
    """Return splits, sources and images of one picture per group."""
    names = [f"a/{n:05}.png" for n in range(len(split))]
    sources = {"image": names, "delivery": "a", "date": "2026-01-01", **columns}
    looks = {"image": names, "content": names, "width": 100, "height": 90, "format": "PNG", "mode": "RGB"}
    table = {"image": names, "group": names, "split": split, "held": False, "reason": "hash"}
    return frames.frame("splits", table), frames.frame("sources", sources), frames.frame("images", looks)


def find(tables, pairs=None, copies=None, frozen=None):
    pairs = frames.frame("duplicate_pairs", pairs)
    found = leakage.find_leakage(*tables, frames.frame("duplicates", copies), pairs, frozen)
    frames.canonical(found.table, "leakage")
    return found


def by_key(found):
    return found.table.set_index(["kind", "key"])


def drawn(many=MANY, seed=0):
    return np.random.default_rng(seed).choice(["train", "val", "test"], many, p=[0.7, 0.15, 0.15])


def test_a_camera_of_the_test_set_is_told_with_its_shares():
    split = drawn()
    camera = np.where(
        (split == "test") & (np.arange(MANY) % 5 > 0), "north", np.where(np.arange(MANY) % 9, "south", "north")
    )
    row = by_key(find(world(split, camera=camera))).loc[("metadata", "camera")]
    there = camera == "north"
    share, of_all = (split[there] == "test").mean(), (split == "test").mean()
    assert row["told"]
    assert row["reason"] == (
        f"camera 'north': {share:.0%} of its {there.sum()} groups stand in test, of all groups {of_all:.0%}"
    )
    assert row["groups"] == MANY
    assert 0.5 < row["strength"] < 0.9


def test_chance_alone_tells_nothing():
    dice = np.random.default_rng(1)
    told = 0
    for seed in range(20):
        columns = {f"c{n}": dice.choice(list("abcd"), MANY) for n in range(3)}
        columns |= {"number": dice.normal(size=MANY), "site": dice.integers(0, 40, MANY).astype(str)}
        told += by_key(find(world(drawn(seed=seed), **columns))).loc["metadata", "told"].sum()
    assert told == 0


def test_strength_and_chance_are_those_of_the_textbook():
    table = np.array([[30.0, 10, 5], [20, 25, 10], [5, 5, 40]])
    strength, chance = leakage._cramers_v(table)
    expected = stats.chi2_contingency(table, correction=False)
    assert chance == pytest.approx(expected.pvalue)
    assert 0 < strength < stats.contingency.association(table.astype(int), method="cramer")


def test_a_value_of_many_groups_in_one_split_alone_is_told_but_not_where_chance_does_that():
    split = np.array(["train"] * 500 + ["test"] * 100)
    of_test = np.array(["a"] * 580 + ["b"] * 20)
    assert (
        "'b': 100% of its 20 groups stand in test"
        in by_key(find(world(split, c=of_test))).loc[("metadata", "c"), "reason"]
    )
    # Twenty of a split that has five sixths: once in 38, so nothing to tell.
    of_train = np.array(["b"] * 20 + ["a"] * 580)
    assert not by_key(find(world(split, c=of_train))).loc[("metadata", "c"), "told"]


def test_numbers_are_judged_by_tenths_and_missing_values_as_a_value():
    split = drawn()
    dice = np.random.default_rng(3)
    weight = dice.normal(size=MANY) + 5 * (split == "val")
    missing = pd.Series(dice.choice(["x", "y"], MANY), dtype="str").mask(split == "test")
    found = by_key(find(world(split, kilograms=weight, site=missing)))
    assert found.loc[("metadata", "kilograms"), "reason"].startswith("kilograms 'above ")
    assert "site 'no value': 100% of its" in found.loc[("metadata", "site"), "reason"]


def test_a_column_of_own_values_cannot_be_judged_and_one_value_tells_nothing():
    found = by_key(find(world(drawn(), serial=[f"{n}" for n in range(MANY)])))
    row = found.loc[("metadata", "serial")]
    assert row["reason"] == "most of its values stand for fewer than 5 groups: nothing can be said"
    assert pd.isna(row["strength"]) and not row["told"]
    assert found.loc[("metadata", "format"), "reason"] == "it has one value: nothing to tell"


def test_only_the_earliest_picture_of_a_group_is_an_observation():
    split = ["train"] * 30 + ["test"] * 30
    splits, sources, images = world(split, camera=["north"] * 30 + ["south"] * 30)
    splits["group"] = ["g"] * 30 + ["h"] * 30
    row = by_key(find((splits, sources, images))).loc[("metadata", "camera")]
    assert (row["groups"], row["told"]) == (2, False)


def test_copies_on_two_sides_are_told_the_surest_first_and_the_rest_is_counted(monkeypatch):
    monkeypatch.setattr(leakage, "_MAX_DUPLICATES", 2)
    tables = world(["train", "val", "test", "train", "test"])
    name = [f"a/{n:05}.png" for n in range(5)]
    pairs = {
        "image_a": [name[0], name[0], name[1], name[0], name[2]],
        "image_b": [name[1], name[2], name[2], name[3], name[3]],
        "kind": ["borderline", "near", "borderline", "exact", "exact"],
        "distance": 3,
        "score": [0.8, 0.99, 0.9, 1, 1],
    }
    left_out = {"image": [name[3]], "duplicate_of": name[0], "kind": "exact", "rule": "COPY-001"}
    found = find(tables, pairs, left_out)
    copies = found.table[found.table["kind"] == "copies"]
    assert copies["key"].tolist() == [f"{name[0]}|{name[2]}", f"{name[1]}|{name[2]}"]
    assert copies["reason"][0] == "near copies in train and test; where they show the same, pin both to one split"
    assert found.counts["copies"] == 3
    assert found.counts["copies beyond the table"] == 1
    tables[0]["held"] = [False, False, True, False, False]
    assert find(tables, pairs, left_out).counts["copies"] == 1


def test_group_keys_are_whole_and_one_that_is_not_is_named():
    tables = world(["train", "val", "val"], group_key=["k", "l", "l"])
    row = by_key(find(tables)).loc[("group key", "all")]
    assert (row["groups"], row["told"], row["reason"]) == (2, False, "2 keys, each in one split")
    torn = by_key(find(world(["train", "val", "val"], group_key=["k", "k", "l"])))
    assert torn.loc[("group key", "k"), "told"]
    assert ("group key", "all") not in torn.index


def test_the_day_of_a_frozen_test_set_says_why():
    split = np.array(["train"] * 60 + ["test"] * 40 + ["train"] * 50)
    day = ["2026-01-01"] * 100 + ["2026-02-01"] * 50
    splits, sources, images = world(split)
    sources["date"] = day
    reason = by_key(find((splits, sources, images), frozen=pd.Timestamp("2026-01-01").date())).loc[
        ("metadata", "date"), "reason"
    ]
    assert reason.endswith("; the test set is frozen, so later ones go elsewhere")
