"""Whose word counts: the newest answer of each annotator on each picture, and what it says about each object.

The order of words is the batches' date, then name. A newer batch replaces an annotator's whole answer for the
picture, unless its words name the object they are `about`. Reviewers have one voice: a newer review replaces
an older one, whoever made it.
"""

import pandas as pd

from stages.lib.matching import match
from stages.lib.project import Task

_REVIEWERS = "\x1freview"  # no annotator's name
ABSENT = ""  # what an annotator says of an object that he looked at and did not see


def current_words(annotations: pd.DataFrame, task: Task) -> pd.DataFrame:
    """Return the words with the columns voice, rank, object, superseded, value.

    `annotations` are words that may count, `image` the picture that they are counted for. `value` is the class, or
    ABSENT; null for `unsure`, which replaces an older answer but is none itself.
    """
    words = annotations.copy()
    words["voice"] = words["annotator"].where(words["source"] != "review", _REVIEWERS)
    words["rank"] = words.groupby(["date", "batch"], sort=True).ngroup()
    words["object"] = words["image"] if task == "classification" else _objects(words)
    # For classification the object is the picture, so a word about it is a whole answer.
    whole = words["about"].isna() | (task == "classification")
    newest_whole = words["rank"].where(whole).groupby([words["image"], words["voice"]]).transform("max")
    words["superseded"] = words["rank"] < newest_whole.fillna(-1)
    standing = words[~words["superseded"]]
    # A word about an object replaces what the same voice said of that object before.
    newest_about = standing.groupby(["object", "voice"])["rank"].transform("max")
    words.loc[standing.index[standing["rank"] < newest_about], "superseded"] = True
    words["value"] = words["label"].where(words["kind"] == "object", ABSENT).where(words["kind"] != "unsure")
    return words


def votes(words: pd.DataFrame, task: Task) -> pd.DataFrame:
    """Return one row per object, voice, annotator and value: object, annotator, review, value, weight.

    An annotator who contradicts himself (two answers on equal pixels) gives each of them its part of one vote.
    Where the task has objects on a picture, whoever looked at it and did not draw an object says ABSENT of it.
    """
    counted = words[~words["superseded"] & words["value"].notna()]
    counted = counted.assign(review=counted["source"] == "review")
    said = counted[["object", "image", "annotator", "review", "value", "kind", "about"]]
    if task != "classification":
        # `empty`, and a removal that names no object, are said of every object of the picture, by leaving it out.
        said = said[(said["kind"] == "object") | ((said["kind"] == "remove") & said["about"].notna())]
        said = pd.concat([said, _absent(counted, said)])
    said = said[["object", "annotator", "review", "value"]].drop_duplicates()
    return said.assign(weight=1.0 / said.groupby(["object", "annotator", "review"])["value"].transform("size"))


def _absent(counted: pd.DataFrame, said: pd.DataFrame) -> pd.DataFrame:
    """Return ABSENT for each object and annotator who gave the picture a whole answer without it."""
    lookers = counted[counted["about"].isna()][["image", "annotator", "review"]].drop_duplicates()
    expected = said[["object", "image"]].drop_duplicates().merge(lookers, on="image")
    missing = expected.merge(said[["object", "annotator", "review"]].drop_duplicates(), how="left", indicator=True)
    return missing[missing["_merge"] == "left_only"].drop(columns="_merge").assign(value=ABSENT)


def _objects(words: pd.DataFrame) -> pd.Series:
    """Return the object that each word means: the earliest annotation of its cluster; null for words about none.

    Superseded words take part, so that an object keeps its name when somebody draws it anew.
    """
    drawn = words[words["about"].isna() & (words["kind"] == "object")].sort_values(["rank", "annotation"])
    cluster = match(drawn.assign(unit=drawn["annotator"] + "\x1f" + drawn["batch"]))
    earliest = drawn["annotation"].groupby(cluster).transform("first")
    known = pd.Series(earliest.to_numpy(dtype=object), index=drawn["annotation"].to_numpy(), dtype=object)
    rest = words[words["about"].notna()].set_index("annotation")["about"].astype(object)
    # A word may be about a word that is about a word: each round resolves one link of the chain.
    while len(rest):
        target = rest.map(known).dropna()
        if target.empty:
            break
        known = pd.concat([known, target])
        rest = rest.drop(target.index)
    return words["annotation"].map(known).astype("str")
