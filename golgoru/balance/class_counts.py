"""What each labelled image shows of the values that are balanced: classes, edge cases, or a column of its source."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import coo_array, csr_array

from golgoru.balance.targets import CLASS, EDGE_CASE, Target, too_many_values_error, unknown_column_error
from golgoru.core.arrays import Integers
from golgoru.guideline.classes import Classes
from golgoru.guideline.edge_cases import EdgeCases
from golgoru.tables import frames
from golgoru.tables.frames import positions

NONE_OF_THEM, UNKNOWN = "none of them", "unknown"
MAX_VALUES = 2000  # Newton's steps grow with their third power; LVIS has 1,203 classes


class ValueCounts(NamedTuple):
    """Of one target: the values in order, and how many objects of each an image shows (images, values), or 0 and 1."""

    by: str
    values: list[str]
    counts: csr_array


class CountedImages(NamedTuple):
    """What is counted: labelled images, and rows of `labels`. Tables of ten million objects are not copied."""

    images: pd.Series
    labels: pd.DataFrame
    rows: Integers  # of labels, that count
    at: Integers  # for each of these: the place of its image in `images`


def counted_images(labels: pd.DataFrame, images: pd.Series) -> CountedImages:
    """Return the labels that count, and the images of `images` that have one: contested and ignored ones do not."""
    at = positions(labels["image"], images)
    rows = np.flatnonzero((labels["status"] != "contested") & ~labels["ignore"].astype(bool) & (at >= 0))
    labelled = np.zeros(len(images), bool)
    labelled[at[rows]] = True
    return CountedImages(images[labelled].reset_index(drop=True), labels, rows, (np.cumsum(labelled) - 1)[at[rows]])


def count_values(
    number: int,
    target: Target,
    found: CountedImages,
    classes: Classes,
    sources: pd.DataFrame,
    cases: pd.DataFrame,
    edge_cases: EdgeCases,
) -> ValueCounts:
    """Return what the images show of a target's values. Raises UserError where `by` names nothing that is there."""
    if target.by == CLASS:
        composition = _count_classes(found, classes)
    elif target.by == EDGE_CASE:
        composition = _count_edge_cases(target, found, cases, edge_cases)
    else:
        composition = _count_column(number, target.by, found, sources)
    if len(composition.values) > MAX_VALUES:
        raise too_many_values_error(number, target.by, len(composition.values), MAX_VALUES)
    return composition


def _count_classes(found: CountedImages, classes: Classes) -> ValueCounts:
    """Objects of each class; classes of the guideline that nobody has labelled are there with none."""
    which = found.labels["label"].iloc[found.rows]
    values = {c.id for c in classes.classes if not c.ignore} | set(which.unique())
    return _value_counts(CLASS, sorted(values), found, found.at, which)


def _count_edge_cases(target: Target, found: CountedImages, cases: pd.DataFrame, edge_cases: EdgeCases) -> ValueCounts:
    """1 for each edge case that fires on the image, or on one of its objects that count."""
    active = pd.Series([case.id for case in edge_cases.active], dtype="str")
    counts = cases["object"].isna() | frames.is_in(cases["object"], found.labels["object"].iloc[found.rows])
    fired = cases[counts & frames.is_in(cases["edge_case"], active)]
    fired = fired[["edge_case", "image"]].drop_duplicates()
    at = positions(fired["image"], found.images)
    fired, at = fired[at >= 0], at[at >= 0]
    values = [*sorted(set(fired["edge_case"]) | (target.named & set(active))), NONE_OF_THEM]
    others = np.setdiff1d(np.arange(len(found.images)), at)
    which = pd.concat([fired["edge_case"], pd.Series([NONE_OF_THEM] * len(others), dtype="str")])
    return _value_counts(EDGE_CASE, values, found, np.concatenate([at, others]), which)


def _count_column(number: int, by: str, found: CountedImages, sources: pd.DataFrame) -> ValueCounts:
    """1 for the value that the image has in a column of `sources`, as text."""
    columns = [
        str(name)
        for name in sources
        if name != "image" and not pd.api.types.is_float_dtype(sources[name].dtype)  # measures are no groups
    ]
    if by not in columns:
        raise unknown_column_error(number, by, sorted(columns))
    values = sources.set_index("image")[by].astype("str")
    which = values.reindex(found.images).fillna(UNKNOWN).reset_index(drop=True)
    return _value_counts(by, sorted(which.unique()), found, np.arange(len(found.images)), which)


def _value_counts(by: str, values: Sequence[str], found: CountedImages, at: Integers, which: pd.Series) -> ValueCounts:
    column = positions(which, pd.Series(values, dtype="str"))
    shape = (len(found.images), len(values))
    counts = csr_array(coo_array((np.ones(len(at), np.int32), (at, column)), shape=shape))
    counts.sum_duplicates()
    return ValueCounts(by, list(values), counts)
