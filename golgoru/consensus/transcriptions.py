"""One text per object from what several annotators read there: what most wrote, else what is nearest to all."""

import unicodedata

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from golgoru.geometry.matching import pairs_in_groups

RULE = "TEXT-003"
# Characters of a text that are compared one by one; two equal texts are equal in all of them.
_COMPARED = 4096


def elected_texts(saying: pd.DataFrame) -> pd.DataFrame:
    """Return text, text_agreement and disputed of each object (index) that somebody transcribed.

    `saying` are the words that decide, with object, annotator and text. Texts are equal where they are so in Unicode
    NFC with white space collapsed; whoever gave several gives each of them a part of one vote. The text with the most
    votes wins, among equals the one that is nearest to all (normalised Levenshtein distance, the medoid), then the
    first by code points: the order of rows and the names of people are nothing. Of equal texts it is written as most
    wrote it. `disputed`: no text has more than half of the votes. `text_agreement`: mean similarity of people's texts
    with it, 1 less the distance over the longer length, 4 decimals; null for one person's text.
    """
    words = saying.loc[saying["text"].notna(), ["object", "annotator", "text"]]
    words = words.assign(plain=words["text"].map(_normalised).astype("str"))
    words = words[words["plain"] != ""]
    if words.empty:
        return pd.DataFrame({"text": words["text"], "text_agreement": 0.0, "disputed": False})
    votes = words.drop_duplicates(["object", "annotator", "plain"])
    own = 1.0 / votes.groupby(["object", "annotator"])["plain"].transform("size")
    texts = own.groupby([votes["object"], votes["plain"]]).sum().round(9).rename("votes").reset_index()
    people = votes.groupby("object")["annotator"].nunique()
    texts["people"] = texts["object"].map(people)
    texts["near"] = _mean_similarity(texts)
    ranked = texts.sort_values(["object", "votes", "near", "plain"], ascending=[True, False, False, True])
    winner = ranked.drop_duplicates("object").set_index("object")
    return pd.DataFrame({
        "text": _as_written(words, winner["plain"]),
        "text_agreement": winner["near"].round(4).where(winner["people"] > 1),
        "disputed": 2 * winner["votes"] <= winner["people"],
    })  # fmt: skip


def _normalised(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _mean_similarity(texts: pd.DataFrame) -> NDArray[np.float64]:
    """Return the mean similarity of each text with all of its object, by votes, 9 decimals."""
    votes = texts["votes"].to_numpy()
    objects = texts.groupby("object", sort=False).ngroup().to_numpy().astype(np.int64)
    similar = votes.copy()
    for first, second in pairs_in_groups(objects):
        share = _similarity(texts["plain"].to_numpy(dtype=object), first, second)
        similar += np.bincount(first, share * votes[second], minlength=len(texts))
        similar += np.bincount(second, share * votes[first], minlength=len(texts))
    found: NDArray[np.float64] = (similar / texts["people"].to_numpy()).round(9)
    return found


def _similarity(plain: NDArray[np.object_], first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.float64]:
    if not len(first):
        return np.zeros(0)
    # Most repositories have no text.
    from rapidfuzz.distance import Levenshtein  # noqa: PLC0415
    from rapidfuzz.process import cpdist  # noqa: PLC0415

    left, right = ([text[:_COMPARED] for text in plain[rows]] for rows in (first, second))
    return np.asarray(cpdist(left, right, scorer=Levenshtein.normalized_similarity, dtype=np.float64))


def _as_written(words: pd.DataFrame, winner: pd.Series) -> pd.Series:
    """Return the winning texts as most people wrote them; among equals the first by code points."""
    own = words[words["plain"] == words["object"].map(winner)]
    people = own.groupby(["object", "text"])["annotator"].nunique().rename("people").reset_index()
    ranked = people.sort_values(["object", "people", "text"], ascending=[True, False, True])
    return ranked.drop_duplicates("object").set_index("object")["text"]
