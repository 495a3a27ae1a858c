"""The sections of the dataset card about labels: how they were made, and the limits of the release.

An estimate that the data cannot support is a dash with the reason.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from golgoru.consensus import roles
from golgoru.consensus.relabel import RelabelWork
from golgoru.core.dataset import SPLITS, Dataset
from golgoru.core.markdown import DASH, escape_markdown, format_count, format_integer, format_share, listed, table
from golgoru.tables import coded, frames

# On this many objects a measured share of a half is uncertain by 18 points either way (95 %); on fewer, by more.
_FEW = 30


def labelling_section(tables: Mapping[str, pd.DataFrame], work: RelabelWork) -> str:
    """Return the section on annotators, votes, agreement, contested labels, and labels of an older guideline."""
    lineage, ledger = tables["release/lineage"], tables["release/ledger"]
    annotators = _annotators_per_object(lineage)
    contested = ledger.loc[ledger["fate"] == "contested", "kind"]
    images, annotations = (int((contested == kind).sum()) for kind in ("image", "annotation"))
    adjudicated = lineage.loc[lineage["role"] == roles.ADJUDICATED, "object"].nunique()
    versions = coded.counts(lineage["guideline_version"]).sort_index()
    rows = [
        ["Annotators and reviewers", format_integer(lineage["annotator"].nunique())],
        ["Annotations behind the labels", format_integer(len(lineage))],
        ["Annotators per object", _distribution(annotators)],
        ["Mean agreement with the released label", _agreement(tables, annotators)],
        ["Objects decided by a reviewer", format_integer(adjudicated)],
        ["Contested", f"{format_count(images, 'image')}, {format_count(annotations, 'annotation')}"],
        [
            "Guideline versions",
            ", ".join(f"{escape_markdown(str(v))} ({format_count(int(n), 'annotation')})" for v, n in versions.items())
            or DASH,
        ],
        ["To label again after changes of the guideline", _relabel_work(work)],
    ]
    return "\n\n".join(["## How the labels were made", table(["", ""], rows)])


def _relabel_work(work: RelabelWork) -> str:
    if not work.objects:
        return "nothing"
    amount = f"{format_count(work.objects, 'object')} on {format_count(work.images, 'image')}"
    if work.seconds is None or work.hours is None:
        return f"{amount}; hours: {DASH} (no working time was recorded)"
    hours = f"about {work.hours:,.1f} hours" if work.hours >= 0.1 else "less than 0.1 hours"
    return f"{amount}, {hours} at the measured {work.seconds:,.1f} seconds per label"


def limits_section(dataset: Dataset, counts: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> str:
    """Return the section on the limits of the release."""
    items = [f"Share of wrong labels: {DASH}. No random sample of them was reviewed, so it is unknown."]
    if all(tables[f"release/{split}"]["confidence"].isna().all() for split in SPLITS):
        items.append(f"Confidence of a label: {DASH}. It needs two annotators on the same object.")
    items += [f"No image is in {split}." for split in SPLITS if not counts["images"][split]]
    per_class = counts["classes"].items()
    for split in SPLITS:
        missing = [label for label, row in per_class if not row[split]]
        if missing and counts["objects"][split]:
            items.append(f"No object in {split}: {listed(missing)}.")
    few = [label for label, row in per_class if 0 < row["test"] < _FEW]
    if few:
        items.append(
            f"Fewer than {_FEW} objects in test: {listed(few)}. A share measured on so few can be wrong by 18 points "
            "or more."
        )
    items += _licences(dataset, tables["release/images"])
    return "\n\n".join(["## Limits", "\n".join(f"- {item}" for item in items)])


def _annotators_per_object(lineage: pd.DataFrame) -> pd.Series:
    """Return the number of annotators by object."""
    if not _in_order(lineage["object"]):
        lineage = lineage.sort_values("object")
    object_ = lineage["object"]
    is_first = np.append(True, (object_.array[1:] != object_.array[:-1]).astype(bool))[: len(object_)]
    annotator, names = pd.factorize(lineage["annotator"])
    pairs = np.unique((np.cumsum(is_first) - 1) * max(len(names), 1) + annotator)
    return pd.Series(np.bincount(pairs // max(len(names), 1)), index=object_[is_first])


def _in_order(texts: pd.Series) -> bool:
    """Return whether rows of one text stand together, as in a table that is sorted by it; no hash of all texts."""
    array = texts.array
    return bool((array[1:] >= array[:-1]).all())


def _distribution(annotators: pd.Series) -> str:
    by_count = annotators.value_counts().sort_index()
    few = by_count[by_count.index < 4]
    shown = {str(n): int(objects) for n, objects in few.items()}
    if more := int(by_count.sum() - few.sum()):
        shown["4 or more"] = more
    whole = sum(shown.values())
    return (
        ", ".join(f"{n}: {format_integer(objects)} ({format_share(objects, whole)})" for n, objects in shown.items())
        or DASH
    )


def _agreement(tables: Mapping[str, pd.DataFrame], annotators: pd.Series) -> str:
    values: list[float] = []
    several = annotators.index[annotators > 1]
    for split in SPLITS:
        objects = tables[f"release/{split}"]
        compared = frames.is_in(objects["object"], several)
        values += objects.loc[compared, "agreement"].tolist()
    if not values:
        return f"{DASH} (no object has annotations of two annotators)"
    mean = math.fsum(values) / len(values)  # fsum is exact: the order of the rows does not show
    return f"{100 * mean:.1f} %, on {format_count(len(values), 'object')} with two or more annotators"


def _licences(dataset: Dataset, images: pd.DataFrame) -> list[str]:
    by_licence = images["licence"].fillna("").value_counts().sort_index()
    other = {str(licence): int(n) for licence, n in by_licence.items() if licence not in ("", dataset.licence)}
    items = []
    if other:
        names = listed([f"{licence} ({format_count(n, 'image')})" for licence, n in other.items()])
        items.append(
            f"Not every image is under the licence of the dataset: {names}; see `licence` in `images.parquet`."
        )
    if without := int(by_licence.get("", 0)):
        items.append(f"For {format_count(without, 'image')} the delivery states no licence.")
    return items
