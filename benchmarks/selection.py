"""What 200 labels teach when they are chosen, beside 200 by chance and beside the strategies of scikit-activeml.

    python -m benchmarks.selection [FOLDER] [--seeds 10] [--peers PYTHON]

Digits as scikit-learn bundles them, and CIFAR-10N where FOLDER, the unpacked archive, is given: images/, labels.csv,
truth.csv. Half of the pictures can be chosen, the other half judges. The first hundred are medoids, since nothing is
known yet; then two rounds of fifty, and the built-in model learns them with the accepted labels. By chance: the mean of
five draws. `--peers` is the Python of an environment in which scikit-activeml is installed:
`python -m venv peers; peers/bin/pip install scikit-activeml`; its strategies choose all 200 in their own way, and the
same model learns what they chose.
"""

import argparse
import io
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from scipy import stats
from sklearn.datasets import load_digits

from benchmarks.label_issues import world
from golgoru.active.coverage_gaps import CoverageGaps, coverage_scores
from golgoru.active.mixture import mixed_queue
from golgoru.active.strategies import STRATEGIES, Candidates, Strategy, embedding_matrix
from golgoru.active.uncertainty import image_uncertainty
from golgoru.model import classifier, object_features
from golgoru.model.classifier import ReducedFeatures
from golgoru.tables.frames import frame
from stages.predict import as_embeddings
from stages.select import Params

LABELS, FIRST, ROUND, DRAWS = 200, 100, 50, 5
OF_UNLABELLED: tuple[Strategy, ...] = STRATEGIES[:5]


class Pictures(NamedTuple):
    """Names, classes and features of n pictures."""

    images: pd.Index
    label: NDArray[np.int64]
    classes: list[str]
    reduced: ReducedFeatures
    vectors: pd.DataFrame


class Half(NamedTuple):
    """Places of the pictures that can be chosen, and of those that judge."""

    seed: int
    pool: NDArray[np.int64]
    judges: NDArray[np.int64]


def digits() -> tuple[dict[str, bytes], pd.DataFrame]:
    """Return scikit-learn's digits as pictures, and the label of each."""
    found = load_digits()
    pictures = {}
    for number, grey in enumerate(found.images):
        file = io.BytesIO()
        shades = (255 - grey * 255 / 16).round().astype("uint8")
        Image.fromarray(shades).resize((64, 64), Image.Resampling.BICUBIC).save(file, "PNG")
        pictures[f"{number}.png"] = file.getvalue()
    return pictures, pd.DataFrame({"image": list(pictures), "label": found.target.astype(str)})


def cifar(folder: Path) -> tuple[dict[str, bytes], pd.DataFrame]:
    """Return CIFAR-10N's pictures, and the accepted label of each."""
    truth = pd.read_csv(folder / "truth.csv")
    return {name: (folder / "images" / name).read_bytes() for name in truth["image"]}, truth


def seen(pictures: dict[str, bytes], truth: pd.DataFrame) -> Pictures:
    """Look at pictures as stage predict does."""
    given = world(pictures, truth.assign(annotator="a"), truth)
    rows = given.images[["image", "content"]].assign(x=np.nan, y=np.nan, width=np.nan, height=np.nan)
    items = object_features.with_image_data(rows.drop(columns="content"), given.images, given.sources)
    items = items[items["image"].isin(given.truth.index)].sort_values("image").reset_index(drop=True)
    reduced = classifier.reduce_features(object_features.feature_matrix(items, 0), object_features.box_shapes(items))
    code = pd.Index(given.classes.ids).get_indexer(pd.Index(given.truth[items["image"]]))
    return Pictures(pd.Index(items["image"]), code, given.classes.ids, reduced, as_embeddings(items, reduced))


def halves(count: int, seeds: int) -> Iterator[Half]:
    """Cut the pictures in half, once per seed."""
    for seed in range(seeds):
        order = np.random.default_rng(seed).permutation(count)
        yield Half(seed, np.sort(order[: count // 2]), order[count // 2 :])


def accuracy(given: Pictures, labelled: NDArray[np.int64], judges: NDArray[np.int64]) -> float:
    """Return how often the built-in model is right that has learned the pictures at these places."""
    said = classifier.fit_and_predict(given.reduced, given.label, labelled, judges, len(given.classes))
    return float((said.argmax(axis=1) == given.label[judges]).mean())


def by_chance(given: Pictures, half: Half) -> list[float]:
    """Return the accuracy after labels by chance, once per draw."""
    dice = np.random.default_rng(1_000 + half.seed)
    draws = [dice.choice(half.pool, LABELS, replace=False) for _ in range(DRAWS)]
    return [accuracy(given, draw, half.judges) for draw in draws]


def chosen(given: Pictures, half: Half, mix: dict[Strategy, float]) -> NDArray[np.int64]:
    """Return the places of 200 pictures that a mix of strategies chose."""
    taken = np.empty(0, np.int64)
    for step in (FIRST, *[ROUND] * ((LABELS - FIRST) // ROUND)):
        cold = len(taken) == 0
        rest = np.setdiff1d(half.pool, taken)
        candidates = _candidates(given, half, rest, taken)
        queue = mixed_queue(step, {"medoids": 1.0} if cold else mix, candidates.pick)
        taken = np.concatenate([taken, given.images.get_indexer(pd.Index(queue["image"]))])
    return taken


def _candidates(given: Pictures, half: Half, rest: NDArray[np.int64], taken: NDArray[np.int64]) -> Candidates:
    classes = len(given.classes)
    probable = classifier.fit_and_predict(given.reduced, given.label, taken, rest, classes)
    rows = frame("predictions", {
        "model": "built-in", "prediction": given.images[rest], "image": given.images[rest], "object": None,
        "label": None, "predicted": np.array(given.classes, dtype=object)[probable.argmax(axis=1)],
        "confidence": probable.max(axis=1), "probabilities": list(probable), "can_say": True,
    })  # fmt: skip
    images = given.images[rest]
    view = image_uncertainty(images, rows, given.classes)
    # What even classes still miss.
    count = np.bincount(given.label[taken], minlength=classes)
    missing = pd.Series(np.clip((len(taken) + ROUND) / classes - count, 0, None), index=given.classes)
    want = coverage_scores(
        images, view.shows, given.classes, frame("cases"), CoverageGaps(missing, pd.Series(dtype=float))
    )
    order = pd.Series(given.images, index=given.images)
    return Candidates(images, given.images[taken], given.vectors, order, view, want, given.classes, half.seed)


def peers(given: Pictures, half: Half, python: str) -> dict[str, NDArray[np.int64]]:
    """Return the places that scikit-activeml's strategies chose, by name."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pool.npz"
        vectors = embedding_matrix(given.vectors, given.images[half.pool]).astype(float)
        numbers = [LABELS, FIRST, ROUND]
        np.savez(file, vectors=vectors, label=given.label[half.pool], seed=half.seed, numbers=numbers)
        subprocess.run([python, "-P", Path(__file__).with_name("selection_peers.py"), file], check=True)  # noqa: S603
        with np.load(Path(folder) / "chosen.npz") as found:
            return {name: half.pool[found[name]] for name in found.files}


def compare(given: Pictures, seeds: int, python: str | None) -> pd.DataFrame:
    """Return one row per strategy: its mean accuracy, by how much it is above chance, and in how many seeds."""
    usual = {name: share for name, share in Params().mix.items() if name in OF_UNLABELLED}
    mixes: dict[str, dict[Strategy, float]] = {name: {name: 1.0} for name in OF_UNLABELLED}
    mixes["the default mix"] = usual
    rows = []
    for half in halves(len(given.images), seeds):
        draws = by_chance(given, half)
        picked = {name: chosen(given, half, mix) for name, mix in mixes.items()}
        picked |= {
            f"scikit-activeml {name}": places for name, places in (peers(given, half, python) if python else {}).items()
        }
        rows += [
            (name, accuracy(given, places, half.judges), np.mean(draws), draws[0]) for name, places in picked.items()
        ]
    table = pd.DataFrame(rows, columns=["strategy", "accuracy", "chance", "one draw"])
    gain = table["accuracy"] - table["chance"]
    grouped = table.assign(gain=gain, wins=gain >= 0, one=table["accuracy"] >= table["one draw"]).groupby(
        "strategy", sort=False
    )
    half_width: pd.Series = stats.t.ppf(0.975, seeds - 1) * grouped["gain"].std() / np.sqrt(grouped.size())
    return grouped[["accuracy", "chance", "gain", "wins", "one"]].agg({
        "accuracy": "mean", "chance": "mean", "gain": "mean", "wins": "sum", "one": "sum",
    }).assign(half=half_width)  # fmt: skip


def main() -> None:
    """Print one table per data set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--peers")
    asked = parser.parse_args()
    given = {"digits": digits()} | ({} if asked.folder is None else {"CIFAR-10N": cifar(asked.folder.resolve())})
    python = None if asked.peers is None else str(Path(asked.peers).absolute())
    for name, (pictures, truth) in given.items():
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            found = compare(seen(pictures, truth), asked.seeds, python)
            os.chdir("/")
        print(f"{name}: accuracy after {LABELS} labels; by chance {found['chance'].iloc[0]:.4f}")
        for strategy, row in found.iterrows():
            print(
                f"  {strategy:32} {row['accuracy']:.4f}  {100 * row['gain']:+.2f} ± {100 * row['half']:.2f} points, as "
                f"good as chance in {row['wins']:.0f} of {asked.seeds} (as one draw: {row['one']:.0f})", flush=True,
            )  # fmt: skip


if __name__ == "__main__":
    main()
