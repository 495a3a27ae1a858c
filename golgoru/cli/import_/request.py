"""What `dataset import` was asked for: its options as read from the command line, and which of them fit together."""

import math
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from golgoru.core.errors import UserError
from golgoru.core.text import is_text


class Request(NamedTuple):
    """The options. `None` and empty mean: not given."""

    source: Path
    format: str
    name: str
    images: Path | None = None
    metadata: Path | None = None
    annotator: str | None = None
    words_from: str | None = None
    guideline: str | None = None
    day: date | None = None
    boxes: str | None = None
    columns: Mapping[str, str] = MappingProxyType({})
    classes: Mapping[str, str] = MappingProxyType({})
    label: str | None = None
    shift: tuple[float, float] | None = None
    licence: str | None = None
    group: str | None = None


def check_request(request: Request) -> None:
    """Raise UserError for paths that are not there and for options that would have no effect."""
    for option, value in (("--as", request.name), *_given_texts(request)):
        if not is_text(value):
            raise UserError(f"{option}: not UTF-8 text; give it in another way")
    if not request.source.exists():
        raise UserError(f"{request.source}: not there; expected a file or folder")
    if request.images is not None and not request.images.is_dir():
        raise UserError(f"--images: {request.images}: expected a folder of pictures")
    if request.metadata is not None and not request.metadata.is_file():
        raise UserError(f"--metadata: {request.metadata}: expected a CSV file with the column 'image'")
    about_labels = {
        "--annotator": request.annotator,
        "--source": request.words_from,
        "--guideline": request.guideline,
        "--boxes": request.boxes,
        "--column": request.columns,
        "--class": request.classes,
        "--label": request.label,
        "--shift": request.shift,
    }
    if request.format == "images" and (useless := [name for name, value in about_labels.items() if value]):
        raise UserError(
            f"{', '.join(useless)}: about labels, but --format images brings none; leave out, or see --format"
        )
    if request.format in ("images", "folders") and request.images is not None:
        raise UserError(f"--images: with --format {request.format} the pictures are SRC itself; leave the option out")
    if request.format == "voc" and request.boxes is None:
        raise UserError(
            "--boxes is missing: half of the tools that write Pascal VOC count pixels from 1, half do not, and nothing"
            " in the file tells. Where xmin and xmax of a box over a whole picture 640 wide would be 1 and 640, say"
            " pixels-from-1 (as the VOC data sets do); 0 and 639, pixels-from-0; 0 and 640, edges"
        )


def parse_pairs(option: str, given: list[str], last: bool = False) -> dict[str, str]:
    """Return `left=right` options as a mapping; with `last`, the last equals sign divides."""
    found: dict[str, str] = {}
    for text in given:
        left, sign, right = text.rpartition("=") if last else text.partition("=")
        if not (left and sign and right):
            raise UserError(f"{option}: '{text}': expected two names with '=' between them")
        if left in found:
            raise UserError(f"{option}: '{left}' is given twice")
        found[left] = right
    return found


def parse_shift(text: str | None) -> tuple[float, float] | None:
    """Return `X,Y` as two numbers."""
    if text is None:
        return None
    try:
        right, down = (float(part) for part in text.split(","))
    except ValueError:
        right = down = math.nan
    if not (math.isfinite(right) and math.isfinite(down)):
        raise UserError(f"--shift: '{text}': expected two numbers X,Y: pixels to the right and down, such as -1,-1")
    return right, down


def _given_texts(request: Request) -> list[tuple[str, str]]:
    """Return what stands in the descriptions as it was given, with its option."""
    single = {
        "--annotator": request.annotator,
        "--guideline": request.guideline,
        "--label": request.label,
        "--licence": request.licence,
        "--group": request.group,
    }
    pairs = {"--column": request.columns, "--class": request.classes}
    mapped = [(option, text) for option, pair in pairs.items() for both in pair.items() for text in both]
    return [(option, value) for option, value in single.items() if value is not None] + mapped
