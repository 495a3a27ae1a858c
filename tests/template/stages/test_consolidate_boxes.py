"""Boxes of several annotators: matched, voted on, corrected."""

from tests.template.builders.consensus_tables import (
    AGAIN,
    BOX,
    COPY,
    ELSEWHERE,
    annotation,
    consolidate,
    detect,
    finding,
    label,
    label_and_status,
    roles,
)


def test_a_box_that_one_of_three_drew_is_outvoted_and_of_two_contested() -> None:
    ann, ben, cem = (
        annotation("b1/1", "ann", "cat", BOX),
        annotation("b1/2", "ben", kind="empty"),
        annotation("b1/3", "cem", kind="empty"),
    )
    found = detect(ann, ben, cem)
    assert found.labels.empty
    assert roles(found) == {"b1/1": "overruled", "b1/2": "empty", "b1/3": "empty"}
    assert label_and_status(detect(ann, ben)) == {"b1/1": ("cat", "contested")}
    assert label_and_status(detect(ann)) == {"b1/1": ("cat", "agreed")}


def test_classes_of_matched_boxes_are_voted_on_and_the_box_is_that_of_the_annotations_that_say_it() -> None:
    far, middle, other = (2, 0, 10, 10), (1, 0, 10, 10), (0, 0, 10, 10)
    found = detect(
        annotation("b1/1", "ann", "cat", far),
        annotation("b1/2", "ben", "cat", middle),
        annotation("b1/3", "cem", "cat", other),
        annotation("b1/4", "dee", "dog", (0, 0, 10, 9)),
    )
    row = label(found)
    assert (row["object"], row["label"], row["votes"], row["agreement"], row["x"]) == ("b1/1", "cat", 4, 0.75, 1)
    assert row["height"] == 10
    assert set(found.annotation_roles["object"]) == {"b1/1"}


def test_an_object_keeps_its_id_when_it_is_drawn_anew() -> None:
    found = detect(annotation("b1/1", "ann", "cat", BOX), annotation("b2/1", "ann", "dog", AGAIN))
    row = label(found)
    assert (row["object"], row["label"], row["x"]) == ("b1/1", "dog", 1)
    assert roles(found) == {"b1/1": "superseded", "b2/1": "agrees"}


def test_an_annotation_about_an_object_replaces_that_alone() -> None:
    boxes = annotation("b1/1", "ann", "cat", BOX), annotation("b1/2", "ann", "dog", ELSEWHERE)
    found = detect(*boxes, annotation("b2/1", "ann", "owl", AGAIN, about="b1/1"))
    assert label_and_status(found) == {"b1/1": ("owl", "agreed"), "b1/2": ("dog", "agreed")}
    assert roles(found) == {"b1/1": "superseded", "b1/2": "agrees", "b2/1": "agrees"}


def test_a_review_about_an_object_settles_that_alone() -> None:
    boxes = annotation("b1/1", "ann", "cat", BOX), annotation("b1/2", "ann", "dog", ELSEWHERE)
    found = detect(*boxes, annotation("b2/1", "rev", kind="remove", about="b1/1", source="review"))
    assert label_and_status(found) == {"b1/2": ("dog", "agreed")}
    assert roles(found) == {"b1/1": "overruled", "b1/2": "agrees", "b2/1": "adjudicated"}


def test_a_models_box_becomes_a_label_through_a_review() -> None:
    model = annotation("b1/1", "net", "cat", BOX, source="model")
    assert detect(model).labels.empty
    found = detect(model, annotation("b2/1", "rev", "dog", AGAIN, source="review", about="b1/1"))
    assert label_and_status(found) == {"b1/1": ("dog", "adjudicated")}
    assert roles(found) == {"b1/1": "no vote", "b2/1": "adjudicated"}


def test_a_correction_of_a_box_that_was_set_aside_stands() -> None:
    wrong = annotation("b1/1", "ann", "cat", (0, 0, 0, 0))
    found = detect(
        wrong, annotation("b2/1", "ann", "cat", BOX, about="b1/1"), findings=(finding("annotations", "b1/1"),)
    )
    assert label_and_status(found) == {"b1/1": ("cat", "agreed")}
    assert roles(found) == {"b1/1": "set aside", "b2/1": "agrees"}


def test_a_correction_about_nothing_is_accounted_for() -> None:
    found = detect(annotation("b1/1", "ann", "cat", BOX), annotation("b2/1", "ben", kind="remove", about="b9/9"))
    assert label_and_status(found) == {"b1/1": ("cat", "agreed")}
    assert roles(found)["b2/1"] == "no vote"


def test_the_same_box_on_two_copies_is_one_object() -> None:
    found = detect(annotation("b1/1", "ann", "cat", BOX), annotation("b1/2", "ann", "cat", BOX, image="d/copy"), **COPY)
    row = label(found)
    assert (row["object"], row["image"], row["votes"], row["agreement"]) == ("b1/1", "d/copy", 1, 1.0)


def test_polygon_text_and_attributes_come_with_the_box() -> None:
    shape = {"polygon": [0.0, 0.0, 9.0, 0.0, 9.0, 9.0], "text": "Größe 안녕", "attributes": '{"blurred": true}'}
    row = label(consolidate(annotation("b1/1", "ann", "cat", BOX, **shape), task="ocr"))
    assert {name: row[name] for name in shape} == shape


# Nothing at all -----------------------------------------------------------------------------------------------------
