"""`dataset new`: the example goes, what is left is in order, and nothing of anybody's is lost."""

import re

import pytest

from golgoru.cli.new.clear_example import OF_THE_TEMPLATE, without_stage, without_template
from tests.template.builders.clones import copy_working_tree
from tests.template.builders.frozen import FROZEN
from tests.template.builders.scratch_repository import PAGE, git

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
    copy_working_tree(tmp_path)
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
    assert not [path for path in left if re.search(r"(^|/)(test_)?example", path)]
    assert not [path for path in left if path.startswith(OF_THE_TEMPLATE)]
    assert not (clone / "data/release").exists()
    assert not (clone / "data/images.parquet").exists()
    assert not [path for path in (clone / "reports").iterdir() if path.suffix == ".json" or path.is_dir()]
    after = (clone / "dvc.yaml").read_text().splitlines()
    assert set(after) <= set(before)
    assert not [line for line in after if "example" in line]
    assert (clone / "guidelines/changes.yaml").read_text().endswith("\nchanges: []\n")
    title = "## When the guideline changes"
    kept = (FROZEN / "guidelines/README.md").read_text().partition(title)[2]
    assert kept and (clone / "guidelines/README.md").read_text().partition(title)[2] == kept
    assert dataset("check") == (0, "0 findings\n" + PAGE, "")
    catalogue = (clone / "guidelines/edge_cases.yaml").read_text()
    assert "id: EDGE-001" in catalogue and not re.search(r"^ +(wanted|examples):", catalogue, flags=re.MULTILINE)
    params = (clone / "params.yaml").read_text()
    assert "task: " + task in params
    assert re.search(r"^  date: '\d{4}-\d\d-\d\d'$", params, flags=re.MULTILINE)
    assert ("id: text" in (clone / "guidelines/classes.yaml").read_text()) == (task == "ocr")
    again = dataset("new", "--name", "cells", "--task", task, "--creator", "Ada")
    assert (again.status, "no stage 'example'" in again.err) == (2, True)


PAGE_OF_THE_TEMPLATE = """\
# Copies
Measured by chance (`python -m benchmarks.copies FOLDER --pictures 3`; why: [decisions/copies.md](decisions/copies.md)).

## In the template itself
Plant its fault.

## Settings
All of them.
"""


def test_a_page_loses_what_leads_to_the_template_s_own_files():
    assert without_template(PAGE_OF_THE_TEMPLATE) == (
        "# Copies\nMeasured by chance (benchmarks/copies.py of the template; why: docs/decisions/copies.md of the"
        " template).\n\n## Settings\nAll of them.\n"
    )


def test_no_page_of_the_new_repository_leads_nowhere(clone, dataset):
    dataset("new", "--name", "cells", "--task", "detection", "--creator", "Ada")
    for page in [clone / "README.md", *(clone / "docs").rglob("*.md"), *(clone / "guidelines").rglob("*.md")]:
        text = page.read_text("utf-8")
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
            assert ":" in target or (page.parent / target).exists(), f"{page.relative_to(clone)} leads to {target}"
        for name in re.findall(r"tests/template[\w/.]*|python -m benchmarks", text):
            pytest.fail(f"{page.relative_to(clone)} names {name}, which is the template's alone")


def test_uncommitted_work_is_never_thrown_away(clone, dataset):
    (clone / "README.md").write_text("mine")
    said = dataset("new", "--name", "cells", "--task", "ocr", "--creator", "Ada")
    assert (said.status, "uncommitted changes (README.md)" in said.err) == (2, True)
    assert (clone / "README.md").read_text() == "mine"
    assert (clone / "stages/example.py").exists()


def test_what_the_pipeline_wrote_anew_is_no_work_to_lose(clone, dataset):
    """Predictions may differ on another processor, so that `make` leaves dvc.lock and reports changed."""
    for name in ("dvc.lock", "reports/predict.json"):
        (clone / name).write_text("{}")
    assert dataset("new", "--name", "cells", "--task", "ocr", "--creator", "Ada").status == 0


def test_a_name_that_is_no_folder_name_is_refused(clone, dataset):
    said = dataset("new", "--name", "a/b", "--task", "ocr", "--creator", "Ada")
    assert (said.status, "--name" in said.err) == (2, True)
    assert (clone / "stages/example.py").exists()
