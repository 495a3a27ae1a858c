"""What the tests of commands share: git as somebody, pictures of noise, the state of a folder."""

import os
import subprocess
from pathlib import Path

import numpy as np
from PIL import Image

TOP = Path(__file__).parents[3]
PAGE = "reports/rulebook.html: the rule book, and how the data comply with it\n"


def git(*arguments: str) -> str:
    """Run git here, as somebody."""
    who = {f"GIT_{role}_{what}": "ada@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, env={**os.environ, **who}, check=True)
    return done.stdout


def picture(file: Path, seed: int) -> Path:
    """Write a small picture of noise."""
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (24, 24, 3), np.uint8)).save(file, "PNG")
    return file


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, git's and DVC's own excepted."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in files
        if path.relative_to(folder).parts[0] not in (".git", ".dvc")
    }
