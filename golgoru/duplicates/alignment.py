"""Correlation of two thumbnails at the best shift and scale: confirms crops, and further shots of one scene.

Normalised cross-correlation (Lewis, Vision Interface 1995) of high-passed grey levels: brightness and large plain
areas, by which different images correlate, are filtered out. Computed from whole numbers, so that the score is the
same on every machine.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from golgoru.core.arrays import Floats, Integers
from golgoru.duplicates.correlation import scaled_covariance
from golgoru.images.thumbnails import Thumbnails

Pairs = tuple[Integers, Integers]
Levels = NDArray[np.int16]

_SIDES = (29, 32, 35)  # scales of 0.9, 1 and 1.1
_MARGIN, _MAX_SHIFT = 5, 4  # pixels: the border left out of a template, and how far the template is shifted
_BLUR = 2.0  # pixels, standard deviation of the Gaussian that is subtracted
_HALF_SIDE = 16
# At half size. All of 126 pairs of the same shot in CIFAR-10 reach it, and 2 % of their 300,000 nearest neighbours.
_MIN_HALF_SIZE_SCORE = 0.45
_CHUNK = 1 << 10  # pairs in memory


def aligned_correlation(left: Thumbnails, right: Thumbnails, pairs: Pairs) -> Floats:
    """Return the aligned correlation of left[i] and right[j] (n, 32, 32) for each pair (i, j), -1 to 1, 4 decimals.

    The middle of each is compared with the other at shifts of up to 4 pixels and scales of 0.9, 1 and 1.1; the score
    is the mean of the two best correlations. It is 0 where the score at half size is below 0.45.
    """
    score = np.zeros(len(pairs[0]))
    halves = [_high_passed(grey, [_HALF_SIDE], _BLUR / 2) for grey in (left, right)]
    for chunk in _chunks(np.arange(len(score))):
        score[chunk] = _mean_of_both_directions(
            halves[0], halves[1], (pairs[0][chunk], pairs[1][chunk]), _MARGIN // 2, _MAX_SHIFT // 2
        )
    promising = np.flatnonzero(score >= _MIN_HALF_SIZE_SCORE)
    score[score < _MIN_HALF_SIZE_SCORE] = 0
    for chunk in _chunks(promising):
        sides = [np.unique(pairs[side][chunk], return_inverse=True) for side in (0, 1)]
        scales = [_high_passed(grey[used], _SIDES, _BLUR) for grey, (used, _) in zip((left, right), sides, strict=True)]
        score[chunk] = _mean_of_both_directions(scales[0], scales[1], (sides[0][1], sides[1][1]), _MARGIN, _MAX_SHIFT)
    rounded: Floats = score.round(4)
    return rounded


def _chunks(positions: Integers) -> list[Integers]:
    return [positions[begin : begin + _CHUNK] for begin in range(0, len(positions), _CHUNK)]


def _high_passed(grey: Thumbnails, sides: Sequence[int], blur: float) -> list[Levels]:
    """Return the thumbnails at each size: four times the difference between grey levels and blurred grey levels."""
    from scipy.ndimage import gaussian_filter  # noqa: PLC0415  (slow)

    levels = [_resized(grey, side).astype(np.float32) for side in sides]
    return [np.rint(4 * (level - gaussian_filter(level, (0, blur, blur)))).astype(np.int16) for level in levels]


def _resized(grey: Thumbnails, side: int) -> Thumbnails:
    if grey.shape[1] == side or not len(grey):
        return grey[:, :side, :side]
    shape = (side, side)
    return np.stack([np.asarray(Image.fromarray(levels).resize(shape, Image.Resampling.BILINEAR)) for levels in grey])


def _mean_of_both_directions(
    left: Sequence[Levels], right: Sequence[Levels], pairs: Pairs, margin: int, shift: int
) -> Floats:
    i, j = pairs
    middle = len(left) // 2  # the scale of 1
    forth = np.max([_best_shift_correlation(left[middle][i], scale[j], margin, shift) for scale in right], axis=0)
    back = np.max([_best_shift_correlation(right[middle][j], scale[i], margin, shift) for scale in left], axis=0)
    mean: Floats = (forth + back) / 2
    return mean


def _best_shift_correlation(templates: Levels, images: Levels, margin: int, shift: int) -> Floats:
    """Return the best correlation of the middle of each template with a window of the image in the same row."""
    side = templates.shape[1] - 2 * margin
    middle = templates[:, margin : margin + side, margin : margin + side].reshape(len(templates), -1).astype(np.int32)
    centre = (images.shape[1] - side) // 2
    reach = min(shift, centre)
    best = np.full(len(templates), -1.0)
    middle_deviation = np.sqrt(scaled_covariance(middle, middle))
    for down in range(centre - reach, centre + reach + 1):
        for right in range(centre - reach, centre + reach + 1):
            window = images[:, down : down + side, right : right + side].reshape(len(images), -1).astype(np.int32)
            deviations = middle_deviation * np.sqrt(scaled_covariance(window, window))
            covariance = scaled_covariance(middle, window)
            correlation = np.divide(covariance, deviations, out=np.zeros(len(best)), where=deviations > 0)
            np.maximum(best, correlation, out=best)
    return best
