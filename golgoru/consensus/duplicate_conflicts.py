"""Copies that are left out although people label them otherwise than what stays: none is resolved in silence.

Each copy is compared with its survivor. "Own" is what people said of that very file.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from golgoru.consensus.votes import ABSENT
from golgoru.core.dataset import Task
from golgoru.geometry.boxes import MIN_IOU
from golgoru.geometry.matching import match_annotations
from golgoru.tables import frames

RULE = "COPY-003"

_EMPTY = "empty"
# Equal pixels: two boxes mean one thing as they do on one picture. A near copy may be cut: a crop of 5 % moves a box by
# up to 2.5 % of the picture either way, and one of a tenth of the picture then keeps an IoU of 0.39.
_MIN_IOU = {"exact": MIN_IOU, "near": 0.3}
_BOX = ["x", "y", "width", "height"]


class Consensus(NamedTuple):
    """What people say of some pictures.

    `words` and `votes` as in golgoru.consensus.votes, `elected` and `accuracy` as in
    golgoru.consensus.majority; `labels`: the
    table.
    """

    words: pd.DataFrame
    votes: pd.DataFrame
    elected: pd.DataFrame
    accuracy: float | None
    labels: pd.DataFrame


class DuplicateConflicts(NamedTuple):
    """`rows`: the table. `contested`: which of the labels (same index) a copy says otherwise of."""

    rows: pd.DataFrame
    contested: pd.Series


def pooled_images(stands_for: pd.Series) -> pd.Index:
    """Return the images that have equal pixels with another one, so that their words are pooled."""
    return stands_for.index[stands_for.duplicated(keep=False)]


def find_conflicts(
    copies: pd.DataFrame, pooled: Consensus, own: Consensus, among: pd.Index, images: pd.DataFrame, task: Task
) -> DuplicateConflicts:
    """Compare what people say of each copy with what they say of its survivor.

    `pooled`: opinions with words on equal pixels pooled. `own`: opinions on each image of `among` (from `pooling`) by
    itself. An exact copy is compared with the survivor's own label, for the pooled one has its words in it; where
    the survivor has none, and for near copies, with the pooled one. Where nobody said anything, nothing disagrees.
    """
    own_copy = frames.is_in(copies["image"], among)
    own_kept = (copies["kind"] == "exact") & frames.is_in(copies["duplicate_of"], _counted_annotations(own)["image"])
    sides = [
        _labels_on(copies[own_copy], "image", own, task).assign(is_own=True),
        _labels_on(copies[~own_copy], "image", pooled, task).assign(is_own=False),
        _labels_on(copies[own_kept], "duplicate_of", own, task).assign(is_own=True),
        _labels_on(copies[~own_kept], "duplicate_of", pooled, task).assign(is_own=False),
    ]
    items = pd.concat(sides, ignore_index=True)
    items = items[items.groupby("copy")["is_kept"].transform("nunique") == 2].reset_index(drop=True)
    items["thing"] = items["copy"] if task == "classification" else _matched_objects(items, images)
    items["apart"] = _is_in_conflict(items)
    marked = items[items["apart"]].merge(_names_on_survivors(own, pooled), on="object", how="left")
    on_survivor = marked["pooled"].where(marked["is_own"], marked["object"])
    on_survivor = on_survivor.where(marked["is_kept"] | (marked["kind"] == "exact"))
    open_ = ~_is_settled_by_review(on_survivor, marked["duplicate_of"], pooled)
    key = "image" if task == "classification" else "object"
    contested = frames.is_in(pooled.labels[key], on_survivor[open_])
    return DuplicateConflicts(_conflict_table(copies, items, marked.loc[open_, "copy"], task), contested)


def _counted_annotations(said: Consensus) -> pd.DataFrame:
    """Return the words that count and say something."""
    words = said.words
    return words[~words["superseded"] & ~words["lapsed"] & words["value"].notna()]


def _labels_on(copies: pd.DataFrame, column: str, said: Consensus, task: Task) -> pd.DataFrame:
    """Return what is seen on that picture of each pair, `image` or `duplicate_of`: one row per object, or one without any.

    Columns: copy, duplicate_of, kind, shown, is_kept, looked (somebody gave a whole answer), object, label and the box.
    Pictures that nobody spoke of are left out.
    """
    looked = _counted_annotations(said).groupby("image")["answer"].any()
    rows = copies[["image", "duplicate_of", "kind"]].assign(shown=copies[column]).rename(columns={"image": "copy"})
    rows = rows[frames.is_in(rows["shown"], looked.index)]
    rows = rows.assign(is_kept=column == "duplicate_of", looked=rows["shown"].map(looked).astype(bool))
    if task == "classification":
        seen = said.elected[["object", "label"]].assign(shown=said.elected["object"])
    else:
        seen = said.labels[["object", "label", *_BOX]].assign(shown=said.labels["image"])
    return rows.merge(seen.astype({"object": "str", "label": "str"}), on="shown", how="left")


def _matched_objects(items: pd.DataFrame, images: pd.DataFrame) -> pd.Series:
    """Return a name for each object, equal for one of the copy and one of the survivor that are the same thing.

    Boxes are compared as shares of their pictures, so that their sizes are nothing.
    """
    size = images.set_index("image")[["width", "height"]].reindex(items["shown"]).to_numpy(np.float64, na_value=np.nan)
    boxes = items[_BOX].to_numpy(np.float64, na_value=np.nan) / np.tile(size, 2)
    drawn = pd.DataFrame(boxes, columns=_BOX, index=items.index).assign(
        # Pooled words may give an object of the survivor the name of one on the copy.
        annotation=items["is_kept"].map({False: "0 ", True: "1 "}) + items["object"],
        rank=items["is_kept"].astype(int),
        unit=items["is_kept"].astype(int),
        image=items["copy"],
        kind=items["kind"],
    )[items["object"].notna()]
    parts = [match_annotations(drawn[drawn["kind"] == kind], least) for kind, least in _MIN_IOU.items()]
    found: pd.Series = pd.concat(parts).reindex(items.index)
    return found


def _is_in_conflict(items: pd.DataFrame) -> pd.Series:
    """Return which things are of two classes, or on one of two pictures alone though somebody looked at the other."""
    by_thing = items.groupby(["copy", "thing"])
    two_classes = by_thing["label"].transform("nunique") > 1
    alone = by_thing["is_kept"].transform("nunique") == 1
    of_picture = items.groupby(["copy", "is_kept"])["looked"].first()
    other = pd.MultiIndex.from_arrays([items["copy"], ~items["is_kept"]])
    unseen = of_picture.reindex(other).to_numpy(dtype=bool)
    return items["object"].notna() & (two_classes | (alone & unseen))


def _names_on_survivors(own: Consensus, pooled: Consensus) -> pd.DataFrame:
    """Return how an object of one picture by itself is called on the survivor, through the words that mean it."""
    columns = ["annotation", "object"]
    both = own.words[columns].merge(pooled.words[columns].rename(columns={"object": "pooled"}), on="annotation")
    return both.dropna()[["object", "pooled"]].drop_duplicates()


def _is_settled_by_review(on_survivor: pd.Series, duplicate_of: pd.Series, pooled: Consensus) -> pd.Series:
    """Return which were decided by a reviewer: of the object, or of the survivor as a whole."""
    by_name = pooled.elected.loc[pooled.elected["reviewed"], "object"]
    standing = _counted_annotations(pooled)
    whole = standing.loc[standing["answer"] & standing["review"], "image"]
    return frames.is_in(on_survivor.astype("str"), by_name) | frames.is_in(duplicate_of, whole)


def _conflict_table(copies: pd.DataFrame, items: pd.DataFrame, unsettled: pd.Series, task: Task) -> pd.DataFrame:
    """Return table `disagreements`; `unsettled`: copies of which something was not decided by a reviewer."""
    differing = items[items["apart"]].groupby("copy")["thing"].nunique()
    rows = copies[frames.is_in(copies["image"], differing.index)]
    told = items[frames.is_in(items["copy"], rows["image"])]
    of_copy, of_kept = (_label_summary(told[told["is_kept"] == is_kept], task) for is_kept in (False, True))
    return frames.frame("duplicate_conflicts", {
        "image": rows["image"],
        "duplicate_of": rows["duplicate_of"],
        "kind": rows["kind"],
        "label": of_copy.reindex(rows["image"]).fillna(_EMPTY).array,
        "kept_label": of_kept.reindex(rows["image"]).fillna(_EMPTY).array,
        "differing": rows["image"].map(differing),
        "status": np.where(frames.is_in(rows["image"], unsettled), "contested", "adjudicated"),
    })  # fmt: skip


def _label_summary(seen: pd.DataFrame, task: Task) -> pd.Series:
    """Return by copy what is seen: the class, or the classes with how many there are of each."""
    seen = seen[seen["label"].notna() & (seen["label"] != ABSENT)]
    if task == "classification":
        return seen.set_index("copy")["label"]
    counts = seen.groupby(["copy", "label"], sort=True).size().reset_index(name="objects")
    text = counts["label"] + " " + counts["objects"].astype("str")
    return text.groupby(counts["copy"]).agg(", ".join).astype("str")
