"""ICDAR-style text boxes: one file per picture, one line per box: x1,y1,x2,y2,x3,y3,x4,y4,text.

The text is all that stands behind the eighth comma, unquoted and unchanged. An empty file says that the
picture was looked at and holds no text.
"""

from pathlib import Path

from golgoru.core.csv_table import Reject, read_text
from golgoru.formats.payload import Payload, read_each_file, rows_frame
from golgoru.raw.batches import Batch

SUFFIXES = (".txt", ".csv")
_NUMBERS = 8


def read(batch: Batch, images: list[str]) -> Payload:
    """Return the boxes of every file of the payload; a file `019.csv` speaks of the picture named 019."""
    del images  # the file names name them
    return read_each_file(batch.payload, SUFFIXES, read_file)


def read_file(name: str, path: Path) -> Payload:
    """Return one file's boxes. Raises ValueError where it is not UTF-8."""
    folder, slash, base = name.rsplit(".", 1)[0].rpartition("/")
    image = folder + slash + base.removeprefix("gt_")
    rows, rejects = [], []
    # Split at line feeds alone: other separators that str.splitlines knows may stand in a text.
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
    return Payload(rows_frame(rows), rejects)
