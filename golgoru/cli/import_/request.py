"""The options of `dataset import` as read from the command line, and which of them fit together."""

import math
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from golgoru.core.errors import UserError
from golgoru.core.text import is_text
from golgoru.formats import FORMAT_NAMES, format_named
from golgoru.formats.record import FORMAT_KEYS

# What SRC can be, apart from the label formats: pictures without labels; and what detection finds out.
IMAGES, AUTO = "images", "auto"
FORMAT_CHOICES = (AUTO, *FORMAT_NAMES, IMAGES)


class Request(NamedTuple):
    """The options. `None` and empty mean: not given."""

    source: Path
    format: str
    name: str
    images: Path | None = None
    metadata: Path | None = None
    annotator: str | None = None
    annotator_type: str | None = None
    guideline: str | None = None
    day: date | None = None
    boxes: str | None = None
    columns: Mapping[str, str] = MappingProxyType({})
    classes: Mapping[str, str] = MappingProxyType({})
    label: str | None = None
    shift: tuple[float, float] | None = None
    licence: str | None = None
    group: str | None = None
    define_classes: bool = False


def check_request(request: Request) -> None:
    """Raise UserError for paths that do not exist and for options that have no effect."""
    for option, value in (("--as", request.name), *_given_texts(request)):
        if not is_text(value):
            raise UserError(f"{option}: not UTF-8 text; give it in another way")
    if not request.source.exists():
        raise UserError(f"{request.source}: does not exist; expected a file or folder")
    if request.images is not None and not request.images.is_dir():
        raise UserError(f"--images: {request.images}: expected a folder of pictures")
    if request.metadata is not None and not request.metadata.is_file():
        raise UserError(f"--metadata: {request.metadata}: expected a CSV file with the column 'image'")
    if request.images is not None and not has_payload(request):
        raise UserError(f"--images: with --format {request.format} the pictures are SRC itself; leave the option out")
    _check_label_options(request)


def has_labels(request: Request) -> bool:
    """Return whether SRC holds labels, not pictures alone."""
    return request.format != IMAGES


def has_payload(request: Request) -> bool:
    """Return whether SRC holds files of labels, beside the pictures."""
    return has_labels(request) and format_named(request.format).has_payload


def _check_label_options(request: Request) -> None:
    of_format = {"columns": request.columns, "label": request.label, "shift": request.shift, "boxes": request.boxes}
    option_of = {"columns": "--column", "label": "--label", "shift": "--shift", "boxes": "--boxes"}
    if not has_labels(request):
        of_all = {
            "--annotator": request.annotator,
            "--source": request.annotator_type,
            "--guideline": request.guideline,
            "--class": request.classes,
            "--define-classes": request.define_classes,
            **{option_of[key]: of_format[key] for key in FORMAT_KEYS},
        }
        if useless := [option for option, value in of_all.items() if value]:
            raise UserError(
                f"{', '.join(useless)}: about labels, but --format {IMAGES} brings none; leave out, or see --format"
            )
        return
    record = format_named(request.format)
    if useless := [option_of[key] for key in FORMAT_KEYS if of_format[key] and key not in record.allowed_keys]:
        raise UserError(f"{', '.join(useless)}: no effect with --format {request.format}; leave out")
    for key, expected in record.required_keys.items():
        if key in of_format and not of_format[key]:
            raise UserError(f"{option_of[key]} is missing: expected {expected}")


def parse_pairs(option: str, given: list[str], last: bool = False) -> dict[str, str]:
    """Return `left=right` options as a mapping; with `last`, the last equals sign divides."""
    mapping: dict[str, str] = {}
    for text in given:
        left, sign, right = text.rpartition("=") if last else text.partition("=")
        if not (left and sign and right):
            raise UserError(f"{option}: '{text}': expected two names with '=' between them")
        if left in mapping:
            raise UserError(f"{option}: '{left}' is given twice")
        mapping[left] = right
    return mapping


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
    """Return the texts that are written to a description as they were given, each with its option."""
    single = {
        "--annotator": request.annotator,
        "--guideline": request.guideline,
        "--label": request.label,
        "--licence": request.licence,
        "--group": request.group,
    }
    mappings = {"--column": request.columns, "--class": request.classes}
    mapped = [(option, text) for option, mapping in mappings.items() for pair in mapping.items() for text in pair]
    return [(option, value) for option, value in single.items() if value is not None] + mapped
