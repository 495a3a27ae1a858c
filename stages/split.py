"""Assign every group of images to train, val or test, so that nothing leaks and growth moves nothing.

Reads: `groups`, `sources`, `images` (one row per image), `labels` (one row per object), `votes` (one row per
annotation), `cases` (one row per edge case and object or image), `copies` (one row per image left out for another),
`pairs` (one row per pair of copies), data/raw/pins.csv, guidelines/edge_cases.yaml.
Writes: `splits` (one row per image), `seats` (one row per class, or wanted edge case, and split), `proposed_pins` (one
row per group that a pin would move), `leaks` (one row per what may give the split away).

A group takes the split that the hash of its name says, and its name is the content of its earliest member: neither
row order nor later deliveries can change it. Where later images joined two groups, the earlier one's split wins, and
the images that moved say so in `reason`. Pins win over the hash. Labels decide nothing: where they leave a class or a
wanted edge case without a seat, pins are proposed, and people record them (`dataset pin`).
Enforces SPLIT-001 (a group is never torn) and SPLIT-002 (what joins the frozen test set later is held back).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd
from pydantic import Field, model_validator

from golgoru.core.dataset import SPLITS, Day
from golgoru.core.yaml_models import Written
from golgoru.guideline.edge_cases import EdgeCases
from golgoru.raw.pins import Pin
from golgoru.shell import run
from golgoru.splits import assignment, coverage, leakage, pin_proposals


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
    # The last day whose deliveries may join the test set, so that scores of two releases compare; later ones go to
    # train and val. In quotes in params.yaml: DVC takes no YAML date.
    frozen: Day = None
    # For cross-validation on train and val: column `fold`. The test set stays out of all of them.
    folds: int | None = Field(None, ge=2)

    @model_validator(mode="after")
    def _something_to_freeze(self) -> "Params":
        if self.frozen is not None and not self.shares.test:
            raise ValueError("frozen: expected a share of test above 0; there is no test set to freeze")
        if self.frozen is not None and not self.shares.train + self.shares.val:
            raise ValueError("frozen: expected a share of train or val above 0; later images would have nowhere to go")
        return self


class Tables(NamedTuple):
    splits: pd.DataFrame
    coverage: pd.DataFrame
    proposed_pins: pd.DataFrame
    leakage: pd.DataFrame
    metrics: dict[str, Any]


def transform(
    groups: pd.DataFrame,
    sources: pd.DataFrame,
    images: pd.DataFrame,
    labels: pd.DataFrame,
    annotation_roles: pd.DataFrame,
    edge_case_hits: pd.DataFrame,
    duplicates: pd.DataFrame,
    duplicate_pairs: pd.DataFrame,
    edge_cases: EdgeCases,
    pins: Sequence[Pin],
    seed: int,
    params: Params,
) -> Tables:
    """Return each image's split and why it has it, what is missing where, and what gives the split away."""
    shares = params.shares
    rule = assignment.SplitSettings(seed, (shares.train, shares.val, shares.test), params.frozen, params.folds)
    members = assignment.images_by_arrival(groups, images, sources)
    assigned = assignment.assign_splits(members, pins, sources["image"], rule)
    splits = assigned.splits
    some = [split for split in SPLITS if getattr(shares, split)]
    found = coverage.occurrences(splits, labels, annotation_roles, edge_case_hits, duplicates)
    proposed = pin_proposals.propose_pins(
        found, coverage.coverage_goals(labels, edge_cases, some), some, assigned, params.frozen
    )
    leaking = leakage.find_leakage(splits, sources, images, duplicates, duplicate_pairs, params.frozen)
    metrics = _metrics(splits, proposed) | {"leaks": leaking.counts}
    return Tables(splits, proposed.seats, proposed.pins, leaking.table, metrics)


def _metrics(splits: pd.DataFrame, proposed: pin_proposals.PinProposals) -> dict[str, Any]:
    table = proposed.seats
    lacking = table[table["missing"] > 0]
    missing = {
        kind: {s: sorted(lacking.loc[(lacking["kind"] == kind) & (lacking["split"] == s), "key"]) for s in SPLITS}
        for kind in (coverage.CLASS, coverage.EDGE_CASE)
    }
    fold = splits["fold"].value_counts().sort_index()
    return {
        "images": {split: int((splits["split"] == split).sum()) for split in SPLITS},
        "groups": int(splits["group"].nunique()),
        "moved by merges": int(splits["reason"].str.startswith("merge").sum()),
        "pinned": int((splits["reason"] == "pin").sum()),
        "held": int(splits["held"].sum()),
        "folds": {str(number): int(many) for number, many in fold.items()},
        "classes missing": missing[coverage.CLASS],
        "edge cases missing": missing[coverage.EDGE_CASE],
        "proposed pins": {"groups": len(proposed.pins), "smallest set": proposed.exact},
        "short with them": int((table["short"] > 0).sum()),
    }


if __name__ == "__main__":
    run(transform)
