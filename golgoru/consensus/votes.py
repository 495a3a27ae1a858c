"""From annotations to votes: which annotations are current, and what each says about each object.

Annotations are ordered by the date of their batch, then by its name. Where a change of the guideline asks for labels to
be made again, annotations made under the new meaning come after all others. A newer batch replaces an annotator's whole
answer for the image, unless its annotations name the object they are `about`. Reviewers share one vote: a newer review
replaces an older one, whoever made it.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from golgoru.core import versions
from golgoru.core.dataset import Task
from golgoru.geometry.matching import match_annotations
from golgoru.tables import frames

_REVIEW_VOTER = ""  # no annotator's name: ingest refuses an annotation without one
ABSENT = ""  # the value of a vote that the object is not there; no class has an empty name


def current_annotations(annotations: pd.DataFrame, uncounted: pd.DataFrame, task: Task) -> pd.DataFrame:
    """Return the annotations with the columns voter, review, rank, object, superseded, answer, value.

    `annotations` are those that may count: `image` is the image that they are counted for, `shown` the one of equal
    pixels that the annotator saw, `label` the class in the guideline's current names, `epoch` as in
    golgoru.guideline.changes. `uncounted` are those that do not count (a model's, set aside, or dropped by a change),
    with the same columns: others may be about them, and an answer of which a part was set aside is not a whole one.

    `answer` marks the annotations that are an annotator's whole answer for the image. `value` is the class, or ABSENT;
    null for `unsure`, which replaces an older answer but is no vote.
    """
    referenced = uncounted[frames.is_in(uncounted["annotation"], annotations["about"])]
    both = pd.concat([annotations.assign(counts=True), referenced.assign(counts=False)])
    both["rank"] = both.groupby(["date", "batch"], sort=True).ngroup()
    both["object"] = both["image"] if task == "classification" else _object_names(both)
    both["rank"] = both.groupby(["epoch", "date", "batch"], sort=True).ngroup()
    current = both[both["counts"]].drop(columns="counts")
    current["review"] = current["source"] == "review"
    current["voter"] = current["annotator"].mask(current["review"], _REVIEW_VOTER)
    # For classification the object is the image, so an annotation about it is a whole answer.
    whole = current["about"].isna() | (task == "classification")
    newest_whole = current["rank"].where(whole).groupby([current["image"], current["voter"]]).transform("max")
    current["superseded"] = (current["rank"] < newest_whole.fillna(-1)) | _is_replaced(current, newest_whole)
    partial = pd.concat([
        uncounted[(uncounted["kind"] == "object") & (uncounted["source"] != "model")],
        current[(current["kind"] == "unsure") & current["about"].isna()],
    ])  # fmt: skip
    is_part = rows_in(current, partial, ["shown", "annotator", "batch"])
    current["answer"] = whole & (current["rank"] == newest_whole) & ~is_part
    label = current["label"].mask(current["label"] == ABSENT)
    current["value"] = label.where(current["kind"] == "object", ABSENT).where(current["kind"] != "unsure")
    return current


def statements_on_objects(current: pd.DataFrame, task: Task) -> pd.DataFrame:
    """Return one row per object and current annotation of it, with the columns of `current_annotations`.

    Where the task has objects on an image, an annotator who answered for the image and did not draw an object says
    ABSENT of it: one more row per object and annotator, without annotation, under the newest guideline version of
    their answer.
    """
    explicit = current[~current["superseded"] & current["value"].notna() & current["object"].notna()]
    if task == "classification":
        return explicit
    return pd.concat([explicit, _absences(current, explicit)], ignore_index=True)


def weighted_votes(statements: pd.DataFrame) -> pd.DataFrame:
    """Return one row per object, annotator and value, with the columns review, weight, image, batch, guideline_version.

    An annotator who contradicts themselves (two answers on equal pixels) gives each value its part of one vote, so
    that the weights of an annotator on an object add up to one. Version and batch are the newest among equals.
    """
    key = ["object", "annotator", "review", "value"]
    votes = newest_per(statements, key)[[*key, "image", "batch", "guideline_version"]]
    return votes.assign(weight=1.0 / votes.groupby(["object", "annotator", "review"])["value"].transform("size"))


def newest_per(rows: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Return one row per combination of the columns: of the newest guideline version, then of the newest batch."""
    version_order = versions.as_ordered(rows["guideline_version"]).cat.codes.to_numpy()
    return rows.iloc[np.lexsort((rows["rank"], version_order))].drop_duplicates(list(columns), keep="last")


def lapsed_annotations(current: pd.DataFrame, statements: pd.DataFrame, is_outdated: pd.Series) -> pd.Series:
    """Return which annotations no longer count; `is_outdated` marks statements.

    An annotation without an object stands for the absences that it implies, and counts as long as one of them does.
    """
    explicit = frames.is_in(current["annotation"], statements.loc[is_outdated, "annotation"])
    absent = statements["annotation"].isna()
    answered = ["image", "shown", "annotator", "review"]
    outdated = rows_in(current, statements[absent & is_outdated], answered)
    counted = rows_in(current, statements[absent & ~is_outdated], answered)
    return explicit | (current["answer"] & current["object"].isna() & outdated & ~counted)


def rows_in(rows: pd.DataFrame, others: pd.DataFrame, columns: Sequence[str]) -> NDArray[np.bool_]:
    """Return which rows have the values of one of the others in all of these columns; nulls are equal."""
    code = np.zeros(len(rows) + len(others), np.int64)
    for column in columns:
        value = pd.factorize(pd.concat([rows[column], others[column]], ignore_index=True))[0]
        code = pd.factorize(code * (value.max(initial=0) + 2) + value)[0].astype(np.int64)
    return np.isin(code[: len(rows)], code[len(rows) :])


def _is_replaced(current: pd.DataFrame, newest_whole: pd.Series) -> pd.Series:
    """Return which annotations were replaced by another of the same voter about the same object.

    A newer one replaces an older one; a removal gives way to an annotation of the object in the same batch.
    """
    standing = current[~(current["rank"] < newest_whole.fillna(-1))]
    newest_about = standing.groupby(["object", "voter"])["rank"].transform("max")
    replaced = standing["rank"] < newest_about
    removals = standing[standing["kind"] == "remove"]
    gives_way = rows_in(removals, standing[standing["kind"] == "object"], ["object", "annotator", "batch", "shown"])
    replaced |= standing.index.isin(removals.index[gives_way & removals["object"].notna()])
    return replaced.reindex(current.index, fill_value=False)


def _absences(current: pd.DataFrame, explicit: pd.DataFrame) -> pd.DataFrame:
    """Return ABSENT for each object and annotator who gave the image a whole answer without the object."""
    answers = current[current["answer"]]
    answered = ["image", "shown", "annotator", "review", "voter"]
    viewers = newest_per(answers, answered)[[*answered, "guideline_version", "batch", "rank"]]
    expected = explicit[["object", "image"]].drop_duplicates().merge(viewers, on="image")
    drawn = rows_in(expected, answers, ["object", "shown", "annotator", "review"])
    # A correction of the object itself counts in place of its absence from the older answer.
    corrections = current[~current["superseded"] & current["about"].notna()]
    corrected = rows_in(expected, corrections, ["object", "voter"])
    return expected[~drawn & ~corrected].assign(value=ABSENT)


def _object_names(annotations: pd.DataFrame) -> pd.Series:
    """Return the object of each annotation: the earliest one of its cluster; null for annotations of no object.

    Superseded annotations take part, so that an object keeps its name when somebody draws it anew.
    """
    is_object = (annotations["kind"] == "object").to_numpy()
    target = _corrected_positions(annotations)
    drawn = annotations[(target == np.arange(len(annotations))) & is_object]
    unit = drawn.groupby(["annotator", "batch", "shown"], sort=False).ngroup()
    names = pd.Series(None, index=annotations.index, dtype=object)
    names[drawn.index] = match_annotations(drawn.assign(unit=unit))
    return names.iloc[target].set_axis(annotations.index).astype("str")


def _corrected_positions(annotations: pd.DataFrame) -> NDArray[np.int64]:
    """Return, per annotation, the position of the one that it is about in the end; its own where it is about none."""
    position = np.arange(len(annotations))
    about = annotations["about"].notna().to_numpy()
    if not about.any():
        return position
    referenced = np.full(len(annotations), -1)
    referenced[about] = pd.Index(annotations["annotation"]).get_indexer(annotations.loc[about, "about"])
    image = annotations["image"].to_numpy(dtype=object)
    # A correction of an annotation that is no object of the same image is about nothing known.
    is_object = (annotations["kind"] == "object").to_numpy()
    known = (referenced >= 0) & (referenced != position) & (image[referenced] == image) & is_object[referenced]
    target = np.where(known, referenced, position)
    # A correction may be about a correction: each round doubles the links that are followed.
    for _ in range(len(annotations).bit_length()):
        target = target[target]
    return np.where(known[target], position, target)  # annotations about each other in a circle are about nothing
