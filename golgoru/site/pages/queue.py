"""The page of the queue: the images to label next, their pre-annotations, and how often those are correct."""

import math
from typing import Annotated, Any, NamedTuple

import pandas as pd

from golgoru.core.text import markup_safe
from golgoru.geometry.boxes import BOX_COLUMNS
from golgoru.guideline.classes import Classes
from golgoru.site.class_styles import class_styles
from golgoru.site.page import Page, first_rows, picture_uris
from golgoru.tables import frames
from golgoru.tables.columns import columns

MAX_CARDS, MAX_BOXES = 60, 200
_SIDE = 320  # pixels of the longer side: boxes must be visible
# Which images each strategy of select.mix chooses.
STRATEGY_MEANINGS = {
    "margin": "Images that the model is uncertain about: the two most probable classes are close.",
    "medoids": "Images that are similar to many unlabelled ones and unlike the labelled ones.",
    "coverage": "Images that probably show a class or an edge case of which more is needed.",
    "disagreement": "Images on which annotators disagree and no reviewer has decided.",
    "label_issues": "Images with a label that is probably wrong.",
}


class ProposedBox(NamedTuple):
    """A proposed box in percent of its image."""

    label: str
    accepted: bool
    left: float
    top: float
    width: float
    height: float


class ProposedClass(NamedTuple):
    """A proposed class: its objects (0 where it is the class of the whole image), and their least confidence."""

    label: str
    objects: int
    confidence: float


class Card(NamedTuple):
    """One image of the queue."""

    image: str
    name: str
    rank: int
    strategy: str
    score: float
    reasons: tuple[str, ...]
    accepted: bool
    proposed: tuple[ProposedClass, ...]
    labelled: tuple[tuple[str, int], ...]  # classes of its labels, and how many objects of each
    boxes: tuple[ProposedBox, ...]
    more_boxes: int


def page(
    *,
    images: Annotated[pd.DataFrame, columns("image", "content", "width", "height")],
    labels: Annotated[pd.DataFrame, columns("image", "label")],
    queue: pd.DataFrame,
    preannotations: pd.DataFrame,
    auto_accept: pd.DataFrame,
    classes: Classes,
) -> Page:
    """Return the page, and how many images are queued."""
    first = queue.sort_values("rank").head(MAX_CARDS)
    rows = first.merge(images[["image", "content", "width", "height"]], on="image").sort_values("rank")
    proposed = preannotations[frames.is_in(preannotations["image"], first["image"])]
    labelled = labels[frames.is_in(labels["image"], first["image"])]
    cards = _cards(rows, proposed, labelled)
    thresholds = _thresholds(auto_accept)
    content = {
        "cards": cards,
        "boxes": any(card.boxes for card in cards),
        "queued": len(queue),
        "more": len(queue) - len(cards),
        "accepted": int(queue["accepted"].sum()),
        "strategies": _strategies(queue),
        "pictures": picture_uris(zip(rows["image"], rows["content"], strict=True), _SIDE),
        "classes": class_styles(classes, {*proposed["label"], *labelled["label"]}),
        "preannotations": len(preannotations),
        "accepted_preannotations": int(preannotations["accepted"].sum()),
        "evaluated": int(auto_accept["objects"].max()) if len(auto_accept) else 0,
        "thresholds": thresholds,
        "chosen": next((row for row in thresholds if row["chosen"]), None),
    }
    return Page(content, {"images": len(queue)})


def _strategies(queue: pd.DataFrame) -> list[tuple[str, int, str]]:
    """Return every strategy of the queue, how many images it chose, and which images it chooses."""
    count = queue["strategy"].value_counts()
    ordered = [
        *(name for name in STRATEGY_MEANINGS if name in count),
        *sorted(set(count.index) - set(STRATEGY_MEANINGS)),
    ]
    return [(markup_safe(name), int(count[name]), STRATEGY_MEANINGS.get(name, "")) for name in ordered]


def _thresholds(auto_accept: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the thresholds; a lower bound is rounded down, so that the page promises no more than the table."""
    rows = first_rows(auto_accept, ["threshold"])
    for row in rows:
        low = row["lower_bound"]
        row["lower_bound"] = None if low is None else math.floor(round(low * 1000, 6)) / 1000
    return rows


def _cards(rows: pd.DataFrame, proposed: pd.DataFrame, labelled: pd.DataFrame) -> list[Card]:
    """Return one card per row of the queue, with the pre-annotations and the number of labels per class."""
    proposed_on = {str(image): part for image, part in proposed.groupby("image")}
    labels_on = {str(image): part["label"].value_counts().sort_index() for image, part in labelled.groupby("image")}
    no_rows, no_labels = proposed.iloc[:0], pd.Series(dtype=int)
    return [
        _card(row, proposed_on.get(str(row["image"]), no_rows), labels_on.get(str(row["image"]), no_labels))
        for row in rows.to_dict("records")
    ]


def _card(row: dict[Any, Any], preannotations: pd.DataFrame, labelled: pd.Series) -> Card:
    ordered = preannotations.sort_values(["confidence", "preannotation"], ascending=[False, True])
    boxed = ordered[ordered["width"].notna()]
    return Card(
        str(row["image"]),
        markup_safe(str(row["image"])),
        int(row["rank"]),
        markup_safe(str(row["strategy"])),
        float(row["score"]),
        tuple(markup_safe(reason) for reason in str(row["reasons"]).split("; ") if reason),
        bool(row["accepted"]),
        tuple(
            ProposedClass(str(label), int(part["width"].notna().sum()), float(part["confidence"].min()))
            for label, part in ordered.groupby("label")
        ),
        tuple((str(label), int(objects)) for label, objects in labelled.items()),
        tuple(_box(box, row["width"], row["height"]) for box in boxed.head(MAX_BOXES).to_dict("records")),
        max(len(boxed) - MAX_BOXES, 0),
    )


def _box(preannotation: dict[Any, Any], image_width: float, image_height: float) -> ProposedBox:
    """Return a proposed box in percent of its image, cut off at the image's edges."""
    x, y, width, height = (float(preannotation[side]) for side in BOX_COLUMNS)
    left, right = (min(max(100 * at / float(image_width), 0.0), 100.0) for at in (x, x + width))
    top, bottom = (min(max(100 * at / float(image_height), 0.0), 100.0) for at in (y, y + height))
    sides = (round(side, 2) for side in (left, top, right - left, bottom - top))
    return ProposedBox(str(preannotation["label"]), bool(preannotation["accepted"]), *sides)
