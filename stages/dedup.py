"""Find copies by their pixels, and the groups of images that must never be torn apart.

Reads `images` (one row per file under data/raw/images) and `sources` (one row per image).
Writes `pairs` (one row per pair of copies) and `groups` (one row per image that can be used).

Copies are exact, near or mirrored; only pixels and group keys count, never labels. Equal files, and files of equal
pixels, are joined to their earliest one, and near and mirrored copies are searched among those earliest ones alone:
a run of n equal pictures has n - 1 pairs, not all of them, and `groups` says what belongs together. "Earliest" is the
order of arrival: date of the delivery, its name, the image's name.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from stages.lib import frames, pair_search, thumbnails
from stages.lib.components import components
from stages.lib.hashes import to_integers
from stages.lib.pair_search import Matches
from stages.lib.shell import run
from stages.lib.yaml_file import Written

Indices = NDArray[np.int64]


class Params(Written):
    """Settings of the stage; tests hold them to real digits, photographs, microscope pictures and receipts."""

    # Bits of the perceptual hash. 10 finds re-encoded, brighter and slightly cropped copies; pixels confirm them.
    radius: int = Field(10, ge=0, le=pair_search.MAX_RADIUS)
    # What is not surely a copy is not set aside. Of all pairs of 1,797 handwritten digits about 10 reach it, and 930
    # reach 0.95; different receipts reach 0.96. Different photographs were not seen above 0.9, and 0.9 finds 50 of
    # 127 same-shot pairs of CIFAR-10 where the default finds 4: lower it for photographs.
    min_correlation: float = Field(0.985, gt=0, le=1)
    # Grey levels. On plainer pictures hash and correlation see the noise of the camera; they match when equal.
    min_contrast: float = Field(4.0, ge=0)


class Tables(NamedTuple):
    """What the stage writes."""

    pairs: pd.DataFrame
    groups: pd.DataFrame
    metrics: dict[str, Any]


def transform(images: pd.DataFrame, sources: pd.DataFrame, params: Params) -> Tables:
    """Return the pairs of copies and the group of every image without an error."""
    arrived = _in_order_of_arrival(images, sources)
    files = _star(arrived["content"])
    first = arrived.drop_duplicates("content")
    pixels = _equal_pixels(first)
    exact = _pairs(np.concatenate([files, pixels]), "exact")
    seen = first[~first.index.isin(pixels[:, 1])]
    near = _similar(seen, params, mirrored=False)
    mirrored = _similar(seen, params, mirrored=True)
    found = pd.concat([exact, near, mirrored], ignore_index=True).drop_duplicates(["earlier", "later"])
    keys = _star(arrived["group_key"])
    groups = _groups(arrived, np.concatenate([found[["earlier", "later"]].to_numpy(np.int64), keys]))
    pairs = _named(found, arrived["image"])
    return Tables(pairs, groups, _metrics(pairs, groups))


def _in_order_of_arrival(images: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    usable = images[images["error"].isna()].merge(
        sources[["image", "date", "delivery", "group_key"]], on="image", validate="one_to_one"
    )
    return usable.sort_values(["date", "delivery", "image"]).reset_index(drop=True)


def _star(values: pd.Series) -> Indices:
    """Join each row to the earliest one of equal value: (earliest, row), nulls left out."""
    values = values.dropna()
    earliest = values.index.to_series().groupby(values.to_numpy()).transform("min").to_numpy(np.int64)
    rows = values.index.to_numpy(np.int64)
    edges: Indices = np.column_stack([earliest, rows])[earliest != rows]
    return edges


def _equal_pixels(first: pd.DataFrame) -> Indices:
    """Join different files of equal pixels. Equal pixels have equal hash and size: only such files are opened."""
    candidates = first[first.duplicated(["phash", "width", "height"], keep=False)]
    return _star(thumbnails.load(candidates)["pixels"].set_axis(candidates.index))


def _similar(seen: pd.DataFrame, params: Params, *, mirrored: bool) -> pd.DataFrame:
    """Return near or mirrored pairs: hashes within the radius, then thumbnails that correlate."""
    textured = seen[seen["contrast"] >= params.min_contrast]
    hashes = to_integers(textured["phash"].tolist())
    if mirrored:
        close = pair_search.between(hashes, to_integers(textured["phash_mirrored"].tolist()), params.radius)
    else:
        close = pair_search.among(hashes, params.radius)
    score = _scores(textured, close, mirrored=mirrored)
    good = score >= params.min_correlation
    at = textured.index.to_numpy(np.int64)
    pairs = np.column_stack([at[close.left[good]], at[close.right[good]]])
    return _pairs(pairs, "mirrored" if mirrored else "near", close.distance[good], score[good])


def _scores(textured: pd.DataFrame, close: Matches, *, mirrored: bool) -> NDArray[np.float64]:
    needed, compact = np.unique(np.concatenate([close.left, close.right]), return_inverse=True)
    grey = thumbnails.stack(thumbnails.load(textured.iloc[needed])["grey"].tolist())
    left, right = np.split(compact, 2)
    return thumbnails.correlation(grey, grey[:, :, ::-1] if mirrored else grey, (left, right))


def _pairs(
    pairs: Indices, kind: str, distance: Indices | int = 0, score: NDArray[np.float64] | float = 1.0
) -> pd.DataFrame:
    return pd.DataFrame(
        {"earlier": pairs[:, 0], "later": pairs[:, 1], "kind": kind, "distance": distance, "score": score}
    )


def _groups(arrived: pd.DataFrame, edges: Indices) -> pd.DataFrame:
    rank = arrived.groupby(["date", "delivery"], sort=True).ngroup().to_numpy().astype(np.int64)
    joined = components(rank, edges)
    content = arrived["content"].to_numpy()
    return frames.frame(
        "groups", {"image": arrived["image"], "group": content[joined.now], "home": content[joined.on_arrival]}
    )


def _named(found: pd.DataFrame, image: pd.Series) -> pd.DataFrame:
    """Positions to names, the one that sorts first in front."""
    earlier = image.iloc[found["earlier"]].reset_index(drop=True)
    later = image.iloc[found["later"]].reset_index(drop=True)
    swap = earlier > later
    return frames.frame(
        "pairs",
        {
            "image_a": earlier.mask(swap, later),
            "image_b": later.mask(swap, earlier),
            **{column: found[column].reset_index(drop=True) for column in ("kind", "distance", "score")},
        },
    )


def _metrics(pairs: pd.DataFrame, groups: pd.DataFrame) -> dict[str, Any]:
    kinds = pairs["kind"].value_counts()
    sizes = groups["group"].value_counts()
    return {
        "pairs": {kind: int(kinds.get(kind, 0)) for kind in ("exact", "near", "mirrored")},
        "groups": len(sizes),
        "images_in_groups_of_several": int(sizes[sizes > 1].sum()),
    }


if __name__ == "__main__":
    run(transform)
