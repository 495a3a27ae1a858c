"""Features of objects and images for the built-in model, cached per crop.

The common patches are learned from the images that were delivered first, so that they stay as the data grows.
"""

import hashlib
from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from golgoru.core import cache, parallel
from golgoru.core.arrays import Floats, Floats32
from golgoru.core.threads import one_thread
from golgoru.images import decode
from golgoru.model import crops, features
from golgoru.model.features import FULL, Crops, FeatureSet, Patches

_PATCH_CROPS = 2_000  # crops from which the common patches are learned
_IMAGES_PER_BATCH = 64
STORED_TYPE = np.float16  # three digits are enough, and rounding removes the last bits, which depend on the processor
# What cached features depend on.
_CODE = (features, crops, decode)


def with_image_data(*, objects: pd.DataFrame, images: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """Return `objects` (image, x, y, width, height, ...) on readable images, with four columns more.

    These are content, date, image_width and image_height.
    """
    readable = images.loc[images["error"].isna(), ["image", "content", "width", "height"]]
    readable = readable.rename(columns={"width": "image_width", "height": "image_height"})
    return objects.merge(readable, on="image").merge(sources[["image", "date"]], on="image")


def box_shapes(objects: pd.DataFrame) -> Floats:
    """Return the logarithms of a box's size relative to the image and of its aspect ratio; zeros for a whole image."""
    image_width, image_height = (objects[side].to_numpy(np.float64) for side in ("image_width", "image_height"))
    width, height = (objects[side].to_numpy(np.float64).clip(min=1) for side in ("width", "height"))
    shapes: Floats = np.stack(
        [np.log(width * height / (image_width * image_height)) / 2, np.log(width / height)], axis=1
    )
    shapes[np.isnan(shapes)] = 0
    return shapes


def feature_matrix(objects: pd.DataFrame, patches: Patches, wanted: FeatureSet = FULL) -> Floats32:
    """Return one row of features per row of `objects`, which come from `with_image_data`.

    A box that is null stands for the whole image. Raises UserError where an image is not the one fingerprint saw.
    """
    if objects.empty:
        return np.empty((0, 0), np.float32)
    objects = objects.assign(crop=crops.crop_keys(objects))
    store = cache.Cache("features", cache.version_of(*_CODE, _digest(patches), str(wanted)), "crop")
    known = store.load(["features"])
    unknown = objects[~objects["crop"].isin(known.index)].drop_duplicates("crop")
    if len(unknown):
        computed = _computed_features(unknown, patches, wanted)
        known = pd.concat([known, computed]) if len(known) else computed
        store.save(known)
    rows = known["features"].reindex(objects["crop"])
    return np.frombuffer(b"".join(rows), STORED_TYPE).reshape(len(objects), -1).astype(np.float32)


def _digest(patches: Patches) -> str:
    return hashlib.md5(b"".join(part.tobytes() for part in patches), usedforsecurity=False).hexdigest()


def _computed_features(unknown: pd.DataFrame, patches: Patches, wanted: FeatureSet) -> pd.DataFrame:
    # Crops of one image stand together: it is opened once.
    unknown = unknown.sort_values(["image", "crop"])
    work = partial(_image_features, patches=patches, features_wanted=wanted)
    per_image = parallel.map_batches(work, crops.crops_by_image(unknown), "computing features", _IMAGES_PER_BATCH)
    rows = [crop.tobytes() for image in per_image for crop in image]
    return pd.DataFrame({"features": rows}, index=pd.Index(unknown["crop"], name="crop"))


def _image_features(
    wanted: Sequence[crops.ImageCrops], patches: Patches, features_wanted: FeatureSet
) -> list[NDArray[np.float16]]:
    cut = crops.cut_crops_of_images(wanted)
    ends = np.cumsum([len(of_image) for of_image in cut])[:-1]
    return np.split(stored_features(np.concatenate(cut), patches, features_wanted), ends)


def stored_features(cut: Crops, patches: Patches, wanted: FeatureSet) -> NDArray[np.float16]:
    """Return the features of crops (n, 32, 32, 3), rounded as they are stored."""
    with one_thread():
        parts = [features.hog_and_colour(cut), features.patch_features(cut, patches, wanted.step)]
        return np.concatenate(parts, axis=1).astype(STORED_TYPE)


def delivered_first(objects: pd.DataFrame) -> pd.DataFrame:
    """Return the objects of the first days, from which common patches are learned; all where all are fitted."""
    by_day = objects["date"].value_counts().sort_index().cumsum()
    enough = by_day.index[by_day >= 5 * _PATCH_CROPS]
    if len(objects) <= features.FITTED_WHOLE or not len(enough):
        return objects
    first: pd.DataFrame = objects[objects["date"] <= enough[0]]
    return first


def common_patches(objects: pd.DataFrame, seed: int, wanted: FeatureSet = FULL) -> Patches:
    """Return the common patches of the crops of `objects` delivered first; learned once for the same crops."""
    objects = delivered_first(objects)
    objects = objects.assign(crop=crops.crop_keys(objects))
    first = objects.sort_values(["date", "crop"]).drop_duplicates("crop").head(_PATCH_CROPS)
    version = cache.version_of(*_CODE, str(seed), str(wanted.patches), "\n".join(first["crop"]))
    store = cache.Cache("patches", version, "part")
    names = list(Patches._fields)
    known = store.load(["values", "columns"])
    if list(known.index) == names:
        return Patches(*(np.frombuffer(v, np.float32).reshape(-1, c) for v, c in known.itertuples(index=False)))
    ordered = crops.crops_by_image(first.sort_values(["image", "crop"]))
    cut = parallel.map_batches(crops.cut_crops_of_images, ordered, "learning patches", _IMAGES_PER_BATCH)
    with one_thread("sklearn.cluster"):
        learned = features.learn_patches(np.concatenate(cut), wanted.patches, seed)
    parts = [np.atleast_2d(part) for part in learned]
    rows = {"values": [part.tobytes() for part in parts], "columns": [part.shape[1] for part in parts]}
    store.save(pd.DataFrame(rows, index=pd.Index(names, name="part")))
    return Patches(*parts)
