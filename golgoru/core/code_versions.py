"""What results depend on beside data and settings: the code of golgoru, and the versions of what it computes with."""

import hashlib
import platform
from functools import cache
from importlib import metadata
from pathlib import Path

_TOP = Path(__file__).parents[1]
_LIBRARIES = ("numpy", "pandas", "pillow", "pyarrow", "scikit-learn", "scipy", "simplejpeg", "dask", "distributed")


@cache
def code_versions() -> dict[str, str]:
    """Return the versions, by name, as they are when this process first asks: code that changes later is not loaded."""
    try:
        libraries = {library: metadata.version(library) for library in _LIBRARIES}
    except metadata.PackageNotFoundError as error:
        libraries = {str(error.name): "missing"}
    return {
        "golgoru": code_digest(_TOP),
        "Python": platform.python_version(),
        "processor": platform.machine(),  # the last digits of floating-point numbers differ between families
        **libraries,
    }


def code_digest(top: Path) -> str:
    """Return a digest of the Python files below a folder."""
    digest = hashlib.md5(usedforsecurity=False)
    for file in sorted(top.rglob("*.py")):
        source = file.read_bytes()
        digest.update(f"{file.relative_to(top).as_posix()}:{len(source)}:".encode() + source)
    return digest.hexdigest()[:12]
