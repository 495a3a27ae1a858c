"""The page of balance: shares before and after weighting, what to collect, splits, proposed pins, and leakage."""

from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd

from golgoru.balance.class_counts import NONE_OF_THEM, UNKNOWN
from golgoru.consensus.status import is_settled
from golgoru.core.dataset import SPLITS
from golgoru.core.text import markup_safe
from golgoru.guideline.classes import Classes
from golgoru.guideline.edge_cases import EdgeCases
from golgoru.site.class_styles import class_styles
from golgoru.site.collection_list import items_to_collect
from golgoru.site.leakage_list import leakage_list, pictured_images
from golgoru.site.page import Page, picture_uris, printable_rows
from golgoru.splits.coverage import CLASS, EDGE_CASE
from golgoru.tables import frames
from golgoru.tables.columns import columns

MAX_VALUES, MAX_MOVED, MAX_PINS, MAX_REASONS = 100, 30, 40, 50
_MERGED = "merge: it was "


class ValueShares(NamedTuple):
    """A row of shares: `cells` has one row of `collection_plan` per split, None where there is none."""

    key: str
    name: str  # for a class its id
    cells: dict[str, dict[str, Any] | None]


class ShareTable(NamedTuple):
    """The shares of the values of one target; `more` values are not shown."""

    by: str
    name: str
    drawn: str  # the split whose shares are drawn as bars
    values: tuple[ValueShares, ...]
    more: int
    weighted: tuple[str, ...]  # the splits whose shares weights change
    objects: bool  # whether an image shows more than one object
    largest: float  # share that a bar shows


class MovedImages(NamedTuple):
    """Images that changed the split when two groups merged, as (image, was, is)."""

    rows: tuple[tuple[str, str, str], ...]
    total: int


def page(
    *,
    images: Annotated[pd.DataFrame, columns("image", "content")],
    duplicate_pairs: Annotated[pd.DataFrame, columns("image_a", "image_b")],
    splits: pd.DataFrame,
    split_coverage: pd.DataFrame,
    proposed_pins: pd.DataFrame,
    leakage: pd.DataFrame,
    weights: pd.DataFrame,
    collection_plan: pd.DataFrame,
    labels: Annotated[pd.DataFrame, columns("image", "status")],
    classes: Classes,
    edge_cases: EdgeCases,
) -> Page:
    """Return the page, and of how many classes, edge cases and values more must be collected."""
    sentences = {case.id: case.sentence for case in edge_cases.edge_cases}
    shares = [_share_table(by, rows, sentences) for by, rows in _by_target(collection_plan)]
    to_collect = items_to_collect(split_coverage=split_coverage, collection_plan=collection_plan, edge_cases=edge_cases)
    content_of = images.set_index("image")["content"]
    pins = proposed_pins.sort_values("image").head(MAX_PINS)
    leaks = leakage_list(leakage=leakage, duplicate_pairs=duplicate_pairs, splits=splits)
    pictured = [*pins["image"], *pictured_images(leaks)]
    labels_shown = {value.key for table in shares if table.by == CLASS for value in table.values}
    labels_shown |= {item.key for item in to_collect.items if item.kind == CLASS}
    content = {
        "splits": _split_counts(splits),
        "reasons": _reasons(splits),
        "folds": _folds(splits),
        "moved": _moved(splits),
        "weights": _weights(weights=weights, splits=splits, collection_plan=collection_plan, labels=labels),
        "shares": shares,
        "to_collect": to_collect,
        "pins": list(zip(pins["image"], printable_rows(pins), strict=True)),
        "more_pins": len(proposed_pins) - len(pins),
        "leakage": leaks,
        "pictures": picture_uris((str(image), str(content_of[image])) for image in pictured),
        "classes": class_styles(classes, labels_shown),
        "all_splits": SPLITS,
    }
    return Page(content, {"to_collect": to_collect.to_collect})


def _by_target(plan: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Return the rows of `collection_plan` by target: class and edge case first, then columns by name."""
    order = {CLASS: 0, EDGE_CASE: 1}
    parts = [(str(by), rows) for by, rows in plan.groupby("by")]
    return sorted(parts, key=lambda part: (order.get(part[0], 2), part[0]))


def _share_table(by: str, rows: pd.DataFrame, sentences: dict[str, str]) -> ShareTable:
    """Return the shares of one target, the most frequent values of its first split first."""
    before = rows.pivot(index="value", columns="split", values="before")
    first = next(split for split in SPLITS if split in before)
    ordered = before[first].fillna(-1.0).reset_index().sort_values([first, "value"], ascending=[False, True])
    values = ordered["value"].head(MAX_VALUES)
    shown = rows[rows["value"].isin(values)]
    cells = dict(zip(zip(shown["value"], shown["split"], strict=True), printable_rows(shown), strict=True))
    changed = rows["target"].notna() | ((rows["after"] - rows["before"]).abs() > 0)
    bars = rows.loc[rows["split"] == first, ["before", "target", "after"]]
    return ShareTable(
        by,
        markup_safe(by),
        first,
        tuple(
            ValueShares(value, _name(by, value, sentences), {split: cells.get((value, split)) for split in SPLITS})
            for value in values
        ),
        len(ordered) - len(values),
        tuple(split for split in SPLITS if (changed & (rows["split"] == split)).any()),
        bool((rows["objects"] != rows["images"]).any()),
        float(np.nanmax(bars.to_numpy(float), initial=0)),
    )


def _name(by: str, value: str, sentences: dict[str, str]) -> str:
    if by == EDGE_CASE:
        return "no edge case" if value == NONE_OF_THEM else markup_safe(sentences.get(value, ""))
    return "no value" if by != CLASS and value == UNKNOWN else markup_safe(value)


def _split_counts(splits: pd.DataFrame) -> list[dict[str, Any]]:
    """Return per split its images, those held back apart, and its groups, with their shares."""
    released = splits[~splits["held_back"]]
    by_split = released.groupby("split").agg(images=("image", "size"), groups=("group", "nunique"))
    groups = int(by_split["groups"].sum())
    held_back = splits.loc[splits["held_back"], "split"].value_counts()
    return [
        {
            "split": split,
            "images": int(by_split["images"].get(split, 0)),
            "share": int(by_split["images"].get(split, 0)) / len(released) if len(released) else None,
            "groups": int(by_split["groups"].get(split, 0)),
            "share_of_groups": int(by_split["groups"].get(split, 0)) / groups if groups else None,
            "held_back": int(held_back.get(split, 0)),
        }
        for split in SPLITS
    ]


def _reasons(splits: pd.DataFrame) -> list[tuple[str, list[int]]]:
    """Return how many images are in each split for which reason, the most frequent reason first."""
    counts = splits.groupby(["reason", "split"]).size().unstack("split", fill_value=0)
    counts = counts.reindex(columns=list(SPLITS), fill_value=0)
    total = counts.sum(axis=1).rename("total").reset_index().sort_values(["total", "reason"], ascending=[False, True])
    return [(markup_safe(reason), counts.loc[reason].tolist()) for reason in total["reason"].head(MAX_REASONS)]


def _folds(splits: pd.DataFrame) -> list[tuple[int, int]]:
    """Return the folds, and how many images of train and val each has."""
    counts = splits["fold"].dropna().astype(int).value_counts().sort_index()
    return list(zip(counts.index.tolist(), counts.tolist(), strict=True))


def _moved(splits: pd.DataFrame) -> MovedImages:
    moved = splits[splits["reason"].str.startswith(_MERGED)].sort_values("image")
    first = moved.head(MAX_MOVED)
    was = first["reason"].str.removeprefix(_MERGED).str.partition(",")[0] if len(first) else first["reason"]
    rows = zip(first["image"].map(markup_safe), was.map(markup_safe), first["split"], strict=True)
    return MovedImages(tuple(rows), len(moved))


def _weights(
    *, weights: pd.DataFrame, splits: pd.DataFrame, collection_plan: pd.DataFrame, labels: pd.DataFrame
) -> list[dict[str, Any]]:
    """Return per split with a target the range of its weights, the images per epoch, and the capped images.

    And the effective sample size of the labelled images (Kish 1965): so many of equal weight carry as much.
    """
    capped = frames.is_in(splits["image"], weights.loc[~weights["keep"], "image"])
    targeted = set(collection_plan.loc[collection_plan["target"].notna(), "split"]) | set(splits.loc[capped, "split"])
    rows = weights.merge(splits.loc[~splits["held_back"], ["image", "split"]], on="image")
    with_consensus = labels.loc[is_settled(labels["status"]), "image"]
    by_split = []
    for split in (split for split in SPLITS if split in targeted):
        in_split = rows[rows["split"] == split]
        kept = in_split[in_split["keep"]]
        weight = kept.loc[frames.is_in(kept["image"], with_consensus), "weight"]
        by_split.append({
            "split": split,
            "kept": len(kept),
            "capped": len(in_split) - len(kept),
            "lowest": float(kept["weight"].min()) if len(kept) else None,
            "highest": float(kept["weight"].max()) if len(kept) else None,
            "epoch": int(kept["repeat"].sum()),
            "labelled": len(weight),
            "effective": round(float(weight.sum() ** 2 / (weight**2).sum())) if len(weight) else 0,
        })  # fmt: skip
    return by_split
