"""The order of annotations, and what they say about objects. One is written `annotation("b1/1", "ann", "cat")`."""

from typing import Any

import pandas as pd
import pytest

from golgoru.consensus.votes import ABSENT, current_annotations, statements_on_objects, weighted_votes
from golgoru.core.dataset import Task
from golgoru.tables import frames

BOX = (0, 0, 10, 10)
AGAIN = (1, 0, 10, 10)  # the same thing, drawn once more
ELSEWHERE = (50, 50, 10, 10)


def annotation(
    key: str, annotator: str, label: str | None = None, at: tuple[float, ...] | None = None, **columns: Any
) -> dict[str, Any]:
    """An annotation of batch b1, b2, ... on image i; a batch has the date of its number."""
    batch = key.split("/", maxsplit=1)[0]
    row = {"annotation": key, "annotator": annotator, "batch": batch, "date": f"2026-01-0{batch[1]}", "label": label}
    row |= {"image": "i", "source": "human", "kind": "object", "uncounted": False}
    return row | dict(zip(("x", "y", "width", "height"), at or (), strict=False)) | columns


def table(*annotations: dict[str, Any]) -> pd.DataFrame:
    plain = pd.DataFrame(list(annotations), columns=None if annotations else ["annotation", "uncounted"])
    shown = plain["shown"] if "shown" in plain else plain.get("image", pd.Series(dtype="str"))
    image = plain.get("image")
    return frames.frame("annotations", plain).assign(
        shown=shown.fillna(image).astype("str"), uncounted=plain["uncounted"], epoch=0
    )


def current(*annotations: dict[str, Any], task: Task = "classification") -> pd.DataFrame:
    rows = table(*annotations)
    uncounted = rows.pop("uncounted").astype(bool)
    return current_annotations(rows[~uncounted], rows[uncounted], task).set_index("annotation")


def standing(*annotations: dict[str, Any], task: Task = "classification") -> list[str]:
    found = current(*annotations, task=task)
    return sorted(found.index[~found["superseded"]])


def cast(*annotations: dict[str, Any], task: Task = "classification") -> dict[tuple[str, str, str], float]:
    """Votes as (object, annotator, value) to weight; a reviewer's name is followed by a star."""
    found = weighted_votes(statements_on_objects(current(*annotations, task=task).reset_index(), task))
    names = found["annotator"] + found["review"].map({True: "*", False: ""})
    return dict(zip(zip(found["object"], names, found["value"], strict=True), found["weight"], strict=True))


def test_the_newest_batch_replaces_an_annotators_answer() -> None:
    assert standing(
        annotation("b1/1", "ann", "cat"), annotation("b2/1", "ann", "dog"), annotation("b1/2", "ben", "cat")
    ) == [
        "b1/2",
        "b2/1",
    ]


def test_batches_of_one_day_are_ordered_by_name_and_days_before_names() -> None:
    later = {"date": "2026-01-01"}
    assert standing(annotation("b1/1", "ann", "cat"), annotation("b2/1", "ann", "dog", **later)) == ["b2/1"]
    assert standing(annotation("b1/1", "ann", "cat", date="2026-03-01"), annotation("b2/1", "ann", "dog")) == ["b1/1"]


def test_a_newer_review_replaces_an_older_one_whoever_made_it_and_no_vote() -> None:
    annotations = annotation("b1/1", "ann", "cat"), annotation("b2/1", "rev", "dog", source="review")
    assert standing(*annotations, annotation("b3/1", "boss", "owl", source="review")) == ["b1/1", "b3/1"]


def test_a_review_is_not_the_same_persons_vote() -> None:
    assert cast(annotation("b1/1", "ann", "cat"), annotation("b2/1", "ann", "dog", source="review")) == {
        ("i", "ann", "cat"): 1,
        ("i", "ann*", "dog"): 1,
    }


@pytest.mark.parametrize("name", ["review", "\x1freview", "*", "None", "nan"])
def test_no_name_of_an_annotator_makes_him_a_reviewer(name: str) -> None:
    annotations = annotation("b1/1", "rev", "dog", source="review"), annotation("b2/1", name, "cat")
    assert standing(*annotations) == ["b1/1", "b2/1"]


def test_a_newer_unsure_takes_the_older_answer_back_and_says_nothing() -> None:
    annotations = (
        annotation("b1/1", "ann", "cat"),
        annotation("b2/1", "ann", kind="unsure"),
        annotation("b1/2", "ben", "dog"),
    )
    assert standing(*annotations) == ["b1/2", "b2/1"]
    assert cast(*annotations) == {("i", "ben", "dog"): 1}


def test_an_annotator_who_contradicts_themselves_on_equal_pixels_gives_half_votes() -> None:
    annotations = (
        annotation("b1/1", "ann", "cat", shown="i"),
        annotation("b1/2", "ann", "dog", shown="copy"),
        annotation("b1/3", "ben", "cat"),
    )
    assert cast(*annotations) == {("i", "ann", "cat"): 0.5, ("i", "ann", "dog"): 0.5, ("i", "ben", "cat"): 1}
    assert cast(*annotations[:1], annotation("b1/2", "ann", "cat", shown="copy")) == {("i", "ann", "cat"): 1}


def test_empty_and_remove_say_that_the_picture_is_of_no_class() -> None:
    assert cast(annotation("b1/1", "ann", kind="empty"), annotation("b1/2", "ben", "cat", kind="remove")) == {
        ("i", "ann", ABSENT): 1,
        ("i", "ben", ABSENT): 1,
    }


def test_a_removal_makes_way_for_what_is_said_together_with_it() -> None:
    annotations = (
        annotation("b1/1", "ann", "cat"),
        annotation("b2/1", "ann", kind="remove"),
        annotation("b2/2", "ann", "dog"),
    )
    assert standing(*annotations) == ["b2/2"]


@pytest.mark.parametrize("label", [None, ""])
def test_an_object_without_a_class_is_no_vote_and_no_absence(label: str | None) -> None:
    assert cast(annotation("b1/1", "ann", label)) == {}


def test_no_annotations() -> None:
    assert cast() == {}
    assert cast(task="detection") == {}


# Objects on a picture -----------------------------------------------------------------------------------------------


def drawn(*annotations: dict[str, Any]) -> dict[tuple[str, str, str], float]:
    return cast(*annotations, task="detection")


def objects(*annotations: dict[str, Any]) -> dict[str, str]:
    return current(*annotations, task="detection")["object"].dropna().to_dict()


def test_boxes_that_overlap_are_one_object_and_who_did_not_draw_it_says_so() -> None:
    annotations = (
        annotation("b1/1", "ann", "cat", BOX),
        annotation("b1/2", "ben", "dog", AGAIN),
        annotation("b1/3", "cem", "cat", ELSEWHERE),
    )
    assert drawn(*annotations) == {
        ("b1/1", "ann", "cat"): 1,
        ("b1/1", "ben", "dog"): 1,
        ("b1/1", "cem", ABSENT): 1,
        ("b1/3", "ann", ABSENT): 1,
        ("b1/3", "ben", ABSENT): 1,
        ("b1/3", "cem", "cat"): 1,
    }


@pytest.mark.parametrize("kind", ["empty", "remove"])
def test_who_says_empty_says_it_of_every_object(kind: str) -> None:
    annotations = annotation("b1/1", "ann", "cat", BOX), annotation("b1/2", "ben", kind=kind)
    assert drawn(*annotations) == {("b1/1", "ann", "cat"): 1, ("b1/1", "ben", ABSENT): 1}


def test_who_is_unsure_of_the_picture_says_nothing_of_what_others_drew() -> None:
    annotations = annotation("b1/1", "ann", "cat", BOX), annotation("b1/2", "ben", kind="unsure")
    assert drawn(*annotations) == {("b1/1", "ann", "cat"): 1}
    with_a_box = annotation("b1/3", "ben", "dog", ELSEWHERE)
    assert ("b1/1", "ben", ABSENT) not in drawn(*annotations, with_a_box)


def test_silence_of_an_answer_of_which_a_part_was_set_aside_says_nothing() -> None:
    annotations = annotation("b1/1", "ann", "cat", BOX), annotation("b1/2", "ben", "dog", ELSEWHERE)
    set_aside = annotation("b1/3", "ben", "unknown class", AGAIN, uncounted=True)
    assert ("b1/1", "ben", ABSENT) in drawn(*annotations)
    assert ("b1/1", "ben", ABSENT) not in drawn(*annotations, set_aside)
    assert ("b1/1", "ben", ABSENT) in drawn(*annotations, set_aside | {"batch": "b0", "annotation": "b0/3"})


def test_an_object_keeps_its_name_when_it_is_drawn_anew() -> None:
    first = annotation("b1/9", "ann", "cat", BOX)
    assert objects(first, annotation("b2/1", "ann", "cat", AGAIN)) == {"b1/9": "b1/9", "b2/1": "b1/9"}
    assert standing(first, annotation("b2/1", "ann", "cat", AGAIN), task="detection") == ["b2/1"]


def test_what_a_newer_answer_leaves_out_is_no_longer_said() -> None:
    annotations = (
        annotation("b1/1", "ann", "cat", BOX),
        annotation("b1/2", "ann", "dog", ELSEWHERE),
        annotation("b2/1", "ann", "cat", AGAIN),
    )
    assert drawn(*annotations) == {("b1/1", "ann", "cat"): 1}


def test_an_annotation_about_an_object_replaces_that_alone() -> None:
    annotations = annotation("b1/1", "ann", "cat", BOX), annotation("b1/2", "ann", "dog", ELSEWHERE)
    moved = annotation("b2/1", "ann", "owl", (200, 200, 5, 5), about="b1/1")
    assert drawn(*annotations, moved) == {("b1/1", "ann", "owl"): 1, ("b1/2", "ann", "dog"): 1}
    assert standing(*annotations, moved, task="detection") == ["b1/2", "b2/1"]
    removed = annotation("b2/1", "ann", kind="remove", about="b1/1")
    assert drawn(*annotations, removed) == {("b1/1", "ann", ABSENT): 1, ("b1/2", "ann", "dog"): 1}


def test_who_corrects_their_only_box_has_looked_at_the_picture_all_the_same() -> None:
    annotations = annotation("b1/1", "ann", "cat", BOX), annotation("b1/2", "ben", "dog", ELSEWHERE)
    corrected = annotation("b2/1", "ann", "owl", BOX, about="b1/1")
    assert ("b1/2", "ann", ABSENT) in drawn(*annotations, corrected)


def test_who_becomes_unsure_of_an_object_does_not_say_that_it_is_absent() -> None:
    annotations = (
        annotation("b1/1", "ann", "cat", BOX),
        annotation("b1/2", "ann", "dog", ELSEWHERE),
        annotation("b1/3", "ben", "cat", BOX),
    )
    doubt = annotation("b2/1", "ann", kind="unsure", about="b1/1")
    assert [key for key in drawn(*annotations, doubt) if key[:2] == ("b1/1", "ann")] == []


def test_a_second_reviewers_annotation_about_an_object_replaces_the_first_ones_silence() -> None:
    annotations = (
        annotation("b1/1", "ann", "cat", BOX),
        annotation("b2/1", "rev", "dog", ELSEWHERE, source="review"),
        annotation("b3/1", "boss", "cat", BOX, source="review", about="b1/1"),
    )
    said = drawn(*annotations)
    assert ("b1/1", "rev*", ABSENT) not in said
    assert ("b1/1", "boss*", "cat") in said


def test_a_newer_whole_answer_replaces_the_corrections_before_it() -> None:
    annotations = annotation("b1/1", "ann", "cat", BOX), annotation("b2/1", "ann", "owl", BOX, about="b1/1")
    assert standing(*annotations, annotation("b3/1", "ann", "dog", AGAIN), task="detection") == ["b3/1"]


def test_annotations_about_annotations_about_an_object_mean_the_object() -> None:
    chain = [annotation("b1/0", "ann", "cat", BOX)]
    chain += [annotation(f"b2/{n}", "ann", "cat", ELSEWHERE, about=chain[-1]["annotation"]) for n in range(9)]
    assert set(objects(*reversed(chain)).values()) == {"b1/0"}


def test_annotations_about_each_other_in_a_circle_are_about_nothing() -> None:
    one = annotation("b1/1", "ann", "cat", BOX, about="b1/2")
    other = annotation("b1/2", "ann", "cat", ELSEWHERE, about="b1/1")
    itself = annotation("b1/3", "ann", "cat", (90, 90, 1, 1), about="b1/3")
    assert objects(one, other, itself) == {"b1/1": "b1/1", "b1/2": "b1/2", "b1/3": "b1/3"}


@pytest.mark.parametrize("about", ["b1/2", "b1/3", "b9/9"], ids=["another picture", "an empty picture", "unknown"])
def test_an_annotation_about_no_object_of_its_picture_is_a_box_like_another_or_says_nothing(about: str) -> None:
    others = annotation("b1/2", "ann", "cat", BOX, image="j"), annotation("b1/3", "ben", kind="empty")
    assert objects(*others, annotation("b2/1", "cem", "dog", BOX, about=about))["b2/1"] == "b2/1"
    assert "b2/1" not in objects(*others, annotation("b2/1", "cem", kind="remove", about=about))


def test_a_models_box_is_no_vote_but_people_may_speak_about_it() -> None:
    model = annotation("b1/1", "net", "cat", BOX, source="model", uncounted=True)
    accepted = annotation("b2/1", "rev", "cat", AGAIN, source="review", about="b1/1")
    assert drawn(model, accepted) == {("b1/1", "rev*", "cat"): 1}
    removed = annotation("b3/1", "boss", kind="remove", source="review", about="b1/1")
    assert drawn(model, accepted, removed) == {("b1/1", "boss*", ABSENT): 1}


def test_a_models_box_that_nobody_speaks_about_names_nothing() -> None:
    model = annotation("b1/1", "net", "cat", BOX, source="model", uncounted=True)
    assert drawn(model, annotation("b2/1", "ann", "cat", BOX)) == {("b2/1", "ann", "cat"): 1}


def test_boxes_on_copies_are_pooled_and_silence_on_one_copy_is_half_a_vote() -> None:
    on_both = annotation("b1/1", "ann", "cat", BOX), annotation("b1/2", "ann", "cat", BOX, shown="copy")
    assert drawn(*on_both) == {("b1/1", "ann", "cat"): 1}
    on_one = annotation("b1/1", "ann", "cat", BOX), annotation("b1/2", "ann", kind="empty", shown="copy")
    assert drawn(*on_one) == {("b1/1", "ann", "cat"): 0.5, ("b1/1", "ann", ABSENT): 0.5}


def test_a_vote_has_the_newest_guideline_version_among_equals() -> None:
    same = [
        annotation(f"b1/{n}", "ann", "cat", image=f"i{n}", guideline_version=version, shown=f"i{n}")
        for n, version in enumerate(("1.9", "1.10", "1.8"))
    ]
    annotations = current(*(row | {"image": "i"} for row in same)).reset_index()
    assert weighted_votes(statements_on_objects(annotations, "classification"))["guideline_version"].tolist() == [
        "1.10"
    ]
