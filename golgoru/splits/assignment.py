"""Which split each group stands in: by the hash of its name, unless people pinned it or the test set is frozen."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from golgoru.core import paths
from golgoru.core.errors import UserError
from golgoru.core.hashing import uniform
from golgoru.raw.pins import Pin
from golgoru.tables import frames

Texts = NDArray[np.str_]


class SplitSettings(NamedTuple):
    """`shares`: of train, val and test, which add up to 1. `frozen`: the last day that may add to the test set."""

    seed: int
    shares: tuple[float, float, float]
    frozen: date | None = None
    folds: int | None = None


class Assignment(NamedTuple):
    """`splits`: the table, in the order of `members`. `pinned`, `in_frozen_test`: of each row, whether its group is."""

    splits: pd.DataFrame
    pinned: pd.Series
    in_frozen_test: pd.Series


def images_by_arrival(groups: pd.DataFrame, images: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """Return the images that have a group in order of arrival: image, content, delivery, date, group, home.

    The first row of a group is its earliest image, whose content is the group's name.
    """
    rows = groups.merge(sources[["image", "delivery", "date"]], on="image", how="left", validate="one_to_one")
    rows = rows.merge(images[["image", "content"]], on="image", how="left", validate="one_to_one")
    return rows.sort_values(["date", "delivery", "content", "image"], ignore_index=True)


def assign_splits(rows: pd.DataFrame, pins: Sequence[Pin], known: pd.Series, rule: SplitSettings) -> Assignment:
    """Return table `splits` of `rows` (see `members`). `known`: every image that a pin may name. Raises UserError."""
    own_pins = _pinned_rows(rows, pins, known)
    first, last = _splits_by_hash(rows, rule)
    by_group, at_home = rows["group"].map(last), rows["home"].map(last)
    pinned = rows["group"].map(dict(zip(own_pins["group"], own_pins["split"], strict=True))).astype("str")
    shown = _is_frozen_test(rows, own_pins, at_home, rule.frozen)
    in_test = frames.is_in(rows["group"], rows.loc[shown, "group"])
    split = pinned.fillna(by_group).mask(in_test, "test")
    reason = pd.Series("hash", index=rows.index, dtype="str")
    if rule.frozen is not None:
        reason = reason.mask(rows["group"].map(first) != by_group, "hash, of train and val: the test set is frozen")
    reason = reason.mask(by_group != at_home, "merge: it was " + at_home + ", its groups became one")
    reason = reason.mask(shown & (by_group != "test"), "frozen test set").mask(pinned == split, "pin")
    held = in_test & ~shown
    if held.any():
        reason = reason.mask(held, _held_reason(rows, own_pins, at_home))
    splits = frames.frame("splits", {
        "image": rows["image"],
        "group": rows["group"],
        "split": split,
        "fold": _folds(rows["group"], split, rule),
        "held": held,
        "reason": reason,
    })  # fmt: skip
    return Assignment(splits, pinned.notna(), in_test)


def _pinned_rows(rows: pd.DataFrame, pins: Sequence[Pin], known: pd.Series) -> pd.DataFrame:
    """Return the rows that are pinned, with `split`. Raises UserError where a pin names no image, or two tear a group.

    A loop over pins: people wrote them.
    """
    named = rows[frames.is_in(rows["image"], pd.Series([pin.image for pin in pins], dtype="str"))]
    group_of = dict(zip(named["image"], named["group"], strict=True))
    there = set(known[frames.is_in(known, pd.Series([pin.image for pin in pins], dtype="str"))])
    by_group: dict[str, Pin] = {}
    split_of = {}
    for pin in pins:
        if pin.image not in there:
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
        split_of[pin.image] = pin.split
    return named.assign(split=named["image"].map(split_of).astype("str"))


def _splits_by_hash(rows: pd.DataFrame, rule: SplitSettings) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the split of each group name by its hash alone, and with later groups kept out of a frozen test set.

    Loops over distinct names: a hash takes one text at a time.
    """
    train, val, _ = rule.shares
    names = pd.concat([rows["group"], rows["home"]]).unique()
    place = np.fromiter((uniform(f"{rule.seed}:{name}") for name in names), float, len(names))
    chosen = np.select([place < train, place < train + val], ["train", "val"], "test")
    first = dict(zip(names, chosen.tolist(), strict=True))
    if rule.frozen is None:
        return first, first
    # A group's date is that of its earliest member, and its name is that member's content.
    came = rows.drop_duplicates("content").set_index("content")["date"].reindex(names)
    later = (came > rule.frozen.isoformat()).to_numpy(bool) & (chosen == "test")
    again = {
        name: "train" if uniform(f"later {rule.seed}:{name}") * (train + val) < train else "val"
        for name in names[later]
    }
    return first, first | again


def _is_frozen_test(rows: pd.DataFrame, own_pins: pd.DataFrame, at_home: pd.Series, frozen: date | None) -> pd.Series:
    """Return which images are the frozen test set: what had come by that day, and stood in test by hash or pin then.

    Of a pinned group it is what had come when the pinned image had. Both depend on homes, which never change.
    """
    if frozen is None:
        return pd.Series(data=False, index=rows.index)
    by_home = own_pins.groupby("home").agg(split=("split", "first"), date=("date", "max"))
    own = rows["home"].map(by_home["split"]).astype("str").fillna(at_home)
    day = frozen.isoformat()
    limit = rows["home"].map(by_home["date"].where(by_home["date"] > day, day)).astype("str").fillna(day)
    return (own == "test") & (rows["date"] <= limit)


def _held_reason(rows: pd.DataFrame, own_pins: pd.DataFrame, at_home: pd.Series) -> pd.Series:
    own = rows["home"].map(own_pins.groupby("home")["split"].first()).astype("str")
    was = "held: it was " + at_home + ", and its group has images of the frozen test set"
    was = was.mask(own.notna(), "held: pinned to " + own + ", but its group has images of the frozen test set")
    late = own.fillna(at_home) == "test"
    return was.mask(late, "held: its group is of the frozen test set, and it came later")


def _folds(group: pd.Series, split: pd.Series, rule: SplitSettings) -> pd.Series:
    """Return the fold of each row, null on test. Another text than that of the split: the two say nothing together."""
    if rule.folds is None:
        return pd.Series(pd.NA, index=group.index, dtype="Int64")
    names = group[split != "test"].unique()
    fold = {name: int(uniform(f"fold {rule.seed}:{name}") * rule.folds) for name in names}
    return group.map(fold).mask(split == "test").astype("Int64")
