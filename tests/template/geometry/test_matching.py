from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golgoru.geometry import matching
from golgoru.geometry.boxes import BOX_COLUMNS, MIN_IOU, box_array, box_iou
from golgoru.geometry.matching import match_annotations, overlap_pairs


def annotations(*rows: tuple[str, int, tuple[float, float, float, float]], image: str = "i") -> pd.DataFrame:
    """Rows of (annotation, unit, box)."""
    table = pd.DataFrame([(name, unit, *box) for name, unit, box in rows], columns=["annotation", "unit", *BOX_COLUMNS])
    return table.assign(image=image, rank=0)


def clusters(table: pd.DataFrame) -> dict[str, str]:
    return dict(zip(table["annotation"], match_annotations(table), strict=True))


def test_iou_of_boxes() -> None:
    whole = [0.0, 0.0, 10.0, 10.0]
    others = {
        (0.0, 0.0, 10.0, 10.0): 1.0,
        (5.0, 0.0, 10.0, 10.0): 1 / 3,
        (10.0, 0.0, 10.0, 10.0): 0.0,  # they touch
        (30.0, 30.0, 1.0, 1.0): 0.0,
        (2.0, 2.0, 5.0, 5.0): 0.25,
        (0.0, 0.0, 0.0, 0.0): 0.0,
        (np.nan, 0.0, 1.0, 1.0): 0.0,
        (0.0, 0.0, 1e308, 1e308): 0.0,
    }
    found = box_iou(np.array([whole] * len(others)), np.array(list(others)))
    assert found == pytest.approx(list(others.values()), abs=1e-9)
    assert box_iou(np.zeros((1, 4)), np.zeros((1, 4))).tolist() == [0.0]


def test_two_annotators_mark_the_same_object_from_an_iou_of_one_half_on() -> None:
    table = annotations(
        ("a", 0, (0, 0, 10, 10)), ("b", 1, (0, 0, 10, 5)), ("c", 2, (50, 50, 10, 4.9)), ("d", 3, (50, 50, 10, 10))
    )
    assert clusters(table) == {"a": "a", "b": "a", "c": "c", "d": "d"}


def test_two_boxes_of_one_annotator_are_two_objects_even_when_they_are_equal() -> None:
    table = annotations(("a", 0, (0, 0, 10, 10)), ("b", 0, (0, 0, 10, 10)), ("c", 1, (0, 0, 10, 10)))
    assert clusters(table) == {"a": "a", "b": "b", "c": "a"}


def test_the_best_overlap_is_joined_first() -> None:
    table = annotations(("a", 0, (0, 0, 10, 10)), ("b", 0, (3, 0, 10, 10)), ("c", 1, (2, 0, 10, 10)))
    assert clusters(table) == {"a": "a", "b": "b", "c": "b"}


def test_boxes_on_different_images_are_different_objects() -> None:
    table = pd.concat([annotations(("a", 0, (0, 0, 9, 9)), image="i"), annotations(("b", 1, (0, 0, 9, 9)), image="j")])
    assert clusters(table.reset_index(drop=True)) == {"a": "a", "b": "b"}


def test_a_cluster_is_named_by_its_earliest_annotation() -> None:
    table = annotations(("a", 0, (0, 0, 10, 10)), ("z", 1, (0, 0, 10, 10))).assign(rank=[1, 0])
    assert clusters(table) == {"a": "z", "z": "z"}


def test_no_annotations() -> None:
    assert match_annotations(annotations()).tolist() == []


BOX = st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 8), st.integers(1, 8))


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.sampled_from("ij"), BOX), max_size=14))
    table = pd.DataFrame(
        [(f"w{n:02}", unit, rank, image, *map(float, box)) for n, (unit, rank, image, box) in enumerate(rows)],
        columns=["annotation", "unit", "rank", "image", *BOX_COLUMNS],
    )
    return table.sample(frac=1, random_state=draw(st.integers(0, 9)))


def by_hand(table: pd.DataFrame) -> dict[str, str]:
    """The definition, pair by pair."""
    rows = table.sort_values(["image", "rank", "annotation"]).to_dict("records")
    cluster = [[row] for row in rows]
    boxes = box_array(pd.DataFrame(rows, columns=table.columns))
    close = []
    for i, j in combinations(range(len(rows)), 2):
        overlap = float(box_iou(boxes[i : i + 1], boxes[j : j + 1])[0])
        if rows[i]["image"] == rows[j]["image"] and overlap >= MIN_IOU:
            close.append((-overlap, i, j))
    for _, i, j in sorted(close):
        one, other = cluster[i], cluster[j]
        if one is not other and not {r["unit"] for r in one} & {r["unit"] for r in other}:
            one += other
            cluster = [one if c is other else c for c in cluster]
    first = [min(members, key=lambda r: (r["rank"], r["annotation"])) for members in cluster]
    return {row["annotation"]: named["annotation"] for row, named in zip(rows, first, strict=True)}


@given(tables())
def test_matching_is_what_the_definition_says_in_any_row_order(table: pd.DataFrame) -> None:
    assert clusters(table) == by_hand(table)


@given(tables(), st.integers(1, 5))
def test_chunk_size_changes_nothing(table: pd.DataFrame, chunk: int) -> None:
    whole = clusters(table)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matching, "_CHUNK", chunk)
        assert clusters(table) == whole


@given(st.lists(st.integers(1, 6), max_size=6), st.integers(1, 8))
def test_pairs_are_all_pairs_of_a_group_once(sizes: list[int], chunk: int) -> None:
    groups = np.repeat(np.arange(len(sizes)), sizes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matching, "_CHUNK", chunk)
        found = [
            pair
            for pairs in overlap_pairs(groups, np.zeros((len(groups), 4)))
            for pair in zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)
        ]
    assert found == [(i, j) for i, j in combinations(range(len(groups)), 2) if groups[i] == groups[j]]
