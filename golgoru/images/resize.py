"""A picture at the fixed sizes at which pictures are compared: 32 x 32 in colour, and grey at 80 pixels.

Two decoders, one meaning: an ordinary JPEG is decoded at a reduced size by simplejpeg, all else in full by Pillow.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from golgoru.images import decode, jpeg, phash

SMALL = phash.SIZE
# Longer side of the grey picture: 640 pixels, the commonest size, reduced by 8. What a finer one would cost and see
# stands in docs/decisions/pictures.md.
GREY = 80
# Shorter side that a JPEG keeps when it is decoded at a reduced size. What is reduced to hardly more than the 32 pixels
# that are hashed differs from Pillow's by up to 10 bits; from 56 on by 6 (docs/decisions/pictures.md).
SHORTER = 56

Box = tuple[float, float, float, float]


class Sample(NamedTuple):
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


def sample(data: bytes, max_pixels: int) -> Sample:
    """Decode a file's bytes. Raises PictureError."""
    decoded = jpeg.decode(data, max_pixels, SHORTER, GREY)
    return _of_picture(data, max_pixels) if decoded is None else _of_jpeg(decoded)


def _of_picture(data: bytes, max_pixels: int) -> Sample:
    image, form, mode = decode.open_picture(data, max_pixels)
    return Sample(*image.size, form, mode, decode.DECODER, *_reduced(image))


def _reduced(image: Image.Image) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    grey = decode.grey(image)
    return np.asarray(_small(image)), phash.shrink(grey), np.asarray(_at_most(grey))


def _of_jpeg(decoded: jpeg.Decoded) -> Sample:
    pixels, width, height, mode, orientation, by = decoded
    if pixels.shape == (SMALL, SMALL, 3) and by == orientation == 1:
        return Sample(width, height, "JPEG", mode, jpeg.DECODER, pixels, None, None)
    if orientation in decode.SIDEWAYS:
        width, height = height, width
    image = Image.frombytes(mode, pixels.shape[1::-1], pixels)
    if by == 1:
        return Sample(width, height, "JPEG", mode, jpeg.DECODER, *_reduced(decode.upright(image, orientation)))
    # Sides are rounded up: what lies beyond the picture is left out.
    box = (0, 0, decoded.width / by, decoded.height / by)
    small, grey = (
        np.asarray(decode.upright(part, orientation))
        for part in (_small(image, box), _at_most(decode.grey(image), box))
    )
    # The filter of imagehash costs as much as the rest together, and on reduced pixels buys nothing: `small` is hashed.
    return Sample(width, height, "JPEG", mode, jpeg.DECODER, small, None, grey)


def _small(image: Image.Image, box: Box | None = None) -> Image.Image:
    colours = image if image.mode == "RGB" else image.convert("RGB")
    return colours.resize((SMALL, SMALL), Image.Resampling.BOX, box)


def _at_most(grey: Image.Image, box: Box | None = None) -> Image.Image:
    longer = max(grey.size)
    if longer <= GREY:
        return grey
    width, height = (max(1, side * GREY // longer) for side in grey.size)
    return grey.resize((width, height), Image.Resampling.BOX, box)
