"""Which image a name stands for: exact key, own delivery, one base name, one stem; otherwise it stays as it is."""

from datetime import date
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golgoru.annotations.image_names import ImageNames
from golgoru.raw.batches import BatchFile

IMAGES = [
    "a/1.png",
    "a/sub/2.png",
    "a/한국 1.png",
    "a/twice.png",
    "a/dots.v1.jpg",
    "a/double.png.jpg",
    "a/back\\slash.png",
    "a/.png",
    "b/1.png",
    "b/twice.png",
    "b/sub/twice.png",
    "b/only.jpg",
    "b/both.jpg",
    "b/both.png",
    "c/9.jpg",
    "d/9.png",
]


def resolve(written_names: list[str], **settings: Any) -> list[str]:
    required = {"format": "csv", "source": "human", "date": date(2026, 1, 5), "guideline_version": "1"}
    batch = BatchFile(**{**required, "annotator": "a", **settings})
    index = range(10, 10 + len(written_names))
    resolved = ImageNames(IMAGES).resolve(pd.Series(written_names, index=index, dtype="str"), batch)
    assert list(resolved.index) == list(index) and resolved.dtype == "str"
    return list(resolved)


@pytest.mark.parametrize(
    ("name", "delivery", "image"),
    [
        ("a/1.png", "b", "a/1.png"),  # the exact key goes before the delivery
        ("1.png", "b", "b/1.png"),
        ("1.png", "a", "a/1.png"),
        ("sub/2.png", "a", "a/sub/2.png"),
        ("./sub/2.png", "a", "a/sub/2.png"),
        ("sub\\2.png", "a", "a/sub/2.png"),
        ("C:\\labels\\2.png", "a", "a/sub/2.png"),
        ("/home/me/2.png", "a", "a/sub/2.png"),
        ("../../b/only.jpg", "a", "b/only.jpg"),  # just a name: its base is looked up, no path is opened
        ("twice.png", "a", "a/twice.png"),
        ("twice.png", "b", "b/twice.png"),
        ("elsewhere/twice.png", "a", "a/twice.png"),
        ("only.jpg", "a", "b/only.jpg"),
        ("only", "a", "b/only.jpg"),
        ("dots.v1", None, "a/dots.v1.jpg"),
        ("double.png.jpg", None, "a/double.png.jpg"),
        ("한국 1", None, "a/한국 1.png"),
        ("a/back\\slash.png", None, "a/back\\slash.png"),
        ("9", "c", "c/9.jpg"),
    ],
)
def test_a_name_that_means_one_image(name: str, delivery: str | None, image: str) -> None:
    assert resolve([name], images=delivery) == [image]


@pytest.mark.parametrize(
    ("name", "delivery"),
    [
        ("1.png", None),  # two deliveries have one
        ("elsewhere/twice.png", "b"),  # two folders of the delivery have one
        ("both", "b"),  # two suffixes
        ("9", None),
        ("double.png", None),  # with its suffix it is another file
        ("only.png", "b"),
        ("ONLY.JPG", "b"),  # case counts
        ("", None),
        ("a/", None),
        ("..", None),
        ("../../../etc/passwd", "a"),
        ("nowhere.png", "nowhere"),
        ("nowhere\\x.png", "a"),
    ],
)
def test_a_name_that_means_none_or_several_stays_as_it_is(name: str, delivery: str | None) -> None:
    assert resolve([name], images=delivery) == [name]


def test_what_the_batch_says_goes_before_everything() -> None:
    names = {"1.png": "b/only.jpg", "x": "2.png", "a/1.png": "gone.png"}
    assert resolve(["1.png", "x", "a/1.png"], images="a", names=names) == ["b/only.jpg", "a/sub/2.png", "gone.png"]


def test_many_names_keep_their_order_and_none_gives_none() -> None:
    assert resolve(["1.png", "?", "only", "1.png"], images="a") == ["a/1.png", "?", "b/only.jpg", "a/1.png"]
    assert resolve([]) == []


@given(names=st.lists(st.text(st.sampled_from("ab/.\\ 12png"), max_size=8)))
def test_a_name_becomes_a_known_image_or_stays(names: list[str]) -> None:
    assert all(image in IMAGES or image == name for name, image in zip(names, resolve(names, images="a"), strict=True))
