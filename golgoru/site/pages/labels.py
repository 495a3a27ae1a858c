"""What the page of labels shows: suspects on their pictures, agreement, annotators, noise, and a model's scores."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from golgoru.core import parallel
from golgoru.core.text import markup_safe
from golgoru.guideline.classes import Classes
from golgoru.images.thumbnails import open_verified
from golgoru.site import page
from golgoru.site.class_styles import class_styles
from golgoru.site.page import data_uri, first_rows

MAX_ISSUES = 60
_SIDE = 160  # pixels of the longer side at most
_AROUND = 0.75  # of a box, what is shown on each side of it
_LEAST = 48  # pixels of the picture, so that a tiny box is seen where it lies
_BOX = ["x", "y", "width", "height"]


class Read(NamedTuple):
    """The tables that the page shows."""

    labels: pd.DataFrame
    suspects: pd.DataFrame
    agreement: pd.DataFrame
    annotators: pd.DataFrame
    noise: pd.DataFrame
    scores: pd.DataFrame
    curve: pd.DataFrame
    forecast: pd.DataFrame


class PictureRequest(NamedTuple):
    """A picture to show, and the box to draw on it."""

    image: str
    content: str
    box: tuple[float, float, float, float] | None


class PictureExcerpt(NamedTuple):
    """A data URI, and the box on it in percent: left, top, width, height; None without a box."""

    uri: str
    box: tuple[float, float, float, float] | None


class IssueCard(NamedTuple):
    """One card."""

    rank: int
    wanted: PictureRequest
    name: str
    kind: str
    label: str | None
    proposed: str | None
    score: float
    reasons: tuple[str, ...]


def html(tables: Read, images: pd.DataFrame, classes: Classes) -> bytes:
    """Return the page."""
    shown = issue_cards(tables.suspects, images)
    of_scope = dict(list(tables.agreement.groupby("scope")))
    nothing = tables.agreement.iloc[:0]
    whole = first_rows(of_scope.get("all", nothing), ["key"])
    status = tables.labels["status"].value_counts()
    met = of_scope.get("classes", nothing)
    content = {
        "counts": {
            "objects": len(tables.labels),
            **{name: int(status.get(name, 0)) for name in ("agreed", "adjudicated", "contested")},
        },
        "alpha": whole[0]["chance_corrected"] if whole else None,
        "alpha_why": whole[0]["why"] if whole else "there are no votes",
        "suspects": shown,
        "shots": parallel.map_ordered(picture_excerpt, [one.wanted for one in shown], "drawing"),
        "more": len(tables.suspects) - len(shown),
        "classes": class_styles(
            classes, {name for one in shown for name in (one.label, one.proposed) if name is not None}
        ),
        "agreement_of_classes": first_rows(of_scope.get("class", nothing), ["share", "key"]),
        "confused": first_rows(met[met["votes"] > 0], ["share", "key", "other"])[:10],
        "annotators": first_rows(tables.annotators, ["annotator"]),
        "noise": first_rows(tables.noise, ["label", "method"]),
        "scores": first_rows(tables.scores, ["scope", "split", "model", "key", "measure"]),
        "curve": curve_points(tables.curve),
        "forecast": first_rows(tables.forecast, ["action"], ascending=False),
    }
    return page.render_page(Path(__file__).with_name("labels.html.j2"), content)


def issue_cards(table: pd.DataFrame, images: pd.DataFrame) -> list[IssueCard]:
    """Return the first suspects."""
    first = table.sort_values("rank").head(MAX_ISSUES).merge(images[["image", "content"]], on="image")
    found = []
    for row in first.sort_values("rank").to_dict("records"):
        box = None if pd.isna(row["width"]) else tuple(float(row[side]) for side in _BOX)
        wanted = PictureRequest(str(row["image"]), str(row["content"]), box)  # type: ignore[arg-type]
        label, proposed = (row[key] if isinstance(row[key], str) else None for key in ("label", "proposed"))
        reasons = tuple(markup_safe(part) for part in str(row["reason"]).split("; "))
        name = markup_safe(str(row["image"]))
        found.append(
            IssueCard(int(row["rank"]), wanted, name, str(row["kind"]), label, proposed, row["score"], reasons)
        )
    return found


def picture_excerpt(wanted: PictureRequest) -> PictureExcerpt:
    """Return a picture, or what lies around the box on it. Raises UserError where the file is not what it was."""
    shown = open_verified(wanted.image, wanted.content).convert("RGB")
    if wanted.box is None:
        return PictureExcerpt(data_uri(shown, _SIDE), None)
    x, y, width, height = wanted.box
    beside, above = max(_AROUND * width, (_LEAST - width) / 2), max(_AROUND * height, (_LEAST - height) / 2)
    left, right = max(int(x - beside), 0), min(int(x + width + beside) + 1, shown.width)
    top, bottom = max(int(y - above), 0), min(int(y + height + above) + 1, shown.height)
    if right - left < 1 or bottom - top < 1:  # the box lies beside the picture
        return PictureExcerpt(data_uri(shown, _SIDE), None)
    across, down = 100 / (right - left), 100 / (bottom - top)
    percent = ((x - left) * across, (y - top) * down, width * across, height * down)
    return PictureExcerpt(data_uri(shown.crop((left, top, right, bottom)), _SIDE), tuple(round(p, 2) for p in percent))  # type: ignore[arg-type]


def curve_points(table: pd.DataFrame) -> list[tuple[float, float, float, int, float]]:
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
