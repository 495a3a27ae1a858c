"""Duplicates labelled differently from their representative: listed, and contested until a reviewer decides."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golgoru.core.dataset import Task
from golgoru.tables import frames
from stages.consolidate import Tables
from tests.template.builders.consensus_tables import (
    BOX,
    ELSEWHERE,
    annotation,
    consolidate,
    detect,
    label,
    label_and_status,
    pictures,
    run,
)
from tests.template.builders.examples import examples
from tests.template.stages.test_consolidate_laws import collections

TWO = pictures("d/copy", "d/i")
EXACT: dict[str, Any] = {"images": TWO, "pairs": (("d/copy", "d/i", "exact"),)}
NEAR: dict[str, Any] = {"images": TWO, "pairs": (("d/copy", "d/i", "near"),)}
BOTH = pytest.mark.parametrize("copies", [EXACT, NEAR], ids=["exact", "near"])
# d/copy sorts first, so it stays, and d/i is left out.
KEPT: dict[str, Any] = {"image": "d/copy"}


def rows(found: Tables) -> list[list[Any]]:
    return found.duplicate_conflicts.drop(columns=["duplicate_of", "kind"]).to_numpy().tolist()


def status(found: Tables) -> dict[str, str]:
    """Object to status, of what stays."""
    kept = found.labels[found.labels["image"] == "d/copy"]
    return dict(zip(kept["object"], kept["status"], strict=True))


@BOTH
def test_a_copy_of_another_label_makes_the_label_contested(copies: dict[str, Any]) -> None:
    found = consolidate(
        annotation("b1/1", "ann", "cat", **KEPT),
        annotation("b1/2", "ben", "cat", **KEPT),
        annotation("b1/3", "cem", "dog"),
        **copies,
    )
    assert rows(found) == [["d/i", "dog", "cat", 1, "contested"]]
    assert label_and_status(found)["c-d/copy"] == ("cat", "contested")
    assert found.labels.set_index("object").loc["c-d/copy", "rule"] == "COPY-003"
    assert found.metrics["duplicates whose labels conflict"] == {"contested": 1, "adjudicated": 0}
    assert found.metrics["contested"] == 1


@BOTH
def test_a_reviewer_of_the_survivor_settles_it_and_the_row_stays(copies: dict[str, Any]) -> None:
    found = consolidate(
        annotation("b1/1", "ann", "cat", **KEPT),
        annotation("b1/3", "cem", "dog"),
        annotation("b2/1", "rev", "cat", source="review", **KEPT),
        **copies,
    )
    assert rows(found) == [["d/i", "dog", "cat", 1, "adjudicated"]]
    assert label_and_status(found)["c-d/copy"] == ("cat", "adjudicated")


@BOTH
@pytest.mark.parametrize(
    "of_copy",
    [(), ("cat",), ("unsure",), ("skipped",)],
    ids=["nobody spoke", "the same", "unsure", "skipped"],
)
def test_where_nothing_else_is_said_nothing_disagrees(copies: dict[str, Any], of_copy: tuple[str, ...]) -> None:
    other = (
        [annotation("b1/3", "cem", "cat")]
        if of_copy == ("cat",)
        else [annotation("b1/3", "cem", kind=k) for k in of_copy]
    )
    found = consolidate(annotation("b1/1", "ann", "cat", **KEPT), *other, **copies)
    assert rows(found) == []
    assert label_and_status(found)["c-d/copy"] == ("cat", "agreed")


def test_empty_is_a_label_too() -> None:
    found = consolidate(annotation("b1/1", "ann", kind="empty", **KEPT), annotation("b1/2", "ben", "cat"), **NEAR)
    assert rows(found) == [["d/i", "cat", "empty", 1, "contested"]]


def test_equal_files_of_which_the_survivor_has_no_annotations_are_compared_with_what_is_pooled() -> None:
    files: dict[str, Any] = {
        "images": pictures("d/copy", "d/i", "d/j"),
        "pairs": (("d/copy", "d/i", "exact"), ("d/copy", "d/j", "exact")),
    }
    found = consolidate(
        annotation("b1/1", "ann", "cat"),
        annotation("b1/2", "ben", "cat"),
        annotation("b1/3", "cem", "dog", image="d/j"),
        **files,
    )
    assert rows(found) == [["d/j", "dog", "cat", 1, "contested"]]
    assert label(found)["status"] == "contested"


def test_through_a_chain_of_copies_each_is_compared_with_the_survivor_alone() -> None:
    chain: dict[str, Any] = {
        "images": pictures("d/a", "d/b", "d/c"),
        "pairs": (("d/a", "d/b", "near"), ("d/b", "d/c", "near")),
    }
    annotations = [
        annotation(f"b1/{n}", "ann", say, image=f"d/{n}") for n, say in zip("abc", ("cat", "dog", "cat"), strict=True)
    ]
    assert [row[:3] for row in rows(consolidate(*annotations, **chain))] == [["d/b", "dog", "cat"]]


# Objects on a picture -----------------------------------------------------------------------------------------------


@BOTH
def test_of_boxes_those_are_contested_that_are_of_another_class_or_are_not_there(copies: dict[str, Any]) -> None:
    third = (80, 80, 10, 10)
    found = detect(
        annotation("b1/1", "ann", "cat", BOX, **KEPT),
        annotation("b1/2", "ann", "cat", ELSEWHERE, **KEPT),
        annotation("b1/3", "ann", "cat", third, **KEPT),
        annotation("b2/1", "ben", "cat", BOX),
        annotation("b2/2", "ben", "dog", ELSEWHERE),
        **copies,
    )
    assert rows(found) == [["d/i", "cat 1, dog 1", "cat 3", 2, "contested"]]
    expected = {"b1/1": "agreed", "b1/2": "contested", "b1/3": "contested"}
    assert status(found) == expected


def test_what_only_a_near_copy_shows_is_told_and_contests_nothing_else() -> None:
    found = detect(
        annotation("b1/1", "ann", "cat", BOX, **KEPT), annotation("b2/1", "ben", "cat", BOX),
        annotation("b2/2", "ben", "dog", ELSEWHERE),
        **NEAR,
    )  # fmt: skip
    assert rows(found) == [["d/i", "cat 1, dog 1", "cat 1", 1, "contested"]]
    assert status(found) == {"b1/1": "agreed"}


def test_a_review_of_one_box_settles_that_box_alone() -> None:
    annotations = [
        annotation("b1/1", "ann", "cat", BOX, **KEPT),
        annotation("b1/2", "ann", "cat", ELSEWHERE, **KEPT),
        annotation("b2/1", "ben", kind="empty"),
    ]
    one = annotation("b3/1", "rev", "cat", BOX, source="review", about="b1/1", **KEPT)
    found = detect(*annotations, one, **NEAR)
    assert status(found) == {"b1/1": "adjudicated", "b1/2": "contested"}
    assert rows(found) == [["d/i", "empty", "cat 2", 2, "contested"]]
    found = detect(
        *annotations, one, annotation("b3/2", "rev", "cat", ELSEWHERE, source="review", about="b1/2", **KEPT), **NEAR
    )
    assert rows(found) == [["d/i", "empty", "cat 2", 2, "adjudicated"]]


def test_boxes_of_another_size_of_the_picture_and_of_a_crop_are_the_same() -> None:
    images = TWO.assign(width=[200, 95], height=[100, 47])
    box, half = (30, 20, 20, 10), ((30 - 5) / 2, (20 - 2.5) / 2, 10, 5)  # cut by 2.5 % at each border, then halved
    small = detect(
        annotation("b1/1", "ann", "cat", box, **KEPT),
        annotation("b2/1", "ann", "cat", half),
        **{**NEAR, "images": images},
    )
    assert small.duplicates["duplicate_of"].tolist() == ["d/copy"]
    assert rows(small) == []


def test_an_answer_of_which_a_part_was_set_aside_does_not_say_that_the_rest_is_missing() -> None:
    finding = {"rule": "BOX-001", "severity": "critical", "action": "set aside", "table": "annotations", "key": "b2/2",
               "message": "no", "image": None}  # fmt: skip
    found = detect(
        annotation("b1/1", "ann", "cat", BOX, **KEPT), annotation("b1/2", "ann", "cat", ELSEWHERE, **KEPT),
        annotation("b2/1", "ben", "cat", BOX), annotation("b2/2", "ben", "cat", (-5, 0, 1, 1)), findings=(finding,),
        **NEAR,
    )  # fmt: skip
    assert rows(found) == []


# Laws ---------------------------------------------------------------------------------------------------------------

few = examples(8)  # an example takes 0.2 s


def elections(tables: dict[str, pd.DataFrame], task: Task) -> tuple[Tables, dict[str, Any], dict[str, Any]]:
    """Return what the stage makes of the tables, and by picture what is said of each file, and of equal pixels."""
    exact = tables["duplicate_pairs"]["kind"] == "exact"
    alone = run(tables | {"duplicate_pairs": tables["duplicate_pairs"].iloc[:0]}, task).labels
    pooled = run(tables | {"duplicate_pairs": tables["duplicate_pairs"][exact]}, task).labels
    by_file, by_pixels = (
        {str(image): sorted(labels["label"]) for image, labels in found.groupby("image")} for found in (alone, pooled)
    )
    return run(tables, task), by_file, by_pixels


def differing(found: Tables, by_file: dict[str, Any], by_pixels: dict[str, Any]) -> dict[str, str]:
    """Return the duplicates that are labelled differently from their representative, where both have labels."""
    copies = found.duplicates
    return {
        image: kept
        for image, kept, kind in zip(copies["image"], copies["duplicate_of"], copies["kind"], strict=True)
        if (own := by_file.get(image))
        and (other := (by_file if kind == "exact" else by_pixels).get(kept))
        and own != other
    }


@few
@given(collections())
def test_no_label_is_resolved_in_silence(tables: dict[str, pd.DataFrame]) -> None:
    found, by_file, by_pixels = elections(tables, "classification")
    told = found.duplicate_conflicts.set_index("image")
    for image, kept in differing(found, by_file, by_pixels).items():
        assert told["duplicate_of"][image] == kept
        states = found.labels.loc[found.labels["image"] == kept, "status"]
        assert set(states) <= {"contested", "adjudicated"}
        assert told["status"][image] == "contested" or set(states) <= {"adjudicated"}


BOXES = st.dictionaries(st.sampled_from([BOX, ELSEWHERE, (80, 0, 10, 10)]), st.sampled_from(["cat", "dog"]))
ANSWERS = st.dictionaries(
    st.tuples(st.sampled_from(["d/a", "d/b", "d/c"]), st.sampled_from(["ann", "ben", "cem"])), BOXES, max_size=6
)
PAIRS = st.sampled_from([("exact", "exact"), ("near", "exact"), ("near", "near")])


@few
@given(ANSWERS, PAIRS, st.booleans())
def test_no_object_is_resolved_in_silence(
    answers: dict[tuple[str, str], dict[tuple[int, ...], str]], kinds: tuple[str, str], reviewed: bool
) -> None:
    annotations = []
    for n, ((image, who), boxes) in enumerate(sorted(answers.items())):
        source = "review" if reviewed and who == "cem" else "human"
        said: list[dict[str, Any]] = [{"label": label, "at": at} for at, label in boxes.items()] or [{"kind": "empty"}]
        annotations += [annotation(f"b1/{n}-{i}", who, image=image, source=source, **one) for i, one in enumerate(said)]
    if not annotations:
        return
    images = pictures("d/a", "d/b", "d/c")
    linked = pd.DataFrame({"image_a": ["d/a", "d/b"], "image_b": ["d/b", "d/c"], "kind": kinds})
    tables = {
        "annotations": frames.frame("annotations", pd.DataFrame(annotations)),
        "violations": frames.frame("violations"),
        "duplicate_pairs": frames.frame("duplicate_pairs", linked.assign(distance=0, score=1.0)),
        "images": images,
        "sources": frames.frame("sources", {"image": images["image"], "delivery": "d", "date": "2026-01-01"}),
    }
    found, by_file, by_pixels = elections(tables, "detection")
    told = found.duplicate_conflicts.set_index("image")
    for image, kept in differing(found, by_file, by_pixels).items():
        assert told["duplicate_of"][image] == kept
        # Objects of one class on the representative and its duplicates stay agreed; others are contested or decided.
        of_kept = found.labels[found.labels["image"] == kept]
        if not set(by_file[image]) & set(of_kept["label"]):
            assert set(of_kept["status"]) <= {"contested", "adjudicated"}
