"""Taking the example out of a clone of the template, and putting an empty data set in its place."""

import re
import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from golgoru.cli.common.repository import read_pipeline, run_git, stage_outputs
from golgoru.cli.common.yaml_out import build_model
from golgoru.cli.new import templates
from golgoru.core import paths
from golgoru.core.dataset import Dataset
from golgoru.core.errors import UserError
from golgoru.core.files import write_bytes

EXAMPLE = "example"
# What only makes sense with the example, or before it was taken out.
_FILES = (
    "stages/example.py",
    "tests/template/stages/test_example.py",
    "tests/template",
    "tests/template/cli/test_new.py",
    "docs/annotation-fates.svg",
    "guidelines/examples",
    "dvc.lock",
)
# Of the catalogue of edge cases: how many the example wants, and what they look like there.
OF_THE_EXAMPLE = ("wanted", "examples")
_GLOBS = (
    "guidelines/examples",
    "data/raw/deliveries/example*",
    "data/raw/batches/example*",
    "data/raw/images/example*",
    "data/*.parquet",
    "data/release",
    "reports/*.json",
    "reports/plots",
    "reports/site",
)


def refuse() -> None:
    """Raise UserError where the example is gone already, or where something would be lost."""
    if EXAMPLE not in read_pipeline().stages:
        raise UserError(f"{paths.DVC}: no stage '{EXAMPLE}': this repository is somebody's own already")
    status = run_git("status", "--porcelain")
    if status.returncode != 0:
        raise UserError(f"git status: {status.stderr.strip()}; `dataset new` works in a clone of the template")
    if status.stdout.strip():
        changed = ", ".join(line[3:] for line in status.stdout.splitlines()[:3])
        raise UserError(f"the working tree has uncommitted changes ({changed}); commit or stash them first")


def dataset(name: str, task: str, licence: str | None, creators: Sequence[str]) -> Dataset:
    """Return the settings of the new data set. Raises UserError."""
    who = list(creators) or [run_git("config", "user.name").stdout.strip()]
    if not who[0]:
        raise UserError("--creator is missing, and git has no user.name to take its place")
    values = {
        "name": name,
        "version": "0.1.0",
        "task": task,
        "licence": licence or templates.NO_LICENCE,
        "creators": who,
        "date": date.today(),
        "seed": 0,
    }
    return build_model(Dataset, values, {"name": "--name", "creators": "--creator", "licence": "--licence"})


def empty(dataset: Dataset) -> list[str]:
    """Take the example out and return what was done."""
    pipeline = read_pipeline()
    stages = [stage for stage in pipeline.stages if stage != EXAMPLE]
    text = without_stage(paths.DVC.read_text("utf-8"), EXAMPLE, stage_outputs(pipeline.stages[EXAMPLE]))
    write_bytes(paths.DVC, text.encode())
    removed = [*map(Path, _FILES), *(path for glob in _GLOBS for path in sorted(Path().glob(glob)))]
    for path in removed:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    for file, content in templates.files(dataset, stages).items():
        write_bytes(Path(file), content.encode())
    catalogue = without_keys(paths.EDGE_CASES.read_text("utf-8"), OF_THE_EXAMPLE)
    write_bytes(paths.EDGE_CASES, catalogue.encode())
    return [
        f"{paths.DVC}: stage '{EXAMPLE}' taken out, with everything that it wrote",
        f"{paths.EDGE_CASES}: kept, without numbers that are wanted and without examples",
        f"{paths.PARAMS}, {paths.CLASSES}, README.md: begun for '{dataset.name}' ({dataset.task})",
    ]


def without_stage(text: str, stage: str, written: Sequence[str]) -> str:
    """Return dvc.yaml without a stage and without the lines that name what it wrote; the rest byte for byte.

    A block reaches to the next line that stands as far left as its name, comments of the next stage included.
    """
    kept = []
    inside = False
    for line in text.splitlines(keepends=True):
        if re.match(rf"  {re.escape(stage)}:\s*(#.*)?$", line):
            inside = True
        elif re.match(r" {0,2}\S", line):
            inside = False
        if not inside:
            kept.append(line)
    names = "|".join(re.escape(path) for path in written)
    mentions = re.compile(rf"\s+- ['\"]?({names})['\"]?:?\s*(#.*)?$")
    return "".join(line for line in kept if not written or not mentions.match(line))


def without_keys(text: str, keys: Sequence[str]) -> str:
    """Return a YAML list of mappings without these keys of its items and what stands below them; the rest is kept."""
    kept = []
    inside: int | None = None
    for line in text.splitlines(keepends=True):
        indent = len(line) - len(line.lstrip())
        if inside is not None and line.strip() and indent <= inside:
            inside = None
        if inside is None and re.match(rf"\s+({'|'.join(map(re.escape, keys))}):(\s|$)", line):
            inside = indent
        if inside is None or not line.strip():
            kept.append(line)
    return "".join(kept)
