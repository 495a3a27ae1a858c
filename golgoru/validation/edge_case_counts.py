"""How often each edge case occurs, and how many are missing in a release."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from golgoru.core.arrays import Integers
from golgoru.core.dataset import SPLITS
from golgoru.guideline.edge_cases import EdgeCase, EdgeCases
from golgoru.tables import coded, frames


class HitCounts:
    """Counts where edge cases fire. `hits` is table `edge_case_hits`; `objects` has the columns object, image, label.

    `object_rows`: the row of each hit's object in `objects`, or -1.
    """

    def __init__(self, hits: pd.DataFrame, objects: pd.DataFrame, object_rows: Integers) -> None:
        images = coded.distinct(hits["image"])
        self._edge_case, self._label, self._object_rows = hits["edge_case"], objects["label"], object_rows
        self._hit_image = coded.positions(hits["image"], images)
        self._image_of_object = coded.positions(objects["image"], images)
        self._images = len(images)

    def of(self, case: EdgeCase) -> dict[str, Any]:
        """Return the number of images and objects of one edge case, and of its objects per class.

        For an edge case of images, its objects are those on its images.
        """
        is_of_case = (self._edge_case == case.id).to_numpy()
        has_hit = np.zeros(self._images, dtype=bool)
        has_hit[self._hit_image[is_of_case]] = True
        if case.on == "object":
            its_objects = np.unique(self._object_rows[is_of_case & (self._object_rows >= 0)])
        else:
            its_objects = np.flatnonzero(coded.flags_at(has_hit, self._image_of_object))
        per_class = coded.counts(self._label.iloc[its_objects]).sort_index()
        return {
            "images": int(has_hit.sum()),
            "objects": len(its_objects),
            "classes": {str(label): int(number) for label, number in per_class.items()},
        }


def release_counts(edge_cases: EdgeCases, hits: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Return per active edge case its images and objects in the release, and per split found, wanted and missing.

    What is found and wanted is objects for an edge case of objects, images for one of images. `hits` is table
    `edge_case_hits`; `tables` are the release's by name.
    """
    images = tables["release/images"]
    objects = pd.concat([tables[f"release/{split}"][["object", "image", "label"]] for split in SPLITS])
    image_rows = coded.positions(hits["image"], images["image"])
    object_rows = frames.positions(hits["object"], objects["object"])
    released = (image_rows >= 0) & (hits["object"].isna().to_numpy() | (object_rows >= 0))
    split = coded.take(images["split"], image_rows[released], hits.index[released])
    hits = hits[released]
    found = HitCounts(hits, objects, object_rows[released])
    counts = {}
    for case in edge_cases.active:
        per_split = coded.counts(split[hits["edge_case"] == case.id])
        wanted = {str(split): number for split, number in case.wanted.items()}
        total = found.of(case)
        counts[case.id] = {"images": total["images"], "objects": total["objects"]} | {
            name: _against_wanted(int(per_split.get(name, 0)), wanted.get(name, 0)) for name in SPLITS
        }
    return counts


def _against_wanted(found: int, wanted: int) -> dict[str, int]:
    return {"found": found, "wanted": wanted, "missing": max(wanted - found, 0)}
