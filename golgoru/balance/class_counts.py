"""What each labelled image shows of the values that are balanced: classes, edge cases, or a column of its source."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import coo_array, csr_array

from golgoru.balance.targets import CLASS, EDGE_CASE, Target, too_many, unknown_column
from golgoru.core.arrays import Integers
from golgoru.guideline.classes import Classes
from golgoru.guideline.edge_cases import EdgeCases
from golgoru.tables import frames
from golgoru.tables.frames import positions

NONE_OF_THEM, UNKNOWN = "none of them", "unknown"
MOST_VALUES = 2000  # Newton's steps grow with their third power; LVIS has 1,203 classes


class Composition(NamedTuple):
    """Of one target: the values in order, and how many objects of each an image shows (images, values), or 0 and 1."""

    by: str
    values: list[str]
    counts: csr_array


class Shown(NamedTuple):
    """What is counted: labelled images, and rows of `labels`. Tables of ten million objects are not copied."""

    images: pd.Series
    labels: pd.DataFrame
    rows: Integers  # of labels, that count
    at: Integers  # for each of these: the place of its image in `images`


def shown(labels: pd.DataFrame, images: pd.Series) -> Shown:
    """Return the labels that count, and the images of `images` that have one: contested and ignored ones do not."""
    at = positions(labels["image"], images)
    rows = np.flatnonzero((labels["status"] != "contested") & ~labels["ignore"].astype(bool) & (at >= 0))
    labelled = np.zeros(len(images), bool)
    labelled[at[rows]] = True
    return Shown(images[labelled].reset_index(drop=True), labels, rows, (np.cumsum(labelled) - 1)[at[rows]])


def compose(
    number: int,
    target: Target,
    found: Shown,
    classes: Classes,
    sources: pd.DataFrame,
    cases: pd.DataFrame,
    edge_cases: EdgeCases,
) -> Composition:
    """Return what the images show of a target's values. Raises UserError where `by` names nothing that is there."""
    if target.by == CLASS:
        composition = _classes(found, classes)
    elif target.by == EDGE_CASE:
        composition = _edge_cases(target, found, cases, edge_cases)
    else:
        composition = _column(number, target.by, found, sources)
    if len(composition.values) > MOST_VALUES:
        raise too_many(number, target.by, len(composition.values), MOST_VALUES)
    return composition


def _classes(found: Shown, classes: Classes) -> Composition:
    """Objects of each class; classes of the guideline that nobody has labelled are there with none."""
    which = found.labels["label"].iloc[found.rows]
    values = {c.id for c in classes.classes if not c.ignore} | set(which.unique())
    return _counted(CLASS, sorted(values), found, found.at, which)


def _edge_cases(target: Target, found: Shown, cases: pd.DataFrame, edge_cases: EdgeCases) -> Composition:
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
    return _counted(EDGE_CASE, values, found, np.concatenate([at, others]), which)


def _column(number: int, by: str, found: Shown, sources: pd.DataFrame) -> Composition:
    """1 for the value that the image has in a column of `sources`, as text."""
    columns = [
        str(name)
        for name in sources
        if name != "image" and not pd.api.types.is_float_dtype(sources[name].dtype)  # measures are no groups
    ]
    if by not in columns:
        raise unknown_column(number, by, sorted(columns))
    values = sources.set_index("image")[by].astype("str")
    which = values.reindex(found.images).fillna(UNKNOWN).reset_index(drop=True)
    return _counted(by, sorted(which.unique()), found, np.arange(len(found.images)), which)


def _counted(by: str, values: Sequence[str], found: Shown, at: Integers, which: pd.Series) -> Composition:
    column = positions(which, pd.Series(values, dtype="str"))
    shape = (len(found.images), len(values))
    counts = csr_array(coo_array((np.ones(len(at), np.int32), (at, column)), shape=shape))
    counts.sum_duplicates()
    return Composition(by, list(values), counts)
