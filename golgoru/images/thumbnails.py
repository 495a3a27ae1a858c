"""The thumbnails by which near-duplicates are confirmed: 32 x 32 grey levels, and a hash of all pixels."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np
import pandas as pd
import PIL
from numpy.typing import NDArray
from PIL import Image

from golgoru.core import cache, parallel, paths, storage
from golgoru.core.errors import UserError
from golgoru.images import decode

SIDE = 32  # pixels

Thumbnails = NDArray[np.uint8]  # (n, 32, 32)


class Thumbnail(NamedTuple):
    """One image: `pixels` = md5 of its size and RGB values as shown, `grey` = 32 x 32 grey levels, row by row."""

    pixels: str
    grey: bytes


def load_thumbnails(images: pd.DataFrame) -> pd.DataFrame:
    """Return columns pixels and grey, a row per row of `images` (image, content). Opens images that are not cached.

    Raises UserError where an image is no longer the one that fingerprint read.
    """
    modules: tuple[ModuleType | str, ...] = (decode, PIL.__version__, Path(__file__).read_text("utf-8"))
    cached = cache.Cache("thumbnails", cache.version_of(*modules))
    known = cached.load(Thumbnail._fields)
    unknown = images[~images["content"].isin(known.index)].drop_duplicates("content")
    fresh = parallel.map_ordered(
        make_thumbnail, list(zip(unknown["image"], unknown["content"], strict=True)), "comparing"
    )
    if fresh:
        rows = pd.DataFrame(fresh, columns=list(Thumbnail._fields), index=pd.Index(unknown["content"], name="content"))
        known = pd.concat([known, rows]) if len(known) else rows
        cached.save(known)
    return known.loc[images["content"]].reset_index(drop=True)


def make_thumbnail(key: tuple[str, str]) -> Thumbnail:
    """Open an image, given as (image, content), and return its thumbnail."""
    shown = open_verified(*key)
    pixels = hashlib.md5(repr(shown.size).encode(), usedforsecurity=False)
    pixels.update(shown.convert("RGB").tobytes())
    # A box filter takes means; of an image below 32 pixels it would only repeat pixels.
    method = Image.Resampling.BOX if min(shown.size) >= SIDE else Image.Resampling.BILINEAR
    grey = decode.to_grey(shown).resize((SIDE, SIDE), method)
    return Thumbnail(pixels.hexdigest(), grey.tobytes())


def open_verified(image: str, content: str) -> Image.Image:
    """Return an image as it is shown. Raises UserError where the file is no longer the one that fingerprint read."""
    return next(open_each_verified([(image, content)]))


def open_each_verified(keys: Sequence[tuple[str, str]]) -> Iterator[Image.Image]:
    """Yield images, given as (image, content), as they are shown; see `open_verified`."""
    place = storage.current()
    files = [paths.IMAGES / image for image, _ in keys]
    for file, (_, content), data in zip(files, keys, place.read_each(files), strict=True):
        shown = None if isinstance(data, OSError) else _decode_verified(data, content)
        if shown is None:
            # By its path in the repository: a worker reads the same file below the root that it was told.
            named = place.place(file) if isinstance(place, storage.Bucket) else file
            raise UserError(
                f"{named}: not the image that fingerprint read (md5 {content}); run `dvc pull`, or "
                "`dvc repro -f fingerprint` where files changed on purpose"
            )
        yield shown


def _decode_verified(data: bytes, content: str) -> Image.Image | None:
    if hashlib.md5(data, usedforsecurity=False).hexdigest() != content:
        return None
    try:
        return decode.decode_image(data).image
    except decode.ImageError:
        return None


def stack_thumbnails(grey: Sequence[bytes]) -> Thumbnails:
    """Return thumbnails as an array (n, 32, 32)."""
    return np.frombuffer(b"".join(grey), dtype=np.uint8).reshape(-1, SIDE, SIDE)
