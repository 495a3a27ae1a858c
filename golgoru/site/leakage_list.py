"""What gives the split away, for people: copies in two splits as pairs of pictures, and the other findings in words."""

from typing import Any, NamedTuple

import pandas as pd

from golgoru.core.text import markup_safe
from golgoru.site import page

MAX_PAIRS, MAX_FINDINGS = 20, 100
_COPIES = "copies"


class PairedPicture(NamedTuple):
    """One picture of a pair, and where it stands."""

    image: str
    name: str
    split: str


class DuplicatePair(NamedTuple):
    """Two copies in two splits."""

    sides: tuple[PairedPicture, PairedPicture]
    strength: float | None
    reason: str


class LeakageList(NamedTuple):
    """What is shown of table `leaks`: `told` says how many rows give the split away."""

    pairs: tuple[DuplicatePair, ...]
    more_pairs: int
    findings: list[dict[str, Any]]
    more_findings: int
    told: int


def leakage_list(leaks: pd.DataFrame, pairs: pd.DataFrame, splits: pd.DataFrame) -> LeakageList:
    """Return the sheet; what gives the split away comes first, the strongest before the others."""
    copies = leaks[leaks["kind"] == _COPIES]
    others = leaks[leaks["kind"] != _COPIES]
    order = ["told", "strength", "kind", "key"]
    first = others.sort_values(order, ascending=[False, False, True, True]).head(MAX_FINDINGS)
    shown = _pairs(copies, pairs, splits)
    return LeakageList(
        shown,
        len(copies) - len(shown),
        page.printable_rows(first),
        len(others) - len(first),
        int(leaks["told"].sum()),
    )


def pictured_images(found: LeakageList) -> list[str]:
    """Return the images whose pictures are shown."""
    return [side.image for pair in found.pairs for side in pair.sides]


def _pairs(copies: pd.DataFrame, pairs: pd.DataFrame, splits: pd.DataFrame) -> tuple[DuplicatePair, ...]:
    """Return the first pairs. A name may hold the bar that stands between two of them, so they come from `pairs`."""
    first = copies.sort_values(["strength", "key"], ascending=[False, True]).head(MAX_PAIRS)
    named = pairs[["image_a", "image_b"]].assign(key=pairs["image_a"] + "|" + pairs["image_b"])
    both = first.merge(named.drop_duplicates("key"), on="key").sort_values(["strength", "key"], ascending=[False, True])
    split_of = splits[splits["image"].isin([*both["image_a"], *both["image_b"]])].set_index("image")["split"]
    return tuple(
        DuplicatePair(
            (_side(row["image_a"], split_of), _side(row["image_b"], split_of)),
            None if pd.isna(row["strength"]) else float(row["strength"]),
            markup_safe(str(row["reason"])),
        )
        for row in both.to_dict("records")
    )


def _side(image: str, split_of: pd.Series) -> PairedPicture:
    return PairedPicture(image, markup_safe(image), str(split_of.get(image, "")))
