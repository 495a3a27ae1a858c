"""What a picture looks like in numbers: size, perceptual hashes, brightness, contrast, sharpness."""

import hashlib
import math
from collections.abc import Container
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from stages.lib import hashes, pictures

_SHARPNESS_SIDE = 256


class Looks(NamedTuple):
    """All that depends on a file's bytes alone; the columns of table `images` of the same names."""

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
    error: str | None = None


class Examined(NamedTuple):
    """One file: md5 and size of its bytes; `looks` is None where they are known, or the file could not be read."""

    content: str | None
    bytes: int | None
    looks: Looks | None
    error: str | None


def examine(path: Path, known: Container[str], max_pixels: int) -> Examined:
    """Read the file once: hash its bytes always, decode them unless their hash is among `known`."""
    try:
        data = path.read_bytes()
    except OSError as error:
        return Examined(None, None, None, f"the file cannot be read: {error.strerror}")
    content = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return Examined(content, len(data), None if content in known else looks(data, max_pixels), None)


def looks(data: bytes, max_pixels: int) -> Looks:
    """Return what a file's bytes look like; `error` says why, where they are no usable picture."""
    try:
        image, form, mode = pictures.open_picture(data, max_pixels)
    except pictures.PictureError as error:
        return Looks(error=str(error))
    grey = pictures.grey(image)
    phash, phash_mirrored = hashes.phash(grey)
    brightness, contrast = brightness_and_contrast(grey)
    return Looks(
        *image.size, form, mode, phash, phash_mirrored, pictures.DECODER, brightness, contrast, sharpness(grey)
    )


def brightness_and_contrast(grey: Image.Image) -> tuple[float, float]:
    """Return mean and standard deviation of the grey levels, 0 to 255; sums are exact integers."""
    counts = grey.histogram()
    pixels = sum(counts)
    total = sum(level * count for level, count in enumerate(counts))
    squares = sum(level * level * count for level, count in enumerate(counts))
    return round(total / pixels, 4), round(math.sqrt(pixels * squares - total * total) / pixels, 4)


def sharpness(grey: Image.Image) -> float:
    """Return the variance of the Laplacian at a longer side of at most 256 pixels.

    A common size makes pictures comparable: the Laplacian sees neighbouring pixels alone. Source: Pech-Pacheco et
    al., ICPR 2000. Sums are exact integers.
    """
    longer = max(grey.size)
    if longer > _SHARPNESS_SIDE:
        width, height = (max(1, side * _SHARPNESS_SIDE // longer) for side in grey.size)
        grey = grey.resize((width, height), Image.Resampling.BOX)
    level = np.pad(np.asarray(grey, dtype=np.int16), 1, mode="edge")  # four times 255 fits
    laplacian = level[:-2, 1:-1] + level[2:, 1:-1] + level[1:-1, :-2] + level[1:-1, 2:] - 4 * level[1:-1, 1:-1]
    total = int(laplacian.sum(dtype=np.int64))
    squares = int(np.square(laplacian, dtype=np.int32).sum(dtype=np.int64))
    return round((laplacian.size * squares - total * total) / laplacian.size**2, 4)
