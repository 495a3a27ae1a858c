"""The split of each group: by the hash of its name, unless people pinned it or the test set is frozen."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd

from golgoru.core import paths
from golgoru.core.errors import UserError
from golgoru.core.hashing import uniform_hash
from golgoru.core.yaml_models import key_line
from golgoru.raw.pins import Pin
from golgoru.tables import frames


class SplitSettings(NamedTuple):
    """`shares` of train, val and test add up to 1. `frozen` is the last day whose deliveries may join the test set."""

    seed: int
    shares: tuple[float, float, float]
    frozen: date | None = None
    folds: int | None = None


class Assignment(NamedTuple):
    """Table `splits` in order of arrival and, per row, whether its group is pinned or in the frozen test set."""

    splits: pd.DataFrame
    pinned: pd.Series
    in_frozen_test: pd.Series


def check_frozen(shares: tuple[float, float, float], frozen: date | None) -> None:
    """Raise UserError where the test set is frozen, and a share of 0 leaves nothing to freeze or nowhere to go."""
    if frozen is None:
        return
    train, val, test = shares
    if not test:
        reason = "split.shares gives test a share of 0, so there is no test set to freeze; give it a share above 0"
    elif not train + val:
        reason = "split.shares gives train and val a share of 0, so later images have no split; raise one of them"
    else:
        return
    raise UserError(f"{key_line(paths.PARAMS, 'dataset', 'frozen')}: dataset.frozen: {reason}")


def images_by_arrival(groups: pd.DataFrame, images: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """Return the images that have a group: image, content, delivery, date, group, group_on_arrival.

    Rows are in order of arrival, so the first row of a group is its earliest image, whose content names the group.
    """
    rows = groups.merge(sources[["image", "delivery", "date"]], on="image", how="left", validate="one_to_one")
    rows = rows.merge(images[["image", "content"]], on="image", how="left", validate="one_to_one")
    return rows.sort_values(["date", "delivery", "content", "image"], ignore_index=True)


def assign_splits(
    rows: pd.DataFrame, pins: Sequence[Pin], known_images: pd.Series, settings: SplitSettings
) -> Assignment:
    """Return the split of every row of `images_by_arrival`. Raises UserError for a pin that cannot be followed.

    `known_images`: every image that a pin may name, readable or not.
    """
    pinned_rows = _pinned_rows(rows, pins, known_images)
    split_by_hash, split_if_frozen = _splits_by_hash(rows, settings)
    by_group, on_arrival = rows["group"].map(split_if_frozen), rows["group_on_arrival"].map(split_if_frozen)
    pin_of_group = dict(zip(pinned_rows["group"], pinned_rows["split"], strict=True))
    pinned = rows["group"].map(pin_of_group).astype("str")
    frozen_test = _is_frozen_test(rows, pinned_rows, on_arrival, settings.frozen)
    in_frozen_test = frames.is_in(rows["group"], rows.loc[frozen_test, "group"])
    split = pinned.fillna(by_group).mask(in_frozen_test, "test")
    reason = pd.Series("hash", index=rows.index, dtype="str")
    if settings.frozen is not None:
        moved = rows["group"].map(split_by_hash) != by_group
        reason = reason.mask(moved, "hash, of train and val: the test set is frozen")
    reason = reason.mask(by_group != on_arrival, "merge: it was " + on_arrival + ", its groups became one")
    reason = reason.mask(frozen_test & (by_group != "test"), "frozen test set").mask(pinned == split, "pin")
    held_back = in_frozen_test & ~frozen_test
    if held_back.any():
        reason = reason.mask(held_back, _held_back_reason(rows, pinned_rows, on_arrival))
    splits = frames.frame("splits", {
        "image": rows["image"],
        "group": rows["group"],
        "split": split,
        "fold": _folds(rows["group"], split, settings),
        "held_back": held_back,
        "reason": reason,
    })  # fmt: skip
    return Assignment(splits, pinned.notna(), in_frozen_test)


def _pinned_rows(rows: pd.DataFrame, pins: Sequence[Pin], known_images: pd.Series) -> pd.DataFrame:
    """Return the rows that a pin names, with its `split`.

    Raises UserError for a pin of an unknown image, and for pins that send one group to two splits. A loop over pins,
    which people wrote: they are few.
    """
    named = pd.Series([pin.image for pin in pins], dtype="str")
    pinned_rows = rows[frames.is_in(rows["image"], named)]
    group_of = dict(zip(pinned_rows["image"], pinned_rows["group"], strict=True))
    known = set(known_images[frames.is_in(known_images, named)])
    by_group: dict[str, Pin] = {}
    split_of = {}
    for pin in pins:
        if pin.image not in known:
            raise UserError(
                f"{paths.PINS}:{pin.line}: there is no image '{pin.image}'; correct the name, or remove the line"
            )
        if pin.image not in group_of:
            continue  # The file is there and cannot be read, so it has no group and no split.
        first = by_group.setdefault(group_of[pin.image], pin)
        if first.split != pin.split:
            raise UserError(
                f"{paths.PINS}:{pin.line}: '{pin.image}' is pinned to {pin.split}, but line {first.line} pins "
                f"'{first.image}' of the same group to {first.split}; pin both to one split"
            )
        split_of[pin.image] = pin.split
    return pinned_rows.assign(split=pinned_rows["image"].map(split_of).astype("str"))


def _splits_by_hash(rows: pd.DataFrame, settings: SplitSettings) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the split of each group name by its hash, and the same with later groups kept out of a frozen test set.

    A loop over distinct names: a hash takes one text at a time.
    """
    train, val, _ = settings.shares
    names = pd.concat([rows["group"], rows["group_on_arrival"]]).unique()
    place = np.fromiter((uniform_hash(f"{settings.seed}:{name}") for name in names), float, len(names))
    chosen = np.select([place < train, place < train + val], ["train", "val"], "test")
    split_by_hash = dict(zip(names, chosen.tolist(), strict=True))
    if settings.frozen is None:
        return split_by_hash, split_by_hash
    # A group's date is that of its earliest image, and its name is that image's content.
    date_of_group = rows.drop_duplicates("content").set_index("content")["date"].reindex(names)
    later = (date_of_group > settings.frozen.isoformat()).to_numpy(bool) & (chosen == "test")
    to_train_or_val = {
        name: "train" if uniform_hash(f"later {settings.seed}:{name}") * (train + val) < train else "val"
        for name in names[later]
    }
    return split_by_hash, split_by_hash | to_train_or_val


def _is_frozen_test(
    rows: pd.DataFrame, pinned_rows: pd.DataFrame, on_arrival: pd.Series, frozen: date | None
) -> pd.Series:
    """Return which images are the frozen test set: those that had arrived by that day and were in test, by hash or pin.

    Of a pinned group these are the images that had arrived when the pinned image had. Both depend on the group that an
    image had on arrival, which never changes.
    """
    if frozen is None:
        return pd.Series(data=False, index=rows.index)
    pins = pinned_rows.groupby("group_on_arrival").agg(split=("split", "first"), date=("date", "max"))
    split = rows["group_on_arrival"].map(pins["split"]).astype("str").fillna(on_arrival)
    day = frozen.isoformat()
    last_day = pins["date"].where(pins["date"] > day, day)
    last_day = rows["group_on_arrival"].map(last_day).astype("str").fillna(day)
    return (split == "test") & (rows["date"] <= last_day)


def _held_back_reason(rows: pd.DataFrame, pinned_rows: pd.DataFrame, on_arrival: pd.Series) -> pd.Series:
    pin = rows["group_on_arrival"].map(pinned_rows.groupby("group_on_arrival")["split"].first()).astype("str")
    reason = "held back: it was " + on_arrival + ", and its group has images of the frozen test set"
    pinned = "held back: pinned to " + pin + ", but its group has images of the frozen test set"
    reason = reason.mask(pin.notna(), pinned)
    arrived_later = pin.fillna(on_arrival) == "test"
    return reason.mask(arrived_later, "held back: its group is in the frozen test set, and it arrived later")


def _folds(group: pd.Series, split: pd.Series, settings: SplitSettings) -> pd.Series:
    """Return the fold of each row, null on test. The hash is independent of the split's."""
    if settings.folds is None:
        return pd.Series(pd.NA, index=group.index, dtype="Int64")
    names = group[split != "test"].unique()
    fold = {name: int(uniform_hash(f"fold {settings.seed}:{name}") * settings.folds) for name in names}
    return group.map(fold).mask(split == "test").astype("Int64")
