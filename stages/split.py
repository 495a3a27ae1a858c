"""Assign every group of images to train, val or test, so that nothing leaks and growth moves nothing.

Reads: `groups`, `sources`, `images` (one row per image), `labels` (one row per object), `annotation_roles` (one row
per annotation), `edge_case_hits` (one row per edge case and object or image), `duplicates` (one row per image removed
as a duplicate), `duplicate_pairs` (one row per pair), data/raw/pins.csv, guidelines/edge_cases.yaml.
Writes: `splits` (one row per image), `split_coverage` (one row per class, or wanted edge case, and split),
`proposed_pins` (one row per group that a pin would move), `leakage` (one row per possible leak).

The hash of a group's name decides its split, and the name is the content of its earliest image, so neither row order
nor later deliveries can change it. Where a later image joins two groups, the earlier one's split wins, and the images
that moved say so in `reason`. Pins win over the hash. Labels decide nothing: where a split lacks a class or a wanted
edge case, pins are proposed, and people record them (`dataset pin`).
Enforces SPLIT-001 (a group is in one split) and SPLIT-002 (images that join the frozen test set later are held back).
"""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, NamedTuple

import pandas as pd
from pydantic import Field, model_validator

from golgoru.core.dataset import SPLITS
from golgoru.core.yaml_models import ConfigModel
from golgoru.guideline.edge_cases import EdgeCases
from golgoru.raw.pins import Pin
from golgoru.shell import run_stage
from golgoru.splits import assignment, coverage, leakage, pin_proposals
from golgoru.tables.columns import columns


class Shares(ConfigModel):
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


class Params(ConfigModel):
    """How large the splits are. The seed, and the day the test set was frozen, are the dataset's."""

    # Small data sets need every image to learn from, and a test set below a tenth says little.
    shares: Shares = Shares()
    # For cross-validation on train and val: column `fold`. The test set is in none of them.
    folds: int | None = Field(None, ge=2)

    @model_validator(mode="before")
    @classmethod
    def _no_frozen_here(cls, value: Any) -> Any:
        if isinstance(value, dict) and "frozen" in value:
            raise ValueError("frozen: this key moved; write it as 'frozen' in the block 'dataset'")
        return value


class Tables(NamedTuple):
    splits: pd.DataFrame
    split_coverage: pd.DataFrame
    proposed_pins: pd.DataFrame
    leakage: pd.DataFrame
    metrics: dict[str, Any]


def transform(
    groups: pd.DataFrame,
    sources: pd.DataFrame,
    images: Annotated[pd.DataFrame, columns("image", "content", "width", "height", "format", "mode")],
    labels: Annotated[pd.DataFrame, columns("object", "image", "label", "ignore", "status")],
    annotation_roles: Annotated[pd.DataFrame, columns("image", "role")],
    edge_case_hits: pd.DataFrame,
    duplicates: Annotated[pd.DataFrame, columns("image")],
    duplicate_pairs: Annotated[pd.DataFrame, columns("image_a", "image_b", "kind", "score")],
    edge_cases: EdgeCases,
    pins: Sequence[Pin],
    seed: int,
    frozen: date | None,
    params: Params,
) -> Tables:
    """Return each image's split and the reason for it, what each split lacks, and what leaks. Raises UserError."""
    shares = params.shares
    assignment.check_frozen((shares.train, shares.val, shares.test), frozen)
    settings = assignment.SplitSettings(seed, (shares.train, shares.val, shares.test), frozen, params.folds)
    arrived = assignment.images_by_arrival(groups, images, sources)
    assigned = assignment.assign_splits(arrived, pins, sources["image"], settings)
    occurrences = coverage.occurrences(
        splits=assigned.splits,
        labels=labels,
        annotation_roles=annotation_roles,
        edge_case_hits=edge_case_hits,
        duplicates=duplicates,
    )
    with_share = [split for split in SPLITS if getattr(shares, split)]
    goals = coverage.coverage_goals(labels, edge_cases, with_share)
    proposals = pin_proposals.propose_pins(occurrences, goals, with_share, assigned, frozen)
    leaks = leakage.find_leakage(
        splits=assigned.splits,
        sources=sources,
        images=images,
        duplicates=duplicates,
        duplicate_pairs=duplicate_pairs,
        frozen=frozen,
    )
    metrics = _metrics(assigned.splits, proposals) | {"leakage": leaks.counts}
    return Tables(assigned.splits, proposals.coverage, proposals.pins, leaks.table, metrics)


def _metrics(splits: pd.DataFrame, proposals: pin_proposals.PinProposals) -> dict[str, Any]:
    table = proposals.coverage
    lacking = table[table["missing"] > 0]
    missing = {
        kind: {s: sorted(lacking.loc[(lacking["kind"] == kind) & (lacking["split"] == s), "key"]) for s in SPLITS}
        for kind in (coverage.CLASS, coverage.EDGE_CASE)
    }
    images_per_fold = splits["fold"].value_counts().sort_index()
    return {
        "images": {split: int((splits["split"] == split).sum()) for split in SPLITS},
        "groups": int(splits["group"].nunique()),
        "moved by merges": int(splits["reason"].str.startswith("merge").sum()),
        "pinned": int((splits["reason"] == "pin").sum()),
        "held back": int(splits["held_back"].sum()),
        "folds": {str(fold): int(images) for fold, images in images_per_fold.items()},
        "classes missing": missing[coverage.CLASS],
        "edge cases missing": missing[coverage.EDGE_CASE],
        "proposed pins": {"groups": len(proposals.pins), "proven smallest": proposals.proven_smallest},
        "missing with proposed pins": int((table["missing_with_pins"] > 0).sum()),
    }


if __name__ == "__main__":
    run_stage(transform)
