"""The page of balance: shares, the collection list, splits, proposed pins and leakage."""

import html
import re
from typing import Any

import pandas as pd
import pytest

from golgoru.site import collection_list, leakage_list
from golgoru.site.pages import balance
from golgoru.tables import frames
from stages.report import transform
from tests.template.builders.copied_images import noise, saved
from tests.template.stages.test_report import EDGE_CASES, HOSTILE, Page, many, world

BAD = '"><script>x()</script>'


@pytest.fixture(autouse=True)
def repository(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def page(given: dict[str, Any], **tables: list[dict[str, Any]]) -> tuple[Page, str]:
    made = {name: frames.frame(name, pd.DataFrame(rows)) for name, rows in tables.items()}
    content = transform(**(given | made)).pages["balance.html"]
    body = content.decode().partition("<body>")[2]
    return Page(content), " ".join(html.unescape(re.sub("<[^>]*>", " ", body)).split())


def row(value: str, split: str = "train", **columns: Any) -> dict[str, Any]:
    counts = {
        "split": split,
        "by": "class",
        "value": value,
        "images": 4,
        "distinct_images": 4.0,
        "kept": 4,
        "objects": 4,
    }
    shares = {
        "before": 0.25,
        "after": 0.25,
        "target": None,
        "collect": None,
        "collect_unweighted": None,
        "reason": None,
    }
    return counts | shares | columns


def coverage(key: str, split: str = "test", kind: str = "class", with_pins: int = 0, **columns: Any) -> dict[str, Any]:
    """Return a row of `split_coverage`; `with_pins` are missing with the proposed pins too."""
    counts = {"kind": kind, "key": key, "split": split, "groups": 0, "found": 0, "wanted": 1, "missing": 1}
    return counts | {"missing_with_pins": with_pins, "reason": None} | columns


def to_collect(coverage_rows: list[dict[str, Any]], plan_rows: list[dict[str, Any]]) -> collection_list.CollectionList:
    return collection_list.items_to_collect(
        split_coverage=frames.frame("split_coverage", pd.DataFrame(coverage_rows)),
        collection_plan=frames.frame("collection_plan", pd.DataFrame(plan_rows)),
        edge_cases=EDGE_CASES,
    )


def test_without_anything_every_section_says_so() -> None:
    given = world({"x/a.png": saved(noise(1))})
    _, text = page({name: v[:0] if isinstance(v, pd.DataFrame) else v for name, v in given.items()})
    for sentence in ("Nothing is missing: every class and every wanted edge case is in each split",
                     "No pins are proposed", "Nothing is balanced", "No image has moved",
                     "No duplicates are in two splits.", "Nothing was checked: there are no images."):  # fmt: skip
        assert sentence in text


def test_pages_link_to_one_another() -> None:
    made = transform(**world({"x/a.png": saved(noise(1))}))
    for name, content in made.pages.items():
        links = {str(a["href"]) for tag, a in Page(content).tags if tag == "a" and not str(a["href"]).startswith("#")}
        assert links == set(made.pages) - {name}


def test_shares_are_before_target_and_after_on_train_and_unchanged_elsewhere() -> None:
    plan = [row("cat", before=0.75, target=0.6, after=0.61, images=1200, objects=3400, collect=0, collect_unweighted=0),
            row("dog", before=0.0049, target=0.4, after=0.39, collect=0, collect_unweighted=0),
            row("cat", "test", before=0.5, after=0.5, images=7)]  # fmt: skip
    _, text = page(world({"x/a.png": saved(noise(1))}), collection_plan=plan)
    assert "before target after images objects share images objects share images objects" in text
    assert "cat 75.0 % 60.0 % 61.0 % 1,200 3,400 – – – 50.0 % 7 4" in text
    assert "dog 0.49 % 40.0 % 39.0 % 4 4 – – – – – –" in text


def test_bars_are_drawn_to_the_largest_share_of_the_table() -> None:
    shown, _ = page(
        world({"x/a.png": saved(noise(1))}), collection_plan=[row("cat", before=0.2, target=0.4, after=0.3)]
    )
    bars = {a["class"]: a["style"] for tag, a in shown.tags if tag in ("b", "i") and "style" in a and "class" in a}
    assert bars == {"before": "width: 50.00%", "after": "width: 75.00%", "target": "left: 100.00%"}


def test_a_class_says_how_many_images_reach_the_target_and_how_many_make_weights_needless() -> None:
    reason = "even at weight 10 it reaches 3 % of 50 %"
    shown = to_collect([], [row("cat", target=0.5, collect=120, collect_unweighted=2300, reason=reason)])
    (item,) = shown.items
    assert item.details == ("120 more images until weights reach the target; 2,300 until no weights are needed",)
    assert item.reasons == (reason,)
    assert (item.level, item.number, shown.to_collect) == (collection_list.BELOW_TARGET, 120, 1)


def test_what_pins_cannot_bring_is_collected_first_and_what_they_bring_is_not_collected() -> None:
    reason = "class 'cat' has 1 group"
    coverage_rows = [
        coverage("cat", with_pins=1, reason=reason),
        coverage("cat", "val", with_pins=1, reason=reason),
        coverage("EDGE-002", "train", "edge case", wanted=30, missing=30, with_pins=26),
        coverage("dog"),
        coverage("EDGE-001", "val", "edge case", missing=0),
    ]
    plan_rows = [
        row("owl", target=0.5, collect=3, collect_unweighted=9),
        row("rat", target=0.1, collect=0, collect_unweighted=2),
        row("bat", target=0.1, collect_unweighted=0, reason="another target pulls the other way"),
        row("fox", images=0, reason="none"),
    ]
    shown = to_collect(coverage_rows, plan_rows)
    assert [(item.key, item.number) for item in shown.items] == [
        ("EDGE-002", 26), ("cat", 2), ("fox", None), ("owl", 3), ("dog", None), ("bat", None), ("rat", 2),
    ]  # fmt: skip
    details = {item.key: item.details for item in shown.items}
    assert details["EDGE-002"] == ("26 objects for train", "4 objects for train from the proposed pins")
    assert details["cat"] == ("1 image for val, 1 image for test",)
    assert details["dog"] == ("1 image for test from the proposed pins",)
    assert details["fox"] == ("no image with an agreed label shows it yet",)
    assert details["rat"] == ("2 more images until no weights are needed",)
    assert shown.to_collect == 4
    levels = [item.level for item in shown.items]
    assert levels == sorted(levels, key=collection_list.LEVELS.index)
    assert next(item.reasons for item in shown.items if item.key == "cat") == (reason,)


def test_images_without_a_value_or_with_target_zero_are_not_collected() -> None:
    plan_rows = [
        row("unknown", by="camera", target=0.5, collect=5),
        row("EDGE-001", by="edge case", target=0.0, reason="none"),
    ]
    assert to_collect([], plan_rows).items == ()


def test_splits_count_groups_and_images_held_back() -> None:
    given = world(many(6))
    names = given["images"]["image"].tolist()
    merged = "merge: it was val, its groups became one"
    splits = [{"image": name, "group": f"g{n // 2}", "split": "test" if n > 3 else "train", "held_back": n == 5,
               "fold": None if n > 3 else n % 2, "reason": merged if n < 2 else "pin"}
              for n, name in enumerate(names)]  # fmt: skip
    _, text = page(given, splits=splits)
    assert "5 images in 3 groups: 4 in train, 0 in val, 1 in test." in text
    assert "train 4 80.0 % 2 66.7 % 0" in text
    assert "test 1 20.0 % 1 33.3 % 1 Images that are held back arrived after" in text
    assert f"pin 2 0 2 {merged} 2 0 0" in text
    assert "fold 0 1 images 2 2" in text
    assert f"image was in is in {names[0]} val train {names[1]} val train Proposed pins" in text


def test_weights_caps_and_repeats_are_shown_of_a_split_with_a_target() -> None:
    given = world(many(3))
    weights = [{"image": name, "keep": n < 2, "weight": 0.5 + n, "repeat": 1 + n}
               for n, name in enumerate(given["images"]["image"])]  # fmt: skip
    label = {"label": "cat", "ignore": False, "votes": 1, "agreement": 1.0, "source": "human", "guideline_version": "1"}
    labels = [{"object": name, "image": name, "status": "agreed", **label} for name in given["images"]["image"]]
    _, text = page(given, weights=weights, collection_plan=[row("cat", target=0.5)], labels=labels)
    # (0.5 + 1.5)^2 / (0.5^2 + 1.5^2) = 1.6
    assert "the effective sample size of the 2 images with agreed labels is 2." in text
    assert (
        "In train, weights range from 0.50 to 1.50; an epoch with repeats has 3 images, of 2 that are kept, and" in text
    )
    assert "1 image is left out by a cap." in text


def test_a_pin_is_shown_with_its_image_what_it_covers_and_the_command() -> None:
    pins = [
        {"image": "x/0001.png", "group": "g", "split": "test", "was": "train", "covers": "class 'cat'; class 'dog'"}
    ]
    shown, text = page(world(many(2)), proposed_pins=pins)
    assert shown.names() == ["x/0001.png"]
    assert "dataset pin train → test class 'cat' class 'dog' x/0001.png" in text


def test_duplicates_in_two_splits_are_pairs_of_images_also_where_a_name_has_a_bar() -> None:
    bar = "x/a|b.png"
    given = world({bar: saved(noise(1)), "x/c.png": saved(noise(2))}, [(bar, "x/c.png", "borderline", 0.8)],
                  splits={bar: "test"})  # fmt: skip
    leakage_rows = [
        {"kind": "duplicates", "key": f"{bar}|x/c.png", "groups": 2, "strength": 0.8, "leaks": True, "reason": "alike"},
        {"kind": "metadata", "key": "date", "groups": 9, "leaks": False, "reason": "it has one value"},
        {"kind": "metadata", "key": "zoom", "groups": 9, "strength": 0.4, "leaks": True, "reason": "zoom tells"},
    ]
    shown, text = page(given, leakage=leakage_rows)
    assert shown.names() == [bar, "x/c.png"]
    assert "2 findings of leakage between the splits." in text
    assert f"0.80 test {bar} train x/c.png alike" in text
    assert "leaks metadata zoom 9 0.40 zoom tells metadata date 9 – it has one value" in text


def test_lists_are_bounded_and_say_what_they_leave_out() -> None:
    files = many(2 * leakage_list.MAX_PAIRS + 6)
    names = sorted(files)
    pairs = [(a, b, "borderline", 0.7) for a, b in zip(names[::2], names[1::2], strict=True)]
    pinned = {"group": "g", "split": "test", "was": "train", "covers": "class 'cat'"}
    values = [f"v{n:03}" for n in range(balance.MAX_VALUES + 4)]
    shown, text = page(
        world(files, pairs),
        collection_plan=[row(value, target=0.1, collect=1) for value in values],
        proposed_pins=[pinned | {"image": name} for name in names[: balance.MAX_PINS + 5]],
        leakage=[{"kind": "duplicates", "key": f"{a}|{b}", "strength": 0.7, "leaks": True, "reason": "alike"}
               for a, b, *_ in pairs],
        splits=[{"image": name, "group": name, "split": "train", "held_back": False, "reason": "merge: it was val, x"}
                for name in names],
    )  # fmt: skip
    assert "And 4 more, in data/split_coverage.parquet and data/collection_plan.parquet." in text
    assert "And 4 more, in data/collection_plan.parquet." in text
    assert "And 5 more, in data/proposed_pins.parquet." in text
    assert "And 3 more in data/leakage.parquet" in text
    assert f"And {len(names) - balance.MAX_MOVED} more, in data/splits.parquet." in text
    assert len(shown.names()) == balance.MAX_PINS + 2 * leakage_list.MAX_PAIRS


def test_names_from_the_data_are_escaped_and_nothing_is_loaded_or_run() -> None:
    other, hostile = "x/\u202egnp.b", f"x/{HOSTILE}"
    data = saved(noise(1))
    shown, _ = page(
        world({hostile: data, other: data}, [(hostile, other, "borderline", 0.9)]),
        collection_plan=[row(BAD, by=by, target=0.5, collect=1, reason=BAD) for by in ("class", "edge case", BAD)],
        split_coverage=[coverage(BAD, with_pins=1, reason=BAD), coverage(BAD, kind="edge case", with_pins=1),
                        coverage("EDGE-002", kind="edge case")],
        proposed_pins=[{"image": hostile, "group": "g", "split": "test", "was": "val",
                        "covers": f"'{BAD}'; {HOSTILE}"}],
        splits=[{"image": image, "group": "g", "split": "val", "held_back": False, "reason": f"merge: it was {BAD}, x"}
                for image in (hostile, other)],
        leakage=[{"kind": "duplicates", "key": f"{hostile}|{other}", "leaks": True, "reason": BAD},
               {"kind": "metadata", "key": BAD, "leaks": True, "reason": BAD}],
    )  # fmt: skip
    tags = [tag for tag, _ in shown.tags]
    assert not {"script", "link", "iframe", "object", "form"} & set(tags)
    assert tags.count("img") == 3
    assert all(str(a["src"]).startswith("data:image/") for tag, a in shown.tags if tag == "img")
    assert not any(name.startswith("on") for _, attributes in shown.tags for name in attributes)
    assert "The thing is <b>tiny</b>" in shown.text
    assert "\u202e" not in shown.text
