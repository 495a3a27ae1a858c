"""How often the consensus of a crowd is right, and what it costs, beside crowd-kit.

    python -m benchmarks.consensus LABELS TRUTH [--peers PYTHON]
    python -m benchmarks.consensus --votes 150000

LABELS has lines of annotator, object, label; TRUTH of object, label; with tabs. PYTHON is an interpreter of another
environment, in which crowd-kit is installed: `python -m venv peers; peers/bin/pip install crowd-kit`. Without files the
votes are made: three on each object, one in five of them wrong.
"""

import argparse
import subprocess
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd

from golgoru.consensus.dawid_skene import SHRINKAGE, estimate

# Run by the other interpreter: the methods of crowd-kit that need no setting, on the same files.
_PEERS = """
import sys, time, warnings
import pandas as pd
warnings.filterwarnings("ignore")
from crowdkit import aggregation
names = ["worker", "task", "label"]
votes = pd.read_csv(sys.argv[1], sep="\\t", header=None, names=names, dtype=str).drop_duplicates(names[:2])
truth = pd.read_csv(sys.argv[2], sep="\\t", header=None, names=["task", "label"], dtype=str)
truth = truth.drop_duplicates("task").set_index("task")["label"]
for method in ("MajorityVote", "DawidSkene", "OneCoinDawidSkene", "GLAD", "MMSR", "MACE", "KOS"):
    try:
        begun = time.process_time()
        found = getattr(aggregation, method)().fit_predict(votes).reindex(truth.index)
        seconds = time.process_time() - begun
    except Exception as error:
        print(f"  crowd-kit {method:20} cannot: {str(error)[:60]}")
        continue
    known = found.notna()
    print(f"  crowd-kit {method:20} {(found == truth)[known].mean():.4f} {seconds:8.2f} CPU s", flush=True)
"""


def read(labels: Path) -> pd.DataFrame:
    names = ["annotator", "object", "value"]
    votes = pd.read_csv(labels, sep="\t", header=None, names=names, dtype="str").drop_duplicates()
    return votes.assign(weight=1 / votes.groupby(["object", "annotator"])["value"].transform("size"))


def made(count: int) -> pd.DataFrame:
    dice = np.random.default_rng(0)
    objects = np.repeat(np.arange(count // 3), 3)
    truth = dice.integers(0, 10, count // 3)[objects]
    said = np.where(dice.random(len(objects)) < 0.2, dice.integers(0, 10, len(objects)), truth)
    who = (dice.integers(0, 40, count // 3)[objects] + np.tile(np.arange(3), count // 3)) % 40
    return pd.DataFrame({"object": objects, "annotator": who, "value": said}).astype("str").assign(weight=1.0)


def best(votes: pd.DataFrame, shrinkage: float) -> tuple[pd.Series, float]:
    begun = time.process_time()
    found = estimate(votes, votes["value"].nunique(), shrinkage).posterior
    order = found.sort_values(["object", "posterior", "value"], ascending=[True, False, True])
    return order.drop_duplicates("object").set_index("object")["value"], time.process_time() - begun


def majority(votes: pd.DataFrame) -> pd.Series:
    count = votes.groupby(["object", "value"], as_index=False)["weight"].sum()
    order = count.sort_values(["object", "weight", "value"], ascending=[True, False, True])
    return order.drop_duplicates("object").set_index("object")["value"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, metavar="LABELS TRUTH")
    parser.add_argument("--votes", type=int, default=150_000)
    parser.add_argument("--peers", type=Path)
    options = parser.parse_args()
    if not options.files:
        votes = made(options.votes)
        _, seconds = best(votes, SHRINKAGE)
        tracemalloc.start()
        best(votes, SHRINKAGE)
        print(f"{len(votes):,} votes: {seconds:.2f} CPU s, {tracemalloc.get_traced_memory()[1] / 1e6:.0f} MB at most")
        return
    labels, truth_file = options.files
    votes = read(labels)
    truth = pd.read_csv(truth_file, sep="\t", header=None, names=["object", "value"], dtype="str")
    truth = truth.drop_duplicates("object").set_index("object")["value"]
    print(f"{len(votes):,} votes of {votes['annotator'].nunique()} annotators on {votes['object'].nunique():,} objects")
    found = {"majority": (majority(votes), 0.0), "pooled": best(votes, np.inf), "annotators": best(votes, SHRINKAGE)}
    for name, (labels_found, seconds) in found.items():
        own = labels_found.reindex(truth.index)
        print(f"  {name:30} {(own == truth)[own.notna()].mean():.4f} {seconds:8.2f} CPU s")
    if options.peers:
        subprocess.run([options.peers, "-c", _PEERS, labels, truth_file], check=True)  # noqa: S603


if __name__ == "__main__":
    main()
