"""How often accepted pre-annotations are correct on held-out labels, beside the bound that stage select promises.

    python -m benchmarks.auto_accept [FOLDER] [--seeds 10]

Digits as scikit-learn bundles them; and where FOLDER, the unpacked archive, is given, CIFAR-10N labelled by one
annotator, and by the majority of three. Half of the images have labels; the accepted labels of the other half
are the test.
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
from golgoru.active.auto_accept import auto_accept_table, chosen_threshold
from golgoru.active.preannotations import preannotation_rows, predictions_on_labelled
from golgoru.consensus.status import AGREED, CONTESTED
from golgoru.tables import frames
from stages import predict

WANTED = (0.95, 0.9, 0.8, 0.7)


class Kept(NamedTuple):
    """What was wanted, the threshold, the promised bound, and the share of accepted pre-annotations that is correct."""

    wanted: float
    threshold: float | None
    promised: float | None
    accepted: int
    correct: float | None


def labels(given: World, annotations: pd.DataFrame) -> pd.DataFrame:
    """Return table `labels`: the majority of each image; without one it is contested."""
    votes = annotations.groupby(["image", "label"]).size().rename("votes").reset_index()
    votes = votes.sort_values(["image", "votes", "label"], ascending=[True, False, True])
    first = votes.drop_duplicates("image").set_index("image")
    agreed = 2 * first["votes"] > annotations.groupby("image").size().reindex(first.index)
    content = given.images.set_index("image")["content"]
    rows = first.reset_index().assign(
        object=lambda rows: rows["image"].map(content),
        status=np.where(agreed, AGREED, CONTESTED),
        ignore=False, agreement=1.0, source="human", guideline_version="1",
    )  # fmt: skip
    return frames.frame("labels", rows.assign(votes=1))


def kept(given: World, every: pd.DataFrame, seed: int) -> list[Kept]:
    """Hold out half of the labels, and return whether the bounds hold, one per share wanted."""
    names = np.sort(given.truth.index.intersection(pd.Index(given.images["image"])).to_numpy(str))
    known = pd.Index(np.random.default_rng(seed).permutation(names)[: len(names) // 2])
    there = given.images[given.images["image"].isin(names)]
    half = every[every["image"].isin(known)]
    predictions = predict.transform(
        labels=half, images=there, sources=given.sources, groups=given.groups, duplicates=frames.frame("duplicates"),
        external_predictions=[], classes=given.classes, task="classification", seed=0, params=predict.Params(),
    ).predictions  # fmt: skip
    rows = preannotation_rows(predictions, pd.Index(names).difference(known))
    evaluated = predictions_on_labelled(predictions=predictions, labels=half, groups=given.groups, labelled=known)
    correct = rows["label"].to_numpy() == given.truth[rows["image"]].to_numpy()
    kept_rows = []
    for wanted in WANTED:
        table = auto_accept_table(evaluated, rows["confidence"], wanted)
        threshold = chosen_threshold(table)
        accepted = correct[rows["confidence"] >= (2 if threshold is None else threshold)]
        promised = None if threshold is None else float(table.loc[table["chosen"], "lower_bound"].iloc[0])
        share = float(accepted.mean()) if len(accepted) else None
        kept_rows.append(Kept(wanted, threshold, promised, len(accepted), share))
    return kept_rows


def main() -> None:
    """Print, per data set and share wanted, the promised bound and whether it holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--seeds", type=int, default=10)
    asked = parser.parse_args()
    data_sets: dict[str, tuple[dict[str, bytes], pd.DataFrame, pd.DataFrame | None]] = {"digits": (*digits(), None)}
    if asked.folder is not None:
        annotations = pd.read_csv(asked.folder / "labels.csv", dtype="str")
        of_one = annotations[annotations["annotator"] == annotations["annotator"].min()]
        data_sets["CIFAR-10N, one annotator"] = (
            *cifar(asked.folder),
            of_one,
        )
        data_sets["CIFAR-10N, the majority of three"] = (*cifar(asked.folder), annotations)
    for name, (pictures, truth, several) in data_sets.items():
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            made = world(pictures, truth.assign(annotator="a") if several is None else several, truth)
            every = labels(made, made.annotations)
            rows = [row for seed in range(asked.seeds) for row in kept(made, every, seed)]
            os.chdir("/")
        print(name)
        for wanted, of_seeds in pd.DataFrame(rows).groupby("wanted", sort=False):
            justified = of_seeds.dropna(subset="threshold")
            if justified.empty:
                print(f"  wanted {wanted}: no threshold is justified in {len(of_seeds)} seeds", flush=True)
                continue
            held = int((justified["correct"] >= justified["promised"]).sum())
            print(
                f"  wanted {wanted}: threshold {justified['threshold'].min()} to {justified['threshold'].max()} in "
                f"{len(justified)} seeds, {justified['accepted'].mean():.0f} accepted; "
                f"promised at least {justified['promised'].mean():.4f}, "
                f"correct {justified['correct'].mean():.4f}, kept in {held}", flush=True,
            )  # fmt: skip


if __name__ == "__main__":
    main()
