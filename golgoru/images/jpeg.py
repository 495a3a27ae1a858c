"""Decode ordinary JPEG files at a reduced size; unusual ones are left to Pillow.

A JPEG stores frequencies of 8 x 8 pixels: at a half, a quarter or an eighth of the size few of them are needed.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from golgoru.images import decode

DECODER = "simplejpeg"
_REDUCTIONS = (8, 4, 2)  # the decoder is slow at other factors
_FRAME_MARKERS = (
    0xC0,
    0xC1,
    0xC2,
)  # baseline, extended, progressive; lossless and arithmetic coding are left to Pillow
_SCAN_MARKER = 0xDA
# Huffman tables, quantisation tables, restart interval, comment, application data.
_SKIPPED_MARKERS = (0xC4, 0xDB, 0xDD, 0xFE, *range(0xE0, 0xF0))
_MODES = {1: "L", 3: "RGB"}  # by number of components
_SEGMENT_BYTES_READ = 10  # the scan and what follows it are never shorter
_METADATA_SEGMENT = 0xE1, (b"Exif", b"http")  # EXIF and XMP, which may hold an orientation
_MULTI_PICTURE_SEGMENT = 0xE2, (b"MPF\0",)  # several images in one file


class JpegHeader(NamedTuple):
    """Stored size, number of components, and whether a segment may hold an EXIF orientation."""

    width: int
    height: int
    components: int
    has_metadata: bool


# The bytes before the first scan of the last file read, and its header.
_last_read: list[tuple[bytes, JpegHeader | None]] = [(b"no JPEG", None)]


class ReducedJpeg(NamedTuple):
    """`pixels` (height / factor, width / factor, 1 or 3), rounded up; `width` and `height` as stored in the file."""

    pixels: NDArray[np.uint8]
    width: int
    height: int
    mode: str
    orientation: int
    factor: int


def decode_reduced(data: bytes, max_pixels: int, shorter: int, longer: int) -> ReducedJpeg | None:
    """Decode an ordinary JPEG at 1, 1/2, 1/4 or 1/8 of its size, the smallest with sides not below those given.

    None where the file is no JPEG, has more than `max_pixels`, or is left to Pillow: damaged in any way, CMYK,
    several images. Exact DCT and smooth upsampling: the same pixels on every processor.
    """
    header = read_header(data)
    if header is None:
        return None
    width, height, components, has_metadata = header
    if components not in _MODES or not 0 < width * height <= max_pixels:
        return None
    factor = reduction_factor(width, height, shorter, longer)
    mode = _MODES[components]
    try:
        # Only where there can be an orientation: asking Pillow costs more than decoding a small image.
        orientation = decode.exif_orientation(data, max_pixels) if has_metadata else 1
        pixels = simplejpeg.decode_jpeg(
            data, "GRAY" if mode == "L" else "RGB", min_height=-(-height // factor), min_width=-(-width // factor)
        )
    except (ValueError, decode.ImageError):  # the decoder raises ValueError for warnings, too
        return None
    except MemoryError:
        raise decode.out_of_memory() from None
    return ReducedJpeg(pixels, width, height, mode, orientation, factor)


def read_header(data: bytes) -> JpegHeader | None:
    """Read the segments before the first scan. None where one is unusual, or the file has no end marker."""
    if not data.endswith(b"\xff\xd9"):
        return None
    # Most images of one camera or program begin alike: to compare the bytes takes a tenth of the time of reading them.
    beginning, header = _last_read[0]
    if len(data) > len(beginning) + _SEGMENT_BYTES_READ and data.startswith(beginning):
        return header
    header, length = _read_segments(data)
    if header is not None:
        _last_read[0] = data[:length], header
    return header


def _read_segments(data: bytes) -> tuple[JpegHeader | None, int]:
    """Return what the segments before the first scan say, and up to where that depends on the bytes."""
    at, frame, has_metadata = 2, None, False
    if not data.startswith(b"\xff\xd8\xff"):
        return None, 0
    while at < len(data) - _SEGMENT_BYTES_READ and data[at] == 0xFF:
        marker, length = data[at + 1], data[at + 2] << 8 | data[at + 3]
        if marker == _SCAN_MARKER:
            return JpegHeader(*frame, has_metadata) if frame is not None else None, at + 2
        if marker in _FRAME_MARKERS and data[at + 4] == 8 and frame is None:
            body = data[at + 5 : at + 10]
            frame = (body[2] << 8 | body[3], body[0] << 8 | body[1], body[4])
        elif marker not in _SKIPPED_MARKERS or (
            marker == _MULTI_PICTURE_SEGMENT[0] and data.startswith(_MULTI_PICTURE_SEGMENT[1], at + 4)
        ):
            return None, 0
        elif marker == _METADATA_SEGMENT[0] and data.startswith(_METADATA_SEGMENT[1], at + 4):
            has_metadata = True
        at += 2 + length
    return None, 0


@lru_cache(1 << 10)
def reduction_factor(width: int, height: int, shorter: int, longer: int) -> int:
    """Return the factor by which an image can be reduced with sides of at least `shorter` and `longer` pixels."""
    for factor in _REDUCTIONS:
        if min(width, height) >= shorter * factor and max(width, height) >= longer * factor:
            return factor
    return 1
