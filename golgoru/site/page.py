"""HTML pages: content and template give one file; text from the data is escaped, and pictures are embedded.

A page runs no script and loads nothing, so that it can be opened from a disk or sent by mail.
"""

import base64
import io
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from PIL import Image

from golgoru.core import parallel
from golgoru.core.text import markup_safe
from golgoru.images.thumbnails import open_verified

STYLE_SHEET = Path(__file__).with_name("page.css")
MAX_ROWS = 200  # of a table
MAX_SIDE = 96  # pixels of the longer side
# Icons and tiny scans are drawn larger than they are, where JPEG artefacts would show.
_TINY = 48
_QUALITY = 85


class Page(NamedTuple):
    """What a page shows, by the names that its template uses, and its metrics for reports/report.json."""

    content: Mapping[str, Any]
    metrics: Mapping[str, Any]


def render_page(template: Path, content: Mapping[str, Any]) -> bytes:
    """Return a page as HTML. The template may include page.css; a name that `content` lacks is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415  (slow to import)

    environment = Environment(
        loader=FileSystemLoader([template.parent, STYLE_SHEET.parent]), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template(template.name).render(content).encode()


def first_rows(table: pd.DataFrame, by: list[str], ascending: bool | list[bool] = True) -> list[dict[str, Any]]:
    """Return the first rows in the order of `by`: nulls as None, texts safe for markup."""
    return printable_rows(table.sort_values(by, ascending=ascending).head(MAX_ROWS))


def printable_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows in their order: nulls as None, texts safe for markup."""
    return [{str(key): _printable(value) for key, value in row.items()} for row in table.to_dict("records")]


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return markup_safe(value)
    return None if value is None or (not isinstance(value, (list, tuple)) and pd.isna(value)) else value


def picture_uris(images: Iterable[tuple[str, str]], side: int = MAX_SIDE) -> dict[str, str]:
    """Return data URIs by image, of images given as (image, content).

    Raises UserError where a file has changed since fingerprint read it.
    """
    unique = sorted(set(images))
    uris = parallel.map_ordered(partial(_picture_uri, side), unique, "drawing")
    return {image: uri for (image, _), uri in zip(unique, uris, strict=True)}


def _picture_uri(side: int, image_and_content: tuple[str, str]) -> str:
    return data_uri(open_verified(*image_and_content), side)


def data_uri(picture: Image.Image, side: int) -> str:
    """Return a picture, reduced to a longer side of at most `side` pixels, as a data URI."""
    picture = picture.copy()
    picture.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=None)
    file = io.BytesIO()
    if max(picture.size) <= _TINY:
        picture.save(file, "PNG", compress_level=9)
        return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
    picture.save(file, "JPEG", quality=_QUALITY, subsampling=0)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
