"""How much the rule book costs, against the same checks written in plain pandas, side by side in one run.

    python -m benchmarks.validate [--annotations 1000000] [--broken 0.2]

Both get the same tables (detection; ten words per image, three annotators) and must find the same rows. CPU seconds of
this process; importing Great Expectations, which costs the same for one row as for ten million, is shown by itself.

    python -m benchmarks.validate --stage --annotations 10000000

runs the stage itself, in a process of its own on tables on disk, and shows its CPU seconds and peak of memory.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.plain_pandas import plain_pandas
from golgoru.core import paths
from golgoru.guideline.annotators import Annotators
from golgoru.guideline.changes import Changes
from golgoru.guideline.classes import Classes
from golgoru.guideline.rules import read_rules
from golgoru.tables import frames
from golgoru.validation import baseline, suite_runner
from golgoru.validation.features.annotations import AnnotationFeatures
from golgoru.validation.features.images import ImageFeatures, RejectFeatures, SourceFeatures
from golgoru.validation.suites import read_suites

CLASSES = Classes.model_validate(
    {"version": "1.0", "classes": [{"id": f"class-{n}", "definition": "It is one."} for n in range(20)]}
)
POOLS = Annotators(pools={"lab": ("ann-0", "ann-1", "ann-2")})


def tables(count: int, broken: float) -> dict[str, pd.DataFrame]:
    """Return simulated tables in which the given share of the words breaks a rule, each of ten kinds alike."""
    dice = np.random.default_rng(0)
    pictures = max(count // 10, 1)
    names = pd.Series(np.char.add("delivery/images/", np.arange(pictures).astype(str)), dtype="str") + ".jpg"
    images = frames.frame("images", {
        "image": names, "content": names, "width": 640, "height": 480, "format": "JPEG", "brightness": 100.0,
        "contrast": 50.0,
    })  # fmt: skip
    sources = frames.frame(
        "sources", {"image": names, "delivery": "delivery", "date": "2026-01-01", "licence": "CC0-1.0"}
    )
    row = np.arange(count)
    width, height = dice.uniform(20, 60, count), dice.uniform(20, 60, count)
    words = frames.frame("annotations", {
        "annotation": "batch/" + pd.Series(row.astype(str), dtype="str"),
        "image": names.iloc[row % pictures].reset_index(drop=True),
        "annotator": pd.Series(np.char.add("ann-", (row % 3).astype(str)), dtype="str"),
        "batch": "batch", "date": "2026-01-02", "source": "human", "kind": "object", "guideline_version": "1.0",
        "label": pd.Series(np.char.add("class-", dice.integers(0, 20, count).astype(str)), dtype="str"),
        "x": dice.uniform(0, 640 - 60, count), "y": dice.uniform(0, 480 - 60, count), "width": width, "height": height,
        "lead_time_s": dice.uniform(1, 9, count), "created_at": pd.Timestamp("2026-01-01", tz="UTC"),
    })  # fmt: skip
    return {
        "images": images,
        "sources": sources,
        "annotations": _break(words, broken, dice),
        "rejects": frames.frame("rejects"),
    }


def _break(words: pd.DataFrame, share: float, dice: np.random.Generator) -> pd.DataFrame:
    faults = [("width", 0.0), ("x", 700.0), ("x", 630.0), ("label", "unknown"), ("image", "nowhere.jpg"),
              ("source", "robot"), ("kind", "thing"), ("guideline_version", "2.0"), ("annotator", "stranger"),
              ("width", 1.0)]  # fmt: skip
    chosen = dice.permutation(len(words))[: int(share * len(words))]
    for (column, value), rows in zip(faults, np.array_split(chosen, len(faults)), strict=True):
        words.loc[rows, column] = value
    return words


def ours(given: dict[str, pd.DataFrame]) -> pd.DataFrame:
    rules, suites = read_rules(paths.RULES), read_suites(paths.EXPECTATIONS)
    checked = {
        "images": ImageFeatures(given["images"]),
        "sources": SourceFeatures(given["sources"]),
        "annotations": AnnotationFeatures(
            given["annotations"],
            images=given["images"],
            classes=CLASSES,
            changes=Changes(),
            rules=rules,
            pool_of=POOLS.pool_of,
            task="detection",
        ),
        "rejects": RejectFeatures(given["rejects"]),
    }
    return suite_runner.run_suites(
        checked, suites, rules, baseline.read_baseline(paths.BASELINE, date(2026, 1, 1))
    ).findings


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    found = work()
    return time.process_time() - start, found


def stage(count: int, broken: float) -> None:
    """Run `python -m stages.validate` in a repository of simulated tables, and print what it took."""
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        for name in (paths.RULES.parent, paths.EXPECTATIONS):
            shutil.copytree(name, top / name)
        classes = [c.model_dump(include={"id", "definition"}) for c in CLASSES.classes]
        (top / paths.CLASSES).write_text(json.dumps({"version": CLASSES.version, "classes": classes}))
        (top / paths.ANNOTATORS).write_text(json.dumps({"pools": {k: list(v) for k, v in POOLS.pools.items()}}))
        settings = {"name": "simulated", "version": "1", "task": "detection", "licence": "none", "creators": ["nobody"],
                    "date": "2026-01-01", "seed": 0}  # fmt: skip
        (top / paths.PARAMS).write_text(json.dumps({"dataset": settings, "validate": {}}))
        for name, table in tables(count, broken).items():
            frames.write_table(table, top / paths.DATA / f"{name}.parquet", name)
            del table
        here = Path.cwd()
        subprocess.run([sys.executable, "-m", "stages.validate"], cwd=top, env={"PYTHONPATH": str(here)}, check=True)
        rows = len(frames.read_table(top / paths.DATA / "violations.parquet", "violations"))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{count:,} annotations, {rows:,} findings: {used.ru_utime + used.ru_stime:.0f} CPU s, "
          f"peak {used.ru_maxrss / 1024:,.0f} MB")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--annotations", type=int, default=1_000_000)
    parser.add_argument("--broken", type=float, default=0.2)
    parser.add_argument("--stage", action="store_true")
    chosen = parser.parse_args()
    if chosen.stage:
        stage(chosen.annotations, chosen.broken)
        return
    loading, _ = timed(lambda: ours(tables(10, 0.0)))
    print(f"importing Great Expectations and a first run on ten rows: {loading:.1f} CPU s")
    clean, failing = (tables(chosen.annotations, share) for share in (0.0, chosen.broken))
    took: dict[str, tuple[float, float]] = {}
    answers: list[pd.DataFrame] = []
    for name, work in {"ours": ours, "plain pandas": plain_pandas}.items():
        (first, nothing), (second, found) = (timed(partial(work, given)) for given in (clean, failing))
        took[name] = first, second
        answers.append(found[["rule", "key"]].sort_values(["rule", "key"], ignore_index=True))
        print(f"{name}: {first:.2f} CPU s clean ({len(nothing):,} findings), "
              f"{second:.2f} with {chosen.broken:.0%} of the words broken ({len(found):,} findings)")  # fmt: skip
        print(f"  failing over clean: {second / first:.2f}")
    pd.testing.assert_frame_equal(*answers)
    print(f"the same rows; ours over plain pandas: {took['ours'][0] / took['plain pandas'][0]:.2f} clean, "
          f"{took['ours'][1] / took['plain pandas'][1]:.2f} failing")  # fmt: skip


if __name__ == "__main__":
    main()
