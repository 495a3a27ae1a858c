"""What is dear to make and the same for many tests: made once in a process, and given to each test as its own.

A folder is copied for each test, files and all, so that no test sees what another one did to it.
"""

import atexit
import contextlib
import copy
import functools
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any


@functools.cache
def _store() -> Path:
    """Return the folder of this process that holds what was made."""
    folder = Path(tempfile.mkdtemp(prefix="golgoru-remembered-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@functools.cache
def _made(make: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Path, Any]:
    """Return the folder that `make` filled as the current one, and what it returned."""
    folder = Path(tempfile.mkdtemp(dir=_store()))
    with contextlib.chdir(folder):
        return folder, make(*arguments)


def copied(target: Path, make: Callable[..., Any], *arguments: Any) -> Any:
    """Give `target` what `make(*arguments)` writes into the current folder; return a copy of what it returned.

    `make` runs once in a process for equal arguments, and depends on nothing else.
    """
    folder, value = _made(make, arguments)
    shutil.copytree(folder, target, symlinks=True, dirs_exist_ok=True)
    return copy.deepcopy(value)
