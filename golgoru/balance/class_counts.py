"""How often each value that is balanced (a class, an edge case, or a value of a column) occurs on each image."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from golgoru.balance.targets import Target, too_many_values_error, unknown_column_error
from golgoru.consensus.status import is_settled
from golgoru.core.arrays import Integers
from golgoru.guideline.classes import Classes
from golgoru.guideline.edge_cases import EdgeCases
from golgoru.splits.coverage import CLASS, EDGE_CASE
from golgoru.tables import frames
from golgoru.tables.frames import positions

if TYPE_CHECKING:
    from scipy.sparse import csr_array

NONE_OF_THEM, UNKNOWN = "none of them", "unknown"
MAX_VALUES = 2000  # the cost of Newton's steps grows with their third power; LVIS has 1,203 classes


class ValueCounts(NamedTuple):
    """Of one target: its values in order, and `counts` (images, values): objects of a value on an image, or 0 and 1."""

    by: str
    values: list[str]
    counts: "csr_array"


class CountedImages(NamedTuple):
    """The labelled images, and the rows of `labels` that count: tables of ten million objects are not copied."""

    images: pd.Series
    labels: pd.DataFrame
    rows: Integers  # of `labels`
    image_of_row: Integers  # for each of `rows`, the position of its image in `images`


def counted_images(labels: pd.DataFrame, images: pd.Series) -> CountedImages:
    """Return the labels that count, neither contested nor ignored, and those of `images` that have one."""
    image_of_label = positions(labels["image"], images)
    counts = is_settled(labels["status"]).to_numpy() & ~labels["ignore"].astype(bool) & (image_of_label >= 0)
    rows = np.flatnonzero(counts)
    labelled = np.zeros(len(images), bool)
    labelled[image_of_label[rows]] = True
    number_of_labelled = np.cumsum(labelled) - 1
    return CountedImages(
        images=images[labelled].reset_index(drop=True),
        labels=labels,
        rows=rows,
        image_of_row=number_of_labelled[image_of_label[rows]],
    )


def count_values(
    number: int,
    target: Target,
    counted: CountedImages,
    *,
    classes: Classes,
    sources: pd.DataFrame,
    edge_case_hits: pd.DataFrame,
    edge_cases: EdgeCases,
) -> ValueCounts:
    """Return the counts of a target's values. Raises UserError where `by` names nothing that can be balanced."""
    if target.by == CLASS:
        counts = _count_classes(counted, classes)
    elif target.by == EDGE_CASE:
        counts = _count_edge_cases(target, counted, edge_case_hits, edge_cases)
    else:
        counts = _count_column(number, target.by, counted, sources)
    if len(counts.values) > MAX_VALUES:
        raise too_many_values_error(number, target.by, len(counts.values), MAX_VALUES)
    return counts


def _count_classes(counted: CountedImages, classes: Classes) -> ValueCounts:
    """Count the objects of each class; classes of the guideline without a label have none."""
    label = counted.labels["label"].iloc[counted.rows]
    values = {c.id for c in classes.classes if not c.ignore} | set(label.unique())
    return _value_counts(CLASS, sorted(values), counted, counted.image_of_row, label)


def _count_edge_cases(
    target: Target, counted: CountedImages, edge_case_hits: pd.DataFrame, edge_cases: EdgeCases
) -> ValueCounts:
    """Count 1 for each edge case that occurs on the image, or on one of its objects that count."""
    active = pd.Series([case.id for case in edge_cases.active], dtype="str")
    counts = edge_case_hits["object"].isna()
    counts |= frames.is_in(edge_case_hits["object"], counted.labels["object"].iloc[counted.rows])
    hits = edge_case_hits[counts & frames.is_in(edge_case_hits["edge_case"], active)]
    hits = hits[["edge_case", "image"]].drop_duplicates()
    image = positions(hits["image"], counted.images)
    hits, image = hits[image >= 0], image[image >= 0]
    values = [*sorted(set(hits["edge_case"]) | (target.named_values & set(active))), NONE_OF_THEM]
    others = np.setdiff1d(np.arange(len(counted.images)), image)
    value = pd.concat([hits["edge_case"], pd.Series([NONE_OF_THEM] * len(others), dtype="str")])
    return _value_counts(EDGE_CASE, values, counted, np.concatenate([image, others]), value)


def _count_column(number: int, by: str, counted: CountedImages, sources: pd.DataFrame) -> ValueCounts:
    """Count 1 for the value that the image has in a column of `sources`, as text."""
    columns = [
        str(name)
        for name in sources
        if name != "image" and not pd.api.types.is_float_dtype(sources[name].dtype)  # measurements are no groups
    ]
    if by not in columns:
        raise unknown_column_error(number, by, sorted(columns))
    value = sources.set_index("image")[by].astype("str")
    value = value.reindex(counted.images).fillna(UNKNOWN).reset_index(drop=True)
    return _value_counts(by, sorted(value.unique()), counted, np.arange(len(counted.images)), value)


def _value_counts(
    by: str, values: Sequence[str], counted: CountedImages, image: Integers, value: pd.Series
) -> ValueCounts:
    """Return the counts of pairs of an image (its position) and a value."""
    from scipy.sparse import coo_array, csr_array  # noqa: PLC0415  (slow)

    column = positions(value, pd.Series(values, dtype="str"))
    shape = (len(counted.images), len(values))
    counts = csr_array(coo_array((np.ones(len(image), np.int32), (image, column)), shape=shape))
    counts.sum_duplicates()
    return ValueCounts(by, list(values), counts)
