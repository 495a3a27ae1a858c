"""What stage `select` costs on a million images, beside reading its tables.

    python -m benchmarks.queueing [IMAGES]

Half of the images have labels of 50 classes, for the others there are predictions; one in twenty is a near-duplicate.
The stage runs in a process of its own, on tables on disk, reading and writing included; so does the floor.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from golgoru import shell
from golgoru.consensus.status import AGREED, CONTESTED
from golgoru.core import paths
from golgoru.tables import frames
from golgoru.tables.frames import table_path
from stages import select

_CLASSES, _DIMENSIONS = 50, 128
_NAMES = np.array([f"class {n}" for n in range(_CLASSES)], dtype=object)
_FLOOR, _STAGE = "floor", "stage"
_READ = (
    "images", "duplicate_pairs", "duplicates", "groups", "violations", "annotation_roles", "labels",
    "duplicate_conflicts", "edge_case_hits", "split_coverage", "collection_plan", "predictions", "label_issues",
    "embeddings",
)  # fmt: skip


def tables(images: int) -> dict[str, pd.DataFrame]:
    """Return every table that the stage reads."""
    rng = np.random.default_rng(0)
    name = pd.Series(np.arange(images)).map("d/{:08}.jpg".format).astype("str")
    content = pd.Series(np.arange(images) * 7919).map("{:032x}".format).astype("str")
    true = rng.integers(0, _CLASSES, images)
    first = rng.choice(images - 1, images // 20, replace=False)
    return {
        "images": frames.frame("images", {"image": name, "content": content, "width": 640, "height": 480}),
        "groups": frames.frame("groups", {"image": name, "group": content, "group_on_arrival": content}),
        "duplicate_pairs": frames.frame("duplicate_pairs", {
            "image_a": name[first].to_numpy(), "image_b": name[first + 1].to_numpy(), "kind": "near",
            "distance": 1, "score": 0.99,
        }),
        **_labelled(name[: images // 2], content[: images // 2], true, rng),
        "predictions": _predictions(name, content, true, rng),
        "embeddings": _embeddings(name, true, rng),
        "edge_case_hits": frames.frame("edge_case_hits", {
            "edge_case": "EDGE-005", "image": name[::50], "object": None,
        }),
        "split_coverage": frames.frame("split_coverage", {
            "kind": ["edge case"], "key": "EDGE-005", "split": "test", "groups": 0, "found": 0, "wanted": 9,
            "missing": 9, "missing_with_pins": 9,
        }),
        "collection_plan": frames.frame("collection_plan", {
            "split": ["train"], "by": "class", "value": "class 7", "images": 1, "distinct_images": 1.0,
            "kept": 1, "objects": 1, "collect_unweighted": 300,
        }),
        **{table: frames.frame(table) for table in ("duplicates", "violations", "duplicate_conflicts")},
    }  # fmt: skip


def _labelled(
    name: pd.Series, content: pd.Series, true: NDArray[np.int64], rng: np.random.Generator
) -> dict[str, pd.DataFrame]:
    """Return labels, annotation roles and label issues of the labelled images."""
    many, doubted = len(name), len(name) // 10
    labels = {"object": content, "image": name, "label": _NAMES[true[:many]], "ignore": False, "votes": 2}
    return {
        "labels": frames.frame("labels", labels | {
            "agreement": 1.0, "source": "human", "guideline_version": "1",
            "status": np.where(rng.random(many) < 0.05, CONTESTED, AGREED),
        }),
        "annotation_roles": frames.frame("annotation_roles", {
            "annotation": content, "image": name, "object": content, "role": "agrees",
        }),
        "label_issues": frames.frame("label_issues", {
            "issue": content[:doubted], "rank": np.arange(1, doubted + 1), "image": name[:doubted], "kind": "class",
            "label": "class 1", "proposed": "class 2", "proposal": "relabel", "score": np.linspace(0.9, 0.1, doubted),
            "reason": "model: class 2 0.90",
        }),
    }  # fmt: skip


def _predictions(
    name: pd.Series, content: pd.Series, true: NDArray[np.int64], rng: np.random.Generator
) -> pd.DataFrame:
    """Return a model's predictions on every image, mostly correct ones."""
    logits = rng.normal(0, 1, (len(name), _CLASSES)).astype(np.float32)
    logits[np.arange(len(name)), true] += rng.exponential(4, len(name)).astype(np.float32)
    probable = np.exp(logits)
    probable /= probable.sum(axis=1, keepdims=True)
    offsets = np.arange(len(name) + 1, dtype=np.int32) * _CLASSES
    lists = pa.ListArray.from_arrays(offsets, pa.array(probable.astype(float).ravel()))
    labelled = pd.Series(np.arange(len(name)) < len(name) // 2)
    return frames.frame("predictions", {
        "model": pd.Series("built-in", index=name.index), "prediction": content, "image": name,
        "object": content.where(labelled), "label": pd.Series(_NAMES[true]).where(labelled),
        "predicted": _NAMES[probable.argmax(axis=1)], "confidence": probable.max(axis=1).astype(float),
        "class_learned": True, "probabilities": pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([lists]))),
    })  # fmt: skip


def _embeddings(name: pd.Series, true: NDArray[np.int64], rng: np.random.Generator) -> pd.DataFrame:
    """Return the embedding of every image: those of a class lie around its centre."""
    points = rng.normal(0, 1, (_CLASSES, _DIMENSIONS)).astype(np.float32)[true]
    points += rng.normal(0, 1, (len(name), _DIMENSIONS)).astype(np.float32)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    buffers = [None, pa.py_buffer(points.astype("<f2").tobytes())]
    fixed = pa.FixedSizeBinaryArray.from_buffers(pa.binary(2 * _DIMENSIONS), len(name), buffers)
    embedding = pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([fixed.cast(pa.binary())])))
    return frames.frame("embeddings", {"image": name, "embedding": embedding})


def child(what: str) -> None:
    """Read the tables, and for the stage run it too; print CPU seconds and peak memory."""
    if what == _FLOOR:
        for table in _READ:
            frames.read_table(table_path(table), table)
    else:
        arguments = shell.read_arguments("select", select.transform)
        shell.write_outputs("select", select.transform(**arguments)._asdict())
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(
        f"{what}: {used.ru_utime + used.ru_stime:.1f} CPU s, peak {used.ru_maxrss / 1024:,.0f} MB", end="", flush=True
    )


def main() -> None:
    """Print what the floor and the stage cost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--child", choices=(_FLOOR, _STAGE), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        child(asked.child)
        return
    top = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for name, table in tables(asked.images).items():
            frames.write_table(table, table_path(name), name)
        paths.CLASSES.parent.mkdir(parents=True)
        ids = "".join(f"  - {{id: class {n}}}\n" for n in range(_CLASSES))
        paths.CLASSES.write_text(f'version: "1"\nclasses:\n{ids}')
        paths.PARAMS.write_text(
            "dataset: {name: a, version: '1', task: classification, licence: CC0-1.0, creators: [a], "
            "date: '2026-01-01', seed: 0}\nselect: {}\n"
        )
        for what in (_FLOOR, _STAGE):
            begun = time.monotonic()
            command = [sys.executable, "-m", "benchmarks.queueing", "--child", what]
            subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": str(top)})  # noqa: S603
            print(f", {time.monotonic() - begun:.1f} s")
        os.chdir(top)


if __name__ == "__main__":
    main()
