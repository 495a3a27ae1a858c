"""`dataset check` tells where dvc.yaml and the stages disagree, and `--write` mends it, comments and order kept."""

import importlib
import shutil
import sys
from pathlib import Path

import pytest

from golgoru.core.yaml_models import parse_yaml
from golgoru.wiring.dvc_yaml import wiring_findings, write_dvc_yaml
from tests.template.builders.clones import TOP

STAGE = '''"""Count the labels of every class.

Reads: `labels` (one row per object), `splits`. Writes: metrics.
"""

from typing import Any, NamedTuple

import pandas as pd

from golgoru.core.yaml_models import ConfigModel
from golgoru.shell import run_stage


class Params(ConfigModel):
    """Nothing to set."""


class Tables(NamedTuple):
    metrics: dict[str, Any]


def transform(labels: pd.DataFrame, splits: pd.DataFrame, seed: int, params: Params) -> Tables:
    return Tables({"labels": len(labels), "images": len(splits), "seed": seed})


if __name__ == "__main__":
    run_stage(transform)
'''


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Work in a folder with the pipeline and the engine of the template."""
    for folder in ("stages", "golgoru"):
        shutil.copytree(TOP / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "data/raw").mkdir(parents=True)
    shutil.copytree(TOP / "data/raw/deliveries", tmp_path / "data/raw/deliveries")
    shutil.copy(TOP / "dvc.yaml", tmp_path / "dvc.yaml")
    monkeypatch.chdir(tmp_path)
    write_dvc_yaml()
    return tmp_path


@pytest.fixture
def counts(repository, monkeypatch):
    """Add a stage to the folder."""
    (repository / "stages/counts.py").write_text(STAGE)
    package = importlib.import_module("stages")
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(repository / "stages")])
    yield
    sys.modules.pop("stages.counts", None)


def test_what_is_written_has_no_findings_and_is_not_written_again(repository):
    before = Path("dvc.yaml").read_bytes()
    assert list(wiring_findings()) == []
    assert not write_dvc_yaml()
    assert Path("dvc.yaml").read_bytes() == before


def test_a_dependency_too_many_and_one_too_few_are_told_with_their_line_and_mended(repository):
    text = Path("dvc.yaml").read_text()
    wrong = text.replace("      - data/sources.parquet\n", "", 1).replace(
        "      - golgoru/annotations\n", "      - golgoru/site\n", 1
    )
    Path("dvc.yaml").write_text("# ours\n" + wrong)
    line = 2 + text.splitlines().index("  ingest:")
    found = list(wiring_findings())
    assert found[0] == (
        f"dvc.yaml:{line}: ingest.deps: missing golgoru/annotations; not needed golgoru/site; "
        "run `dataset check --write`"
    )
    assert "missing data/sources.parquet; run `dataset check --write`" in found[1]
    assert write_dvc_yaml()
    assert list(wiring_findings()) == []
    assert Path("dvc.yaml").read_text().startswith("# ours\n")


def test_a_new_stage_gets_a_block_behind_what_it_reads(counts):
    assert list(wiring_findings()) == ["dvc.yaml:1: stages: stages/counts.py has no block; run `dataset check --write`"]
    assert write_dvc_yaml()
    assert list(wiring_findings()) == []
    stages = parse_yaml(Path("dvc.yaml"))[1]["stages"]
    assert list(stages).index("counts") == list(stages).index("split") + 1
    assert stages["counts"] == {
        "desc": "Count the labels of every class.",
        "cmd": "python -m stages.counts",
        "deps": [
            "data/labels.parquet", "data/splits.parquet", "stages/counts.py", "golgoru/core", "golgoru/shell.py",
            "golgoru/tables", "uv.lock",
        ],
        "params": ["counts", "dataset.seed"],
        "metrics": [{"reports/counts.json": {"cache": False}}],
    }  # fmt: skip


def test_outputs_below_raw_are_the_examples_own_and_stay(repository):
    stages = parse_yaml(Path("dvc.yaml"))[1]["stages"]
    if "example" in stages:
        assert "data/raw/images/example" in stages["example"]["outs"]


@pytest.mark.parametrize("wrong", ["5", "many", "{a: b}", "[{}]", "[[a]]", "[null]", ""])
def test_what_is_no_list_of_paths_is_told_and_mended(repository, wrong):
    text = Path("dvc.yaml").read_text()
    start = text.index("  ingest:")
    begin, end = text.index("    deps:", start), text.index("    params:", start)
    Path("dvc.yaml").write_text(f"{text[:begin]}    deps: {wrong}\n{text[end:]}")
    (found,) = wiring_findings()
    assert found.startswith("dvc.yaml:")
    assert "ingest.deps: missing " in found
    assert write_dvc_yaml()
    assert list(wiring_findings()) == []
