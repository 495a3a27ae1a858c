"""A small repository to run commands in: an empty classification data set with the template's own pipeline."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from golgoru.cli import main as command
from golgoru.cli.common.repository import stage_outputs
from golgoru.cli.new.clear_example import EXAMPLE_KEYS, without_keys, without_stage
from golgoru.core.yaml_models import parse_yaml
from tests.template.builders.frozen import drop_added_stages, source_of
from tests.template.builders.scratch_repository import git

_TEMPLATE = (
    "dvc.yaml", ".dvc/config", ".dvcignore", ".gitattributes", "guidelines/changes.yaml", "guidelines/edge_cases.yaml",
    "guidelines/rules.yaml", "expectations", "stages", "golgoru",
    "data/.gitignore", "data/raw/images/.gitignore", "data/raw/deliveries/.gitignore", "data/raw/batches/.gitignore",
)  # fmt: skip
_PARAMS = """\
dataset:
  name: cells
  version: 0.1.0
  task: classification
  licence: CC-BY-4.0
  creators: [Ada]
  date: '2026-01-01'
  frozen:
  seed: 0
"""
_CLASSES = """\
version: "1.2"
classes:
  - {id: cat, name: domestic cat}
  - {id: dog}
"""


class Said(NamedTuple):
    status: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def dataset(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in this process."""

    def run(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["dataset", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            command.main()
        return Said(int(ended.value.code or 0), *capsys.readouterr())

    return run


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data set under git and DVC; the test runs at its top."""
    top = tmp_path / "repository"
    for name in _TEMPLATE:
        source, target = source_of(name), top / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    drop_added_stages(top)
    stages = parse_yaml(top / "dvc.yaml")[1]["stages"]
    if example := stages.pop("example", None):
        text = (top / "dvc.yaml").read_text()
        (top / "dvc.yaml").write_text(without_stage(text, "example", stage_outputs(example)))
        (top / "stages/example.py").unlink()
    catalogue = top / "guidelines/edge_cases.yaml"
    catalogue.write_text(without_keys(catalogue.read_text(), EXAMPLE_KEYS))
    (top / "params.yaml").write_text(_PARAMS + "".join(f"{stage}: {{}}\n" for stage in stages))
    (top / "guidelines/classes.yaml").write_text(_CLASSES)
    (top / "guidelines/CHANGELOG.md").write_text("## 1.2\nCats and dogs.\n")
    (top / "data/raw/pins.csv").write_text("image,split,reason\n")
    monkeypatch.chdir(top)
    git("init", "--quiet", "--initial-branch=main")
    git("add", "--all")
    git("commit", "--quiet", "--message=begin")
    return top


@pytest.fixture
def no_dvc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for `dvc add`, which takes seconds: it writes the pointer that DVC would."""

    def dvc(*arguments: str) -> "subprocess.CompletedProcess[str]":
        path = Path(arguments[-1])
        count = sum(1 for file in path.rglob("*") if file.is_file())
        text = f"outs:\n- path: {path.name}\n  hash: md5\n  md5: {'0' * 32}.dir\n  nfiles: {count}\n"
        if path.parent.name == "images":
            (path.parents[1] / "deliveries" / f"{path.name}.dvc").write_text("wdir: ../images\n" + text)
        else:
            path.with_name(f"{path.name}.dvc").write_text(text)
        return subprocess.CompletedProcess(arguments, 0, "", "")

    monkeypatch.setattr("golgoru.cli.import_.write.run_dvc", dvc)
    clean = subprocess.CompletedProcess([], 0, "{}", "")
    monkeypatch.setattr("golgoru.cli.check.data.run_dvc", lambda *_: clean)
