"""Whether annotators give the same class again, and how often reviewers overrule them."""

from itertools import combinations
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golgoru.annotators import corrections, self_consistency
from tests.template.builders.annotator_tables import human_annotations
from tests.template.builders.examples import examples

AT = pd.Timestamp("2026-03-01", tz="UTC")


def again(*rows: dict[str, Any]) -> pd.DataFrame:
    """Words on one object, each in a batch of its own unless a row says otherwise."""
    return self_consistency.count_repeats(
        human_annotations(*({"object": "o", "shown": "d/o", "batch": f"b{n}"} | row for n, row in enumerate(rows)))
    )


def counted(found: pd.DataFrame, annotator: str = "ann") -> tuple[int, int]:
    return (
        (int(found.loc[annotator, "repeats"]), int(found.loc[annotator, "same"]))
        if annotator in found.index
        else (0, 0)
    )


def test_two_annotations_on_one_object_are_a_repeat_and_three_are_three() -> None:
    assert counted(again({}, {})) == (1, 1)
    assert counted(again({}, {"label": "dog"})) == (1, 0)
    assert counted(again({}, {}, {"label": "dog"})) == (3, 1)


def test_annotations_on_two_files_of_equal_pixels_are_a_repeat_also_in_one_batch() -> None:
    assert counted(again({"batch": "b"}, {"batch": "b", "shown": "d/copy"})) == (1, 1)


@pytest.mark.parametrize(
    "other",
    [
        {"annotator": "ben"}, {"object": "p"}, {"epoch": 1}, {"review": True}, {"label": None}, {"object": None},
        {"batch": "b0"},
    ],
    ids=["another person", "another object", "a newer meaning", "a review", "no class", "no object", "one row twice"],
)  # fmt: skip
def test_what_is_no_repeat(other: dict[str, Any]) -> None:
    assert counted(again({}, other)) == (0, 0)


def test_an_annotation_that_comes_again_with_a_later_export_is_the_same_annotation() -> None:
    assert counted(again({"created_at": AT}, {"created_at": AT})) == (0, 0)
    assert counted(again({"created_at": AT}, {"created_at": AT + pd.Timedelta(1, "D")})) == (1, 1)


def test_nobody_says_anything_again() -> None:
    assert self_consistency.count_repeats(human_annotations()).empty
    assert self_consistency.inconsistency_flags(self_consistency.count_repeats(human_annotations({}))).empty


WORD = st.fixed_dictionaries({
    "annotator": st.sampled_from(["ann", "ben"]), "object": st.sampled_from(["o", "p"]), "epoch": st.integers(0, 1),
    "label": st.sampled_from(["cat", "dog", None]), "review": st.booleans(),
})  # fmt: skip


@examples(40)
@given(st.lists(WORD, max_size=14), st.randoms(use_true_random=False))
def test_repeats_are_the_pairs_that_one_can_count_by_hand(rows: list[dict[str, Any]], dice: Any) -> None:
    same = ("annotator", "object", "epoch", "review")
    pairs = [
        (a["annotator"], a["label"] == b["label"])
        for a, b in combinations(rows, 2)
        if a["label"] and b["label"] and all(a[key] == b[key] for key in same)
    ]
    mixed = again(*dice.sample(rows, len(rows)))
    for annotator in ("ann", "ben"):
        own = [alike for name, alike in pairs if name == annotator]
        assert counted(mixed, annotator) == (len(own), sum(own))


def unsteady(objects: int, other: int) -> pd.DataFrame:
    """One person who labels objects twice, `other` of them otherwise."""
    rows = [
        {"object": f"o{n}", "shown": f"d/{n}", "batch": batch, "label": "dog" if batch == "b2" and n < other else "cat"}
        for n in range(objects)
        for batch in ("b1", "b2")
    ]
    return self_consistency.count_repeats(human_annotations(*rows))


def test_who_differs_from_themselves_is_flagged_with_the_reason() -> None:
    assert self_consistency.inconsistency_flags(unsteady(50, 20))["ann"] == (
        "gives the same class again in 60% of 50 repeats, on 50 objects"
    )


@pytest.mark.parametrize(("objects", "other"), [(19, 19), (20, 6), (100, 20), (100, 0)])
def test_few_repeats_and_intervals_that_reach_the_bound_flag_nobody(objects: int, other: int) -> None:
    assert self_consistency.inconsistency_flags(unsteady(objects, other)).isna().all()


def test_one_picture_shown_thirty_times_flags_nobody() -> None:
    found = again(*({"label": "cat" if n % 2 else "dog"} for n in range(30)))
    assert counted(found)[0] == 435
    assert self_consistency.inconsistency_flags(found).isna().all()


# Reviews ------------------------------------------------------------------------------------------------------------


def votes(*rows: tuple[str, str, str], weight: float = 1.0) -> pd.DataFrame:
    """Object, annotator, value; `rev` is a reviewer."""
    table = pd.DataFrame(rows, columns=["object", "annotator", "value"]).astype("str")
    return table.assign(review=table["annotator"] == "rev", weight=weight)


def test_a_vote_is_overruled_where_the_decision_differs_and_counted_where_there_is_one() -> None:
    found = corrections.count_corrections(votes(
        ("o", "ann", "cat"), ("o", "ben", "dog"), ("o", "rev", "cat"),
        ("p", "ann", ""), ("p", "rev", "dog"), ("q", "ann", "dog"),
    ))  # fmt: skip
    assert found["reviewed"].to_dict() == {"ann": 2, "ben": 1}
    assert found["overruled"].to_dict() == {"ann": 1.0, "ben": 1.0}


def test_who_said_two_things_is_overruled_by_half() -> None:
    both = votes(("o", "ann", "cat"), ("o", "ann", "dog"), weight=0.5)
    found = corrections.count_corrections(pd.concat([both, votes(("o", "rev", "cat"))], ignore_index=True))
    assert found.loc["ann"].to_dict() == {"reviewed": 1, "overruled": 0.5}


def reviewed(ann: tuple[int, int], ben: tuple[int, int]) -> pd.DataFrame:
    return pd.DataFrame(
        {"overruled": [float(ann[0]), float(ben[0])], "reviewed": [ann[1], ben[1]]}, index=["ann", "ben"]
    )


def test_whom_reviewers_overrule_more_often_than_the_others_is_flagged() -> None:
    flags = corrections.correction_flags(reviewed((40, 50), (20, 50)), 0.05)
    assert flags["ann"] == "reviewers overruled 80% of 50 annotations, of the other annotators' 40%"
    assert pd.isna(flags["ben"])


@pytest.mark.parametrize(
    ("ann", "ben", "gap"),
    [
        ((45, 50), (45, 50), 0.05), ((19, 19), (0, 50), 0.05), ((50, 50), (0, 19), 0.05), ((26, 50), (24, 50), 0.0),
        ((40, 50), (20, 50), 0.5),
    ],
    ids=["all alike", "few annotations", "few of the others", "intervals that meet", "gap of the settings"],
)  # fmt: skip
def test_reviewers_pick_what_they_doubt_so_many_corrections_alone_flag_nobody(
    ann: tuple[int, int], ben: tuple[int, int], gap: float
) -> None:
    assert corrections.correction_flags(reviewed(ann, ben), gap).isna().all()
