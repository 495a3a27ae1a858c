"""PNG files whose bytes depend on their pixels alone."""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

_LONGEST_BLOCK = 65_535  # bytes in one stored block of RFC 1951


def grey_png(pixels: NDArray[np.uint8]) -> bytes:
    """Return grey `pixels` (height x width) as a PNG file with stored, uncompressed data.

    Compressed bytes, and with them content hashes, depend on the zlib inside Pillow's wheel; these bytes follow from
    the standards alone (https://www.w3.org/TR/png-3/, RFC 1950, RFC 1951). Raises ValueError where the lines, of
    width + 1 bytes each, are longer than one stored block.
    """
    height, width = pixels.shape
    lines = np.insert(pixels, 0, 0, axis=1).tobytes()  # each line begins with its filter type: 0, none
    if len(lines) > _LONGEST_BLOCK:
        raise ValueError(f"{width} x {height} pixels do not fit into {_LONGEST_BLOCK} bytes")
    block = struct.pack("<BHH", 1, len(lines), len(lines) ^ 0xFFFF) + lines
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = b"\x78\x01" + block + struct.pack(">I", zlib.adler32(lines))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
