"""A release of three images, small enough to know by heart, with every kind of column filled somewhere."""

from pathlib import Path

import pandas as pd

from golgoru.core.dataset import Dataset
from golgoru.guideline.classes import Class, Classes
from golgoru.guideline.rules import Rule, RuleBook
from golgoru.tables import frames

DATASET = Dataset.model_validate(
    {
        "name": "cells",
        "version": "1.2.0",
        "task": "detection",
        "licence": "CC-BY-4.0",
        "creators": ("Ada", "세포 연구실"),
        "date": "2026-02-03",
        "seed": 0,
        "description": "Blood cells.",
    }
)
CLASSES = Classes(
    version="2.1", classes=(Class(id="RBC", name="red blood cell"), Class(id="WBC"), Class(id="none yet"))
)
RULES = RuleBook(
    rules=(
        Rule(
            id="IMG-001",
            sentence="The image is readable",
            severity="critical",
            action="set aside",
            enforced_by="stage",
            stage="validate",
            since="1.0",
        ),
    )
)


def tables() -> dict[str, pd.DataFrame]:
    """Return the release's tables: two objects in train, one in val, an image reviewed as empty in test."""
    images = {
        "image": ["a/1.png", "a/2.png", "a/세포.png"],
        "content": ["c1", "c2", "c3"],
        "split": ["train", "val", "test"],
        "width": [640, 640, 640],
        "height": [480, 480, 480],
        "objects": [2, 1, 0],
        "reviewed_empty": [False, False, True],
        "weight": [1.0, 1.0, 1.0],
        "repeat": [1, 1, 1],
        "group": ["c1", "c2", "c3"],
        "delivery": ["a", "a", "a"],
        "licence": ["CC-BY-4.0", "MIT", None],
        "현미경": ["north", None, "south"],
        "stain": pd.array([1, None, 3], dtype="Int64"),
        "at_night": pd.array([True, None, False], dtype="boolean"),
    }
    box = {"x": [1.0, 5.5], "y": [2.0, 0.0], "width": [3.0, 9.0], "height": [4.0, 9.0]}
    train = {
        "image": ["a/1.png", "a/1.png"],
        "content": ["c1", "c1"],
        "object": ["o1", "o2"],
        "label": ["RBC", "WBC"],
        **box,
        "polygon": [[1.0, 2.0, 4.0, 2.0, 4.0, 6.0], None],
        "ignore": [False, False],
        "agreement": [1.0, 0.5],
        "confidence": [0.9, 0.6],
    }
    val = {
        "image": ["a/2.png"],
        "content": ["c2"],
        "object": ["o3"],
        "label": ["RBC"],
        "text": ["Größe: 안녕"],
        "ignore": [True],
        "agreement": [1.0],
    }
    return {
        "release/images": frames.frame("release/images", images),
        "release/train": frames.frame("release/train", train),
        "release/val": frames.frame("release/val", val),
        "release/test": frames.frame("release/test"),
        "release/lineage": _lineage(),
        "release/ledger": _ledger(),
    }


def write(folder: Path, release: dict[str, pd.DataFrame]) -> dict[str, bytes]:
    """Write the tables as the shell does, and return the bytes of each file by name."""
    parts = {}
    for name, table in release.items():
        path = folder / f"{name.removeprefix('release/')}.parquet"
        frames.write_table(table, path, name)
        parts[path.name] = path.read_bytes()
    return parts


def _lineage() -> pd.DataFrame:
    annotations = [
        ("o1", "b/1", "ann"),
        ("o1", "b/2", "ben"),
        ("o2", "b/3", "ann"),
        ("o2", "b/4", "ben"),
        ("o3", "b/5", "ann"),
    ]
    rows = pd.DataFrame(annotations, columns=["object", "annotation", "annotator"])
    return frames.frame("release/lineage", rows.assign(role="agrees", batch="b", guideline_version="2.0"))


def _ledger() -> pd.DataFrame:
    rows = pd.DataFrame(
        [
            ("image", "a/1.png", "released", "release", None),
            ("image", "a/2.png", "released", "release", None),
            ("image", "a/세포.png", "reviewed empty", "release", None),
            ("image", "a/broken.png", "set aside", "validate", "IMG-001"),
            *(("annotation", f"b/{n}", "released", "release", None) for n in (1, 2, 3, 5)),
            ("annotation", "b/4", "outvoted", "consolidate", None),
            ("annotation", "b/6", "contested", "consolidate", None),
            ("reject", "b/x.xml", "rejected", "ingest", "READ-009"),
        ],
        columns=["kind", "key", "fate", "stage", "rule"],
    )
    return frames.frame("release/ledger", rows)
