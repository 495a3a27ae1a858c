"""Open every picture once: content hash, size, perceptual hashes, light, sharpness and colour, or what is wrong.

Reads the pointers and descriptions under data/raw/deliveries (one delivery each), and the pictures they name.
Writes `images` (one row per file under data/raw/images).

Nothing is left out: a file that is no usable picture has a row with `error`. The stage depends on the pointers, not
on the pictures, so it guards that both agree: where files differ from a pointer in number, names or content, or
stand in a folder that nothing describes or versions, it stops.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import PIL
import simplejpeg
from pydantic import Field

from golgoru.core import cache, parallel, paths
from golgoru.core.yaml_models import Written
from golgoru.images import decode, jpeg, phash, resize, statistics, unchanged_files
from golgoru.images.files import ImageFile, check_pointer_hash, list_image_files
from golgoru.images.statistics import FileFingerprint, ImageStatistics
from golgoru.raw.deliveries import Delivery
from golgoru.shell import run
from golgoru.tables import frames

_AT_ONCE = 128  # pictures: many enough for numpy, few enough for the processor's cache
# All that the numbers of a picture depend on.
_CODE = (statistics, resize, jpeg, decode, phash)
_VERSIONS = (PIL.__version__, simplejpeg.__version__, np.__version__)


class Params(Written):
    """Settings of the stage."""

    # Decoded, that is 300 MB of RGB. Cameras stay below; a file of some kilobytes that claims more is an attack.
    max_pixels: int = Field(100_000_000, gt=0)


class Tables(NamedTuple):
    """What the stage writes."""

    images: pd.DataFrame
    metrics: dict[str, Any]


def transform(deliveries: Sequence[Delivery], params: Params) -> Tables:
    """Return one row per file. Raises UserError where the files are not those that the pointers name."""
    found = list_image_files(deliveries)
    files = [file for delivered in found.values() for file in delivered]
    examined, seen = _examine([file for file in files if file.readable], params)
    # Both indexes are unique, and pandas says so where they are not; its `merge` would take three times as long.
    rows = examined.set_index("image").reindex(pd.Index([file.image for file in files], name="image", dtype="str"))
    rows = rows.reset_index().assign(unusable=pd.array([file.error for file in files], dtype="str"))
    _check_contents(deliveries, found, rows)
    rows = pd.concat([rows, seen.reindex(rows["content"]).reset_index(drop=True)], axis="columns")
    rows["error"] = rows["unusable"].fillna(rows["unreadable"]).fillna(rows["error"])
    # An image with an error is out of the game: half of its numbers would only mislead.
    rows.loc[rows["error"].notna(), [column for column in ImageStatistics._fields if column != "error"]] = None
    images = frames.frame("images", rows.drop(columns=["unusable", "unreadable"]))
    return Tables(images, _metrics(images))


def _examine(files: Sequence[ImageFile], params: Params) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what each file is (image, content, bytes, unreadable), and what each content looks like."""
    memory = cache.Memory("fingerprint", memory_version(params))
    known = memory.recall(ImageStatistics._fields)
    remembered = unchanged_files.StampStore(
        unchanged_files.read_stamps([file.image for file in files], [file.path for file in files])
    )
    same = remembered.unchanged()
    same = same[frames.is_in(same["content"], known.index)]
    untouched = set(same.index.to_numpy(object))
    rest = [file for file in files if file.image not in untouched]
    work = partial(statistics.fingerprint_files, known=frozenset(known.index), max_pixels=params.max_pixels)
    examined = parallel.map_batches(work, [file.path for file in rest], "fingerprint", _AT_ONCE)
    fresh = {one.content: one.looks for one in examined if one.looks is not None}
    if fresh:
        rows = pd.DataFrame(
            list(fresh.values()),
            columns=list(ImageStatistics._fields),
            index=pd.Index(list(fresh), name="content", dtype="str"),
        )
        known = pd.concat([known, rows]) if len(known) else rows
        memory.keep(known)
    table = pd.DataFrame(examined, columns=list(FileFingerprint._fields)).drop(columns="looks")
    table = table.rename(columns={"error": "unreadable"}).assign(image=[file.image for file in rest])
    table = pd.concat([table, same.reset_index()], ignore_index=True) if len(same) else table
    table = table.astype({"image": "str", "content": "str", "unreadable": "str"})
    remembered.keep(table.set_index("image")["content"])
    return table, known


def memory_version(params: Params) -> str:
    """Return the version of what is remembered per content: it holds for this code, these decoders, this limit."""
    return cache.version_of(*_CODE, *_VERSIONS, str(params.max_pixels))


def _check_contents(
    deliveries: Sequence[Delivery], found: Mapping[str, Sequence[ImageFile]], rows: pd.DataFrame
) -> None:
    contents = dict(zip(*(rows[column].to_numpy(object) for column in ("image", "content")), strict=True))
    for delivery in deliveries:
        listed = {file.name: contents[file.image] for file in found[delivery.name]}
        # A file that cannot be read has a row that says so, and then nothing can be said about the folder's hash.
        if delivery.pointer is not None and all(isinstance(content, str) for content in listed.values()):
            check_pointer_hash(delivery.pointer, paths.IMAGES / delivery.name, listed)


def _metrics(images: pd.DataFrame) -> dict[str, Any]:
    return {
        "images": len(images),
        "unreadable": int(images["error"].notna().sum()),
        "bytes": int(images["bytes"].sum()),
        "formats": {str(form): int(count) for form, count in images["format"].value_counts().sort_index().items()},
    }


if __name__ == "__main__":
    run(transform)
