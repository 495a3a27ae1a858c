"""Real data for tests: archives that lie outside the repository. Tests say why they skip where they are absent."""

import os
import zipfile
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[3]


def archive(name: str) -> zipfile.ZipFile:
    """Return an archive of real data, from $GOLGORU_REAL or ../shared/real beside the repository; else skip."""
    folder = Path(os.environ.get("GOLGORU_REAL", TOP.parent / "shared" / "real"))
    if not (folder / name).exists():
        pytest.skip(f"real data {folder / name} is absent; set GOLGORU_REAL to the folder that holds it")
    return zipfile.ZipFile(folder / name)


def pictures(name: str, limit: int | None = None) -> dict[str, bytes]:
    """Return the JPEG files of an archive by base name, the first `limit` by name."""
    with archive(name) as files:
        names = sorted(file for file in files.namelist() if file.endswith(".jpg"))[:limit]
        return {Path(file).name: files.read(file) for file in names}
