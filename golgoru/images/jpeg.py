"""JPEG at a reduced size: what every reduced scale needs is decoded, and what is out of the ordinary is left to Pillow.

A JPEG stores frequencies of 8 x 8 pixels, so that a half, a quarter or an eighth of the size needs few of them.
"""

from typing import NamedTuple

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from golgoru.images import decode as images_decode

DECODER = "simplejpeg"
_REDUCTIONS = (8, 4, 2)  # other ones have no fast code in the decoder
_FRAME_MARKERS = (0xC0, 0xC1, 0xC2)  # baseline, extended, progressive; lossless and arithmetic coding are Pillow's
_SCAN_MARKER = 0xDA
_SKIPPED_MARKERS = (
    0xC4,
    0xDB,
    0xDD,
    0xFE,
    *range(0xE0, 0xF0),
)  # Huffman, quantisation, restarts, comment, applications'
_MODES = {1: "L", 3: "RGB"}  # by components
_SEGMENT_BYTES_READ = 10  # bytes of a segment that are looked at; a scan is never shorter with what follows it
_METADATA_SEGMENT = 0xE1, (b"Exif", b"http")  # EXIF and XMP, which may turn the picture
_MULTI_PICTURE_SEGMENT = 0xE2, (b"MPF\0",)  # several pictures in one file


class JpegHeader(NamedTuple):
    """Size as stored, components, and whether there is a block that may turn the picture."""

    width: int
    height: int
    components: int
    view: bool


class ReducedJpeg(NamedTuple):
    """`pixels` (height / by, width / by, 1 or 3), rounded up; `width` and `height` are the file's, not yet turned."""

    pixels: NDArray[np.uint8]
    width: int
    height: int
    mode: str
    orientation: int
    by: int


def decode_reduced(data: bytes, max_pixels: int, shorter: int, longer: int) -> ReducedJpeg | None:
    """Decode an ordinary JPEG at 1, 1/2, 1/4 or 1/8 of its size, the smallest with sides not below those given.

    None where the file is no JPEG, has more than `max_pixels`, or is one that Pillow is to judge: damaged in any
    way, CMYK, several pictures. Exact DCT and smooth upsampling: the same pixels on every processor.
    """
    header = read_header(data)
    if header is None or header.components not in _MODES or not 0 < header.width * header.height <= max_pixels:
        return None
    width, height, components, view = header
    by = reduction_factor(width, height, shorter, longer)
    mode = _MODES[components]
    try:
        # Asked of Pillow only where there is something to ask: it costs more than decoding a small picture.
        orientation = images_decode.exif_orientation(data, max_pixels) if view else 1
        pixels = simplejpeg.decode_jpeg(
            data, "GRAY" if mode == "L" else "RGB", min_height=-(-height // by), min_width=-(-width // by)
        )
    except (ValueError, images_decode.ImageError):  # a warning of the decoder is a ValueError too
        return None
    except MemoryError:
        raise images_decode.out_of_memory() from None
    return ReducedJpeg(pixels, width, height, mode, orientation, by)


def read_header(data: bytes) -> JpegHeader | None:
    """Walk the segments up to the first scan. None where one is not ordinary, or the file ends before its end mark."""
    if not data.startswith(b"\xff\xd8\xff") or not data.endswith(b"\xff\xd9"):
        return None
    at, frame, view = 2, None, False
    while at < len(data) - _SEGMENT_BYTES_READ and data[at] == 0xFF:
        marker, length = data[at + 1], data[at + 2] << 8 | data[at + 3]
        if marker == _SCAN_MARKER:
            return JpegHeader(*frame, view) if frame is not None else None
        if marker in _FRAME_MARKERS and data[at + 4] == 8 and frame is None:
            body = data[at + 5 : at + 10]
            frame = (body[2] << 8 | body[3], body[0] << 8 | body[1], body[4])
        elif marker not in _SKIPPED_MARKERS or (
            marker == _MULTI_PICTURE_SEGMENT[0] and data.startswith(_MULTI_PICTURE_SEGMENT[1], at + 4)
        ):
            return None
        elif marker == _METADATA_SEGMENT[0] and data.startswith(_METADATA_SEGMENT[1], at + 4):
            view = True
        at += 2 + length
    return None


def reduction_factor(width: int, height: int, shorter: int, longer: int) -> int:
    """Return by how much a picture can be reduced so that its sides are not below `shorter` and `longer`."""
    for by in _REDUCTIONS:
        if min(width, height) >= shorter * by and max(width, height) >= longer * by:
            return by
    return 1
