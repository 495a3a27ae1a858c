"""Whose word counts: the newest answer of each annotator on each picture, and what it says about each object.

The order of words is the batches' date, then name; where the guideline changed so that words are asked for again, those
made under the new meaning come after all others. A newer batch replaces an annotator's whole answer for the
picture, unless its words name the object they are `about`. Reviewers have one voice: a newer review replaces
an older one, whoever made it.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from golgoru.core import versions
from golgoru.core.dataset import Task
from golgoru.geometry.matching import match_annotations
from golgoru.tables import frames

_REVIEW_VOTER = ""  # no annotator's name: ingest refuses a word without one
ABSENT = ""  # what an annotator says of an object that he looked at and did not see; no class has an empty name


def current_annotations(annotations: pd.DataFrame, mute: pd.DataFrame, task: Task) -> pd.DataFrame:
    """Return the words with the columns voice, review, rank, object, superseded, answer, value.

    `annotations` are the words that may count: `image` is the picture that they are counted for, `shown` the one of
    equal pixels that the annotator saw, `label` the class in the names of today, `epoch` as in
    golgoru.guideline.changes.
    `mute` are the words that do not count (a model's, set aside, or dropped by a change), with the same columns:
    others may be about them, and an answer of which a part was set aside is no whole one.

    `answer` marks the words that are an annotator's whole answer for the picture, `value` is the class, or ABSENT;
    null for `unsure`, which replaces an older answer but is none itself.
    """
    named = mute[frames.is_in(mute["annotation"], annotations["about"])]
    both = pd.concat([annotations.assign(counts=True), named.assign(counts=False)])
    both["rank"] = both.groupby(["date", "batch"], sort=True).ngroup()
    both["object"] = both["image"] if task == "classification" else _object_names(both)
    both["rank"] = both.groupby(["epoch", "date", "batch"], sort=True).ngroup()
    words = both[both["counts"]].drop(columns="counts")
    words["review"] = words["source"] == "review"
    words["voice"] = words["annotator"].mask(words["review"], _REVIEW_VOTER)
    # For classification the object is the picture, so a word about it is a whole answer.
    whole = words["about"].isna() | (task == "classification")
    newest_whole = words["rank"].where(whole).groupby([words["image"], words["voice"]]).transform("max")
    words["superseded"] = (words["rank"] < newest_whole.fillna(-1)) | _replaced(words, newest_whole)
    partial = pd.concat([
        mute[(mute["kind"] == "object") & (mute["source"] != "model")],
        words[(words["kind"] == "unsure") & words["about"].isna()],
    ])  # fmt: skip
    is_part = rows_in(words, partial, ["shown", "annotator", "batch"])
    words["answer"] = whole & (words["rank"] == newest_whole) & ~is_part
    label = words["label"].mask(words["label"] == ABSENT)
    words["value"] = label.where(words["kind"] == "object", ABSENT).where(words["kind"] != "unsure")
    return words


def statements_on_objects(words: pd.DataFrame, task: Task) -> pd.DataFrame:
    """Return one row per object and word that stands, with the columns of `current_words`.

    Where the task has objects on a picture, whoever looked at it and did not draw an object says ABSENT of it: one
    row more per object and annotator, without annotation, under the newest guideline version of his answer.
    """
    said = words[~words["superseded"] & words["value"].notna() & words["object"].notna()]
    return said if task == "classification" else pd.concat([said, _absences(words, said)], ignore_index=True)


def weighted_votes(statements: pd.DataFrame) -> pd.DataFrame:
    """Return one row per object, annotator and value, with the columns review, weight, image, batch, guideline_version.

    An annotator who contradicts himself (two answers on equal pixels) gives each of them its part of one vote, so
    that the weights of an annotator on an object add up to one. Version and batch are the newest among equals.
    """
    vote = ["object", "annotator", "review", "value"]
    said = newest_per(statements, vote)[[*vote, "image", "batch", "guideline_version"]]
    return said.assign(weight=1.0 / said.groupby(["object", "annotator", "review"])["value"].transform("size"))


def newest_per(rows: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Return one row per combination of the columns: of the newest guideline version, then of the newest batch."""
    order = versions.ordered(rows["guideline_version"]).cat.codes.to_numpy()
    return rows.iloc[np.lexsort((rows["rank"], order))].drop_duplicates(list(columns), keep="last")


def lapsed_annotations(words: pd.DataFrame, statements: pd.DataFrame, gone: pd.Series) -> pd.Series:
    """Return which words count no longer; `gone` marks statements. A word that means no object stands for its ABSENTs.

    It counts as long as one of them does.
    """
    own = frames.is_in(words["annotation"], statements.loc[gone, "annotation"])
    absent = statements["annotation"].isna()
    looker = ["image", "shown", "annotator", "review"]
    silent = rows_in(words, statements[absent & gone], looker) & ~rows_in(words, statements[absent & ~gone], looker)
    return own | (words["answer"] & words["object"].isna() & silent)


def rows_in(rows: pd.DataFrame, others: pd.DataFrame, columns: Sequence[str]) -> NDArray[np.bool_]:
    """Return which rows have the values of one of the others in all of these columns."""
    keys = others[list(columns)].drop_duplicates()
    found = rows[list(columns)].merge(keys, on=list(columns), how="left", indicator=True)["_merge"]
    return np.asarray(found == "both", dtype=bool)


def _replaced(words: pd.DataFrame, newest_whole: pd.Series) -> pd.Series:
    """Return which words were replaced by one that the same voice said about the same object.

    A newer one replaces an older one; a removal makes way for what is said of the object together with it.
    """
    standing = words[~(words["rank"] < newest_whole.fillna(-1))]
    newest_about = standing.groupby(["object", "voice"])["rank"].transform("max")
    older = standing["rank"] < newest_about
    removals = standing[standing["kind"] == "remove"]
    makes_way = rows_in(removals, standing[standing["kind"] == "object"], ["object", "annotator", "batch", "shown"])
    older |= standing.index.isin(removals.index[makes_way & removals["object"].notna()])
    return older.reindex(words.index, fill_value=False)


def _absences(words: pd.DataFrame, said: pd.DataFrame) -> pd.DataFrame:
    """Return ABSENT for each object and annotator who gave the picture a whole answer without it."""
    answers = words[words["answer"]]
    looker = ["image", "shown", "annotator", "review", "voice"]
    lookers = newest_per(answers, looker)[[*looker, "guideline_version", "batch", "rank"]]
    expected = said[["object", "image"]].drop_duplicates().merge(lookers, on="image")
    drawn = rows_in(expected, answers, ["object", "shown", "annotator", "review"])
    # What was said about the object itself stands instead of the silence of the older answer.
    corrections = words[~words["superseded"] & words["about"].notna()]
    spoken = rows_in(expected, corrections, ["object", "voice"])
    return expected[~drawn & ~spoken].assign(value=ABSENT)


def _object_names(words: pd.DataFrame) -> pd.Series:
    """Return the object that each word means: the earliest annotation of its cluster; null for words about none.

    Superseded words take part, so that an object keeps its name when somebody draws it anew.
    """
    is_object = (words["kind"] == "object").to_numpy()
    target = _corrected_positions(words)
    drawn = words[(target == np.arange(len(words))) & is_object]
    unit = drawn.groupby(["annotator", "batch", "shown"], sort=False).ngroup()
    names = pd.Series(None, index=words.index, dtype=object)
    names[drawn.index] = match_annotations(drawn.assign(unit=unit))
    return names.iloc[target].set_axis(words.index).astype("str")


def _corrected_positions(words: pd.DataFrame) -> NDArray[np.int64]:
    """Return, per word, the position of the word that it is about in the end; its own where it is about none."""
    own = np.arange(len(words))
    about = words["about"].notna().to_numpy()
    if not about.any():
        return own
    named = np.full(len(words), -1)
    named[about] = pd.Index(words["annotation"]).get_indexer(words.loc[about, "about"])
    image = words["image"].to_numpy(dtype=object)
    # A correction of what is no object of its picture is about nothing that is known.
    is_object = (words["kind"] == "object").to_numpy()
    known = (named >= 0) & (named != own) & (image[named] == image) & is_object[named]
    target = np.where(known, named, own)
    # A word may be about a word that is about a word: each round doubles the links that are followed.
    for _ in range(len(words).bit_length()):
        target = target[target]
    return np.where(known[target], own, target)  # words about each other in a circle are about nothing
