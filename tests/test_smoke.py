"""The pipeline runs under this repository's own guideline, checks and settings.

On a sample of the repository's own tables where `dvc repro` has written them (the stages that open no pictures), else
on a dozen made-up pictures (all stages). That a gate holds is not asked here: `dvc repro` says what the data break.
"""

import inspect
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from golgoru import shell
from golgoru.core import paths
from golgoru.core.dataset import read_dataset
from golgoru.core.errors import UserError
from golgoru.core.yaml_models import parse_yaml
from golgoru.guideline.classes import read_classes
from golgoru.tables import frames
from golgoru.tables.frames import SchemaError, table_name, table_path
from golgoru.wiring.stage_wiring import load_stage

TOP = Path(__file__).parents[1]
STAGES: Mapping[str, Mapping[str, Any]] = parse_yaml(TOP / paths.DVC)[1]["stages"]
OPEN_PICTURES = ("fingerprint", "ingest", "dedup", "predict", "evaluate", "report")
# What the stages that open pictures write, and the others read.
SAMPLED = ("images", "annotations", "sources", "rejects", "duplicate_pairs", "groups", "predictions", "embeddings")
SAMPLE = 200  # images


def test_the_pipeline_runs(tmp_path, monkeypatch, capsys):
    for name in ("guidelines", "expectations"):
        shutil.copytree(TOP / name, tmp_path / name)
    shutil.copy(TOP / paths.PARAMS, tmp_path / paths.PARAMS)
    monkeypatch.chdir(tmp_path)
    for folder in (paths.IMAGES, paths.DELIVERIES, paths.BATCHES, paths.PREDICTIONS):
        folder.mkdir(parents=True)
    paths.PINS.write_text("image,split,reason\n")
    paths.WITHDRAWALS.write_text("withdrawals: []\n")
    own_data = sample_own_tables()
    if not own_data:
        make_up_data()
    run = [stage for stage in STAGES if stage != "example" and not (own_data and stage in OPEN_PICTURES)]
    done = []
    for stage in run:
        if has_inputs(stage):
            run_stage(stage, capsys)
            done.append(stage)
    assert {"validate", "consolidate", "split", "rebalance", "release"} <= set(done)


def has_inputs(stage: str) -> bool:
    """Return whether every table that a stage reads is there; none follows from a release that the gate stopped."""
    arguments = inspect.signature(load_stage(stage).transform).parameters
    return all(table_path(name).exists() for name in arguments if name not in shell.INPUTS and name != "params")


def run_stage(stage: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Run a stage as `dvc repro` does; a gate that does not hold is fine, what cannot be read is not."""
    try:
        shell.run_stage(load_stage(stage).transform)
    except SystemExit as stop:
        if stop.code != 1:
            pytest.fail(f"stage {stage}, exit {stop.code}\n{capsys.readouterr().err}", pytrace=False)


def sample_own_tables() -> bool:
    """Write a sample of the repository's own tables; return whether there are any that this code can read."""
    source = TOP / table_path("images")
    if not source.exists():
        return False
    images = pq.read_table(source, columns=["image"])["image"].sort()[:SAMPLE]
    try:
        for name in SAMPLED:
            if (TOP / table_path(name)).exists():
                pq.write_table(of_images(TOP / table_path(name), images), table_path(name))
                frames.read_table(table_path(name), table_name(name))
    except (SchemaError, UserError, pa.ArrowInvalid):  # written by other code than this; `dvc repro` writes them anew
        return False
    return all(table_path(name).exists() for name in SAMPLED[:6])


def of_images(file: Path, images: pa.ChunkedArray) -> pa.Table:
    """Return the rows of a table that are about these images; all rows where it names none, up to a hundred."""
    columns = [name for name in pq.read_schema(file).names if name in ("image", "image_a", "image_b")]
    if not columns:
        return pq.read_table(file).slice(0, 100)
    return pq.read_table(file, filters=[(column, "in", images.to_pylist()) for column in columns])


def make_up_data() -> None:
    """Write a delivery of twelve pictures, a copy among them, and what two people say of them."""
    paths.DVC.write_text(
        "stages: {draw: {cmd: draw, outs: [data/raw/images/made-up, data/raw/batches/made-up/payload]}}\n"
    )
    folder = paths.IMAGES / "made-up"
    folder.mkdir()
    chance = np.random.default_rng(0)
    for number in range(12):
        coarse = chance.integers(0, 255, (6, 6, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((64, 64)).save(folder / f"{number:02}.png")
    shutil.copy(folder / "00.png", folder / "a copy.png")
    (paths.DELIVERIES / "made-up.yaml").write_text("date: 2026-01-01\nlicence: CC0-1.0\n")
    classes = read_classes(paths.CLASSES)
    if not classes.ids:
        return
    batch = paths.BATCHES / "made-up"
    (batch / "payload").mkdir(parents=True)
    (batch / "batch.yaml").write_text(
        f"format: csv\nsource: human\ndate: 2026-01-02\nguideline_version: '{classes.version}'\n"
        "columns: {annotator: annotator}\n"
    )
    labels = [
        {"image": f"made-up/{number:02}.png", "annotator": annotator, "label": classes.ids[said % len(classes.ids)]}
        for annotator, differs in (("ann-1", 0), ("ann-2", 1))
        for number in range(12)
        for said in (number + (differs if number == 3 else 0),)
    ]
    pd.DataFrame(labels).assign(**geometry()).to_csv(batch / "payload" / "labels.csv", index=False)


def geometry() -> dict[str, Any]:
    """Return what the labels of the task need beside a class."""
    task = read_dataset(paths.PARAMS).task
    box = {"x": 8, "y": 8, "width": 32, "height": 24}
    corners = {"polygon": "[8, 8, 40, 8, 40, 32, 8, 32]"}
    return {"classification": {}, "detection": box, "segmentation": corners, "ocr": corners | {"text": "golgoru"}}[task]
