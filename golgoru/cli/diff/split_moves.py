"""Which images stand in another split than before, and why."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from golgoru.tables import frames


class CommitSplits(NamedTuple):
    """`splits` (image, group, split, held, reason) and `images` (image, content) of one commit."""

    splits: pd.DataFrame
    images: pd.DataFrame


def moved_images(before: CommitSplits, now: CommitSplits, settings: str = "") -> pd.DataFrame:
    """Return what moved: image, group, was, now, why; by image. `settings`: what of them changed, in words.

    The same content is the same image, under whatever name. New and removed images do not count as moved.
    """
    old = (
        _images_with_content(before)
        .drop_duplicates("content")
        .add_prefix("was_")
        .rename(columns={"was_content": "content"})
    )
    new = _images_with_content(now)
    both = new.merge(old, on="content", validate="many_to_one")
    moved = both[(both["split"] != both["was_split"]) | (both["held"] != both["was_held"])].sort_values("image")
    return pd.DataFrame({
        "image": moved["image"],
        "group": moved["group"],
        "was": _state(moved["was_split"], moved["was_held"]),
        "now": _state(moved["split"], moved["held"]),
        "why": _move_reasons(moved, old, new, settings),
    }).reset_index(drop=True)  # fmt: skip


def changed_settings(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Return which settings that decide splits differ between two params.yaml, in words; empty where none does."""
    keys = (("dataset", "seed"), ("split", "shares"), ("split", "frozen"))
    values = {".".join(key): [(side.get(key[0]) or {}).get(key[1]) for side in (before, now)] for key in keys}
    return ", ".join(
        f"{key} was {_setting_text(old)}, is {_setting_text(new)}" for key, (old, new) in values.items() if old != new
    )


class KeepingPins(NamedTuple):
    """Images to pin so that their groups stand where they stood, each with that split; and why others cannot."""

    pins: dict[str, str]
    not_kept: dict[str, str]


def pins_to_keep(moved: pd.DataFrame, before: CommitSplits, now: CommitSplits) -> KeepingPins:
    """Return the pins that put what moved back. A pin holds a whole group, so one that merged cannot be kept apart."""
    old = _images_with_content(before).drop_duplicates("content").set_index("content")
    new = _images_with_content(now)
    new = new[frames.is_in(new["group"], moved["group"])]
    stood = new.assign(stood=new["content"].map(_state(old["split"], old["held"])))
    stood = stood[stood["stood"].notna()].sort_values("image")
    pins, not_kept = {}, {}
    for _, group in stood.groupby("group"):  # a loop over groups that moved: each is decided, and told, by itself
        first, where = group["image"].iloc[0], sorted(group["stood"].unique())
        if (group["reason"] == "pin").any():
            not_kept[first] = "a pin moved it; change that line"
        elif len(where) > 1:
            not_kept[first] = f"its group stood in {' and in '.join(where)}, and is one now"
        elif "held" in where[0]:
            not_kept[first] = "it was held, in no release"
        else:
            pins[first] = where[0]
    return KeepingPins(pins, not_kept)


def _images_with_content(side: CommitSplits) -> pd.DataFrame:
    """Return the images of one side with their content; older tables of splits say nothing of `held`."""
    rows = side.splits.merge(side.images[["image", "content"]], on="image", validate="one_to_one").sort_values("image")
    return rows if "held" in rows else rows.assign(held=False)


def _state(split: pd.Series, held: pd.Series) -> pd.Series:
    state: pd.Series = split.mask(held.astype(bool), "held")
    return state


def _move_reasons(moved: pd.DataFrame, old: pd.DataFrame, new: pd.DataFrame, settings: str) -> pd.Series:
    """Return the reason of each move; of several the first that applies."""
    first = new.drop_duplicates("content").set_index("content")
    lost = ~frames.is_in(moved["was_group"], first.index)
    other = moved["group"] != moved["was_group"]
    together = moved["was_group"].map(first["group"]) == moved["group"]
    gone = moved["was_group"].map(old.set_index("content")["was_image"])
    earlier = moved["group"].map(first["image"])
    reasons: list[tuple[pd.Series, pd.Series | str]] = [
        (moved["reason"] == "pin", "pin"),
        (moved["was_reason"] == "pin", "its pin is gone"),
        (moved["held"].astype(bool), moved["reason"]),
        (lost, "its group lost its earliest member, " + gone),
        (other & together, "merge: its group became one with that of " + earlier),
        (other, "its group came apart: what joined it to " + moved["was_group"].map(first["image"]) + " is gone"),
    ]
    why = pd.Series(settings or "another rule of split", index=moved.index, dtype="str")
    for applies, reason in reversed(reasons):
        why = why.mask(applies, reason)
    return why


def _setting_text(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {item}" for key, item in value.items()) + "}"
    return "not set" if value is None else str(value)
