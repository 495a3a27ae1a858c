"""What to collect: how many images of each value are missing until its target can be met."""

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from golgoru.core.arrays import Flags, Floats

_TOLERANCE = 0.005  # of a target: a share that misses it by less counts as met
_TINY = 1e-300
_MAX_IMAGES = 1e9  # nobody collects more, so a target that asks for them cannot be met


class ImagesToCollect(NamedTuple):
    """Per value: whether it misses its target, and images to collect, with weights and without.

    NaN: no number of images helps. `shown_alone`: the number is of images that show nothing else.
    """

    short: Flags
    collect: Floats
    collect_unweighted: Floats
    shown_alone: Flags


class _MeanImages(NamedTuple):
    """Per value (values,) what the images that show it are like, near-duplicates counted once."""

    images: Floats  # how many show it
    own_objects: Floats  # objects of the value on one of them
    all_objects: Floats  # objects of any value on one of them
    objects_elsewhere: Floats  # objects on an image that does not show it


def images_to_collect(
    *, counts: csr_array, fraction: Floats, weight: Floats, target: Floats, low: float, high: float
) -> ImagesToCollect:
    """Return what to collect of each value, in images of which none is a near-duplicate of another.

    `counts` (images, values): what the kept images show; `fraction` and `weight` (images,): the part of an image that
    each counts for, and its weight; `target` (values,): the shares. `collect` is the number with which weights from
    `low` to `high` reach the target, `collect_unweighted` the number with which no weights are needed.

    Where every image shows one value (classification, a column), the numbers hold together: with all of them collected
    all targets are met. Images with several values show others too, so there each value is calculated by itself: new
    images are assumed to be like the mean image that shows it (for a value without images: like those of the other
    values) and to have the highest weight, while all other weights fall in proportion. If even such images show too
    little of it, the number is an estimate of images that show nothing else, and `shown_alone` says so. The target is
    taken as it is, although the square root of larger counts would be another.
    """
    before, after = _shares(counts, fraction), _shares(counts, weight)
    short, uneven = _misses(after, target), _misses(before, target)
    if counts.sum(axis=1).max(initial=0) <= 1:
        images: Floats = counts.T @ fraction
        collect = _collect_together(images, target, short, float(fraction.sum()), low, high)
        unweighted = _collect_unweighted(images, target)
        return ImagesToCollect(short, _below_maximum(collect), _below_maximum(unweighted), np.zeros(len(target), bool))
    collect, shown_alone = _collect_each(counts, fraction, weight, target, low, high)
    unweighted, _ = _collect_each(counts, fraction, fraction, target, 1.0, 1.0)
    collect, unweighted = np.where(short, collect, 0), np.where(uneven, unweighted, 0)
    return ImagesToCollect(short, _below_maximum(collect), _below_maximum(unweighted), short & shown_alone)


def _shares(counts: csr_array, weight: Floats) -> Floats:
    objects: Floats = counts.T @ weight
    return objects / max(float(objects.sum()), _TINY)


def _misses(share: Floats, target: Floats) -> Flags:
    return share < target * (1 - _TOLERANCE)


def _below_maximum(images: Floats) -> Floats:
    """Return NaN where a number is too large to be collected."""
    return np.where(images <= _MAX_IMAGES, images, np.nan)


def _round_up(images: Floats) -> Floats:
    return np.maximum(np.ceil(images - 1e-6), 0)


def _collect_together(images: Floats, target: Floats, short: Flags, total: float, low: float, high: float) -> Floats:
    """Return the images to collect of values that miss their target, when all of them are collected.

    Then images of those values weigh at most `high` each, the others at least `low`.
    """
    others, wanted = total - float(images[short].sum()), float(target[short].sum())
    if not short.any() or wanted >= min(high, 1):
        return np.where(short, np.nan, 0.0)
    new_total = max(others / (1 - wanted / high), low * others / (1 - wanted))
    collect = _round_up(target * (new_total - others) / wanted - images)
    # Where none is to be collected and the target is still missed, another target works in the other direction.
    return np.where(short, np.where(collect > 0, collect, np.nan), 0.0)


def _collect_unweighted(images: Floats, target: Floats) -> Floats:
    """Return the images with which every value has its share, while the one furthest above its share stays as it is.

    Where images show a value that is to have no share, no number gives the others theirs.
    """
    if (images[target <= 0] > 0).any():
        return np.where(target > 0, np.nan, 0.0)
    present = (images > 0) & (target > 0)
    total = float((images[present] / target[present]).max(initial=0))
    return _round_up(target * total - images)


def _collect_each(
    counts: csr_array, fraction: Floats, weight: Floats, target: Floats, low: float, high: float
) -> tuple[Floats, Flags]:
    """Return the images to collect of each value by itself, and whether they must show nothing else."""
    mean = _mean_images(counts, fraction, weight)
    elsewhere = float(fraction.sum()) - mean.images
    gain = mean.own_objects - target * mean.all_objects
    shown_alone = gain <= 1e-9
    gain = np.where(shown_alone, 1, gain)
    # All that show it weigh `high` and the others what is left, which must be at least `low`.
    needed = target * mean.objects_elsewhere
    by_high = needed * elsewhere / (high * gain + needed * (high - 1))
    by_low = elsewhere * (needed * low / gain - (1 - low))
    like_the_mean = np.maximum(by_high, by_low) - mean.images
    objects: Floats = counts.T @ weight
    missing = target * objects.sum() - objects
    own = np.maximum(mean.own_objects, 1) * (1 - target)
    per_image = high * own + missing * (high - 1) / max(float(fraction.sum()), _TINY)
    collect = _round_up(np.where(shown_alone, missing / np.maximum(per_image, _TINY), like_the_mean))
    return np.where(collect > 0, collect, np.nan), shown_alone


def _mean_images(counts: csr_array, fraction: Floats, weight: Floats) -> _MeanImages:
    objects = np.asarray(counts.sum(axis=1)).ravel().astype(float)
    shows = (counts > 0).astype(float)
    images = shows.T @ fraction
    seen = images > 0
    divisor = np.where(seen, images, 1)
    own_objects = np.where(seen, counts.T @ fraction / divisor, 0)
    all_objects = np.where(seen, shows.T @ (fraction * objects) / divisor, 0)
    if seen.any():
        own_objects, all_objects = (np.where(seen, value, value[seen].mean()) for value in (own_objects, all_objects))
    weight_elsewhere = float(weight.sum()) - shows.T @ weight
    objects_elsewhere = float(weight @ objects) - shows.T @ (weight * objects)
    mean = float(weight @ objects) / max(float(weight.sum()), _TINY)
    per_image = objects_elsewhere / np.where(weight_elsewhere > 1e-9, weight_elsewhere, 1)
    return _MeanImages(images, own_objects, all_objects, np.where(weight_elsewhere > 1e-9, per_image, mean))
