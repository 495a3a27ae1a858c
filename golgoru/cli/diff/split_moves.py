"""Which images are in another split than before, and why."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from golgoru.tables import frames

_HELD_BACK = "held back"


class CommitSplits(NamedTuple):
    """`splits` (image, group, split, held_back, reason) and `images` (image, content) of one commit."""

    splits: pd.DataFrame
    images: pd.DataFrame


def moved_images(before: CommitSplits, now: CommitSplits, settings: str = "") -> pd.DataFrame:
    """Return the images that moved, in order: image, group, was, now, reason.

    Equal content is the same image, under whatever name. New and removed images did not move. `settings`: which
    settings changed, as `changed_settings` says.
    """
    old = _images_with_content(before).drop_duplicates("content").add_prefix("was_")
    old = old.rename(columns={"was_content": "content"})
    new = _images_with_content(now)
    both = new.merge(old, on="content", validate="many_to_one")
    moved = both[(both["split"] != both["was_split"]) | (both["held_back"] != both["was_held_back"])]
    moved = moved.sort_values("image")
    return pd.DataFrame({
        "image": moved["image"],
        "group": moved["group"],
        "was": _split_or_held_back(moved["was_split"], moved["was_held_back"]),
        "now": _split_or_held_back(moved["split"], moved["held_back"]),
        "reason": _move_reasons(moved, old, new, settings),
    }).reset_index(drop=True)  # fmt: skip


def changed_settings(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Return which settings that decide splits differ between two params.yaml, as text; empty where none does."""
    keys = (("dataset", "seed"), ("dataset", "frozen"), ("split", "shares"))
    values = {".".join(key): [(params.get(key[0]) or {}).get(key[1]) for params in (before, now)] for key in keys}
    return ", ".join(
        f"{key} was {_setting_text(old)}, is {_setting_text(new)}" for key, (old, new) in values.items() if old != new
    )


class KeepingPins(NamedTuple):
    """The split to which to pin an image so that its group stays where it was; and why other groups cannot stay."""

    pins: dict[str, str]
    not_kept: dict[str, str]


def pins_to_keep(moved: pd.DataFrame, before: CommitSplits, now: CommitSplits) -> KeepingPins:
    """Return the pins that bring moved groups back. A pin moves a whole group, so merged groups cannot be separated."""
    old = _images_with_content(before).drop_duplicates("content").set_index("content")
    new = _images_with_content(now)
    new = new[frames.is_in(new["group"], moved["group"])]
    known = new.assign(was=new["content"].map(_split_or_held_back(old["split"], old["held_back"])))
    known = known[known["was"].notna()].sort_values("image")
    pins, not_kept = {}, {}
    for _, group in known.groupby("group"):  # a loop over groups that moved: each is decided and reported by itself
        first, was = group["image"].iloc[0], sorted(group["was"].unique())
        if (group["reason"] == "pin").any():
            not_kept[first] = "a pin moved it; change that line"
        elif len(was) > 1:
            not_kept[first] = f"its group was in {' and in '.join(was)}, and is one group now"
        elif was[0] == _HELD_BACK:
            not_kept[first] = "it was held back, so it was in no release"
        else:
            pins[first] = was[0]
    return KeepingPins(pins, not_kept)


def _images_with_content(commit: CommitSplits) -> pd.DataFrame:
    """Return the images of a commit with their content; older tables of splits have no column `held_back`."""
    content = commit.images[["image", "content"]]
    rows = commit.splits.merge(content, on="image", validate="one_to_one").sort_values("image")
    return rows if "held_back" in rows else rows.assign(held_back=False)


def _split_or_held_back(split: pd.Series, held_back: pd.Series) -> pd.Series:
    text: pd.Series = split.mask(held_back.astype(bool), _HELD_BACK)
    return text


def _move_reasons(moved: pd.DataFrame, old: pd.DataFrame, new: pd.DataFrame, settings: str) -> pd.Series:
    """Return the reason of each move; of several the first that applies."""
    first = new.drop_duplicates("content").set_index("content")
    earliest_is_gone = ~frames.is_in(moved["was_group"], first.index)
    other_group = moved["group"] != moved["was_group"]
    merged = moved["was_group"].map(first["group"]) == moved["group"]
    gone = moved["was_group"].map(old.set_index("content")["was_image"])
    earliest = moved["group"].map(first["image"])
    was_earliest = moved["was_group"].map(first["image"])
    reasons: list[tuple[pd.Series, pd.Series | str]] = [
        (moved["reason"] == "pin", "pin"),
        (moved["was_reason"] == "pin", "its pin is gone"),
        (moved["held_back"].astype(bool), moved["reason"]),
        (earliest_is_gone, "its group lost its earliest image, " + gone),
        (other_group & merged, "merge: its group became one with that of " + earliest),
        (other_group, "its group was divided: what joined it to " + was_earliest + " is gone"),
    ]
    reason_of = pd.Series(settings or "another version of stage split", index=moved.index, dtype="str")
    for applies, reason in reversed(reasons):
        reason_of = reason_of.mask(applies, reason)
    return reason_of


def _setting_text(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {item}" for key, item in value.items()) + "}"
    return "not set" if value is None else str(value)
