"""Assign every group of images to train, val or test, so that nothing leaks and growth moves nothing.

Reads: `groups` and `sources` (one row per image), `labels` (one row per object), data/raw/pins.csv.
Writes: `splits` (one row per image).

A group takes the split that the hash of its name says, and its name is the content of its earliest member: neither
row order nor later deliveries can change it. Where later images joined two groups, the earlier one's split wins, and
the images that moved say so in `reason`. Pins win over the hash.
Enforces SPLIT-001 (a group is never torn).
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from stages.lib import frames, paths
from stages.lib.chance import uniform
from stages.lib.errors import UserError
from stages.lib.project import SPLITS, Pin
from stages.lib.shell import run
from stages.lib.yaml_file import Written


class Shares(Written):
    """What part of the groups each split gets."""

    train: float = Field(0.7, ge=0)
    val: float = Field(0.15, ge=0)
    test: float = Field(0.15, ge=0)

    @model_validator(mode="after")
    def _whole(self) -> "Shares":
        total = self.train + self.val + self.test
        if abs(total - 1) > 1e-9:
            raise ValueError(f"expected shares of train, val and test that add up to 1, they add up to {total:g}")
        return self


class Params(Written):
    """How large the splits are. The seed is the dataset's: another seed is another split."""

    # Small data sets need every picture to learn from, and a test set below a tenth says little.
    shares: Shares = Shares()


class Tables(NamedTuple):
    splits: pd.DataFrame
    metrics: dict[str, Any]


def transform(
    groups: pd.DataFrame, sources: pd.DataFrame, labels: pd.DataFrame, pins: list[Pin], seed: int, params: Params
) -> Tables:
    """Return each image's split and why it has it."""
    by_hash = _by_hash(groups["group"], seed, params.shares)
    at_home = _by_hash(groups["home"], seed, params.shares)
    moved = by_hash != at_home
    pinned = groups["group"].map(_pinned(pins, groups, sources)).astype("str")
    reason = pd.Series("hash", index=groups.index).mask(moved, "merge: it was " + at_home + ", its groups became one")
    splits = frames.frame("splits", {
        "image": groups["image"],
        "group": groups["group"],
        "split": pinned.fillna(by_hash),
        "reason": reason.mask(pinned.notna(), "pin"),
    })  # fmt: skip
    return Tables(splits, _metrics(splits, labels, int((moved & pinned.isna()).sum())))


def _by_hash(groups: pd.Series, seed: int, shares: Shares) -> pd.Series:
    """Return the split of each group name. A loop over distinct names: a hash takes one text at a time."""
    names = pd.Series(groups.unique(), dtype="str")
    place = names.map(lambda name: uniform(f"{seed}:{name}")).to_numpy(float)
    chosen = np.select([place < shares.train, place < shares.train + shares.val], ["train", "val"], "test")
    return groups.map(dict(zip(names, chosen, strict=True))).astype("str")


def _pinned(pins: list[Pin], groups: pd.DataFrame, sources: pd.DataFrame) -> dict[str, str]:
    """Return the pinned split of groups. Raises UserError where a pin names no image, or two tear a group."""
    group_of = dict(zip(groups["image"], groups["group"], strict=True))
    known = set(sources["image"])
    by_group: dict[str, Pin] = {}
    for pin in pins:
        if pin.image not in known:
            raise UserError(
                f"{paths.PINS}:{pin.line}: there is no image '{pin.image}'; correct the name, or drop the line"
            )
        if pin.image not in group_of:
            continue  # The file is there and cannot be read: it has no group, and no split.
        first = by_group.setdefault(group_of[pin.image], pin)
        if first.split != pin.split:
            raise UserError(
                f"{paths.PINS}:{pin.line}: '{pin.image}' is pinned to {pin.split}, but line {first.line} pins "
                f"'{first.image}' of the same group to {first.split}; pin both to one split"
            )
    return {group: pin.split for group, pin in by_group.items()}


def _metrics(splits: pd.DataFrame, labels: pd.DataFrame, moved: int) -> dict[str, Any]:
    split_of = splits.set_index("image")["split"]
    seen = labels.assign(split=labels["image"].map(split_of)).groupby("split")["label"].agg(set)
    every = set(labels["label"])
    return {
        "images": {split: int((splits["split"] == split).sum()) for split in SPLITS},
        "groups": int(splits["group"].nunique()),
        "moved by merges": moved,
        "pinned": int((splits["reason"] == "pin").sum()),
        "classes missing": {split: sorted(every - seen.get(split, set())) for split in SPLITS},
    }


if __name__ == "__main__":
    run(transform)
