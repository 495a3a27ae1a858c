"""How near the greedy search for pins comes to the optimum, which an integer program (HiGHS, in scipy) finds.

    python -m benchmarks.pins [INSTANCES]     40 of each kind unless given

Per kind of data set: how often greedy leaves as little missing as possible, how often it also needs no more moves, how
often its lower bound proves that, how much more it leaves missing on average, and the processor seconds of both.
"""

import argparse
import time
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array, hstack, vstack

from golgoru.core.arrays import Integers
from golgoru.splits.pin_solver import CandidateGroups, coverage_counts, propose_moves

_SPLITS = 3


class Kind(NamedTuple):
    """`classes_per_image`; `edge_cases`, of each of which up to `most_wanted` are wanted in a split."""

    classes_per_image: int
    edge_cases: int
    most_wanted: int


_KINDS = (Kind(1, 0, 0), Kind(1, 3, 1), Kind(1, 5, 20), Kind(3, 0, 0), Kind(3, 3, 1), Kind(3, 5, 20))


def instance(kind: Kind, seed: int) -> CandidateGroups:
    """Return 50 to 1,000 groups of 3 to 60 classes, whose frequencies fall as a power of their rank."""
    random = np.random.default_rng(seed)
    groups = int(np.exp(random.uniform(np.log(50), np.log(1000))))
    classes = int(random.integers(3, 61))
    frequency = 1 / np.arange(1, classes + 1) ** random.uniform(0.8, 2.2)
    units = np.zeros((groups, classes + kind.edge_cases), np.int64)
    for _ in range(kind.classes_per_image):
        units[np.arange(groups), random.choice(classes, groups, p=frequency / frequency.sum())] = 1
    goal = np.ones((classes + kind.edge_cases, _SPLITS), np.int64)
    for case in range(classes, classes + kind.edge_cases):
        fires = random.random(groups) < np.exp(random.uniform(np.log(0.003), np.log(0.2)))
        units[fires, case] = random.integers(1, 4, fires.sum())
        goal[case] = random.integers(0, kind.most_wanted + 1, _SPLITS)
    units = np.minimum(units, goal.max(axis=1))
    present = units.any(axis=0) | (np.arange(len(goal)) >= classes)
    split = random.choice(_SPLITS, groups, p=[0.7, 0.15, 0.15])
    movable = np.ones((groups, _SPLITS), bool)
    movable[np.arange(groups), split] = False
    names = pd.Index([f"{number:032x}" for number in random.permutation(groups)])
    size = random.choice([1, 1, 1, 2, 5], groups)
    return CandidateGroups(names, csr_array(units[:, present]), split, size, movable, goal[present])


def optimum(groups: CandidateGroups) -> tuple[int, int] | None:
    """Return the least that stays missing, and the fewest moves with which it does; None where that takes too long."""
    before = coverage_counts(groups, groups.split)
    group, target = np.nonzero(groups.movable)
    key, split = np.nonzero(before < groups.goal)
    keys, move = groups.goal.shape[0], np.arange(len(group))
    units = groups.units[group].tocoo()
    at = units.coords[0]
    arrives = coo_array((units.data, (units.coords[1] * _SPLITS + target[at], at)), shape=(keys * _SPLITS, len(group)))
    leaves = coo_array(
        (units.data, (units.coords[1] * _SPLITS + groups.split[group][at], at)), shape=(keys * _SPLITS, len(group))
    )
    missing = coo_array(
        (np.ones(len(key)), (key * _SPLITS + split, np.arange(len(key)))), shape=(keys * _SPLITS, len(key))
    )
    once = coo_array((np.ones(len(group)), (group, move)), shape=(len(groups.split), len(group)))
    counts = csr_array(hstack([arrives - leaves, missing]))
    moves_once = csr_array(hstack([once, csr_array((len(groups.split), len(key)))]))
    least = np.concatenate([(groups.goal - before).ravel(), np.full(len(groups.split), -1)])
    rows = LinearConstraint(vstack([counts, -moves_once]), least, np.inf)
    weight = int(groups.goal.sum()) + 1
    found = milp(
        np.concatenate([np.ones(len(group)), np.full(len(key), weight)]), integrality=np.ones(len(group) + len(key)),
        bounds=Bounds(0, np.concatenate([np.ones(len(group)), (groups.goal - before)[key, split]])), constraints=rows,
        options={"time_limit": 20, "mip_rel_gap": 0.0},
    )  # fmt: skip
    if found.status != 0:
        return None
    solution = np.round(found.x)
    return int(solution[len(group) :].sum()), int(solution[: len(group)].sum())


def measure(kind: Kind, instances: int) -> None:
    """Print a line about a kind of data set."""
    rows: list[tuple[int, int, int, int, bool]] = []
    seconds = [0.0, 0.0]
    for seed in range(instances):
        groups = instance(kind, seed)
        if (coverage_counts(groups, groups.split) >= groups.goal).all():
            continue
        begun = time.process_time()
        moves = propose_moves(groups)
        seconds[0] += time.process_time() - begun
        begun = time.process_time()
        best = optimum(groups)
        seconds[1] += time.process_time() - begun
        if best is not None:
            split: Integers = groups.split.copy()
            split[moves.groups] = moves.targets
            missing = int(np.maximum(groups.goal - coverage_counts(groups, split), 0).sum())
            rows.append((missing, len(moves.groups), *best, moves.proven_smallest))
    table = pd.DataFrame(rows, columns=["missing", "moves", "least", "fewest", "proven"])
    same = table["missing"] == table["least"]
    best_set = same & (table["moves"] == table["fewest"])
    if (table["proven"] & ~best_set).any():
        raise RuntimeError("a set that is not the smallest was said to be proven")
    print(
        f"{kind.classes_per_image} classes an image, {kind.edge_cases} edge cases up to {kind.most_wanted}: "
        f"{len(table)} instances, least missing {same.mean():.1%}, and fewest moves {best_set.mean():.1%}, proven "
        f"{table['proven'].mean():.1%}, more missing {(table['missing'] - table['least']).mean():.2f} of "
        f"{table['least'].mean():.1f}, {seconds[0]:.2f} against {seconds[1]:.2f} CPU s"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("instances", nargs="?", type=int, default=40)
    instances = parser.parse_args().instances
    for kind in _KINDS:
        measure(kind, instances)
