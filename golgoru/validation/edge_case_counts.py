"""How often each edge case occurs, and how many of it are missing in a release."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from golgoru.core.dataset import SPLITS
from golgoru.guideline.edge_cases import EdgeCase, EdgeCases
from golgoru.tables import frames


def count_edge_case(case: EdgeCase, cases: pd.DataFrame, objects: pd.DataFrame) -> dict[str, Any]:
    """Return the images and objects of one edge case, and its objects per class.

    Its objects are those that it fires for; for an edge case of images, those that stand on them. `cases` is table
    `cases`; `objects` has the columns object, image and label.
    """
    fired = cases[cases["edge_case"] == case.id]
    own = "object" if case.on == "object" else "image"
    its = objects[frames.is_in(objects[own], fired[own])]
    per_class = its["label"].value_counts().sort_index()
    return {
        "images": int(fired["image"].nunique()),
        "objects": len(its),
        "classes": {str(label): int(number) for label, number in per_class.items()},
    }


def release_counts(edge_cases: EdgeCases, cases: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Return per active edge case its images and objects in the release, and per split found, wanted and missing.

    Found are objects for an edge case of objects, images for one of images. `tables` are the release's by name.
    """
    images = tables["release/images"].set_index("image")["split"]
    objects = pd.concat([tables[f"release/{split}"][["object", "image", "label"]] for split in SPLITS])
    of_object = cases["object"].notna()
    kept = frames.is_in(cases["image"], images.index) & (~of_object | frames.is_in(cases["object"], objects["object"]))
    released = cases[kept].assign(split=cases["image"].map(images))
    counts = {}
    for case in edge_cases.active:
        split = released.loc[released["edge_case"] == case.id, "split"].value_counts()
        wanted = {str(split): number for split, number in case.wanted.items()}
        found = count_edge_case(case, released, objects)
        counts[case.id] = {"images": found["images"], "objects": found["objects"]} | {
            name: _against_wanted(int(split.get(name, 0)), wanted.get(name, 0)) for name in SPLITS
        }
    return counts


def _against_wanted(found: int, wanted: int) -> dict[str, int]:
    return {"found": found, "wanted": wanted, "missing": max(wanted - found, 0)}
