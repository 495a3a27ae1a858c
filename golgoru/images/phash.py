"""Perceptual hashes: bit for bit those of `imagehash.phash`, without the float noise of one processor."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

HASHED_SIDE = 32  # pixels on a side before the transform: hash_size 8 times highfreq_factor 4
_FREQUENCIES = 8  # frequencies kept on each axis
# Type-II cosine transform as a matrix: frequency k of a row x is 2 * sum(x[n] * cos(pi * k * (2n + 1) / 64)).
_COSINES = 2 * np.cos(np.pi * np.outer(np.arange(_FREQUENCIES), 2 * np.arange(HASHED_SIDE) + 1) / (2 * HASHED_SIDE))
# A mirrored picture has the same coefficients, those of odd horizontal frequency with the other sign.
_MIRROR_SIGNS = np.where(np.arange(_FREQUENCIES) % 2 == 1, -1.0, 1.0)


def perceptual_hashes(grey: NDArray[np.uint8]) -> list[tuple[str, str]]:
    """Return the perceptual hashes of grey pictures (n, 32, 32) and of their mirror images, 16 hexadecimal digits each.

    Source: `imagehash.phash` with its defaults. Coefficients are rounded to 4 decimals before they are compared:
    flat and symmetric pictures have many that are zero but for rounding errors.
    """
    low = np.round(_COSINES @ grey.astype(np.float64) @ _COSINES.T, 4)
    both = _hexadecimal(np.concatenate([low, low * _MIRROR_SIGNS]))
    return list(zip(both[: len(grey)], both[len(grey) :], strict=True))


def resize_for_hash(grey: Image.Image) -> NDArray[np.uint8]:
    """Return a grey picture as the 32 x 32 grey levels that `imagehash.phash` starts from."""
    return np.asarray(grey.resize((HASHED_SIDE, HASHED_SIDE), Image.Resampling.LANCZOS))


def to_integers(hashes: list[str]) -> NDArray[np.uint64]:
    """Return hashes of 16 hexadecimal digits as an array of 64-bit integers."""
    return np.frombuffer(bytes.fromhex("".join(hashes)), dtype=">u8").astype(np.uint64)


def _hexadecimal(coefficients: NDArray[np.float64]) -> list[str]:
    flat = coefficients.reshape(-1, _FREQUENCIES * _FREQUENCIES)
    middle = np.sort(flat, axis=1)[:, _FREQUENCIES * _FREQUENCIES // 2 - 1 : _FREQUENCIES * _FREQUENCIES // 2 + 1].mean(
        axis=1, keepdims=True
    )  # median
    bits = np.packbits(flat > middle, axis=1).tobytes().hex()
    return [bits[at : at + 16] for at in range(0, len(bits), 16)]
