"""What two pictures are compared by once their hashes are near: equal pixels, and small grey thumbnails."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np
import pandas as pd
import PIL
from numpy.typing import NDArray
from PIL import Image

from golgoru.core import cache, parallel, paths
from golgoru.core.errors import UserError
from golgoru.images import decode

SIDE = 32
_AT_ONCE = 1 << 14  # pairs in memory: 2 x 4 kB each

Thumbnails = NDArray[np.uint8]
Indices = NDArray[np.int64]


class Thumbnail(NamedTuple):
    """One picture: `pixels` = md5 of its size and RGB values as shown, `grey` = 32 x 32 grey levels, row by row."""

    pixels: str
    grey: bytes


def load_thumbnails(images: pd.DataFrame) -> pd.DataFrame:
    """Return one row per row of `images` (columns image, content): pixels and grey. Opens what is not remembered.

    Raises UserError where a picture is no longer the one that fingerprint saw.
    """
    modules: tuple[ModuleType | str, ...] = (decode, PIL.__version__, Path(__file__).read_text("utf-8"))
    memory = cache.Memory("thumbnails", cache.version_of(*modules))
    known = memory.recall(Thumbnail._fields)
    unknown = images[~images["content"].isin(known.index)].drop_duplicates("content")
    fresh = parallel.map_ordered(
        make_thumbnail, list(zip(unknown["image"], unknown["content"], strict=True)), "comparing"
    )
    if fresh:
        rows = pd.DataFrame(fresh, columns=list(Thumbnail._fields), index=pd.Index(unknown["content"], name="content"))
        known = pd.concat([known, rows]) if len(known) else rows
        memory.keep(known)
    return known.loc[images["content"]].reset_index(drop=True)


def make_thumbnail(picture: tuple[str, str]) -> Thumbnail:
    """Open a picture, given as (image, content), and return what it is compared by."""
    shown = open_verified(*picture)
    pixels = hashlib.md5(repr(shown.size).encode(), usedforsecurity=False)
    pixels.update(shown.convert("RGB").tobytes())
    # Means of what falls into a pixel; a box filter would repeat the pixels of a smaller picture.
    method = Image.Resampling.BOX if min(shown.size) >= SIDE else Image.Resampling.BILINEAR
    small = decode.to_grey(shown).resize((SIDE, SIDE), method)
    return Thumbnail(pixels.hexdigest(), small.tobytes())


def open_verified(image: str, content: str) -> Image.Image:
    """Return a picture as it is shown. Raises UserError where the file is no longer the one that fingerprint saw."""
    try:
        data = (paths.IMAGES / image).read_bytes()
        shown = None
        if hashlib.md5(data, usedforsecurity=False).hexdigest() == content:
            shown = decode.decode_image(data).image
    except (OSError, decode.ImageError):
        shown = None
    if shown is None:
        raise UserError(
            f"{paths.IMAGES / image}: not the picture that fingerprint saw (md5 {content}); run `dvc pull`, or "
            "`dvc repro -f fingerprint` where files changed on purpose"
        )
    return shown


def stack_thumbnails(grey: Sequence[bytes]) -> Thumbnails:
    """Return thumbnails as an array (n, 32, 32)."""
    return np.frombuffer(b"".join(grey), dtype=np.uint8).reshape(-1, SIDE, SIDE)


def correlation(left: Thumbnails, right: Thumbnails, pairs: tuple[Indices, Indices]) -> NDArray[np.float64]:
    """Return the correlation of the grey levels of left[i] and right[j] for each pair (i, j), 4 decimals.

    0 where one is a single grey. Sums are exact integers, so that the score is the same on every machine.
    """
    scores = [
        _correlation_of_rows(
            left[i].reshape(len(i), -1).astype(np.int32), right[j].reshape(len(j), -1).astype(np.int32)
        )
        for i, j in (
            (pairs[0][at : at + _AT_ONCE], pairs[1][at : at + _AT_ONCE]) for at in range(0, len(pairs[0]), _AT_ONCE)
        )
    ]
    return np.concatenate(scores) if scores else np.empty(0)


def _correlation_of_rows(a: NDArray[np.int32], b: NDArray[np.int32]) -> NDArray[np.float64]:
    # 1,024 products of at most 255 x 255 fit 32 bits.
    together = _covariance(a, b)
    apart = np.sqrt(_covariance(a, a).astype(np.float64)) * np.sqrt(_covariance(b, b).astype(np.float64))
    scores: NDArray[np.float64] = np.divide(together, apart, out=np.zeros(len(a)), where=apart > 0)
    return scores.round(4)


def _covariance(a: NDArray[np.int32], b: NDArray[np.int32]) -> NDArray[np.int64]:
    """Covariance times n squared, exact."""
    products = np.einsum("ij,ij->i", a, b).astype(np.int64)
    sums = a.sum(axis=1, dtype=np.int64) * b.sum(axis=1, dtype=np.int64)
    covariance: NDArray[np.int64] = a.shape[1] * products - sums
    return covariance
