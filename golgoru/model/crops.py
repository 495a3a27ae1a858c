"""What the built-in model sees: each object, or whole image, as 32 x 32 pixels in colour."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from golgoru.geometry.boxes import BOX_COLUMNS
from golgoru.images.thumbnails import open_each_verified
from golgoru.model.features import SIDE

# Kept around a box, as a share of its sides: the surroundings of an object help to tell its class.
_MARGIN = 0.1

CropBox = tuple[float, float, float, float]
Crops = NDArray[np.uint8]


class ImageCrops(NamedTuple):
    """The crops to cut from one image; a box that is None stands for the whole image."""

    image: str
    content: str
    boxes: tuple[CropBox | None, ...]


def crop_keys(objects: pd.DataFrame) -> pd.Series:
    """Return the key of each crop: the image's content and the box. `objects`: content, x, y, width, height."""
    sides = [objects[side].map("{:.2f}".format, na_action="ignore").astype("str") for side in BOX_COLUMNS]
    box = sides[0] + " " + sides[1] + " " + sides[2] + " " + sides[3]
    return (objects["content"] + (" " + box).fillna("")).astype("str")


def crops_by_image(objects: pd.DataFrame) -> list[ImageCrops]:
    """Return the crops of `objects` (columns image, content, x, y, width, height), image by image, in their order.

    Rows of one image must stand together for the crops to come in the order of the rows.
    """
    boxes = objects[BOX_COLUMNS].to_numpy(np.float64)
    whole_image = np.isnan(boxes).any(axis=1)
    by_image: dict[tuple[str, str], list[CropBox | None]] = {}
    # A loop over rows: each becomes a Python object, to be sent to another process.
    for image, content, (x, y, w, h), whole in zip(
        objects["image"], objects["content"], boxes.tolist(), whole_image.tolist(), strict=True
    ):
        by_image.setdefault((image, content), []).append(None if whole else (x, y, w, h))
    return [ImageCrops(*key, tuple(boxes_)) for key, boxes_ in by_image.items()]


def image_crops(image: str, content: str, boxes: NDArray[np.float64]) -> ImageCrops:
    """Return the crops to cut from one image, by their boxes (k, 4); NaN stands for the whole image."""
    whole_image = np.isnan(boxes).any(axis=1)
    rows = zip(boxes.tolist(), np.asarray(whole_image).tolist(), strict=True)
    wanted = (None if whole else (x, y, w, h) for (x, y, w, h), whole in rows)
    return ImageCrops(image, content, tuple(wanted))


def cut_crops_of_images(wanted: Sequence[ImageCrops]) -> list[Crops]:
    """Open images and return the crops of each, n x 32 x 32 x 3. Raises UserError where one is not what was read."""
    shown = open_each_verified([(image.image, image.content) for image in wanted])
    return [_cut_crops(image.convert("RGB"), one.boxes) for image, one in zip(shown, wanted, strict=True)]


def _cut_crops(image: Image.Image, boxes: Sequence[CropBox | None]) -> Crops:
    # One below the other on one picture: handing a picture to NumPy costs as much as cutting it.
    sheet = Image.new("RGB", (SIDE, SIDE * len(boxes)))
    for place, box in enumerate(boxes):
        sheet.paste(_cut(image, box), (0, SIDE * place))
    return np.asarray(sheet).reshape(-1, SIDE, SIDE, 3)


def _cut(image: Image.Image, box: CropBox | None) -> Image.Image:
    size = (SIDE, SIDE)
    if box is None or (clipped := _clipped_box(box, *image.size)) is None:
        return image if image.size == size else image.resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    return image.resize(size, Image.Resampling.BILINEAR, box=clipped)


def _clipped_box(box: CropBox, width: int, height: int) -> CropBox | None:
    """Return left, top, right, bottom of a box with its margin, inside the image; None where nothing of it is."""
    x, y, box_width, box_height = box
    left, right = max(x - _MARGIN * box_width, 0.0), min(x + (1 + _MARGIN) * box_width, float(width))
    top, bottom = max(y - _MARGIN * box_height, 0.0), min(y + (1 + _MARGIN) * box_height, float(height))
    return (left, top, right, bottom) if right - left >= 1 and bottom - top >= 1 else None
