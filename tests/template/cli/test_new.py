"""`dataset new`: the example goes, what is left is in order, and nothing of anybody's is lost."""

import os
import re
import shutil
import subprocess

import pytest

from golgoru.cli.new.clear_example import without_stage
from golgoru.cli.new.templates import WHEN_IT_CHANGES
from tests.template.builders.scratch_repository import PAGE, TOP, git

DVC_YAML = """\
# Reading order.
stages:
  # Only in the template.
  example:
    outs:
      - data/raw/images/example
      - data/raw/images/example-late

  # Second.
  fingerprint:
    deps:
      - data/raw/deliveries
      - data/raw/images/example
      - 'data/raw/images/example-late' # the late one
      - data/raw/images/example-later
    outs:
    - data/images.parquet
"""


def test_a_stage_is_cut_out_and_the_rest_stays_byte_for_byte():
    written = ["data/raw/images/example", "data/raw/images/example-late"]
    assert without_stage(DVC_YAML, "example", written) == (
        "# Reading order.\nstages:\n  # Only in the template.\n  # Second.\n  fingerprint:\n    deps:\n"
        "      - data/raw/deliveries\n      - data/raw/images/example-later\n    outs:\n    - data/images.parquet\n"
    )


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A clone of the template as it stands in the working tree."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=TOP, capture_output=True, check=True
    )
    for name in os.fsdecode(listed.stdout).split("\0"):
        if name and (TOP / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TOP / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    git("init", "--quiet", "--initial-branch=main")
    git("add", "--all")
    git("commit", "--quiet", "--message=template")
    return tmp_path


@pytest.mark.parametrize("task", ["classification", "ocr"])
def test_a_clone_becomes_an_empty_repository_in_order(clone, dataset, task):
    before = (clone / "dvc.yaml").read_text().splitlines()
    (clone / "data/release").mkdir(parents=True)
    (clone / "data/images.parquet").write_bytes(b"of the example")
    for folder in ("site", "plots"):
        (clone / "reports" / folder).mkdir(exist_ok=True)
    said = dataset(
        "new", "--name", "cells", "--task", task, "--licence", "MIT", "--creator", "Ada: L.", "--creator", "Bo"
    )
    assert (said.status, said.err) == (0, "")
    assert "dataset import" in said.out.splitlines()[-1]
    left = [path.relative_to(clone).as_posix() for path in clone.rglob("*") if ".git" not in path.parts]
    assert not [path for path in left if re.search(r"(^|/)(test_)?example", path) and not path.startswith("stages/lib")]
    assert not (clone / "data/release").exists()
    assert not (clone / "data/images.parquet").exists()
    assert not [path for path in (clone / "reports").iterdir() if path.suffix == ".json" or path.is_dir()]
    after = (clone / "dvc.yaml").read_text().splitlines()
    assert set(after) <= set(before)
    assert not [line for line in after if "example" in line]
    assert (clone / "guidelines/changes.yaml").read_text().endswith("\nchanges: []\n")
    assert WHEN_IT_CHANGES in (clone / "guidelines/README.md").read_text()
    assert dataset("check") == (0, "0 findings\n" + PAGE, "")
    catalogue = (clone / "guidelines/edge_cases.yaml").read_text()
    assert "id: EDGE-001" in catalogue and not re.search(r"^ +(wanted|examples):", catalogue, flags=re.MULTILINE)
    params = (clone / "params.yaml").read_text()
    assert "task: " + task in params
    assert re.search(r"^  date: '\d{4}-\d\d-\d\d'$", params, flags=re.MULTILINE)
    assert ("id: text" in (clone / "guidelines/classes.yaml").read_text()) == (task == "ocr")
    again = dataset("new", "--name", "cells", "--task", task, "--creator", "Ada")
    assert (again.status, "no stage 'example'" in again.err) == (2, True)


def test_uncommitted_work_is_never_thrown_away(clone, dataset):
    (clone / "README.md").write_text("mine")
    said = dataset("new", "--name", "cells", "--task", "ocr", "--creator", "Ada")
    assert (said.status, "uncommitted changes (README.md)" in said.err) == (2, True)
    assert (clone / "README.md").read_text() == "mine"
    assert (clone / "stages/example.py").exists()


def test_a_name_that_is_no_folder_name_is_refused(clone, dataset):
    said = dataset("new", "--name", "a/b", "--task", "ocr", "--creator", "Ada")
    assert (said.status, "--name" in said.err) == (2, True)
    assert (clone / "stages/example.py").exists()
