"""The page of labels: label issues on their images, numbers with their intervals, dashes with their reasons."""

import html
import re
from typing import Any

import pandas as pd
import pytest
from PIL import Image

from golgoru.core import paths
from golgoru.site.pages import labels as pages_labels
from golgoru.tables import frames
from stages.report import transform
from tests.template.builders.copied_images import noise, saved
from tests.template.stages.test_report import HOSTILE, Page, world


@pytest.fixture(autouse=True)
def repository(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def issue(image: str, rank: int = 1, **columns: Any) -> dict[str, Any]:
    row = {"issue": f"o{rank}", "rank": rank, "image": image, "object": f"o{rank}", "kind": "class", "label": "cat"}
    row |= {
        "proposed": "dog",
        "proposal": "relabel",
        "score": 0.9,
        "reason": "people said cat 1; the model says dog 0.90",
    }
    return row | columns


def page(given: dict[str, Any], **tables: list[dict[str, Any]]) -> tuple[Page, str]:
    made = {name: frames.frame(name, pd.DataFrame(rows)) for name, rows in tables.items()}
    content = transform(**(given | made)).pages["labels.html"]
    body = content.decode().partition("<body>")[2]
    return Page(content), " ".join(html.unescape(re.sub("<[^>]*>", " ", body)).split())


def test_without_anything_every_section_says_so() -> None:
    _, text = page(world({"x/a.png": saved(noise(1))}))
    for sentence in ("No label is probably wrong.", "cannot be measured: there are no votes",
                     "There are no annotations.", "There are no labels to train on or to evaluate on."):  # fmt: skip
        assert sentence in text


def test_a_label_issue_is_shown_with_its_image_its_classes_and_its_reasons() -> None:
    shown, text = page(world({"x/a.png": saved(noise(1))}), label_issues=[issue("x/a.png")])
    assert shown.names() == ["x/a.png"]
    assert "1 · 0.900 cat → dog" in text
    assert "people said cat 1 the model says dog 0.90" in text


def test_names_from_the_data_are_escaped_and_nothing_is_loaded_or_run() -> None:
    bad = '"><script>x()</script>'
    given = world({f"x/{HOSTILE}": saved(noise(1))})
    shown, _ = page(
        given,
        label_issues=[issue(f"x/{HOSTILE}", label=bad, proposed=bad, reason=f"people said {bad} 1; {HOSTILE}")],
        annotators=[{"annotator": bad, "annotations": 1, "compared": 0, "flags": bad}],
        agreement=[{"scope": scope, "key": bad, "other": bad, "votes": 1, "share": 0.5, "reason": bad}
                   for scope in ("all", "class", "classes")],
        label_noise=[{"method": bad, "label": bad, "objects": 1, "reason": bad}],
        scores=[{"split": "test", "model": bad, "scope": "all", "key": bad, "measure": bad, "objects": 1,
                 "reason": bad}],
        forecast=[{"action": bad, "reason": bad}],
    )  # fmt: skip
    tags = [tag for tag, _ in shown.tags]
    assert "script" not in tags
    assert tags.count("img") == 1
    assert all(str(a["src"]).startswith("data:image/") for tag, a in shown.tags if tag == "img")
    assert not any(name.startswith("on") for _, attributes in shown.tags for name in attributes)


def test_what_is_unknown_is_a_dash_with_its_reason_and_what_is_known_has_its_interval() -> None:
    _, text = page(
        world({"x/a.png": saved(noise(1))}),
        agreement=[{"scope": "all", "key": "", "votes": 0, "reason": "no object was labelled by two people"}],
        annotators=[{"annotator": "ann", "annotations": 7, "compared": 0, "seconds_per_label": 2.25}],
        label_noise=[{"method": "gold sample", "label": "", "objects": 0, "reason": "no batch"},
               {"method": "double labels", "label": "", "objects": 40, "share": 0.05, "low": 0.02, "high": 0.09}],
        forecast=[{"action": "add as many labels", "labels": 40, "change": 0.0123, "low": -0.01, "high": 0.03},
                  {"action": "as many clean ones would do", "reason": "the curves cannot tell"}],
    )  # fmt: skip
    assert "cannot be measured: no object was labelled by two people" in text
    assert "ann 7 – – – – 2.2" in text
    assert "gold sample all 0 – no batch" in text
    assert "double labels all 40 5.0 % 2.0 to 9.0" in text
    assert "add as many labels 40 +1.23 -1.00 to +3.00" in text
    assert "as many clean ones would do – the curves cannot tell" in text


def test_a_page_has_a_bound_and_says_what_is_left_out() -> None:
    most = pages_labels.MAX_ISSUES
    given = world({"x/a.png": saved(noise(1))})
    shown, text = page(given, label_issues=[issue("x/a.png", n) for n in range(1, most + 6)])
    assert len(shown.names()) == most
    assert "And 5 more, in data/label_issues.parquet." in text


def test_a_box_is_drawn_on_an_excerpt_around_it() -> None:
    paths.IMAGES.mkdir(parents=True)
    given = world({"x/a.png": saved(Image.new("RGB", (400, 300), "white"))})
    content = given["images"]["content"][0]
    box = (100.0, 100.0, 80.0, 40.0)
    shot = pages_labels.picture_excerpt(pages_labels.PictureRequest("x/a.png", content, box))
    assert shot.box is not None
    left, top, width, height = shot.box
    # 60 pixels beside a box of 80, 30 above one of 40.
    assert left == pytest.approx(100 * 60 / 201, abs=0.5)
    assert width == pytest.approx(100 * 80 / 201, abs=0.5)
    assert top == pytest.approx(100 * 30 / 101, abs=0.5)
    assert height == pytest.approx(100 * 40 / 101, abs=0.5)
    beside = pages_labels.picture_excerpt(pages_labels.PictureRequest("x/a.png", content, (900.0, 900.0, 5.0, 5.0)))
    assert beside.box is None


def test_the_curve_has_the_points_without_noise_added() -> None:
    rows = [{"part": part, "noise_added": added, "labels": labels, "accuracy": accuracy, "low": 0.4, "high": 0.9}
            for part, added, labels, accuracy in ((0.5, 0, 50, 0.6), (1, 0, 100, 0.8), (1, 1, 100, 0.7))]  # fmt: skip
    points = pages_labels.curve_points(frames.frame("learning_curve", pd.DataFrame(rows)))
    assert [(round(x), labels) for x, _, _, labels, _ in points] == [(0, 50), (100, 100)]
    assert points[0][1] > points[1][1], "the higher accuracy stands higher"
    assert pages_labels.curve_points(frames.frame("learning_curve")) == []
