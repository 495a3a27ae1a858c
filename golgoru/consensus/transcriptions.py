"""One text per object from several transcriptions: the one that most annotators wrote, else the medoid."""

import unicodedata

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from golgoru.geometry.matching import pairs_in_groups

RULE = "TEXT-003"
# Characters of a text that are compared one by one; two equal texts are equal in all of them.
_COMPARED = 4096


def elected_texts(deciding: pd.DataFrame) -> pd.DataFrame:
    """Return text, text_agreement and disputed of each object (index) that somebody transcribed.

    `deciding` are the annotations behind each label, with object, annotator and text. Texts are equal if they are so in
    Unicode NFC with white space collapsed; an annotator who gave several gives each of them a part of one vote. The
    text with the most votes wins, among equals the medoid (the one nearest to all by normalised Levenshtein distance),
    then the first by code points: row order and annotators' names are irrelevant. Equal texts are spelled as most
    annotators wrote them. `disputed`: no text has more than half of the votes. `text_agreement`: mean similarity of
    all texts with the winner, 1 less the distance over the longer length, 4 decimals; null for a single annotator.
    """
    transcribed = deciding.loc[deciding["text"].notna(), ["object", "annotator", "text"]]
    transcribed = transcribed.assign(normalised=transcribed["text"].map(_normalised).astype("str"))
    transcribed = transcribed[transcribed["normalised"] != ""]
    if transcribed.empty:
        return pd.DataFrame({"text": transcribed["text"], "text_agreement": 0.0, "disputed": False})
    votes = transcribed.drop_duplicates(["object", "annotator", "normalised"])
    weight = 1.0 / votes.groupby(["object", "annotator"])["normalised"].transform("size")
    texts = weight.groupby([votes["object"], votes["normalised"]]).sum().round(9).rename("votes").reset_index()
    annotators = votes.groupby("object")["annotator"].nunique()
    texts["annotators"] = texts["object"].map(annotators)
    texts["similarity"] = _mean_similarity(texts)
    ranked = texts.sort_values(["object", "votes", "similarity", "normalised"], ascending=[True, False, False, True])
    winner = ranked.drop_duplicates("object").set_index("object")
    return pd.DataFrame({
        "text": _as_written(transcribed, winner["normalised"]),
        "text_agreement": winner["similarity"].round(4).where(winner["annotators"] > 1),
        "disputed": 2 * winner["votes"] <= winner["annotators"],
    })  # fmt: skip


def _normalised(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _mean_similarity(texts: pd.DataFrame) -> NDArray[np.float64]:
    """Return the mean similarity of each text with all texts of its object, weighted by votes, 9 decimals."""
    votes = texts["votes"].to_numpy()
    objects = texts.groupby("object", sort=False).ngroup().to_numpy().astype(np.int64)
    similar = votes.copy()
    for first, second in pairs_in_groups(objects):
        share = _similarity(texts["normalised"].to_numpy(dtype=object), first, second)
        similar += np.bincount(first, share * votes[second], minlength=len(texts))
        similar += np.bincount(second, share * votes[first], minlength=len(texts))
    mean: NDArray[np.float64] = (similar / texts["annotators"].to_numpy()).round(9)
    return mean


def _similarity(
    normalised: NDArray[np.object_], first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.float64]:
    if not len(first):
        return np.zeros(0)
    # Most repositories have no text.
    from rapidfuzz.distance import Levenshtein  # noqa: PLC0415
    from rapidfuzz.process import cpdist  # noqa: PLC0415

    left, right = ([text[:_COMPARED] for text in normalised[rows]] for rows in (first, second))
    return np.asarray(cpdist(left, right, scorer=Levenshtein.normalized_similarity, dtype=np.float64))


def _as_written(transcribed: pd.DataFrame, winner: pd.Series) -> pd.Series:
    """Return the winning texts as most annotators wrote them; among equals the first by code points."""
    winning = transcribed[transcribed["normalised"] == transcribed["object"].map(winner)]
    annotators = winning.groupby(["object", "text"])["annotator"].nunique().rename("annotators").reset_index()
    ranked = annotators.sort_values(["object", "annotators", "text"], ascending=[True, False, True])
    return ranked.drop_duplicates("object").set_index("object")["text"]
