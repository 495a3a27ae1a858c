"""Shapes and transcriptions of several annotators: one of each per label."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golgoru.annotators import agreement
from golgoru.consensus.votes import ABSENT
from golgoru.guideline.classes import Class, Classes
from stages.consolidate import Params, Tables
from tests.template.builders.consensus_tables import (
    AGAIN,
    BOX,
    CLASSES,
    COPY,
    ELSEWHERE,
    annotation,
    consolidate,
    detect,
    label,
    label_and_status,
)
from tests.template.builders.examples import examples

WIDE = (0, 0, 14, 10)
SIDES = ["x", "y", "width", "height"]
RISING = [0.0, 0.0, 2.0, 0.0, 10.0, 10.0, 8.0, 10.0]
FALLING = [8.0, 0.0, 10.0, 0.0, 2.0, 10.0, 0.0, 10.0]


def read(*annotations: dict[str, Any], **more: Any) -> Tables:
    return consolidate(*annotations, task="ocr", **more)


def line(key: str, annotator: str, text: str | None, at: tuple[float, ...] = BOX, **columns: Any) -> dict[str, Any]:
    return annotation(key, annotator, "cat", at, text=text, **columns)


def test_the_shape_is_that_of_the_annotations_that_say_the_class() -> None:
    cats = annotation("b1/1", "ann", "cat", BOX), annotation("b1/2", "ben", "cat", WIDE)
    row = label(detect(*cats, annotation("b1/3", "cem", "dog", (5, 5, 10, 10))))
    assert [row[side] for side in SIDES] == [0, 0, 12, 10]


def test_a_reviewers_shape_stays_as_it_was_drawn() -> None:
    drawn = (0.123456, 0, 10, 10)
    annotations = annotation("b1/1", "ann", "cat", BOX), annotation("b1/2", "ben", "cat", WIDE)
    row = label(detect(*annotations, annotation("b2/1", "rev", "cat", drawn, source="review", about="b1/1")))
    assert [row[side] for side in SIDES] == list(drawn)


def test_one_persons_shape_is_taken_where_the_settings_say_so() -> None:
    annotations = (
        annotation("b1/1", "ann", "cat", BOX),
        annotation("b1/2", "ben", "cat", WIDE),
        annotation("b1/3", "cem", "cat", (0, 0, 11, 10)),
    )
    assert label(detect(*annotations, params=Params(geometry="representative")))["width"] == 11
    assert label(detect(*annotations[:2], params=Params(geometry="representative")))["width"] == 10


def test_polygons_across_each_other_are_two_things_though_their_boxes_are_equal() -> None:
    annotations = line("b1/1", "ann", "x", polygon=RISING), line("b1/2", "ben", "x", polygon=FALLING)
    assert set(label_and_status(read(*annotations)).values()) == {("cat", "contested")}
    assert len(read(*annotations).labels) == 2


def test_what_some_did_not_see_is_disagreement() -> None:
    found = detect(
        annotation("b1/1", "ann", "cat", BOX), annotation("b1/2", "ann", "dog", ELSEWHERE),
        annotation("b1/3", "ben", "cat", AGAIN), annotation("b1/4", "cem", "cat", BOX),
        annotation("b1/5", "cem", "owl", (80, 80, 9, 9)),
    )  # fmt: skip
    assert label_and_status(found) == {"b1/1": ("cat", "agreed")}
    votes = found.votes.assign(value=found.votes["label"].fillna(ABSENT))
    rows = agreement.agreement_table(votes).set_index(["scope", "key"])["share"]
    assert rows["class", "cat"] == 1
    assert rows["class", "dog"] == rows["class", "owl"] == 0
    assert rows["class", "(not seen)"] == 0.5


# Transcriptions -----------------------------------------------------------------------------------------------------


def text(found: Tables) -> tuple[str, float | None, str, str | None]:
    row = label(found)
    share, rule = (None if pd.isna(row[name]) else row[name] for name in ("text_agreement", "rule"))
    return row["text"], share, row["status"], rule


def test_what_most_wrote_stands_and_who_wrote_otherwise_does_not() -> None:
    ann, ben, cem = line("b1/1", "ann", "T0TAL"), line("b1/2", "ben", "TOTAL"), line("b1/3", "cem", "TOTAL")
    assert text(read(ann, ben, cem)) == ("TOTAL", 0.9333, "agreed", None)
    assert text(read(ann)) == ("T0TAL", None, "agreed", None)


def test_two_readings_are_contested_until_a_reviewer_settles_it() -> None:
    annotations = line("b1/1", "ann", "9.00"), line("b1/2", "ben", "9.OO")
    assert text(read(*annotations)) == ("9.00", 0.75, "contested", "TEXT-003")
    review = line("b2/1", "rev", "9.O0", source="review", about="b1/1")
    assert text(read(*annotations, review)) == ("9.O0", None, "adjudicated", None)


def test_three_readings_that_all_differ_are_contested() -> None:
    annotations = line("b1/1", "ann", "abc"), line("b1/2", "ben", "abd"), line("b1/3", "cem", "xbd")
    assert text(read(*annotations)) == ("abd", 0.7778, "contested", "TEXT-003")


def test_a_class_without_a_majority_is_told_first() -> None:
    annotations = line("b1/1", "ann", "9.00"), line("b1/2", "ben", "9.OO") | {"label": "dog"}
    assert text(read(*annotations)) == ("9.00", None, "contested", "VOTE-001")


def test_readings_on_two_files_of_equal_pixels_are_pooled() -> None:
    annotations = line("b1/1", "ann", "9.00"), line("b1/2", "ben", "9.OO", image="d/copy")
    assert text(read(*annotations, **COPY))[3] == "TEXT-003"


@pytest.mark.parametrize("task", ["detection", "segmentation"])
def test_other_tasks_have_texts_as_notes(task: Any) -> None:
    annotations = line("b1/1", "ann", "blurred"), line("b1/2", "ben", "cut")
    assert text(consolidate(*annotations, task=task)) == ("blurred", None, "agreed", None)


RENAMED = {"cat": "zoo", "dog": "ant", "owl": "bee"}
SAID = st.tuples(
    st.sampled_from(["ann", "ben", "cem"]),
    st.sampled_from(list(RENAMED)),
    st.sampled_from([BOX, AGAIN, WIDE]),
    st.sampled_from(["TOTAL", "T0TAL", None]),
)


@examples(5)
@given(st.lists(SAID, min_size=1, max_size=6))
def test_names_of_classes_are_nothing(rows: list[tuple[str, str, tuple[float, ...], str | None]]) -> None:
    annotations = [annotation(f"b1/{n}", who, name, at, text=text) for n, (who, name, at, text) in enumerate(rows)]
    other = [one | {"label": RENAMED[one["label"]]} for one in annotations]
    renamed = Classes(version="1.10", classes=tuple(Class(id=RENAMED[c.id], ignore=c.ignore) for c in CLASSES.classes))
    one, two = read(*annotations).labels, read(*other, classes=renamed).labels
    pd.testing.assert_frame_equal(one.assign(label=one["label"].map(RENAMED).astype("str")), two)
