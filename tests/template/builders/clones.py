"""Clones of this repository in folders of their own, with an empty HOME, as a new user has them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

TOP = Path(__file__).parents[3]
STAGES = (
    "fingerprint", "ingest", "validate", "dedup", "consolidate", "annotators", "cases", "split",
    "rebalance", "release", "predict", "audit", "select", "evaluate", "report",
)  # fmt: skip


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

    def stages(self, names: Sequence[str] = STAGES) -> None:
        """Run stages one after the other in one process, without DVC: saves the imports."""
        calls = "; ".join(f"one('{name}')" for name in names)
        code = (
            "import importlib; from golgoru import shell\n"
            "def one(name):\n"
            "    transform = importlib.import_module(f'stages.{name}').transform\n"
            "    shell.write(name, transform(**shell.read(name, transform))._asdict())\n"
        )
        self.run(sys.executable, "-c", code + calls)


def of_working_tree(top: Path, home: Path, hash_seed: str = "0") -> Clone:
    """Return a repository with every file that git would commit here."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=TOP, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        source, target = TOP / name, top / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    clone = Clone(top, home, hash_seed)
    clone.run("git", "init", "-q", "-b", "main")
    clone.commit("as it is")
    return clone


def of(origin: Clone, top: Path) -> Clone:
    """Return a git clone of a clone, with the same HOME."""
    subprocess.run(["git", "clone", "-q", str(origin.top), str(top)], env=origin.env, check=True)
    return Clone(top, Path(origin.env["HOME"]))
