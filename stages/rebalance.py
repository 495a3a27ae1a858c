"""Cap and weigh images so that classes, edge cases or sources count evenly, and say what is missing of each.

Reads: `splits`, `images`, `sources` (one row per image), `labels` (one row per object), `copies` (one row per image
left out), `pairs` (one row per pair of copies), `cases` (one row per edge case and object or image), and of the
guideline classes.yaml and edge_cases.yaml.
Writes: `weights` (one row per image that can be opened), `plan` (one row per split, what is balanced, and value).

Nothing is duplicated or deleted: `keep`, `weight` and `repeat` are tags, for whoever trains to use. Val and test stay
as they are unless `splits` names them. Contested and ignored labels count for nothing, near-copies as one image.
Enforces CAP-001 (no class has more images in train than the cap, unless they show another class too).
"""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from golgoru.balance import class_counts, plan, targets
from golgoru.balance.targets import Target
from golgoru.balance.weights import SplitImages, Weighting, random_by_content, weigh_images
from golgoru.core import plot_csv
from golgoru.core.dataset import SPLITS
from golgoru.core.numbers import known
from golgoru.core.yaml_models import Fault, Written
from golgoru.duplicates import components, kinds
from golgoru.guideline.classes import Classes
from golgoru.guideline.edge_cases import EdgeCases
from golgoru.shell import run
from golgoru.tables import frames
from golgoru.tables.frames import positions


class Params(Written):
    """What is balanced toward what, on which splits, and how far weights may go. See docs/balance.md."""

    # The square root lies halfway between what is there and even shares: rare classes gain, and no picture is shown
    # so often that a model learns it by heart (Mahajan et al. 2018, who took it from word2vec).
    targets: tuple[Target, ...] = (Target(by="class", to="square root"),)
    # Above this an image would be repeated rather than learned from; the deficit is for collecting to close.
    max_weight: float = Field(10.0, ge=1)
    # A picture that is never shown was collected in vain.
    min_weight: float = Field(0.1, gt=0, le=1)
    # What is judged on keeps the shares that a model will meet, so that scores mean something.
    splits: tuple[Literal["train", "val", "test"], ...] = ("train",)

    def faults(self) -> Iterator[Fault]:
        """Yield what cannot be meant in a target, and targets by the same thing."""
        by = [target.by for target in self.targets]
        for number, target in enumerate(self.targets):
            here = ("targets", number)
            yield from (fault._replace(location=(*here, *fault.location)) for fault in target.faults())
            if (first := by.index(target.by)) < number:
                stands = ("rebalance", "targets", first, "by")
                yield Fault((*here, "by"), f"there is a target by '{target.by}' already; make them one", stands)


class Tables(NamedTuple):
    weights: pd.DataFrame
    collection_plan: pd.DataFrame
    metrics: dict[str, Any]
    plots: dict[str, bytes]


def transform(
    splits: pd.DataFrame,
    labels: pd.DataFrame,
    duplicates: pd.DataFrame,
    images: pd.DataFrame,
    duplicate_pairs: pd.DataFrame,
    sources: pd.DataFrame,
    edge_case_hits: pd.DataFrame,
    classes: Classes,
    edge_cases: EdgeCases,
    params: Params,
) -> Tables:
    """Return each image's tags and the plan. Raises UserError, naming key and line, where a target cannot be."""
    stays = splits.loc[~splits["held"] & ~frames.is_in(splits["image"], duplicates["image"]), "image"]
    found = class_counts.counted_images(labels, stays.sort_values(ignore_index=True))
    shown = [
        class_counts.count_values(number, target, found, classes, sources, edge_case_hits, edge_cases)
        for number, target in enumerate(params.targets)
    ]
    for number, (target, composition) in enumerate(zip(params.targets, shown, strict=True)):
        targets.check_values(number, target, composition.values)
    of_split = splits["split"].iloc[positions(found.images, splits["image"])].to_numpy()
    every = _images(found.images, images, duplicate_pairs)
    balances: dict[str, Weighting] = {}
    plans, tags = [], []
    for split in SPLITS:
        rows = np.flatnonzero(of_split == split)
        here = every.of(rows)
        part = [composition._replace(counts=composition.counts[rows]) for composition in shown]
        made = None
        if split in params.splits:
            made = weigh_images(params.targets, part, here, params.min_weight, params.max_weight)
            tags.append(_tags(here, made))
            balances[split] = made
        plans.append(plan.plan_for_split(split, part, here, made, params.min_weight, params.max_weight))
    weights = _weights(splits, frames.concat(tags, "weights"))
    planned = frames.concat(plans, "collection_plan")
    return Tables(weights, planned, _metrics(planned, balances), {"shares.csv": _plot(planned)})


def _images(counted: pd.Series, images: pd.DataFrame, pairs: pd.DataFrame) -> SplitImages:
    """Return the content of the images that are counted, and which of them are near-copies of one another."""
    content = images["content"].iloc[positions(counted, images["image"])].reset_index(drop=True)
    alike = components.component_ids(counted, pairs[pairs["kind"].isin(kinds.KINDS)])
    return SplitImages(counted, content, alike)


def _tags(images: SplitImages, made: Weighting) -> pd.DataFrame:
    """Return keep, weight and repeat of the images of a balanced split; what a cap leaves out has weight 1.

    An epoch shows an image as often as its weight, or LVIS' factor, says, at least once, rounded up or down by its
    hash: over many images of one weight the mean is that weight.
    """
    weight = np.where(made.keep, made.weight, 1.0)
    repeat = np.floor(made.repeat)
    part = np.flatnonzero(made.keep & (made.repeat > 1) & (made.repeat > repeat))
    repeat[part] += random_by_content("repeat", images.content.iloc[part]) < made.repeat[part] - repeat[part]
    return frames.frame("weights", {
        "image": images.image.to_numpy(),
        "keep": made.keep,
        "weight": weight,
        "repeat": np.where(made.keep, np.maximum(repeat, 1), 1).astype(int),
    })  # fmt: skip


def _weights(splits: pd.DataFrame, tags: pd.DataFrame) -> pd.DataFrame:
    """Return the tags of every image; those that are not balanced are kept, with weight 1."""
    others = splits.loc[~frames.is_in(splits["image"], tags["image"]), ["image"]]
    return frames.concat([tags, frames.frame("weights", others.assign(keep=True, weight=1.0, repeat=1))], "weights")


def _metrics(planned: pd.DataFrame, balances: dict[str, Weighting]) -> dict[str, Any]:
    """Return per balanced split how many images there are and how many the weights are worth, and every value's share.

    The effective sample size is Kish's (1965), (sum w)^2 / sum w^2, near-copies taken as one image.
    """
    balanced: dict[str, Any] = {}
    for split, made in balances.items():
        mine = planned[planned["split"] == split]
        parts = made.once[made.keep]
        heavy = float((made.weight[made.keep] ** 2 / np.where(parts > 0, parts, 1)).sum())
        balanced[split] = {
            "images": len(made.keep),
            "counted once": float(parts.sum()),
            "effective sample size": float(made.weight.sum()) ** 2 / heavy if heavy else 0.0,
            "shares": {str(by): _shares(rows) for by, rows in mine.groupby("by")},
        }
    capped = sum(int((~made.keep).sum()) for made in balances.values())
    return {"capped": capped, "balanced": balanced}


def _shares(rows: pd.DataFrame) -> dict[str, Any]:
    """Return by value the share before and after and, if there is one, the target and how many are to be collected."""
    found: dict[str, Any] = {}
    records: list[dict[Any, Any]] = rows.to_dict("records")
    for row in records:
        names = ("before", "after") if pd.isna(row["target"]) else ("before", "after", "target", "collect")
        found[row["value"]] = {name: known(row[name]) for name in names}
    return found


def _plot(planned: pd.DataFrame) -> bytes:
    train = planned[planned["split"] == "train"]
    value = train["value"].where(train["by"] == "class", train["by"] + ": " + train["value"])
    return plot_csv.csv(train.assign(value=value)[["value", "before", "after"]])


if __name__ == "__main__":
    run(transform)
