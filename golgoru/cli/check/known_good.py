"""Whether code, settings, or pictures and labels on disk are as they were when `dataset check` last found them good.

Importing every stage and following its imports, and asking DVC about every file, is most of the work of a check, and
most checks follow an edit of the guideline. What is remembered are digests in .cache/; no result depends on them.
"""

import contextlib
import hashlib
import os
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from golgoru.core import paths
from golgoru.core.cache import CACHE_FOLDER
from golgoru.core.errors import UserError
from golgoru.core.files import write_bytes
from golgoru.core.yaml_models import parse_yaml
from golgoru.images.unchanged_files import CLOCK_TICK, file_stamp

CODE, POINTERS = "code", "pointers"
_LOCK = Path("uv.lock")
# What else DVC's answer depends on.
_DVC_SETTINGS = (Path(".dvc/config"), Path(".dvc/config.local"), Path(".dvcignore"))


def code_digest() -> str:
    """Return a digest of all that the checks of settings and wiring read."""
    code = [file for folder in ("stages", "golgoru") for file in Path(folder).rglob("*.py")]
    digest = _content_digest(sorted([*code, paths.DVC, paths.PARAMS, _LOCK]))
    # A delivery without a pointer is the output of a stage.
    for file in sorted(paths.DELIVERIES.glob("*.*")):
        digest.update(f"{file.name}\n".encode())
    return digest.hexdigest()


def pointers_digest(pointers: Iterable[Path]) -> str | None:
    """Return a digest of pointers and of the stamps of their files; None where DVC must be asked each time.

    That is so for pointers of anything but one output under data/raw, and where a file is so young that it may change
    once more without another stamp.
    """
    pointers = sorted(pointers)
    digest = _content_digest([*pointers, *_DVC_SETTINGS])
    youngest = time.time_ns() - CLOCK_TICK
    try:
        for pointer in pointers:
            for name, stat in _files_of(pointer):
                if max(stat.st_mtime_ns, stat.st_ctime_ns) >= youngest:
                    return None
                digest.update(f"{len(name)} {name} {file_stamp(stat)}\n".encode(errors="surrogateescape"))
    except (OSError, UserError):
        return None
    return digest.hexdigest()


def _files_of(pointer: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Yield name and stat of each file that a pointer is for. Raises UserError where it is for anything unusual."""
    target = _output(pointer)
    if target.is_file():
        yield target.as_posix(), target.stat()
        return
    folders = [target.as_posix()]
    while folders:
        for entry in sorted(os.scandir(folders.pop()), key=lambda e: e.name):
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
            else:
                yield entry.path, entry.stat()


def _output(pointer: Path) -> Path:
    _, content = parse_yaml(pointer)
    try:
        (out,) = content["outs"]
        target = Path(os.path.normpath(pointer.parent / content.get("wdir", ".") / out["path"]))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise UserError(f"{pointer}: not the pointer of one output") from None
    if not set(content) <= {"wdir", "outs"} or paths.RAW not in target.parents:
        raise UserError(f"{pointer}: not one output under {paths.RAW}")
    return target


def is_known_good(name: str, digest: str) -> bool:
    """Say whether the last check of the same things found nothing."""
    with contextlib.suppress(OSError):
        return _file(name).read_text("ascii", errors="replace") == digest
    return False


def remember_good(name: str, digest: str) -> None:
    """Remember that nothing was found; where that cannot be written, the next check looks again."""
    with contextlib.suppress(OSError):
        write_bytes(_file(name), digest.encode())


def _file(name: str) -> Path:
    return CACHE_FOLDER / f"checked-{name}"


def _content_digest(files: Iterable[Path]) -> "hashlib._Hash":
    digest = hashlib.md5(sys.version.encode(), usedforsecurity=False)
    for file in files:
        content = file.read_bytes() if file.is_file() else b"-"
        digest.update(f"{file.as_posix()} {len(content)}\n".encode() + content)
    return digest
