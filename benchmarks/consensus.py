"""How often the consensus of a crowd is right, and its CPU time and memory, beside crowd-kit.

    python -m benchmarks.consensus LABELS TRUTH [--peers PYTHON]
    python -m benchmarks.consensus --votes 150000

LABELS has lines of annotator, object, label; TRUTH of object, label; with tabs. PYTHON is an interpreter of another
environment, in which crowd-kit is installed: `python -m venv peers; peers/bin/pip install crowd-kit`. Without files the
votes are simulated: three on each object, one in five of them wrong.
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


def read_votes(labels: Path) -> pd.DataFrame:
    names = ["annotator", "object", "value"]
    votes = pd.read_csv(labels, sep="\t", header=None, names=names, dtype="str").drop_duplicates()
    return votes.assign(weight=1 / votes.groupby(["object", "annotator"])["value"].transform("size"))


def simulated_votes(count: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    objects = np.repeat(np.arange(count // 3), 3)
    truth = rng.integers(0, 10, count // 3)[objects]
    value = np.where(rng.random(len(objects)) < 0.2, rng.integers(0, 10, len(objects)), truth)
    annotator = (rng.integers(0, 40, count // 3)[objects] + np.tile(np.arange(3), count // 3)) % 40
    return pd.DataFrame({"object": objects, "annotator": annotator, "value": value}).astype("str").assign(weight=1.0)


def estimated_labels(votes: pd.DataFrame, shrinkage: float) -> tuple[pd.Series, float]:
    begun = time.process_time()
    posterior = estimate(votes, votes["value"].nunique(), shrinkage).posterior
    order = posterior.sort_values(["object", "posterior", "value"], ascending=[True, False, True])
    return order.drop_duplicates("object").set_index("object")["value"], time.process_time() - begun


def majority_labels(votes: pd.DataFrame) -> pd.Series:
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
        votes = simulated_votes(options.votes)
        _, seconds = estimated_labels(votes, SHRINKAGE)
        tracemalloc.start()
        estimated_labels(votes, SHRINKAGE)
        print(f"{len(votes):,} votes: {seconds:.2f} CPU s, {tracemalloc.get_traced_memory()[1] / 1e6:.0f} MB at most")
        return
    labels, truth_file = options.files
    votes = read_votes(labels)
    truth = pd.read_csv(truth_file, sep="\t", header=None, names=["object", "value"], dtype="str")
    truth = truth.drop_duplicates("object").set_index("object")["value"]
    print(f"{len(votes):,} votes of {votes['annotator'].nunique()} annotators on {votes['object'].nunique():,} objects")
    methods = {
        "majority": (majority_labels(votes), 0.0),
        "pooled": estimated_labels(votes, np.inf),
        "annotators": estimated_labels(votes, SHRINKAGE),
    }
    for name, (elected, seconds) in methods.items():
        known = elected.reindex(truth.index)
        print(f"  {name:30} {(known == truth)[known.notna()].mean():.4f} {seconds:8.2f} CPU s")
    if options.peers:
        subprocess.run([options.peers, "-c", _PEERS, labels, truth_file], check=True)  # noqa: S603


if __name__ == "__main__":
    main()
