"""Leakage between splits as people see it: duplicates in two splits as pairs of images, and the other findings."""

from typing import Any, NamedTuple

import pandas as pd

from golgoru.core.text import markup_safe
from golgoru.site.page import printable_rows

MAX_PAIRS, MAX_FINDINGS = 20, 100
_DUPLICATES = "duplicates"


class PairedPicture(NamedTuple):
    """One image of a pair, and its split."""

    image: str
    name: str
    split: str


class DuplicatePair(NamedTuple):
    """Two duplicates in two splits."""

    sides: tuple[PairedPicture, PairedPicture]
    strength: float | None
    reason: str


class LeakageList(NamedTuple):
    """What is shown of table `leakage`: `leaks` is the number of all rows that leak."""

    pairs: tuple[DuplicatePair, ...]
    more_pairs: int
    findings: list[dict[str, Any]]
    more_findings: int
    leaks: int


def leakage_list(*, leakage: pd.DataFrame, duplicate_pairs: pd.DataFrame, splits: pd.DataFrame) -> LeakageList:
    """Return what is shown; what leaks comes first, by falling strength."""
    of_duplicates = leakage[leakage["kind"] == _DUPLICATES]
    others = leakage[leakage["kind"] != _DUPLICATES]
    order = ["leaks", "strength", "kind", "key"]
    first = others.sort_values(order, ascending=[False, False, True, True]).head(MAX_FINDINGS)
    pairs = _first_pairs(of_duplicates, duplicate_pairs, splits)
    return LeakageList(
        pairs,
        len(of_duplicates) - len(pairs),
        printable_rows(first),
        len(others) - len(first),
        int(leakage["leaks"].sum()),
    )


def pictured_images(shown: LeakageList) -> list[str]:
    """Return the images whose pictures are shown."""
    return [side.image for pair in shown.pairs for side in pair.sides]


def _first_pairs(
    of_duplicates: pd.DataFrame, duplicate_pairs: pd.DataFrame, splits: pd.DataFrame
) -> tuple[DuplicatePair, ...]:
    """Return the first pairs. File names may contain the separator of `key`, so they come from `duplicate_pairs`."""
    first = of_duplicates.sort_values(["strength", "key"], ascending=[False, True]).head(MAX_PAIRS)
    keyed = duplicate_pairs[["image_a", "image_b"]].assign(
        key=duplicate_pairs["image_a"] + "|" + duplicate_pairs["image_b"]
    )
    pairs = first.merge(keyed.drop_duplicates("key"), on="key")
    pairs = pairs.sort_values(["strength", "key"], ascending=[False, True])
    shown = splits["image"].isin([*pairs["image_a"], *pairs["image_b"]])
    split_of = splits[shown].set_index("image")["split"]
    return tuple(
        DuplicatePair(
            (_side(row["image_a"], split_of), _side(row["image_b"], split_of)),
            None if pd.isna(row["strength"]) else float(row["strength"]),
            markup_safe(str(row["reason"])),
        )
        for row in pairs.to_dict("records")
    )


def _side(image: str, split_of: pd.Series) -> PairedPicture:
    return PairedPicture(image, markup_safe(image), str(split_of.get(image, "")))
