"""The page of the queue: what to label next and why, what a model proposes, and how far that is right."""

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
    row = {"image": image, "rank": rank, "strategy": "margin", "score": 0.25, "reasons": "the model wavers; it is far"}
    return row | {"accepted": False} | columns


def proposal(image: str, number: int = 0, **columns: Any) -> dict[str, Any]:
    return {"proposal": f"p{number}", "image": image, "label": "cat", "confidence": 0.93, "accepted": True} | columns


def threshold(at: float, **columns: Any) -> dict[str, Any]:
    return {
        "threshold": at,
        "objects": 1203,
        "right": 0.97,
        "at_least": 0.9529,
        "proposals": 1,
        "chosen": True,
    } | columns


def one() -> dict[str, Any]:
    return world({"x/a.png": saved(noise(1))})


def test_every_strategy_has_its_sentence() -> None:
    assert set(queue.STRATEGY_MEANINGS) == set(strategies.STRATEGIES)


def test_without_anything_the_page_says_so() -> None:
    _, text = page(one())
    for said in ("The queue is empty", "There is no model yet", "Nothing waits.", "No strategy found an image.",
                 "Accepted from: –. The model was not judged on any label that it had not seen"):  # fmt: skip
        assert said in text
    assert "A proposal is no label: it becomes one only when a person signs a batch that says so." in text


def test_an_image_stands_with_rank_strategy_score_proposal_and_reasons() -> None:
    shown, text = page(
        one(), queue=[queued("x/a.png", accepted=True)], proposals=[proposal("x/a.png")], acceptance=[threshold(0.9)]
    )
    assert shown.names() == ["x/a.png"]
    assert "1 · 0.250 margin accepted cat 0.93 the model wavers it is far x/a.png" in text
    assert "margin 1 What the model is least sure of: its two" in text


def test_what_has_a_label_shows_it_and_no_proposal() -> None:
    given = world({"x/a.png": saved(noise(1))}, labels=[("x/a.png", "dog", 3)])
    _, text = page(given, queue=[queued("x/a.png", strategy="suspects")], acceptance=[threshold(0.9)])
    assert "suspects labelled dog × 3 the model wavers" in text
    assert "No model says anything of images without labels, so nothing is proposed." in text


def test_boxes_lie_where_they_are_proposed_and_end_with_the_picture() -> None:
    given = world({"x/a.png": saved(Image.new("RGB", (400, 200), "white"))})
    box = {"x": 100.0, "y": 50.0, "width": 200.0, "height": 50.0}
    shown, text = page(
        given,
        queue=[queued("x/a.png")],
        proposals=[
            proposal("x/a.png", 0, **box),
            proposal("x/a.png", 1, confidence=0.5, accepted=False, **(box | {"x": -40.0, "width": 540.0})),
            proposal("x/a.png", 2, label="dog", **box),
        ],
    )
    boxes = [(a.get("class"), str(a["style"]).partition("; ")[2]) for tag, a in shown.tags if tag == "i"]
    assert boxes == [
        (None, "left: 25.0%; top: 25.0%; width: 50.0%; height: 25.0%"),
        (None, "left: 25.0%; top: 25.0%; width: 50.0%; height: 25.0%"),
        ("open", "left: 0.0%; top: 25.0%; width: 100.0%; height: 25.0%"),
    ]
    assert "cat × 2 0.50 dog 0.93" in text


def test_acceptance_promises_no_more_than_the_table() -> None:
    _, text = page(one(), acceptance=[threshold(0.5, at_least=0.9, chosen=False), threshold(0.9)])
    assert (
        "Of proposals at a confidence of 0.9 and more at least 95.2 % are right (95 %, by 1,203 labels that the model "
        "had not seen)." in text
    )
    assert "0.50 1,203 97.0 % 90.0 % 1 0.90 1,203 97.0 % 95.2 % 1 in use" in text


def test_where_no_threshold_is_chosen_a_dash_stands_with_the_reason() -> None:
    _, text = page(
        one(),
        acceptance=[threshold(0.9, chosen=False), threshold(0.99, objects=0, right=None, at_least=None, chosen=False)],
    )
    assert "Accepted from: –. At no confidence is the lower bound as high as select.accept" in text
    assert "0.99 0 – – 1" in text


def test_the_page_has_bounds_and_says_what_it_leaves_out() -> None:
    most = queue.MAX_CARDS
    files = {f"x/{n:03}.png": saved(Image.new("RGB", (4, 4), "red")) for n in range(most + 7)}
    box = {"x": 0.0, "y": 0.0, "width": 2.0, "height": 2.0}
    shown, text = page(
        world(files),
        queue=[queued(name, n + 1) for n, name in enumerate(sorted(files, reverse=True))],
        proposals=[proposal(max(files), n, **box) for n in range(queue.MAX_BOXES + 2)],
    )
    assert shown.names() == sorted(files, reverse=True)[:most]
    assert "And 7 more, in data/queue.parquet." in text
    assert "2 more boxes are not drawn" in text


def test_other_peoples_names_stay_text_and_nothing_is_loaded_or_run() -> None:
    bad, hostile = '"><script>x()</script>', f"x/{HOSTILE}"
    given = world({hostile: saved(noise(1)), "x/\u202egnp.b": saved(noise(2))}, labels=[("x/\u202egnp.b", bad)])
    shown, _ = page(
        given,
        queue=[queued(hostile, 1, strategy=bad, reasons=f"{bad}; {HOSTILE}", proposed=bad), queued("x/\u202egnp.b", 2)],
        proposals=[proposal(hostile, 0, label=bad), proposal(hostile, 1, label=HOSTILE)],
    )
    tags = [tag for tag, _ in shown.tags]
    assert not {"script", "link", "iframe", "object", "form"} & set(tags)
    assert tags.count("img") == 2
    assert all(str(a["src"]).startswith("data:image/") for tag, a in shown.tags if tag == "img")
    assert not any(name.startswith("on") for _, attributes in shown.tags for name in attributes)
    assert bad in shown.text
    assert "\u202e" not in shown.text
