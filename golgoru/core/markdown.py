"""Markdown from other people's text: tables and numbers, and text that stays text."""

import re
from collections.abc import Sequence
from html import escape

from golgoru.core.text import markup_safe

DASH = "–"

# Signs of GitHub's Markdown inside a line; a colon only where it could begin a link or an emoji.
_SIGNS = re.compile(r"[\\`*_\[\]|~$]|:(?=\S)|(?<=www)\.")
_AT_THE_START = re.compile(r"^(?=[#+=-])|^(\d+)(?=[.)](?:\s|$))")
_WEB_ADDRESS = re.compile(r"https?://[!#-;=?-Z_a-z~]+")  # no spaces, quotes, brackets, bars or letters beyond ASCII


def escape_markdown(text: str) -> str:
    """Return `text` as one line of Markdown that shows exactly it: no links, no HTML, no table cells of its own."""
    line = " ".join(markup_safe(text).split())
    line = _SIGNS.sub(lambda sign: "\\" + sign.group(), line)
    line = _AT_THE_START.sub(lambda start: f"{start.group(1) or ''}\\", line)
    return escape(line, quote=False)


def markdown_link(url: str, text: str) -> str:
    """Return a link, or the text alone where `url` is no plain web address."""
    return f"[{escape_markdown(text)}](<{url}>)" if _WEB_ADDRESS.fullmatch(url) else escape_markdown(text)


def format_integer(value: int) -> str:
    """Return an integer with separators: 1,234,567."""
    return f"{value:,}"


def format_count(value: int, noun: str) -> str:
    """Return a number of things: 1 image, 2,000 images."""
    return f"{format_integer(value)} {noun}{'' if value == 1 else 's'}"


def format_share(part: int, whole: int) -> str:
    """Return a share with one decimal; a dash where there is no whole."""
    return f"{100 * part / whole:.1f} %" if whole else DASH


def table(header: Sequence[str], rows: Sequence[Sequence[str]], numbers_from: int | None = None) -> str:
    """Return a Markdown table of cells that are Markdown already; columns from `numbers_from` on stand right."""
    rule = ["---:" if numbers_from is not None and i >= numbers_from else "---" for i in range(len(header))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *rows))


def listed(names: Sequence[str], most: int = 10) -> str:
    """Return names in one line, escaped, the first `most` of them and how many more there are."""
    shown = ", ".join(escape_markdown(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {format_integer(len(names) - most)} more"
