"""The tables of the consensus: labels, the votes behind them, what became of each annotation, what to label again."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from golgoru.tables.raw import SOURCES
from golgoru.tables.schema import (
    ABOUT_IMAGE,
    BOX,
    GEOMETRY,
    INTEGER,
    NUMBER,
    TEXT,
    YES_NO,
    Column,
    Identity,
    Table,
    has_as_many_rows,
)
from golgoru.tables.vocabulary import ADJUDICATED, ANNOTATION_ROLES, LABEL_STATUSES


def _votes_add_up_to_one(votes: pd.DataFrame) -> bool:
    voter = _distinct(_distinct(pd.factorize(votes["object"])[0], votes["annotator"]), votes["review"])
    return bool(np.isclose(np.bincount(voter, votes["weight"].to_numpy(np.float64)), 1).all())


def _labels_count_their_votes(labels: pd.DataFrame, votes: pd.DataFrame) -> bool:
    cast = votes.loc[~votes["review"].to_numpy(bool), ["object", "annotator"]]
    both = pd.factorize(pd.concat([labels["object"], cast["object"]], ignore_index=True))[0]
    labelled, voted = both[: len(labels)], both[len(labels) :]
    first = np.unique(_distinct(voted, cast["annotator"]), return_index=True)[1]  # one row per object and annotator
    voters = np.bincount(voted[first], minlength=both.max(initial=-1) + 1)[labelled]
    by_review = (labels["status"] == ADJUDICATED).to_numpy(bool)  # a review settles those, however many voted
    return bool((by_review | (voters == labels["votes"].to_numpy())).all())


def _distinct(codes: NDArray[np.int64], column: pd.Series) -> NDArray[np.int64]:
    """Return a number per row, equal for rows of equal code and value."""
    value, values = pd.factorize(column)
    return pd.factorize(codes.astype(np.int64) * (len(values) + 1) + value + 1)[0].astype(np.int64)


TABLES = (
    Table("labels", "one row per object", ("object",), (
        Column("object", TEXT, "the image's content for classification, else its earliest annotation"),
        ABOUT_IMAGE._replace(meaning="the labelled image: the representative among exact duplicates"),
        Column("label", TEXT, "the class"),
        *GEOMETRY,
        Column("text_agreement", NUMBER, "ocr: mean similarity of the transcriptions with the text, 0 to 1 (1 less the edit distance over the longer length); null where fewer than two people transcribed it", nullable=True),
        Column("ignore", YES_NO, "true where the guideline says that training leaves it out"),
        Column("votes", INTEGER, "annotators whose annotation of it counted"),
        Column("agreement", NUMBER, "share of them that gave this label, 0 to 1"),
        Column("confidence", NUMBER, "how probable the label is by consolidate.method, a score that overstates; null for a review, and where majority has no object with two votes", nullable=True),
        Column("status", TEXT, "agreed, adjudicated or contested", values=LABEL_STATUSES),
        Column("rule", TEXT, "the rule by which it is contested: too few votes, or else no majority for a transcription, or else a conflict with a duplicate", nullable=True),
        Column("source", TEXT, "human, review or import: where the deciding annotation came from", values=SOURCES),
        Column("guideline_version", TEXT, "the oldest guideline version among the annotations that decided"),
    ), identities=(
        Identity("a label's votes are the annotators who voted on its object", ("labels", "votes"), _labels_count_their_votes),
    )),
    Table("annotation_roles", "one row per annotation: what became of it", ("annotation",), (
        Column("annotation", TEXT, "as in annotations", references="annotations.annotation"),
        ABOUT_IMAGE._replace(meaning="the image that it was counted for, the representative among exact duplicates", nullable=True),
        Column("object", TEXT, "as in votes", nullable=True),
        Column("role", TEXT, "agrees, overruled, adjudicated, superseded, outdated, empty, no vote, or set aside", values=ANNOTATION_ROLES),
    ), identities=(
        Identity("every annotation has one role", ("annotations", "annotation_roles"), has_as_many_rows),
    )),
    Table("votes", "one row per object, annotator and value", ("object", "annotator", "review", "label"), (
        Column("object", TEXT, "as in labels; also one that is no object by the votes"),
        ABOUT_IMAGE,
        Column("annotator", TEXT, "who voted"),
        Column("review", YES_NO, "true for a review, which settles the object"),
        Column("label", TEXT, "the class; null where the annotator looked and did not see the object", nullable=True),
        Column("weight", NUMBER, "1, or a part of it for an annotator who gave several values; adds up to 1 per object and annotator"),
        Column("batch", TEXT, "the newest batch with this vote"),
        Column("guideline_version", TEXT, "the guideline version it was given under"),
    ), identities=(
        Identity("the votes of an annotator on an object add up to 1", ("votes",), _votes_add_up_to_one),
    )),
    Table("lost_objects", "one row per object that somebody drew and that no label stands for", ("annotation",), (
        Column("annotation", TEXT, "a rule set it aside, or a change of the guideline took it away", references="annotations.annotation"),
        ABOUT_IMAGE._replace(meaning="the image that it was counted for"),
        Column("rule", TEXT, "the rule; null for a change of the guideline", nullable=True),
        *(side._replace(meaning=f"{side.meaning}: the part inside the image; null where its place is not known") for side in BOX),
    )),
    Table("relabel", "one row per object, or image, to label again after a change of the guideline", ("object",), (
        Column("object", TEXT, "as in labels; the image's content where the whole image is to be labelled again"),
        ABOUT_IMAGE,
        Column("label", TEXT, "the class that stands until then; null where none does", nullable=True),
        Column("guideline_version", TEXT, "the oldest guideline version of the annotations behind it", nullable=True),
        Column("version", TEXT, "the guideline version whose change asks for it"),
        Column("reason", TEXT, "why, as guidelines/changes.yaml says"),
    )),
)  # fmt: skip
