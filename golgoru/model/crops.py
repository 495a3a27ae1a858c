"""What the built-in model sees: each object, or whole picture, as 32 x 32 pixels in colour."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from golgoru.images.thumbnails import open_verified
from golgoru.model.features import SIDE

# Around a box, as a share of its sides: what a thing stands on says what it is.
_MARGIN = 0.1
_BOX = ["x", "y", "width", "height"]

CropBox = tuple[float, float, float, float]
Crops = NDArray[np.uint8]


class ImageCrops(NamedTuple):
    """The crops of one picture; None is the whole of it."""

    image: str
    content: str
    boxes: tuple[CropBox | None, ...]


def crop_keys(items: pd.DataFrame) -> pd.Series:
    """Return what names each crop: the picture's content, and the box on it. `items`: content, x, y, width, height."""
    box = [items[side].map("{:.2f}".format, na_action="ignore").astype("str") for side in _BOX]
    joined = box[0] + " " + box[1] + " " + box[2] + " " + box[3]
    return (items["content"] + (" " + joined).fillna("")).astype("str")


def crops_by_image(items: pd.DataFrame) -> list[ImageCrops]:
    """Return the crops of `items` (columns image, content, x, y, width, height), picture by picture, in their order.

    Rows of one picture must lie together for the crops to come in the order of the rows.
    """
    boxes = items[_BOX].to_numpy(np.float64)
    whole = np.isnan(boxes).any(axis=1)
    found: dict[tuple[str, str], list[CropBox | None]] = {}
    # A loop over rows: each becomes an object of its own, to travel to another process.
    for image, content, (x, y, w, h), no_box in zip(
        items["image"], items["content"], boxes.tolist(), whole.tolist(), strict=True
    ):
        found.setdefault((image, content), []).append(None if no_box else (x, y, w, h))
    return [ImageCrops(*picture, tuple(rows)) for picture, rows in found.items()]


def cut_crops(one: ImageCrops) -> Crops:
    """Open a picture and return its crops, n x 32 x 32 x 3. Raises UserError where it is not what fingerprint saw."""
    shown = open_verified(one.image, one.content).convert("RGB")
    return np.stack([np.asarray(_cut(shown, box)) for box in one.boxes])


def cut_crops_of_images(pictures: Sequence[ImageCrops]) -> list[Crops]:
    """Return the crops of each picture."""
    return [cut_crops(one) for one in pictures]


def _cut(shown: Image.Image, box: CropBox | None) -> Image.Image:
    size = (SIDE, SIDE)
    if box is None or (found := _clipped_box(box, *shown.size)) is None:
        return shown if shown.size == size else shown.resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    return shown.resize(size, Image.Resampling.BILINEAR, box=found)


def _clipped_box(box: CropBox, width: int, height: int) -> CropBox | None:
    """Return left, top, right, bottom of a box and what is around it, inside the picture; None where nothing is."""
    x, y, across, down = box
    left, right = max(x - _MARGIN * across, 0.0), min(x + (1 + _MARGIN) * across, float(width))
    top, bottom = max(y - _MARGIN * down, 0.0), min(y + (1 + _MARGIN) * down, float(height))
    return (left, top, right, bottom) if right - left >= 1 and bottom - top >= 1 else None
