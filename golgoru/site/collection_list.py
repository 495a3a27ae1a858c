"""The collection list for people who order images: of which classes, edge cases and values how many are needed.

It joins two tables: `split_coverage` (what each split lacks) and `collection_plan` (what the targets lack).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from golgoru.balance.class_counts import NONE_OF_THEM, UNKNOWN
from golgoru.core.dataset import SPLITS
from golgoru.core.markdown import format_count, format_integer
from golgoru.core.text import markup_safe
from golgoru.guideline.edge_cases import EdgeCases
from golgoru.splits.coverage import CLASS, EDGE_CASE

MAX_ITEMS = 100
# The headings of the list, most urgent first.
MISSING, BELOW_TARGET, SOLVED_BY_PINS, OTHER_REASON, NO_WEIGHTS_NEEDED = LEVELS = (
    "Missing: collect these first",
    "Below the target, and weights alone cannot reach it: collect these next",
    "Missing in one split and present in another: record the proposed pins",
    "Below the target, and more images of it do not help",
    "On target through weights: with these images no weights are needed",
)
_KEY = ["kind", "key"]
_RowsByKey = dict[tuple[str, str], list[dict[Any, Any]]]


class CollectionItem(NamedTuple):
    """One line: a class, edge case or value, and how many images (objects, for an edge case of objects) to collect.

    `number` is None where nothing is to be collected; `reasons` are those of the tables.
    """

    level: str
    kind: str
    key: str
    name: str
    number: int | None
    details: tuple[str, ...]
    reasons: tuple[str, ...]


class CollectionList(NamedTuple):
    """The first lines, how many more there are, and how many of all lines ask for images."""

    items: tuple[CollectionItem, ...]
    more: int
    to_collect: int


def items_to_collect(
    *, split_coverage: pd.DataFrame, collection_plan: pd.DataFrame, edge_cases: EdgeCases
) -> CollectionList:
    """Return one line per class, edge case or value of which a split or a target lacks some."""
    plan = collection_plan.rename(columns={"by": "kind", "value": "key"})
    no_value = (plan["key"] == UNKNOWN) & ~plan["kind"].isin([CLASS, EDGE_CASE])  # nobody orders images without one
    targeted = plan[(plan["target"].fillna(0) > 0) & ~no_value]
    items = _items(split_coverage, plan, targeted)
    listed = items[items["level"] < len(LEVELS)].sort_values(
        ["level", "number", *_KEY], ascending=[True, False, True, True]
    )
    first = listed.head(MAX_ITEMS)
    texts = _ItemTexts(_rows_by_key(split_coverage, first), _rows_by_key(targeted, first), edge_cases)
    asks_for_images = listed["level"].isin([LEVELS.index(MISSING), LEVELS.index(BELOW_TARGET)])
    return CollectionList(
        tuple(texts.item(row) for row in first.to_dict("records")),
        len(listed) - len(first),
        int(asks_for_images.sum()),
    )


def _items(split_coverage: pd.DataFrame, plan: pd.DataFrame, targeted: pd.DataFrame) -> pd.DataFrame:
    """Return one row per class, edge case or value: kind, key, level and number.

    `level` is a position in LEVELS, or len(LEVELS) where nothing is missing.
    """
    coverage = split_coverage.groupby(_KEY)[["missing_with_pins", "missing"]].sum()
    targets = targeted.groupby(_KEY)[["collect", "collect_unweighted"]].sum()
    has_other_reason = targeted["reason"].notna() & targeted["collect"].isna()
    other_reason = targeted[has_other_reason].groupby(_KEY).size().rename("other_reason")
    images = plan[plan["kind"] == CLASS].groupby(_KEY)["images"].sum()
    absent = (images == 0).rename("absent")
    table = pd.concat([coverage, targets, other_reason, absent], axis=1).astype(float).fillna(0.0)
    missing, collect, unweighted = (table[name] for name in ("missing_with_pins", "collect", "collect_unweighted"))
    level = np.select(
        [(missing > 0) | (table["absent"] > 0), collect > 0, table["missing"] > 0, table["other_reason"] > 0,
         unweighted > 0],
        range(len(LEVELS)),
        len(LEVELS),
    )  # fmt: skip
    number = np.select([level == 0, level == 1, level == 4], [missing, collect, unweighted], 0.0)
    return table.assign(level=level, number=number).rename_axis(_KEY).reset_index()


def _rows_by_key(table: pd.DataFrame, items: pd.DataFrame) -> _RowsByKey:
    """Return the rows of a table about some items, by kind and key, in the order of the splits."""
    rows = table.merge(items[_KEY], on=_KEY)
    rows = rows.assign(position=rows["split"].map(SPLITS.index)).sort_values([*_KEY, "position"])
    return {(str(kind), str(key)): part.to_dict("records") for (kind, key), part in rows.groupby(_KEY)}


class _ItemTexts:
    """The lines of the list, from the rows of both tables about each item."""

    def __init__(self, coverage: _RowsByKey, plan: _RowsByKey, edge_cases: EdgeCases) -> None:
        self._coverage, self._plan = coverage, plan
        self._edge_cases = {case.id: case for case in edge_cases.edge_cases}

    def item(self, row: dict[Any, Any]) -> CollectionItem:
        """Return the line of one row of `_items`."""
        kind, key, level = str(row["kind"]), str(row["key"]), LEVELS[int(row["level"])]
        coverage, plan = self._coverage.get((kind, key), []), self._plan.get((kind, key), [])
        noun = self._noun(kind, key) if level == MISSING else "image"
        details = _missing_by_split(coverage, noun)
        if row["absent"]:
            details.append("no image with an agreed label shows it yet")
        details += [text for plan_row in plan for text in _to_target(plan_row, name_split=len(plan) > 1)]
        reasons = [other["reason"] for other in [*coverage, *plan] if isinstance(other["reason"], str)]
        number = int(row["number"]) or None
        return CollectionItem(level, kind, key, self._name(kind, key), number, tuple(details), _unique(reasons))

    def _noun(self, kind: str, key: str) -> str:
        case = self._edge_cases.get(key) if kind == EDGE_CASE else None
        return case.on if case else "image"

    def _name(self, kind: str, key: str) -> str:
        if kind == EDGE_CASE:
            case = self._edge_cases.get(key)
            return "no edge case" if key == NONE_OF_THEM else markup_safe(case.sentence if case else key)
        return markup_safe(key if kind == CLASS else f"{kind}: {key}")


def _missing_by_split(coverage: list[dict[Any, Any]], noun: str) -> list[str]:
    """Return how many each split lacks, and how many of them the proposed pins would bring."""
    to_collect = _counts_by_split(coverage, noun, lambda row: int(row["missing_with_pins"]))
    from_pins = _counts_by_split(coverage, noun, lambda row: int(row["missing"] - row["missing_with_pins"]))
    pins = f"{from_pins} from the proposed pins" if from_pins else ""
    return [text for text in (to_collect, pins) if text]


def _counts_by_split(rows: list[dict[Any, Any]], noun: str, count: Callable[[dict[Any, Any]], int]) -> str:
    return ", ".join(f"{format_count(count(row), noun)} for {row['split']}" for row in rows if count(row) > 0)


def _to_target(row: dict[Any, Any], name_split: bool) -> list[str]:
    """Return how many images until weights reach the target, and how many until no weights are needed."""
    where = f" in {row['split']}" if name_split else ""
    collect = None if pd.isna(row["collect"]) else int(row["collect"])
    unweighted = 0 if pd.isna(row["collect_unweighted"]) else int(row["collect_unweighted"])
    parts = []
    if collect:
        parts.append(f"{format_count(collect, 'more image')} until weights reach the target{where}")
    if unweighted > (collect or 0):
        images = format_integer(unweighted) if collect else format_count(unweighted, "more image")
        parts.append(f"{images} until no weights are needed{where}")
    return ["; ".join(parts)] if parts else []


def _unique(texts: list[str]) -> tuple[str, ...]:
    return tuple(markup_safe(text) for text in dict.fromkeys(texts))
