"""The page of the queue: the images to label next and why, pre-annotations, and how often they are correct."""

import html
import re
from typing import Any

import pandas as pd
import pytest
from PIL import Image

from golgoru.active import strategies
from golgoru.site.pages import queue
from golgoru.tables import frames
from stages.report import transform
from tests.template.builders.copied_images import noise, saved
from tests.template.stages.test_report import HOSTILE, Page, world


@pytest.fixture(autouse=True)
def repository(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def page(given: dict[str, Any], **tables: list[dict[str, Any]]) -> tuple[Page, str]:
    made = {name: frames.frame(name, pd.DataFrame(rows)) for name, rows in tables.items()}
    content = transform(**(given | made)).pages["queue.html"]
    body = content.decode().partition("<body>")[2]
    return Page(content), " ".join(html.unescape(re.sub("<[^>]*>", " ", body)).split())


def queued(image: str, rank: int = 1, **columns: Any) -> dict[str, Any]:
    row = {
        "image": image,
        "rank": rank,
        "strategy": "margin",
        "score": 0.25,
        "reasons": "the model is uncertain; it is far",
    }
    return row | {"accepted": False} | columns


def preannotation(image: str, number: int = 0, **columns: Any) -> dict[str, Any]:
    return {
        "preannotation": f"p{number}",
        "image": image,
        "label": "cat",
        "confidence": 0.93,
        "accepted": True,
    } | columns


def threshold(at: float, **columns: Any) -> dict[str, Any]:
    return {
        "threshold": at,
        "objects": 1203,
        "correct": 0.97,
        "lower_bound": 0.9529,
        "preannotations": 1,
        "chosen": True,
    } | columns


def one() -> dict[str, Any]:
    return world({"x/a.png": saved(noise(1))})


def test_every_strategy_has_a_meaning() -> None:
    assert set(queue.STRATEGY_MEANINGS) == set(strategies.STRATEGIES)


def test_without_anything_the_page_says_so() -> None:
    _, text = page(one())
    for sentence in ("The queue is empty", "There is no model yet", "No image is queued.",
                     "No strategy chose an image.",
                     "Accepted from: –. The model was not evaluated on labels outside its training data"):  # fmt: skip
        assert sentence in text
    assert "A pre-annotation is not a label: it becomes one only when a person signs a batch that contains it." in text


def test_an_image_is_shown_with_rank_strategy_score_preannotation_and_reasons() -> None:
    shown, text = page(
        one(),
        queue=[queued("x/a.png", accepted=True)],
        preannotations=[preannotation("x/a.png")],
        auto_accept=[threshold(0.9)],
    )
    assert shown.names() == ["x/a.png"]
    assert "1 · 0.250 margin accepted cat 0.93 the model is uncertain it is far x/a.png" in text
    assert "margin 1 Images that the model is uncertain about: the two" in text


def test_a_labelled_image_shows_its_label_and_no_preannotation() -> None:
    given = world({"x/a.png": saved(noise(1))}, labels=[("x/a.png", "dog", 3)])
    _, text = page(given, queue=[queued("x/a.png", strategy="label_issues")], auto_accept=[threshold(0.9)])
    assert "label_issues labelled dog × 3 the model is uncertain" in text
    assert "No model predicts anything on images without labels, so there are no pre-annotations." in text


def test_boxes_are_drawn_in_place_and_cut_at_the_edges_of_the_image() -> None:
    given = world({"x/a.png": saved(Image.new("RGB", (400, 200), "white"))})
    box = {"x": 100.0, "y": 50.0, "width": 200.0, "height": 50.0}
    shown, text = page(
        given,
        queue=[queued("x/a.png")],
        preannotations=[
            preannotation("x/a.png", 0, **box),
            preannotation("x/a.png", 1, confidence=0.5, accepted=False, **(box | {"x": -40.0, "width": 540.0})),
            preannotation("x/a.png", 2, label="dog", **box),
        ],
    )
    boxes = [(a.get("class"), str(a["style"]).partition("; ")[2]) for tag, a in shown.tags if tag == "i"]
    assert boxes == [
        (None, "left: 25.0%; top: 25.0%; width: 50.0%; height: 25.0%"),
        (None, "left: 25.0%; top: 25.0%; width: 50.0%; height: 25.0%"),
        ("open", "left: 0.0%; top: 25.0%; width: 100.0%; height: 25.0%"),
    ]
    assert "cat × 2 0.50 dog 0.93" in text


def test_the_lower_bound_is_rounded_down() -> None:
    _, text = page(one(), auto_accept=[threshold(0.5, lower_bound=0.9, chosen=False), threshold(0.9)])
    assert (
        "Of pre-annotations with a confidence of 0.9 or more, at least 95.2 % are correct (95 %, from 1,203 labels "
        "that the model was not trained on)." in text
    )
    assert "0.50 1,203 97.0 % 90.0 % 1 0.90 1,203 97.0 % 95.2 % 1 in use" in text


def test_where_no_threshold_is_chosen_a_dash_stands_with_the_reason() -> None:
    _, text = page(
        one(),
        auto_accept=[
            threshold(0.9, chosen=False),
            threshold(0.99, objects=0, correct=None, lower_bound=None, chosen=False),
        ],
    )
    assert "Accepted from: –. At no confidence does the lower bound reach select.accept" in text
    assert "0.99 0 – – 1" in text


def test_the_page_has_bounds_and_says_what_it_leaves_out() -> None:
    most = queue.MAX_CARDS
    files = {f"x/{n:03}.png": saved(Image.new("RGB", (4, 4), "red")) for n in range(most + 7)}
    box = {"x": 0.0, "y": 0.0, "width": 2.0, "height": 2.0}
    shown, text = page(
        world(files),
        queue=[queued(name, n + 1) for n, name in enumerate(sorted(files, reverse=True))],
        preannotations=[preannotation(max(files), n, **box) for n in range(queue.MAX_BOXES + 2)],
    )
    assert shown.names() == sorted(files, reverse=True)[:most]
    assert "And 7 more, in data/queue.parquet." in text
    assert "2 more boxes are not drawn" in text


def test_names_from_the_data_are_escaped_and_nothing_is_loaded_or_run() -> None:
    bad, hostile = '"><script>x()</script>', f"x/{HOSTILE}"
    given = world({hostile: saved(noise(1)), "x/\u202egnp.b": saved(noise(2))}, labels=[("x/\u202egnp.b", bad)])
    shown, _ = page(
        given,
        queue=[queued(hostile, 1, strategy=bad, reasons=f"{bad}; {HOSTILE}", proposed=bad), queued("x/\u202egnp.b", 2)],
        preannotations=[preannotation(hostile, 0, label=bad), preannotation(hostile, 1, label=HOSTILE)],
    )
    tags = [tag for tag, _ in shown.tags]
    assert not {"script", "link", "iframe", "object", "form"} & set(tags)
    assert tags.count("img") == 2
    assert all(str(a["src"]).startswith("data:image/") for tag, a in shown.tags if tag == "img")
    assert not any(name.startswith("on") for _, attributes in shown.tags for name in attributes)
    assert bad in shown.text
    assert "\u202e" not in shown.text
