"""From batches to annotations by people: their class, their working time, and whether they were correct."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from golgoru.annotators import self_consistency
from golgoru.annotators.annotations import human_annotations
from golgoru.tables import frames
from tests.template.builders.consensus_tables import (
    BOX,
    COPY,
    ELSEWHERE,
    annotation,
    consolidate,
    detect,
    finding,
    pictures,
)
from tests.template.builders.guideline_changes import NONE, changed, redefine


def said(*rows: dict[str, Any], task: str = "classification", **more: Any) -> pd.DataFrame:
    """Annotations by people, by key, after `consolidate`."""
    made = (detect if task == "detection" else consolidate)(*rows, **more)
    annotations = frames.frame("annotations", pd.DataFrame(list(rows)))
    found = human_annotations(
        annotations,
        annotation_roles=made.annotation_roles,
        labels=made.labels,
        changes=more.get("changes", NONE),
    )
    return found.set_axis([w["annotation"] for w in rows if w["source"] != "model" and w["kind"] != "skipped"])


def right(*rows: dict[str, Any], **more: Any) -> dict[str, float]:
    """Whether annotations are correct, where it is known."""
    return said(*rows, **more)["correct"].dropna().to_dict()


def repeats(*rows: dict[str, Any], **more: Any) -> tuple[int, int]:
    found = self_consistency.count_repeats(said(*rows, **more)).sum()
    return int(found["repeats"]), int(found["same"])


def test_models_and_skipped_pictures_say_nothing() -> None:
    found = said(
        annotation("b1/1", "ann", "cat"),
        annotation("b1/2", "net", "cat", source="model"),
        annotation("b1/3", "ben", kind="skipped"),
    )
    assert found["annotator"].tolist() == ["ann"]


@pytest.mark.parametrize(
    ("given", "seconds"),
    [(2.5, 2.5), (0.0, 0.0), (86_400.0, 86_400.0), (1.23456, 1.235)]
    + [(value, None) for value in (-0.001, -3.0, 86_401.0, 1e308, np.inf, -np.inf, np.nan, None)],
)
def test_a_time_that_makes_no_sense_is_none_and_the_annotation_stays(
    given: float | None, seconds: float | None
) -> None:
    found = said(annotation("b1/1", "ann", "cat", lead_time_s=given))
    assert found["label"].tolist() == ["cat"]
    assert found["seconds"].tolist() == [seconds] if seconds is not None else found["seconds"].isna().all()


def test_right_is_what_the_majority_says_and_nothing_is_known_of_who_labelled_alone() -> None:
    rows = [annotation("b1/1", "ann", "cat"), annotation("b2/1", "ben", "cat"), annotation("b3/1", "cem", "dog")]
    assert right(*rows) == {"b1/1": 1, "b2/1": 1, "b3/1": 0}
    assert right(rows[0]) == {}


def test_on_a_contested_object_nobody_is_right_because_their_class_comes_first() -> None:
    two = [annotation("b1/1", "ann", "cat"), annotation("b2/1", "ben", "dog")]
    assert right(*two) == {"b1/1": 0.5, "b2/1": 0.5}
    assert right(*two, annotation("b3/1", "cem", "owl")) == pytest.approx(
        {"b1/1": 1 / 3, "b2/1": 1 / 3, "b3/1": 1 / 3}, abs=1e-4
    )


def test_a_decision_settles_what_one_person_said_and_says_nothing_of_the_reviewer() -> None:
    assert right(annotation("b1/1", "ann", "cat"), annotation("b2/1", "rev", "dog", source="review")) == {"b1/1": 0}
    assert right(annotation("b1/1", "ann", "cat"), annotation("b2/1", "rev", "cat", source="review")) == {"b1/1": 1}


def test_an_annotation_that_was_replaced_or_set_aside_is_neither_right_nor_wrong() -> None:
    rows = [annotation("b1/1", "ann", "dog"), annotation("b2/1", "ann", "cat"), annotation("b3/1", "ben", "cat")]
    assert right(*rows) == {"b2/1": 1, "b3/1": 1}
    assert right(*rows[1:], annotation("b4/1", "cem", "bat"), findings=(finding("annotations", "b4/1"),)) == {
        "b2/1": 1, "b3/1": 1,
    }  # fmt: skip


def test_a_box_that_others_did_not_see_is_wrong() -> None:
    rows = [
        annotation("b1/1", "ann", "cat", BOX), annotation("b2/1", "ben", "cat", BOX),
        annotation("b3/1", "cem", "cat", BOX),
        annotation("b3/2", "cem", "dog", ELSEWHERE),
    ]  # fmt: skip
    assert right(*rows, task="detection") == {"b1/1": 1, "b2/1": 1, "b3/1": 1, "b3/2": 0}


def test_who_labels_a_picture_again_repeats_themselves() -> None:
    assert repeats(annotation("b1/1", "ann", "cat"), annotation("b2/1", "ann", "dog")) == (1, 0)
    assert repeats(annotation("b1/1", "ann", "cat"), annotation("b2/1", "ben", "cat")) == (0, 0)


def test_equal_pixels_are_labelled_again_and_other_pictures_are_not() -> None:
    both = [annotation("b1/1", "ann", "cat"), annotation("b1/2", "ann", "cat", image="d/copy")]
    assert repeats(*both, **COPY) == (1, 1)
    assert repeats(*both, images=pictures("d/copy", "d/i")) == (0, 0)


def test_a_box_drawn_again_is_a_repeat_and_two_boxes_are_none() -> None:
    two = [annotation("b1/1", "ann", "cat", BOX), annotation("b1/2", "ann", "dog", ELSEWHERE)]
    assert repeats(*two, task="detection") == (0, 0)
    assert repeats(*two, annotation("b2/1", "ann", "owl", BOX), task="detection") == (1, 0)


def test_an_annotation_that_was_set_aside_is_no_repeat() -> None:
    rows = [annotation("b1/1", "ann", "bat"), annotation("b2/1", "ann", "cat")]
    assert repeats(*rows, findings=(finding("annotations", "b1/1"),)) == (0, 0)


RENAMED = {"action": "rename", "classes": ["moggy"], "to": ["cat"], "old_votes": "map"}


@pytest.mark.parametrize(
    ("change", "before", "expected"),
    [
        (RENAMED, "moggy", (1, 1)),
        (RENAMED, "dog", (1, 0)),
        (redefine("cat", "keep"), "cat", (1, 1)),
        (redefine("cat", "requeue"), "cat", (0, 0)),
        (redefine("cat", "requeue"), "dog", (0, 0)),
        (redefine("cat", "drop"), "cat", (0, 0)),
        (redefine("cat", "drop"), "dog", (0, 0)),
    ],
)
def test_across_a_change_annotations_compare_under_todays_names_unless_the_meaning_is_a_new_one(
    change: dict[str, Any], before: str, expected: tuple[int, int]
) -> None:
    rows = [
        annotation("b1/1", "ann", before, guideline_version="1.9"),
        annotation("b2/1", "ann", "cat", guideline_version="1.10"),
    ]  # fmt: skip
    assert repeats(*rows, changes=changed(change)) == expected


def test_boxes_that_a_change_took_away_mean_no_object() -> None:
    old = [annotation("b1/1", "ann", "cat", BOX), annotation("b1/2", "ann", "cat", ELSEWHERE)]
    assert repeats(*old, task="detection", changes=changed(redefine("cat", "drop"))) == (0, 0)
