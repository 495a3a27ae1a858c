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


def choose(
    all_images: pd.DataFrame,
    linked: pd.DataFrame,
    origin: pd.DataFrame | None = None,
    out: str = "",
    labelled: str = "",
) -> Representatives:
    origin = sources(list(all_images["image"])) if origin is None else origin
    chosen = choose_representatives(
        all_images, origin, linked, pd.Index(list(out), dtype="str"), pd.Index(list(labelled), dtype="str")
    )
    frames.canonical_table(chosen.duplicates, "duplicates")
    return chosen


def kept(chosen: Representatives) -> dict[str, str]:
    return dict(zip(chosen.duplicates["image"], chosen.duplicates["duplicate_of"], strict=True))


BOTH = pairs(("a", "b", "near"))


@pytest.mark.parametrize(
    ("representative", "chosen"),
    [
        ("b", choose(images("a", "b", width={"a": 99}), BOTH, out="a", labelled="a")),
        ("b", choose(images("a", "b", width={"a": 99}), BOTH, labelled="b")),
        ("b", choose(images("a", "b", width={"b": 11}), BOTH, sources(["a", "b"], date={"b": "2026-02-02"}))),
        ("b", choose(images("a", "b", content={"a": "0"}), BOTH, sources(["a", "b"], date={"b": "2025-12-31"}))),
        ("b", choose(images("a", "b", content={"a": "0"}), BOTH, sources(["a", "b"], delivery={"b": "c"}))),
        ("b", choose(images("a", "b", content={"b": "0"}), BOTH)),
        ("a", choose(images("a", "b"), BOTH)),
    ],
    ids=["set aside", "labelled", "pixels", "date", "delivery", "content", "name"],
)
def test_the_representative_of_two_duplicates(representative: str, chosen: Representatives) -> None:
    other = "a" if representative == "b" else "b"
    assert kept(chosen) == {other: representative}


def test_a_label_of_one_exact_duplicate_counts_for_all_of_them() -> None:
    # b has more pixels than its near-duplicate c, and its exact duplicate a is labelled.
    chosen = choose(images("a", "b", "c", width={"c": 5}), pairs(("a", "b", "exact"), ("b", "c", "near")), labelled="a")
    assert kept(chosen) == {"b": "a", "c": "a"}
    chosen = choose(
        images("a", "b", "c", width={"c": 50}), pairs(("a", "b", "exact"), ("b", "c", "near")), labelled="b"
    )
    assert kept(chosen) == {"b": "a", "c": "a"}


def test_annotations_are_pooled_on_equal_pixels_alone() -> None:
    chosen = choose(images("a", "b", "c", "d"), pairs(("a", "b", "exact"), ("a", "c", "near"), ("a", "d", "mirrored")))
    assert chosen.equal_pixels.to_dict() == {"a": "a", "b": "a", "c": "c", "d": "d"}
    assert chosen.duplicates.set_index("image")[["duplicate_of", "kind", "rule"]].T.to_dict("list") == {
        "b": ["a", "exact", "COPY-001"],
        "c": ["a", "near", "COPY-002"],
    }


def test_a_distance_is_that_of_the_pair_and_null_where_a_third_image_links_them() -> None:
    linked = pairs(("a", "b", "near"), ("b", "c", "near"), ("a", "c", "mirrored"))
    chosen = choose(images("a", "b", "c"), linked).duplicates.set_index("image")["distance"]
    assert chosen["b"] == 3
    assert pd.isna(chosen["c"])


def test_an_unreadable_image_neither_represents_nor_is_represented() -> None:
    chosen = choose(images("a", "b", error={"a": "torn"}), pairs(("a", "b", "exact")))
    assert chosen.duplicates.empty
    assert chosen.equal_pixels.to_dict() == {"b": "b"}


@pytest.mark.parametrize("all_images", [images(), images("a", "b", error={"a": "torn", "b": "torn"})])
def test_no_image_that_can_be_used(all_images: pd.DataFrame) -> None:
    chosen = choose(all_images, pairs())
    assert chosen.duplicates.empty
    assert chosen.equal_pixels.empty


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
        "all_images": images(*NAMES, **{c: columns[c] for c in ("width", "content", "error")}),
        "origin": sources(NAMES, date=columns["date"]),
        "linked": pairs(*((a, b, kind) for (a, b), kind in linked.items())),
        "out": "".join(draw(st.sets(st.sampled_from(NAMES), max_size=2))),
        "labelled": "".join(draw(st.sets(st.sampled_from(NAMES)))),
    }


@settings(max_examples=50, deadline=None)
@given(collections(), st.integers(0, 9))
def test_every_image_is_a_representative_or_has_one(given_tables: dict[str, Any], seed: int) -> None:
    chosen = choose(**given_tables)
    usable = set(given_tables["all_images"].loc[given_tables["all_images"]["error"].isna(), "image"])
    left = kept(chosen)
    assert set(left) | set(left.values()) <= usable
    assert set(left.values()).isdisjoint(left)  # a representative is no duplicate: there are no chains
    assert set(chosen.equal_pixels.index) == usable
    for image, other in chosen.equal_pixels.items():
        assert left.get(image, image) == left.get(other, other)  # equal pixels have one representative
    shuffled = {
        name: table.sample(frac=1, random_state=seed) if isinstance(table, pd.DataFrame) else table[::-1]
        for name, table in given_tables.items()
    }
    again = choose(**shuffled)
    assert frames.to_bytes(again.duplicates, "duplicates") == frames.to_bytes(chosen.duplicates, "duplicates")
    assert again.equal_pixels.to_dict() == chosen.equal_pixels.to_dict()


@pytest.mark.parametrize("kind", ["mirrored", "rotated", "borderline"])
def test_mirrored_rotated_and_borderline_images_stay(kind: str) -> None:
    assert kept(choose(images("a", "b"), pairs(("a", "b", kind)))) == {}


def test_no_larger_duplicate_that_arrived_later_takes_the_place_of_an_image_in_the_frozen_test_set() -> None:
    all_images = images("a", "b", width={"b": 99})
    came = sources(["a", "b"], date={"b": "2026-03-01"})
    none = pd.Index([], dtype="str")
    linked = pairs(("a", "b", "near"))
    assert choose_representatives(all_images, came, linked, none, none).duplicates["duplicate_of"].tolist() == ["b"]
    for day, kept in (("2026-02-01", "a"), ("2026-03-01", "b"), ("2025-01-01", "b")):
        chosen = choose_representatives(all_images, came, linked, none, none, date.fromisoformat(day))
        assert chosen.duplicates["duplicate_of"].tolist() == [kept]
