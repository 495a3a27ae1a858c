"""Which files are images, and the files of a delivery."""

from pathlib import Path
from typing import NamedTuple

# A name that ends in one of these is a whole file name: `a.png` never means the picture `a.png.jpg`.
PICTURE_SUFFIXES = (
    ".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".mpo", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff",
    ".webp",
)  # fmt: skip


PICTURES = (
    ".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".mpo", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff",
    ".webp",
)  # fmt: skip


class SourceFile(NamedTuple):
    """One file: its POSIX path below the folder that was named, and where it lies."""

    name: str
    path: Path


def is_picture(file: SourceFile) -> bool:
    """Say whether a file has the suffix of a picture."""
    return file.path.suffix.lower() in PICTURES
