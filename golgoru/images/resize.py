"""A picture at the fixed sizes at which pictures are compared: 32 x 32 in colour, and grey at 80 pixels.

Two decoders, one meaning: an ordinary JPEG is decoded at a reduced size by simplejpeg, all else in full by Pillow.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from golgoru.images import decode, jpeg, phash

COLOUR_SIDE = phash.HASHED_SIDE
# Longer side of the grey picture: 640 pixels, the commonest size, reduced by 8. What a finer one would cost and see
# stands in docs/decisions/pictures.md.
GREY_LONGER_SIDE = 80
# Shorter side that a JPEG keeps when it is decoded at a reduced size. What is reduced to hardly more than the 32 pixels
# that are hashed differs from Pillow's by up to 10 bits; from 56 on by 6 (docs/decisions/pictures.md).
MIN_SHORTER_SIDE = 56

CropBox = tuple[float, float, float, float]


class ResizedImage(NamedTuple):
    """`width` and `height` as shown; `format` and `mode` are the file's.

    `small` (32, 32, 3) is the whole picture in colour; `hashed` (32, 32) what is hashed, and `grey` the grey picture
    with a longer side of at most 80 pixels: each None where it is the grey of `small`.
    """

    width: int
    height: int
    format: str
    mode: str
    decoder: str
    small: NDArray[np.uint8]
    hashed: NDArray[np.uint8] | None
    grey: NDArray[np.uint8] | None


def decode_and_resize(data: bytes, max_pixels: int) -> ResizedImage:
    """Decode a file's bytes. Raises PictureError."""
    decoded = jpeg.decode_reduced(data, max_pixels, MIN_SHORTER_SIDE, GREY_LONGER_SIDE)
    return _resize_decoded(data, max_pixels) if decoded is None else _resize_jpeg(decoded)


def _resize_decoded(data: bytes, max_pixels: int) -> ResizedImage:
    image, form, mode = decode.decode_image(data, max_pixels)
    return ResizedImage(*image.size, form, mode, decode.DECODER, *_all_sizes(image))


def _all_sizes(image: Image.Image) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    grey = decode.to_grey(image)
    return np.asarray(_to_colour_square(image)), phash.resize_for_hash(grey), np.asarray(_to_grey_size(grey))


def _resize_jpeg(decoded: jpeg.ReducedJpeg) -> ResizedImage:
    pixels, width, height, mode, orientation, by = decoded
    if pixels.shape == (COLOUR_SIDE, COLOUR_SIDE, 3) and by == orientation == 1:
        return ResizedImage(width, height, "JPEG", mode, jpeg.DECODER, pixels, None, None)
    if orientation in decode.ORIENTATIONS_SWAPPING_SIDES:
        width, height = height, width
    image = Image.frombytes(mode, pixels.shape[1::-1], pixels)
    if by == 1:
        return ResizedImage(
            width, height, "JPEG", mode, jpeg.DECODER, *_all_sizes(decode.apply_orientation(image, orientation))
        )
    # Sides are rounded up: what lies beyond the picture is left out.
    box = (0, 0, decoded.width / by, decoded.height / by)
    small, grey = (
        np.asarray(decode.apply_orientation(part, orientation))
        for part in (_to_colour_square(image, box), _to_grey_size(decode.to_grey(image), box))
    )
    # The filter of imagehash costs as much as the rest together, and on reduced pixels buys nothing: `small` is hashed.
    return ResizedImage(width, height, "JPEG", mode, jpeg.DECODER, small, None, grey)


def _to_colour_square(image: Image.Image, box: CropBox | None = None) -> Image.Image:
    colours = image if image.mode == "RGB" else image.convert("RGB")
    return colours.resize((COLOUR_SIDE, COLOUR_SIDE), Image.Resampling.BOX, box)


def _to_grey_size(grey: Image.Image, box: CropBox | None = None) -> Image.Image:
    longer = max(grey.size)
    if longer <= GREY_LONGER_SIDE:
        return grey
    width, height = (max(1, side * GREY_LONGER_SIDE // longer) for side in grey.size)
    return grey.resize((width, height), Image.Resampling.BOX, box)
