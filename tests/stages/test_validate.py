"""Stage validate: every rule of the book fires on the row that breaks it, and on nothing else."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages import validate
from stages.lib import facts, findings, frames, paths, project
from stages.lib.shell import Stop
from stages.lib.suites import write_suite

TOP = Path(__file__).parents[2]
RULES = project.read_rules(TOP / paths.RULES)
CLASSES = project.Classes.model_validate({"version": "1.10", "classes": [{"id": "cat"}, {"id": "dog"}]})
TABLES = ("images", "sources", "annotations", "rejects")

Case = dict[str, Any]


def case(task: str = "detection") -> Case:
    """Return the arguments of transform with two images and two words in which no rule is broken."""
    return {
        "images": frames.frame(
            "images",
            {"image": ["a/1.png", "a/2.png"], "content": ["1", "2"], "width": 100, "height": 50, "error": None},
        ),
        "sources": frames.frame(
            "sources", {"image": ["a/1.png", "a/2.png"], "delivery": "a", "date": "2026-01-01", "licence": "CC0-1.0"}
        ),
        "annotations": frames.frame(
            "annotations",
            {
                "annotation": ["b/1", "b/2"],
                "image": ["a/1.png", "a/2.png"],
                "annotator": "ann",
                "batch": "b",
                "date": "2026-01-02",
                "source": "human",
                "kind": "object",
                "guideline_version": "1.9",
                "label": "cat",
                **dict.fromkeys(("x", "y"), 0.0),
                "width": 100.0,
                "height": 50.0,
                "polygon": [[0.0, 0.0, 100.0, 0.0, 100.0, 50.0]] * 2,
                "text": "Straße",
            },
        ),
        "rejects": frames.frame("rejects"),
        "classes": CLASSES,
        "rules": RULES,
        "suites": {table: write_suite(RULES, table) for table in RULES.tables()},
        "task": task,
        "params": validate.Params(),
    }


def put(table: str, column: str, value: object, task: str = "detection", **more: object) -> Callable[[], Case]:
    """Return a case in which the first row of `table` has other values."""

    def make() -> Case:
        made = case(task)
        for name, other in {column: value, **more}.items():
            made[table].loc[0, name] = other
        return made

    return make


def twice(task: str, **change: object) -> Case:
    """Return a case in which the first word stands twice, the second time with other values."""
    made = case(task)
    again = made["annotations"].iloc[[0]].assign(**{"annotation": "b/3", **change})
    return made | {"annotations": frames.concat([made["annotations"], again], "annotations")}


def rejected() -> Case:
    row = {"reject": ["b/x.csv/1"], "batch": "b", "file": "x.csv", "line": 3, "error": "a row too short"}
    return case() | {"rejects": frames.frame("rejects", row)}


def two_corners() -> Case:
    made = case("segmentation")
    flat = frames.frame("annotations", {"polygon": [[0.0, 0.0, 9.0, 9.0]] * 2})["polygon"]
    return made | {"annotations": made["annotations"].assign(polygon=flat)}


def same_name() -> Case:
    made = put("images", "image", "a/É.png")()
    made["images"].loc[1, "image"] = "a/e\u0301.PNG"
    return made | {"annotations": frames.frame("annotations")}


# Per rule: cases that break it, and the keys of the rows that do.
BROKEN: dict[str, list[tuple[Callable[[], Case], set[str]]]] = {
    "IMG-001": [
        (lambda: put("images", "error", "truncated")() | {"annotations": frames.frame("annotations")}, {"a/1.png"})
    ],
    "IMG-002": [(lambda: put("images", "height", 15)() | {"annotations": frames.frame("annotations")}, {"a/1.png"})],
    "IMG-003": [(same_name, {"a/É.png", "a/e\u0301.PNG"})],
    "SRC-001": [(put("sources", "licence", None), {"a/1.png"})],
    "READ-001": [(rejected, {"b/x.csv/1"})],
    "ANN-001": [(put("annotations", "image", name), {"b/1"}) for name in ("1.png", "a/3.png", "A/1.png")],
    "ANN-002": [
        (put("images", "error", "truncated", width=None, height=None), {"b/1"}),
    ],
    "ANN-003": [(put("annotations", "source", "robot"), {"b/1"})],
    "ANN-004": [(put("annotations", "kind", "Object"), {"b/1"})],
    "ANN-005": [
        (lambda: twice("classification", label="dog"), {"b/1", "b/3"}),
        (lambda: twice("classification", kind="empty", label=None), {"b/1", "b/3"}),
    ],
    "ANN-006": [
        (put("annotations", "about", "b/2"), {"b/1"}),
        (put("annotations", "about", "b/1"), {"b/1"}),
        (put("annotations", "about", "b/nowhere"), {"b/1"}),
        (put("annotations", "about", "2", "classification"), {"b/1"}),
    ],
    "ANN-007": [(put("annotations", "guideline_version", version), {"b/1"}) for version in ("1.11", "2", "draft")],
    "CLASS-001": [
        (put("annotations", "label", "Cat"), {"b/1"}),
        (put("annotations", "label", None, "classification"), {"b/1"}),
    ],
    "GEO-001": [
        (put("annotations", "width", None), {"b/1"}),
        (put("annotations", "polygon", None, "segmentation"), {"b/1"}),
        (two_corners, {"b/1", "b/2"}),
        (put("annotations", "polygon", None, "ocr", x=None), {"b/1"}),
    ],
    "BOX-001": [(put("annotations", "width", 0.0), {"b/1"}), (put("annotations", "width", -3.0, height=-3.0), {"b/1"})],
    "BOX-002": [(put("annotations", "x", 100.0), {"b/1"}), (put("annotations", "y", -50.0), {"b/1"})],
    "BOX-003": [(put("annotations", "x", 0.6), {"b/1"}), (put("annotations", "y", -0.6), {"b/1"})],
    "TEXT-001": [(put("annotations", "text", text, "ocr"), {"b/1"}) for text in (None, "", " \u3000")],
}
FIRES = [
    pytest.param(rule, *one, id=f"{rule}-{n}") for rule, several in BROKEN.items() for n, one in enumerate(several)
]

# Cases in which nothing is broken.
HOLDS: dict[str, Callable[[], Case]] = {
    **{
        f"clean-{task}": (lambda task=task: case(task))
        for task in ("classification", "detection", "segmentation", "ocr")
    },
    "box-half-a-pixel-outside": put("annotations", "x", 0.5),
    "same-answer-twice": lambda: twice("classification"),
    "removal-and-new-answer": lambda: twice("classification", kind="remove", about="1", label=None),
    "two-objects-on-one-image": lambda: twice("detection", label="dog"),
    "two-annotators": lambda: twice("classification", label="dog", annotator="ben"),
    "correction-of-an-object": lambda: twice("detection", about="b/1", label="dog"),
    "correction-by-content": put("annotations", "about", "1", "classification"),
    "empty-word-has-no-class-box-text": put(
        "annotations", "kind", "empty", "ocr", label=None, x=None, text=None, polygon=None
    ),
    "same-guideline": put("annotations", "guideline_version", "1.10"),
    "classification-without-geometry": put("annotations", "x", None, "classification", y=None, width=None, height=None),
}


def violations(arguments: Case) -> pd.DataFrame:
    found = validate.transform(**arguments).violations
    frames.canonical(found, "violations")  # fits its schema, and its key is unique
    return found


@pytest.mark.parametrize(("rule", "make", "keys"), FIRES)
def test_a_broken_rule_is_found_on_its_rows_alone(rule: str, make: Callable[[], Case], keys: set[str]) -> None:
    found = violations(make())
    allowed = {"IMG-001"} if rule == "ANN-002" else set()  # a word whose image cannot be opened
    assert set(found["rule"]) - allowed == {rule}
    mine = found[found["rule"] == rule]
    assert set(mine["key"]) == keys
    (said,) = [r for r in RULES.rules if r.id == rule]
    assert set(mine["action"]) == {said.action} and set(mine["severity"]) == {said.severity}
    assert mine["message"].str.startswith(said.sentence).all()


@pytest.mark.parametrize("name", HOLDS)
def test_nothing_is_found_where_no_rule_is_broken(name: str) -> None:
    assert violations(HOLDS[name]()).empty


def test_every_rule_on_these_tables_has_a_case() -> None:
    assert {rule.id for table in TABLES for rule in RULES.checked(table)} == set(BROKEN)


def test_empty_tables_pass() -> None:
    empty = {table: frames.frame(table) for table in TABLES}
    result = validate.transform(**(case() | empty))
    assert result.violations.empty
    assert result.metrics["rules"]["IMG-001"] == {"rows": 0, "share": 0.0}


def test_metrics_count_rows_once_per_table_and_by_rule() -> None:
    made = twice("classification", label="bird")
    metrics = validate.transform(**made).metrics
    assert metrics["rules"]["CLASS-001"] == {"rows": 1, "share": 1 / 3}
    assert metrics["rules"]["ANN-005"]["rows"] == 2
    assert metrics["set_aside"] == {"images": 0, "annotations": 2}


def test_set_aside_names_the_first_rule_by_id() -> None:
    found = violations(twice("classification", label="bird"))
    assert findings.set_aside(found, "annotations").to_dict() == {"b/1": "ANN-005", "b/3": "ANN-005"}
    assert findings.set_aside(found, "images").empty
    assert findings.set_aside(violations(case()), "images").empty


def test_a_rule_that_says_stop_ends_the_run_with_all_findings() -> None:
    made = put("annotations", "label", "bird")()
    strict = [r.model_copy(update={"action": "stop"}) if r.id == "CLASS-001" else r for r in RULES.rules]
    made["sources"].loc[0, "licence"] = None
    with pytest.raises(Stop) as stop:
        validate.transform(**(made | {"rules": RULES.model_copy(update={"rules": tuple(strict)})}))
    assert set(stop.value.tables["violations"]["rule"]) == {"CLASS-001", "SRC-001"}
    assert "CLASS-001: broken by 1, such as b/1" in str(stop.value) and "SRC-001" not in str(stop.value)
    assert "data/violations.parquet" in str(stop.value)


def test_row_order_and_index_are_nothing() -> None:
    made = twice("classification", label="bird", image="a/9.png")
    turned = {table: made[table].iloc[::-1].set_axis(range(7, 7 + len(made[table]))) for table in TABLES}
    first, second = violations(made), violations(made | turned)
    assert frames.canonical(first, "violations").equals(frames.canonical(second, "violations"))


def test_inputs_stay_as_they_were() -> None:
    made, before = case(), case()
    validate.transform(**made)
    for table in TABLES:
        pd.testing.assert_frame_equal(made[table], before[table])


sides = st.floats(-300, 300, allow_nan=False).map(lambda value: round(value, 2))


@given(st.lists(st.tuples(sides, sides, sides, sides), max_size=8))
def test_box_facts_equal_a_plain_reading(boxes: list[tuple[float, float, float, float]]) -> None:
    table = frames.frame(
        "annotations",
        {"image": ["a/1.png"] * len(boxes), "kind": "object", "guideline_version": "1"}
        | {side: [box[n] for box in boxes] for n, side in enumerate(("x", "y", "width", "height"))},
    )
    found = facts.annotations(table, case()["images"], CLASSES, "detection")
    for row, (x, y, width, height) in zip(found.itertuples(), boxes, strict=True):
        assert row.box_shorter_side == min(width, height)
        if width <= 0 or height <= 0:
            assert np.isnan(row.box_visible) and np.isnan(row.box_beyond)
            continue
        across, down = min(x + width, 100) - max(x, 0), min(y + height, 50) - max(y, 0)
        assert row.box_visible == pytest.approx(max(across, 0) * max(down, 0) / (width * height))
        if across > 0 and down > 0:
            assert row.box_beyond == pytest.approx(max(-x, -y, x + width - 100, y + height - 50, 0))


def test_facts_are_as_documented_and_yes_no_facts_are_never_null() -> None:
    made = case()
    for column in ("about", "label", "x", "polygon", "text"):
        made["annotations"].loc[0, column] = None
    made["annotations"].loc[1, "image"] = "a/9.png"
    made["images"].loc[0, ["content", "width", "height", "error"]] = [None, None, None, "zero bytes"]
    with_facts = {
        "images": facts.images(made["images"]),
        **{
            f"annotations {t}": facts.annotations(made["annotations"], made["images"], CLASSES, t)
            for t in ("classification", "detection", "segmentation", "ocr")
        },
        "labels": facts.labels(frames.frame("labels", {"label": ["cat", None]}), CLASSES),
        "release/images": facts.release_images(
            frames.frame(
                "release/images",
                {"content": ["1"], "group": "1", "split": "val", "objects": 0, "reviewed_empty": False},
            )
        ),
    }
    for name, table in with_facts.items():
        documented = facts.FACTS[name.split()[0]]
        assert {c.name for c in documented} <= set(table)
        added = [c for c in table if c not in frames.frame(name.split()[0])]
        assert added == [c.name for c in documented]
        for column in documented:
            assert column.nullable or table[column.name].notna().all(), f"{name}: {column.name}"
