"""The order of words, and what they say about objects. A word is written `word("b1/1", "ann", "cat")`."""

from typing import Any

import pandas as pd
import pytest

from golgoru.consensus.votes import ABSENT, current_annotations, statements_on_objects, weighted_votes
from golgoru.core.dataset import Task
from golgoru.tables import frames

BOX = (0, 0, 10, 10)
AGAIN = (1, 0, 10, 10)  # the same thing, drawn once more
ELSEWHERE = (50, 50, 10, 10)


def word(
    key: str, annotator: str, label: str | None = None, at: tuple[float, ...] | None = None, **columns: Any
) -> dict[str, Any]:
    """A word of batch b1, b2, ... on image i; a batch has the date of its number."""
    batch = key.split("/", maxsplit=1)[0]
    row = {"annotation": key, "annotator": annotator, "batch": batch, "date": f"2026-01-0{batch[1]}", "label": label}
    row |= {"image": "i", "source": "human", "kind": "object", "mute": False}
    return row | dict(zip(("x", "y", "width", "height"), at or (), strict=False)) | columns


def table(*words: dict[str, Any]) -> pd.DataFrame:
    plain = pd.DataFrame(list(words), columns=None if words else ["annotation", "mute"])
    shown = plain["shown"] if "shown" in plain else plain.get("image", pd.Series(dtype="str"))
    image = plain.get("image")
    return frames.frame("annotations", plain).assign(
        shown=shown.fillna(image).astype("str"), mute=plain["mute"], epoch=0
    )


def current(*words: dict[str, Any], task: Task = "classification") -> pd.DataFrame:
    rows = table(*words)
    mute = rows.pop("mute").astype(bool)
    return current_annotations(rows[~mute], rows[mute], task).set_index("annotation")


def standing(*words: dict[str, Any], task: Task = "classification") -> list[str]:
    found = current(*words, task=task)
    return sorted(found.index[~found["superseded"]])


def cast(*words: dict[str, Any], task: Task = "classification") -> dict[tuple[str, str, str], float]:
    """Votes as (object, annotator, value) to weight; a reviewer's name is followed by a star."""
    found = weighted_votes(statements_on_objects(current(*words, task=task).reset_index(), task))
    names = found["annotator"] + found["review"].map({True: "*", False: ""})
    return dict(zip(zip(found["object"], names, found["value"], strict=True), found["weight"], strict=True))


def test_the_newest_batch_replaces_an_annotators_answer() -> None:
    assert standing(word("b1/1", "ann", "cat"), word("b2/1", "ann", "dog"), word("b1/2", "ben", "cat")) == [
        "b1/2",
        "b2/1",
    ]


def test_batches_of_one_day_are_ordered_by_name_and_days_before_names() -> None:
    later = {"date": "2026-01-01"}
    assert standing(word("b1/1", "ann", "cat"), word("b2/1", "ann", "dog", **later)) == ["b2/1"]
    assert standing(word("b1/1", "ann", "cat", date="2026-03-01"), word("b2/1", "ann", "dog")) == ["b1/1"]


def test_a_newer_review_replaces_an_older_one_whoever_made_it_and_no_vote() -> None:
    words = word("b1/1", "ann", "cat"), word("b2/1", "rev", "dog", source="review")
    assert standing(*words, word("b3/1", "boss", "owl", source="review")) == ["b1/1", "b3/1"]


def test_a_review_is_not_the_same_persons_vote() -> None:
    assert cast(word("b1/1", "ann", "cat"), word("b2/1", "ann", "dog", source="review")) == {
        ("i", "ann", "cat"): 1,
        ("i", "ann*", "dog"): 1,
    }


@pytest.mark.parametrize("name", ["review", "\x1freview", "*", "None", "nan"])
def test_no_name_of_an_annotator_makes_him_a_reviewer(name: str) -> None:
    words = word("b1/1", "rev", "dog", source="review"), word("b2/1", name, "cat")
    assert standing(*words) == ["b1/1", "b2/1"]


def test_a_newer_unsure_takes_the_older_answer_back_and_says_nothing() -> None:
    words = word("b1/1", "ann", "cat"), word("b2/1", "ann", kind="unsure"), word("b1/2", "ben", "dog")
    assert standing(*words) == ["b1/2", "b2/1"]
    assert cast(*words) == {("i", "ben", "dog"): 1}


def test_an_annotator_who_contradicts_himself_on_equal_pixels_gives_half_votes() -> None:
    words = word("b1/1", "ann", "cat", shown="i"), word("b1/2", "ann", "dog", shown="copy"), word("b1/3", "ben", "cat")
    assert cast(*words) == {("i", "ann", "cat"): 0.5, ("i", "ann", "dog"): 0.5, ("i", "ben", "cat"): 1}
    assert cast(*words[:1], word("b1/2", "ann", "cat", shown="copy")) == {("i", "ann", "cat"): 1}


def test_empty_and_remove_say_that_the_picture_is_of_no_class() -> None:
    assert cast(word("b1/1", "ann", kind="empty"), word("b1/2", "ben", "cat", kind="remove")) == {
        ("i", "ann", ABSENT): 1,
        ("i", "ben", ABSENT): 1,
    }


def test_a_removal_makes_way_for_what_is_said_together_with_it() -> None:
    words = word("b1/1", "ann", "cat"), word("b2/1", "ann", kind="remove"), word("b2/2", "ann", "dog")
    assert standing(*words) == ["b2/2"]


@pytest.mark.parametrize("label", [None, ""])
def test_an_object_without_a_class_is_no_vote_and_no_absence(label: str | None) -> None:
    assert cast(word("b1/1", "ann", label)) == {}


def test_no_words() -> None:
    assert cast() == {}
    assert cast(task="detection") == {}


# Objects on a picture -----------------------------------------------------------------------------------------------


def drawn(*words: dict[str, Any]) -> dict[tuple[str, str, str], float]:
    return cast(*words, task="detection")


def objects(*words: dict[str, Any]) -> dict[str, str]:
    return current(*words, task="detection")["object"].dropna().to_dict()


def test_boxes_that_overlap_are_one_object_and_who_did_not_draw_it_says_so() -> None:
    words = word("b1/1", "ann", "cat", BOX), word("b1/2", "ben", "dog", AGAIN), word("b1/3", "cem", "cat", ELSEWHERE)
    assert drawn(*words) == {
        ("b1/1", "ann", "cat"): 1,
        ("b1/1", "ben", "dog"): 1,
        ("b1/1", "cem", ABSENT): 1,
        ("b1/3", "ann", ABSENT): 1,
        ("b1/3", "ben", ABSENT): 1,
        ("b1/3", "cem", "cat"): 1,
    }


@pytest.mark.parametrize("kind", ["empty", "remove"])
def test_who_says_empty_says_it_of_every_object(kind: str) -> None:
    words = word("b1/1", "ann", "cat", BOX), word("b1/2", "ben", kind=kind)
    assert drawn(*words) == {("b1/1", "ann", "cat"): 1, ("b1/1", "ben", ABSENT): 1}


def test_who_is_unsure_of_the_picture_says_nothing_of_what_others_drew() -> None:
    words = word("b1/1", "ann", "cat", BOX), word("b1/2", "ben", kind="unsure")
    assert drawn(*words) == {("b1/1", "ann", "cat"): 1}
    with_a_box = word("b1/3", "ben", "dog", ELSEWHERE)
    assert ("b1/1", "ben", ABSENT) not in drawn(*words, with_a_box)


def test_silence_of_an_answer_of_which_a_part_was_set_aside_says_nothing() -> None:
    words = word("b1/1", "ann", "cat", BOX), word("b1/2", "ben", "dog", ELSEWHERE)
    set_aside = word("b1/3", "ben", "unknown class", AGAIN, mute=True)
    assert ("b1/1", "ben", ABSENT) in drawn(*words)
    assert ("b1/1", "ben", ABSENT) not in drawn(*words, set_aside)
    assert ("b1/1", "ben", ABSENT) in drawn(*words, set_aside | {"batch": "b0", "annotation": "b0/3"})


def test_an_object_keeps_its_name_when_it_is_drawn_anew() -> None:
    first = word("b1/9", "ann", "cat", BOX)
    assert objects(first, word("b2/1", "ann", "cat", AGAIN)) == {"b1/9": "b1/9", "b2/1": "b1/9"}
    assert standing(first, word("b2/1", "ann", "cat", AGAIN), task="detection") == ["b2/1"]


def test_what_a_newer_answer_leaves_out_is_no_longer_said() -> None:
    words = word("b1/1", "ann", "cat", BOX), word("b1/2", "ann", "dog", ELSEWHERE), word("b2/1", "ann", "cat", AGAIN)
    assert drawn(*words) == {("b1/1", "ann", "cat"): 1}


def test_a_word_about_an_object_replaces_that_alone() -> None:
    words = word("b1/1", "ann", "cat", BOX), word("b1/2", "ann", "dog", ELSEWHERE)
    moved = word("b2/1", "ann", "owl", (200, 200, 5, 5), about="b1/1")
    assert drawn(*words, moved) == {("b1/1", "ann", "owl"): 1, ("b1/2", "ann", "dog"): 1}
    assert standing(*words, moved, task="detection") == ["b1/2", "b2/1"]
    removed = word("b2/1", "ann", kind="remove", about="b1/1")
    assert drawn(*words, removed) == {("b1/1", "ann", ABSENT): 1, ("b1/2", "ann", "dog"): 1}


def test_who_corrects_his_only_box_has_looked_at_the_picture_all_the_same() -> None:
    words = word("b1/1", "ann", "cat", BOX), word("b1/2", "ben", "dog", ELSEWHERE)
    corrected = word("b2/1", "ann", "owl", BOX, about="b1/1")
    assert ("b1/2", "ann", ABSENT) in drawn(*words, corrected)


def test_who_becomes_unsure_of_an_object_does_not_say_that_it_is_absent() -> None:
    words = word("b1/1", "ann", "cat", BOX), word("b1/2", "ann", "dog", ELSEWHERE), word("b1/3", "ben", "cat", BOX)
    doubt = word("b2/1", "ann", kind="unsure", about="b1/1")
    assert [key for key in drawn(*words, doubt) if key[:2] == ("b1/1", "ann")] == []


def test_a_second_reviewers_word_about_an_object_replaces_the_first_ones_silence() -> None:
    words = (
        word("b1/1", "ann", "cat", BOX),
        word("b2/1", "rev", "dog", ELSEWHERE, source="review"),
        word("b3/1", "boss", "cat", BOX, source="review", about="b1/1"),
    )
    said = drawn(*words)
    assert ("b1/1", "rev*", ABSENT) not in said
    assert ("b1/1", "boss*", "cat") in said


def test_a_newer_whole_answer_replaces_the_corrections_before_it() -> None:
    words = word("b1/1", "ann", "cat", BOX), word("b2/1", "ann", "owl", BOX, about="b1/1")
    assert standing(*words, word("b3/1", "ann", "dog", AGAIN), task="detection") == ["b3/1"]


def test_words_about_words_about_an_object_mean_the_object() -> None:
    chain = [word("b1/0", "ann", "cat", BOX)]
    chain += [word(f"b2/{n}", "ann", "cat", ELSEWHERE, about=chain[-1]["annotation"]) for n in range(9)]
    assert set(objects(*reversed(chain)).values()) == {"b1/0"}


def test_words_about_each_other_in_a_circle_are_about_nothing() -> None:
    one = word("b1/1", "ann", "cat", BOX, about="b1/2")
    other = word("b1/2", "ann", "cat", ELSEWHERE, about="b1/1")
    itself = word("b1/3", "ann", "cat", (90, 90, 1, 1), about="b1/3")
    assert objects(one, other, itself) == {"b1/1": "b1/1", "b1/2": "b1/2", "b1/3": "b1/3"}


@pytest.mark.parametrize("about", ["b1/2", "b1/3", "b9/9"], ids=["another picture", "an empty picture", "unknown"])
def test_a_word_about_no_object_of_its_picture_is_a_box_like_another_or_says_nothing(about: str) -> None:
    others = word("b1/2", "ann", "cat", BOX, image="j"), word("b1/3", "ben", kind="empty")
    assert objects(*others, word("b2/1", "cem", "dog", BOX, about=about))["b2/1"] == "b2/1"
    assert "b2/1" not in objects(*others, word("b2/1", "cem", kind="remove", about=about))


def test_a_models_box_is_no_vote_but_people_may_speak_about_it() -> None:
    model = word("b1/1", "net", "cat", BOX, source="model", mute=True)
    accepted = word("b2/1", "rev", "cat", AGAIN, source="review", about="b1/1")
    assert drawn(model, accepted) == {("b1/1", "rev*", "cat"): 1}
    removed = word("b3/1", "boss", kind="remove", source="review", about="b1/1")
    assert drawn(model, accepted, removed) == {("b1/1", "boss*", ABSENT): 1}


def test_a_models_box_that_nobody_speaks_about_names_nothing() -> None:
    model = word("b1/1", "net", "cat", BOX, source="model", mute=True)
    assert drawn(model, word("b2/1", "ann", "cat", BOX)) == {("b2/1", "ann", "cat"): 1}


def test_boxes_on_copies_are_pooled_and_silence_on_one_copy_is_half_a_vote() -> None:
    on_both = word("b1/1", "ann", "cat", BOX), word("b1/2", "ann", "cat", BOX, shown="copy")
    assert drawn(*on_both) == {("b1/1", "ann", "cat"): 1}
    on_one = word("b1/1", "ann", "cat", BOX), word("b1/2", "ann", kind="empty", shown="copy")
    assert drawn(*on_one) == {("b1/1", "ann", "cat"): 0.5, ("b1/1", "ann", ABSENT): 0.5}


def test_a_vote_has_the_newest_guideline_version_among_equals() -> None:
    same = [
        word(f"b1/{n}", "ann", "cat", image=f"i{n}", guideline_version=version, shown=f"i{n}")
        for n, version in enumerate(("1.9", "1.10", "1.8"))
    ]
    words = current(*(row | {"image": "i"} for row in same)).reset_index()
    assert weighted_votes(statements_on_objects(words, "classification"))["guideline_version"].tolist() == ["1.10"]
