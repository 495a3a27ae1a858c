from typing import Any

import pandas as pd
import pytest

from stages.consolidate import Params, Tables, transform
from stages.lib import frames
from stages.lib.project import Class, Classes, Task

CLASSES = Classes(version="1.10", classes=(Class(id="cat"), Class(id="dog"), Class(id="owl", ignore=True)))
ROLES = {"voted", "overruled", "adjudicated", "superseded", "empty", "no vote", "set aside"}
TABLES = ("labels", "votes", "annotators", "copies")
BOX, AGAIN, ELSEWHERE = (0, 0, 10, 10), (1, 0, 10, 10), (50, 50, 10, 10)


def word(
    key: str, annotator: str, label: str | None = None, at: tuple[float, ...] = (), **columns: Any
) -> dict[str, Any]:
    """A word of batch b1, b2, ... on image d/i; a batch has the date of its number."""
    batch = key.split("/", maxsplit=1)[0]
    row = {"annotation": key, "annotator": annotator, "batch": batch, "date": f"2026-01-0{batch[1]}", "label": label}
    row |= {"image": "d/i", "source": "human", "kind": "object", "guideline_version": "1.0"}
    return row | dict(zip(("x", "y", "width", "height"), at, strict=False)) | columns


def finding(table: str, key: str, rule: str = "ANN-001") -> dict[str, Any]:
    row = {"rule": rule, "severity": "critical", "action": "set aside", "table": table, "key": key, "message": "no"}
    return row | {"image": key if table == "images" else None}


def pictures(*names: str, torn: str = "") -> pd.DataFrame:
    rows = pd.DataFrame({"image": list(names), "content": [f"c-{n}" for n in names], "width": 10, "height": 10})
    return frames.frame("images", rows.assign(error=["torn" if n == torn else None for n in names]))


def consolidate(
    *words: dict[str, Any],
    task: Task = "classification",
    images: pd.DataFrame | None = None,
    pairs: tuple[tuple[str, str, str], ...] = (),
    findings: tuple[dict[str, Any], ...] = (),
    classes: Classes = CLASSES,
) -> Tables:
    images = pictures("d/i") if images is None else images
    linked = pd.DataFrame(list(pairs), columns=["image_a", "image_b", "kind"]).assign(distance=0, score=1.0)
    return run({
        "annotations": frames.frame("annotations", pd.DataFrame(list(words))),
        "violations": frames.frame("violations", pd.DataFrame(list(findings))),
        "pairs": frames.frame("pairs", linked),
        "images": images,
        "sources": frames.frame("sources", {"image": images["image"], "delivery": "d", "date": "2026-01-01"}),
    }, task, classes)  # fmt: skip


def run(tables: dict[str, pd.DataFrame], task: Task, classes: Classes = CLASSES) -> Tables:
    """Run the stage and hold what it writes to what must always hold."""
    before = {name: table.copy() for name, table in tables.items()}
    found = transform(**tables, classes=classes, task=task, params=Params())
    for name, table in tables.items():
        pd.testing.assert_frame_equal(table, before[name])
    to_bytes(found)  # the shell would refuse nulls, and keys that are not unique
    assert sorted(found.votes["annotation"]) == sorted(tables["annotations"]["annotation"])
    assert set(found.votes["role"]) <= ROLES
    usable = tables["images"][tables["images"]["error"].isna()]
    assert set(found.labels["image"]) | set(found.votes["image"].dropna()) <= set(usable["image"])
    assert set(found.labels["status"]) <= {"agreed", "contested", "adjudicated"}
    return found


def to_bytes(found: Tables) -> dict[str, bytes]:
    return {name: frames.to_bytes(getattr(found, name), name) for name in TABLES}


def roles(found: Tables) -> dict[str, str]:
    return dict(zip(found.votes["annotation"], found.votes["role"], strict=True))


def label(found: Tables) -> dict[str, Any]:
    (row,) = found.labels.to_dict("records")
    return row


def said(found: Tables) -> dict[str, tuple[str, str]]:
    """Object to label and status."""
    return {row["object"]: (row["label"], row["status"]) for row in found.labels.to_dict("records")}


# Classification -----------------------------------------------------------------------------------------------------


def test_the_majority_wins_and_the_object_is_the_images_content() -> None:
    found = consolidate(word("b1/1", "ann", "cat"), word("b1/2", "ben", "cat"), word("b1/3", "cem", "dog"))
    row = label(found)
    assert (row["object"], row["image"], row["label"]) == ("c-d/i", "d/i", "cat")
    assert (row["votes"], row["agreement"], row["status"]) == (3, 0.6667, "agreed")
    assert roles(found) == {"b1/1": "voted", "b1/2": "voted", "b1/3": "overruled"}
    assert found.votes["object"].tolist() == ["c-d/i"] * 3


def test_a_tie_is_contested_and_shown_in_the_guidelines_order() -> None:
    found = consolidate(word("b1/1", "ann", "dog"), word("b1/2", "ben", "cat"))
    assert said(found) == {"c-d/i": ("cat", "contested")}
    assert roles(found) == {"b1/1": "overruled", "b1/2": "voted"}


def test_a_reviewer_settles_it_and_a_newer_review_the_older_one() -> None:
    votes = word("b1/1", "ann", "dog"), word("b1/2", "ben", "dog"), word("b1/3", "cem", "owl")
    found = consolidate(
        *votes, word("b2/1", "rev", "cat", source="review"), word("b3/1", "boss", "owl", source="review")
    )
    assert said(found) == {"c-d/i": ("owl", "adjudicated")}
    expected = {"b1/1": "overruled", "b1/2": "overruled", "b1/3": "voted", "b2/1": "superseded", "b3/1": "adjudicated"}
    assert roles(found) == expected
    assert label(found)["source"] == "review"
    assert pd.isna(label(found)["confidence"])


def test_a_newer_batch_replaces_an_annotators_answer() -> None:
    found = consolidate(word("b1/1", "ann", "dog"), word("b2/1", "ann", "cat"))
    assert said(found) == {"c-d/i": ("cat", "agreed")}
    assert roles(found) == {"b1/1": "superseded", "b2/1": "voted"}


def test_a_model_never_votes_and_skipped_and_unsure_are_no_votes() -> None:
    found = consolidate(
        word("b1/1", "ann", "cat"),
        word("b1/2", "ben", "dog"),
        word("b2/2", "ben", kind="unsure"),
        word("b2/1", "ann", kind="skipped"),
        word("b3/1", "net", "dog", source="model"),
    )
    assert said(found) == {"c-d/i": ("cat", "agreed")}
    no_vote = {"b2/1": "no vote", "b2/2": "no vote", "b3/1": "no vote"}
    assert roles(found) == {"b1/1": "voted", "b1/2": "superseded", **no_vote}
    alone = consolidate(word("b3/1", "net", "dog", source="model"), word("b3/2", "net2", "dog", source="model"))
    assert alone.labels.empty
    assert alone.annotators.empty


def test_empty_stands_where_most_say_it_and_is_overruled_where_not() -> None:
    empty = word("b1/1", "ann", kind="empty"), word("b1/2", "ben", kind="empty")
    found = consolidate(*empty, word("b1/3", "cem", "cat"))
    assert found.labels.empty
    assert roles(found) == {"b1/1": "empty", "b1/2": "empty", "b1/3": "overruled"}
    assert roles(consolidate(empty[0], word("b1/3", "cem", "cat"))) == {"b1/1": "overruled", "b1/3": "voted"}


def test_half_of_the_votes_empty_nothing() -> None:
    empty = word("b1/1", "ann", kind="empty"), word("b1/2", "ben", kind="empty")
    found = consolidate(*empty, word("b1/3", "cem", "dog"), word("b1/4", "dee", "cat"))
    assert said(found) == {"c-d/i": ("cat", "contested")}


def test_what_a_rule_set_aside_and_what_has_no_picture_is_accounted_for_and_never_votes() -> None:
    found = consolidate(
        word("b1/1", "ann", "cat"),
        word("b1/2", "ben", "zebra"),
        word("b1/3", "cem", "dog", image="nowhere.png"),
        word("b1/4", "dee", "dog", image="nowhere.png"),
        word("b1/5", "cem", "dog", image="d/torn"),
        word("b1/6", "dee", "dog", image="d/torn"),
        word("b1/7", "cem", "dog", image="d/out"),
        images=pictures("d/i", "d/torn", "d/out", torn="d/torn"),
        findings=(
            finding("annotations", "b1/2", "CLASS-001"),
            finding("annotations", "b1/3"),
            finding("annotations", "b1/5", "ANN-002"),
            finding("images", "d/out", "IMG-003"),
        ),
    )
    assert said(found) == {"c-d/i": ("cat", "agreed")}
    aside = {f"b1/{n}": "set aside" for n in (2, 3, 5, 7)}
    assert roles(found) == {"b1/1": "voted", **aside, "b1/4": "no vote", "b1/6": "no vote"}


def test_a_finding_that_only_tells_changes_nothing() -> None:
    tells = (finding("annotations", "b1/1") | {"action": "tell"}, finding("images", "d/i") | {"action": "tell"})
    assert len(consolidate(word("b1/1", "ann", "cat"), findings=tells).labels) == 1


def test_ignore_source_and_the_oldest_guideline_of_the_words_that_decided() -> None:
    found = consolidate(
        word("b1/1", "ann", "owl", guideline_version="1.10"),
        word("b1/2", "ben", "owl", guideline_version="1.9", source="import"),
        word("b1/3", "cem", "cat", guideline_version="1.0"),
    )
    row = label(found)
    assert (row["ignore"], row["source"], row["guideline_version"]) == (True, "human", "1.9")


# Copies -------------------------------------------------------------------------------------------------------------

COPY = {"images": pictures("d/copy", "d/i"), "pairs": (("d/copy", "d/i", "exact"),)}


def test_votes_on_equal_pixels_are_pooled_on_the_survivor() -> None:
    found = consolidate(word("b1/1", "ann", "cat"), word("b1/2", "ben", "dog", image="d/copy"), **COPY)
    assert said(found) == {"c-d/copy": ("cat", "contested")}
    assert found.votes["image"].tolist() == ["d/copy"] * 2
    assert found.copies[["image", "kept_as", "kind"]].to_numpy().tolist() == [["d/i", "d/copy", "exact"]]
    assert found.metrics["copies left out"] == {"exact": 1, "near": 0}


def test_who_contradicts_himself_on_copies_gives_half_votes() -> None:
    both = word("b1/1", "ann", "dog"), word("b1/2", "ann", "cat", image="d/copy")
    assert label(consolidate(*both, **COPY))["status"] == "contested"
    row = label(consolidate(*both, word("b1/3", "ben", "dog"), **COPY))
    assert (row["label"], row["status"], row["votes"], row["agreement"]) == ("dog", "agreed", 2, 0.75)


def test_near_copies_have_a_survivor_but_their_votes_are_not_pooled() -> None:
    near = {"images": COPY["images"], "pairs": (("d/copy", "d/i", "near"),)}
    found = consolidate(word("b1/1", "ann", "cat"), word("b1/2", "ben", "dog", image="d/copy"), **near)
    assert said(found) == {"c-d/i": ("cat", "agreed"), "c-d/copy": ("dog", "agreed")}
    found = consolidate(word("b1/1", "ann", "cat"), **near)
    assert found.copies[["image", "kept_as"]].to_numpy().tolist() == [["d/copy", "d/i"]]


def test_words_that_do_not_count_do_not_make_a_copy_survive() -> None:
    found = consolidate(word("b1/1", "ann", "cat"), findings=(finding("annotations", "b1/1"),), **COPY)
    assert found.copies["kept_as"].tolist() == ["d/copy"]


# Objects on a picture -----------------------------------------------------------------------------------------------


def detect(*words: dict[str, Any], **more: Any) -> Tables:
    return consolidate(*words, task="detection", **more)


def test_a_box_that_one_of_three_drew_is_outvoted_and_of_two_contested() -> None:
    ann, ben, cem = (
        word("b1/1", "ann", "cat", BOX),
        word("b1/2", "ben", kind="empty"),
        word("b1/3", "cem", kind="empty"),
    )
    found = detect(ann, ben, cem)
    assert found.labels.empty
    assert roles(found) == {"b1/1": "overruled", "b1/2": "empty", "b1/3": "empty"}
    assert said(detect(ann, ben)) == {"b1/1": ("cat", "contested")}
    assert said(detect(ann)) == {"b1/1": ("cat", "agreed")}


def test_classes_of_matched_boxes_are_voted_on_and_the_box_that_agrees_best_stands() -> None:
    far, middle, other = (2, 0, 10, 10), (1, 0, 10, 10), (0, 0, 10, 10)
    found = detect(
        word("b1/1", "ann", "cat", far),
        word("b1/2", "ben", "cat", middle),
        word("b1/3", "cem", "cat", other),
        word("b1/4", "dee", "dog", (0, 0, 10, 9)),
    )
    row = label(found)
    assert (row["object"], row["label"], row["votes"], row["agreement"], row["x"]) == ("b1/1", "cat", 4, 0.75, 1)
    assert set(found.votes["object"]) == {"b1/1"}


def test_an_object_keeps_its_id_when_it_is_drawn_anew() -> None:
    found = detect(word("b1/1", "ann", "cat", BOX), word("b2/1", "ann", "dog", AGAIN))
    row = label(found)
    assert (row["object"], row["label"], row["x"]) == ("b1/1", "dog", 1)
    assert roles(found) == {"b1/1": "superseded", "b2/1": "voted"}


def test_a_word_about_an_object_replaces_that_alone() -> None:
    boxes = word("b1/1", "ann", "cat", BOX), word("b1/2", "ann", "dog", ELSEWHERE)
    found = detect(*boxes, word("b2/1", "ann", "owl", AGAIN, about="b1/1"))
    assert said(found) == {"b1/1": ("owl", "agreed"), "b1/2": ("dog", "agreed")}
    assert roles(found) == {"b1/1": "superseded", "b1/2": "voted", "b2/1": "voted"}


def test_a_review_about_an_object_settles_that_alone() -> None:
    boxes = word("b1/1", "ann", "cat", BOX), word("b1/2", "ann", "dog", ELSEWHERE)
    found = detect(*boxes, word("b2/1", "rev", kind="remove", about="b1/1", source="review"))
    assert said(found) == {"b1/2": ("dog", "agreed")}
    assert roles(found) == {"b1/1": "overruled", "b1/2": "voted", "b2/1": "adjudicated"}


def test_a_models_box_becomes_a_label_through_a_review() -> None:
    model = word("b1/1", "net", "cat", BOX, source="model")
    assert detect(model).labels.empty
    found = detect(model, word("b2/1", "rev", "dog", AGAIN, source="review", about="b1/1"))
    assert said(found) == {"b1/1": ("dog", "adjudicated")}
    assert roles(found) == {"b1/1": "no vote", "b2/1": "adjudicated"}


def test_a_correction_of_a_box_that_was_set_aside_stands() -> None:
    wrong = word("b1/1", "ann", "cat", (0, 0, 0, 0))
    found = detect(wrong, word("b2/1", "ann", "cat", BOX, about="b1/1"), findings=(finding("annotations", "b1/1"),))
    assert said(found) == {"b1/1": ("cat", "agreed")}
    assert roles(found) == {"b1/1": "set aside", "b2/1": "voted"}


def test_a_correction_about_nothing_is_accounted_for() -> None:
    found = detect(word("b1/1", "ann", "cat", BOX), word("b2/1", "ben", kind="remove", about="b9/9"))
    assert said(found) == {"b1/1": ("cat", "agreed")}
    assert roles(found)["b2/1"] == "no vote"


def test_the_same_box_on_two_copies_is_one_object() -> None:
    found = detect(word("b1/1", "ann", "cat", BOX), word("b1/2", "ann", "cat", BOX, image="d/copy"), **COPY)
    row = label(found)
    assert (row["object"], row["image"], row["votes"], row["agreement"]) == ("b1/1", "d/copy", 1, 1.0)


def test_polygon_text_and_attributes_come_with_the_box() -> None:
    shape = {"polygon": [0.0, 0.0, 9.0, 0.0, 9.0, 9.0], "text": "Größe 안녕", "attributes": '{"blurred": true}'}
    row = label(consolidate(word("b1/1", "ann", "cat", BOX, **shape), task="ocr"))
    assert {name: row[name] for name in shape} == shape


# Nothing at all -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", ["classification", "detection"])
@pytest.mark.parametrize(
    "images", [pictures(), pictures("d/i", torn="d/i"), pictures("d/i")], ids=["none", "torn", "one"]
)
@pytest.mark.parametrize("words", [(), (word("b1/1", "ann", kind="unsure"),)], ids=["no words", "unsure"])
def test_empty_tables(task: Task, images: pd.DataFrame, words: tuple[dict[str, Any], ...]) -> None:
    for findings in ((), (finding("annotations", "b1/1"), finding("images", "d/i", "IMG-001"))):
        found = consolidate(*words, task=task, images=images, findings=findings, classes=Classes(version="1"))
        assert found.labels.empty
        assert found.metrics["objects"] == 0
