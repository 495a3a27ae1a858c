"""Whether settings and stages are as they were when `dataset check` last found nothing wrong with them.

Importing every stage and following its imports is most of the work of a check, and most checks follow an edit of data
or guideline. What is remembered is a digest in .cache/; no result depends on it.
"""

import contextlib
import hashlib
import sys
from pathlib import Path

from golgoru.core import paths
from golgoru.core.cache import CACHE_FOLDER
from golgoru.core.files import write_bytes

_FILE = CACHE_FOLDER / "checked-code"
_LOCK = Path("uv.lock")


def code_digest() -> str:
    """Return a digest of all that the checks of settings and wiring read."""
    digest = hashlib.md5(sys.version.encode(), usedforsecurity=False)
    code = [file for folder in ("stages", "golgoru") for file in Path(folder).rglob("*.py")]
    for file in sorted([*code, paths.DVC, paths.PARAMS, _LOCK]):
        content = file.read_bytes() if file.is_file() else b"-"
        digest.update(f"{file.as_posix()} {len(content)}\n".encode() + content)
    # A delivery without a pointer is the output of a stage.
    for file in sorted(paths.DELIVERIES.glob("*.*")):
        digest.update(f"{file.name}\n".encode())
    return digest.hexdigest()


def is_known_good(digest: str) -> bool:
    """Say whether the last check of the same code and settings found nothing."""
    with contextlib.suppress(OSError):
        return _FILE.read_text("ascii", errors="replace") == digest
    return False


def remember_good(digest: str) -> None:
    """Remember that nothing was found; where that cannot be written, the next check looks again."""
    with contextlib.suppress(OSError):
        write_bytes(_FILE, digest.encode())
