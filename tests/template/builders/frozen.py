"""The guideline, checks and settings that the engine's tests read: frozen copies, so that a team may change its own.

`python -m tests.template.freeze` copies them anew from the repository; `.ci/run` compares the two.
"""

from pathlib import Path

from golgoru.cli.common.repository import stage_outputs
from golgoru.cli.new.clear_example import without_stage
from golgoru.core.yaml_models import parse_yaml

TOP = Path(__file__).parents[3]
FROZEN = TOP / "tests" / "template" / "frozen"
COPIED = ("guidelines", "expectations", "params.yaml")


def template_stages() -> tuple[str, ...]:
    """Return the stages that the template comes with, in reading order; a team may add others."""
    return tuple(block for block in parse_yaml(FROZEN / "params.yaml")[1] if block not in ("dataset", "review"))


def is_current() -> bool:
    """Return whether the repository's guideline, checks and settings are the frozen ones."""
    files = {file.relative_to(top).as_posix() for top in (TOP, FROZEN) for file in files_below(top)}
    return all(
        (TOP / name).is_file()
        and (FROZEN / name).is_file()
        and (TOP / name).read_bytes() == (FROZEN / name).read_bytes()
        for name in files
    )


def files_below(top: Path) -> list[Path]:
    """Return the files below a folder that are copied or that are copies."""
    found = [top / name for name in COPIED if (top / name).is_file()]
    found += [file for name in COPIED for file in (top / name).rglob("*") if file.is_file()]
    return sorted(file for file in found if "__pycache__" not in file.parts)


def source_of(name: str) -> Path:
    """Return the file or folder of the template that stands for a path of the repository."""
    return (FROZEN if name.split("/", maxsplit=1)[0] in COPIED else TOP) / name


def drop_added_stages(top: Path) -> None:
    """Take out of a copy of the repository the stages that a team added."""
    pipeline = top / "dvc.yaml"
    text = pipeline.read_text("utf-8")
    for stage, settings in parse_yaml(pipeline)[1]["stages"].items():
        if stage not in template_stages():
            text = without_stage(text, stage, stage_outputs(settings))
            (top / "stages" / f"{stage}.py").unlink(missing_ok=True)
    pipeline.write_text(text, "utf-8")
