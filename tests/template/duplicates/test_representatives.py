from datetime import date
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golgoru.duplicates.representatives import Representatives, choose_representatives
from golgoru.tables import frames

NAMES = ["a", "b", "c", "d", "e"]


def images(*names: str, **columns: dict[str, Any]) -> pd.DataFrame:
    """Images that differ in nothing but name and content, and in what `columns` says of some of them."""
    plain = {"width": 10, "height": 10, "content": "c", "error": None}
    rows = {column: [columns.get(column, {}).get(n, value) for n in names] for column, value in plain.items()}
    return frames.frame("images", {"image": list(names), **rows})


def sources(names: list[str], **columns: dict[str, str]) -> pd.DataFrame:
    plain = {"date": "2026-01-01", "delivery": "d"}
    rows = {column: [columns.get(column, {}).get(n, value) for n in names] for column, value in plain.items()}
    return frames.frame("sources", {"image": names, **rows})


def pairs(*rows: tuple[str, str, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["image_a", "image_b", "kind"])
    return frames.frame("duplicate_pairs", table.assign(distance=3, score=1.0))


def chosen(
    pictures: pd.DataFrame,
    linked: pd.DataFrame,
    origin: pd.DataFrame | None = None,
    out: str = "",
    labelled: str = "",
) -> Representatives:
    origin = sources(list(pictures["image"])) if origin is None else origin
    found = choose_representatives(
        pictures, origin, linked, pd.Index(list(out), dtype="str"), pd.Index(list(labelled), dtype="str")
    )
    frames.canonical(found.copies, "duplicates")
    return found


def kept(found: Representatives) -> dict[str, str]:
    return dict(zip(found.copies["image"], found.copies["duplicate_of"], strict=True))


BOTH = pairs(("a", "b", "near"))


@pytest.mark.parametrize(
    ("survivor", "found"),
    [
        ("b", chosen(images("a", "b", width={"a": 99}), BOTH, out="a", labelled="a")),
        ("b", chosen(images("a", "b", width={"a": 99}), BOTH, labelled="b")),
        ("b", chosen(images("a", "b", width={"b": 11}), BOTH, sources(["a", "b"], date={"b": "2026-02-02"}))),
        ("b", chosen(images("a", "b", content={"a": "0"}), BOTH, sources(["a", "b"], date={"b": "2025-12-31"}))),
        ("b", chosen(images("a", "b", content={"a": "0"}), BOTH, sources(["a", "b"], delivery={"b": "c"}))),
        ("b", chosen(images("a", "b", content={"b": "0"}), BOTH)),
        ("a", chosen(images("a", "b"), BOTH)),
    ],
    ids=["set aside", "labelled", "pixels", "date", "delivery", "content", "name"],
)
def test_the_survivor_of_two_copies(survivor: str, found: Representatives) -> None:
    other = "a" if survivor == "b" else "b"
    assert kept(found) == {other: survivor}


def test_a_label_on_one_exact_copy_counts_for_all_of_them() -> None:
    # b has more pixels than its near copy c, and its twin a is labelled.
    found = chosen(images("a", "b", "c", width={"c": 5}), pairs(("a", "b", "exact"), ("b", "c", "near")), labelled="a")
    assert kept(found) == {"b": "a", "c": "a"}
    found = chosen(images("a", "b", "c", width={"c": 50}), pairs(("a", "b", "exact"), ("b", "c", "near")), labelled="b")
    assert kept(found) == {"b": "a", "c": "a"}


def test_words_are_pooled_on_equal_pixels_alone() -> None:
    found = chosen(images("a", "b", "c", "d"), pairs(("a", "b", "exact"), ("a", "c", "near"), ("a", "d", "mirrored")))
    assert found.stands_for.to_dict() == {"a": "a", "b": "a", "c": "c", "d": "d"}
    assert found.copies.set_index("image")[["duplicate_of", "kind", "rule"]].T.to_dict("list") == {
        "b": ["a", "exact", "COPY-001"],
        "c": ["a", "near", "COPY-002"],
    }


def test_a_distance_is_that_of_the_pair_and_null_where_a_third_image_links_them() -> None:
    linked = pairs(("a", "b", "near"), ("b", "c", "near"), ("a", "c", "mirrored"))
    found = chosen(images("a", "b", "c"), linked).copies.set_index("image")["distance"]
    assert found["b"] == 3
    assert pd.isna(found["c"])


def test_an_unreadable_image_is_nobodys_copy_and_stands_for_nothing() -> None:
    found = chosen(images("a", "b", error={"a": "torn"}), pairs(("a", "b", "exact")))
    assert found.copies.empty
    assert found.stands_for.to_dict() == {"b": "b"}


@pytest.mark.parametrize("pictures", [images(), images("a", "b", error={"a": "torn", "b": "torn"})])
def test_no_image_that_can_be_used(pictures: pd.DataFrame) -> None:
    found = chosen(pictures, pairs())
    assert found.copies.empty
    assert found.stands_for.empty


PAIR = st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES), st.sampled_from(["exact", "near", "mirrored"]))


@st.composite
def collections(draw: st.DrawFn) -> dict[str, Any]:
    one_of = {
        "width": st.integers(1, 2),
        "content": st.sampled_from("xy"),
        "error": st.sampled_from([None, None, "torn"]),
        "date": st.sampled_from(["2026-01-01", "2026-01-02"]),
    }
    columns = {c: {n: draw(values) for n in NAMES} for c, values in one_of.items()}
    linked = {(a, b): kind for a, b, kind in draw(st.lists(PAIR, max_size=6)) if a < b}
    return {
        "pictures": images(*NAMES, **{c: columns[c] for c in ("width", "content", "error")}),
        "origin": sources(NAMES, date=columns["date"]),
        "linked": pairs(*((a, b, kind) for (a, b), kind in linked.items())),
        "out": "".join(draw(st.sets(st.sampled_from(NAMES), max_size=2))),
        "labelled": "".join(draw(st.sets(st.sampled_from(NAMES)))),
    }


@settings(max_examples=50, deadline=None)
@given(collections(), st.integers(0, 9))
def test_every_image_stays_or_is_left_out_for_one_that_stays(given_tables: dict[str, Any], seed: int) -> None:
    found = chosen(**given_tables)
    usable = set(given_tables["pictures"].loc[given_tables["pictures"]["error"].isna(), "image"])
    left = kept(found)
    assert set(left) | set(left.values()) <= usable
    assert set(left.values()).isdisjoint(left)  # a survivor is no copy: no chain to follow
    assert set(found.stands_for.index) == usable
    for image, other in found.stands_for.items():
        assert left.get(image, image) == left.get(other, other)  # equal pixels have one survivor
    shuffled = {
        name: table.sample(frac=1, random_state=seed) if isinstance(table, pd.DataFrame) else table[::-1]
        for name, table in given_tables.items()
    }
    again = chosen(**shuffled)
    assert frames.to_bytes(again.copies, "duplicates") == frames.to_bytes(found.copies, "duplicates")
    assert again.stands_for.to_dict() == found.stands_for.to_dict()


@pytest.mark.parametrize("kind", ["mirrored", "rotated", "borderline"])
def test_what_is_turned_or_only_looks_alike_is_not_left_out(kind: str) -> None:
    assert kept(chosen(images("a", "b"), pairs(("a", "b", kind)))) == {}


def test_what_came_before_the_test_set_was_frozen_stays_before_a_larger_copy_that_came_later() -> None:
    pictures = images("a", "b", width={"b": 99})
    came = sources(["a", "b"], date={"b": "2026-03-01"})
    none = pd.Index([], dtype="str")
    linked = pairs(("a", "b", "near"))
    assert choose_representatives(pictures, came, linked, none, none).copies["duplicate_of"].tolist() == ["b"]
    for day, kept in (("2026-02-01", "a"), ("2026-03-01", "b"), ("2025-01-01", "b")):
        found = choose_representatives(pictures, came, linked, none, none, date.fromisoformat(day))
        assert found.copies["duplicate_of"].tolist() == [kept]
