"""Where missing objects are to be added, so that the new annotation changes no other object.

A reviewer's annotation about nothing is their whole answer for the image, and would say of all other objects that they
are not there. So the model's box goes into the label log, where it is no vote, and the review is about it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from golgoru.cli.common.table_lookup import is_one_of, open_table, pooled_image_of, select_rows, table_file
from golgoru.geometry.boxes import BOX_COLUMNS, MIN_IOU, box_iou

_COLUMNS = ["annotation", "image", "kind", "about", *BOX_COLUMNS]


class Placement(NamedTuple):
    """Where an object is to be added. `counted_on`: the image that it counts for; `image`: the file that it names.

    `about`: an object that somebody drew there and that was voted away; null where nobody drew anything.
    `occupied_by`: the object that has a label there.
    """

    counted_on: str
    image: str
    about: str | None = None
    occupied_by: str | None = None


def find_placements(missing: Mapping[str, Mapping[str, Any]]) -> dict[str, Placement]:
    """Return the place of each missing object (rows of `label_issues`, by prediction)."""
    if not missing:
        return {}
    pooled = pooled_image_of(row["image"] for row in missing.values())
    labels = select_rows(
        open_table(table_file("labels")), is_one_of("image", pooled.values()), ["object", "image", *BOX_COLUMNS]
    )
    labelled = {row["object"] for row in labels}
    boxes: dict[str, list[dict[str, Any]]] = {}
    for box in [*_drawn(set(pooled.values())), *(row | {"counted_on": row["image"], "file": None} for row in labels)]:
        boxes.setdefault(box["counted_on"], []).append(box)
    placements = {}
    for issue, row in missing.items():  # some hundred rows: a sheet is read by people
        image = pooled[row["image"]]
        nearby = boxes.get(image, [])
        overlap = _overlaps(row, nearby)
        close = [nearby[n] for n in np.argsort(-overlap, kind="stable") if overlap[n] >= MIN_IOU]
        occupied_by = next((box["object"] for box in close if box["object"] in labelled), None)
        place = Placement(image, row["image"], occupied_by=occupied_by)
        if close and occupied_by is None:
            place = Placement(image, close[0]["file"], about=close[0]["object"])
        placements[issue] = place
    return placements


def _overlaps(row: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> NDArray[np.float64]:
    boxes = np.array([[other[side] for side in BOX_COLUMNS] for other in others], dtype=np.float64).reshape(-1, 4)
    box = np.array([[row[side] for side in BOX_COLUMNS]], dtype=np.float64)
    return box_iou(np.repeat(box, len(boxes), axis=0), boxes)


def _drawn(images: set[str]) -> list[dict[str, Any]]:
    """Return the boxes that the pipeline makes objects of, with counted_on, object and the file that names it."""
    roles = select_rows(
        open_table(table_file("annotation_roles")), is_one_of("image", images), ["annotation", "image", "object"]
    )
    by_annotation = {role["annotation"]: role for role in roles if role["object"] is not None}
    annotations = open_table(table_file("annotations"))
    drawn = select_rows(annotations, is_one_of("annotation", by_annotation), _COLUMNS)
    # An annotation that does not count takes part where one that counts is about it.
    about = {
        box["about"]: by_annotation[box["annotation"]]
        for box in drawn
        if box["about"] is not None and box["about"] not in by_annotation
    }
    drawn += select_rows(annotations, is_one_of("annotation", about), _COLUMNS)
    role_of = about | by_annotation
    file_of = {box["annotation"]: box["image"] for box in drawn}
    return [
        {
            **box,
            "counted_on": role_of[name]["image"],
            "object": role_of[name]["object"],
            "file": file_of[role_of[name]["object"]],
        }
        for box in drawn
        if box["kind"] == "object" and (name := box["annotation"]) in role_of and role_of[name]["object"] in file_of
    ]
