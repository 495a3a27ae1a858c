"""A small repository to run commands in: an empty classification data set with the template's own pipeline."""

import contextlib
import io
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import pytest

from golgoru.cli import main as command
from golgoru.cli.common.repository import stage_outputs
from golgoru.cli.new.clear_example import EXAMPLE_KEYS, without_keys, without_stage
from golgoru.core.yaml_models import parse_yaml
from tests.template.builders.frozen import drop_added_stages, source_of
from tests.template.builders.remembered import copied
from tests.template.builders.scratch_repository import git, picture

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


def run(*arguments: str) -> Said:
    """Run `dataset` in this process."""
    out, err = io.StringIO(), io.StringIO()
    argv = patch.object(sys, "argv", ["dataset", *arguments])
    with argv, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as ended:
        command.main()
    return Said(int(ended.value.code or 0), out.getvalue(), err.getvalue())


def leave_out_dvc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for `dvc add`, which takes seconds: it writes the pointer that DVC would."""
    monkeypatch.setattr("golgoru.cli.import_.write.run_dvc", _written_pointer)
    monkeypatch.setattr("golgoru.cli.check.data.run_dvc", lambda *_: subprocess.CompletedProcess([], 0, "{}", ""))


@contextlib.contextmanager
def without_dvc() -> Iterator[None]:
    """Leave DVC out meanwhile."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        leave_out_dvc(monkeypatch)
        yield


def _written_pointer(*arguments: str) -> "subprocess.CompletedProcess[str]":
    path = Path(arguments[-1])
    count = sum(1 for file in path.rglob("*") if file.is_file())
    text = f"outs:\n- path: {path.name}\n  hash: md5\n  md5: {'0' * 32}.dir\n  nfiles: {count}\n"
    if path.parent.name == "images":
        (path.parents[1] / "deliveries" / f"{path.name}.dvc").write_text("wdir: ../images\n" + text)
    else:
        path.with_name(f"{path.name}.dvc").write_text(text)
    return subprocess.CompletedProcess(arguments, 0, "", "")


def make_empty() -> None:
    """Write an empty data set under git into the current folder."""
    for name in _TEMPLATE:
        source, target = source_of(name), Path(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    drop_added_stages(Path())
    pipeline, catalogue = Path("dvc.yaml"), Path("guidelines/edge_cases.yaml")
    stages = parse_yaml(pipeline)[1]["stages"]
    if example := stages.pop("example", None):
        pipeline.write_text(without_stage(pipeline.read_text(), "example", stage_outputs(example)))
        Path("stages/example.py").unlink()
    catalogue.write_text(without_keys(catalogue.read_text(), EXAMPLE_KEYS))
    Path("params.yaml").write_text(_PARAMS + "".join(f"{stage}: {{}}\n" for stage in stages))
    Path("guidelines/classes.yaml").write_text(_CLASSES)
    Path("guidelines/CHANGELOG.md").write_text("## 1.2\nCats and dogs.\n")
    Path("data/raw/pins.csv").write_text("image,split,reason\n")
    git("init", "--quiet", "--initial-branch=main")
    git("add", "--all")
    git("commit", "--quiet", "--message=begin")
    git("repack", "--quiet", "-ad")  # one file to copy instead of hundreds


def make_filled() -> None:
    """Write a data set with one delivery and one batch into the current folder."""
    copied(Path(), make_empty)
    with tempfile.TemporaryDirectory() as source:
        picture(Path(source, "a.png"), 1)
        Path(source, "labels.csv").write_text("image,label\na.png,cat\n")
        with without_dvc():
            assert run("import", source, "--as", "first", "--annotator", "ann").status == 0
