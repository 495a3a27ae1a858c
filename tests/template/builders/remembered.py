"""What is dear to make and the same for many tests: made once in a run, and given to each test as its own.

All processes of a run share it, and a run begins without it, so that it never outlives the code that made it. Two
processes may make the same at once; the first to end keeps it.
"""

import contextlib
import hashlib
import pickle
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

store = Path()  # a folder of this run: tests/template/conftest.py sets it
_VALUE = "value.pickle"


def copied(target: Path, make: Callable[..., Any], *arguments: Any) -> Any:
    """Give `target` what `make(*arguments)` writes into the current folder, as files of its own; return its value.

    The arguments have a `repr` that says all; `make` depends on nothing else.
    """
    folder = _made(f"{make.__module__}.{make.__qualname__}{arguments}", lambda: make(*arguments))
    shutil.copytree(folder / "files", target, symlinks=True, dirs_exist_ok=True)
    return _read(folder)


def value(key: str, make: Callable[[], Any]) -> Any:
    """Return the value of `make`, remembered by a key that says all that it depends on."""
    return _read(_made(key, make))


def _read(folder: Path) -> Any:
    return pickle.loads((folder / _VALUE).read_bytes())  # noqa: S301  (written below)


def _made(key: str, make: Callable[[], Any]) -> Path:
    """Return the folder with the value of `make` and, below `files/`, what it wrote into the current folder."""
    made = store / hashlib.sha256(key.encode()).hexdigest()[:32]
    if not made.exists():
        store.mkdir(exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=store))
        (scratch / "files").mkdir()
        with contextlib.chdir(scratch / "files"):
            found = make()
        (scratch / _VALUE).write_bytes(pickle.dumps(found))
        try:
            scratch.rename(made)
        except OSError:  # another process was faster
            if not made.exists():
                raise
            shutil.rmtree(scratch)
    return made
