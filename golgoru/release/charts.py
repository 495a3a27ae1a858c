"""Bar charts of a release as SVG, written by hand.

A release must be byte-identical on every machine, but chart libraries measure text with the fonts that a machine
happens to have. So no text is measured here: names are cut at a number of columns, and numbers have their own column.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

import pandas as pd

from golgoru.core.dataset import SPLITS
from golgoru.core.text import markup_safe, shorten
from golgoru.guideline.classes import Classes
from golgoru.release.manifest import objects_by_class
from golgoru.tables import coded

CLASSES, IMAGES, IMAGE_FATES, ANNOTATION_FATES = (
    f"charts/{name}.svg" for name in ("classes", "images", "image-fates", "annotation-fates")
)

# Okabe and Ito's colours (2008), distinct for people with any kind of colour blindness.
_COLOURS = ("#0072b2", "#e69f00", "#009e73")
_MAX_ROWS = 30
_NAME_COLUMNS = 24
_WIDTH, _NAME_END, _BAR_START, _BAR_END, _NUMBER_END = 760, 214, 224, 610, 688
_TOP, _ROW, _BAR = 46, 24, 14
_LEGEND_STEP = 90


class Bar(NamedTuple):
    """One bar: its name, and one number per series, drawn end to end."""

    name: str
    values: tuple[int, ...]


def draw_charts(classes: Classes, tables: Mapping[str, pd.DataFrame]) -> dict[str, bytes]:
    """Return the charts of a release by file name."""
    by_class = objects_by_class(classes, tables)
    by_split = tables["release/images"]["split"].value_counts()
    ledger = tables["release/ledger"]
    is_image = ledger["kind"] == "image"
    return {
        CLASSES: bar_chart("Objects per class", _by_size(by_class), SPLITS),
        IMAGES: bar_chart("Images per split", [Bar(split, (int(by_split.get(split, 0)),)) for split in SPLITS]),
        IMAGE_FATES: bar_chart("Fates of the raw images", _fates(ledger.loc[is_image, "fate"])),
        ANNOTATION_FATES: bar_chart("Fates of annotations and rejects", _fates(ledger.loc[~is_image, "fate"])),
    }


def bar_chart(title: str, rows: Sequence[Bar], series: Sequence[str] = ("",)) -> bytes:
    """Return horizontal bars, stacked by `series`, with each bar's sum and its share of all, as an SVG file.

    At most 30 bars are drawn; one more row sums up the rest, so that the numbers still add up.
    """
    shown = [*rows[:_MAX_ROWS]]
    if len(rows) > _MAX_ROWS:
        rest = rows[_MAX_ROWS:]
        shown.append(Bar(f"{len(rest):,} more", tuple(map(sum, zip(*(row.values for row in rest), strict=True)))))
    total = sum(sum(row.values) for row in shown)
    # The row of the rest has no bar: its bar would make the single rows look small.
    largest = max((sum(row.values) for row in shown[:_MAX_ROWS]), default=0)
    top = _TOP + (24 if len(series) > 1 else 0)
    height = top + _ROW * max(len(shown), 1) + 12
    body = [_text(16, 28, title, 'font-size="15" font-weight="600"')]
    body += _legend(series) if len(series) > 1 else []
    for position, row in enumerate(shown):
        scale = (_BAR_END - _BAR_START) / largest if largest and position < _MAX_ROWS else 0.0
        body += _row(row, top + position * _ROW, scale, total)
    if not shown:
        body.append(_text(16, top + _BAR, "nothing to count", 'fill="#59636e"'))
    return "\n".join([*_head(title, height), *body, "</svg>", ""]).encode()


def _by_size(frame: pd.DataFrame) -> list[Bar]:
    """Return rows by falling sum; equal sums keep their order."""
    order = frame.sum(axis=1).sort_values(ascending=False, kind="stable").index
    values = frame.loc[order].to_numpy().tolist()
    return [Bar(str(name), tuple(numbers)) for name, numbers in zip(order, values, strict=True)]


def _fates(fate: pd.Series) -> list[Bar]:
    return _by_size(coded.counts(fate).sort_index().to_frame())


def _head(title: str, height: int) -> list[str]:
    # A page embeds an SVG as an image, and cannot tell it whether the page is dark: it has its own background.
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}" '
        'role="img" font-family="system-ui, sans-serif" font-size="12" fill="#1f2328">',
        f"<title>{_xml(title)}</title>",
        f'<rect x="0.5" y="0.5" width="{_WIDTH - 1}" height="{height - 1}" rx="6" fill="#ffffff" stroke="#d1d9e0"/>',
    ]


def _legend(series: Sequence[str]) -> list[str]:
    marks = []
    for position, name in enumerate(series):
        x = _BAR_START + position * _LEGEND_STEP
        marks.append(f'<rect x="{x}" y="{_TOP - 4}" width="12" height="12" rx="2" fill="{_COLOURS[position]}"/>')
        marks.append(_text(x + 18, _TOP + 6, name))
    return marks


def _row(row: Bar, y: int, scale: float, total: int) -> list[str]:
    baseline = y + _BAR - 3
    full, name = markup_safe(row.name), shorten(markup_safe(row.name), _NAME_COLUMNS)
    parts = [_text(_NAME_END, baseline, name, 'text-anchor="end"', full if full != name else "")]
    x = float(_BAR_START)
    for value, colour in zip(row.values, _COLOURS, strict=False):
        width = value * scale
        if width > 0:
            # One of a million is still visible: no bar is thinner than half a pixel.
            parts.append(
                f'<rect x="{x:.1f}" y="{y}" width="{max(width - 1, 0.5):.1f}" height="{_BAR}" fill="{colour}"/>'
            )
        x += width
    count = sum(row.values)
    parts.append(_text(_NUMBER_END, baseline, f"{count:,}", 'text-anchor="end" font-weight="600"'))
    if total:
        share = f"{100 * count / total:.1f} %"
        parts.append(_text(_WIDTH - 16, baseline, share, 'text-anchor="end" fill="#59636e"'))
    return parts


def _text(x: int, y: int, text: str, attributes: str = "", tooltip: str = "") -> str:
    inner = _xml(text) + (f"<title>{_xml(tooltip)}</title>" if tooltip else "")
    return f'<text x="{x}" y="{y}"{" " if attributes else ""}{attributes}>{inner}</text>'


def _xml(text: str) -> str:
    return escape(markup_safe(text))
