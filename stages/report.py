"""Show people what was found, on pages with the pictures: labels, copies, balance, and what to label next.

Reads: `images` (one row per file), `pairs` (one row per pair of copies), `copies` (one row per image left out for
another), `groups` and `splits` (one row per image that can be opened), `labels` (one row per object),
guidelines/classes.yaml and edge_cases.yaml.
`suspects` (one row per object under suspicion), `agreement` (one row per scope), `annotators` (one row per annotator),
`noise`, `scores`, `curve` and `forecast` as stage evaluate writes them.
`seats`, `proposed_pins` and `leaks` as stage split writes them, `weights` and `plan` as rebalance does, `queue`,
`proposals` and `acceptance` as select does.
Writes: the pages reports/site/labels.html, copies.html, balance.html and queue.html. They inform people; nothing reads
them.
"""

from typing import Any, NamedTuple

import pandas as pd

from golgoru.core.yaml_models import Written
from golgoru.guideline.classes import Classes
from golgoru.guideline.edge_cases import EdgeCases
from golgoru.shell import run
from golgoru.site.pages import labels as pages_labels
from golgoru.site.pages import queue as pages_queue
from golgoru.site.pages.balance import Read, html


class Params(Written):
    """No settings: what counts as a copy is said in the block of dedup."""


class Tables(NamedTuple):
    """What the stage writes."""

    pages: dict[str, bytes]
    metrics: dict[str, Any]


def transform(
    images: pd.DataFrame,
    duplicate_pairs: pd.DataFrame,
    duplicates: pd.DataFrame,
    groups: pd.DataFrame,
    labels: pd.DataFrame,
    splits: pd.DataFrame,
    split_coverage: pd.DataFrame,
    proposed_pins: pd.DataFrame,
    leakage: pd.DataFrame,
    weights: pd.DataFrame,
    collection_plan: pd.DataFrame,
    label_issues: pd.DataFrame,
    agreement: pd.DataFrame,
    annotators: pd.DataFrame,
    label_noise: pd.DataFrame,
    scores: pd.DataFrame,
    learning_curve: pd.DataFrame,
    forecast: pd.DataFrame,
    queue: pd.DataFrame,
    preannotations: pd.DataFrame,
    auto_accept: pd.DataFrame,
    classes: Classes,
    edge_cases: EdgeCases,
    params: Params,
) -> Tables:
    """Return the pages, and how much they show. Raises UserError where a picture is not what it was."""
    del params
    quality = pages_labels.Read(
        labels, label_issues, agreement, annotators, label_noise, scores, learning_curve, forecast
    )
    balance = Read(
        images, duplicate_pairs, splits, split_coverage, proposed_pins, leakage, weights, collection_plan, labels
    )
    next_ones = pages_queue.Read(images, labels, queue, preannotations, auto_accept)
    of_copies, metrics = duplicates.html(
        duplicates.Read(images, duplicate_pairs, duplicates, groups, labels, splits), classes
    )
    of_balance, needs = html(balance, classes, edge_cases)
    pages = {
        "copies.html": of_copies,
        "labels.html": pages_labels.html(quality, images, classes),
        "balance.html": of_balance,
        "queue.html": pages_queue.html(next_ones, classes),
    }
    return Tables(pages, metrics | {"suspects": len(label_issues), "to collect": needs, "queue": len(queue)})


if __name__ == "__main__":
    run(transform)
