"""ICDAR-style text boxes: one file per picture, one line per box: x1,y1,x2,y2,x3,y3,x4,y4,text.

The text is everything behind the eighth comma, unquoted and unchanged. An empty file says that the
picture was looked at and holds no text.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from golgoru.core.csv_table import Reject, read_text
from golgoru.formats.files import SourceFile, files_with_suffix, first_texts
from golgoru.formats.payload import FileRows, Payload, read_each_file
from golgoru.formats.record import Format, PayloadSettings

_SUFFIXES = (".txt", ".csv")
_NUMBERS = 8
_FIRST_LINE = re.compile(r"\s*-?\d+(\.\d+)?(\s*,\s*-?\d+(\.\d+)?){7},")


def is_icdar(text: str) -> bool:
    """Return whether a text begins with a line of eight numbers and a text."""
    return _FIRST_LINE.match(text) is not None


def detect(files: Sequence[SourceFile]) -> str | None:
    """Return the first file whose first line is a box."""
    for file, text in first_texts(files_with_suffix(files, _SUFFIXES)):
        if is_icdar(text):
            return f"lines of eight numbers and a text, as in {file.name}"
    return None


def read(payload: Path, settings: PayloadSettings, images: Sequence[str]) -> Iterator[Payload]:
    """Yield the boxes of every file of the payload; a file `019.csv` is about the picture named 019."""
    del settings, images  # the names of the files name the pictures
    return read_each_file(payload, _SUFFIXES, read_file)


def read_file(name: str, path: Path) -> FileRows:
    """Return one file's boxes. Raises ValueError where it is not UTF-8."""
    folder, slash, base = name.rsplit(".", 1)[0].rpartition("/")
    image = folder + slash + base.removeprefix("gt_")
    rows, rejects = [], []
    # Split at line feeds alone: a text may contain the other separators that str.splitlines knows.
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        content = line.rstrip("\r")
        if not content.strip():
            continue
        parts = content.split(",", _NUMBERS)
        if len(parts) <= _NUMBERS:
            error = f"expected {_NUMBERS} numbers and a text, found {len(parts)} values: {content:.60}"
            rejects.append(Reject(name, number, content, error))
            continue
        rows.append(
            {"file": name, "line": number, "image": image, "polygon": parts[:_NUMBERS], "text": parts[_NUMBERS]}
        )
    if not rows and not rejects:
        rows.append({"file": name, "line": None, "image": image, "kind": "empty"})
    return FileRows(rows, rejects)


FORMAT = Format(
    "icdar",
    _SUFFIXES,
    detect,
    read,
    allowed_keys=("label", "shift"),
    cannot_hold=("classes", "outlines of more or fewer than four corners", "attributes", "annotators", "ids"),
)
