"""Read every image once: content hash, size, perceptual hashes, brightness, sharpness and colour, or the error.

Reads the pointers and descriptions under data/raw/deliveries (one delivery each), and the images that they name.
Writes `images` (one row per file under data/raw/images).

Every file has a row; `error` says why a file is no usable image. The stage depends on the pointers, not on the images,
so it checks that both agree: it stops where files differ from a pointer in number, names or content, or where a folder
has no description or no pointer.
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
from golgoru.core.yaml_models import ConfigModel
from golgoru.images import decode, jpeg, phash, resize, statistics, unchanged_files
from golgoru.images.files import check_pointer_hash, list_image_files
from golgoru.images.listing import ImageFile
from golgoru.images.statistics import FileFingerprint, ImageStatistics
from golgoru.raw.deliveries import Delivery
from golgoru.shell import run_stage
from golgoru.tables import frames

_CHUNK = 256  # images: enough for numpy, and few enough for the processor's cache
# All that the statistics of an image depend on.
_CODE = (statistics, resize, jpeg, decode, phash)
_VERSIONS = (PIL.__version__, simplejpeg.__version__, np.__version__)


class Params(ConfigModel):
    """Settings of the stage."""

    # 300 MB of RGB once decoded. Cameras stay below; a file of some kilobytes that claims more is an attack.
    max_pixels: int = Field(100_000_000, gt=0)


class Tables(NamedTuple):
    """What the stage writes."""

    images: pd.DataFrame
    metrics: dict[str, Any]


def transform(deliveries: Sequence[Delivery], params: Params) -> Tables:
    """Return one row per file. Raises UserError where the files are not those that the pointers name."""
    by_delivery = list_image_files(deliveries)
    files = [file for delivered in by_delivery.values() for file in delivered]
    contents, known = _fingerprints([file for file in files if file.readable], params)
    # `reindex` refuses an index that is not unique, and takes a third of the time of `merge`.
    rows = contents.set_index("image").reindex(pd.Index([file.image for file in files], name="image", dtype="str"))
    rows = rows.reset_index().assign(unusable=pd.array([file.error for file in files], dtype="str"))
    _check_contents(deliveries, by_delivery, rows)
    rows = pd.concat([rows, known.reindex(rows["content"]).reset_index(drop=True)], axis="columns")
    rows["error"] = rows["unusable"].fillna(rows["unreadable"]).fillna(rows["error"])
    # An image with an error is not used, so that partial statistics would only mislead.
    rows.loc[rows["error"].notna(), [column for column in ImageStatistics._fields if column != "error"]] = None
    images = frames.frame("images", rows.drop(columns=["unusable", "unreadable"]))
    return Tables(images, _metrics(images))


def _fingerprints(files: Sequence[ImageFile], params: Params) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one row per file (image, content, bytes, unreadable), and the statistics of each content."""
    cached = cache.Cache("fingerprint", cache_version(params))
    known = cached.load(ImageStatistics._fields)
    stamps = unchanged_files.StampStore(unchanged_files.stamps_of(files))
    unchanged = stamps.unchanged()
    unchanged = unchanged[frames.is_in(unchanged["content"], known.index)]
    skipped = set(unchanged.index.to_numpy(object))
    to_read = [file for file in files if file.image not in skipped]
    work = partial(statistics.fingerprint_files, known=frozenset(known.index), max_pixels=params.max_pixels)
    fingerprints = parallel.map_batches(work, [file.path for file in to_read], "fingerprint", _CHUNK)
    new = {fingerprint.content: fingerprint.statistics for fingerprint in fingerprints if fingerprint.statistics}
    if new:
        rows = pd.DataFrame(
            list(new.values()),
            columns=list(ImageStatistics._fields),
            index=pd.Index(list(new), name="content", dtype="str"),
        )
        known = pd.concat([known, rows]) if len(known) else rows
        cached.save(known)
    table = pd.DataFrame(fingerprints, columns=list(FileFingerprint._fields)).drop(columns="statistics")
    table = table.rename(columns={"error": "unreadable"}).assign(image=[file.image for file in to_read])
    table = pd.concat([table, unchanged.reset_index()], ignore_index=True) if len(unchanged) else table
    table = table.astype({"image": "str", "content": "str", "unreadable": "str"})
    stamps.save(table.set_index("image")["content"])
    return table, known


def cache_version(params: Params) -> str:
    """Return the version of the cached statistics: of this code, these decoders and this limit."""
    return cache.version_of(*_CODE, *_VERSIONS, str(params.max_pixels))


def _check_contents(
    deliveries: Sequence[Delivery], by_delivery: Mapping[str, Sequence[ImageFile]], rows: pd.DataFrame
) -> None:
    contents = dict(zip(*(rows[column].to_numpy(object) for column in ("image", "content")), strict=True))
    for delivery in deliveries:
        by_name = {file.name: contents[file.image] for file in by_delivery[delivery.name]}
        # The hash of a folder with an unreadable file is unknown; the file has a row with the error.
        if delivery.pointer is not None and all(isinstance(content, str) for content in by_name.values()):
            check_pointer_hash(delivery.pointer, paths.IMAGES / delivery.name, by_name)


def _metrics(images: pd.DataFrame) -> dict[str, Any]:
    return {
        "images": len(images),
        "unreadable": int(images["error"].notna().sum()),
        "bytes": int(images["bytes"].sum()),
        "formats": {str(name): int(count) for name, count in images["format"].value_counts().sort_index().items()},
    }


if __name__ == "__main__":
    run_stage(transform)
