"""What to collect: how many images of each value are missing until its target can be met, and why it is not met."""

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from golgoru.core.arrays import Flags, Floats

_SLACK = 0.005  # of a target: what is missed by less is met
_TINY = 1e-300
_MAX_IMAGES = 1e9  # images: nobody collects more, and a target that asks for them cannot be met


class ImagesToCollect(NamedTuple):
    """Per value: images to collect (NaN where their number does not help), once with weights and once without."""

    short: Flags
    collect: Floats
    even: Floats
    alone: Flags  # counted for images that show nothing else


class _MeanImage(NamedTuple):
    """What images look like per value (values,), near-copies counted once."""

    images: Floats  # that show it
    own: Floats  # objects of it on one of them
    all: Floats  # objects on one of them
    others: Floats  # objects on one that does not show it


def images_to_collect(
    counts: csr_array, parts: Floats, weight: Floats, target: Floats, low: float, high: float
) -> ImagesToCollect:
    """Return what is to be collected of each value, in images of which none is a near-copy of another.

    `counts` (images, values): what the kept images show; `parts` and `weight` (images,) their part and weight;
    `target` (values,) the shares. `collect` is the number with which weights from `low` to `high` reach the target,
    `even` the number with which no weights are needed.

    Where every image shows one value (classification, a column) the list works as a whole: with all of it collected
    all targets are met. Images with several values show others too, so each value is reckoned by itself: new images
    are taken to look like the mean image that shows it (for a value that nobody has seen: like that of the other
    values), and have the largest weight; the others' weights sink in common. Where even such images show too little
    of it the number is an estimate of images that show nothing else, and `alone` says so. The target stays what it is:
    the square root of larger counts would be another.
    """
    before, after = _share(counts, parts), _share(counts, weight)
    short, uneven = _below(after, target), _below(before, target)
    if counts.sum(axis=1).max(initial=0) <= 1:
        images: Floats = counts.T @ parts
        collect = _collect_together(images, target, short, float(parts.sum()), low, high)
        return ImagesToCollect(
            short,
            _below_maximum(collect),
            _below_maximum(_collect_unweighted(images, target)),
            np.zeros(len(target), bool),
        )
    collect, alone = _collect_each(counts, parts, weight, target, low, high)
    even, _ = _collect_each(counts, parts, parts, target, 1.0, 1.0)
    return ImagesToCollect(
        short, _below_maximum(np.where(short, collect, 0)), _below_maximum(np.where(uneven, even, 0)), short & alone
    )


def _share(counts: csr_array, weight: Floats) -> Floats:
    shown: Floats = counts.T @ weight
    return shown / max(float(shown.sum()), _TINY)


def _below(share: Floats, target: Floats) -> Flags:
    return share < target * (1 - _SLACK)


def _below_maximum(images: Floats) -> Floats:
    """Return NaN where even so many more do not help."""
    return np.where(images <= _MAX_IMAGES, images, np.nan)


def _round_up(images: Floats) -> Floats:
    return np.maximum(np.ceil(images - 1e-6), 0)


def _collect_together(images: Floats, target: Floats, short: Flags, total: float, low: float, high: float) -> Floats:
    """Return the images to collect of values that are short, when all are collected.

    With a total of M' images, those that are short weigh at most `high` each, the others at least `low`.
    """
    rest, wanted = total - float(images[short].sum()), float(target[short].sum())
    if not short.any() or wanted >= min(high, 1):
        return np.where(short, np.nan, 0.0)
    new_total = max(rest / (1 - wanted / high), low * rest / (1 - wanted))
    found = _round_up(target * (new_total - rest) / wanted - images)
    # None missing, and still short: other targets pull the other way.
    return np.where(short, np.where(found > 0, found, np.nan), 0.0)


def _collect_unweighted(images: Floats, target: Floats) -> Floats:
    """Return the images with which every value has its share: the one that has most beside its share stays.

    Where something is there that is to have no share, no number gives the others theirs.
    """
    if (images[target <= 0] > 0).any():
        return np.where(target > 0, np.nan, 0.0)
    there = (images > 0) & (target > 0)
    total = float((images[there] / target[there]).max(initial=0))
    return _round_up(target * total - images)


def _collect_each(
    counts: csr_array, parts: Floats, weight: Floats, target: Floats, low: float, high: float
) -> tuple[Floats, Flags]:
    """Return the images to collect of each value by itself, and where they are ones that show nothing else."""
    look = _mean_images(counts, parts, weight)
    rest = float(parts.sum()) - look.images
    gain = look.own - target * look.all
    alone = gain <= 1e-9
    gain = np.where(alone, 1, gain)
    # All that show it weigh `high`, and the others what is left; and these cannot weigh less than `low`.
    spread = target * look.others
    by_high = spread * rest / (high * gain + spread * (high - 1))
    by_low = rest * (spread * low / gain - (1 - low))
    like_them = np.maximum(by_high, by_low) - look.images
    shown: Floats = counts.T @ weight
    missing = target * shown.sum() - shown
    own = np.maximum(look.own, 1) * (1 - target)
    by_themselves = missing / np.maximum(high * own + missing * (high - 1) / max(float(parts.sum()), _TINY), _TINY)
    found = _round_up(np.where(alone, by_themselves, like_them))
    return np.where(found > 0, found, np.nan), alone


def _mean_images(counts: csr_array, parts: Floats, weight: Floats) -> _MeanImage:
    total = np.asarray(counts.sum(axis=1)).ravel().astype(float)
    there = (counts > 0).astype(float)
    images = there.T @ parts
    seen = images > 0
    own = np.where(seen, counts.T @ parts / np.where(seen, images, 1), 0)
    every = np.where(seen, there.T @ (parts * total) / np.where(seen, images, 1), 0)
    if seen.any():
        own, every = (np.where(seen, value, value[seen].mean()) for value in (own, every))
    weighed = float(weight.sum()) - there.T @ weight
    others = float(weight @ total) - there.T @ (weight * total)
    mean = float(weight @ total) / max(float(weight.sum()), _TINY)
    return _MeanImage(images, own, every, np.where(weighed > 1e-9, others / np.where(weighed > 1e-9, weighed, 1), mean))
