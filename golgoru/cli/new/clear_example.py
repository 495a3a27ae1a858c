"""Taking the example and what is the template's alone out of a clone, and beginning an empty dataset in it."""

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
# What belongs to the example, or was computed from it.
_OF_THE_EXAMPLE = (
    "stages/example.py",
    "docs/annotation-fates.svg",
    "guidelines/examples",
    "dvc.lock",
    "data/raw/deliveries/example*",
    "data/raw/batches/example*",
    "data/raw/images/example*",
    "data/*.parquet",
    "data/release",
    "reports/*.json",
    "reports/*.html",
    "reports/plots",
    "reports/site",
)
# What the template alone needs: how its engine is tested, measured, decided on and released.
OF_THE_TEMPLATE = ("tests/template", "benchmarks", "docs/decisions", "CHANGELOG.md", ".ci")
# Of the catalogue of edge cases: how many the example wants, and what they look like there.
EXAMPLE_KEYS = ("wanted", "examples")
_GENERATED = ("dvc.lock", "reports/")
_GUIDE = paths.RULES.parent / "README.md"


def refuse_unless_clean() -> None:
    """Raise UserError where the example is gone already, or where uncommitted work would be lost."""
    if EXAMPLE not in read_pipeline().stages:
        raise UserError(
            f"{paths.DVC}: no stage '{EXAMPLE}': this is no clone of the template, or `dataset new` has run already"
        )
    status = run_git("status", "--porcelain")
    if status.returncode != 0:
        raise UserError(f"git status: {status.stderr.strip()}; `dataset new` works in a clone of the template")
    # What the pipeline writes is taken out anyway; predictions differ on another processor, and with them its lock.
    changed = [line[3:] for line in status.stdout.splitlines() if not line[3:].startswith(_GENERATED)]
    if changed:
        raise UserError(
            f"the working tree has uncommitted changes ({', '.join(changed[:3])}); commit or stash them first"
        )


def new_dataset(name: str, task: str, licence: str | None, creators: Sequence[str]) -> Dataset:
    """Return the settings of the new dataset. Raises UserError."""
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


def clear(dataset: Dataset) -> list[str]:
    """Take out the example and what is the template's alone, begin the new dataset, and return what was done."""
    pipeline = read_pipeline()
    stages = [stage for stage in pipeline.stages if stage != EXAMPLE]
    text = without_stage(paths.DVC.read_text("utf-8"), EXAMPLE, stage_outputs(pipeline.stages[EXAMPLE]))
    write_bytes(paths.DVC, text.encode())
    for pattern in (*_OF_THE_EXAMPLE, *OF_THE_TEMPLATE):
        for path in sorted(Path().glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for page in sorted(Path("docs").glob("*.md")):
        write_bytes(page, without_template(page.read_text("utf-8")).encode())
    changing = section(_GUIDE.read_text("utf-8"), "When the guideline changes")
    for file, content in templates.initial_files(dataset, stages, changing).items():
        write_bytes(Path(file), content.encode())
    catalogue = without_keys(paths.EDGE_CASES.read_text("utf-8"), EXAMPLE_KEYS)
    write_bytes(paths.EDGE_CASES, catalogue.encode())
    return [
        f"{paths.DVC}: stage '{EXAMPLE}' taken out, with everything that it wrote",
        f"{paths.EDGE_CASES}: kept, without the counts that are wanted and without examples",
        f"{paths.PARAMS}, {paths.CLASSES}, README.md: begun for '{dataset.name}' ({dataset.task})",
        f"{', '.join(OF_THE_TEMPLATE)}: taken out, they are the template's own",
    ]


def without_template(text: str) -> str:
    """Return a page of docs/ without what leads to files that are the template's alone.

    A section whose title begins with "In the template" goes. Links to decisions and commands of benchmarks become
    plain mentions, since the figures beside them stay true.
    """
    text = re.sub(r"^## In the template.*?(?=^## |\Z)", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"\[[^\]]*\]\((?:\.\./docs/)?(decisions/[\w-]+\.md)\)", r"docs/\1 of the template", text)
    return re.sub(r"`python -m benchmarks\.(\w+)[^`]*`", r"benchmarks/\1.py of the template", text).rstrip("\n") + "\n"


def section(text: str, title: str) -> str:
    """Return a section of a page with its title, or nothing where the page has none."""
    found = re.search(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", text, flags=re.MULTILINE | re.DOTALL)
    return found[0] if found else ""


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
