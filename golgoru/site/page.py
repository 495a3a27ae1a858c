"""Pages for people: a template, other people's text that stays text, and pictures that stand in the page itself.

A page is one file. It runs no script and loads nothing, so that it can be opened from a disk or sent by mail.
"""

import base64
import io
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from golgoru.core import parallel
from golgoru.core.text import markup_safe
from golgoru.images.thumbnails import open_verified

STYLE_SHEET = Path(__file__).with_name("page.css")
MAX_ROWS = 200  # of a table
MAX_SIDE = 96  # pixels of the longer side at most
# Icons and tiny scans are drawn larger than they are, where the traces of JPEG would show.
_TINY = 48
_QUALITY = 85


def render_page(template: Path, content: Mapping[str, Any]) -> bytes:
    """Return a page. The template may include page.css, and must name nothing that `content` has not."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415  (slow to import)

    environment = Environment(
        loader=FileSystemLoader([template.parent, STYLE_SHEET.parent]), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template(template.name).render(content).encode()


def first_rows(table: pd.DataFrame, by: list[str], ascending: bool | list[bool] = True) -> list[dict[str, Any]]:
    """Return the first rows in an order, nulls as None, texts that can be printed."""
    return printable_rows(table.sort_values(by, ascending=ascending).head(MAX_ROWS))


def printable_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as they stand, nulls as None, texts that can be printed."""
    return [{str(key): _plain(value) for key, value in row.items()} for row in table.to_dict("records")]


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return markup_safe(value)
    return None if value is None or (not isinstance(value, (list, tuple)) and pd.isna(value)) else value


def picture_uris(wanted: Iterable[tuple[str, str]], side: int = MAX_SIDE) -> dict[str, str]:
    """Return pictures, given as (image, content), as data URIs by image.

    Raises UserError where a file is no longer the one that fingerprint saw.
    """
    once = sorted(set(wanted))
    made = parallel.map_ordered(partial(_inlined, side), once, "drawing")
    return {image: uri for (image, _), uri in zip(once, made, strict=True)}


def _inlined(side: int, picture: tuple[str, str]) -> str:
    return data_uri(open_verified(*picture), side)


def data_uri(shown: Image.Image, side: int) -> str:
    """Return a picture with a longer side of at most `side` pixels as a data URI."""
    shown = shown.copy()
    shown.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=None)
    file = io.BytesIO()
    if max(shown.size) <= _TINY:
        shown.save(file, "PNG", compress_level=9)
        return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
    shown.save(file, "JPEG", quality=_QUALITY, subsampling=0)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
