"""Stage split over ten commits that bring 10,000 pictures to 30,000: what stays, what moves, and what is listed."""

from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from golgoru.cli.diff import split_moves
from golgoru.core.dataset import SPLITS
from golgoru.raw.pins import Pin
from golgoru.splits import assignment
from golgoru.splits.assignment import SplitSettings
from tests.template.builders.split_tables import delivered, joined, labels, run

FIRST, EACH, COMMITS = 10_000, 2_000, 10
RULE = SplitSettings(0, (0.7, 0.15, 0.15))
RARE = {f"rare {n}": 30 + n for n in range(12)}  # pictures of each


class World(NamedTuple):
    images: pd.DataFrame
    sources: pd.DataFrame
    edges: np.ndarray


@cache
def world() -> World:
    """Each commit brings a delivery; of twenty new pictures one is a copy of an earlier one, of a hundred of two."""
    dice = np.random.default_rng(6)
    days = [f"2026-{1 + n // 28:02}-{1 + n % 28:02}" for n in range(COMMITS + 1)]
    came = np.repeat(np.arange(COMMITS + 1), [FIRST] + [EACH] * COMMITS)
    images, sources = delivered([days[n] for n in came], [f"{n:08x}" for n in range(len(came))])
    later = np.flatnonzero(dice.random(len(came)) < 0.05)[1:]
    twice = later[dice.random(len(later)) < 0.2]
    copies = np.concatenate([later, twice])
    return World(images, sources, np.column_stack([(dice.random(len(copies)) * copies).astype(np.int64), copies]))


def until(many: int) -> tuple[World, pd.DataFrame]:
    """Return the first pictures, and their groups."""
    whole = world()
    known = whole.edges[(whole.edges < many).all(axis=1)]
    part = World(whole.images[:many], whole.sources[:many], known)
    return part, joined(part.images, part.sources, known)


def splits(part: World, groups: pd.DataFrame, pins=()) -> split_moves.CommitSplits:
    rows = assignment.images_by_arrival(groups, part.images, part.sources)
    return split_moves.CommitSplits(
        assignment.assign_splits(rows, pins, part.images["image"], RULE).splits, part.images
    )


def said(images: pd.Series) -> pd.Series:
    """Return a class per picture: three frequent ones, and rare ones on few pictures each, spread by chance."""
    dice = np.random.default_rng(1)
    label = dice.choice(["cat", "dog", "elk"], len(images)).astype(object)
    rare = np.repeat(list(RARE), list(RARE.values()))
    label[dice.choice(len(images), len(rare), replace=False)] = rare
    return pd.Series(label, dtype="str")


def test_ten_commits_move_nothing_but_merges_and_pins_that_are_listed():
    part, groups = until(FIRST)
    pins = []
    before = splits(part, groups)
    for commit in range(1, COMMITS + 1):
        part, groups = until(FIRST + EACH * commit)
        if commit == COMMITS // 2:
            chosen = before.splits[~before.splits["group"].duplicated()].sample(20, random_state=1)["image"]
            pins = [Pin(n, image, "test", "") for n, image in enumerate(chosen, start=2)]
        now = splits(part, groups, pins)
        assert (now.splits.groupby("group")["split"].nunique() == 1).all()
        both = before.splits.merge(now.splits, on="image", suffixes=("_was", ""))
        moved = both[both["split"] != both["split_was"]]
        assert 0 < len(moved) < EACH / 20
        listed = moved["reason"].str.startswith("merge: it was ") | (moved["reason"] == "pin")
        assert listed.all()
        listed_moves = split_moves.moved_images(before, now)
        assert sorted(listed_moves["image"]) == sorted(moved["image"])
        assert (listed_moves["reason"].str.startswith("merge: ") | (listed_moves["reason"] == "pin")).all()
        before = now
    share = before.splits["split"].value_counts(normalize=True)
    for split, wanted in zip(SPLITS, RULE.shares, strict=True):
        chance = (wanted * (1 - wanted) / len(before.splits)) ** 0.5
        assert abs(share[split] - wanted) < 3 * chance, split


def test_after_the_proposed_pins_every_class_of_thirty_groups_is_in_each_split():
    part, groups = until(FIRST + EACH * COMMITS)
    rare = said(part.images["image"])
    # In thirty groups each: chance leaves some split without some of them; else there would be nothing to see.
    given = {"images": part.images, "sources": part.sources, "labels": labels(part.images["image"], rare)}
    shares = {"train": 0.9, "val": 0.05, "test": 0.05}
    first = run(groups, seed=0, given=given, shares=shares)
    assert any(first.metrics["classes missing"].values())
    pins = [Pin(n, row.image, row.split, "") for n, row in enumerate(first.proposed_pins.itertuples(), start=2)]
    then = run(groups, pins, 0, given, shares=shares)
    assert not any(then.metrics["classes missing"].values())
    assert then.metrics["proposed pins"]["groups"] == 0
    missing = first.split_coverage["missing"].sum()
    assert 0 < len(pins) <= missing
    moved = split_moves.moved_images(
        split_moves.CommitSplits(first.splits, part.images), split_moves.CommitSplits(then.splits, part.images)
    )
    assert set(moved["reason"]) == {"pin"}
    assert set(moved["group"]) == set(first.proposed_pins["group"])

    # Another answer to every tenth picture moves none of them.
    again = rare.mask(np.random.default_rng(2).random(len(rare)) < 0.1, "elk")
    relabelled = run(groups, pins, 0, given | {"labels": labels(part.images["image"], again)}, shares=shares)
    pd.testing.assert_frame_equal(relabelled.splits, then.splits)


def test_renaming_moves_nothing():
    part, groups = until(FIRST)
    before = splits(part, groups)
    dice = np.random.default_rng(3)
    # Other names, in another order, within each delivery: the same pictures otherwise.
    name = part.sources["delivery"] + "/" + pd.Series(dice.permutation(len(part.images))).astype("str") + ".png"
    rename = dict(zip(part.images["image"], name, strict=True))
    new = [table.assign(image=table["image"].map(rename)) for table in (part.images, part.sources, groups)]
    now = split_moves.CommitSplits(
        assignment.assign_splits(assignment.images_by_arrival(new[2], *new[:2]), [], name, RULE).splits, new[0]
    )
    assert split_moves.moved_images(before, now).empty
    assert len(now.splits) == len(before.splits)


def test_removing_a_tenth_moves_only_groups_that_lost_their_earliest_member_and_lists_each():
    # Groups that hang together by what their members share, as copies of one file and group keys do.
    images, sources = delivered(sorted(f"2026-01-{1 + n % 20:02}" for n in range(20_000)))
    dice = np.random.default_rng(4)
    key = dice.integers(0, 12_000, len(images))

    def side(kept):
        left = [table[kept].reset_index(drop=True) for table in (images, sources)]
        rows = pd.Series(np.arange(kept.sum())).groupby(key[kept])
        edges = np.column_stack([rows.transform("min"), np.arange(kept.sum())])
        groups = joined(*left, edges)
        return splits(World(*left, edges), groups)

    everything = side(np.ones(len(images), bool))
    kept = dice.random(len(images)) > 0.1
    fewer = side(kept)
    listed_moves = split_moves.moved_images(everything, fewer)
    was = everything.splits.merge(images[["image", "content"]], on="image").set_index("image")
    lost = set(was["group"]) - set(images.loc[kept, "content"])
    assert set(was.loc[listed_moves["image"], "group"]) <= lost
    assert listed_moves["reason"].str.startswith("its group lost its earliest image, ").all()
    name = dict(zip(images["content"], images["image"], strict=True))
    assert set(listed_moves["reason"].str.rpartition(", ")[2]) <= {name[content] for content in lost}
    both = was.join(fewer.splits.set_index("image")["split"].rename("then"), how="inner")
    assert sorted(both.index[both["split"] != both["then"]]) == sorted(listed_moves["image"])
    assert 0 < len(listed_moves) < len(images) / 20
