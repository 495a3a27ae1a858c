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
    stays = splits[~splits["image"].isin(copies["image"])].merge(images[["image", "content"]], on="image")
    train = stays[stays["split"] == "train"]
    shown = labels[labels["status"] != "contested"][["image", "label"]].drop_duplicates().merge(train, on="image")
    shown = shown.assign(order=shown["content"].map(uniform), kept=True)
    if params.cap is not None:
        place = shown.sort_values(["order", "content", "image"]).groupby("label").cumcount()
        shown["kept"] = (place < params.cap).groupby(shown["image"]).transform("any")
    kept = shown[shown["kept"]]
    of_class = _class_weights(kept["label"].value_counts(), params)
    weight = kept["label"].map(of_class).astype(float).groupby(kept["image"]).max()
    weight = (weight / weight.mean() if len(weight) else weight).clip(upper=params.max_weight).round(4)
    tags = splits.merge(images[["image", "content"]], on="image")
    tags["weight"] = tags["image"].map(weight).fillna(1.0)
    weights = frames.frame("weights", {
        "image": tags["image"],
        "keep": ~tags["image"].isin(shown.loc[~shown["kept"], "image"]),
        "weight": tags["weight"],
        "repeat": _repeat(tags["weight"], tags["content"]),
    })  # fmt: skip
    return Tables(weights, _metrics(shown, weights))


def _class_weights(count: pd.Series, params: Params) -> pd.Series:
    """Return per class the target's share over the share it has, up to a factor common to all."""
    power = {"natural": 0.0, "square root": 0.5, "uniform": 1.0}[params.target]
    return count.astype(float) ** -power


def _repeat(weight: pd.Series, content: pd.Series) -> pd.Series:
    """Return how often an epoch shows an image: its weight rounded up or down by its hash, so that means hold."""
    whole = np.floor(weight)
    return (whole + (content.map(uniform).to_numpy(float) < weight - whole)).clip(lower=1).astype(int)


def _metrics(shown: pd.DataFrame, weights: pd.DataFrame) -> dict[str, Any]:
    """Return, per class of train: images, images kept, and the share of weight it comes to."""
    kept = shown[shown["kept"]].merge(weights[["image", "weight"]], on="image")
    total = float(kept["weight"].sum())
    return {
        "capped": int((~weights["keep"]).sum()),
        "classes": {
            str(label): {
                "images": len(rows),
                "kept": int(rows["kept"].sum()),
                "share": len(rows) / len(shown),
                "weighted share": float(kept.loc[kept["label"] == label, "weight"].sum()) / total,
            }
            for label, rows in shown.groupby("label")
        },
    }


if __name__ == "__main__":
    run(transform)
