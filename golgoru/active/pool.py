"""The images to choose from: those without labels, those that are not settled, and what is left out.

Of near-duplicates one is enough: a near-duplicate of a labelled image adds nothing to train on, and one of an excluded
image would be excluded, too.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from golgoru.consensus import roles, status
from golgoru.core.arrays import Flags
from golgoru.duplicates import components, kinds
from golgoru.duplicates.withdrawn import withdrawn_images
from golgoru.raw.withdrawals import Withdrawal
from golgoru.tables import coded, frames
from golgoru.validation.findings import set_aside_rows

DUPLICATE_OF_LABELLED = "near-duplicates of labelled images"
DUPLICATE_OF_EXCLUDED = "near-duplicates of excluded images"
ANNOTATIONS_LOST = "images whose annotations a rule set aside"
DUPLICATE_OF_ANOTHER = "near-duplicates of one another"


class Pool(NamedTuple):
    """`unlabelled`, `unsure`, `undecided` and `labelled`: images, sorted.

    unsure: annotators saw it and gave no answer; undecided: annotators disagree, or a duplicate has other labels.
    `cluster`: a number per image, equal for near-duplicates. `left_out`: unlabelled images left out, per reason.
    """

    unlabelled: pd.Index
    unsure: pd.Index
    undecided: pd.Index
    labelled: pd.Index
    cluster: pd.Series
    left_out: dict[str, int]


def labelling_pool(
    *,
    images: pd.DataFrame,
    duplicate_pairs: pd.DataFrame,
    duplicates: pd.DataFrame,
    violations: pd.DataFrame,
    annotation_roles: pd.DataFrame,
    labels: pd.DataFrame,
    lost_objects: pd.DataFrame,
    duplicate_conflicts: pd.DataFrame,
    withdrawals: Sequence[Withdrawal],
) -> Pool:
    """Return the pool of readable images, without duplicates and without excluded images."""
    certain = duplicate_pairs[duplicate_pairs["kind"].isin(kinds.CERTAIN)]
    cluster = pd.Series(components.component_ids(images["image"], certain), index=pd.Index(images["image"]))
    excluded = _excluded_images(images, duplicate_pairs, violations, withdrawals)
    unusable = pd.concat([excluded, duplicates["image"]])
    usable = images[images["error"].isna() & ~frames.is_in(images["image"], unusable)]
    # Files of equal content are one image, even where no pair joins them.
    names = pd.Index(usable.sort_values("image").drop_duplicates("content")["image"])
    role, image = annotation_roles["role"], annotation_roles["image"]
    answered, asked, empty, has_label = (
        frames.is_in(names, coded.distinct(some)).to_numpy()
        for some in (
            image[roles.is_answer(role)], image[role == roles.NO_VOTE], image[role == roles.EMPTY], labels["image"]
        )
    )  # fmt: skip
    contested = _contested_images(labels, duplicate_conflicts)
    undecided = frames.is_in(names, contested).to_numpy() | (answered & ~has_label & ~empty)
    labelled = names[has_label | empty]
    without_label = names[~answered & ~has_label & ~asked]
    of_labelled = _near_duplicates_of(without_label, cluster, labelled)
    of_excluded = _near_duplicates_of(without_label, cluster, pd.Index(excluded))
    to_correct = _to_correct(without_label, lost_objects)
    unlabelled = without_label[~of_labelled & ~of_excluded & ~to_correct]
    of_another = cluster.reindex(unlabelled).duplicated().to_numpy()
    return Pool(
        unlabelled=unlabelled[~of_another],
        unsure=names[asked & ~answered & ~has_label],
        undecided=names[undecided],
        labelled=labelled,
        cluster=cluster,
        left_out={
            DUPLICATE_OF_LABELLED: int(of_labelled.sum()),
            DUPLICATE_OF_EXCLUDED: int((of_excluded & ~of_labelled).sum()),
            ANNOTATIONS_LOST: int((to_correct & ~of_labelled & ~of_excluded).sum()),
            DUPLICATE_OF_ANOTHER: int(of_another.sum()),
        },
    )


def _excluded_images(
    images: pd.DataFrame, duplicate_pairs: pd.DataFrame, violations: pd.DataFrame, withdrawals: Sequence[Withdrawal]
) -> pd.Series:
    """Return the images that a rule set aside, or that were withdrawn."""
    set_aside = pd.Series(set_aside_rows(violations, "images").index, dtype="str")
    excluded: pd.Series = pd.concat([set_aside, withdrawn_images(images, duplicate_pairs, withdrawals)])
    return excluded


def _to_correct(images: pd.Index, lost_objects: pd.DataFrame) -> Flags:
    """Return which images somebody has labelled, and a rule set the annotations aside: they are to be corrected."""
    by_rule = lost_objects.loc[lost_objects["rule"].notna(), "image"]
    return frames.is_in(images, by_rule).to_numpy(bool)


def _contested_images(labels: pd.DataFrame, duplicate_conflicts: pd.DataFrame) -> pd.Series:
    """Return the images with a contested label, or with a duplicate that is labelled differently."""
    images: pd.Series = pd.concat([
        coded.distinct(labels.loc[status.is_contested(labels["status"]), "image"]),
        duplicate_conflicts.loc[status.is_contested(duplicate_conflicts["status"]), "duplicate_of"],
    ])  # fmt: skip
    return images


def _near_duplicates_of(images: pd.Index, cluster: pd.Series, others: pd.Index) -> Flags:
    """Return which images are near-duplicates of one of the others."""
    return np.isin(cluster.reindex(images).to_numpy(), cluster.reindex(others).dropna().to_numpy())


def first_of_near_duplicates(images: pd.Index, pool: Pool) -> Flags:
    """Return which images are the first of their near-duplicates."""
    return ~pool.cluster.reindex(images).duplicated().to_numpy()
