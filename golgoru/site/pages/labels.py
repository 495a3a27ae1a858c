"""The page of labels: label issues on their images, agreement, annotators, label noise, and scores of a model."""

from typing import Annotated, Any, NamedTuple

import pandas as pd

from golgoru.consensus.status import LABEL_STATUSES
from golgoru.core import parallel
from golgoru.core.text import markup_safe
from golgoru.geometry.boxes import BOX_COLUMNS
from golgoru.guideline.classes import Classes
from golgoru.images.thumbnails import open_verified
from golgoru.site.class_styles import class_styles
from golgoru.site.page import Page, data_uri, first_rows
from golgoru.tables.columns import columns

MAX_ISSUES = 60
_SIDE = 160  # pixels of the longer side
_MARGIN = 0.75  # of a box's width and height, shown on each side of it
_MIN_EXCERPT = 48  # pixels of the image, so that a tiny box is seen in its surroundings


class PictureRequest(NamedTuple):
    """An image to show, and the box to draw on it."""

    image: str
    content: str
    box: tuple[float, float, float, float] | None


class PictureExcerpt(NamedTuple):
    """A data URI, and the box on it in percent: left, top, width, height; None without a box."""

    uri: str
    box: tuple[float, float, float, float] | None


class IssueCard(NamedTuple):
    """One label issue."""

    rank: int
    request: PictureRequest
    name: str
    kind: str
    label: str | None
    proposed: str | None
    score: float
    reasons: tuple[str, ...]


def page(
    *,
    images: Annotated[pd.DataFrame, columns("image", "content")],
    labels: Annotated[pd.DataFrame, columns("status")],
    label_issues: pd.DataFrame,
    agreement: pd.DataFrame,
    annotators: pd.DataFrame,
    label_noise: pd.DataFrame,
    scores: pd.DataFrame,
    learning_curve: pd.DataFrame,
    forecast: pd.DataFrame,
    classes: Classes,
) -> Page:
    """Return the page, and how many label issues there are."""
    cards = issue_cards(label_issues, images)
    by_scope = dict(list(agreement.groupby("scope")))
    no_rows = agreement.iloc[:0]
    overall = first_rows(by_scope.get("all", no_rows), ["key"])
    class_pairs = by_scope.get("classes", no_rows)
    status = labels["status"].value_counts()
    labels_shown = {label for card in cards for label in (card.label, card.proposed) if label is not None}
    content = {
        "counts": {
            "objects": len(labels),
            **{name: int(status.get(name, 0)) for name in LABEL_STATUSES},
        },
        "alpha": overall[0]["chance_corrected"] if overall else None,
        "alpha_reason": overall[0]["reason"] if overall else "there are no votes",
        "issues": cards,
        "excerpts": parallel.map_ordered(picture_excerpt, [card.request for card in cards], "drawing"),
        "more": len(label_issues) - len(cards),
        "classes": class_styles(classes, labels_shown),
        "agreement_of_classes": first_rows(by_scope.get("class", no_rows), ["share", "key"]),
        "confused": first_rows(class_pairs[class_pairs["votes"] > 0], ["share", "key", "other"])[:10],
        "annotators": first_rows(annotators, ["annotator"]),
        "noise": first_rows(label_noise, ["label", "method"]),
        "scores": first_rows(scores, ["scope", "split", "model", "key", "measure"]),
        "curve": curve_points(learning_curve),
        "forecast": first_rows(forecast, ["action"], ascending=False),
    }
    return Page(content, {"label_issues": len(label_issues)})


def issue_cards(label_issues: pd.DataFrame, images: pd.DataFrame) -> list[IssueCard]:
    """Return the cards of the first label issues, by rank."""
    first = label_issues.sort_values("rank").head(MAX_ISSUES).merge(images[["image", "content"]], on="image")
    return [_issue_card(row) for row in first.sort_values("rank").to_dict("records")]


def _issue_card(row: dict[Any, Any]) -> IssueCard:
    box = None if pd.isna(row["width"]) else tuple(float(row[side]) for side in BOX_COLUMNS)
    label, proposed = (row[key] if isinstance(row[key], str) else None for key in ("label", "proposed"))
    return IssueCard(
        int(row["rank"]),
        PictureRequest(str(row["image"]), str(row["content"]), box),  # type: ignore[arg-type]
        markup_safe(str(row["image"])),
        str(row["kind"]),
        label,
        proposed,
        float(row["score"]),
        tuple(markup_safe(part) for part in str(row["reason"]).split("; ")),
    )


def picture_excerpt(request: PictureRequest) -> PictureExcerpt:
    """Return the image, or the part of it around the box. Raises UserError where the file has changed."""
    picture = open_verified(request.image, request.content).convert("RGB")
    if request.box is None:
        return PictureExcerpt(data_uri(picture, _SIDE), None)
    x, y, width, height = request.box
    beside = max(_MARGIN * width, (_MIN_EXCERPT - width) / 2)
    above = max(_MARGIN * height, (_MIN_EXCERPT - height) / 2)
    left, right = max(int(x - beside), 0), min(int(x + width + beside) + 1, picture.width)
    top, bottom = max(int(y - above), 0), min(int(y + height + above) + 1, picture.height)
    if right - left < 1 or bottom - top < 1:  # the box lies outside the image
        return PictureExcerpt(data_uri(picture, _SIDE), None)
    across, down = 100 / (right - left), 100 / (bottom - top)
    percent = ((x - left) * across, (y - top) * down, width * across, height * down)
    excerpt = data_uri(picture.crop((left, top, right, bottom)), _SIDE)
    return PictureExcerpt(excerpt, tuple(round(p, 2) for p in percent))  # type: ignore[arg-type]


def curve_points(learning_curve: pd.DataFrame) -> list[tuple[float, float, float, int, float]]:
    """Return the points of the learning curve in percent of a plot: x, y, half the interval, labels, accuracy."""
    without_noise = learning_curve[learning_curve["noise_added"] == 0]
    points = without_noise.sort_values("labels").drop_duplicates("labels")
    if len(points) < 2:
        return []
    low, high = float(points["low"].min()), float(points["high"].max())
    up = 100 / max(high - low, 0.01)
    across = 100 / (len(points) - 1)  # sizes double, so that even steps are a logarithmic scale
    return [
        (
            across * step,
            up * (high - row["accuracy"]),
            up * (row["high"] - row["low"]) / 2,
            row["labels"],
            row["accuracy"],
        )
        for step, row in enumerate(points.to_dict("records"))
    ]
