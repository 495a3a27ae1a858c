"""Changes of the guideline in consolidate: given of version 1.0 are old, 1.10 brought the change."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golgoru.core import versions
from golgoru.guideline.changes import NO_CHANGE, change_effects
from stages.consolidate import Tables
from tests.template.builders import worlds
from tests.template.builders.consensus_tables import (
    BOX,
    COPY,
    ELSEWHERE,
    annotation,
    consolidate,
    detect,
    label,
    label_and_status,
    pictures,
    roles,
)
from tests.template.builders.examples import examples
from tests.template.builders.guideline_changes import changed, redefine

NEW: dict[str, Any] = {"guideline_version": "1.10"}
REQUEUE = changed(redefine("cat", "requeue"))
SPLIT = {"action": "split", "classes": ["pet"], "to": ["cat", "dog"]}
RULE = {"action": "redefine", "rule": "BOX-003"}
OLD_CATS = annotation("b1/1", "ann", "cat"), annotation("b1/2", "ben", "cat")


def again(found: Tables) -> dict[str, tuple[str | None, str]]:
    """Object to the standing label and the version whose change asks."""
    rows = found.relabel.astype(object).where(found.relabel.notna(), None).to_dict("records")
    assert all(row["reason"] == "it was unclear" for row in rows)
    return {row["object"]: (row["label"], row["version"]) for row in rows}


# Requeue ------------------------------------------------------------------------------------------------------------


def test_old_votes_count_while_nobody_has_spoken_under_the_new_meaning() -> None:
    found = consolidate(*OLD_CATS, changes=REQUEUE)
    assert label_and_status(found) == {"c-d/i": ("cat", "agreed")}
    assert again(found) == {"c-d/i": ("cat", "1.10")}
    assert found.relabel["guideline_version"].tolist() == ["1.0"]
    assert roles(found) == {"b1/1": "agrees", "b1/2": "agrees"}


@pytest.mark.parametrize("new", ["dog", "cat"])
def test_one_new_vote_silences_all_old_ones_on_the_object(new: str) -> None:
    found = consolidate(
        *OLD_CATS, annotation("b1/3", "cem", "dog"), annotation("b2/1", "dee", new, **NEW), changes=REQUEUE
    )
    assert (label(found)["label"], label(found)["votes"], label(found)["guideline_version"]) == (new, 1, "1.10")
    assert roles(found) == {"b1/1": "outdated", "b1/2": "outdated", "b1/3": "outdated", "b2/1": "agrees"}
    assert again(found) == {}


def test_an_old_adjudication_lapses_and_a_new_one_silences() -> None:
    old = annotation("b1/1", "rev", "cat", source="review")
    found = consolidate(old, annotation("b2/1", "ann", "dog", **NEW), changes=REQUEUE)
    assert label_and_status(found) == {"c-d/i": ("dog", "agreed")}
    assert roles(found) == {"b1/1": "outdated", "b2/1": "agrees"}
    found = consolidate(*OLD_CATS, annotation("b2/1", "rev", "dog", source="review", **NEW), changes=REQUEUE)
    assert roles(found) == {"b1/1": "outdated", "b1/2": "outdated", "b2/1": "adjudicated"}


@pytest.mark.parametrize("source", ["human", "review"])
def test_what_one_said_under_the_old_meaning_and_handed_in_late_does_not_replace_the_new_annotation(
    source: str,
) -> None:
    new, late = annotation("b1/1", "ann", "dog", source=source, **NEW), annotation("b2/1", "ann", "cat", source=source)
    found = consolidate(new, late, changes=REQUEUE)
    assert label(found)["label"] == "dog"
    assert roles(found)["b2/1"] == "superseded"
    # Where nothing is asked for again, the later batch is the newer one.
    assert label(consolidate(new, late))["label"] == "cat"


def test_what_names_no_touched_class_is_not_in_question() -> None:
    found = consolidate(annotation("b1/1", "ann", "dog"), annotation("b2/1", "ben", "owl", **NEW), changes=REQUEUE)
    assert label_and_status(found) == {"c-d/i": ("dog", "contested")}
    found = consolidate(annotation("b1/1", "ann", "dog"), annotation("b2/1", "ben", "cat", **NEW), changes=REQUEUE)
    assert label_and_status(found) == {"c-d/i": ("cat", "agreed")}


def test_versions_are_compared_by_number_and_keep_says_that_old_votes_count() -> None:
    late = {"guideline_version": "1.9"}
    votes = (
        annotation("b1/1", "ann", "cat", **late),
        annotation("b1/2", "ben", "cat", **late),
        annotation("b2/1", "cem", "dog", **NEW),
    )
    assert label_and_status(consolidate(*votes, changes=REQUEUE)) == {"c-d/i": ("dog", "agreed")}
    found = consolidate(*votes, changes=changed(redefine("cat", "keep")))
    assert label_and_status(found) == {"c-d/i": ("cat", "agreed")}
    both = changed(redefine("cat", "keep"), redefine("dog", "requeue"))
    assert label_and_status(consolidate(*votes, changes=both)) == {"c-d/i": ("cat", "agreed")}


def test_who_contradicts_themselves_across_versions_has_one_whole_vote_left() -> None:
    both = annotation("b1/1", "ann", "cat"), annotation("b1/2", "ann", "dog", image="d/copy", **NEW)
    found = consolidate(*both, **COPY, changes=REQUEUE)
    row = label(found)
    assert (row["label"], row["status"], row["votes"], row["agreement"]) == ("dog", "agreed", 1, 1.0)
    assert roles(found) == {"b1/1": "superseded", "b1/2": "agrees"}


def test_a_class_that_is_gone_is_never_voted_for_and_waits_to_be_labelled() -> None:
    split = changed(SPLIT | {"old_votes": "requeue"})
    found = consolidate(annotation("b1/1", "ann", "pet"), changes=split)
    assert found.labels.empty
    assert roles(found) == {"b1/1": "outdated"}
    assert again(found) == {"c-d/i": (None, "1.10")}
    # A minority that names another class does not become the label unseen.
    found = consolidate(annotation("b1/1", "ann", "pet"), annotation("b1/2", "ben", "owl"), changes=split)
    assert again(found) == {"c-d/i": ("owl", "1.10")}
    found = consolidate(annotation("b1/1", "ann", "pet"), annotation("b2/1", "ben", "cat", **NEW), changes=split)
    assert (label_and_status(found), again(found)) == ({"c-d/i": ("cat", "agreed")}, {})


def test_absent_of_a_new_look_silences_an_old_box_and_leaves_the_others() -> None:
    boxes = annotation("b1/1", "ann", "cat", BOX), annotation("b1/2", "ann", "dog", ELSEWHERE)
    found = detect(*boxes, changes=REQUEUE)
    assert again(found) == {"b1/1": ("cat", "1.10")}
    found = detect(*boxes, annotation("b2/1", "ben", "dog", ELSEWHERE, **NEW), changes=REQUEUE)
    assert label_and_status(found) == {"b1/2": ("dog", "agreed")}
    assert roles(found) == {"b1/1": "outdated", "b1/2": "agrees", "b2/1": "agrees"}
    assert again(found) == {}


def test_an_old_empty_is_outdated_where_all_that_it_denies_is_new() -> None:
    empty = annotation("b1/1", "ann", kind="empty")
    found = detect(empty, annotation("b2/1", "ben", "cat", BOX, **NEW), changes=REQUEUE)
    assert label_and_status(found) == {"b2/1": ("cat", "agreed")}
    assert roles(found) == {"b1/1": "outdated", "b2/1": "agrees"}
    found = detect(empty, annotation("b2/1", "ben", "dog", BOX, **NEW), changes=REQUEUE)
    assert label_and_status(found) == {"b2/1": ("dog", "contested")}


def test_a_rule_puts_every_object_in_question_and_pictures_that_are_called_empty() -> None:
    rule = changed(RULE | {"old_votes": "requeue"})
    old = annotation("b1/1", "ann", "dog", BOX), annotation("b1/2", "ann", kind="empty", image="d/two")
    found = detect(*old, images=pictures("d/i", "d/two"), changes=rule)
    assert again(found) == {"b1/1": ("dog", "1.10"), "c-d/two": (None, "1.10")}
    found = detect(old[0], annotation("b2/1", "ben", kind="empty", **NEW), changes=rule)
    assert found.labels.empty
    assert roles(found) == {"b1/1": "outdated", "b2/1": "empty"}


# Drop and map -------------------------------------------------------------------------------------------------------


def test_dropped_annotations_do_not_count_at_all() -> None:
    drop = changed(redefine("cat", "drop"))
    found = consolidate(*OLD_CATS, annotation("b1/3", "cem", "dog"), changes=drop)
    assert label_and_status(found) == {"c-d/i": ("dog", "agreed")}
    assert roles(found) == {"b1/1": "outdated", "b1/2": "outdated", "b1/3": "agrees"}
    found = consolidate(*OLD_CATS, changes=drop)
    assert found.labels.empty
    assert (again(found), found.relabel["image"].tolist()) == ({"c-d/i": (None, "1.10")}, ["d/i"])
    assert consolidate(*OLD_CATS, annotation("b2/1", "cem", kind="empty", **NEW), changes=drop).relabel.empty


def test_a_dropped_box_is_a_part_of_an_answer_that_denies_nothing() -> None:
    boxes = annotation("b1/1", "ann", "cat", BOX), annotation("b1/2", "ben", "dog", BOX)
    found = detect(*boxes, changes=changed(redefine("cat", "drop")))
    assert label_and_status(found) == {"b1/2": ("dog", "agreed")}
    assert again(found) == {"c-d/i": (None, "1.10")}


def test_dropped_annotations_do_not_make_a_copy_survive() -> None:
    found = consolidate(OLD_CATS[0], **COPY, changes=changed(redefine("cat", "drop")))
    assert found.duplicates["duplicate_of"].tolist() == ["d/copy"]
    assert found.annotation_roles[["image", "role"]].to_numpy().tolist() == [["d/copy", "outdated"]]


def test_mapped_annotations_count_in_full_under_the_new_class() -> None:
    renamed = changed({"action": "rename", "classes": ["kitten"], "to": ["cat"], "old_votes": "map"})
    found = consolidate(annotation("b1/1", "ann", "kitten"), annotation("b2/1", "ben", "cat", **NEW), changes=renamed)
    row = label(found)
    assert (row["label"], row["votes"], row["agreement"], row["guideline_version"]) == ("cat", 2, 1.0, "1.0")
    assert again(found) == {}


def test_a_models_annotation_is_no_vote_and_never_outdated() -> None:
    model = annotation("b1/1", "net", "cat", source="model")
    for votes in ("drop", "requeue"):
        assert roles(consolidate(model, changes=changed(redefine("cat", votes)))) == {"b1/1": "no vote"}


def test_the_work_is_counted_and_timed_by_the_annotations_of_people() -> None:
    timed = (
        annotation("b1/1", "ann", "cat", lead_time_s=3.0),
        annotation("b1/2", "ann", "cat", image="d/two", lead_time_s=6.0),
    )
    model = annotation("b1/3", "net", "cat", source="model", lead_time_s=900.0)
    two = pictures("d/i", "d/two")
    found = consolidate(*timed, model, images=two, changes=REQUEUE)
    assert found.metrics["relabel"] == {"objects": 2, "images": 2, "seconds per label": 4.5, "hours": 0.0025}
    found = consolidate(*OLD_CATS, changes=REQUEUE)
    assert found.metrics["relabel"] == {"objects": 1, "images": 1, "seconds per label": None, "hours": None}


def test_what_lapsed_is_on_no_ballot() -> None:
    found = consolidate(*OLD_CATS, annotation("b2/1", "dee", "dog", **NEW), changes=REQUEUE)
    assert found.votes[["annotator", "label"]].to_numpy().tolist() == [["dee", "dog"]]


# Laws ---------------------------------------------------------------------------------------------------------------


@examples(10)
@given(worlds.worlds(most=10), st.integers(0, 99))
def test_no_requeued_annotation_stands_beside_a_new_one_that_it_could_outvote(world: worlds.World, seed: int) -> None:
    made = worlds.consolidated(world)
    given = made["annotations"].merge(made["annotation_roles"], on="annotation", suffixes=("_said", ""))
    found = change_effects(given, world.changes)
    standing = given["role"].isin(["agrees", "overruled", "adjudicated"]) & given["object"].notna()
    for number, change in enumerate(world.changes.ordered()):
        old = versions.is_older(given["guideline_version"], change.version)
        new_on = set(given.loc[standing & ~old, "object"])
        asked = found.change_numbers(lambda m: m.requeued_by) == number
        assert not set(given.loc[standing & old & asked, "object"]) & new_on
        dropped = found.change_numbers(lambda m: m.dropped_by) == number
        assert not (standing & dropped).any()
    gone = found.where(lambda m: m.requeued_by != NO_CHANGE and m.label not in worlds.CLASSES.ids)
    assert not (standing & gone).any()
    mixed = made["annotations"].sample(frac=1, random_state=seed)
    pd.testing.assert_frame_equal(
        worlds.consolidated(world._replace(annotations=mixed))["relabel"].sort_values("object", ignore_index=True),
        made["relabel"].sort_values("object", ignore_index=True),
    )
