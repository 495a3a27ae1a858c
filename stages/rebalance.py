"""Cap and weigh the images of train so that classes count more evenly; val and test stay as they are.

Reads: `splits` (one row per image), `labels` (one row per object), `copies` (one row per image left out),
`images` (one row per file).
Writes: `weights` (one row per image).

Nothing is duplicated or deleted: `keep`, `weight` and `repeat` are tags, for whoever trains to use.
Enforces CAP-001 (no class has more images in train than the cap, unless they show another class too).
"""

from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from stages.lib import frames
from stages.lib.chance import uniform
from stages.lib.shell import run
from stages.lib.yaml_file import Written


class Params(Written):
    """`target`: what the classes' shares are pulled toward. `cap`: the most images of one class in train."""

    # The square root lies halfway between what is there and even shares: rare classes gain, and no picture is shown
    # so often that a model learns it by heart (Mahajan et al. 2018, who took it from word2vec).
    target: Literal["natural", "square root", "uniform"] = "square root"
    cap: int | None = Field(None, ge=1)
    # Above this an image would be repeated rather than learned from; the deficit is for collecting to close.
    max_weight: float = Field(10.0, ge=1)


class Tables(NamedTuple):
    weights: pd.DataFrame
    metrics: dict[str, Any]


def transform(
    splits: pd.DataFrame, labels: pd.DataFrame, copies: pd.DataFrame, images: pd.DataFrame, params: Params
) -> Tables:
    """Return each image's tags. An image of several classes takes the weight of the one that needs it most."""
    stays = splits[~frames.is_in(splits["image"], copies["image"])].merge(images[["image", "content"]], on="image")
    train = stays[stays["split"] == "train"]
    shown = labels[labels["status"] != "contested"][["image", "label"]].drop_duplicates().merge(train, on="image")
    shown = shown.assign(kept=_kept(shown, params.cap))
    kept = shown[shown["kept"]]
    of_class = _class_weights(kept["label"].value_counts(), params)
    weight = kept["label"].map(of_class).astype(float).groupby(kept["image"]).max()
    tags = splits.merge(images[["image", "content"]], on="image")
    tags["weight"] = tags["image"].map(_mean_one(weight, params.max_weight).round(4)).astype(float).fillna(1.0)
    weights = frames.frame("weights", {
        "image": tags["image"],
        "keep": ~frames.is_in(tags["image"], shown.loc[~shown["kept"], "image"]),
        "weight": tags["weight"],
        "repeat": _repeat(tags["weight"], tags["content"]),
    })  # fmt: skip
    return Tables(weights, _metrics(shown, weights))


def _kept(shown: pd.DataFrame, cap: int | None) -> pd.Series:
    """Return which images stay: of each class the first `cap` by chance, and what another class needs."""
    if cap is None:
        return pd.Series(data=True, index=shown.index)
    # Another text than that of `_repeat`: else those that stay were those that are rounded up.
    chance = _chance("cap", shown["content"])
    order = shown.assign(chance=chance).sort_values(["chance", "content", "image"])
    place = order.groupby("label").cumcount()
    kept: pd.Series = (place < cap).groupby(shown["image"]).transform("any")
    return kept


def _class_weights(count: pd.Series, params: Params) -> pd.Series:
    """Return per class the target's share over the share it has, up to a factor common to all."""
    power = {"natural": 0.0, "square root": 0.5, "uniform": 1.0}[params.target]
    return count.astype(float) ** -power


def _mean_one(weight: pd.Series, most: float) -> pd.Series:
    """Return the weights scaled to a mean of 1 with none above `most`; what that takes from some, the others share."""
    at_most = pd.Series(data=False, index=weight.index)
    while not at_most.all():
        rest = (len(weight) - most * at_most.sum()) / weight[~at_most].sum()
        scaled = (weight * rest).mask(at_most, most)
        if not (over := scaled > most + 1e-9).any():
            return scaled
        at_most |= over
    return weight.astype(float).mask(at_most, most)


def _repeat(weight: pd.Series, content: pd.Series) -> pd.Series:
    """Return how often an epoch shows an image: its weight, at least 1, rounded up or down by its hash.

    Over many images of one weight the mean of the repeats is that weight.
    """
    whole = np.floor(weight)
    repeat: pd.Series = (whole + (_chance("repeat", content) < weight - whole)).clip(lower=1).astype(int)
    return repeat


def _chance(what: str, content: pd.Series) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Return a number in [0, 1) per content. A loop over rows: a hash takes one text at a time."""
    return np.fromiter((uniform(f"{what}:{text}") for text in content), float, len(content))


def _metrics(shown: pd.DataFrame, weights: pd.DataFrame) -> dict[str, Any]:
    """Return, per class of train: images, images kept, and the share of weight it comes to."""
    weight = shown["image"].map(weights.set_index("image")["weight"]).astype(float).where(shown["kept"], 0.0)
    total = float(weight.sum())
    classes = pd.DataFrame({"images": 1, "kept": shown["kept"], "weight": weight}).groupby(shown["label"]).sum()
    return {
        "capped": int((~weights["keep"]).sum()),
        "classes": {
            str(label): {
                "images": int(row["images"]),
                "kept": int(row["kept"]),
                "share": row["images"] / len(shown),
                "weighted share": row["weight"] / total,
            }
            for label, row in classes.to_dict("index").items()
        },
    }


if __name__ == "__main__":
    run(transform)
