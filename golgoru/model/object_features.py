"""Features of objects and pictures for the built-in model, remembered per content and crop.

The common patches are learned on the pictures that came first, so that growth of the data changes them no more.
"""

import hashlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from golgoru.core import cache, parallel
from golgoru.core.arrays import Floats32 as Floats
from golgoru.images import decode
from golgoru.model import crops, features
from golgoru.model.features import Patches

PATCH_COUNT = 200
_PATCH_CROPS = 2_000  # crops on which the common patches are learned
_IMAGES_PER_BATCH = 64  # pictures
_STORED_TYPE = np.float16  # three digits are enough, and what is left of a processor's last bits is rounded away


def with_image_data(objects: pd.DataFrame, images: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """Return `objects` (image, x, y, width, height, ...) with what else is needed: content, date, across, down."""
    pictures_ = images.loc[images["error"].isna(), ["image", "content", "width", "height"]]
    pictures_ = pictures_.rename(columns={"width": "across", "height": "down"})
    return objects.merge(pictures_, on="image").merge(sources[["image", "date"]], on="image")


def box_shapes(items: pd.DataFrame) -> NDArray[np.float64]:
    """Return how large a box is in the picture, and how wide for its height; zeros for a whole picture."""
    across, down = (items[side].to_numpy(np.float64) for side in ("across", "down"))
    width, height = (items[side].to_numpy(np.float64).clip(min=1) for side in ("width", "height"))
    found: NDArray[np.float64] = np.stack(
        [np.log(width * height / (across * down)) / 2, np.log(width / height)], axis=1
    )
    found[np.isnan(found)] = 0
    return found


def feature_matrix(items: pd.DataFrame, seed: int) -> Floats:
    """Return one row of features per row of `items` (the function of that name).

    A box that is null means the whole picture. Raises UserError where a picture is not the one that fingerprint saw.
    """
    if items.empty:
        return np.empty((0, 0), np.float32)
    items = items.assign(crop=crops.crop_keys(items))
    patches = _common_patches(items, seed)
    digest = hashlib.md5(b"".join(part.tobytes() for part in patches), usedforsecurity=False).hexdigest()
    memory = cache.Memory("features", cache.version_of(_source_code(), digest), "crop")
    known = memory.recall(["features"])
    unknown = items[~items["crop"].isin(known.index)].drop_duplicates("crop")
    if len(unknown):
        fresh = _computed_features(unknown, patches)
        known = pd.concat([known, fresh]) if len(known) else fresh
        memory.keep(known)
    found = known["features"].reindex(items["crop"])
    return np.frombuffer(b"".join(found), _STORED_TYPE).reshape(len(items), -1).astype(np.float32)


def _computed_features(unknown: pd.DataFrame, patches: Patches) -> pd.DataFrame:
    # Crops of one picture lie together: it is opened once.
    unknown = unknown.sort_values(["image", "crop"])
    work = partial(_image_features, patches=patches)
    parts = parallel.map_batches(work, crops.crops_by_image(unknown), "looking at objects", _IMAGES_PER_BATCH)
    rows = [one.tobytes() for part in parts for one in part]
    return pd.DataFrame({"features": rows}, index=pd.Index(unknown["crop"], name="crop"))


def _image_features(wanted: Sequence[crops.ImageCrops], patches: Patches) -> list[NDArray[np.float16]]:
    found = [crops.cut_crops(one) for one in wanted]
    with threadpool_limits(1):  # many small products: threads would wait for each other
        return [
            np.concatenate([features.hog_and_colour(part), features.patch_features(part, patches)], axis=1).astype(
                _STORED_TYPE
            )
            for part in found
        ]


def _common_patches(items: pd.DataFrame, seed: int) -> Patches:
    """Return the common patches of the crops that came first; learned once for the same crops."""
    first = items.sort_values(["date", "crop"]).drop_duplicates("crop").head(_PATCH_CROPS)
    version = cache.version_of(_source_code(), str(seed), "\n".join(first["crop"]))
    memory = cache.Memory("patches", version, "part")
    names = list(Patches._fields)
    known = memory.recall(["values", "columns"])
    if list(known.index) == names:
        return Patches(*(np.frombuffer(v, np.float32).reshape(-1, c) for v, c in known.itertuples(index=False)))
    ordered = first.sort_values(["image", "crop"])
    taken = parallel.map_batches(
        crops.cut_crops_of_images, crops.crops_by_image(ordered), "learning patches", _IMAGES_PER_BATCH
    )
    with threadpool_limits(1):
        learned = features.learn_patches(np.concatenate(taken), PATCH_COUNT, seed)
    parts = [np.atleast_2d(part) for part in learned]
    rows = {"values": [part.tobytes() for part in parts], "columns": [part.shape[1] for part in parts]}
    memory.keep(pd.DataFrame(rows, index=pd.Index(names, name="part")))
    return Patches(*parts)


def _source_code() -> str:
    return "".join(Path(str(module.__file__)).read_text("utf-8") for module in (features, crops, decode))
