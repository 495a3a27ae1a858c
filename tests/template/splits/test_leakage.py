"""Leakage: duplicates and group keys in two splits, and metadata that tells the split, by chance or not."""

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
    properties = {"image": names, "content": names, "width": 100, "height": 90, "format": "PNG", "mode": "RGB"}
    table = {"image": names, "group": names, "split": split, "held_back": False, "reason": "hash"}
    return frames.frame("splits", table), frames.frame("sources", sources), frames.frame("images", properties)


def find(tables, pairs=None, duplicates=None, frozen=None):
    splits, sources, images = tables
    report = leakage.find_leakage(
        splits=splits,
        sources=sources,
        images=images,
        duplicates=frames.frame("duplicates", duplicates),
        duplicate_pairs=frames.frame("duplicate_pairs", pairs),
        frozen=frozen,
    )
    frames.canonical_table(report.table, "leakage")
    return report


def by_key(report):
    return report.table.set_index(["kind", "key"])


def drawn(many=MANY, seed=0):
    return np.random.default_rng(seed).choice(["train", "val", "test"], many, p=[0.7, 0.15, 0.15])


def test_a_camera_of_the_test_set_leaks_and_its_shares_are_said():
    split = drawn()
    camera = np.where(
        (split == "test") & (np.arange(MANY) % 5 > 0), "north", np.where(np.arange(MANY) % 9, "south", "north")
    )
    row = by_key(find(world(split, camera=camera))).loc[("metadata", "camera")]
    there = camera == "north"
    share, of_all = (split[there] == "test").mean(), (split == "test").mean()
    assert row["leaks"]
    assert row["reason"] == (
        f"camera 'north': {share:.0%} of its {there.sum()} groups are in test, of all groups {of_all:.0%}"
    )
    assert row["groups"] == MANY
    assert 0.5 < row["strength"] < 0.9


def test_chance_alone_does_not_leak():
    dice = np.random.default_rng(1)
    leaking = 0
    for seed in range(20):
        columns = {f"c{n}": dice.choice(list("abcd"), MANY) for n in range(3)}
        columns |= {"number": dice.normal(size=MANY), "site": dice.integers(0, 40, MANY).astype(str)}
        leaking += by_key(find(world(drawn(seed=seed), **columns))).loc["metadata", "leaks"].sum()
    assert leaking == 0


def test_strength_and_chance_are_those_of_the_textbook():
    table = np.array([[30.0, 10, 5], [20, 25, 10], [5, 5, 40]])
    strength, chance = leakage._cramers_v(table)
    expected = stats.chi2_contingency(table, correction=False)
    assert chance == pytest.approx(expected.pvalue)
    assert 0 < strength < stats.contingency.association(table.astype(int), method="cramer")


def test_a_value_of_many_groups_in_one_split_leaks_but_not_where_chance_does_that():
    split = np.array(["train"] * 500 + ["test"] * 100)
    of_test = np.array(["a"] * 580 + ["b"] * 20)
    assert (
        "'b': 100% of its 20 groups are in test"
        in by_key(find(world(split, c=of_test))).loc[("metadata", "c"), "reason"]
    )
    # Twenty of a split that has five sixths: once in 38, so nothing to tell.
    of_train = np.array(["b"] * 20 + ["a"] * 580)
    assert not by_key(find(world(split, c=of_train))).loc[("metadata", "c"), "leaks"]


def test_numbers_are_tested_by_tenths_and_missing_values_as_a_value():
    split = drawn()
    dice = np.random.default_rng(3)
    weight = dice.normal(size=MANY) + 5 * (split == "val")
    missing = pd.Series(dice.choice(["x", "y"], MANY), dtype="str").mask(split == "test")
    rows = by_key(find(world(split, kilograms=weight, site=missing)))
    assert rows.loc[("metadata", "kilograms"), "reason"].startswith("kilograms 'above ")
    assert "site 'no value': 100% of its" in rows.loc[("metadata", "site"), "reason"]


def test_a_column_of_unique_values_or_of_one_value_is_not_tested():
    rows = by_key(find(world(drawn(), serial=[f"{n}" for n in range(MANY)])))
    row = rows.loc[("metadata", "serial")]
    assert row["reason"] == "most of its values have fewer than 5 groups: not tested"
    assert pd.isna(row["strength"]) and not row["leaks"]
    assert rows.loc[("metadata", "format"), "reason"] == "it has one value: not tested"


def test_only_the_earliest_picture_of_a_group_is_an_observation():
    split = ["train"] * 30 + ["test"] * 30
    splits, sources, images = world(split, camera=["north"] * 30 + ["south"] * 30)
    splits["group"] = ["g"] * 30 + ["h"] * 30
    row = by_key(find((splits, sources, images))).loc[("metadata", "camera")]
    assert (row["groups"], row["leaks"]) == (2, False)


def test_duplicates_in_two_splits_are_listed_the_most_certain_first_and_the_rest_is_counted(monkeypatch):
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
    removed = {"image": [name[3]], "duplicate_of": name[0], "kind": "exact", "rule": "COPY-001"}
    report = find(tables, pairs, removed)
    listed = report.table[report.table["kind"] == "duplicates"]
    assert listed["key"].tolist() == [f"{name[0]}|{name[2]}", f"{name[1]}|{name[2]}"]
    assert listed["reason"][0] == "near duplicates in train and test; if they show the same, pin both to one split"
    assert report.counts["duplicates"] == 3
    assert report.counts["duplicates beyond the table"] == 1
    tables[0]["held_back"] = [False, False, True, False, False]
    assert find(tables, pairs, removed).counts["duplicates"] == 1


def test_group_keys_are_in_one_split_and_one_that_is_not_is_named():
    tables = world(["train", "val", "val"], group_key=["k", "l", "l"])
    row = by_key(find(tables)).loc[("group key", "all")]
    assert (row["groups"], row["leaks"], row["reason"]) == (2, False, "2 keys, each in one split")
    rows = by_key(find(world(["train", "val", "val"], group_key=["k", "k", "l"])))
    assert rows.loc[("group key", "k"), "leaks"]
    assert ("group key", "all") not in rows.index


def test_of_a_frozen_test_set_the_date_leaks_and_the_reason_says_why():
    split = np.array(["train"] * 60 + ["test"] * 40 + ["train"] * 50)
    day = ["2026-01-01"] * 100 + ["2026-02-01"] * 50
    splits, sources, images = world(split)
    sources["date"] = day
    reason = by_key(find((splits, sources, images), frozen=pd.Timestamp("2026-01-01").date())).loc[
        ("metadata", "date"), "reason"
    ]
    assert reason.endswith("; the test set is frozen, so later ones go elsewhere")
