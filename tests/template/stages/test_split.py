"""Stage split: nothing leaks, growth and relabelling move nothing, people's pins win."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golgoru.core.dataset import SPLITS
from golgoru.core.errors import UserError
from golgoru.core.yaml_models import load_config
from golgoru.raw.pins import Pin, read_pins
from golgoru.tables import frames
from stages import split
from tests.template.builders import world_tables, worlds
from tests.template.builders.examples import examples
from tests.template.builders.split_tables import groups, labels, run

few = examples(12)


def pin(line, image, where):
    return Pin(line, image, where, "a rare one")


def test_shares_are_about_right_over_many_groups():
    table = groups([f"{n * 7919:032x}" for n in range(5000)])
    share = run(table, shares={"train": 0.6, "val": 0.25, "test": 0.15}).splits["split"].value_counts(normalize=True)
    # Four standard deviations of a share of 5,000 even draws are below 0.03.
    assert share["train"] == pytest.approx(0.6, abs=0.03)
    assert share["val"] == pytest.approx(0.25, abs=0.03)
    assert share["test"] == pytest.approx(0.15, abs=0.03)


def test_a_share_of_nothing_gives_nothing():
    table = groups([f"{n}" for n in range(500)])
    assert set(run(table, shares={"train": 0.5, "val": 0.5, "test": 0}).splits["split"]) == {"train", "val"}
    assert set(run(table, shares={"train": 0, "val": 0, "test": 1}).splits["split"]) == {"test"}


def test_another_seed_is_another_split_and_a_larger_share_takes_from_its_neighbour_alone():
    table = groups([f"{n}" for n in range(500)])
    first = run(table).splits["split"]
    assert (first != run(table, seed=8).splits["split"]).mean() > 0.2
    wider = run(table, shares={"train": 0.8, "val": 0.05, "test": 0.15}).splits["split"]
    assert set(zip(first[first != wider], wider[first != wider], strict=True)) == {("val", "train")}


@few
@given(worlds.worlds("classification"), st.integers(1, 3))
def test_every_group_is_in_one_split_and_every_image_has_one(world, seed):
    given = {"sources": world.sources, "images": world.images}
    made = run(world.groups, world.pins, seed, given)
    assert sorted(made.splits["image"]) == sorted(world.groups["image"])
    assert set(made.splits["split"]) <= set(SPLITS)
    assert (made.splits.groupby("group")["split"].nunique() == 1).all()


@few
@given(worlds.worlds("classification", most=20))
def test_a_later_delivery_moves_nothing_but_the_merges_that_are_listed(world):
    """Delivery `a` comes first: what `split` said of it alone stands, or the move is listed with where it was."""
    early = world.images["image"].str.startswith("a/")
    images, sources = world.images[early], world.sources[early]
    edges = [
        tuple(pair)
        for pair in world.duplicate_pairs[["image_a", "image_b"]].to_numpy()
        if all(name[:2] == "a/" for name in pair)
    ]
    arrived = world_tables.arrived(images, sources)
    edges += world_tables.keyed_edges(arrived)
    before = run(world_tables.groups_of(images, sources, edges)).splits.set_index("image")
    after = run(world.groups).splits.set_index("image").loc[before.index]
    moved = before["split"] != after["split"]
    listed = after["reason"].str.startswith("merge: it was ")
    was = after["reason"].str.extract(r"merge: it was (\w+),", expand=False)
    assert not (moved & ~listed).any()
    assert (before.loc[moved, "split"] == was[moved]).all()


def test_a_merge_takes_the_earlier_groups_split_and_says_what_was_before():
    names = [f"{n}" for n in range(200)]
    split_of = dict(zip(names, run(groups(names)).splits["split"], strict=True))
    train, test = (next(n for n in names if split_of[n] == s) for s in ("train", "test"))
    made = run(groups([train, train], on_arrival=[train, test]))
    assert made.splits["split"].tolist() == ["train", "train"]
    assert made.splits["reason"].tolist() == ["hash", "merge: it was test, its groups became one"]
    assert made.metrics["moved by merges"] == 1
    # Two groups that had one split all along: nothing moved, so no reason says so.
    other = next(n for n in names if split_of[n] == "train" and n != train)
    assert set(run(groups([train, train], on_arrival=[train, other])).splits["reason"]) == {"hash"}


@few
@given(st.data())
def test_relabelling_moves_nothing(data):
    table = groups([f"{n}" for n in range(20)])
    label = data.draw(st.lists(st.sampled_from(["cat", "dog"]), min_size=20, max_size=20))
    labelled = labels(table["image"], label)
    made = run(table, given={"labels": labelled})
    pd.testing.assert_frame_equal(made.splits, run(table).splits)
    classes = {s: set(labelled.loc[np.array(made.splits["split"] == s), "label"]) for s in SPLITS}
    assert made.metrics["classes missing"] == {s: sorted(set(label) - classes[s]) for s in SPLITS}


def test_pins_win_over_hash_and_merge_for_the_whole_group():
    table = groups(["g", "g", "h"], on_arrival=["g", "k", "h"])
    made = run(table, [pin(2, "a/1.png", "test"), pin(3, "a/2.png", "val")])
    assert made.splits["split"].tolist() == ["test", "test", "val"]
    assert set(made.splits["reason"]) == {"pin"}
    assert made.metrics["pinned"] == 3
    assert made.metrics["moved by merges"] == 0


def test_pins_of_one_group_to_two_splits_name_both_lines():
    with pytest.raises(UserError) as refused:
        run(groups(["g", "g"]), [pin(2, "a/0.png", "test"), pin(5, "a/1.png", "val")])
    assert str(refused.value) == (
        "data/raw/pins.csv:5: 'a/1.png' is pinned to val, but line 2 pins 'a/0.png' of the same group to test; "
        "pin both to one split"
    )


def test_a_pin_that_names_no_image_says_so():
    with pytest.raises(UserError) as refused:
        run(groups(["g"]), [pin(2, "a/typo.png", "test")])
    assert str(refused.value) == (
        "data/raw/pins.csv:2: there is no image 'a/typo.png'; correct the name, or remove the line"
    )


def test_a_pin_of_a_file_that_cannot_be_opened_waits():
    table = groups(["g"])
    sources = frames.frame("sources", {"image": ["a/0.png", "a/broken.png"], "delivery": "a", "date": "2026-01-01"})
    made = run(table, [pin(2, "a/broken.png", "test")], given={"sources": sources})
    assert made.splits["image"].tolist() == ["a/0.png"]


def test_a_pin_to_no_split_is_refused_with_its_line(tmp_path):
    file = tmp_path / "pins.csv"
    file.write_text("image,split,reason\na/0.png,test,rare\na/1.png,dev,\n")
    with pytest.raises(UserError) as refused:
        read_pins(file)
    assert str(refused.value) == f"{file}:3: split 'dev' is none of train, val, test"


def test_shares_that_do_not_add_up_are_refused_with_line_and_sum(tmp_path):
    file = tmp_path / "params.yaml"
    file.write_text("dataset: {}\nsplit:\n  shares: {train: 0.8, val: 0.15, test: 0.15}\n")
    with pytest.raises(UserError) as refused:
        load_config(file, split.Params, within="split")
    assert str(refused.value).startswith(
        f"{file}:3: split.shares: expected shares of train, val and test that add up to 1, they add up to 1.1"
    )


def test_no_images_at_all():
    made = run(groups([]))
    assert made.splits.empty
    assert made.metrics["images"] == {"train": 0, "val": 0, "test": 0}
