"""Find duplicates by their pixels, and the groups of images that must never be split across train, val and test.

Reads `images` (one row per file under data/raw/images) and `sources` (one row per image).
Writes `duplicate_pairs` (one row per pair) and `groups` (one row per image that can be used).

Duplicates are exact, near, mirrored or rotated. Borderline pairs look like duplicates but not surely, and are for
people to review: they share a group, and nothing is set aside for them. Only pixels and group keys count, never labels.
Equal files, and files of equal pixels, are paired with the earliest of them, and all other duplicates are searched
among these earliest images alone: n equal images have n - 1 pairs, not all of them, and `groups` says what belongs
together. "Earliest" is the order of arrival: date of the delivery, its name, and within it the content of the file, so
that renaming an image changes no group; the name decides only between equal files.
"""

import logging
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from golgoru.core.arrays import Floats, Integers
from golgoru.core.yaml_models import ConfigModel
from golgoru.duplicates import hamming_search, near_hashes, nearest_thumbnails, orientations
from golgoru.duplicates.alignment import aligned_correlation
from golgoru.duplicates.components import group_roots
from golgoru.duplicates.correlation import grey_correlation
from golgoru.duplicates.hamming_search import HashPairs
from golgoru.duplicates.kinds import KINDS
from golgoru.duplicates.near_hashes import Candidates
from golgoru.images import phash, thumbnails
from golgoru.shell import run_stage
from golgoru.tables import frames

_PAIR = ["earlier", "later"]
_LOG = logging.getLogger(__name__)


class Params(ConfigModel):
    """Settings of the stage; docs/decisions/duplicates.md says what they were measured on."""

    # Bits of the perceptual hash. 12 finds images saved again, scaled, brightened, watermarked or cropped by 5 %;
    # pixels confirm them. Left empty it is 12 for the first 50,000 images, 10 for those after them up to 300,000, and 8
    # for all later ones: what more would find is mostly near by chance. 8 finds 0.82 to 0.89 of the 5 % crops of
    # photographs, where 12 finds 0.99.
    radius: int | None = Field(None, ge=0, le=hamming_search.MAX_RADIUS)
    # From here on a duplicate is set aside, so that a wrong pair costs an image. Of all pairs of 1,797 handwritten
    # digits 15 reach it, and hundreds 0.95; different receipts reach 0.96, no different photographs were above 0.9.
    min_correlation: float = Field(0.985, gt=0, le=1)
    # Correlation after alignment; from here on a pair is borderline. Duplicates of photographs reach it, other pairs
    # rarely do. Images of few strokes on white, such as digits and receipts, are similar by nature and need 0.9 or
    # more. 1 all but turns it off.
    min_aligned: float = Field(0.68, gt=0, le=1)
    # `thorough` also compares each image with the 50 earlier ones of most similar colours, whatever the hashes say: for
    # small or difficult images. Time is quadratic: 6,143 images take 12 CPU seconds, 60,000 about 4 minutes.
    mode: Literal["default", "thorough"] = "default"
    # Also search for images rotated by 90, 180 or 270 degrees, mirrored or not. It opens every image once.
    rotations: bool = False
    # Standard deviation of grey levels. Below it, hash and correlation see only the camera's noise: such images match
    # only if their pixels are equal.
    min_contrast: float = Field(4.0, ge=0)


class Tables(NamedTuple):
    """What the stage writes."""

    duplicate_pairs: pd.DataFrame
    groups: pd.DataFrame
    metrics: dict[str, Any]


def transform(images: pd.DataFrame, sources: pd.DataFrame, params: Params) -> Tables:
    """Return the pairs of duplicates, and the group of every image without an error."""
    arrived = _in_order_of_arrival(images, sources)
    equal_files = _pairs_with_earliest(arrived["content"])
    distinct_files = arrived.drop_duplicates("content")
    equal_pixels = _equal_pixels(distinct_files)
    exact = _pairs(np.concatenate([equal_files, equal_pixels]), "exact")
    distinct = distinct_files[~distinct_files.index.isin(equal_pixels[:, 1])]
    textured = distinct[distinct["contrast"] >= params.min_contrast]
    candidates = _candidates(textured, params)
    similar = _similar_pairs(textured, {name: found.pairs for name, found in candidates.items()}, params)
    positions = pd.concat([exact, similar], ignore_index=True)
    equal_keys = _pairs(_pairs_with_earliest(arrived["group_key"]), "key")
    groups = _groups(arrived, pd.concat([positions, equal_keys], ignore_index=True))
    pairs = _with_image_names(positions, arrived["image"])
    bounds = {
        "radius_of_last_image": near_hashes.radius_of_last(len(textured), params.radius),
        "images_compared_in_part": int(np.logical_or.reduce([found.cut for found in candidates.values()]).sum()),
    }
    _warn(bounds, params)
    return Tables(pairs, groups, _metrics(pairs, groups) | bounds)


def _in_order_of_arrival(images: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    usable = images[images["error"].isna()].merge(
        sources[["image", "date", "delivery", "group_key"]], on="image", validate="one_to_one"
    )
    return usable.sort_values(["date", "delivery", "content", "image"]).reset_index(drop=True)


def _pairs_with_earliest(values: pd.Series) -> Integers:
    """Return pairs (earliest, row) of each row and the earliest row of equal value; nulls are left out."""
    values = values.dropna()
    earliest = values.index.to_series().groupby(values.to_numpy()).transform("min").to_numpy(np.int64)
    rows = values.index.to_numpy(np.int64)
    pairs: Integers = np.column_stack([earliest, rows])[earliest != rows]
    return pairs


def _equal_pixels(files: pd.DataFrame) -> Integers:
    """Return pairs of different files with equal pixels. Only files of equal hash and size are opened."""
    candidates = files[files.duplicated(["phash", "width", "height"], keep=False)]
    return _pairs_with_earliest(thumbnails.load_thumbnails(candidates)["pixels"].set_axis(candidates.index))


def _similar_pairs(textured: pd.DataFrame, candidates: dict[str, HashPairs], params: Params) -> pd.DataFrame:
    """Return near, mirrored, rotated and borderline pairs, each once."""
    rows = np.unique(np.concatenate([end for pairs in candidates.values() for end in (pairs.left, pairs.right)]))
    loaded = thumbnails.load_thumbnails(textured.iloc[rows])
    grey = thumbnails.stack_thumbnails(loaded["grey"].tolist())
    opened = _Opened(rows, textured.index.to_numpy(np.int64)[rows], grey, loaded["pixels"].to_numpy(object))
    confirmed = [_confirmed(orientation, pairs, opened, params) for orientation, pairs in candidates.items()]
    # A symmetric image matches in several orientations: the certain pair counts, else the unchanged one, else the best.
    pairs = pd.concat(confirmed, ignore_index=True)
    order = pairs.assign(
        uncertain=pairs["kind"] == "borderline",
        reoriented=pairs["orientation"] != orientations.UNCHANGED,
        negative_score=-pairs["score"],
    )
    ranked = order.sort_values(["uncertain", "reoriented", "negative_score"], kind="stable")
    return pairs.loc[ranked.drop_duplicates(_PAIR).index]


def _candidates(textured: pd.DataFrame, params: Params) -> dict[str, Candidates]:
    """Return, per orientation, the pairs i < j of rows that may be duplicates when one image has that orientation."""
    hashes = phash.to_integers(textured["phash"].tolist())
    mirrored = phash.to_integers(textured["phash_mirrored"].tolist())
    unchanged = near_hashes.near_pairs(hashes, params.radius)
    if params.mode == "thorough":
        colours = np.frombuffer(b"".join(textured["thumbnail"]), dtype=np.uint8).reshape(len(textured), -1)
        left, right = nearest_thumbnails.nearest_earlier(colours)
        distance = np.bitwise_count(hashes[left] ^ hashes[right]).astype(np.int64)
        pairs = near_hashes.union(unchanged.pairs, HashPairs(left, right, distance))
        unchanged = unchanged._replace(pairs=pairs)
    candidates = {
        orientations.UNCHANGED: unchanged,
        orientations.MIRRORED: near_hashes.near_pairs_to_variants(hashes, mirrored, params.radius),
    }
    if params.rotations:
        grey = thumbnails.stack_thumbnails(thumbnails.load_thumbnails(textured)["grey"].tolist())
        upright = _hashes(grey)
        for orientation in orientations.ROTATED:
            rotated = _hashes(orientations.TRANSFORMS[orientation](grey))
            candidates[orientation] = near_hashes.near_pairs_to_variants(upright, rotated, params.radius)
    return candidates


def _hashes(grey: thumbnails.Thumbnails) -> NDArray[np.uint64]:
    return phash.to_integers([upright for upright, _ in phash.perceptual_hashes(grey)])


class _Opened(NamedTuple):
    """The images of candidate pairs: row among the textured ones, position, 32 x 32 grey levels, hash of the pixels."""

    rows: Integers
    positions: Integers
    grey: thumbnails.Thumbnails
    pixels: NDArray[np.object_]


def _confirmed(orientation: str, candidates: HashPairs, opened: _Opened, params: Params) -> pd.DataFrame:
    """Return the candidates that pixels confirm."""
    left, right = np.searchsorted(opened.rows, candidates.left), np.searchsorted(opened.rows, candidates.right)
    oriented = orientations.TRANSFORMS[orientation](opened.grey)
    score = grey_correlation(opened.grey, oriented, (left, right))
    certain = score >= params.min_correlation
    score[~certain] = aligned_correlation(opened.grey, oriented, (left[~certain], right[~certain]))
    kind_if_certain = {orientations.UNCHANGED: "near", orientations.MIRRORED: "mirrored"}.get(orientation, "rotated")
    kind = np.where(certain, kind_if_certain, "borderline")
    if orientation == orientations.UNCHANGED:  # the two decoders can hash equal pixels some bits apart
        kind[certain & (opened.pixels[left] == opened.pixels[right])] = "exact"
    positions = np.column_stack([opened.positions[left], opened.positions[right]])
    pairs = _pairs(positions, kind, candidates.distance, score, orientation)
    return pairs[certain | (score >= params.min_aligned)]


def _pairs(
    positions: Integers,
    kind: NDArray[np.str_] | str,
    distance: Integers | int = 0,
    score: Floats | float = 1.0,
    orientation: str = orientations.UNCHANGED,
) -> pd.DataFrame:
    ends = {"earlier": positions[:, 0], "later": positions[:, 1]}
    return pd.DataFrame({**ends, "kind": kind, "distance": distance, "score": score, "orientation": orientation})


def _groups(arrived: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    rank = arrived.groupby(["date", "delivery"], sort=True).ngroup().to_numpy().astype(np.int64)
    borderline = pairs["kind"] == "borderline"
    best_first = pairs[borderline].sort_values(["score", *_PAIR], ascending=[False, True, True])
    roots = group_roots(rank, *(rows[_PAIR].to_numpy(np.int64) for rows in (pairs[~borderline], best_first)))
    content = arrived["content"].to_numpy()
    return frames.frame(
        "groups",
        {"image": arrived["image"], "group": content[roots.now], "group_on_arrival": content[roots.on_arrival]},
    )


def _with_image_names(pairs: pd.DataFrame, image: pd.Series) -> pd.DataFrame:
    """Return `duplicate_pairs`: positions replaced by names, the name that sorts first as image_a."""
    earlier = image.iloc[pairs["earlier"]].reset_index(drop=True)
    later = image.iloc[pairs["later"]].reset_index(drop=True)
    pairs = pairs.reset_index(drop=True)
    swap = earlier > later
    orientation = pairs["orientation"].mask(swap, pairs["orientation"].replace(orientations.INVERSE))
    return frames.frame(
        "duplicate_pairs",
        {
            "image_a": earlier.mask(swap, later),
            "image_b": later.mask(swap, earlier),
            **{column: pairs[column] for column in ("kind", "distance", "score")},
            "orientation": orientation.replace(orientations.UNCHANGED, None),
        },
    )


def _warn(bounds: dict[str, int], params: Params) -> None:
    if params.radius is None and bounds["radius_of_last_image"] < near_hashes.TIERS[0].radius:
        _LOG.warning(
            "dedup: hashes of images after the first %s are compared at a radius of %s or less, which finds "
            "fewer crops (docs/deliveries.md); dedup.radius sets one radius for all",
            f"{near_hashes.TIERS[0].images:,}",
            near_hashes.TIERS[1].radius,
        )
    if bounds["images_compared_in_part"]:
        _LOG.warning(
            "dedup: %s images have more images near them than are compared: only the nearest were "
            "(images_compared_in_part in reports/dedup.json); at a smaller dedup.radius fewer images are near",
            f"{bounds['images_compared_in_part']:,}",
        )


def _metrics(pairs: pd.DataFrame, groups: pd.DataFrame) -> dict[str, Any]:
    count = pairs["kind"].value_counts()
    sizes = groups["group"].value_counts()
    group = groups.set_index("image")["group"]
    in_two_groups = group[pairs["image_a"]].to_numpy() != group[pairs["image_b"]].to_numpy()
    return {
        "pairs": {kind: int(count.get(kind, 0)) for kind in KINDS},
        "borderline_pairs_left_in_two_groups": int(in_two_groups.sum()),
        "groups": len(sizes),
        "images_in_groups_of_several": int(sizes[sizes > 1].sum()),
        "largest_group": int(sizes.max()) if len(sizes) else 0,
    }


if __name__ == "__main__":
    run_stage(transform)
