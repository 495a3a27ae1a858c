"""Which images of a split a cap keeps, and their weights: near-duplicates of one another count as one image."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import csr_array, hstack

from golgoru.balance import raking
from golgoru.balance.class_counts import ValueCounts
from golgoru.balance.targets import REPEAT_FACTOR, Target, target_shares
from golgoru.core.arrays import Flags, Floats, Integers
from golgoru.core.hashing import uniform_hash

_EXACT_DECIMALS, _DECIMALS = 9, 4


class SplitImages(NamedTuple):
    """The labelled images of a split. `near_duplicates`: one number for all near-duplicates of one another."""

    image: pd.Series
    content: pd.Series
    near_duplicates: Integers

    def take(self, rows: Integers) -> "SplitImages":
        """Return the images at these positions."""
        image, content = (values.iloc[rows].reset_index(drop=True) for values in (self.image, self.content))
        return SplitImages(image, content, self.near_duplicates[rows])


class Weighting(NamedTuple):
    """Per image: whether it is kept, its weight (0 if not), and how often an epoch shows it.

    `repeat` is the weight, or LVIS' repeat factor. `fraction`: 1, or a part of it for near-duplicates that are kept.
    `shares`: of each target the share that each value is to have, or None where it only caps.
    """

    keep: Flags
    weight: Floats
    repeat: Floats
    fraction: Floats
    shares: list[Floats | None]


def image_fractions(near_duplicates: Integers) -> Floats:
    """Return for each image 1 over the number of its near-duplicates, itself included."""
    _, group, count = np.unique(near_duplicates, return_inverse=True, return_counts=True)
    fractions: Floats = 1 / count[group] if len(near_duplicates) else np.ones(0)
    return fractions


def weigh_images(
    targets: Sequence[Target], counts: Sequence[ValueCounts], images: SplitImages, low: float, high: float
) -> Weighting:
    """Return what is kept, and weights between `low` and `high` for images without near-duplicates.

    Near-duplicates share one such weight, so that no share and no other weight changes when a duplicate comes or goes.
    The weights add up to the number of images kept, near-duplicates counted once.
    """
    keep = np.ones(len(images.image), bool)
    for target, value_counts in zip(targets, counts, strict=True):
        if target.cap is not None:
            keep &= _kept_by_cap(target, value_counts, images, keep)
    fraction = np.zeros(len(keep))
    fraction[keep] = image_fractions(images.near_duplicates[keep])
    kept_counts = [value_counts.counts[keep] for value_counts in counts]
    factor = np.ones(int(keep.sum()))
    for target, count in zip(targets, kept_counts, strict=True):
        if target.to == REPEAT_FACTOR:
            factor = np.maximum(factor, repeat_factors(count, fraction[keep], target.threshold))
    shares: list[Floats | None] = [
        _target_shares(number, target, value_counts.values, count, fraction[keep], factor)
        for number, (target, value_counts, count) in enumerate(zip(targets, counts, kept_counts, strict=True))
    ]
    margins = _margins(targets, kept_counts, shares, fraction[keep], factor)
    weight, repeat = np.zeros(len(keep)), np.ones(len(keep))
    weight[keep] = fraction[keep] * raking.calibrate(margins, low, high)
    if any(target.to == REPEAT_FACTOR for target in targets):
        repeat[keep] = factor
    else:
        repeat = weight
    return Weighting(keep, round_weights(weight), round_weights(repeat), fraction, shares)


def round_weights(weights: Floats) -> Floats:
    """Return weights to four decimals; none that was above 0 becomes 0.

    In two steps, so that the last bits of a processor's sums do not decide where a weight lies halfway.
    """
    rounded = np.round(np.round(weights, _EXACT_DECIMALS), _DECIMALS)
    return np.where(weights > 0, np.maximum(rounded, 10.0**-_DECIMALS), rounded)


def repeat_factors(counts: csr_array, fraction: Floats, threshold: float) -> Floats:
    """Return LVIS' repeat factor of each image (Gupta et al. 2019): of its values the largest max(1, sqrt(t / f)).

    f is the share of images that show the value, near-duplicates counted once, t the threshold.
    """
    if not len(fraction):
        return np.ones(0)
    frequency = (counts > 0).T @ fraction / fraction.sum()
    of_value = np.maximum(np.sqrt(threshold / np.where(frequency > 0, frequency, 1)), 1)
    factors = counts.astype(float)
    factors.data = of_value[factors.indices]
    of_image: Floats = np.maximum(factors.max(axis=1).toarray().ravel(), 1)
    return of_image


def random_by_content(purpose: str, content: pd.Series) -> Floats:
    """Return a number in [0, 1) per content. A loop over rows: a hash takes one text at a time."""
    return np.fromiter((uniform_hash(f"{purpose}:{text}") for text in content), float, len(content))


def _kept_by_cap(target: Target, value_counts: ValueCounts, images: SplitImages, among: Flags) -> Flags:
    """Return which images stay: of each value the first so many in a random order, and what another value needs.

    Of near-duplicates one comes first, and the others after everything else.
    """
    # Another hash than that of the repeats, else the images that stay would be those that are rounded up.
    order = pd.DataFrame({
        "random": random_by_content("cap", images.content),
        "near_duplicates": images.near_duplicates,
        "image": images.image,
    })  # fmt: skip
    order = order[among].sort_values(["random", "image"])
    order = order.assign(repeated=order.groupby("near_duplicates").cumcount())
    order = order.sort_values(["repeated", "random", "image"])
    place = np.empty(len(among), np.int64)
    place[order.index] = np.arange(len(order))
    pairs = value_counts.counts.tocoo()
    entries = pd.DataFrame({"row": pairs.coords[0], "value": pairs.coords[1]})[among[pairs.coords[0]]]
    entries = entries.assign(place=place[entries["row"]]).sort_values("place")
    cap = np.array([target.cap_of(value) for value in value_counts.values])
    stays = entries.groupby("value").cumcount() < cap[entries["value"]]
    keep = np.zeros(len(among), bool)
    keep[entries["row"][stays]] = True
    return keep


def _target_shares(
    number: int, target: Target, values: Sequence[str], counts: csr_array, fraction: Floats, factor: Floats
) -> Floats | None:
    """Return the share that each value is to have; None where the target only caps, or no image shows a value."""
    weight = fraction * factor if target.to == REPEAT_FACTOR else fraction
    objects: Floats = counts.T @ weight
    if not target.sets_shares or not objects.any():
        return None
    return target_shares(number, target, values, objects)


def _margins(
    targets: Sequence[Target],
    counts: Sequence[csr_array],
    shares: Sequence[Floats | None],
    fraction: Floats,
    factor: Floats,
) -> raking.Margins:
    """Return the targets side by side. Repeat factors are no shares to reach: weights begin from them."""
    chosen = [
        (count, share)
        for target, count, share in zip(targets, counts, shares, strict=True)
        if share is not None and target.to != REPEAT_FACTOR
    ]
    none = csr_array((len(fraction), 0), dtype=np.int32)
    return raking.Margins(
        counts=csr_array(hstack([none, *(count for count, _ in chosen)])),
        target_of_value=np.repeat(np.arange(len(chosen)), [len(share) for _, share in chosen]),
        shares=np.concatenate([np.ones(0), *(share for _, share in chosen)]),
        mass=fraction,
        prior=factor,
    )
