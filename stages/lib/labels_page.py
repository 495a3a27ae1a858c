"""What the page of labels shows: suspects on their pictures, agreement, annotators, noise, and a model's scores."""

from typing import Any, NamedTuple

import pandas as pd

from stages.lib.charts import printable
from stages.lib.page import data_uri
from stages.lib.thumbnails import open_as_seen

MOST_SUSPECTS, MOST_ROWS = 60, 200
_SIDE = 160  # pixels of the longer side at most
_AROUND = 0.75  # of a box, what is shown on each side of it
_LEAST = 48  # pixels of the picture, so that a tiny box is seen where it lies
_BOX = ["x", "y", "width", "height"]


class Wanted(NamedTuple):
    """A picture to show, and the box to draw on it."""

    image: str
    content: str
    box: tuple[float, float, float, float] | None


class Shot(NamedTuple):
    """A data URI, and the box on it in percent: left, top, width, height; None without a box."""

    uri: str
    box: tuple[float, float, float, float] | None


class Suspect(NamedTuple):
    """One card."""

    rank: int
    wanted: Wanted
    name: str
    kind: str
    label: str | None
    proposed: str | None
    score: float
    reasons: tuple[str, ...]


def suspects(table: pd.DataFrame, images: pd.DataFrame) -> list[Suspect]:
    """Return the first suspects."""
    rows = table.sort_values("rank").head(MOST_SUSPECTS).merge(images[["image", "content"]], on="image")
    found = []
    for row in rows.sort_values("rank").to_dict("records"):
        box = None if pd.isna(row["width"]) else tuple(float(row[side]) for side in _BOX)
        wanted = Wanted(str(row["image"]), str(row["content"]), box)  # type: ignore[arg-type]
        label, proposed = (row[key] if isinstance(row[key], str) else None for key in ("label", "proposed"))
        reasons = tuple(printable(part) for part in str(row["reason"]).split("; "))
        name = printable(str(row["image"]))
        found.append(Suspect(int(row["rank"]), wanted, name, str(row["kind"]), label, proposed, row["score"], reasons))
    return found


def shot(wanted: Wanted) -> Shot:
    """Return a picture, or what lies around the box on it. Raises UserError where the file is not what it was."""
    shown = open_as_seen(wanted.image, wanted.content).convert("RGB")
    if wanted.box is None:
        return Shot(data_uri(shown, _SIDE), None)
    x, y, width, height = wanted.box
    beside, above = max(_AROUND * width, (_LEAST - width) / 2), max(_AROUND * height, (_LEAST - height) / 2)
    left, right = max(int(x - beside), 0), min(int(x + width + beside) + 1, shown.width)
    top, bottom = max(int(y - above), 0), min(int(y + height + above) + 1, shown.height)
    if right - left < 1 or bottom - top < 1:  # the box lies beside the picture
        return Shot(data_uri(shown, _SIDE), None)
    across, down = 100 / (right - left), 100 / (bottom - top)
    percent = ((x - left) * across, (y - top) * down, width * across, height * down)
    return Shot(data_uri(shown.crop((left, top, right, bottom)), _SIDE), tuple(round(p, 2) for p in percent))  # type: ignore[arg-type]


def rows(table: pd.DataFrame, by: list[str], ascending: bool | list[bool] = True) -> list[dict[str, Any]]:
    """Return the first rows in an order, nulls as None, texts that can be printed."""
    ordered = table.sort_values(by, ascending=ascending).head(MOST_ROWS)
    return [{str(key): _plain(value) for key, value in row.items()} for row in ordered.to_dict("records")]


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    return None if value is None or (not isinstance(value, (list, tuple)) and pd.isna(value)) else value


def curve(table: pd.DataFrame) -> list[tuple[float, float, float, int, float]]:
    """Return the points of the learning curve in percent of a plot: x, y, half the interval, labels, accuracy."""
    plain = table[table["noise_added"] == 0].sort_values("labels").drop_duplicates("labels")
    if len(plain) < 2:
        return []
    low, high = float(plain["low"].min()), float(plain["high"].max())
    up = 100 / max(high - low, 0.01)
    across = 100 / (len(plain) - 1)  # sizes double, so that even steps are a logarithmic scale
    return [
        (
            across * step,
            up * (high - row["accuracy"]),
            up * (row["high"] - row["low"]) / 2,
            row["labels"],
            row["accuracy"],
        )
        for step, row in enumerate(plain.to_dict("records"))
    ]
