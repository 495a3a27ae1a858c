"""What the page of the queue shows: the images to label next with what a model proposes, and how far that is right."""

import math
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from golgoru.core.text import markup_safe
from golgoru.guideline.classes import Classes
from golgoru.site import page
from golgoru.site.class_styles import class_styles
from golgoru.tables import frames

MAX_CARDS, MAX_BOXES = 60, 200
_SIDE = 320  # pixels of the longer side at most: a box is to be seen
_BOX = ["x", "y", "width", "height"]
# What each part of select.mix looks for.
STRATEGY_MEANINGS = {
    "margin": "What the model is least sure of: its two most probable classes lie close together.",
    "entropy": "What the model is least sure of, over all classes.",
    "medoids": "What stands for many images without labels, and is unlike those that have one.",
    "k-centre": "What is farthest from all that has a label.",
    "coverage": "What probably shows a class or an edge case of which more is missing.",
    "disagreement": "What people disagree on, and nobody has settled.",
    "suspects": "What has a label that is probably wrong.",
}


class Read(NamedTuple):
    """The tables that the page shows."""

    images: pd.DataFrame
    labels: pd.DataFrame
    queue: pd.DataFrame
    proposals: pd.DataFrame
    acceptance: pd.DataFrame


class ProposedBox(NamedTuple):
    """A proposed object on its picture, in percent of it."""

    label: str
    accepted: bool
    left: float
    top: float
    width: float
    height: float


class ProposedClass(NamedTuple):
    """A proposed class: how many objects have it, 0 where it is said of the whole picture, and the least confidence."""

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
    chips: tuple[ProposedClass, ...]
    labelled: tuple[tuple[str, int], ...]  # classes that it has, and how many objects of each
    boxes: tuple[ProposedBox, ...]
    more_boxes: int


def html(tables: Read, classes: Classes) -> bytes:
    """Return the page."""
    first = tables.queue.sort_values("rank").head(MAX_CARDS)
    rows = first.merge(tables.images[["image", "content", "width", "height"]], on="image").sort_values("rank")
    said = tables.proposals[frames.is_in(tables.proposals["image"], first["image"])]
    of_image = {str(image): part for image, part in said.groupby("image")}
    labelled = tables.labels[frames.is_in(tables.labels["image"], first["image"])]
    has = {str(image): part["label"].value_counts().sort_index() for image, part in labelled.groupby("image")}
    nothing = said.iloc[:0]
    cards = [
        _card(row, of_image.get(str(row["image"]), nothing), has.get(str(row["image"]), pd.Series(dtype=int)))
        for row in rows.to_dict("records")
    ]
    thresholds = _thresholds(tables.acceptance)
    content = {
        "cards": cards,
        "boxes": any(card.boxes for card in cards),
        "queued": len(tables.queue),
        "more": len(tables.queue) - len(cards),
        "accepted": int(tables.queue["accepted"].sum()),
        "strategies": _strategies(tables.queue),
        "pictures": page.picture_uris(zip(rows["image"], rows["content"], strict=True), _SIDE),
        "classes": class_styles(classes, {*said["label"], *labelled["label"]}),
        "proposals": len(tables.proposals),
        "accepted_proposals": int(tables.proposals["accepted"].sum()),
        "judged": int(tables.acceptance["objects"].max()) if len(tables.acceptance) else 0,
        "acceptance": thresholds,
        "promise": next((row for row in thresholds if row["chosen"]), None),
    }
    return page.render_page(Path(__file__).with_name("queue.html.j2"), content)


def _strategies(queue: pd.DataFrame) -> list[tuple[str, int, str]]:
    """Return every strategy of the queue, how many images it chose, and what it looks for."""
    count = queue["strategy"].value_counts()
    named = [*(name for name in STRATEGY_MEANINGS if name in count), *sorted(set(count.index) - set(STRATEGY_MEANINGS))]
    return [(markup_safe(name), int(count[name]), STRATEGY_MEANINGS.get(name, "")) for name in named]


def _thresholds(acceptance: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the thresholds; a bound is cut and not rounded, so that the page promises no more than the table."""
    rows = page.first_rows(acceptance, ["threshold"])
    for row in rows:
        low = row["at_least"]
        row["at_least"] = None if low is None else math.floor(round(low * 1000, 6)) / 1000
    return rows


def _card(row: dict[Any, Any], proposals: pd.DataFrame, labelled: pd.Series) -> Card:
    ordered = proposals.sort_values(["confidence", "proposal"], ascending=[False, True])
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
        tuple(_box(found, row["width"], row["height"]) for found in boxed.head(MAX_BOXES).to_dict("records")),
        max(len(boxed) - MAX_BOXES, 0),
    )


def _box(found: dict[Any, Any], width: float, height: float) -> ProposedBox:
    """Return a box, cut off where the picture ends."""
    x, y, wide, high = (float(found[side]) for side in _BOX)
    left, right = (min(max(100 * at / float(width), 0.0), 100.0) for at in (x, x + wide))
    top, bottom = (min(max(100 * at / float(height), 0.0), 100.0) for at in (y, y + high))
    sides = (round(side, 2) for side in (left, top, right - left, bottom - top))
    return ProposedBox(str(found["label"]), bool(found["accepted"]), *sides)
