"""Decode an image and resize it to the sizes that statistics and hashes start from: 32 x 32, and grey at 80 pixels.

Two decoders, equal results: an ordinary JPEG is decoded at a reduced size by simplejpeg, all else in full by Pillow.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from golgoru.images import decode, jpeg, phash

COLOUR_SIDE = phash.HASHED_SIDE
_COLOUR_SHAPE = (COLOUR_SIDE, COLOUR_SIDE, 3)
# Longer side of the grey image: 640 pixels, the commonest size, reduced by 8. docs/decisions/images.md says what a
# larger one would cost and find.
GREY_LONGER_SIDE = 80
# Shorter side that a JPEG keeps when it is decoded at a reduced size. Reduced to hardly more than the 32 pixels of a
# hash, its hash differs from Pillow's by up to 10 bits; from 56 pixels on by 6 (docs/decisions/images.md).
MIN_SHORTER_SIDE = 56

CropBox = tuple[float, float, float, float]


class ResizedImage(NamedTuple):
    """`width` and `height` as shown; `format` and `mode` are the file's.

    `colour` (32, 32, 3) is the whole image in colour. `hashed` (32, 32) is hashed, and `pixels`, with a longer side of
    at most 80, are in grey or still in colour (height, width, 3); each is None where it is `colour` in grey.
    """

    width: int
    height: int
    format: str
    mode: str
    decoder: str
    colour: NDArray[np.uint8]
    hashed: NDArray[np.uint8] | None
    pixels: NDArray[np.uint8] | None


def decode_and_resize(data: bytes, max_pixels: int) -> ResizedImage:
    """Decode a file's bytes. Raises ImageError."""
    decoded = jpeg.decode_reduced(data, max_pixels, MIN_SHORTER_SIDE, GREY_LONGER_SIDE)
    return _resize_decoded(data, max_pixels) if decoded is None else _resize_jpeg(decoded)


def _resize_decoded(data: bytes, max_pixels: int) -> ResizedImage:
    image, file_format, mode = decode.decode_image(data, max_pixels)
    return ResizedImage(*image.size, file_format, mode, decode.DECODER, *_all_sizes(image))


def _all_sizes(image: Image.Image) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    grey = decode.to_grey(image)
    return to_array(_to_colour_square(image)), phash.resize_for_hash(grey), to_array(_to_grey_size(grey))


def to_array(image: Image.Image) -> NDArray[np.uint8]:
    """Return an image in grey or RGB as an array, read-only: in three quarters of the time of `numpy.asarray`."""
    shape = (image.height, image.width) if image.mode == "L" else (image.height, image.width, 3)
    return np.frombuffer(image.tobytes(), np.uint8).reshape(shape)


def _resize_jpeg(decoded: jpeg.ReducedJpeg) -> ResizedImage:
    pixels, width, height, mode, orientation, factor = decoded
    if pixels.shape == _COLOUR_SHAPE and factor == orientation == 1:
        return ResizedImage(width, height, "JPEG", mode, jpeg.DECODER, pixels, None, None)
    if orientation in decode.ORIENTATIONS_SWAPPING_SIDES:
        width, height = height, width
    image = Image.frombytes(mode, pixels.shape[1::-1], pixels)
    if factor == 1:
        return ResizedImage(
            width, height, "JPEG", mode, jpeg.DECODER, *_all_sizes(decode.apply_orientation(image, orientation))
        )
    # Sides are rounded up: pixels beyond the image are left out.
    box = (0, 0, decoded.width / factor, decoded.height / factor)
    colour = to_array(decode.apply_orientation(_to_colour_square(image, box), orientation))
    if max(image.size) > GREY_LONGER_SIDE or orientation != 1:
        pixels = to_array(decode.apply_orientation(_to_grey_size(decode.to_grey(image), box), orientation))
    elif mode == "L":
        pixels = pixels[:, :, 0]
    # The Lanczos filter of imagehash costs as much as all the rest, and finds no more on reduced pixels: `colour` is
    # hashed.
    return ResizedImage(width, height, "JPEG", mode, jpeg.DECODER, colour, None, pixels)


def _to_colour_square(image: Image.Image, box: CropBox | None = None) -> Image.Image:
    rgb = image if image.mode == "RGB" else image.convert("RGB")
    return rgb.resize((COLOUR_SIDE, COLOUR_SIDE), Image.Resampling.BOX, box)


def _to_grey_size(grey: Image.Image, box: CropBox | None = None) -> Image.Image:
    longer = max(grey.size)
    if longer <= GREY_LONGER_SIDE:
        return grey
    width, height = (max(1, side * GREY_LONGER_SIDE // longer) for side in grey.size)
    return grey.resize((width, height), Image.Resampling.BOX, box)
