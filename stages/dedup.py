"""Find copies by their pixels, and the groups of images that must never be torn apart.

Reads `images` (one row per file under data/raw/images) and `sources` (one row per image).
Writes `pairs` (one row per pair of copies) and `groups` (one row per image that can be used).

Copies are exact, near, mirrored or rotated; borderline pairs look like copies but not surely, and are for people to
judge: they share a group, and nothing is set aside for them. Only pixels and group keys count, never labels. Equal
files, and files of equal pixels, are joined to their earliest one, and all other copies are searched among those
earliest ones alone: a run of n equal pictures has n - 1 pairs, not all of them, and `groups` says what belongs
together. "Earliest" is the order of arrival: date of the delivery, its name, and within it the content of the file, so
that another name of a picture changes no group; the image's name only tells equal files apart.
"""

from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from golgoru.core.yaml_models import Written
from golgoru.duplicates import hamming_search, nearest_thumbnails, orientations
from golgoru.duplicates.alignment import aligned_correlation
from golgoru.duplicates.components import group_roots
from golgoru.duplicates.hamming_search import HashPairs
from golgoru.duplicates.kinds import KINDS
from golgoru.images import phash as images_phash
from golgoru.images import thumbnails
from golgoru.shell import run
from golgoru.tables import frames

Indices = NDArray[np.int64]

_PAIR = ["earlier", "later"]


class Params(Written):
    """Settings of the stage; docs/decisions/copies.md says what they were measured on."""

    # Bits of the perceptual hash. 12 finds copies saved again, scaled, brighter, watermarked or cropped by 5 %; pixels
    # confirm them. 60,000 pictures take 5 CPU seconds at 12 and 2 at 10; a million wants 8.
    radius: int = Field(12, ge=0, le=hamming_search.MAX_RADIUS)
    # From here on a copy is set aside, so a wrong pair costs a picture. Of all pairs of 1,797 handwritten digits 15
    # reach it, and hundreds reach 0.95; different receipts reach 0.96, different photographs were not seen above 0.9.
    min_correlation: float = Field(0.985, gt=0, le=1)
    # Once aligned; from here on a pair is borderline. Copies of photographs reach it and others rarely do; pictures of
    # few strokes on white, such as digits and receipts, are alike by nature and want 0.9 and more. 1 is nearly off.
    min_aligned: float = Field(0.68, gt=0, le=1)
    # `thorough` also compares each picture with the 50 of most alike colours, whatever the hashes say: for small or
    # hard pictures. Time is quadratic: 6,143 pictures take 12 CPU seconds, 60,000 about 4 minutes.
    mode: Literal["default", "thorough"] = "default"
    # Turned by 90, 180 or 270 degrees, and mirrored so. It opens every picture once.
    rotations: bool = False
    # Grey levels. On plainer pictures hash and correlation see the noise of the camera; they match when equal.
    min_contrast: float = Field(4.0, ge=0)


class Tables(NamedTuple):
    """What the stage writes."""

    duplicate_pairs: pd.DataFrame
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
    similar = _similar_pairs(seen[seen["contrast"] >= params.min_contrast], params)
    found = pd.concat([exact, similar], ignore_index=True)
    keys = _pairs(_star(arrived["group_key"]), "key")
    groups = _groups(arrived, pd.concat([found, keys], ignore_index=True))
    pairs = _with_image_names(found, arrived["image"])
    return Tables(pairs, groups, _metrics(pairs, groups))


def _in_order_of_arrival(images: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    usable = images[images["error"].isna()].merge(
        sources[["image", "date", "delivery", "group_key"]], on="image", validate="one_to_one"
    )
    return usable.sort_values(["date", "delivery", "content", "image"]).reset_index(drop=True)


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
    return _star(thumbnails.load_thumbnails(candidates)["pixels"].set_axis(candidates.index))


def _similar_pairs(textured: pd.DataFrame, params: Params) -> pd.DataFrame:
    """Return near, mirrored, rotated and borderline pairs, each once."""
    close = _candidates(textured, params)
    rows = np.unique(np.concatenate([end for matches in close.values() for end in (matches.left, matches.right)]))
    opened = thumbnails.load_thumbnails(textured.iloc[rows])
    grey = thumbnails.stack_thumbnails(opened["grey"].tolist())
    seen = _Opened(rows, textured.index.to_numpy(np.int64)[rows], grey, opened["pixels"].to_numpy(object))
    judged = [_confirmed(view, matches, seen, params) for view, matches in close.items()]
    # A symmetric picture is found by several views: what is sure comes first, then what is most alike.
    found = pd.concat(judged, ignore_index=True)
    order = found.assign(
        unsure=found["kind"] == "borderline", less=-found["score"], turned=found["view"] != orientations.UNCHANGED
    )
    kept = order.sort_values(["unsure", "turned", "less"], kind="stable").drop_duplicates(_PAIR).index
    return found.loc[kept]


def _candidates(textured: pd.DataFrame, params: Params) -> dict[str, HashPairs]:
    """Return, per view, the pairs i < j of rows that may be copies when one is turned that way."""
    near = images_phash.to_integers(textured["phash"].tolist())
    mirrored = images_phash.to_integers(textured["phash_mirrored"].tolist())
    close = {
        orientations.UNCHANGED: hamming_search.near_pairs(near, params.radius),
        orientations.MIRRORED: hamming_search.near_pairs_to_variants(near, mirrored, params.radius),
    }
    if params.mode == "thorough":
        colours = np.frombuffer(b"".join(textured["thumbnail"]), dtype=np.uint8).reshape(len(textured), -1)
        left, right = nearest_thumbnails.nearest_earlier(colours)
        distance = np.bitwise_count(near[left] ^ near[right]).astype(np.int64)
        close[orientations.UNCHANGED] = hamming_search.union(
            close[orientations.UNCHANGED], HashPairs(left, right, distance)
        )
    if params.rotations:
        grey = thumbnails.stack_thumbnails(thumbnails.load_thumbnails(textured)["grey"].tolist())
        upright = _hashes(grey)
        for view in orientations.ROTATED:
            close[view] = hamming_search.near_pairs_to_variants(
                upright, _hashes(orientations.TRANSFORMS[view](grey)), params.radius
            )
    return close


def _hashes(grey: thumbnails.Thumbnails) -> NDArray[np.uint64]:
    return images_phash.to_integers([phash for phash, _ in images_phash.perceptual_hashes(grey)])


class _Opened(NamedTuple):
    """Pictures that some pair needs: row among the textured ones, position, 32 x 32 grey levels, hash of the pixels."""

    rows: Indices
    at: Indices
    grey: thumbnails.Thumbnails
    pixels: NDArray[np.object_]


def _confirmed(view: str, close: HashPairs, seen: _Opened, params: Params) -> pd.DataFrame:
    """Return the candidates that pixels confirm."""
    left, right = np.searchsorted(seen.rows, close.left), np.searchsorted(seen.rows, close.right)
    turned = orientations.TRANSFORMS[view](seen.grey)
    score = thumbnails.correlation(seen.grey, turned, (left, right))
    sure = score >= params.min_correlation
    score[~sure] = aligned_correlation(seen.grey, turned, (left[~sure], right[~sure]))
    kind = np.where(
        sure, {orientations.UNCHANGED: "near", orientations.MIRRORED: "mirrored"}.get(view, "rotated"), "borderline"
    )
    if view == orientations.UNCHANGED:  # decoders differ, so that equal pixels can have hashes some bits apart
        kind[sure & (seen.pixels[left] == seen.pixels[right])] = "exact"
    found = _pairs(np.column_stack([seen.at[left], seen.at[right]]), kind, close.distance, score, view)
    return found[sure | (score >= params.min_aligned)]


def _pairs(
    pairs: Indices,
    kind: NDArray[np.str_] | str,
    distance: Indices | int = 0,
    score: NDArray[np.float64] | float = 1.0,
    view: str = orientations.UNCHANGED,
) -> pd.DataFrame:
    ends = {"earlier": pairs[:, 0], "later": pairs[:, 1]}
    return pd.DataFrame({**ends, "kind": kind, "distance": distance, "score": score, "view": view})


def _groups(arrived: pd.DataFrame, joins: pd.DataFrame) -> pd.DataFrame:
    rank = arrived.groupby(["date", "delivery"], sort=True).ngroup().to_numpy().astype(np.int64)
    unsure = joins["kind"] == "borderline"
    best_first = joins[unsure].sort_values(["score", *_PAIR], ascending=[False, True, True])
    joined = group_roots(rank, *(rows[_PAIR].to_numpy(np.int64) for rows in (joins[~unsure], best_first)))
    content = arrived["content"].to_numpy()
    return frames.frame(
        "groups", {"image": arrived["image"], "group": content[joined.now], "home": content[joined.on_arrival]}
    )


def _with_image_names(found: pd.DataFrame, image: pd.Series) -> pd.DataFrame:
    """Positions to names, the one that sorts first in front."""
    earlier = image.iloc[found["earlier"]].reset_index(drop=True)
    later = image.iloc[found["later"]].reset_index(drop=True)
    found = found.reset_index(drop=True)
    swap = earlier > later
    return frames.frame(
        "pairs",
        {
            "image_a": earlier.mask(swap, later),
            "image_b": later.mask(swap, earlier),
            **{column: found[column] for column in ("kind", "distance", "score")},
            "view": found["view"]
            .mask(swap, found["view"].replace(orientations.INVERSE))
            .replace(orientations.UNCHANGED, None),
        },
    )


def _metrics(pairs: pd.DataFrame, groups: pd.DataFrame) -> dict[str, Any]:
    kinds = pairs["kind"].value_counts()
    sizes = groups["group"].value_counts()
    group = groups.set_index("image")["group"]
    apart = group[pairs["image_a"]].to_numpy() != group[pairs["image_b"]].to_numpy()
    return {
        "pairs": {kind: int(kinds.get(kind, 0)) for kind in KINDS},
        "borderline_pairs_left_in_two_groups": int(apart.sum()),
        "groups": len(sizes),
        "images_in_groups_of_several": int(sizes[sizes > 1].sum()),
        "largest_group": int(sizes.max()) if len(sizes) else 0,
    }


if __name__ == "__main__":
    run(transform)
