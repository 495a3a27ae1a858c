"""Which images of a split a cap keeps, and the weights of those: near-copies of one another count as one image."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import csr_array, hstack

from golgoru.balance import raking, targets
from golgoru.balance.class_counts import ValueCounts
from golgoru.balance.targets import REPEAT_FACTOR, Target
from golgoru.core.arrays import Flags, Floats, Integers
from golgoru.core.hashing import uniform

_EXACT_TO, _ROUNDED_TO = 9, 4  # decimals


class SplitImages(NamedTuple):
    """The labelled images of a split. `alike`: a number, equal for near-copies of one another. `content`: md5."""

    image: pd.Series
    content: pd.Series
    alike: Integers

    def of(self, rows: Integers) -> "SplitImages":
        """Return the images in these places."""
        image, content = (values.iloc[rows].reset_index(drop=True) for values in (self.image, self.content))
        return SplitImages(image, content, self.alike[rows])


class Weighting(NamedTuple):
    """Per image: whether it is kept, its weight (0 where not), and for LVIS' repeat factors how often it is shown.

    `once`: 1, or a part of it for near-copies that are kept. `shares`: of each target what each value is to have, or
    None where it only caps.
    """

    keep: Flags
    weight: Floats
    repeat: Floats
    once: Floats
    shares: list[Floats | None]


def image_fractions(alike: Integers) -> Floats:
    """Return for each image 1 over the number of its near-copies, itself among them."""
    _, kind, count = np.unique(alike, return_inverse=True, return_counts=True)
    parts: Floats = 1 / count[kind] if len(alike) else np.ones(0)
    return parts


def weigh_images(
    wanted: Sequence[Target], shown: Sequence[ValueCounts], images: SplitImages, low: float, high: float
) -> Weighting:
    """Return what is kept, and weights between `low` and `high` for images that have no near-copies.

    Near-copies share one such weight, so that neither shares nor other weights change when a copy comes or goes. The
    weights add up to the number of images kept, near-copies counted once.
    """
    keep = np.ones(len(images.image), bool)
    for target, composition in zip(wanted, shown, strict=True):
        if target.cap is not None:
            keep &= _kept_by_cap(target, composition, images, keep)
    parts = np.zeros(len(keep))
    parts[keep] = image_fractions(images.alike[keep])
    counts = [composition.counts[keep] for composition in shown]
    factor = np.ones(int(keep.sum()))
    for target, count in zip(wanted, counts, strict=True):
        if target.to == REPEAT_FACTOR:
            factor = np.maximum(factor, repeat_factors(count, parts[keep], target.threshold))
    shares: list[Floats | None] = [
        _target_shares(number, target, composition.values, count, parts[keep], factor)
        for number, (target, composition, count) in enumerate(zip(wanted, shown, counts, strict=True))
    ]
    weight, repeat = np.zeros(len(keep)), np.ones(len(keep))
    weight[keep] = parts[keep] * raking.calibrate(_margins(wanted, counts, shares, parts[keep], factor), low, high)
    if any(target.to == REPEAT_FACTOR for target in wanted):
        repeat[keep] = factor
    else:
        repeat = weight
    return Weighting(keep, round_weights(weight), round_weights(repeat), parts, shares)


def round_weights(numbers: Floats) -> Floats:
    """Return numbers to four decimals, but nothing that was above 0 as 0.

    In two steps: what lies half between two of them must not fall as the last bits of a processor's sums do.
    """
    short = np.round(np.round(numbers, _EXACT_TO), _ROUNDED_TO)
    return np.where(numbers > 0, np.maximum(short, 10.0**-_ROUNDED_TO), short)


def repeat_factors(counts: csr_array, parts: Floats, threshold: float) -> Floats:
    """Return LVIS' repeat factor of each image (Gupta et al. 2019): of its values the largest max(1, sqrt(t / f)).

    f is the share of images that show the value, near-copies counted once, t the threshold.
    """
    if not len(parts):
        return np.ones(0)
    frequency = (counts > 0).T @ parts / parts.sum()
    of_value = np.maximum(np.sqrt(threshold / np.where(frequency > 0, frequency, 1)), 1)
    factors = counts.astype(float)
    factors.data = of_value[factors.indices]
    of_image: Floats = np.maximum(factors.max(axis=1).toarray().ravel(), 1)
    return of_image


def random_by_content(what: str, content: pd.Series) -> Floats:
    """Return a number in [0, 1) per content. A loop over rows: a hash takes one text at a time."""
    return np.fromiter((uniform(f"{what}:{text}") for text in content), float, len(content))


def _kept_by_cap(target: Target, shown: ValueCounts, images: SplitImages, among: Flags) -> Flags:
    """Return which images stay: of each value the first so many by chance, and what another value needs.

    Of near-copies one comes first, and the others after everything else.
    """
    # Another text than that of the repeats: else those that stay were those that are rounded up.
    table = pd.DataFrame(
        {"chance": random_by_content("cap", images.content), "alike": images.alike, "image": images.image}
    )
    table = table[among].sort_values(["chance", "image"])
    table = table.assign(again=table.groupby("alike").cumcount()).sort_values(["again", "chance", "image"])
    place = np.empty(len(among), np.int64)
    place[table.index] = np.arange(len(table))
    pairs = shown.counts.tocoo()
    entries = pd.DataFrame({"row": pairs.coords[0], "value": pairs.coords[1]})[among[pairs.coords[0]]]
    entries = entries.assign(place=place[entries["row"]]).sort_values("place")
    cap = np.array([target.cap_of(value) for value in shown.values])
    stays = entries.groupby("value").cumcount() < cap[entries["value"]]
    keep = np.zeros(len(among), bool)
    keep[entries["row"][stays]] = True
    return keep


def _target_shares(
    number: int, target: Target, values: Sequence[str], counts: csr_array, parts: Floats, factor: Floats
) -> Floats | None:
    """Return the share that each value is to have; None where the target only caps, or nothing is there."""
    weight = parts * factor if target.to == REPEAT_FACTOR else parts
    shown: Floats = counts.T @ weight
    if not target.pulls or not shown.any():
        return None
    return targets.target_shares(number, target, values, shown)


def _margins(
    wanted: Sequence[Target],
    counts: Sequence[csr_array],
    shares: Sequence[Floats | None],
    parts: Floats,
    factor: Floats,
) -> raking.Margins:
    """Return the targets side by side. Repeat factors are no share to reach: they are what weights begin from."""
    chosen = [
        (count, share)
        for target, count, share in zip(wanted, counts, shares, strict=True)
        if share is not None and target.to != REPEAT_FACTOR
    ]
    none = csr_array((len(parts), 0), dtype=np.int32)
    return raking.Margins(
        counts=csr_array(hstack([none, *(count for count, _ in chosen)])),
        belongs=np.repeat(np.arange(len(chosen)), [len(share) for _, share in chosen]),
        shares=np.concatenate([np.ones(0), *(share for _, share in chosen)]),
        mass=parts,
        prior=factor,
    )
