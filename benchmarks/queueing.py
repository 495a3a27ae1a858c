"""What stage `select` costs on a million pictures, beside reading its tables.

    python -m benchmarks.queueing [PICTURES]

Half of the pictures have labels of 50 classes, of the others a model says what it sees; one in twenty is a near-copy.
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
from golgoru.core import paths
from golgoru.tables import frames
from golgoru.tables.frames import table_path
from stages import select

_CLASSES, _DIMENSIONS = 50, 128
_NAMES = np.array([f"class {n}" for n in range(_CLASSES)], dtype=object)
_FLOOR, _STAGE = "floor", "stage"
_READ = ("images", "duplicate_pairs", "duplicates", "groups", "violations", "annotation_roles", "labels", "duplicate_conflicts", "edge_case_hits", "split_coverage",
         "collection_plan", "predictions", "label_issues", "embeddings")  # fmt: skip


def tables(pictures: int) -> dict[str, pd.DataFrame]:
    """Return every table that the stage reads."""
    dice = np.random.default_rng(0)
    name = pd.Series(np.arange(pictures)).map("d/{:08}.jpg".format).astype("str")
    content = pd.Series(np.arange(pictures) * 7919).map("{:032x}".format).astype("str")
    true = dice.integers(0, _CLASSES, pictures)
    copies = dice.choice(pictures - 1, pictures // 20, replace=False)
    return {
        "images": frames.frame("images", {"image": name, "content": content, "width": 640, "height": 480}),
        "groups": frames.frame("groups", {"image": name, "group": content, "home": content}),
        "duplicate_pairs": frames.frame("duplicate_pairs", {
            "image_a": name[copies].to_numpy(), "image_b": name[copies + 1].to_numpy(), "kind": "near", "distance": 1,
            "score": 0.99,
        }),
        **_labelled(name[: pictures // 2], content[: pictures // 2], true, dice),
        "predictions": _predictions(name, content, true, dice),
        "vectors": _vectors(name, true, dice),
        "edge_case_hits": frames.frame("edge_case_hits", {"edge_case": "EDGE-005", "image": name[::50], "object": None}),
        "split_coverage": frames.frame("split_coverage", {
            "kind": ["edge case"], "key": "EDGE-005", "split": "test", "groups": 0, "found": 0, "wanted": 9,
            "missing": 9, "short": 9,
        }),
        "collection_plan": frames.frame("collection_plan", {
            "split": ["train"], "by": "class", "value": "class 7", "images": 1, "once": 1.0, "kept": 1, "objects": 1,
            "even": 300,
        }),
        **{table: frames.frame(table) for table in ("duplicates", "violations", "duplicate_conflicts")},
    }  # fmt: skip


def _labelled(
    name: pd.Series, content: pd.Series, true: NDArray[np.int64], dice: np.random.Generator
) -> dict[str, pd.DataFrame]:
    """Return labels, votes and suspects of the pictures that have labels."""
    many, doubted = len(name), len(name) // 10
    labels = {"object": content, "image": name, "label": _NAMES[true[:many]], "ignore": False, "votes": 2}
    return {
        "labels": frames.frame("labels", labels | {
            "agreement": 1.0, "source": "human", "guideline_version": "1",
            "status": np.where(dice.random(many) < 0.05, "contested", "agreed"),
        }),
        "annotation_roles": frames.frame("annotation_roles", {"annotation": content, "image": name, "object": content, "role": "voted"}),
        "label_issues": frames.frame("label_issues", {
            "suspect": content[:doubted], "rank": np.arange(1, doubted + 1), "image": name[:doubted], "kind": "label",
            "label": "class 1", "proposed": "class 2", "proposal": "relabel", "score": np.linspace(0.9, 0.1, doubted),
            "reason": "the model says class 2",
        }),
    }  # fmt: skip


def _predictions(
    name: pd.Series, content: pd.Series, true: NDArray[np.int64], dice: np.random.Generator
) -> pd.DataFrame:
    """Return what a model says of every picture: mostly what it shows."""
    logits = dice.normal(0, 1, (len(name), _CLASSES)).astype(np.float32)
    logits[np.arange(len(name)), true] += dice.exponential(4, len(name)).astype(np.float32)
    probable = np.exp(logits)
    probable /= probable.sum(axis=1, keepdims=True)
    offsets = np.arange(len(name) + 1, dtype=np.int32) * _CLASSES
    lists = pa.ListArray.from_arrays(offsets, pa.array(probable.astype(float).ravel()))
    labelled = pd.Series(np.arange(len(name)) < len(name) // 2)
    return frames.frame("predictions", {
        "model": pd.Series("built-in", index=name.index), "prediction": content, "image": name,
        "object": content.where(labelled), "label": pd.Series(_NAMES[true]).where(labelled),
        "predicted": _NAMES[probable.argmax(axis=1)], "confidence": probable.max(axis=1).astype(float),
        "can_say": True, "probabilities": pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([lists]))),
    })  # fmt: skip


def _vectors(name: pd.Series, true: NDArray[np.int64], dice: np.random.Generator) -> pd.DataFrame:
    """Return what every picture looks like: those of a class lie about its centre."""
    points = dice.normal(0, 1, (_CLASSES, _DIMENSIONS)).astype(np.float32)[true]
    points += dice.normal(0, 1, (len(name), _DIMENSIONS)).astype(np.float32)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    buffers = [None, pa.py_buffer(points.astype("<f2").tobytes())]
    fixed = pa.FixedSizeBinaryArray.from_buffers(pa.binary(2 * _DIMENSIONS), len(name), buffers)
    vector = pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([fixed.cast(pa.binary())])))
    return frames.frame("embeddings", {"image": name, "vector": vector})


def child(what: str) -> None:
    """Read the tables, and for the stage run it too; print CPU seconds and peak memory."""
    if what == _FLOOR:
        for table in _READ:
            frames.read(table_path(table), table)
    else:
        arguments = shell.read("select", select.transform)
        shell.write("select", select.transform(**arguments)._asdict())
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(
        f"{what}: {used.ru_utime + used.ru_stime:.1f} CPU s, peak {used.ru_maxrss / 1024:,.0f} MB", end="", flush=True
    )


def main() -> None:
    """Print what the floor and the stage cost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--child", choices=(_FLOOR, _STAGE), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        child(asked.child)
        return
    top = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for name, table in tables(asked.pictures).items():
            frames.write(table, table_path(name), name)
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
