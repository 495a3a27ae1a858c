"""Perceptual hashes by the algorithm `phash` of the library imagehash, with its defaults.

The library itself is the oracle of the tests: `tests/template/images/test_phash.py` holds these hashes to be, bit for
bit, those of `imagehash.phash`. It is not called here, because it takes one image at a time and several times as long
as the whole fingerprint (docs/decisions/images.md), and because it compares coefficients without rounding them, so
that the hashes of flat and symmetric images depend on the processor.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

HASHED_SIDE = 32  # pixels on a side before the transform: hash_size 8 times highfreq_factor 4
_FREQUENCIES = 8  # kept on each axis
# Type-II cosine transform as a matrix: frequency k of a row x is 2 * sum(x[n] * cos(pi * k * (2n + 1) / 64)).
_COSINES = 2 * np.cos(np.pi * np.outer(np.arange(_FREQUENCIES), 2 * np.arange(HASHED_SIDE) + 1) / (2 * HASHED_SIDE))
# A mirrored image has the same coefficients, with the opposite sign at odd horizontal frequencies.
_MIRROR_SIGNS = np.where(np.arange(_FREQUENCIES) % 2 == 1, -1.0, 1.0)


def perceptual_hashes(grey: NDArray[np.uint8]) -> list[tuple[str, str]]:
    """Return the perceptual hashes of grey images (n, 32, 32) and of their mirror images, 16 hexadecimal digits each.

    Source: `imagehash.phash` with its defaults. Coefficients are rounded to 4 decimals before they are compared:
    flat and symmetric images have many that are zero but for rounding errors.
    """
    coefficients = np.round(_COSINES @ grey.astype(np.float64) @ _COSINES.T, 4)
    both = _hexadecimal(np.concatenate([coefficients, coefficients * _MIRROR_SIGNS]))
    return list(zip(both[: len(grey)], both[len(grey) :], strict=True))


def resize_for_hash(grey: Image.Image) -> NDArray[np.uint8]:
    """Return a grey image as the 32 x 32 grey levels from which `imagehash.phash` starts."""
    return np.asarray(grey.resize((HASHED_SIDE, HASHED_SIDE), Image.Resampling.LANCZOS))


def to_integers(hashes: list[str]) -> NDArray[np.uint64]:
    """Return hashes of 16 hexadecimal digits as an array of 64-bit integers."""
    return np.frombuffer(bytes.fromhex("".join(hashes)), dtype=">u8").astype(np.uint64)


def _hexadecimal(coefficients: NDArray[np.float64]) -> list[str]:
    flat = coefficients.reshape(-1, _FREQUENCIES * _FREQUENCIES)
    half = flat.shape[1] // 2
    median = np.sort(flat, axis=1)[:, half - 1 : half + 1].mean(axis=1, keepdims=True)
    bits = np.packbits(flat > median, axis=1).tobytes().hex()
    return [bits[at : at + 16] for at in range(0, len(bits), 16)]
