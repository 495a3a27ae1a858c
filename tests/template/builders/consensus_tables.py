"""Annotations in short form, and what `consolidate` makes of them: always held to its laws."""

from typing import Any

import pandas as pd

from golgoru.core.dataset import Task
from golgoru.guideline.changes import Changes
from golgoru.guideline.classes import Class, Classes
from golgoru.tables import frames
from golgoru.tables.vocabulary import ANNOTATION_ROLES, LABEL_STATUSES
from stages.consolidate import Params, Tables, transform
from tests.template.builders.guideline_changes import NONE

CLASSES = Classes(version="1.10", classes=(Class(id="cat"), Class(id="dog"), Class(id="owl", ignore=True)))
DEFAULTS = Params()
TABLES = ("labels", "annotation_roles", "votes", "duplicates", "duplicate_conflicts", "relabel")
BOX, AGAIN, ELSEWHERE = (0, 0, 10, 10), (1, 0, 10, 10), (50, 50, 10, 10)


def annotation(
    key: str, annotator: str, label: str | None = None, at: tuple[float, ...] = (), **columns: Any
) -> dict[str, Any]:
    """An annotation of batch b1, b2, ... on image d/i; a batch has the date of its number."""
    batch = key.split("/", maxsplit=1)[0]
    row = {"annotation": key, "annotator": annotator, "batch": batch, "date": f"2026-01-0{batch[1]}", "label": label}
    row |= {"image": "d/i", "source": "human", "kind": "object", "guideline_version": "1.0"}
    return row | dict(zip(("x", "y", "width", "height"), at, strict=False)) | columns


def finding(table: str, key: str, rule: str = "ANN-001") -> dict[str, Any]:
    row = {"rule": rule, "severity": "critical", "action": "set aside", "table": table, "key": key, "message": "no"}
    return row | {"image": key if table == "images" else None}


def pictures(*names: str, torn: str = "") -> pd.DataFrame:
    rows = pd.DataFrame({"image": list(names), "content": [f"c-{n}" for n in names], "width": 10, "height": 10})
    return frames.frame("images", rows.assign(error=["torn" if n == torn else None for n in names]))


def consolidate(
    *annotations: dict[str, Any],
    task: Task = "classification",
    images: pd.DataFrame | None = None,
    pairs: tuple[tuple[str, str, str], ...] = (),
    findings: tuple[dict[str, Any], ...] = (),
    classes: Classes = CLASSES,
    changes: Changes = NONE,
    params: Params = DEFAULTS,
) -> Tables:
    images = pictures("d/i") if images is None else images
    linked = pd.DataFrame(list(pairs), columns=["image_a", "image_b", "kind"]).assign(distance=0, score=1.0)
    return run({
        "annotations": frames.frame("annotations", pd.DataFrame(list(annotations))),
        "violations": frames.frame("violations", pd.DataFrame(list(findings))),
        "duplicate_pairs": frames.frame("duplicate_pairs", linked),
        "images": images,
        "sources": frames.frame("sources", {"image": images["image"], "delivery": "d", "date": "2026-01-01"}),
    }, task, classes, changes, params)  # fmt: skip


def run(
    tables: dict[str, pd.DataFrame],
    task: Task,
    classes: Classes = CLASSES,
    changes: Changes = NONE,
    params: Params = DEFAULTS,
) -> Tables:
    """Run the stage and hold what it writes to what must always hold."""
    before = {name: table.copy() for name, table in tables.items()}
    found = transform(**tables, classes=classes, changes=changes, task=task, params=params)
    for name, table in tables.items():
        pd.testing.assert_frame_equal(table, before[name])
    to_bytes(found)  # the shell would refuse nulls, and keys that are not unique
    assert sorted(found.annotation_roles["annotation"]) == sorted(tables["annotations"]["annotation"])
    assert set(found.annotation_roles["role"]) <= set(ANNOTATION_ROLES)
    usable = tables["images"][tables["images"]["error"].isna()]
    assert set(found.labels["image"]) | set(found.annotation_roles["image"].dropna()) <= set(usable["image"])
    assert set(found.labels["status"]) <= set(LABEL_STATUSES)
    return found


def to_bytes(found: Tables) -> dict[str, bytes]:
    return {name: frames.to_bytes(getattr(found, name), name) for name in TABLES}


def roles(found: Tables) -> dict[str, str]:
    return dict(zip(found.annotation_roles["annotation"], found.annotation_roles["role"], strict=True))


def label(found: Tables) -> dict[str, Any]:
    (row,) = found.labels.to_dict("records")
    return row


def label_and_status(found: Tables) -> dict[str, tuple[str, str]]:
    """Object to label and status."""
    return {row["object"]: (row["label"], row["status"]) for row in found.labels.to_dict("records")}


# Classification -----------------------------------------------------------------------------------------------------


def detect(*annotations: dict[str, Any], **more: Any) -> Tables:
    return consolidate(*annotations, task="detection", **more)


COPY = {"images": pictures("d/copy", "d/i"), "pairs": (("d/copy", "d/i", "exact"),)}
