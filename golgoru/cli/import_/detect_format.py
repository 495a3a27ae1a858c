"""`--format auto`: which format a source has, by what each format recognises; never a guess between two answers."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from golgoru.cli.import_.request import IMAGES
from golgoru.cli.import_.source_files import list_files
from golgoru.core.errors import UserError
from golgoru.formats import FORMAT_NAMES, format_named
from golgoru.formats.files import SourceFile, is_picture


class DetectedFormat(NamedTuple):
    """A format, and by what it was recognised."""

    format: str
    evidence: str


def detect_format(source: Path, task: str) -> DetectedFormat:
    """Return the format of the files at `source`. Raises UserError where it could be none or several."""
    files = list_files(source)
    matches = _detected(files, has_payload=True)
    if len(matches) > 1:
        candidates = "; ".join(f"{match.format}: {match.evidence}" for match in matches)
        raise UserError(
            f"{source}: could be several formats ({candidates}); say which with --format, or name a part of it"
        )
    if matches:
        return matches[0]
    pictures = [file for file in files if is_picture(file)]
    if not pictures:
        choices = ", ".join((*FORMAT_NAMES, IMAGES))
        raise UserError(f"{source}: format not recognised; say what it is with --format, one of {choices}")
    if task == "classification" and any("/" in file.name for file in pictures):
        return _labelled_by_folder(source, pictures)
    return DetectedFormat(IMAGES, f"{len(pictures):,} pictures and no labels")


def _labelled_by_folder(source: Path, pictures: Sequence[SourceFile]) -> DetectedFormat:
    """Return the format whose labels are the pictures' own paths. Raises UserError where the folders may be none."""
    matches = _detected(pictures, has_payload=False)
    if len(matches) != 1:
        raise UserError(
            f"{source}: pictures in folders, but the folders need not be classes; say --format folders where they are,"
            f" --format {IMAGES} where they are not"
        )
    return matches[0]


def _detected(files: Sequence[SourceFile], has_payload: bool) -> list[DetectedFormat]:
    records = [record for record in map(format_named, FORMAT_NAMES) if record.has_payload == has_payload]
    evidence = {record.name: record.detect(files) for record in records}
    return [DetectedFormat(name, reason) for name, reason in evidence.items() if reason is not None]
