"""A label log in a repository under test, and the stages that read it, without images and without DVC."""

import csv
import json
from pathlib import Path
from typing import Any

import pandas as pd

from golgoru import shell
from golgoru.core import paths
from golgoru.tables import frames
from stages import consolidate, ingest, validate

BOXES = {"a": (10.0, 10.0, 20.0, 20.0), "b": (50.25, 10.0, 20.0, 33.333333333333336), "c": (10.0, 60.0, 15.0, 15.0)}
QUAD = [10.0, 10.0, 30.0, 11.0, 30.0, 30.0, 10.0, 29.0]


def task(name: str) -> None:
    file = Path("params.yaml")
    file.write_text(file.read_text().replace("task: classification", f"task: {name}"))


def pictures(*names: str, exact: tuple[tuple[str, str], ...] = ()) -> None:
    """Say that the delivery `d` brought these pictures; pairs of `exact` have equal pixels."""
    rows = {"image": list(names), "content": [content(name) for name in names], "width": 100, "height": 100}
    rows |= {"bytes": 10, "format": "PNG", "mode": "RGB", "contrast": 50.0}
    frames.write_table(frames.frame("images", rows), paths.DATA / "images.parquet", "images")
    pairs = pd.DataFrame(list(exact), columns=["image_a", "image_b"]).assign(kind="exact", distance=0, score=1.0)
    frames.write_table(
        frames.frame("duplicate_pairs", pairs), paths.DATA / "duplicate_pairs.parquet", "duplicate_pairs"
    )
    (paths.DELIVERIES / "d.yaml").write_text("date: 2026-01-01\nlicence: CC0-1.0\n")


def content(image: str) -> str:
    return image.encode().hex().rjust(32, "0")[-32:]


def add_batch(
    batch: str, annotator: str, *annotations: dict[str, Any], date: str = "2026-01-05", source: str = "human"
) -> None:
    folder = paths.BATCHES / batch
    (folder / "payload").mkdir(parents=True)
    lines = [json.dumps(row) for row in annotations]
    (folder / "payload/annotations.jsonl").write_text("\n".join(lines))
    (folder / "payload.dvc").write_text(f"outs:\n- path: payload\n  hash: md5\n  md5: {'0' * 32}.dir\n  nfiles: 1\n")
    (folder / "batch.yaml").write_text(
        f"format: jsonl\nsource: {source}\ndate: {date}\nguideline_version: '1.2'\nannotator: {annotator}\n"
    )


def box_annotation(name: str, label: str, image: str = "d/1.png", **more: Any) -> dict[str, Any]:
    """A box, by its letter in BOXES, with its own id."""
    box = dict(zip(("x", "y", "width", "height"), BOXES[name], strict=True))
    return {"id": name, "image": image, "label": label, **box, **more}


def reproduce(checked: bool = True) -> dict[str, bytes]:
    """Run the stages up to consolidate, and return `labels` by object, each as it would be written alone.

    Unless `checked`, the rules are left out, which take a second.
    """
    frames.write_table(frames.frame("violations"), paths.DATA / "violations.parquet", "violations")
    for stage in (ingest, validate, consolidate) if checked else (ingest, consolidate):
        name = stage.__name__.rpartition(".")[2]
        shell.write_outputs(name, stage.transform(**shell.read_arguments(name, stage.transform))._asdict())
    return {row["object"]: frames.to_bytes(labels()[labels()["object"] == row["object"]], "labels") for row in rows()}


def labels() -> pd.DataFrame:
    return frames.read_table(paths.DATA / "labels.parquet", "labels")


def rows() -> list[dict[str, Any]]:
    return labels().to_dict("records")


def label_of(object_: str) -> dict[str, Any] | None:
    return next((row for row in rows() if row["object"] == object_), None)


def box_of(row: dict[str, Any]) -> tuple[float, ...]:
    return tuple(row[side] for side in ("x", "y", "width", "height"))


def write_label_issues(*rows_: dict[str, Any]) -> None:
    """Write `label_issues`; a row that leaves a column out has that of the current label."""
    found = []
    for rank, row in enumerate(rows_, start=1):
        label = label_of(row["issue"]) or {}
        known = {"object": label.get("object"), "image": label.get("image"), "label": label.get("label")}
        known |= {side: label.get(side) for side in ("x", "y", "width", "height")}
        found.append(
            {**known, "rank": rank, "kind": "class", "proposal": "relabel", "score": 0.9, "reason": "so", **row}
        )
    frames.write_table(
        frames.frame("label_issues", pd.DataFrame(found)), paths.DATA / "label_issues.parquet", "label_issues"
    )


def fill_sheet(file: Path, decisions: dict[str, dict[str, str]], delimiter: str = ",", **how: Any) -> None:
    """Write decisions into a sheet, by issue, and save it as a spreadsheet would."""
    with file.open(encoding="utf-8-sig", newline="") as sheet:
        table = list(csv.DictReader(sheet))
    for row in table:
        row.update(decisions.get(row["issue"], {}))
    with file.open("w", encoding=how.get("encoding", "utf-8"), newline="") as sheet:
        writer = csv.DictWriter(sheet, list(table[0]), delimiter=delimiter, lineterminator=how.get("end", "\r\n"))
        writer.writeheader()
        writer.writerows(table)


def findings() -> list[tuple[str, str]]:
    """Return the rules that set annotations aside, and the annotations."""
    found = frames.read_table(paths.DATA / "violations.parquet", "violations")
    aside = found[(found["action"] == "set aside") & (found["table"] == "annotations")]
    return sorted(aside[["rule", "key"]].itertuples(index=False, name=None))
