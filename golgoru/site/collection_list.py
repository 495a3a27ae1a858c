"""The shopping list in words: what to collect, most needed first, for people who order pictures."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from golgoru.balance.class_counts import NONE_OF_THEM, UNKNOWN
from golgoru.balance.targets import CLASS, EDGE_CASE
from golgoru.core.dataset import SPLITS
from golgoru.core.markdown import amount, number
from golgoru.core.text import markup_safe
from golgoru.guideline.edge_cases import EdgeCases

MAX_ITEMS = 100
# The headings of the list, most needed first.
MISSING, BELOW_TARGET, SOLVED_BY_PINS, OTHER_REASON, NO_WEIGHTS_NEEDED = LEVELS = (
    "Missing: collect these first",
    "Collect these until weights reach the target",
    "Missing in a split, and there in another one: record the proposed pins",
    "Short of the target, for another reason than their number",
    "Enough: with these no weights would be needed",
)
_KEY = ["kind", "key"]
_RowsByKey = dict[tuple[str, str], list[dict[Any, Any]]]  # by thing


class CollectionItem(NamedTuple):
    """One line: `many` images (objects, for an edge case of objects), None where nothing is to be collected.

    `why` is in the tables' own words.
    """

    level: str
    kind: str
    key: str
    name: str
    many: int | None
    words: tuple[str, ...]
    why: tuple[str, ...]


class CollectionList(NamedTuple):
    """The first lines, how many are left out, and how many of all lines ask for pictures."""

    shown: tuple[CollectionItem, ...]
    more: int
    to_collect: int


def items_to_collect(seats: pd.DataFrame, plan: pd.DataFrame, edge_cases: EdgeCases) -> CollectionList:
    """Return what is missing of `seats` and `plan`, one line per class, edge case or value."""
    plan = plan.rename(columns={"by": "kind", "value": "key"})
    no_value = (plan["key"] == UNKNOWN) & ~plan["kind"].isin([CLASS, EDGE_CASE])  # nobody orders images without one
    wanted = plan[(plan["target"].fillna(0) > 0) & ~no_value]
    table = _items(seats, plan, wanted)
    told = table[table["level"] < len(LEVELS)].sort_values(
        ["level", "many", *_KEY], ascending=[True, False, True, True]
    )
    first = told.head(MAX_ITEMS)
    about = _ItemTexts(_rows(seats, first), _rows(wanted, first), edge_cases)
    shown = tuple(about.need(row) for row in first.to_dict("records"))
    asks = told["level"].isin([LEVELS.index(MISSING), LEVELS.index(BELOW_TARGET)])
    return CollectionList(shown, len(told) - len(first), int(asks.sum()))


def _items(seats: pd.DataFrame, plan: pd.DataFrame, wanted: pd.DataFrame) -> pd.DataFrame:
    """Return one row per thing: kind, key, its level (a number of LEVELS; beyond them nothing is missing) and many."""
    of_seats = seats.groupby(_KEY)[["short", "missing"]].sum()
    of_plan = wanted.groupby(_KEY)[["collect", "even"]].sum()
    stuck = wanted[wanted["why"].notna() & wanted["collect"].isna()].groupby(_KEY).size().rename("stuck")
    images = plan[plan["kind"] == CLASS].groupby(_KEY)["images"].sum()
    unseen = (images == 0).rename("unseen")
    table = pd.concat([of_seats, of_plan, stuck, unseen], axis=1).astype(float).fillna(0.0)
    level = np.select(
        [(table["short"] > 0) | (table["unseen"] > 0), table["collect"] > 0, table["missing"] > 0, table["stuck"] > 0,
         table["even"] > 0],
        range(len(LEVELS)),
        len(LEVELS),
    )  # fmt: skip
    many = np.select([level == 0, level == 1, level == 4], [table["short"], table["collect"], table["even"]], 0.0)
    return table.assign(level=level, many=many).rename_axis(_KEY).reset_index()


def _rows(table: pd.DataFrame, things: pd.DataFrame) -> _RowsByKey:
    """Return the rows of a table about some things, by thing, in the order of the splits."""
    rows = table.merge(things[_KEY], on=_KEY)
    rows = rows.assign(place=rows["split"].map(SPLITS.index)).sort_values([*_KEY, "place"])
    return {(str(kind), str(key)): part.to_dict("records") for (kind, key), part in rows.groupby(_KEY)}


class _ItemTexts:
    """What the tables say of each thing."""

    def __init__(self, seats: _RowsByKey, plan: _RowsByKey, edge_cases: EdgeCases) -> None:
        self._seats, self._plan = seats, plan
        self._edge_cases = {case.id: case for case in edge_cases.edge_cases}

    def need(self, thing: dict[Any, Any]) -> CollectionItem:
        kind, key, level = str(thing["kind"]), str(thing["key"]), LEVELS[int(thing["level"])]
        seats, plan = self._seats.get((kind, key), []), self._plan.get((kind, key), [])
        noun = self._noun(kind, key) if level == MISSING else "image"
        words = [*_missing(seats, noun)] if seats else []
        if thing["unseen"]:
            words.append("no image with an agreed label shows it yet")
        words += [words_of for row in plan for words_of in _target(row, several=len(plan) > 1)]
        why = [row["why"] for row in [*seats, *plan] if isinstance(row["why"], str)]
        many = int(thing["many"]) or None
        return CollectionItem(level, kind, key, self._name(kind, key), many, tuple(words), _once(why))

    def _noun(self, kind: str, key: str) -> str:
        case = self._edge_cases.get(key) if kind == EDGE_CASE else None
        return case.on if case else "image"

    def _name(self, kind: str, key: str) -> str:
        if kind == EDGE_CASE:
            case = self._edge_cases.get(key)
            return "no edge case" if key == NONE_OF_THEM else markup_safe(case.sentence if case else key)
        return markup_safe(key if kind == CLASS else f"{kind}: {key}")


def _missing(seats: list[dict[Any, Any]], noun: str) -> list[str]:
    """Say what is short, and what pins seat, in which splits."""
    short = _by_split(seats, noun, lambda row: int(row["short"]))
    seated = _by_split(seats, noun, lambda row: int(row["missing"] - row["short"]))
    return [*([short] if short else []), *([f"{seated} would come from the proposed pins"] if seated else [])]


def _by_split(seats: list[dict[Any, Any]], noun: str, many: Callable[[dict[Any, Any]], int]) -> str:
    return ", ".join(f"{amount(many(row), noun)} for {row['split']}" for row in seats if many(row) > 0)


def _target(row: dict[Any, Any], several: bool) -> list[str]:
    """Say how many images weights need to reach a target, and how many make weights needless."""
    where = f" in {row['split']}" if several else ""
    collect = None if pd.isna(row["collect"]) else int(row["collect"])
    even = 0 if pd.isna(row["even"]) else int(row["even"])
    words = []
    if collect:
        words.append(f"{amount(collect, 'more image')} until weights reach the target{where}")
    if even > (collect or 0):
        words.append(f"{number(even) if collect else amount(even, 'more image')} until no weights are needed{where}")
    return ["; ".join(words)] if words else []


def _once(texts: list[str]) -> tuple[str, ...]:
    return tuple(markup_safe(text) for text in dict.fromkeys(texts))
