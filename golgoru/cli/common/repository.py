"""Where a command runs: at the top of the repository, with git and DVC at hand."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from golgoru.core import paths
from golgoru.core.errors import UserError


class Pipeline(NamedTuple):
    """dvc.yaml: its stages as written, by name, and every path that a stage writes."""

    stages: dict[str, dict[str, Any]]
    outputs: frozenset[str]


def enter_repository() -> Path:
    """Change to the top of the repository and return the user's folder. Raises UserError outside of a repository."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / paths.DVC).is_file() and (folder / paths.PARAMS).is_file():
            os.chdir(folder)
            return here
    raise UserError(
        f"{here}: no dataset repository here or above ({paths.DVC} and {paths.PARAMS}); change into the clone"
    )


def read_pipeline() -> Pipeline:
    """Return the stages of dvc.yaml. Raises UserError where it is not in DVC's format."""
    from golgoru.core.yaml_models import parse_yaml

    _, value = parse_yaml(paths.DVC)
    stages = value.get("stages") if isinstance(value, dict) else None
    if not isinstance(stages, dict) or not all(isinstance(stage, dict) for stage in stages.values()):
        raise UserError(f"{paths.DVC}: expected a mapping 'stages' of name to stage")
    return Pipeline(stages, frozenset(path for stage in stages.values() for path in stage_outputs(stage)))


def stage_outputs(stage: dict[str, Any]) -> list[str]:
    """Return the paths that a stage of dvc.yaml writes."""
    written = [out for key in ("outs", "metrics", "plots") for out in stage.get(key) or []]
    return [str(next(iter(out)) if isinstance(out, dict) else out) for out in written]


def run_dvc(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run DVC and return its output; the caller checks the exit status."""
    return _run([sys.executable, "-m", "dvc", *arguments])


def run_git(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run git and return its output. Raises UserError where git is missing."""
    program = shutil.which("git")
    if program is None:
        raise UserError("git is not on PATH; install it")
    return _run([program, *arguments])


def _run(command: list[str]) -> "subprocess.CompletedProcess[str]":
    settings = {**os.environ, "DVC_NO_ANALYTICS": "1"}
    return subprocess.run(  # noqa: S603  (no shell, and fixed programs)
        command, capture_output=True, text=True, errors="backslashreplace", env=settings, check=False
    )
