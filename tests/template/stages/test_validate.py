"""Stage validate: the rows that it sets aside, where it stops, and data in which no rule is broken.

The faults that break each rule are in tests/template/builders/rule_failures.py.
"""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from golgoru.core.dataset import Task
from golgoru.guideline.annotators import Annotators
from golgoru.guideline.changes import Changes
from golgoru.shell import GateFailed
from golgoru.tables import frames
from golgoru.validation import findings
from golgoru.validation.baseline import Baseline
from stages import validate
from tests.template.builders.clean_world import (
    CLASSES,
    NOTHING_ACCEPTED,
    POOLS,
    RULES,
    SUITES,
    TASKS,
    World,
    clean,
    rule_findings,
)
from tests.template.builders.planted_faults import (
    Plant,
    altered_annotation,
    altered_source,
    extra_image,
    repeated_annotation,
    similar_name,
)

TABLES = ("images", "sources", "annotations", "rejects")


def arguments(task: Task, *plants: Plant) -> dict[str, Any]:
    """Return the arguments of transform for a clean world with these faults planted."""
    world = clean(task)
    for plant in plants:
        plant(world, 1)
    return {table: world.tables[table] for table in TABLES} | {
        "classes": CLASSES,
        "changes": Changes(),
        "annotator_pools": POOLS,
        "rules": RULES,
        "suites": SUITES,
        "accepted": NOTHING_ACCEPTED,
        "task": task,
        "params": validate.Params(),
    }


def strict(*ids: str) -> Any:
    """Return the rules, with `stop` as the action of these."""
    changed = [r.model_copy(update={"action": "stop"}) if r.id in ids else r for r in RULES.rules]
    return RULES.model_copy(update={"rules": tuple(changed)})


TWO_ANSWERS = repeated_annotation(label="unicorn")

# Changes of a clean world that break no rule.
HOLDS: dict[str, tuple[Task, Plant]] = {
    "box-half-a-pixel-outside": ("detection", altered_annotation(x=-0.5)),
    "small-box-at-the-border": ("detection", altered_annotation(x=197.5, y=70.0, width=2.5, height=2.5)),
    "same-answer-twice": ("classification", repeated_annotation()),
    "removal-and-new-answer": ("classification", repeated_annotation(kind="remove", about=f"{1:032x}", label=None)),
    "two-objects-in-one-place": ("detection", repeated_annotation(label="dog")),
    "one-object-by-two-annotators": ("detection", repeated_annotation(annotator="rev")),
    "two-annotators": ("classification", repeated_annotation(label="dog", annotator="rev")),
    "correction-of-an-object": ("detection", repeated_annotation(about="by-ann/01-1", label="dog")),
    "correction-by-content": ("classification", altered_annotation(about=f"{1:032x}")),
    "empty-without-class-box-text": (
        "ocr",
        repeated_annotation(annotator="rev", kind="empty", label=None, x=None, width=0.0, text=None, polygon=None),
    ),
    "made-on-the-day-of-its-batch": ("detection", altered_annotation(created_at=pd.Timestamp("2026-03-01T23:59Z"))),
    "time-not-known": ("detection", altered_annotation(created_at=None)),
    "older-guideline": ("detection", altered_annotation(guideline_version="1.9")),
    "classification-without-geometry": ("classification", altered_annotation(x=None, y=None, width=None, height=None)),
    "format-of-no-listed-suffix": ("detection", extra_image(format="AVIF")),
    "sixteen-pixels": ("detection", extra_image(width=16)),
    "another-name": ("detection", similar_name(lambda name: name + "2.png")),
}  # fmt: skip


def violations(given: dict[str, Any]) -> pd.DataFrame:
    rows = validate.transform(**given).violations
    frames.canonical_table(rows, "violations")  # fits its schema, and its key is unique
    return rows


@pytest.mark.parametrize("task", TASKS)
def test_there_are_no_findings_where_no_rule_is_broken(task: Task) -> None:
    worlds: dict[str, World] = {}
    for name, (its_task, plant) in HOLDS.items():
        if its_task == task:
            worlds[name] = clean(task, images=30 if "small-box" in name else 3)
            plant(worlds[name], 1)
    per_world = rule_findings([clean(task), *worlds.values()])
    broken = {name: list(rows["rule"]) for name, rows in zip(["clean", *worlds], per_world, strict=True)}
    assert {name: rules for name, rules in broken.items() if rules} == {}


def test_empty_tables_pass() -> None:
    empty = {table: frames.frame(table) for table in TABLES}
    result = validate.transform(**(arguments("detection") | empty))
    assert result.violations.empty
    assert result.metrics["rules"]["IMG-001"] == {"broken": 0, "known": 0, "checked": 0, "share_checked": None}


def test_annotators_are_not_checked_while_none_is_listed() -> None:
    given = arguments("detection", altered_annotation(annotator="stranger")) | {"annotator_pools": Annotators()}
    result = validate.transform(**given)
    assert result.violations.empty
    assert result.metrics["rules"]["ANN-008"]["checked"] == 0


def test_metrics_count_rows_once_per_table_and_by_rule() -> None:
    given = arguments("classification", TWO_ANSWERS)
    metrics = validate.transform(**given).metrics
    annotations = len(given["annotations"])
    assert metrics["rules"]["CLASS-001"] == {"broken": 1, "known": 0, "checked": annotations, "share_checked": 1.0}
    assert metrics["rules"]["ANN-005"]["broken"] == 2
    assert metrics["set_aside"] == {"images": 0, "annotations": 2}


def test_set_aside_names_the_first_rule_by_id() -> None:
    rows = violations(arguments("classification", TWO_ANSWERS))
    expected = {"by-ann/01-0": "ANN-005", "by-ann/again": "ANN-005"}
    assert findings.set_aside_rows(rows, "annotations").to_dict() == expected
    assert findings.set_aside_rows(rows, "images").empty
    assert findings.set_aside_rows(rows.iloc[:0], "images").empty


def test_a_rule_with_action_stop_ends_the_run_with_all_findings() -> None:
    given = arguments("detection", altered_annotation(label="bird"), altered_source(licence=None)) | {
        "rules": strict("CLASS-001")
    }
    with pytest.raises(GateFailed) as stop:
        validate.transform(**given)
    assert set(stop.value.tables["violations"]["rule"]) == {"CLASS-001", "SRC-001"}
    assert "CLASS-001: broken by 1, such as by-ann/01-0: The class is defined" in str(stop.value)
    assert "SRC-001" not in str(stop.value) and "data/violations.parquet" in str(stop.value)


def test_accepted_violations_do_not_stop_and_new_ones_do() -> None:
    known = pd.DataFrame({"rule": ["CLASS-001"], "table": ["annotations"], "key": ["by-ann/01-0"]}, dtype="str")
    given = arguments("detection", altered_annotation(label="bird")) | {
        "rules": strict("CLASS-001"),
        "accepted": Baseline(known),
    }
    result = validate.transform(**given)
    assert result.violations[["key", "known"]].to_numpy().tolist() == [["by-ann/01-0", True]]
    assert result.metrics["rules"]["CLASS-001"]["known"] == 1
    again: Callable[..., Any] = repeated_annotation(label="fish")
    more = arguments("detection", altered_annotation(label="bird"), again)
    with pytest.raises(
        GateFailed, match=r"CLASS-001: broken by 1 \(and 1 that the baseline accepts\), such as by-ann/again"
    ):
        validate.transform(**(given | {"annotations": more["annotations"]}))


def test_row_order_and_index_are_irrelevant() -> None:
    given = arguments("classification", altered_annotation(image="a/9.png"), TWO_ANSWERS)
    reversed_rows = {table: given[table].iloc[::-1].set_axis(range(7, 7 + len(given[table]))) for table in TABLES}
    first, second = violations(given), violations(given | reversed_rows)
    assert len(first) == 5
    assert frames.canonical_table(first, "violations").equals(frames.canonical_table(second, "violations"))


def test_inputs_are_not_changed() -> None:
    given, before = arguments("detection"), arguments("detection")
    validate.transform(**given)
    for table in TABLES:
        pd.testing.assert_frame_equal(given[table], before[table])
