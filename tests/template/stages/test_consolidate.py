from typing import Any

import pandas as pd
import pytest

from golgoru.core.dataset import Task
from golgoru.guideline.classes import Classes
from tests.template.builders.consensus_tables import (
    COPY,
    annotation,
    consolidate,
    finding,
    label,
    label_and_status,
    pictures,
    roles,
)


def test_the_majority_wins_and_the_object_is_the_images_content() -> None:
    found = consolidate(
        annotation("b1/1", "ann", "cat"), annotation("b1/2", "ben", "cat"), annotation("b1/3", "cem", "dog")
    )
    row = label(found)
    assert (row["object"], row["image"], row["label"]) == ("c-d/i", "d/i", "cat")
    assert (row["votes"], row["agreement"], row["status"]) == (3, 0.6667, "agreed")
    assert roles(found) == {"b1/1": "agrees", "b1/2": "agrees", "b1/3": "overruled"}
    assert found.annotation_roles["object"].tolist() == ["c-d/i"] * 3


def test_a_tie_is_contested_and_shown_in_the_guidelines_order() -> None:
    found = consolidate(annotation("b1/1", "ann", "dog"), annotation("b1/2", "ben", "cat"))
    assert label_and_status(found) == {"c-d/i": ("cat", "contested")}
    assert roles(found) == {"b1/1": "overruled", "b1/2": "agrees"}


def test_a_reviewer_settles_it_and_a_newer_review_the_older_one() -> None:
    votes = annotation("b1/1", "ann", "dog"), annotation("b1/2", "ben", "dog"), annotation("b1/3", "cem", "owl")
    found = consolidate(
        *votes, annotation("b2/1", "rev", "cat", source="review"), annotation("b3/1", "boss", "owl", source="review")
    )
    assert label_and_status(found) == {"c-d/i": ("owl", "adjudicated")}
    expected = {"b1/1": "overruled", "b1/2": "overruled", "b1/3": "agrees", "b2/1": "superseded", "b3/1": "adjudicated"}
    assert roles(found) == expected
    assert label(found)["source"] == "review"
    assert pd.isna(label(found)["confidence"])


def test_a_newer_batch_replaces_an_annotators_answer() -> None:
    found = consolidate(annotation("b1/1", "ann", "dog"), annotation("b2/1", "ann", "cat"))
    assert label_and_status(found) == {"c-d/i": ("cat", "agreed")}
    assert roles(found) == {"b1/1": "superseded", "b2/1": "agrees"}


def test_a_model_never_votes_and_skipped_and_unsure_are_no_votes() -> None:
    found = consolidate(
        annotation("b1/1", "ann", "cat"),
        annotation("b1/2", "ben", "dog"),
        annotation("b2/2", "ben", kind="unsure"),
        annotation("b2/1", "ann", kind="skipped"),
        annotation("b3/1", "net", "dog", source="model"),
    )
    assert label_and_status(found) == {"c-d/i": ("cat", "agreed")}
    no_vote = {"b2/1": "no vote", "b2/2": "no vote", "b3/1": "no vote"}
    assert roles(found) == {"b1/1": "agrees", "b1/2": "superseded", **no_vote}
    alone = consolidate(
        annotation("b3/1", "net", "dog", source="model"), annotation("b3/2", "net2", "dog", source="model")
    )
    assert alone.labels.empty
    assert alone.votes.empty


def test_empty_stands_where_most_say_it_and_is_overruled_where_not() -> None:
    empty = annotation("b1/1", "ann", kind="empty"), annotation("b1/2", "ben", kind="empty")
    found = consolidate(*empty, annotation("b1/3", "cem", "cat"))
    assert found.labels.empty
    assert roles(found) == {"b1/1": "empty", "b1/2": "empty", "b1/3": "overruled"}
    assert roles(consolidate(empty[0], annotation("b1/3", "cem", "cat"))) == {"b1/1": "overruled", "b1/3": "agrees"}


def test_half_of_the_votes_empty_nothing() -> None:
    empty = annotation("b1/1", "ann", kind="empty"), annotation("b1/2", "ben", kind="empty")
    found = consolidate(*empty, annotation("b1/3", "cem", "dog"), annotation("b1/4", "dee", "cat"))
    assert label_and_status(found) == {"c-d/i": ("cat", "contested")}


def test_what_a_rule_set_aside_and_what_has_no_picture_is_accounted_for_and_never_votes() -> None:
    found = consolidate(
        annotation("b1/1", "ann", "cat"),
        annotation("b1/2", "ben", "zebra"),
        annotation("b1/3", "cem", "dog", image="nowhere.png"),
        annotation("b1/4", "dee", "dog", image="nowhere.png"),
        annotation("b1/5", "cem", "dog", image="d/torn"),
        annotation("b1/6", "dee", "dog", image="d/torn"),
        annotation("b1/7", "cem", "dog", image="d/out"),
        images=pictures("d/i", "d/torn", "d/out", torn="d/torn"),
        findings=(
            finding("annotations", "b1/2", "CLASS-001"),
            finding("annotations", "b1/3"),
            finding("annotations", "b1/5", "ANN-002"),
            finding("images", "d/out", "IMG-003"),
        ),
    )
    assert label_and_status(found) == {"c-d/i": ("cat", "agreed")}
    aside = {f"b1/{n}": "set aside" for n in (2, 3, 5, 7)}
    assert roles(found) == {"b1/1": "agrees", **aside, "b1/4": "no vote", "b1/6": "no vote"}


def test_a_finding_that_only_tells_changes_nothing() -> None:
    tells = (finding("annotations", "b1/1") | {"action": "tell"}, finding("images", "d/i") | {"action": "tell"})
    assert len(consolidate(annotation("b1/1", "ann", "cat"), findings=tells).labels) == 1


def test_ignore_source_and_the_oldest_guideline_of_the_annotations_that_decided() -> None:
    found = consolidate(
        annotation("b1/1", "ann", "owl", guideline_version="1.10"),
        annotation("b1/2", "ben", "owl", guideline_version="1.9", source="import"),
        annotation("b1/3", "cem", "cat", guideline_version="1.0"),
    )
    row = label(found)
    assert (row["ignore"], row["source"], row["guideline_version"]) == (True, "human", "1.9")


# Copies -------------------------------------------------------------------------------------------------------------


def test_votes_on_equal_pixels_are_pooled_on_the_survivor() -> None:
    found = consolidate(annotation("b1/1", "ann", "cat"), annotation("b1/2", "ben", "dog", image="d/copy"), **COPY)
    assert label_and_status(found) == {"c-d/copy": ("cat", "contested")}
    assert found.annotation_roles["image"].tolist() == ["d/copy"] * 2
    assert found.duplicates[["image", "duplicate_of", "kind"]].to_numpy().tolist() == [["d/i", "d/copy", "exact"]]
    assert found.metrics["duplicates left out"] == {"exact": 1, "near": 0}


def test_who_contradicts_themselves_on_copies_gives_half_votes() -> None:
    both = annotation("b1/1", "ann", "dog"), annotation("b1/2", "ann", "cat", image="d/copy")
    assert label(consolidate(*both, **COPY))["status"] == "contested"
    row = label(consolidate(*both, annotation("b1/3", "ben", "dog"), **COPY))
    assert (row["label"], row["votes"], row["agreement"]) == ("dog", 2, 0.75)
    assert row["status"] == "contested"  # what is said of the copy is not what is said of the other one


def test_near_copies_have_a_survivor_but_their_votes_are_not_pooled() -> None:
    near = {"images": COPY["images"], "pairs": (("d/copy", "d/i", "near"),)}
    found = consolidate(annotation("b1/1", "ann", "cat"), annotation("b1/2", "ben", "dog", image="d/copy"), **near)
    assert label_and_status(found) == {"c-d/i": ("cat", "agreed"), "c-d/copy": ("dog", "contested")}
    found = consolidate(annotation("b1/1", "ann", "cat"), **near)
    assert found.duplicates[["image", "duplicate_of"]].to_numpy().tolist() == [["d/copy", "d/i"]]


def test_annotations_that_do_not_count_do_not_make_a_copy_survive() -> None:
    found = consolidate(annotation("b1/1", "ann", "cat"), findings=(finding("annotations", "b1/1"),), **COPY)
    assert found.duplicates["duplicate_of"].tolist() == ["d/copy"]


# Objects on a picture -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", ["classification", "detection"])
@pytest.mark.parametrize(
    "images", [pictures(), pictures("d/i", torn="d/i"), pictures("d/i")], ids=["none", "torn", "one"]
)
@pytest.mark.parametrize("rows", [(), (annotation("b1/1", "ann", kind="unsure"),)], ids=["no annotations", "unsure"])
def test_empty_tables(task: Task, images: pd.DataFrame, rows: tuple[dict[str, Any], ...]) -> None:
    for findings in ((), (finding("annotations", "b1/1"), finding("images", "d/i", "IMG-001"))):
        found = consolidate(*rows, task=task, images=images, findings=findings, classes=Classes(version="1"))
        assert found.labels.empty
        assert found.metrics["objects"] == 0
