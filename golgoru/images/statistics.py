"""Statistics of images: size, perceptual hashes, brightness, contrast, sharpness, colourfulness.

Computed for many images at a time, since numpy's calls cost more than the arithmetic on one small image.
"""

import hashlib
from collections.abc import Container, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from golgoru.core import storage
from golgoru.images import decode, phash, resize
from golgoru.images.resize import ResizedImage

THUMBNAIL_SIDE = 8  # pixels
_BLOCK = resize.COLOUR_SIDE // THUMBNAIL_SIDE
_PIXELS_TOGETHER = 1 << 17  # whose numbers in all steps fit the processor's cache
_EVEN_BYTES = np.uint64(0x00FF_00FF_00FF_00FF)

Grey = NDArray[np.uint8]
Colours = NDArray[np.uint8]
GreyStatistics = tuple[float, float, float]  # brightness, contrast, sharpness


class ImageStatistics(NamedTuple):
    """The columns of table `images` that depend on a file's bytes alone."""

    width: int | None = None
    height: int | None = None
    format: str | None = None
    mode: str | None = None
    phash: str | None = None
    phash_mirrored: str | None = None
    decoder: str | None = None
    brightness: float | None = None
    contrast: float | None = None
    sharpness: float | None = None
    colourfulness: float | None = None
    thumbnail: bytes | None = None
    error: str | None = None


class FileFingerprint(NamedTuple):
    """One file: md5 and size; `statistics` is None where they are known already, or the file could not be read."""

    content: str | None
    bytes: int | None
    statistics: ImageStatistics | None
    error: str | None


def fingerprint_files(paths: Sequence[str | Path], known: Container[str], max_pixels: int) -> list[FileFingerprint]:
    """Read and hash each file once, and decode it unless its hash is among `known`."""
    files = [_decode(data, known, max_pixels) for data in storage.current().read_each(paths)]
    if not files:
        return []
    contents, sizes, images, errors = zip(*files, strict=True)
    computed = iter(compute_statistics([image for image in images if image is not None]))
    statistics = [None if image is None else next(computed) for image in images]
    return list(map(FileFingerprint._make, zip(contents, sizes, statistics, errors, strict=True)))


def image_statistics(data: bytes, max_pixels: int) -> ImageStatistics:
    """Return the statistics of a file's bytes; of an unusable image `error` alone, which says why."""
    try:
        return compute_statistics([resize.decode_and_resize(data, max_pixels)])[0]
    except decode.ImageError as error:
        return ImageStatistics(error=str(error))


def compute_statistics(images: Sequence[ResizedImage | str]) -> list[ImageStatistics]:
    """Return the statistics of each image; a string in place of an image says why it is unusable."""
    decoded = [image for image in images if not isinstance(image, str)]
    if len(decoded) == len(images) > 0:
        return _statistics_of_decoded(decoded)
    statistics = iter(_statistics_of_decoded(decoded) if decoded else [])
    return [ImageStatistics(error=image) if isinstance(image, str) else next(statistics) for image in images]


def _decode(
    data: bytes | OSError, known: Container[str], max_pixels: int
) -> tuple[str | None, int | None, ResizedImage | str | None, str | None]:
    if isinstance(data, OSError):
        return None, None, None, f"the file cannot be read: {data.strerror}"
    content = hashlib.md5(data, usedforsecurity=False).hexdigest()
    if content in known:
        return content, len(data), None, None
    try:
        return content, len(data), resize.decode_and_resize(data, max_pixels), None
    except decode.ImageError as error:
        return content, len(data), str(error), None


def _statistics_of_decoded(images: Sequence[ResizedImage]) -> list[ImageStatistics]:
    # By column, and tuples made from columns: half as long as image by image.
    width, height, file_format, mode, decoder, colour, hashed, pixels = zip(*images, strict=True)
    planes = to_planes(np.concatenate(colour).reshape(-1, *colour[0].shape))
    levels = luma(planes)
    to_hash = levels
    if any(one is not None for one in hashed):
        to_hash = np.stack([level if one is None else one for one, level in zip(hashed, levels, strict=True)])
    thumbnails = colour_thumbnails(planes).tobytes()
    size = len(thumbnails) // len(images)
    columns = (
        *(width, height, file_format, mode),
        *zip(*phash.perceptual_hashes(to_hash), strict=True),
        decoder,
        *zip(*_grey_statistics_of(pixels, levels), strict=True),
        colourfulness(planes),
        [thumbnails[at : at + size] for at in range(0, len(thumbnails), size)],
        [None] * len(images),
    )
    return list(map(ImageStatistics._make, zip(*columns, strict=True)))


def _grey_statistics_of(pixels: Sequence[Colours | None], levels: Grey) -> list[GreyStatistics]:
    """Return the statistics of each image's `pixels`, or else its `levels`; images of one shape are taken together."""
    shapes: dict[tuple[int, ...] | None, list[int]] = {}
    for index, one in enumerate(pixels):
        shapes.setdefault(None if one is None else one.shape, []).append(index)
    if list(shapes) == [None]:
        return grey_statistics(levels)
    results: dict[int, GreyStatistics] = {}
    for shape, members in shapes.items():
        size = len(members) if shape is None else max(1, _PIXELS_TOGETHER // (shape[0] * shape[1]))
        for part in (members[at : at + size] for at in range(0, len(members), size)):
            grey = levels[part] if shape is None else _grey_of(shape, [pixels[index] for index in part])
            results.update(zip(part, grey_statistics(grey), strict=True))
    return [results[index] for index in range(len(pixels))]


def _grey_of(shape: tuple[int, ...], pixels: Sequence[Colours | None]) -> Grey:
    together = np.concatenate([one for one in pixels if one is not None])
    grey = together if len(shape) == 2 else luma(to_planes(together))
    return grey.reshape(-1, *shape[:2])


def to_planes(colours: Colours) -> Colours:
    """Return colours (..., 3) as planes (3, ...)."""
    return np.ascontiguousarray(colours.reshape(-1, 3).T).reshape(3, *colours.shape[:-1])


def luma(planes: Colours) -> Grey:
    """Return the grey levels of images given as planes (3, n, height, width): ITU-R 601, bit for bit Pillow's."""
    level: NDArray[np.uint32] = planes[0].astype(np.uint32)
    level *= 19595
    for plane, weight in ((1, 38470), (2, 7471)):
        part = planes[plane].astype(np.uint32)
        part *= weight
        level += part
    level += 1 << 15
    level >>= 16
    return level.astype(np.uint8)


def grey_statistics(grey: Grey) -> list[GreyStatistics]:
    """Return brightness (mean), contrast (standard deviation) and sharpness of grey images (n, height, width)."""
    level = grey.astype(np.int16)  # four times 255 fits
    brightness, variance = _moments(level)
    numbers = (brightness, np.sqrt(variance), sharpness(level))
    return list(zip(*(np.round(number, 4).tolist() for number in numbers), strict=True))


def sharpness(level: NDArray[np.int16]) -> NDArray[np.float64]:
    """Return the variance of the Laplacian of grey images (n, height, width). Source: Pech-Pacheco et al., ICPR 2000.

    At the border a missing neighbour is the pixel itself: each difference of two neighbours is added to one and taken
    from the other, and the mean is 0.
    """
    # All rows of all images as one, since numpy is slow on short rows; differences across the ends are set to 0.
    flat, width = level.reshape(-1), level.shape[2]
    right, down = np.empty_like(level), np.empty_like(level)
    np.subtract(flat[1:], flat[:-1], out=right.reshape(-1)[:-1])
    np.subtract(flat[width:], flat[:-width], out=down.reshape(-1)[:-width])
    right[:, :, -1] = 0
    down[:, -1] = 0
    laplacian = (right + down).reshape(-1)
    laplacian[1:] -= right.reshape(-1)[:-1]
    laplacian[width:] -= down.reshape(-1)[:-width]
    values = laplacian.reshape(len(level), -1).astype(np.float64)
    variance: NDArray[np.float64] = np.vecdot(values, values) / values.shape[1]
    return variance


def colourfulness(planes: Colours) -> list[float]:
    """Return the colourfulness of images (3, n, height, width). Source: Hasler and Suesstrunk, SPIE 5007, 2003."""
    red, green, blue = (plane.astype(np.int16) for plane in planes)
    red_green, red_green_variance = _moments(red - green)
    red += green
    blue += blue
    red -= blue
    yellow_blue, yellow_blue_variance = _moments(red)  # twice the paper's
    deviation, mean = np.sqrt(red_green_variance + yellow_blue_variance / 4), np.sqrt(red_green**2 + yellow_blue**2 / 4)
    rounded: list[float] = np.round(deviation + 0.3 * mean, 4).tolist()
    return rounded


def colour_thumbnails(planes: Colours) -> Colours:
    """Return images (3, n, 32, 32) as thumbnails (n, 8, 8, 3): means, rounded."""
    # Eight pixels are one number of 64 bits, which holds the sums of two, four and sixteen of them in parts of 16 bits.
    eights = planes.view("<u8").reshape(-1, _BLOCK, planes.shape[-1] // 8)
    twos = eights & _EVEN_BYTES
    twos += (eights >> np.uint64(8)) & _EVEN_BYTES
    total = twos[:, 0] + twos[:, 1]
    for line in range(2, _BLOCK):
        total += twos[:, line]
    total += total >> np.uint64(16)
    means = (total.view("<u2")[:, ::2] + np.uint16(_BLOCK**2 // 2)) // np.uint16(_BLOCK**2)
    return means.astype(np.uint8).reshape(3, -1, THUMBNAIL_SIDE, THUMBNAIL_SIDE).transpose(1, 2, 3, 0)


def _moments(values: NDArray[np.int16]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and variance of each image (n, height, width), from exact sums of whole numbers."""
    flat = values.reshape(len(values), -1).astype(np.float64)
    count = flat.shape[1]
    total, squares = np.vecdot(flat, np.ones(count)), np.vecdot(flat, flat)  # a third faster than `sum`
    return total / count, (count * squares - total * total) / count**2
