"""What reviews collapse as generated is what a command writes, and nothing that people write."""

import os
import subprocess

from golgoru.cli.common.repository import stage_outputs
from golgoru.core import paths
from golgoru.core.yaml_models import parse_yaml
from tests.template.builders.frozen import COPIED, TOP


def git(*arguments: str) -> list[str]:
    done = subprocess.run(["git", *arguments], cwd=TOP, capture_output=True, check=True)
    return [text for text in os.fsdecode(done.stdout).split("\0") if text]


def marked() -> set[str]:
    """Return the files of the working tree that are marked as generated."""
    files = [name for name in git("ls-files", "-co", "--exclude-standard", "-z") if (TOP / name).is_file()]
    answers = git("check-attr", "-z", "linguist-generated", "--", *files)
    return {name for name, _, value in zip(*[iter(answers)] * 3, strict=True) if value == "set"}


def written_by_a_command(name: str) -> bool:
    stages = parse_yaml(TOP / paths.DVC)[1]["stages"].values()
    by_the_pipeline = {"dvc.lock", *(path for stage in stages for path in stage_outputs(stage))}
    by_check = name.startswith("expectations/") and name.endswith(".json")  # tests/test_guideline.py holds the suites
    by_freeze = name.startswith(tuple(f"tests/template/frozen/{copied}" for copied in COPIED))
    return name in by_the_pipeline or by_check or by_freeze or name == "uv.lock"


def test_only_what_a_command_writes_is_marked_as_generated():
    assert [name for name in sorted(marked()) if not written_by_a_command(name)] == []


def test_what_commands_write_is_marked_as_generated():
    files = {name for name in git("ls-files", "-z") if (TOP / name).is_file()}
    assert sorted(name for name in files - marked() if written_by_a_command(name)) == []


def test_what_people_write_is_shown():
    assert not marked() & {"expectations/checks.py", "expectations/baseline.yaml", "params.yaml", "dvc.yaml"}
    assert not [name for name in marked() if name.startswith("guidelines/")]
