"""What could be labelled next: images without labels, and those whose labels are in doubt; and what is left out of it.

Of near-copies one is enough: what is a near-copy of a labelled picture teaches nothing new, and what is one of a
picture that was taken out will be taken out, too.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from golgoru.duplicates import components, kinds
from golgoru.duplicates.withdrawn import withdrawn_images
from golgoru.raw.withdrawals import Withdrawal
from golgoru.tables import frames
from golgoru.validation.findings import set_aside_rows

_ANSWERED_ROLES = ("voted", "overruled", "adjudicated", "empty")

DUPLICATE_OF_LABELLED = "near-copies of labelled pictures"
DUPLICATE_OF_EXCLUDED = "near-copies of pictures that were taken out"
DUPLICATE_OF_ANOTHER = "near-copies of one another"


class Pool(NamedTuple):
    """`unlabelled`, `unsure` and `undecided`: images, sorted. `cluster`: a number per image, equal for near-copies.

    unsure: somebody looked at it and could not say; undecided: people saw different things, and none is agreed.
    `left_out`: how many pictures without labels were left out, by why.
    """

    unlabelled: pd.Index
    unsure: pd.Index
    undecided: pd.Index
    labelled: pd.Index
    cluster: pd.Series
    left_out: dict[str, int]


def labelling_pool(
    images: pd.DataFrame,
    pairs: pd.DataFrame,
    copies: pd.DataFrame,
    violations: pd.DataFrame,
    votes: pd.DataFrame,
    labels: pd.DataFrame,
    disagreements: pd.DataFrame,
    withdrawals: Sequence[Withdrawal],
) -> Pool:
    """Return what could be labelled next, of files that can be opened and are neither copies nor taken out."""
    surely = pairs[pairs["kind"].isin(kinds.CERTAIN)]
    cluster = pd.Series(components.component_ids(images["image"], surely), index=pd.Index(images["image"]))
    aside = pd.Series(set_aside_rows(violations, "images").index, dtype="str")
    out = pd.concat([aside, withdrawn_images(images, pairs, withdrawals)])
    usable = images[images["error"].isna() & ~frames.is_in(images["image"], pd.concat([out, copies["image"]]))]
    # Equal files that people delivered twice and no pair joins are one picture, too.
    names = pd.Index(usable.sort_values("image").drop_duplicates("content")["image"])
    answered, asked = (
        frames.is_in(names, votes.loc[votes["role"].isin(roles), "image"]).to_numpy()
        for roles in (_ANSWERED_ROLES, ("no vote",))
    )
    has_label = frames.is_in(names, labels["image"]).to_numpy()
    empty = frames.is_in(names, votes.loc[votes["role"] == "empty", "image"]).to_numpy()
    contested = pd.concat([
        labels.loc[labels["status"] == "contested", "image"],
        disagreements.loc[disagreements["status"] == "contested", "duplicate_of"],
    ])  # fmt: skip
    in_doubt = frames.is_in(names, contested).to_numpy() | (answered & ~has_label & ~empty)
    labelled = names[has_label | empty]
    bare = names[~answered & ~has_label & ~asked]
    copy_of_labelled, copy_of_out = (_near_duplicates_of(bare, cluster, pd.Index(others)) for others in (labelled, out))
    open_ = bare[~copy_of_labelled & ~copy_of_out]
    another = cluster.reindex(open_).duplicated().to_numpy()
    return Pool(
        open_[~another],
        names[asked & ~answered & ~has_label],
        names[in_doubt],
        labelled,
        cluster,
        {
            DUPLICATE_OF_LABELLED: int(copy_of_labelled.sum()),
            DUPLICATE_OF_EXCLUDED: int((copy_of_out & ~copy_of_labelled).sum()),
            DUPLICATE_OF_ANOTHER: int(another.sum()),
        },
    )


def _near_duplicates_of(
    images: pd.Index, cluster: pd.Series, others: pd.Index
) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Return which images are near-copies of one of the others."""
    return np.isin(cluster.reindex(images).to_numpy(), cluster.reindex(others).dropna().to_numpy())


def first_of_near_duplicates(images: pd.Index, pool: Pool) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Return which images are the first of their near-copies."""
    return ~pool.cluster.reindex(images).duplicated().to_numpy()
