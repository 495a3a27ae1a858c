"""The consensus on all images, some of them at a time: memory follows from the tables, not from the work on them.

No object is on two images, so what an annotation, a vote or a label becomes follows from those of its image, and from
what the votes on all images say (`Estimates`).
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from golgoru.consensus import majority, roles
from golgoru.consensus.aggregation import (
    Consensus,
    Context,
    Counted,
    Estimates,
    count_votes,
    elect,
    weighed_posterior,
)
from golgoru.consensus.votes import ABSENT
from golgoru.core.arrays import Integers
from golgoru.core.hashing import order_by_hash
from golgoru.tables import frames
from golgoru.tables.parts import Parts

# Annotations that are worked on at once.
_SLICE = 100_000
# What `current_annotations` adds, as far as it is looked at again.
_STANDING = ["object", "value", "review", "superseded", "answer", "lapsed"]
_CODED = {
    "labels": ("image", "label", "source", "guideline_version"),
    "votes": ("image", "annotator", "label", "batch", "guideline_version"),
}
# To compare methods by: the others cost twice what the rest does, and tell no more of more objects.
_COMPARED_OBJECTS = 20_000


class Outcome(NamedTuple):
    """What the annotators agree on.

    `labels`, `votes`: the tables. `standing`: object (as in `votes`) and role of each annotation (index) that may
    count.
    `accuracy`: as in `Estimates`. `listed`: the consensus on the images that were listed. `compared`: the votes to
    compare methods by, on all images or, where `is_sample`, on some; `elected`: the labels of their objects.
    """

    labels: pd.DataFrame
    votes: pd.DataFrame
    standing: pd.DataFrame
    accuracy: float | None
    listed: Consensus
    compared: pd.DataFrame
    elected: pd.Series
    is_sample: bool


class Placed:
    """Annotations, each with the image that it is counted for, of which some images are taken at a time.

    `counted_for`: image per annotation, null where it cannot be used. `counts`: which may count.
    """

    def __init__(self, annotations: pd.DataFrame, counted_for: pd.Series, counts: pd.Series) -> None:
        self.counted_for, self._counts, self._annotations = counted_for, counts, annotations

    def rows(self, positions: Integers) -> tuple[pd.DataFrame, pd.Series]:
        """Return some annotations and which may count.

        `image` is the one that they are counted for, `shown` the one of equal pixels that the annotator saw.
        """
        rows = frames.as_texts(self._annotations.iloc[positions])
        image = self.counted_for.iloc[positions].astype("str")
        return rows.assign(shown=rows["image"], image=image), self._counts.iloc[positions]

    def shown_on(self, images: pd.Index) -> tuple[pd.DataFrame, pd.Series]:
        """Return the annotations of some images as `rows` does, each counted for the image that it was made on."""
        shown = frames.is_in(self._annotations["image"], images) & self.counted_for.notna()
        rows, counts = self.rows(np.flatnonzero(shown))
        return rows.assign(image=rows["shown"]), counts

    def slices(self) -> list[Integers]:
        """Return the positions of the annotations of some images at a time; of no annotation, one empty slice."""
        codes = self.counted_for.astype("category").cat.codes.to_numpy()
        order = np.argsort(codes, kind="stable")
        order = order[np.searchsorted(codes[order], 0) :]
        last = np.flatnonzero(np.diff(codes[order], append=-1))  # of each image
        every = np.arange(_SLICE, len(order), _SLICE)
        ends = np.unique(last[np.searchsorted(last, every)] + 1)
        return [np.sort(rows) for rows in np.split(order, ends) if len(rows)] or [order]


def find_outcome(placed: Placed, context: Context, listed: pd.Index) -> Outcome:
    """Return what the annotators agree on; `listed` are images of which the consensus itself is wanted."""
    slices = placed.slices()
    contexts = [_context_of(placed, rows, context) for rows in slices]
    counted = [
        _packed(count_votes(*placed.rows(rows), of), several=len(slices) > 1)
        for rows, of in zip(slices, contexts, strict=True)
    ]
    agreement = [majority.agreement_counts(frames.as_texts(part.votes)) for part in counted]
    accuracy = majority.accuracy_of(agreement, len(context.classes.ids))
    gathered = _Gathered(listed, _compared_images(counted))
    for rows, of, probable in zip(slices, contexts, _posteriors(counted, context), strict=True):
        part = _unpacked(counted.pop(0), placed.rows(rows)[0])
        gathered.add(elect(part, Estimates(accuracy, probable), of), of)
    return gathered.outcome(accuracy)


def _context_of(placed: Placed, rows: Integers, context: Context) -> Context:
    """Return the context of some annotations, with their images alone where images are looked up."""
    if context.task != "classification":
        return context
    seen = pd.Series(placed.counted_for.iloc[rows].unique()).astype("str")
    return context._replace(images=context.images[frames.is_in(context.images["image"], seen)])


def _packed(counted: Counted, several: bool) -> Counted:
    """Return what has to be held until all votes are counted; where that is of several slices, as codes."""
    if not several:
        return Counted(counted.annotations[_STANDING], counted.votes)
    codes = dict.fromkeys(["image", "annotator", "value", "batch", "guideline_version"], "category")
    standing = counted.annotations[_STANDING].astype({"value": "category"})
    return Counted(standing, counted.votes.astype(codes))


def _unpacked(packed: Counted, rows: pd.DataFrame) -> Counted:
    standing = frames.as_texts(packed.annotations)
    return Counted(rows.loc[standing.index].assign(**standing), frames.as_texts(packed.votes))


def _posteriors(counted: Sequence[Counted], context: Context) -> Sequence[pd.DataFrame | None]:
    """Return how probable each value of each object is, by slice; estimated from the votes on all images at once."""
    return [None] * len(counted) if context.method == "majority" else _weighed_posteriors(counted, context)


def _weighed_posteriors(counted: Sequence[Counted], context: Context) -> list[pd.DataFrame]:
    columns = ["object", "annotator", "review", "value", "weight"]
    votes = pd.concat([frames.as_texts(part.votes[columns]) for part in counted], ignore_index=True)
    probable = weighed_posterior(votes, context)
    objects = votes["object"].drop_duplicates()
    slice_of_row = np.repeat(np.arange(len(counted)), [len(part.votes) for part in counted])
    slice_of = slice_of_row[objects.index][frames.positions(probable["object"], objects)]
    return [probable[slice_of == number] for number in range(len(counted))]


def _compared_images(counted: Sequence[Counted]) -> pd.Series | None:
    """Return the images on which methods are compared: about `_COMPARED_OBJECTS` objects; None for all images."""
    objects = sum(part.votes["object"].nunique() for part in counted)
    if objects <= _COMPARED_OBJECTS:
        return None
    images = pd.concat([pd.Series(part.votes["image"].unique()).astype("str") for part in counted])
    chosen = order_by_hash(images, "methods")[: math.ceil(len(images) * _COMPARED_OBJECTS / objects)]
    return images.iloc[chosen]


class _Gathered:
    """What the slices give, put together."""

    def __init__(self, listed: pd.Index, compared: pd.Series | None) -> None:
        self._labels, self._votes = (Parts(name, coded) for name, coded in _CODED.items())
        self._listed, self._compared = listed, compared
        self._standing, self._elected = list[pd.DataFrame](), list[pd.Series]()
        self._of_listed, self._votes_compared = list[Consensus](), list[pd.DataFrame]()

    def add(self, consensus: Consensus, context: Context) -> None:
        """Add the consensus on the images of a slice."""
        self._labels.add(consensus.labels)
        self._votes.add(_votes_table(consensus.votes, context))
        self._standing.append(_standing(consensus, context))
        self._of_listed.append(_on_images(consensus, self._listed))
        votes = consensus.votes
        votes = votes if self._compared is None else votes[frames.is_in(votes["image"], self._compared)]
        elected = consensus.elected.set_index("object")["label"]
        self._votes_compared.append(votes)
        self._elected.append(elected[frames.is_in(elected.index, votes["object"])])

    def outcome(self, accuracy: float | None) -> Outcome:
        """Return the outcome on all images."""
        return Outcome(
            labels=self._labels.frame(),
            votes=self._votes.frame(),
            standing=pd.concat(self._standing),
            accuracy=accuracy,
            listed=Consensus(*(_joined(of) for of in zip(*self._of_listed, strict=True))),
            compared=pd.concat(self._votes_compared, ignore_index=True),
            elected=pd.concat(self._elected),
            is_sample=self._compared is not None,
        )


def _joined(parts: Sequence[Any]) -> Any:
    """Return the parts of a field of `Consensus` as one; an annotation keeps its index, and what has none gets one."""
    if not isinstance(parts[0], pd.DataFrame):
        return parts[0]
    return pd.concat(parts, ignore_index="annotation" not in parts[0])


def _on_images(consensus: Consensus, images: pd.Index) -> Consensus:
    """Return the consensus on some of the images."""
    votes = consensus.votes[frames.is_in(consensus.votes["image"], images)]
    return consensus._replace(
        annotations=consensus.annotations[frames.is_in(consensus.annotations["image"], images)],
        votes=votes,
        elected=consensus.elected[frames.is_in(consensus.elected["object"], votes["object"])],
        labels=consensus.labels[frames.is_in(consensus.labels["image"], images)],
    )


def _votes_table(votes: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Return table `votes`, with the names of objects in `labels`."""
    rows = votes.assign(label=votes["value"].mask(votes["value"] == ABSENT))
    if context.task == "classification":
        rows["object"] = rows["image"].map(context.images.set_index("image")["content"])
    return frames.frame("votes", rows)


def _standing(consensus: Consensus, context: Context) -> pd.DataFrame:
    """Return image, object and role of each annotation that may count."""
    current, labels, elected = consensus.annotations, consensus.labels, consensus.elected.set_index("object")
    agrees = current["value"] == current["object"].map(elected["label"])
    reviewed = frames.is_in(current["object"], elected.index[elected["reviewed"]])
    without_object = current["object"].isna()
    without_value = current["value"].isna() | (without_object & current["about"].notna())
    empty = (current["kind"] == "empty") | without_object
    conditions = {
        roles.SUPERSEDED: current["superseded"],
        roles.OUTDATED: current["lapsed"],
        roles.NO_VOTE: without_value,
        roles.EMPTY: empty & ~frames.is_in(current["image"], labels["image"]),
        roles.ADJUDICATED: agrees & current["review"] & reviewed,
        roles.AGREES: agrees,
    }
    role = np.select(list(conditions.values()), list(conditions), default=roles.OVERRULED)
    by_image = labels.set_index("image")["object"]
    return pd.DataFrame({
        "object": current["object"].map(by_image) if context.task == "classification" else current["object"],
        "role": pd.Categorical(role, roles.ANNOTATION_ROLES),
    }, index=current.index)  # fmt: skip
