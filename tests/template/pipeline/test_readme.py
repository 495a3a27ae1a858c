"""Every command of the README runs, in its order, as a new user types it."""

import csv
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.template.builders import clones, frozen
from tests.template.builders.frozen import TOP

BLOCKS = re.findall(r"^```sh\n(.*?)^```", (TOP / "README.md").read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
COMMANDS = [line for block in BLOCKS for line in block.splitlines()]

CELL = """<annotation><filename>{name}.png</filename><object><name>{label}</name><bndbox><xmin>{x}</xmin><ymin>4</ymin>
<xmax>20</xmax><ymax>30</ymax></bndbox></object></annotation>"""


def make_cells(home):
    """Write what the README calls ~/cells: pictures, and a Pascal VOC file for each."""
    chance = np.random.default_rng(0)
    for folder in ("Annotations", "JPEGImages"):
        (home / "cells" / folder).mkdir(parents=True)
    for number in range(1, 31):
        name = f"cell-{number:03}"
        Image.fromarray(chance.integers(0, 255, (40, 40, 3), dtype=np.uint8)).save(
            home / f"cells/JPEGImages/{name}.png"
        )
        text = CELL.format(name=name, label=("red", "white")[number % 2], x=number % 8)
        (home / f"cells/Annotations/{name}.xml").write_text(text)


def agree(sheet, labels):
    """Do what the README asks of a reviewer: write a decision into the sheet, which may list nothing."""
    rows = list(csv.DictReader(sheet.open(encoding="utf-8-sig", newline=""))) if sheet.exists() else []
    if not rows:
        rows = [{"object": pd.read_parquet(labels)["object"].min()}]
    rows[0]["decision"] = "agree"
    with sheet.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_the_first_screen_has_the_two_commands():
    assert BLOCKS[0].split("\n")[:2] == ["make", "make test"]


@pytest.mark.slow
def test_every_command_runs(tmp_path):
    home = tmp_path / "home"
    clone = clones.of_working_tree(tmp_path / "golgoru", home)
    # What `make` downloaded for this run need not be downloaded again: that is the network's speed, and not ours.
    clone.env["UV_CACHE_DIR"] = os.environ.get("UV_CACHE_DIR", str(Path.home() / ".cache" / "uv"))
    make_cells(home)
    (home / "classes.yaml").write_text('version: "1.0"\nclasses:\n  - id: red\n  - id: white\n')
    for command in COMMANDS:
        if command == "make test":  # all of the tests would run this one again
            clone.run("make", "test", "ARGS=tests/template/images/test_png.py")
        elif command == "make":
            clone.run("make")
            assert (clone.top / "data/release/manifest.json").exists()
            assert clone.changed_up_to_release() == [] or not frozen.is_current()
        elif command.startswith("dataset fix --sheet"):
            clone.run("bash", "-c", f". .venv/bin/activate && {command}")
            agree(home / "issues.csv", clone.top / "data/labels.parquet")
        elif command == 'git commit -m "Merge both deliveries"':
            continue  # nothing was merged: tests/template/pipeline/test_merge.py is that story
        else:
            clone.run("bash", "-c", f". .venv/bin/activate && {command}")
        if command.startswith("dataset new"):
            shutil.copy(home / "classes.yaml", clone.top / "guidelines/classes.yaml")
    assert "released" in clone.run("dataset", "why", "first/cell-002.png", "--json")
