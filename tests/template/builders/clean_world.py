"""Tables in which no rule is broken, of any size and for every task, and what the rules find in them.

The faults that tests plant in them are in planted_faults.py and rule_failures.py.
"""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from golgoru.core import paths
from golgoru.core.dataset import Task
from golgoru.guideline.annotators import Annotators
from golgoru.guideline.changes import Changes
from golgoru.guideline.classes import Classes
from golgoru.guideline.rules import read_rules
from golgoru.tables import frames
from golgoru.validation import baseline, suite_runner
from golgoru.validation.features.annotations import AnnotationFeatures
from golgoru.validation.features.base import FeatureTable
from golgoru.validation.features.images import ImageFeatures, RejectFeatures, SourceFeatures
from golgoru.validation.features.released import LabelFeatures, ReleaseImageFeatures
from golgoru.validation.suites import suite_from_rules
from tests.template.builders.frozen import FROZEN

RULES = read_rules(FROZEN / paths.RULES)
SUITES = {table: suite_from_rules(RULES, table) for table in RULES.checked_tables()}
TASKS: tuple[Task, ...] = ("classification", "detection", "segmentation", "ocr")
DRAWN = TASKS[1:]
CLASSES = Classes.model_validate(
    {
        "version": "1.10",
        "classes": [
            {"id": "animal", "definition": "Any animal."},
            {"id": "cat", "definition": "A cat; a lynx is none.", "parent": "animal"},
            {"id": "dog", "definition": "A dog; a wolf is none.", "parent": "animal"},
            {"id": "thing"},
        ],
    }
)
POOLS = Annotators(pools={"paid": ("ann", "ben"), "reviewers": ("rev",)})
NOTHING_ACCEPTED = baseline.Baseline(pd.DataFrame({"rule": [], "table": [], "key": []}, dtype="str"))
WIDTH, HEIGHT = 200, 150  # pixels


@dataclass
class World:
    """Tables in which no rule is broken, until a fault is planted."""

    task: Task
    tables: dict[str, pd.DataFrame]


def feature_tables(world: World, classes: Classes = CLASSES) -> dict[str, FeatureTable]:
    """Return the tables with their features, by name."""
    made = world.tables
    return {
        "images": ImageFeatures(made["images"]),
        "sources": SourceFeatures(made["sources"]),
        "annotations": AnnotationFeatures(
            made["annotations"],
            images=made["images"],
            classes=classes,
            changes=Changes(),
            rules=RULES,
            pool_of=POOLS.pool_of,
            task=world.task,
        ),
        "rejects": RejectFeatures(made["rejects"]),
        "labels": LabelFeatures(made["labels"], classes),
        "release/images": ReleaseImageFeatures(made["release/images"]),
    }


def rule_findings(worlds: list[World]) -> list[pd.DataFrame]:
    """Return the findings of all rules in each of several worlds of one task, by rule, table and key.

    One run of Great Expectations costs seconds, so the worlds are checked together. Meanwhile every name in them, those
    of classes too, begins with the number of its world, so that they share nothing but their annotators.
    """
    marks = [f"{number:03}~" for number in range(len(worlds))]
    apart = {
        name: frames.concat([_with_prefix(w.tables[name], m) for w, m in zip(worlds, marks, strict=True)], name)
        for name in worlds[0].tables
    }
    named = [
        c.model_copy(update={"id": m + c.id, "parent": c.parent and m + c.parent})
        for m in marks
        for c in CLASSES.classes
    ]
    features = feature_tables(World(worlds[0].task, apart), Classes(version=CLASSES.version, classes=tuple(named)))
    findings = suite_runner.run_suites(features, SUITES, RULES, NOTHING_ACCEPTED).findings
    frames.canonical_table(findings, "violations")  # fits its schema, and its key is unique
    return [_without_prefix(findings, mark) for mark in marks]


_NAMES = (
    "image",
    "content",
    "delivery",
    "group_key",
    "annotation",
    "batch",
    "about",
    "label",
    "reject",
    "object",
    "group",
)


def _with_prefix(table: pd.DataFrame, mark: str) -> pd.DataFrame:
    return table.assign(**{column: mark + table[column] for column in _NAMES if column in table})


def _without_prefix(findings: pd.DataFrame, mark: str) -> pd.DataFrame:
    mine = findings[findings["key"].str.startswith(mark)]
    plain = {column: mine[column].str.replace(mark, "") for column in ("key", "image", "message")}
    return mine.assign(**plain).sort_values(["rule", "table", "key"], ignore_index=True)


def clean(task: Task, images: int = 3) -> World:
    """Return a world of so many images: two annotators of each, a correction, and an image annotated as empty."""
    names = [f"{'ab'[n % 2]}/{n:02}.png" for n in range(images)]
    return World(
        task,
        {
            "images": frames.frame("images", _images(names)),
            "sources": frames.frame("sources", _sources(names)),
            "annotations": frames.frame("annotations", _annotations(task, names)),
            "rejects": frames.frame("rejects"),
            "labels": frames.frame("labels", _labels(names)),
            "release/images": frames.frame("release/images", _released(names)),
        },
    )


def _images(names: list[str]) -> dict[str, Any]:
    content = [f"{n:032x}" for n in range(len(names))]
    fixed = {"width": WIDTH, "height": HEIGHT, "format": "PNG", "brightness": 99.0, "contrast": 40.0, "error": None}
    return {"image": names, "content": content, **fixed}


def _sources(names: list[str]) -> dict[str, Any]:
    return {
        "image": names,
        "delivery": [name[0] for name in names],
        "date": "2026-01-01",
        "group_key": [f"scene {n // 4}" if name[0] == "a" else None for n, name in enumerate(names)],
        "licence": "CC0-1.0",
    }


def _annotations(task: str, names: list[str]) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for annotator in ("ann", "ben"):
        common = {"annotator": annotator, "batch": f"by-{annotator}", "date": "2026-03-01", "source": "human"}
        for number, image in enumerate(names):
            objects = [_object(task, number, place) for place in range(1 if task == "classification" else 2)]
            if annotator == "ann" and number == len(names) - 1:
                objects = [{"kind": "empty"}]
            rows += [
                {"annotation": f"by-{annotator}/{number:02}-{place}", "image": image, **common, **row}
                for place, row in enumerate(objects)
            ]
    correction = {"annotation": "review/0", "batch": "review", "date": "2026-04-01", "annotator": "rev"}
    about = f"{0:032x}" if task == "classification" else rows[0]["annotation"]
    rows.append({**rows[0], **correction, "source": "review", "about": about})
    made = {"created_at": pd.Timestamp("2026-02-28T12:00Z"), "lead_time_s": 2.0, "guideline_version": "1.10"}
    return pd.DataFrame(rows).assign(**made)


def _object(task: str, number: int, place: int) -> dict[str, Any]:
    annotation: dict[str, Any] = {"kind": "object", "label": "cat" if (number + place) % 3 else "dog"}
    if task == "classification":
        return annotation
    x, y, width, height = 20.0 + 80 * place, 30.0, 40.0 + number % 7, 30.0 + number % 5
    annotation |= {"x": x, "y": y, "width": width, "height": height}
    if task != "detection":
        annotation["polygon"] = [x, y, x + width, y, x + width, y + height, x, y + height]
    return annotation | ({"text": f"Straße {number}"} if task == "ocr" else {})


def _labels(names: list[str]) -> dict[str, Any]:
    objects = [f"{n:032x}" for n in range(len(names))]
    counted = {"votes": 2, "agreement": 1.0, "status": "agreed", "source": "human", "guideline_version": "1.10"}
    return {"object": objects, "image": names, "label": "cat", "ignore": False, **counted}


def _released(names: list[str]) -> dict[str, Any]:
    groups = [n // 2 for n in range(len(names))]
    last = [name == names[-1] for name in names]
    return {
        "image": names,
        "content": [f"{n:032x}" for n in range(len(names))],
        "split": [("train", "val", "test")[group % 3] for group in groups],
        "width": WIDTH,
        "height": HEIGHT,
        "objects": [0 if empty else 2 for empty in last],
        "reviewed_empty": last,
        "weight": 1.0,
        "repeat": 1,
        "group": [f"{2 * group:032x}" for group in groups],
        "delivery": [name[0] for name in names],
        "licence": "CC0-1.0",
    }
