"""How often accepted proposals are right on labels that were held back, beside what stage select promises of them.

    python -m benchmarks.auto_accept [FOLDER] [--seeds 10]

Digits as scikit-learn bundles them; and where FOLDER, the unpacked archive, is given, CIFAR-10N labelled by one
annotator, and by the majority of three. Half of the pictures have labels; of the other half the accepted labels judge.
"""

import argparse
import os
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks.label_issues import World, world
from benchmarks.selection import cifar, digits
from golgoru.active import auto_accept, preannotations
from golgoru.tables import frames
from stages import predict

WANTED = (0.95, 0.9, 0.8, 0.7)


class Kept(NamedTuple):
    """What was wanted, the threshold, what was promised, and how often the accepted proposals were right."""

    wanted: float
    threshold: float | None
    promised: float | None
    accepted: int
    right: float | None


def labels(given: World, said: pd.DataFrame) -> pd.DataFrame:
    """Return table `labels`: what most say of each picture; without a majority it is contested."""
    votes = said.groupby(["image", "label"]).size().rename("votes").reset_index()
    votes = votes.sort_values(["image", "votes", "label"], ascending=[True, False, True])
    first = votes.drop_duplicates("image").set_index("image")
    agreed = 2 * first["votes"] > said.groupby("image").size().reindex(first.index)
    content = given.images.set_index("image")["content"]
    rows = first.reset_index().assign(
        object=lambda found: found["image"].map(content),
        status=np.where(agreed, "agreed", "contested"),
        ignore=False, agreement=1.0, source="human", guideline_version="1",
    )  # fmt: skip
    return frames.frame("labels", rows.assign(votes=1))


def kept(given: World, every: pd.DataFrame, seed: int) -> list[Kept]:
    """Hide half of the labels, and return what became of the promises, one per share wanted."""
    names = np.sort(given.truth.index.intersection(pd.Index(given.images["image"])).to_numpy(str))
    known = pd.Index(np.random.default_rng(seed).permutation(names)[: len(names) // 2])
    there = given.images[given.images["image"].isin(names)]
    half = every[every["image"].isin(known)]
    said = predict.transform(
        labels=half, images=there, sources=given.sources, groups=given.groups, copies=frames.frame("duplicates"),
        external_predictions=[], classes=given.classes, task="classification", seed=0, params=predict.Params(),
    ).predictions  # fmt: skip
    proposed = preannotations.preannotation_rows(said, pd.Index(names).difference(known))
    judged = preannotations.predictions_on_labelled(said, half, given.groups, known)
    right = proposed["label"].to_numpy() == given.truth[proposed["image"]].to_numpy()
    found = []
    for wanted in WANTED:
        table = auto_accept.auto_accept_table(judged, proposed["confidence"], wanted)
        threshold = auto_accept.chosen_threshold(table)
        accepted = right[proposed["confidence"] >= (2 if threshold is None else threshold)]
        promised = None if threshold is None else float(table.loc[table["chosen"], "at_least"].iloc[0])
        share = float(accepted.mean()) if len(accepted) else None
        found.append(Kept(wanted, threshold, promised, len(accepted), share))
    return found


def main() -> None:
    """Print, per data set and share wanted, what was promised and what was kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--seeds", type=int, default=10)
    asked = parser.parse_args()
    given: dict[str, tuple[dict[str, bytes], pd.DataFrame, pd.DataFrame | None]] = {"digits": (*digits(), None)}
    if asked.folder is not None:
        said = pd.read_csv(asked.folder / "labels.csv", dtype="str")
        given["CIFAR-10N, one annotator"] = (*cifar(asked.folder), said[said["annotator"] == said["annotator"].min()])
        given["CIFAR-10N, the majority of three"] = (*cifar(asked.folder), said)
    for name, (pictures, truth, words) in given.items():
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            made = world(pictures, truth.assign(annotator="a") if words is None else words, truth)
            every = labels(made, made.said)
            rows = [one for seed in range(asked.seeds) for one in kept(made, every, seed)]
            os.chdir("/")
        print(name)
        for wanted, found in pd.DataFrame(rows).groupby("wanted", sort=False):
            said_so = found.dropna(subset="threshold")
            if said_so.empty:
                print(f"  wanted {wanted}: no threshold is justified in {len(found)} seeds", flush=True)
                continue
            held = int((said_so["right"] >= said_so["promised"]).sum())
            print(
                f"  wanted {wanted}: threshold {said_so['threshold'].min()} to {said_so['threshold'].max()} in "
                f"{len(said_so)} seeds, {said_so['accepted'].mean():.0f} accepted; promised at least "
                f"{said_so['promised'].mean():.4f}, right {said_so['right'].mean():.4f}, kept in {held}", flush=True,
            )  # fmt: skip


if __name__ == "__main__":
    main()
