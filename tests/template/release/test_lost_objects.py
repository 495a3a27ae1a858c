"""No object that somebody drew becomes background: its place is to be ignored, or its image is not released."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golgoru.core.dataset import SPLITS
from golgoru.release.ledger import IN_RELEASE
from golgoru.tables import frames
from stages import release, select
from tests.template.builders import worlds
from tests.template.builders.drawn_worlds import beside_each_other, drawn, of
from tests.template.builders.examples import examples
from tests.template.builders.guideline_changes import changed, redefine

PLACES = [0.0, 20.0, 40.0, 60.0]  # left edges of boxes 9 pixels wide


def without(world, *annotations, rule="ANN-009"):
    """Return the world in which a rule sets annotations aside."""
    row = {"severity": "critical", "action": "set aside", "table": "annotations", "message": "too small"}
    found = pd.DataFrame([row | {"rule": rule, "key": key, "known": False} for key in annotations])
    return world._replace(violations=frames.frame("violations", found))


def released(world, **params):
    return worlds.released(world, release=release.Params(**params))


def shown(made):
    """Return what the release shows: left edge, label, ignore."""
    rows = pd.concat([made[f"release_{split}"] for split in SPLITS])
    return sorted((x, None if pd.isna(label) else label, ignore) for x, label, ignore in
                  zip(rows["x"], rows["label"], rows["ignore"], strict=True))  # fmt: skip


def fate(made):
    return of(made["release_ledger"], "image").loc["a/1.png", ["fate", "stage", "rule"]].fillna("").tolist()


def test_the_place_of_an_object_that_a_rule_set_aside_is_released_with_ignore():
    made = released(without(drawn({"ann": [0.0, 50.0]}, "detection"), "b/1"))
    assert shown(made) == [(0.0, "cat", False), (50.0, None, True)]
    assert made["release_images"]["objects"].tolist() == [1]
    assert fate(made)[0] == "released"
    assert of(made["release_ledger"], "annotation")["fate"].to_dict() == {"b/0": "released", "b/1": "set aside"}


def test_where_the_place_is_not_known_the_image_is_incomplete():
    world = drawn({"ann": [0.0, 50.0]}, "detection", width=[9.0, 0.0])
    made = released(without(world, "b/1"))
    assert shown(made) == [] and fate(made) == ["incomplete", "validate", "ANN-009"]
    assert set(of(made["release_ledger"], "annotation")["fate"]) == {"incomplete", "set aside"}


def test_an_image_that_lost_all_its_objects_says_so():
    for task, answer in (("detection", [0.0]), ("classification", "cat")):
        made = released(without(drawn({"ann": answer}, task), "b/0"))
        assert shown(made) == [] and fate(made) == ["incomplete", "validate", "ANN-009"]


def test_a_team_may_withhold_every_such_image():
    world = without(drawn({"ann": [0.0, 50.0]}, "detection"), "b/1")
    assert fate(released(world, lost_objects="withhold")) == ["incomplete", "validate", "ANN-009"]


def test_most_say_empty_and_one_drew_what_a_rule_set_aside():
    made = released(without(drawn({"ann": "empty", "ben": "empty", "cem": [0.0]}, "detection"), "b/2"))
    assert fate(made)[0] == "incomplete"


def test_the_part_inside_the_image_is_to_be_ignored():
    world = drawn({"ann": [0.0, 95.0]}, "detection")
    made = released(without(world, "b/1"))
    rows = pd.concat([made[f"release_{split}"] for split in SPLITS]).set_index("x")
    assert rows.loc[95.0, ["width", "height"]].tolist() == [5.0, 9.0]


@pytest.mark.parametrize(
    ("answers", "more"),
    [
        ({"ann": [0.0, 50.0], "ben": [0.0, 50.5]}, {}),  # another annotator's box covers it
        ({"ann": [0.0, 50.0], "rev": [0.0]}, {"batch": ["b", "b", "c"]}),  # a reviewer has looked at it since
        ({"ann": [0.0, 50.0, 0.0]}, {"batch": ["b", "b", "c"]}),  # the annotator has answered anew
        ({"ann": [0.0, 50.0], "rev": "remove"}, {"about": [None, None, "b/1"]}),  # a reviewer removed it
    ],
)
def test_what_is_covered_or_answered_anew_is_not_lost(answers, more):
    made = released(without(drawn(answers, "detection", **more), "b/1"))
    assert made["lost_objects"].empty
    assert not any(ignore for _, _, ignore in shown(made))


def test_a_label_covers_an_image_whatever_else_was_set_aside():
    made = released(without(drawn({"ann": "cat", "ben": "dog"}), "b/1"))
    assert fate(made)[0] == "released" and made["lost_objects"].empty


def test_an_object_that_a_change_took_away_is_to_be_ignored():
    world = drawn({"ann": [0.0, 50.0]}, "detection", label=["cat", "dog"], guideline_version="1.9")
    made = released(world._replace(changes=changed(redefine("dog", "drop"))))
    assert shown(made) == [(0.0, "cat", False), (50.0, None, True)]
    assert made["lost_objects"]["rule"].isna().all()


def test_an_image_whose_annotations_were_set_aside_is_to_be_corrected_and_not_queued():
    made = worlds.materials(without(drawn({"ann": [0.0]}, "detection"), "b/0"))
    arguments = {name: made[name] for name in select.transform.__annotations__ if name in made}
    metrics = select.transform(**arguments, params=select.Params()).metrics
    assert metrics["unlabelled"] == 0
    assert metrics["left out"]["images whose annotations a rule set aside"] == 1


@examples(8)
@given(st.lists(st.dictionaries(st.sampled_from(PLACES), st.booleans()), min_size=1, max_size=5))
def test_no_released_image_shows_fewer_objects_than_were_drawn(boxes):
    """`boxes`: of each image, whether the box at each place is set aside."""
    images = beside_each_other([drawn({"ann": [*places] or "empty"}, "detection") for places in boxes])
    aside = [f"{n}-b/{k}" for n, places in enumerate(boxes) for k, out in enumerate(places.values()) if out]
    made = released(without(images, *aside) if aside else images)
    rows = pd.concat([made[f"release_{split}"] for split in SPLITS])
    fates = of(made["release_ledger"], "image")["fate"]
    for number, places in enumerate(boxes):
        image = f"a/{number}.png"
        if fates[image] in IN_RELEASE:
            of_image = rows[rows["image"] == image]
            assert sorted(of_image["x"]) == sorted(places)
            assert of_image.set_index("x")["ignore"].to_dict() == places
        else:
            assert fates[image] == "incomplete" and places and all(places.values())
