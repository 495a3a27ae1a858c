"""How often each edge case occurs, and how many are missing in a release."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from golgoru.core.dataset import SPLITS
from golgoru.guideline.edge_cases import EdgeCase, EdgeCases
from golgoru.tables import frames


def count_edge_case(case: EdgeCase, hits: pd.DataFrame, objects: pd.DataFrame) -> dict[str, Any]:
    """Return the number of images and objects of one edge case, and of its objects per class.

    For an edge case of images, its objects are those on its images. `hits` is table `edge_case_hits`; `objects` has the
    columns object, image and label.
    """
    hits = hits[hits["edge_case"] == case.id]
    key = "object" if case.on == "object" else "image"
    its_objects = objects[frames.is_in(objects[key], hits[key])]
    per_class = its_objects["label"].value_counts().sort_index()
    return {
        "images": int(hits["image"].nunique()),
        "objects": len(its_objects),
        "classes": {str(label): int(number) for label, number in per_class.items()},
    }


def release_counts(edge_cases: EdgeCases, hits: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Return per active edge case its images and objects in the release, and per split found, wanted and missing.

    What is found and wanted is objects for an edge case of objects, images for one of images. `hits` is table
    `edge_case_hits`; `tables` are the release's by name.
    """
    split_of = tables["release/images"].set_index("image")["split"]
    objects = pd.concat([tables[f"release/{split}"][["object", "image", "label"]] for split in SPLITS])
    is_kept = hits["object"].isna() | frames.is_in(hits["object"], objects["object"])
    released = hits[frames.is_in(hits["image"], split_of.index) & is_kept].assign(split=hits["image"].map(split_of))
    counts = {}
    for case in edge_cases.active:
        per_split = released.loc[released["edge_case"] == case.id, "split"].value_counts()
        wanted = {str(split): number for split, number in case.wanted.items()}
        total = count_edge_case(case, released, objects)
        counts[case.id] = {"images": total["images"], "objects": total["objects"]} | {
            name: _against_wanted(int(per_split.get(name, 0)), wanted.get(name, 0)) for name in SPLITS
        }
    return counts


def _against_wanted(found: int, wanted: int) -> dict[str, int]:
    return {"found": found, "wanted": wanted, "missing": max(wanted - found, 0)}
