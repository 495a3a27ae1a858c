"""Cap and weigh images so that classes, edge cases or sources count evenly, and say what is missing of each.

Reads: `splits`, `images`, `sources` (one row per image), `labels` (one row per object), `duplicates` (one row per image
removed as a duplicate), `duplicate_pairs` (one row per pair), `edge_case_hits` (one row per edge case and object or
image), and of the guideline classes.yaml and edge_cases.yaml.
Writes: `weights` (one row per readable image), `collection_plan` (one row per split, what is balanced, and value).

Nothing is repeated or deleted: `keep`, `weight` and `repeat` are tags that training can use. Val and test stay as they
are unless `splits` names them. Contested and ignored labels do not count; near-duplicates count as one image.
Enforces CAP-001 (no class has more images in train than the cap, unless they show another class too).
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from golgoru.balance import class_counts, plan
from golgoru.balance.targets import Target, check_values
from golgoru.balance.weights import SplitImages, Weighting, random_by_content, weigh_images
from golgoru.core import plot_csv
from golgoru.core.dataset import SPLITS
from golgoru.core.numbers import float_or_none
from golgoru.core.yaml_models import ConfigModel, ConfigProblem
from golgoru.duplicates import components, kinds
from golgoru.guideline.classes import Classes
from golgoru.guideline.edge_cases import EdgeCases
from golgoru.shell import run_stage
from golgoru.tables import frames
from golgoru.tables.columns import columns
from golgoru.tables.frames import positions


class Params(ConfigModel):
    """What is balanced toward what, on which splits, and how far weights may go. See docs/balance.md."""

    # The square root lies halfway between what is there and even shares: rare classes gain, and no image is shown so
    # often that a model memorises it (Mahajan et al. 2018, who took it from word2vec).
    targets: tuple[Target, ...] = (Target(by="class", to="square root"),)
    # Above this an image would be repeated rather than learned from; what is missing then is to be collected.
    max_weight: float = Field(10.0, ge=1)
    # An image that is never shown was collected in vain.
    min_weight: float = Field(0.1, gt=0, le=1)
    # Val and test keep the shares that a model will meet, so that scores mean something.
    splits: tuple[Literal["train", "val", "test"], ...] = ("train",)

    def problems(self) -> Iterator[ConfigProblem]:
        """Yield what is wrong within a target, and targets by the same thing."""
        by = [target.by for target in self.targets]
        for number, target in enumerate(self.targets):
            here = ("targets", number)
            yield from (problem._replace(location=(*here, *problem.location)) for problem in target.problems())
            if (first := by.index(target.by)) < number:
                location = ("rebalance", "targets", first, "by")
                yield ConfigProblem((*here, "by"), f"there is a target by '{target.by}' already; merge them", location)


class Tables(NamedTuple):
    weights: pd.DataFrame
    collection_plan: pd.DataFrame
    metrics: dict[str, Any]
    plots: dict[str, bytes]


def transform(
    splits: Annotated[pd.DataFrame, columns("image", "split", "held_back")],
    labels: Annotated[pd.DataFrame, columns("object", "image", "label", "ignore", "status")],
    duplicates: Annotated[pd.DataFrame, columns("image")],
    images: Annotated[pd.DataFrame, columns("image", "content")],
    duplicate_pairs: Annotated[pd.DataFrame, columns("image_a", "image_b", "kind")],
    sources: pd.DataFrame,
    edge_case_hits: pd.DataFrame,
    classes: Classes,
    edge_cases: EdgeCases,
    params: Params,
) -> Tables:
    """Return each image's tags and the plan. Raises UserError, naming key and line, for a target that cannot be met."""
    releasable = ~splits["held_back"] & ~frames.is_in(splits["image"], duplicates["image"])
    counted = class_counts.counted_images(labels, splits.loc[releasable, "image"].sort_values(ignore_index=True))
    counts = [
        class_counts.count_values(
            number, target, counted,
            classes=classes, sources=sources, edge_case_hits=edge_case_hits, edge_cases=edge_cases,
        )
        for number, target in enumerate(params.targets)
    ]  # fmt: skip
    for number, (target, value_counts) in enumerate(zip(params.targets, counts, strict=True)):
        check_values(number, target, value_counts.values)
    split_of_image = splits["split"].iloc[positions(counted.images, splits["image"])].to_numpy()
    all_images = _split_images(counted.images, images, duplicate_pairs)
    weightings: dict[str, Weighting] = {}
    plans, tags = [], []
    for split in SPLITS:
        rows = np.flatnonzero(split_of_image == split)
        split_images = all_images.take(rows)
        split_counts = [value_counts._replace(counts=value_counts.counts[rows]) for value_counts in counts]
        weighting = None
        if split in params.splits:
            weighting = weigh_images(params.targets, split_counts, split_images, params.min_weight, params.max_weight)
            tags.append(_tags(split_images, weighting))
            weightings[split] = weighting
        bounds = plan.Bounds(params.min_weight, params.max_weight)
        plans.append(plan.plan_for_split(split, split_counts, split_images, weighting, bounds))
    weights = _weights(splits, frames.concat(tags, "weights"))
    collection_plan = frames.concat(plans, "collection_plan")
    metrics = _metrics(collection_plan, weightings)
    return Tables(weights, collection_plan, metrics, {"shares.csv": _shares_plot(collection_plan)})


def _split_images(counted: pd.Series, images: pd.DataFrame, duplicate_pairs: pd.DataFrame) -> SplitImages:
    """Return the content of the images that are counted, and which are near-duplicates of one another."""
    content = images["content"].iloc[positions(counted, images["image"])].reset_index(drop=True)
    pairs = duplicate_pairs[duplicate_pairs["kind"].isin(kinds.KINDS)]
    return SplitImages(counted, content, components.component_ids(counted, pairs))


def _tags(images: SplitImages, weighting: Weighting) -> pd.DataFrame:
    """Return keep, weight and repeat of the images of a balanced split; images that a cap leaves out have weight 1.

    An epoch shows an image as often as its weight, or LVIS' factor, says, at least once, rounded up or down by the
    hash of its content: over many images of one weight the mean is that weight.
    """
    weight = np.where(weighting.keep, weighting.weight, 1.0)
    repeat = np.floor(weighting.repeat)
    fractional = np.flatnonzero(weighting.keep & (weighting.repeat > 1) & (weighting.repeat > repeat))
    random = random_by_content("repeat", images.content.iloc[fractional])
    repeat[fractional] += random < weighting.repeat[fractional] - repeat[fractional]
    return frames.frame("weights", {
        "image": images.image.to_numpy(),
        "keep": weighting.keep,
        "weight": weight,
        "repeat": np.where(weighting.keep, np.maximum(repeat, 1), 1).astype(int),
    })  # fmt: skip


def _weights(splits: pd.DataFrame, tags: pd.DataFrame) -> pd.DataFrame:
    """Return the tags of every image; images that are not balanced are kept, with weight 1."""
    others = splits.loc[~frames.is_in(splits["image"], tags["image"]), ["image"]]
    return frames.concat([tags, frames.frame("weights", others.assign(keep=True, weight=1.0, repeat=1))], "weights")


def _metrics(collection_plan: pd.DataFrame, weightings: dict[str, Weighting]) -> dict[str, Any]:
    """Return per balanced split the number of images, the effective sample size, and the share of every value.

    The effective sample size is Kish's (1965), (sum w)^2 / sum w^2, with near-duplicates as one image.
    """
    balanced: dict[str, Any] = {}
    for split, weighting in weightings.items():
        rows = collection_plan[collection_plan["split"] == split]
        fraction, weight = weighting.fraction[weighting.keep], weighting.weight[weighting.keep]
        squares = float((weight**2 / np.where(fraction > 0, fraction, 1)).sum())
        balanced[split] = {
            "images": len(weighting.keep),
            "distinct images": float(fraction.sum()),
            "effective sample size": float(weight.sum()) ** 2 / squares if squares else 0.0,
            "shares": {str(by): _shares(of_target) for by, of_target in rows.groupby("by")},
        }
    capped = sum(int((~weighting.keep).sum()) for weighting in weightings.values())
    return {"capped": capped, "balanced": balanced}


def _shares(rows: pd.DataFrame) -> dict[str, Any]:
    """Return by value the share before and after and, if there is one, the target and how many to collect."""
    shares: dict[str, Any] = {}
    records: list[dict[Any, Any]] = rows.to_dict("records")
    for row in records:
        names = ("before", "after") if pd.isna(row["target"]) else ("before", "after", "target", "collect")
        shares[row["value"]] = {name: float_or_none(row[name]) for name in names}
    return shares


def _shares_plot(collection_plan: pd.DataFrame) -> bytes:
    train = collection_plan[collection_plan["split"] == "train"]
    value = train["value"].where(train["by"] == "class", train["by"] + ": " + train["value"])
    return plot_csv.csv(train.assign(value=value)[["value", "before", "after"]])


if __name__ == "__main__":
    run_stage(transform)
