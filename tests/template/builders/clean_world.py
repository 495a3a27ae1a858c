"""A world in which no rule is broken, of any size and for every task, and what the rules find in it.

What is planted in it stands in tests/template/builders/planted_faults.py and tests/template/builders/rule_failures.py.
"""

from dataclasses import dataclass
from pathlib import Path
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

RULES = read_rules(Path(__file__).parents[3] / paths.RULES)
SUITES = {table: suite_from_rules(RULES, table) for table in RULES.tables()}
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
ACROSS, DOWN = 200, 150  # pixels


@dataclass
class World:
    """Tables in which no rule is broken, until a fault is planted."""

    task: Task
    tables: dict[str, pd.DataFrame]


def facts_of(world: World, classes: Classes = CLASSES) -> dict[str, FeatureTable]:
    """Return the tables with their facts, by name."""
    made, pools = world.tables, POOLS.pool_of
    return {
        "images": ImageFeatures(made["images"]),
        "sources": SourceFeatures(made["sources"]),
        "annotations": AnnotationFeatures(
            made["annotations"], made["images"], classes, Changes(), RULES, pools, world.task
        ),
        "rejects": RejectFeatures(made["rejects"]),
        "labels": LabelFeatures(made["labels"], classes),
        "release/images": ReleaseImageFeatures(made["release/images"]),
    }


def found(worlds: list[World]) -> list[pd.DataFrame]:
    """Return what all rules find in each of several worlds of one task, by rule, table and key.

    One run of Great Expectations costs seconds, so the worlds are checked together: every name in them, those of the
    classes too, begins with the world's number meanwhile, and so they have nothing in common but their annotators.
    """
    marks = [f"{number:03}~" for number in range(len(worlds))]
    apart = {
        name: frames.concat([_marked(w.tables[name], m) for w, m in zip(worlds, marks, strict=True)], name)
        for name in worlds[0].tables
    }
    named = [
        c.model_copy(update={"id": m + c.id, "parent": c.parent and m + c.parent})
        for m in marks
        for c in CLASSES.classes
    ]
    facts = facts_of(World(worlds[0].task, apart), Classes(version=CLASSES.version, classes=tuple(named)))
    findings = suite_runner.run_suites(facts, SUITES, RULES, NOTHING_ACCEPTED).findings
    frames.canonical(findings, "violations")  # fits its schema, and its key is unique
    return [_of(findings, mark) for mark in marks]


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


def _marked(table: pd.DataFrame, mark: str) -> pd.DataFrame:
    return table.assign(**{column: mark + table[column] for column in _NAMES if column in table})


def _of(findings: pd.DataFrame, mark: str) -> pd.DataFrame:
    mine = findings[findings["key"].str.startswith(mark)]
    plain = {column: mine[column].str.replace(mark, "") for column in ("key", "image", "message")}
    return mine.assign(**plain).sort_values(["rule", "table", "key"], ignore_index=True)


def clean(task: Task, images: int = 3) -> World:
    """Return a world of so many images, with two annotators on each, a correction, and an image that shows nothing."""
    names = [f"{'ab'[n % 2]}/{n:02}.png" for n in range(images)]
    return World(
        task,
        {
            "images": frames.frame("images", _pictures(names)),
            "sources": frames.frame("sources", _origins(names)),
            "annotations": frames.frame("annotations", _words(task, names)),
            "rejects": frames.frame("rejects"),
            "labels": frames.frame("labels", _labels(names)),
            "release/images": frames.frame("release/images", _released(names)),
        },
    )


def _pictures(names: list[str]) -> dict[str, Any]:
    content = [f"{n:032x}" for n in range(len(names))]
    fixed = {"width": ACROSS, "height": DOWN, "format": "PNG", "brightness": 99.0, "contrast": 40.0, "error": None}
    return {"image": names, "content": content, **fixed}


def _origins(names: list[str]) -> dict[str, Any]:
    return {
        "image": names,
        "delivery": [name[0] for name in names],
        "date": "2026-01-01",
        "group_key": [f"scene {n // 4}" if name[0] == "a" else None for n, name in enumerate(names)],
        "licence": "CC0-1.0",
    }


def _words(task: str, names: list[str]) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for who in ("ann", "ben"):
        said = {"annotator": who, "batch": f"by-{who}", "date": "2026-03-01", "source": "human"}
        for number, image in enumerate(names):
            objects = [_object(task, number, place) for place in range(1 if task == "classification" else 2)]
            if who == "ann" and number == len(names) - 1:
                objects = [{"kind": "empty"}]
            rows += [
                {"annotation": f"by-{who}/{number:02}-{place}", "image": image, **said, **one}
                for place, one in enumerate(objects)
            ]
    correction = {"annotation": "review/0", "batch": "review", "date": "2026-04-01", "annotator": "rev"}
    about = f"{0:032x}" if task == "classification" else rows[0]["annotation"]
    rows.append({**rows[0], **correction, "source": "review", "about": about})
    made = {"created_at": pd.Timestamp("2026-02-28T12:00Z"), "lead_time_s": 2.0, "guideline_version": "1.10"}
    return pd.DataFrame(rows).assign(**made)


def _object(task: str, number: int, place: int) -> dict[str, Any]:
    word: dict[str, Any] = {"kind": "object", "label": "cat" if (number + place) % 3 else "dog"}
    if task == "classification":
        return word
    x, y, width, height = 20.0 + 80 * place, 30.0, 40.0 + number % 7, 30.0 + number % 5
    word |= {"x": x, "y": y, "width": width, "height": height}
    if task != "detection":
        word["polygon"] = [x, y, x + width, y, x + width, y + height, x, y + height]
    return word | ({"text": f"Straße {number}"} if task == "ocr" else {})


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
        "width": ACROSS,
        "height": DOWN,
        "objects": [0 if empty else 2 for empty in last],
        "reviewed_empty": last,
        "weight": 1.0,
        "repeat": 1,
        "group": [f"{2 * group:032x}" for group in groups],
        "delivery": [name[0] for name in names],
        "licence": "CC0-1.0",
    }
