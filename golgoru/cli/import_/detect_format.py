"""`--format auto`: what a source is, by looking at it; never a guess between two answers."""

import csv
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from golgoru.cli.import_.source_files import list_files
from golgoru.core.errors import UserError
from golgoru.formats.files import SourceFile, is_picture

FORMATS = ("csv", "jsonl", "parquet", "folders", "voc", "icdar", "images")
_ICDAR = re.compile(r"\s*-?\d+(\.\d+)?(\s*,\s*-?\d+(\.\d+)?){7},")
_HEAD = 65_536  # bytes of a file that are looked at
_ENOUGH = 20  # files of one suffix that are looked at


class DetectedFormat(NamedTuple):
    """A format, and what it was recognised by."""

    format: str
    by: str


def detect_format(source: Path, task: str) -> DetectedFormat:
    """Return the format of what lies at `source`. Raises UserError where it could be none or several."""
    files = list_files(source)
    found = [seen for look in _LOOKS if (seen := look(files)) is not None]
    if len(found) > 1:
        candidates = "; ".join(f"{one.format}: {one.by}" for one in found)
        raise UserError(
            f"{source}: could be several formats ({candidates}); say which with --format, or name a part of it"
        )
    if found:
        return found[0]
    pictures = [file for file in files if is_picture(file)]
    if pictures and task == "classification":
        return _folders_or_images(source, pictures)
    if pictures:
        return DetectedFormat("images", f"{len(pictures):,} pictures and no labels")
    raise UserError(f"{source}: not recognised; say what it is with --format, one of {', '.join(FORMATS)}")


def _folders_or_images(source: Path, pictures: Sequence[SourceFile]) -> DetectedFormat:
    tops = {file.name.split("/")[0] for file in pictures if "/" in file.name}
    flat = [file for file in pictures if "/" not in file.name]
    if not tops:
        return DetectedFormat("images", f"{len(pictures):,} pictures and no labels")
    if not flat and len(tops) > 1:
        return DetectedFormat("folders", f"every picture lies in one of {len(tops):,} folders")
    raise UserError(
        f"{source}: pictures in folders, but the folders need not be classes; say --format folders where they are, "
        "--format images where they are not"
    )


def _voc(files: Sequence[SourceFile]) -> DetectedFormat | None:
    xml = [file for file in files if file.path.suffix.lower() == ".xml"]
    if any(re.search(rb"<annotation[\s>]", _head(file.path)) for file in xml[:_ENOUGH]):
        return DetectedFormat("voc", f"{len(xml):,} XML files with the root <annotation>")
    return None


def _icdar(files: Sequence[SourceFile]) -> DetectedFormat | None:
    texts = [file for file in files if file.path.suffix.lower() in (".txt", ".csv")]
    shaped = [file for file in texts[:_ENOUGH] if _ICDAR.match(_text(file.path))]
    if shaped:
        return DetectedFormat("icdar", f"lines of eight numbers and a text, as in {shaped[0].name}")
    return None


def _csv(files: Sequence[SourceFile]) -> DetectedFormat | None:
    tables = [file for file in files if file.path.suffix.lower() in (".csv", ".tsv")]
    for file in tables[:_ENOUGH]:
        text = _text(file.path)
        line = text.split("\n", 1)[0].strip()
        header = next(csv.reader([line], delimiter="\t" if file.path.suffix.lower() == ".tsv" else ","), [])
        if len(header) > 1 and not _ICDAR.match(text):
            return DetectedFormat("csv", f"the header of {file.name}: {line:.80}")
    return None


def _by_suffix(format_: str, *suffixes: str) -> Callable[[Sequence[SourceFile]], DetectedFormat | None]:
    def look(files: Sequence[SourceFile]) -> DetectedFormat | None:
        found = [file for file in files if file.path.suffix.lower() in suffixes]
        return DetectedFormat(format_, f"{len(found):,} files such as {found[0].name}") if found else None

    return look


_LOOKS = (_voc, _icdar, _csv, _by_suffix("jsonl", ".jsonl", ".ndjson"), _by_suffix("parquet", ".parquet"))


def _text(file: Path) -> str:
    return _head(file).decode("utf-8-sig", "replace").lstrip("\r\n")


def _head(file: Path) -> bytes:
    try:
        with file.open("rb") as content:
            return content.read(_HEAD)
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror}") from None
