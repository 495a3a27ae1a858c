"""How near the weights come to a target on images with many objects, and what a million images cost.

    python -m benchmarks.rebalance FOLDER
    python -m benchmarks.rebalance --images 1000000

FOLDER holds bccd.zip (boxes of blood cells): shares of the classes as they are, by LVIS' repeat factors, by the stage,
and the reachable optimum as two other solvers find it. With --images: processor seconds and peak memory of the stage in
a process of its own, tables read and written, for classification with 50 classes and for detection with 10 objects per
image, against a floor: reading the same tables and writing as many weights.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linprog, minimize

from benchmarks import shapes
from golgoru.consensus.status import AGREED
from golgoru.core import paths
from golgoru.guideline.classes import Classes
from golgoru.guideline.edge_cases import EdgeCases
from golgoru.tables import frames
from golgoru.tables.frames import table_path
from stages import rebalance

Floats = NDArray[np.float64]
LOW, HIGH = 0.1, 10.0  # the stage's own bounds
FLOOR = "floor"
TABLES = ("splits", "labels", "duplicates", "images", "duplicate_pairs", "sources", "edge_case_hits")


class Given(NamedTuple):
    """The tables that the stage reads, all images in train."""

    tables: dict[str, pd.DataFrame]
    classes: Classes


def given(image: "pd.Series[str]", label: "pd.Series[str]", names: pd.Index) -> Given:
    """Return the tables of objects, one per row of `image` and `label`, on the images `names`."""
    content = pd.Series([f"{number * 7919:032x}" for number in range(len(names))])
    rows = {"object": [f"b/{number}" for number in range(len(label))], "image": image, "label": label}
    agreed = {"ignore": False, "votes": 1, "agreement": 1.0, "status": AGREED, "source": "human"}
    split = {"image": names, "group": content, "split": "train", "held_back": False, "reason": "hash"}
    tables = {
        "images": frames.frame("images", {"image": names, "content": content, "bytes": 1000, "width": 640}),
        "splits": frames.frame("splits", split),
        "sources": frames.frame("sources", {"image": names, "delivery": "x", "date": "2026-01-01"}),
        "labels": frames.frame("labels", pd.DataFrame(rows).assign(**agreed, guideline_version="1")),
    }
    tables |= {name: frames.frame(name) for name in TABLES if name not in tables}
    return Given(tables, Classes.model_validate({"version": "1", "classes": [{"id": c} for c in sorted(set(label))]}))


def blood_cells(files: zipfile.ZipFile) -> Given:
    """Return the cells of BCCD."""
    cells = shapes.cells(files)
    return given(cells["image"], cells["label"], pd.Index(sorted(set(cells["image"]))))


def balanced(given: Given, to: str) -> rebalance.Tables:
    """Return what the stage makes of it."""
    params = rebalance.Params.model_validate({"targets": [{"to": to, **({"threshold": 1} if "repeat" in to else {})}]})
    return rebalance.transform(**given.tables, classes=given.classes, edge_cases=EdgeCases(), params=params)


def counts(given: Given) -> pd.DataFrame:
    """Return the objects of each class (columns) per image (rows)."""
    labels = given.tables["labels"]
    return pd.crosstab(labels["image"], labels["label"])


def optimum(counts: pd.DataFrame, target: Floats) -> Floats:
    """Return the shares with the least sum of (share - target)^2 / target, by SciPy's SLSQP on distinct rows."""
    rows, number = np.unique(counts.to_numpy(), axis=0, return_counts=True)

    def distance(weight: Floats) -> tuple[float, Floats]:
        shown = (number * weight) @ rows
        share = shown / shown.sum()
        slope = 2 * (share - target) / target
        return float(((share - target) ** 2 / target).sum()), number * (rows @ (slope - slope @ share)) / shown.sum()

    mean = {"type": "eq", "fun": lambda w: number @ w - len(counts), "jac": lambda _: number.astype(float)}
    found = minimize(
        distance, np.ones(len(rows)), jac=True, bounds=[(LOW, HIGH)] * len(rows), constraints=[mean], method="SLSQP",
        options={"maxiter": 2000, "ftol": 1e-14},
    )  # fmt: skip
    shown = (number * found.x) @ rows
    share: Floats = shown / shown.sum()
    return share


def least(counts: pd.DataFrame, label: str, shares: pd.Series) -> float:
    """Return the least share of a class at which the others can stand to one another as in `shares`.

    By linear programming (Charnes and Cooper 1962): weights are divided by the number of all objects.
    """
    table, total = counts.to_numpy(), counts.sum(axis=1).to_numpy()
    first, *rest = (counts[other].to_numpy() * shares[label] / shares[other] for other in counts if other != label)
    size = len(table)
    # One more unknown: what a weight of 1 is divided by.
    equal = [np.append(total, 0), np.append(np.ones(size), -size), *(np.append(first - one, 0) for one in rest)]
    bounds = np.vstack([
        np.hstack([-np.eye(size), np.full((size, 1), LOW)]),
        np.hstack([np.eye(size), np.full((size, 1), -HIGH)]),
    ])  # fmt: skip
    found = linprog(
        np.append(counts[label].to_numpy(), 0), A_ub=bounds, b_ub=np.zeros(2 * size), A_eq=np.array(equal),
        b_eq=[1, *np.zeros(len(equal) - 1)], bounds=(0, None),
    )  # fmt: skip
    return float(found.fun)


def _show_cells(folder: Path) -> None:
    with zipfile.ZipFile(folder / "bccd.zip") as files:
        cells = blood_cells(files)
    rows: dict[str, Any] = {}
    for to in ("repeat factor", "square root", "uniform"):
        made = balanced(cells, to)
        plan = made.collection_plan.query("split == 'train'").set_index("value")
        rows["natural"] = {**plan["before"], "worth, images": len(counts(cells))}
        worth = made.metrics["balanced"]["train"]["effective sample size"]
        rows[f"{to}: stage" if to != "repeat factor" else "repeat factors, threshold 1"] = {
            **plan["after"], "worth, images": worth,
        }  # fmt: skip
        if to != "repeat factor":
            rows[f"{to}: target"] = dict(plan["target"])
            best = optimum(counts(cells), plan["target"].to_numpy())
            rows[f"{to}: optimum"] = dict(zip(plan.index, best, strict=True))
    print(pd.DataFrame(rows).T.round(4).to_string(na_rep=""))


def _write_tables(kind: str, images: int) -> None:
    dice = np.random.default_rng(0)
    objects = 1 if kind == "classification" else 10
    common = 1 / np.arange(1, 51) ** 1.2
    classes = dice.choice(50, images * objects, p=common / common.sum())
    names = pd.Series([f"delivery/{number:07d}.jpg" for number in range(images)])
    image = names.iloc[np.repeat(np.arange(images), objects)].reset_index(drop=True)
    made = given(image, pd.Series([f"class {number:02d}" for number in range(50)]).iloc[classes].reset_index(drop=True),
                 pd.Index(names))  # fmt: skip
    for name, table in made.tables.items():
        if name == "labels" and objects > 1:
            table = table.assign(**dict.fromkeys(("x", "y", "width", "height"), dice.random(len(table)) * 600))  # noqa: PLW2901
        frames.write_table(table, table_path(name), name)
    paths.CLASSES.parent.mkdir(parents=True)
    ids = "".join(f"  - id: {c.id}\n" for c in made.classes.classes)
    paths.CLASSES.write_text(f'version: "1"\nclasses:\n{ids}')
    paths.EDGE_CASES.write_text("edge_cases: []\n")
    paths.PARAMS.write_text("rebalance:\n  targets:\n    - {to: uniform}\n")


def _floor() -> None:
    """Read what the stage reads and write as many weights; in the folder of the tables."""
    read = {name: frames.read_table(table_path(name), name) for name in TABLES}
    tags = read["splits"][["image"]].assign(keep=True, weight=1.0, repeat=1)
    frames.write_table(frames.frame("weights", tags), table_path("weights"), "weights")


def _measure(images: int) -> None:
    home = Path.cwd()
    print(f"{'':16}{'seconds of processor':>22}{'floor':>8}{'ratio':>8}{'peak memory':>14}{'floor':>10}")
    for kind in ("classification", "detection"):
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            _write_tables(kind, images)
            costs = [
                _cost([sys.executable, *command], home)
                for command in (["-m", "stages.rebalance"], ["-m", "benchmarks.rebalance", FLOOR])
            ]
            os.chdir(home)
        (seconds, memory), (floor, floor_memory) = costs
        print(f"{kind:16}{seconds:22.1f}{floor:8.1f}{seconds / floor:8.2f}{memory:11.2f} GB{floor_memory:7.2f} GB")


def _cost(command: list[str], home: Path) -> tuple[float, float]:
    """Return the processor seconds of a command and its peak memory, GB: by a process that runs nothing else."""
    measured = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True);"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN); print(used.ru_utime + used.ru_stime, used.ru_maxrss)"
    )
    done = subprocess.run(  # noqa: S603  (its own commands)
        [sys.executable, "-c", measured, *command], env={**os.environ, "PYTHONPATH": str(home)},
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    seconds, kilobytes = done.stdout.split()
    return float(seconds), float(kilobytes) / 1e6


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--images", type=int)
    asked = parser.parse_args()
    if asked.folder == Path(FLOOR):
        _floor()
    elif asked.images:
        _measure(asked.images)
    elif asked.folder:
        _show_cells(asked.folder)
