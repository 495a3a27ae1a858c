"""Pages for people: a template, other people's text that stays text, and pictures that stand in the page itself.

A page is one file. It runs no script and loads nothing, so that it can be opened from a disk or sent by mail.
"""

import base64
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from stages.lib.thumbnails import open_as_seen

STYLE = Path(__file__).with_name("page.css")
SIDE = 96  # pixels of the longer side at most
# Icons and tiny scans are drawn larger than they are, where the traces of JPEG would show.
_TINY = 48
_QUALITY = 85


def render(template: Path, content: Mapping[str, Any]) -> bytes:
    """Return a page. The template may include page.css, and must name nothing that `content` has not."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415  (slow to import)

    environment = Environment(
        loader=FileSystemLoader([template.parent, STYLE.parent]), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template(template.name).render(content).encode()


def inlined(picture: tuple[str, str]) -> str:
    """Return a picture, given as (image, content), as a small data URI.

    Raises UserError where the file is no longer the one that fingerprint saw.
    """
    return data_uri(open_as_seen(*picture), SIDE)


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
