"""What results depend on beside data and settings: the code of golgoru, its lock, and what it computes with."""

import hashlib
import platform
from functools import cache
from importlib import metadata
from pathlib import Path

_TOP = Path(__file__).parents[1]
_LOCK = _TOP.parent / "uv.lock"
_LIBRARIES = ("numpy", "pandas", "pillow", "pyarrow", "scikit-learn", "scipy", "simplejpeg", "dask", "distributed")


def code_versions() -> dict[str, str]:
    """Return the versions of this process, by name.

    Code that was replaced since this process first asked is named so: some modules of the old one may be loaded.
    """
    loaded, now = _first_digest(), code_digest(_TOP)
    return {
        "golgoru": now if now == loaded else f"{loaded}, replaced by {now} while running,",
        "uv.lock": hashlib.sha256(_LOCK.read_bytes()).hexdigest()[:12] if _LOCK.exists() else "missing",
        "Python": platform.python_version(),
        "processor": platform.machine(),  # the last digits of floating-point numbers differ between families
        **{library: _library_version(library) for library in _LIBRARIES},
    }


def version_differences(here: dict[str, str], there: dict[str, str]) -> str:
    """Return which versions differ, as a text; an empty one where none does."""
    names = sorted(name for name in here.keys() | there.keys() if here.get(name) != there.get(name))
    return ", ".join(f"{name} {there.get(name, 'missing')} instead of {here.get(name, 'missing')}" for name in names)


def code_digest(top: Path) -> str:
    """Return a digest (12 hexadecimal digits) of the Python files below a folder, their names included."""
    digest = hashlib.sha256()
    for file in sorted(top.rglob("*.py")):
        source = file.read_bytes()
        digest.update(f"{file.relative_to(top).as_posix()}:{len(source)}:".encode() + source)
    return digest.hexdigest()[:12]


@cache
def _first_digest() -> str:
    return code_digest(_TOP)


def _library_version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "missing"
