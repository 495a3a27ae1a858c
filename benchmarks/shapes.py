"""What merging the geometry and texts of several annotators gains: simulated annotators redraw true boxes and lines.

    python -m benchmarks.shapes FOLDER
    python -m benchmarks.shapes --polygons 200000

FOLDER holds bccd.zip (boxes of blood cells) and sroie.zip (quadrilaterals and texts of receipts). Everybody misses
things, sees things that are not there, slips by some pixels and misreads letters; of three or more the last one is
sloppy: four times as much.
With --polygons: the cost of matching that many quadrilaterals, drawn by three annotators each.
"""

import argparse
import time
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import defusedxml.ElementTree
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from golgoru.consensus.status import AGREED
from golgoru.core.dataset import Task
from golgoru.geometry import polygons
from golgoru.geometry.boxes import BOX_COLUMNS, box_array, box_iou
from golgoru.geometry.matching import match_annotations
from golgoru.guideline.changes import Changes
from golgoru.guideline.classes import Class, Classes
from golgoru.tables import frames
from stages import consolidate

_LOOK_ALIKE = {"0": "O", "O": "0", "1": "I", "I": "1", "5": "S", "S": "5", "8": "B", "B": "8", ".": ",", ",": "."}
_SLOPPY = 4.0


class Errors(NamedTuple):
    """Of a careful person: slips of an edge or corner (pixels, and share of the side), misses, extras, letters."""

    pixels: float
    share: float = 0.0
    missed: float = 0.04
    extra: float = 0.02
    letter: float = 0.01


CELLS, LINES = Errors(pixels=2.0, share=0.02, letter=0.0), Errors(pixels=1.5)


def cells(files: zipfile.ZipFile) -> pd.DataFrame:
    """Return the boxes of BCCD: image, label, x, y, width, height; those without an area left out."""
    rows = []
    for name in sorted(name for name in files.namelist() if name.endswith(".xml")):
        page = defusedxml.ElementTree.fromstring(files.read(name))
        for number in page.iter("object"):
            left, up, right, down = (float(number.findtext(f"bndbox/{c}")) for c in ("xmin", "ymin", "xmax", "ymax"))
            box = left, up, right - left, down - up
            rows.append((Path(name).stem + ".jpg", number.findtext("name"), *box))
    table = pd.DataFrame(rows, columns=["image", "label", *BOX_COLUMNS])
    return table[(table["width"] > 0) & (table["height"] > 0)].reset_index(drop=True)


def lines(files: zipfile.ZipFile) -> pd.DataFrame:
    """Return the lines of SROIE: image, label, polygon, text and the box around it."""
    rows = []
    for name in sorted(name for name in files.namelist() if name.startswith("boxes/") and name.endswith(".csv")):
        for line in files.read(name).decode("utf-8-sig").splitlines():
            *corners, text = line.split(",", 8)
            if len(corners) == 8 and text.strip():
                rows.append((Path(name).stem + ".jpg", "text", [float(corner) for corner in corners], text.strip()))
    table = pd.DataFrame(rows, columns=["image", "label", "polygon", "text"])
    around = polygons.bounding_boxes(polygons.parse_polygons(table["polygon"]))
    return table.assign(**dict(zip(BOX_COLUMNS, around.T, strict=True)))


def simulated_annotations(truth: pd.DataFrame, annotators: int, errors: Errors, seed: int = 0) -> pd.DataFrame:
    """Return the simulated annotations of the truth, as table `annotations`; the last of three or more is sloppy.

    An annotation is named after its annotator and the row of `truth`, or an `x` and a number where there is nothing.
    """
    dice = np.random.default_rng(seed)
    parts = []
    for annotator in range(annotators):
        worse = _SLOPPY if annotators > 2 and annotator == annotators - 1 else 1.0
        seen = truth[dice.random(len(truth)) >= errors.missed * worse]
        beside = truth.sample(frac=errors.extra * worse, random_state=seed * 100 + annotator)
        drawn = pd.concat([seen, beside.assign(y=_elsewhere(truth)[beside.index])])
        drawn = _slipped(drawn.assign(moved=drawn["y"] - truth["y"].reindex(drawn.index)), errors, worse, dice)
        names = [f"p{annotator}/{n}" for n in seen.index] + [f"p{annotator}/x{n}" for n in beside.index]
        text = [_misread(text, errors.letter * worse, dice) for text in drawn["text"]] if "text" in drawn else None
        parts.append(drawn.assign(annotation=names, annotator=f"p{annotator}", batch=f"p{annotator}", text=text))
    columns = {"date": "2026-01-02", "source": "human", "kind": "object", "guideline_version": "1.0"}
    return frames.frame("annotations", pd.concat(parts, ignore_index=True).assign(**columns))


def _elsewhere(truth: pd.DataFrame) -> pd.Series:
    """Return another upper edge for each object: half the span of its image's objects away, and inside the image."""
    ends = (truth["y"] + truth["height"]).groupby(truth["image"]).transform("max")
    half = (ends - truth["y"].groupby(truth["image"]).transform("min")) / 2
    below = truth["y"] + half
    return below.where(below + truth["height"] <= ends, (truth["y"] - half).clip(lower=0))


def _slipped(drawn: pd.DataFrame, errors: Errors, worse: float, dice: np.random.Generator) -> pd.DataFrame:
    if "polygon" not in drawn:
        box = box_array(drawn)
        slip = worse * dice.normal(0, errors.pixels + errors.share * np.tile(box[:, 2:], 2))
        low, high = box[:, :2] + slip[:, :2], box[:, :2] + box[:, 2:] + slip[:, 2:]
        moved = np.hstack([low, np.maximum(high - low, 1)]).round(1)
        return drawn.assign(**dict(zip(BOX_COLUMNS, moved.T, strict=True)))
    corners = np.array(drawn["polygon"].to_list())
    corners[:, 1::2] += drawn["moved"].to_numpy()[:, np.newaxis]
    slipped = pd.Series((corners + worse * dice.normal(0, errors.pixels, corners.shape)).round(1).tolist(), drawn.index)
    around = polygons.bounding_boxes(polygons.parse_polygons(slipped))
    return drawn.assign(polygon=slipped, **dict(zip(BOX_COLUMNS, around.T, strict=True)))


def _misread(text: str, rate: float, dice: np.random.Generator) -> str:
    wrong = dice.random(len(text)) < rate
    read = "".join(_LOOK_ALIKE.get(letter, "") if slip else letter for letter, slip in zip(text, wrong, strict=True))
    return read if read.strip() else text


def consensus(annotations: pd.DataFrame, task: Task, geometry: Any = "merged") -> consolidate.Tables:
    """Return the result of `consolidate`."""
    names = sorted(annotations["image"].unique())
    images = frames.frame("images", {"image": names, "content": names, "width": 1000, "height": 1000})
    sources = {"image": names, "delivery": "d", "date": "2026-01-01"}
    return consolidate.transform(
        annotations=annotations,
        violations=frames.frame("violations"),
        duplicate_pairs=frames.frame("duplicate_pairs"),
        images=images,
        sources=frames.frame("sources", sources),
        classes=Classes(version="1.0", classes=tuple(Class(id=name) for name in sorted(annotations["label"].unique()))),
        changes=Changes(),
        task=task,
        params=consolidate.Params(geometry=geometry),
    )


def overlap(rows: pd.DataFrame, key: str, truth: pd.DataFrame) -> NDArray[np.float64]:
    """Return the IoU of each row with the row of `truth` that its `key` names; rows that name none are left out."""
    name = rows[key].str.split("/").str[1]
    rows, name = rows[~name.str.startswith("x")], name[~name.str.startswith("x")].astype(int)
    true = truth.loc[name]
    if "polygon" not in true:
        return box_iou(box_array(rows), box_array(true))
    both = polygons.parse_polygons(rows["polygon"]), polygons.parse_polygons(true["polygon"])
    place = np.arange(len(rows))
    return np.nan_to_num(polygons.polygon_iou(both[0], place, both[1], place))


def texts_right(rows: pd.DataFrame, key: str, truth: pd.DataFrame) -> float:
    """Return the share of the rows that name a row of `truth` whose text is that row's."""
    name = rows[key].str.split("/").str[1]
    there = ~name.str.startswith("x")
    true = truth["text"].reindex(name[there].astype(int))
    return float((rows.loc[there, "text"].to_numpy(dtype=object) == true.to_numpy(dtype=object)).mean())


def _compare(title: str, truth: pd.DataFrame, task: Task, errors: Errors) -> None:
    print(title)
    for count in (2, 3, 5):
        annotations = simulated_annotations(truth, count, errors)
        careful = annotations[annotations["annotator"] == "p0"]
        labels_by = {kind: consensus(annotations, task, kind).labels for kind in ("representative", "merged")}
        means = "  ".join(f"{kind} {overlap(labels, 'object', truth).mean():.4f}" for kind, labels in labels_by.items())
        merged = labels_by["merged"]
        ours = merged[~merged["object"].str.contains("/x")]
        print(
            f"  {count} annotators: IoU of one {overlap(careful, 'annotation', truth).mean():.4f}  {means}; "
            f"{len(truth)} objects, {len(merged)} labels, {len(merged) - len(ours)} of them of no object, "
            f"contested {merged['rule'].value_counts().to_dict()}, agreement {merged['agreement'].mean():.4f}"
        )
        if task == "ocr":
            agreed = merged[merged["status"] == AGREED]
            print(
                f"    texts right: one {texts_right(careful, 'annotation', truth):.4f}, consensus"
                f" {texts_right(merged, 'object', truth):.4f}, of those agreed"
                f" {texts_right(agreed, 'object', truth):.4f}; text agreement {merged['text_agreement'].mean():.4f}"
            )


def _cost(count: int) -> None:
    """Match that many quadrilaterals of three annotators each, 40 on an image."""
    dice = np.random.default_rng(0)
    number = np.arange(count)
    place = np.stack([number % 4 * 250, number // 4 % 10 * 40], axis=1)
    corners = np.tile(np.array([0.0, 0.0, 200.0, 8.0, 199.0, 30.0, -1.0, 22.0]), (count, 1)) + np.tile(place, 4)
    drawn = np.vstack([corners + dice.normal(0, 1.5, corners.shape) for _ in range(3)]).round(1)
    table = pd.DataFrame({"polygon": pd.Series(list(drawn), dtype=object)})
    table["image"] = np.char.add("i", np.tile(number // 40, 3).astype(str))
    table["annotation"] = np.char.add(np.repeat(["a/", "b/", "c/"], count), np.tile(number, 3).astype(str))
    around = polygons.bounding_boxes(polygons.parse_polygons(table["polygon"]))
    table = frames.frame("annotations", table.assign(**dict(zip(BOX_COLUMNS, around.T, strict=True))))
    table = table.assign(rank=0, unit=np.repeat(range(3), count))
    tracemalloc.start()
    begun = time.process_time()
    objects = match_annotations(table)
    seconds = time.process_time() - begun
    _, most = tracemalloc.get_traced_memory()
    print(f"{3 * count} polygons, {objects.nunique()} objects: {seconds:.1f} CPU s, {most / 1e6:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--polygons", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.polygons:
        _cost(arguments.polygons)
    if arguments.folder:
        with zipfile.ZipFile(arguments.folder / "bccd.zip") as files:
            _compare("BCCD, boxes", cells(files), "detection", CELLS)
        with zipfile.ZipFile(arguments.folder / "sroie.zip") as files:
            _compare("SROIE, quadrilaterals and texts", lines(files), "ocr", LINES)


if __name__ == "__main__":
    main()
