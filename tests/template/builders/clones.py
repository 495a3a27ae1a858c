"""Clones of the template in folders of their own, with an empty HOME, as a new user has them.

They hold the working tree with the frozen guideline, checks and settings, and without a stage that a team added.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ruamel.yaml import YAML

from tests.template.builders.frozen import FROZEN, TOP, drop_added_stages, files_below, source_of, template_stages

STAGES = tuple(stage for stage in template_stages() if stage != "example")

# What depends on the processor (predictions) informs people, never the release: DESIGN.md, "The one law".
INFORMING = ("predict", "audit", "select", "evaluate", "report")


class Clone:
    """A git repository with the files of the working tree, committed."""

    def __init__(self, top: Path, home: Path, hash_seed: str = "0") -> None:
        self.top = top
        home.mkdir(parents=True, exist_ok=True)
        (home / ".gitconfig").write_text("[user]\n    name = Test\n    email = test@example.org\n")
        scripts = str(Path(sys.executable).parent)
        self.env = {
            "HOME": str(home),
            "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
            "PYTHONHASHSEED": hash_seed,
            "GIT_CONFIG_NOSYSTEM": "1",
            # The package is installed from the working tree; a clone runs its own code.
            "PYTHONPATH": str(top),
        }

    def run(self, *command: str, status: int = 0) -> str:
        """Run a command at the top; return what it printed. Fails where the exit status is another."""
        done = subprocess.run(command, cwd=self.top, env=self.env, capture_output=True, text=True, check=False)
        assert done.returncode == status, f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout + done.stderr

    def commit(self, message: str) -> None:
        self.run("git", "add", "-A")
        self.run("git", "commit", "-qm", message)

    def changed_up_to_release(self) -> list[str]:
        """Return what `dvc repro` left otherwise than the last commit has it, and what the release rests on."""
        changed = {line[3:] for line in self.run("git", "status", "--porcelain").splitlines()} - {"dvc.lock"}
        told = [file for file in sorted(changed) if not re.match(rf"reports/(plots/)?({'|'.join(INFORMING)})\b", file)]
        yaml = YAML(typ="safe")
        recorded = yaml.load(self.run("git", "show", "HEAD:dvc.lock"))["stages"]
        made = yaml.load((self.top / "dvc.lock").read_text("utf-8"))["stages"]
        settled = [stage for stage in template_stages() if stage not in INFORMING]
        return told + [f"dvc.lock: {stage}" for stage in settled if made.get(stage) != recorded.get(stage)]

    def stages(self, names: Sequence[str] = STAGES) -> None:
        """Run stages one after the other in one process, without DVC: saves the imports."""
        calls = "; ".join(f"one('{name}')" for name in names)
        code = (
            "import importlib; from golgoru import shell\n"
            "def one(name):\n"
            "    transform = importlib.import_module(f'stages.{name}').transform\n"
            "    arguments = shell.read_arguments(name, transform)\n"
            "    outputs = transform(**arguments)._asdict()\n"
            "    shell.check_outputs(outputs, arguments)\n"
            "    shell.write_outputs(name, outputs)\n"
        )
        self.run(sys.executable, "-c", code + calls)


def of_working_tree(top: Path, home: Path, hash_seed: str = "0") -> Clone:
    """Return a repository with every file that git would commit here, and what is frozen in its frozen state."""
    copy_working_tree(top)
    clone = Clone(top, home, hash_seed)
    clone.run("git", "init", "-q", "-b", "main")
    clone.commit("as it is")
    return clone


def copy_working_tree(top: Path) -> None:
    """Write into a folder every file that git would commit here, and what is frozen in its frozen state."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=TOP, capture_output=True, check=True
    )
    names = {file.relative_to(FROZEN).as_posix() for file in files_below(FROZEN)}
    for name in sorted(names | set(filter(None, os.fsdecode(listed.stdout).split("\0")))):
        source, target = source_of(name), top / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    drop_added_stages(top)


def of(origin: Clone, top: Path) -> Clone:
    """Return a git clone of a clone, with the same HOME."""
    subprocess.run(["git", "clone", "-q", str(origin.top), str(top)], env=origin.env, check=True)
    return Clone(top, Path(origin.env["HOME"]))
