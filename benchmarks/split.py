"""What stage `split` costs, beside reading its tables and hashing every group's name, and how growth moves images.

    python -m benchmarks.split [PICTURES]     1,000,000 unless given: CPU seconds and peak of memory
    python -m benchmarks.split --growth       20,000 to 60,000 pictures in 20 commits, ten seeds: shares, and what moved

The stage runs in a process of its own, on tables on disk, reading and writing included; so does the floor.
"""

import argparse
import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from golgoru import shell
from golgoru.consensus.status import AGREED, CONTESTED
from golgoru.core import paths
from golgoru.core.dataset import SPLITS
from golgoru.duplicates.components import group_roots
from golgoru.splits import assignment
from golgoru.tables import frames
from golgoru.tables.frames import table_path
from stages import split

_CLASSES = 200  # half of them rare: 30 pictures each
_FLOOR, _STAGE = "floor", "stage"
_READ = ("groups", "sources", "images", "labels", "annotation_roles", "edge_case_hits", "duplicates", "duplicate_pairs")
_CATALOGUE = """\
edge_cases:
  - {id: EDGE-001, sentence: It is dark, decision: Look twice, on: image, predicate: brightness < 50, owner: lead,
     since: "1", wanted: {train: 500, val: 100, test: 100}}
  - {id: EDGE-002, sentence: It is rare, decision: Look twice, on: object, predicate: votes = 1, owner: lead,
     since: "1", wanted: {train: 20, val: 10, test: 10}}
"""


def world(pictures: int, dice: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Return images, sources and groups of twenty deliveries.

    Every twentieth image duplicates an earlier one, and every hundredth two of them, which joins their groups.
    """
    rank = np.sort(dice.integers(0, 20, pictures))
    delivery = pd.Series(rank).map("day-{:02}".format).astype("str")
    name = delivery + "/" + pd.Series(np.arange(pictures)).map("{:08}.jpg".format).astype("str")
    content = np.array([hashlib.md5(f"{n}".encode(), usedforsecurity=False).hexdigest() for n in range(pictures)])
    copies = np.flatnonzero(dice.random(pictures) < 0.05)[1:]
    later = np.concatenate([copies, copies[dice.random(len(copies)) < 0.2]])
    roots = group_roots(
        rank.astype(np.int64), np.column_stack([(dice.random(len(later)) * later).astype(np.int64), later])
    )
    key = pd.Series(content[roots.now], dtype="str").where(dice.random(pictures) < 0.2)
    return {
        "images": frames.frame("images", {
            "image": name, "content": content, "bytes": 90_000, "width": dice.choice([320, 640, 4000], pictures),
            "height": 480, "format": "JPEG", "mode": dice.choice(["RGB", "L"], pictures), "brightness": 100.0,
        }),
        "sources": frames.frame("sources", {
            "image": name, "delivery": delivery, "date": pd.Series(rank + 1).map("2026-01-{:02}".format),
            "camera": dice.choice([f"camera {n}" for n in range(40)], pictures), "metres": dice.normal(size=pictures),
            "group_key": key,
        }),
        "groups": frames.frame(
            "groups", {"image": name, "group": content[roots.now], "group_on_arrival": content[roots.on_arrival]}
        ),
    }  # fmt: skip


def write(pictures: int) -> None:
    """Write every table that the stage reads below data/."""
    dice = np.random.default_rng(0)
    made = world(pictures, dice)
    images = made["images"]
    name = images["image"]
    label = np.char.add("class ", dice.integers(0, _CLASSES // 2, pictures).astype(str)).astype(object)
    rare = np.repeat([f"rare {n}" for n in range(_CLASSES // 2)], 30)[:pictures]
    label[dice.choice(pictures, len(rare), replace=False)] = rare
    labels = {"object": images["content"], "image": name, "label": label, "ignore": False, "votes": 3, "agreement": 1.0}
    labels |= {"status": dice.choice([AGREED, AGREED, CONTESTED], pictures), "source": "human"}
    dark = pd.DataFrame({"edge_case": "EDGE-001", "image": name[::50], "object": None})
    few = pd.DataFrame({"edge_case": "EDGE-002", "image": name[:40], "object": images["content"][:40]})
    near = pd.DataFrame({"image_a": name[:-1:20].to_numpy(), "image_b": name[1::20].to_numpy(), "kind": "borderline"})
    removed = pd.DataFrame({"image": name[:-1:100], "duplicate_of": name[1::100].to_numpy(), "kind": "near"})
    tables = {
        **made,
        "labels": labels | {"guideline_version": "1"},
        "annotation_roles": {"annotation": images["content"], "image": name, "role": "agrees"},
        "edge_case_hits": pd.concat([dark, few]),
        "duplicates": removed.assign(rule="COPY-002"),
        "duplicate_pairs": near.assign(distance=3, score=0.9),
    }
    for table, rows in tables.items():
        frames.write_table(frames.frame(table, rows), table_path(table), table)
    paths.PARAMS.write_text("dataset: {name: x, version: '1', task: classification, licence: CC0-1.0, creators: [a], "
                            "date: '2026-01-01', seed: 0, frozen: }\nsplit: {}\n")  # fmt: skip
    paths.EDGE_CASES.parent.mkdir()
    paths.EDGE_CASES.write_text(_CATALOGUE)


def child(what: str) -> None:
    """Run the stage, or the floor, on the tables here, and say what it took."""
    begun = time.process_time()
    if what == _STAGE:
        made = split.transform(**shell.read_arguments("split", split.transform))
        shell.write_outputs("split", made._asdict())
        print(f"proposed pins: {made.metrics['proposed pins']}")
    else:
        for name in _READ:
            table = frames.read_table(table_path(name), name)
            if name == "groups":
                for group in table["group"].unique():
                    hashlib.blake2b(group.encode(), digest_size=6).digest()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what}: {time.process_time() - begun:.1f} CPU s, peak {peak:,.0f} MB")


def growth(seeds: int = 10) -> None:
    """Print how far shares of pictures differ from 70, 15 and 15 %, and how many pictures merges moved."""
    for seed in range(seeds):
        made = world(60_000, np.random.default_rng(seed))
        rows = assignment.images_by_arrival(made["groups"], made["images"], made["sources"])
        settings = assignment.SplitSettings(seed, (0.7, 0.15, 0.15))
        splits = assignment.assign_splits(rows, [], rows["image"], settings).splits
        share = splits["split"].value_counts(normalize=True)
        largest = max(abs(share[split] - wanted) for split, wanted in zip(SPLITS, settings.shares, strict=True))
        moved = int(splits["reason"].str.startswith("merge").sum())
        print(f"seed {seed}: shares within {largest:.2%}, {moved} pictures moved by merges")


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--child", choices=[_STAGE, _FLOOR], help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        child(given.child)
    elif given.growth:
        growth()
    else:
        top = Path(__file__).resolve().parents[1]
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            write(given.pictures)
            for what in (_FLOOR, _STAGE):
                command = [sys.executable, "-m", "benchmarks.split", "--child", what]
                subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(top)})  # noqa: S603
            os.chdir(top)


if __name__ == "__main__":
    main()
