"""What the page of balance shows: shares before and after, what to collect, where images stand, and what leaks."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from golgoru.balance.class_counts import NONE_OF_THEM, UNKNOWN
from golgoru.balance.targets import CLASS, EDGE_CASE
from golgoru.core.dataset import SPLITS
from golgoru.core.text import markup_safe
from golgoru.guideline.classes import Classes
from golgoru.guideline.edge_cases import EdgeCases
from golgoru.site import collection_list, leakage_list, page
from golgoru.site.class_styles import class_styles
from golgoru.tables import frames

MAX_VALUES, MAX_MOVED, MAX_PINS, MAX_REASONS = 100, 30, 40, 50
_MERGED = "merge: it was "


class Read(NamedTuple):
    """The tables that the page shows."""

    images: pd.DataFrame
    pairs: pd.DataFrame
    splits: pd.DataFrame
    seats: pd.DataFrame
    proposed_pins: pd.DataFrame
    leaks: pd.DataFrame
    weights: pd.DataFrame
    plan: pd.DataFrame
    labels: pd.DataFrame


class ValueShares(NamedTuple):
    """A row of shares: `cells` has one row of `plan` per split, None where it has none."""

    key: str
    name: str  # the class's own id for a class
    cells: dict[str, dict[str, Any] | None]


class ShareTable(NamedTuple):
    """The shares of one thing that is balanced; `more` values were left out."""

    by: str
    name: str
    drawn: str  # the split that bars are drawn of
    values: tuple[ValueShares, ...]
    more: int
    weighed: tuple[str, ...]  # splits that weights change
    objects: bool  # some image shows more than one
    largest: float  # share that a bar shows


class MovedImages(NamedTuple):
    """Images that moved since their groups became one, as (image, was, is)."""

    rows: tuple[tuple[str, str, str], ...]
    total: int


def html(tables: Read, classes: Classes, edge_cases: EdgeCases) -> tuple[bytes, int]:
    """Return the page, and how many classes, edge cases and values there are to collect more of."""
    sentences = {case.id: case.sentence for case in edge_cases.edge_cases}
    shown = [_shares(by, rows, sentences) for by, rows in _by_thing(tables.plan)]
    needs = collection_list.items_to_collect(tables.seats, tables.plan, edge_cases)
    content_of = tables.images.set_index("image")["content"]
    pins = tables.proposed_pins.sort_values("image").head(MAX_PINS)
    sheet = leakage_list.leakage_list(tables.leaks, tables.pairs, tables.splits)
    pictured = [*pins["image"], *leakage_list.pictured_images(sheet)]
    named = {value.key for shares in shown if shares.by == CLASS for value in shares.values}
    named |= {need.key for need in needs.shown if need.kind == CLASS}
    content = {
        "splits": _counts(tables.splits),
        "reasons": _reasons(tables.splits),
        "folds": _folds(tables.splits),
        "merges": _merges(tables.splits),
        "weights": _weights(tables),
        "shares": shown,
        "needs": needs,
        "pins": list(zip(pins["image"], page.printable_rows(pins), strict=True)),
        "more_pins": len(tables.proposed_pins) - len(pins),
        "leaks": sheet,
        "pictures": page.picture_uris((str(image), str(content_of[image])) for image in pictured),
        "classes": class_styles(classes, named),
        "all_splits": SPLITS,
    }
    return page.render_page(Path(__file__).with_name("balance.html.j2"), content), needs.to_collect


def _by_thing(plan: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Return the rows of `plan` by what is balanced: class and edge case first, then columns by name."""
    order = {CLASS: 0, EDGE_CASE: 1}
    found = [(str(by), rows) for by, rows in plan.groupby("by")]
    return sorted(found, key=lambda one: (order.get(one[0], 2), one[0]))


def _shares(by: str, rows: pd.DataFrame, sentences: dict[str, str]) -> ShareTable:
    """Return the shares of one thing, the most frequent values first, as the first split of the plan has them."""
    before = rows.pivot(index="value", columns="split", values="before")
    first = next(split for split in SPLITS if split in before)
    ordered = before[first].fillna(-1.0).reset_index().sort_values([first, "value"], ascending=[False, True])
    kept = ordered["value"].head(MAX_VALUES)
    found = rows[rows["value"].isin(kept)]
    cells = dict(zip(zip(found["value"], found["split"], strict=True), page.printable_rows(found), strict=True))
    changed = rows["target"].notna() | ((rows["after"] - rows["before"]).abs() > 0)
    bars = rows.loc[rows["split"] == first, ["before", "target", "after"]]
    return ShareTable(
        by,
        markup_safe(by),
        first,
        tuple(
            ValueShares(key, _name(by, key, sentences), {split: cells.get((key, split)) for split in SPLITS})
            for key in kept
        ),
        len(ordered) - len(kept),
        tuple(split for split in SPLITS if (changed & (rows["split"] == split)).any()),
        bool((rows["objects"] != rows["images"]).any()),
        float(np.nanmax(bars.to_numpy(float), initial=0)),
    )


def _name(by: str, value: str, sentences: dict[str, str]) -> str:
    if by == EDGE_CASE:
        return "no edge case" if value == NONE_OF_THEM else markup_safe(sentences.get(value, ""))
    return "no value" if by != CLASS and value == UNKNOWN else markup_safe(value)


def _counts(splits: pd.DataFrame) -> list[dict[str, Any]]:
    """Return per split its images, held ones apart, and its groups, with their shares."""
    stays = splits[~splits["held"]]
    by_split = stays.groupby("split").agg(images=("image", "size"), groups=("group", "nunique"))
    groups = int(by_split["groups"].sum())
    held = splits.loc[splits["held"], "split"].value_counts()
    return [
        {
            "split": split,
            "images": int(by_split["images"].get(split, 0)),
            "share": int(by_split["images"].get(split, 0)) / len(stays) if len(stays) else None,
            "groups": int(by_split["groups"].get(split, 0)),
            "share_of_groups": int(by_split["groups"].get(split, 0)) / groups if groups else None,
            "held": int(held.get(split, 0)),
        }
        for split in SPLITS
    ]


def _reasons(splits: pd.DataFrame) -> list[tuple[str, list[int]]]:
    """Return how many images of each split stand there for which reason, the most frequent reason first."""
    seen = splits.groupby(["reason", "split"]).size().unstack("split", fill_value=0)
    seen = seen.reindex(columns=list(SPLITS), fill_value=0)
    total = seen.sum(axis=1).rename("total").reset_index().sort_values(["total", "reason"], ascending=[False, True])
    return [(markup_safe(reason), seen.loc[reason].tolist()) for reason in total["reason"].head(MAX_REASONS)]


def _folds(splits: pd.DataFrame) -> list[tuple[int, int]]:
    """Return the folds, and how many images of train and val each has."""
    seen = splits["fold"].dropna().astype(int).value_counts().sort_index()
    return list(zip(seen.index.tolist(), seen.tolist(), strict=True))


def _merges(splits: pd.DataFrame) -> MovedImages:
    moved = splits[splits["reason"].str.startswith(_MERGED)].sort_values("image")
    first = moved.head(MAX_MOVED)
    was = first["reason"].str.removeprefix(_MERGED).str.partition(",")[0] if len(first) else first["reason"]
    rows = zip(first["image"].map(markup_safe), was.map(markup_safe), first["split"], strict=True)
    return MovedImages(tuple(rows), len(moved))


def _weights(tables: Read) -> list[dict[str, Any]]:
    """Return per split with a target how far its weights go, how often images are shown, and how many are capped.

    And what the labelled ones are worth: so many of even weight say as much (Kish's effective sample size, 1965).
    """
    weights, splits, plan = tables.weights, tables.splits, tables.plan
    aimed = set(plan.loc[plan["target"].notna(), "split"]) | set(splits.loc[_capped(weights, splits), "split"])
    rows = weights.merge(splits.loc[~splits["held"], ["image", "split"]], on="image")
    agreed = tables.labels.loc[tables.labels["status"] != "contested", "image"]
    found = []
    for split in (split for split in SPLITS if split in aimed):
        here = rows[rows["split"] == split]
        kept = here[here["keep"]]
        weight = kept.loc[frames.is_in(kept["image"], agreed), "weight"]
        found.append({
            "split": split,
            "kept": len(kept),
            "capped": len(here) - len(kept),
            "least": float(kept["weight"].min()) if len(kept) else None,
            "most": float(kept["weight"].max()) if len(kept) else None,
            "epoch": int(kept["repeat"].sum()),
            "labelled": len(weight),
            "worth": round(float(weight.sum() ** 2 / (weight**2).sum())) if len(weight) else 0,
        })  # fmt: skip
    return found


def _capped(weights: pd.DataFrame, splits: pd.DataFrame) -> pd.Series:
    return frames.is_in(splits["image"], weights.loc[~weights["keep"], "image"])
