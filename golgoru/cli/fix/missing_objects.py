"""Objects that seem to be missing: what a word must be about so that it adds one, and touches no other.

A word about nothing is a reviewer's whole answer for the picture, and would say of all other objects that they are
not there. So the model's box goes into the label log, where it is no vote, and the reviewer's word is about it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from golgoru.cli.common.table_lookup import is_one_of, open_table, pooled_image_of, select_rows, table_file
from golgoru.cli.fix.sheet import BOX
from golgoru.geometry.boxes import MIN_IOU, box_iou

_WORD = ["annotation", "image", "kind", "about", *BOX]


class Placement(NamedTuple):
    """Where an object is to be added. `picture`: what the word is counted for; `image`: the file that it names.

    `about`: an object that somebody drew there and the votes say is none; null where nobody drew anything.
    `in_the_way`: the object that stands there already.
    """

    picture: str
    image: str
    about: str | None = None
    in_the_way: str | None = None


def find_placements(missing: Mapping[str, Mapping[str, Any]]) -> dict[str, Placement]:
    """Return the place of each suspect that seems to be missing (rows of `suspects`, by prediction)."""
    if not missing:
        return {}
    pictures = pooled_image_of(row["image"] for row in missing.values())
    labels = select_rows(
        open_table(table_file("labels")), is_one_of("image", pictures.values()), ["object", "image", *BOX]
    )
    standing = {row["object"] for row in labels}
    boxes: dict[str, list[dict[str, Any]]] = {}
    for box in [*_drawn(set(pictures.values())), *(row | {"picture": row["image"], "file": None} for row in labels)]:
        boxes.setdefault(box["picture"], []).append(box)
    found = {}
    for suspect, row in missing.items():  # some hundred rows: a sheet is read by people
        picture = pictures[row["image"]]
        here = boxes.get(picture, [])
        overlap = _overlaps(row, here)
        close = [here[n] for n in np.argsort(-overlap, kind="stable") if overlap[n] >= MIN_IOU]
        in_the_way = next((word["object"] for word in close if word["object"] in standing), None)
        place = Placement(picture, row["image"], in_the_way=in_the_way)
        if close and in_the_way is None:
            place = Placement(picture, close[0]["file"], about=close[0]["object"])
        found[suspect] = place
    return found


def _overlaps(row: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> NDArray[np.float64]:
    boxes = np.array([[other[side] for side in BOX] for other in others], dtype=np.float64).reshape(-1, 4)
    own = np.array([[row[side] for side in BOX]], dtype=np.float64)
    return box_iou(np.repeat(own, len(boxes), axis=0), boxes)


def _drawn(pictures: set[str]) -> list[dict[str, Any]]:
    """Return the boxes that the pipeline makes objects of, with picture, object and the file of that object's name."""
    votes = select_rows(
        open_table(table_file("annotation_roles")), is_one_of("image", pictures), ["annotation", "image", "object"]
    )
    voted = {vote["annotation"]: vote for vote in votes if vote["object"] is not None}
    annotations = open_table(table_file("annotations"))
    words = select_rows(annotations, is_one_of("annotation", voted), _WORD)
    # What counts for nothing takes part where a word that counts is about it.
    about = {w["about"]: voted[w["annotation"]] for w in words if w["about"] is not None and w["about"] not in voted}
    words += select_rows(annotations, is_one_of("annotation", about), _WORD)
    meant = about | voted
    file_of = {word["annotation"]: word["image"] for word in words}
    return [
        {
            **word,
            "picture": meant[name]["image"],
            "object": meant[name]["object"],
            "file": file_of[meant[name]["object"]],
        }
        for word in words
        if word["kind"] == "object" and (name := word["annotation"]) in meant and meant[name]["object"] in file_of
    ]
