"""Files that may hold labels or pictures: their names, and how they begin."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from golgoru.core.errors import UserError

PICTURE_SUFFIXES = (
    ".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".mpo", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff",
    ".webp",
)  # fmt: skip
# Detection reads the first bytes of the first files of a suffix: enough to tell formats apart, and quick on any number.
_BYTES_READ = 65_536
_FILES_READ = 20


class SourceFile(NamedTuple):
    """One file: its POSIX path below the folder that was named, and where it lies."""

    name: str
    path: Path


def is_picture(file: SourceFile) -> bool:
    """Return whether a file has the suffix of a picture."""
    return file.path.suffix.lower() in PICTURE_SUFFIXES


def files_with_suffix(files: Iterable[SourceFile], suffixes: Sequence[str]) -> list[SourceFile]:
    """Return the files that end in one of the suffixes."""
    return [file for file in files if file.path.suffix.lower() in suffixes]


def first_bytes(files: Sequence[SourceFile]) -> list[tuple[SourceFile, bytes]]:
    """Return the first files, each with its first bytes. Raises UserError where one cannot be read."""
    return [(file, _first_bytes(file.path)) for file in files[:_FILES_READ]]


def first_texts(files: Sequence[SourceFile]) -> list[tuple[SourceFile, str]]:
    """Return the first files, each with its first characters, without byte order mark and empty lines."""
    return [(file, content.decode("utf-8-sig", "replace").lstrip("\r\n")) for file, content in first_bytes(files)]


def detect_by_suffix(files: Sequence[SourceFile], suffixes: Sequence[str]) -> str | None:
    """Return how many files have one of the suffixes, or None. For suffixes that belong to one format alone."""
    matching = files_with_suffix(files, suffixes)
    return f"{len(matching):,} files such as {matching[0].name}" if matching else None


def _first_bytes(file: Path) -> bytes:
    try:
        with file.open("rb") as content:
            return content.read(_BYTES_READ)
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror}") from None
