"""Accuracy after 200 chosen labels, beside 200 random ones and beside the strategies of scikit-activeml.

    python -m benchmarks.selection [FOLDER] [--seeds 10] [--peers PYTHON]

Digits as scikit-learn bundles them, and CIFAR-10N where FOLDER, the unpacked archive, is given: images/, labels.csv,
truth.csv. Half of the images can be chosen, the other half is the test set. The first hundred are medoids, since
nothing is known yet; then two rounds of fifty, and the built-in model is trained on them with the accepted labels.
Random labels: the mean of five draws. `--peers` is the Python of an environment in which scikit-activeml is installed:
`python -m venv peers; peers/bin/pip install scikit-activeml`; its strategies choose all 200 in their own way, and the
same model is trained on what they chose.
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
from golgoru.model.projection import ReducedFeatures, reduce_features
from golgoru.model.streamed_model import unit_vectors
from golgoru.tables.frames import frame
from stages.predict import embeddings_table
from stages.select import Params

LABELS, FIRST, ROUND, DRAWS = 200, 100, 50, 5
OF_UNLABELLED: tuple[Strategy, ...] = STRATEGIES[:3]


class FeaturedImages(NamedTuple):
    """Names, classes and features of n images."""

    images: pd.Index
    label: NDArray[np.int64]
    classes: list[str]
    reduced: ReducedFeatures
    embeddings: pd.DataFrame


class Half(NamedTuple):
    """Positions of the images that can be chosen, and of those to test on."""

    seed: int
    pool: NDArray[np.int64]
    test: NDArray[np.int64]


def digits() -> tuple[dict[str, bytes], pd.DataFrame]:
    """Return scikit-learn's digits as image files, and the label of each."""
    found = load_digits()
    pictures = {}
    for number, grey in enumerate(found.images):
        file = io.BytesIO()
        shades = (255 - grey * 255 / 16).round().astype("uint8")
        Image.fromarray(shades).resize((64, 64), Image.Resampling.BICUBIC).save(file, "PNG")
        pictures[f"{number}.png"] = file.getvalue()
    return pictures, pd.DataFrame({"image": list(pictures), "label": found.target.astype(str)})


def cifar(folder: Path) -> tuple[dict[str, bytes], pd.DataFrame]:
    """Return CIFAR-10N's image files, and the accepted label of each."""
    truth = pd.read_csv(folder / "truth.csv")
    return {name: (folder / "images" / name).read_bytes() for name in truth["image"]}, truth


def with_features(files: dict[str, bytes], truth: pd.DataFrame) -> FeaturedImages:
    """Return the images with features as of stage predict."""
    given = world(files, truth.assign(annotator="a"), truth)
    rows = given.images[["image", "content"]].assign(x=np.nan, y=np.nan, width=np.nan, height=np.nan)
    items = object_features.with_image_data(
        objects=rows.drop(columns="content"), images=given.images, sources=given.sources
    )
    items = items[items["image"].isin(given.truth.index)].sort_values("image").reset_index(drop=True)
    patches = object_features.common_patches(items, 0)
    features = object_features.feature_matrix(items, patches)
    reduced = reduce_features(features, object_features.box_shapes(items))
    code = pd.Index(given.classes.ids).get_indexer(pd.Index(given.truth[items["image"]]))
    return FeaturedImages(
        pd.Index(items["image"]), code, given.classes.ids, reduced, embeddings_table(items, unit_vectors(reduced))
    )


def halves(count: int, seeds: int) -> Iterator[Half]:
    """Split the images in half, once per seed."""
    for seed in range(seeds):
        order = np.random.default_rng(seed).permutation(count)
        yield Half(seed, np.sort(order[: count // 2]), order[count // 2 :])


def accuracy(given: FeaturedImages, train: NDArray[np.int64], test: NDArray[np.int64]) -> float:
    """Return the accuracy on `test` of the built-in model trained on `train`, both positions of images."""
    probabilities = classifier.fit_and_predict(given.reduced, given.label, train, test, len(given.classes))
    return float((probabilities.argmax(axis=1) == given.label[test]).mean())


def random_accuracies(given: FeaturedImages, half: Half) -> list[float]:
    """Return the accuracy after random labels, once per draw."""
    dice = np.random.default_rng(1_000 + half.seed)
    draws = [dice.choice(half.pool, LABELS, replace=False) for _ in range(DRAWS)]
    return [accuracy(given, draw, half.test) for draw in draws]


def chosen(given: FeaturedImages, half: Half, mix: dict[Strategy, float]) -> NDArray[np.int64]:
    """Return the positions of 200 images that a mix of strategies chose."""
    taken = np.empty(0, np.int64)
    for step in (FIRST, *[ROUND] * ((LABELS - FIRST) // ROUND)):
        first = len(taken) == 0
        rest = np.setdiff1d(half.pool, taken)
        candidates = _candidates(given, half, rest, taken)
        queue = mixed_queue(step, {"medoids": 1.0} if first else mix, candidates.pick)
        taken = np.concatenate([taken, given.images.get_indexer(pd.Index(queue["image"]))])
    return taken


def _candidates(given: FeaturedImages, half: Half, rest: NDArray[np.int64], taken: NDArray[np.int64]) -> Candidates:
    classes = len(given.classes)
    probable = classifier.fit_and_predict(given.reduced, given.label, taken, rest, classes)
    rows = frame("predictions", {
        "model": "built-in", "prediction": given.images[rest], "image": given.images[rest], "object": None,
        "label": None, "predicted": np.array(given.classes, dtype=object)[probable.argmax(axis=1)],
        "confidence": probable.max(axis=1), "probabilities": list(probable), "class_learned": True,
    })  # fmt: skip
    images = given.images[rest]
    uncertain = image_uncertainty(images, rows, given.classes)
    # What is missing until the classes are even.
    count = np.bincount(given.label[taken], minlength=classes)
    missing = pd.Series(np.clip((len(taken) + ROUND) / classes - count, 0, None), index=given.classes)
    gaps = CoverageGaps(missing, pd.Series(dtype=float))
    coverage = coverage_scores(images, uncertain.class_probability, given.classes, frame("edge_case_hits"), gaps)
    return Candidates(
        images=images, labelled=given.images[taken], embeddings=given.embeddings,
        sample_key=pd.Series(given.images, index=given.images), uncertain=uncertain, coverage=coverage,
        classes=given.classes, seed=half.seed,
    )  # fmt: skip


def peers(given: FeaturedImages, half: Half, python: str) -> dict[str, NDArray[np.int64]]:
    """Return the positions that scikit-activeml's strategies chose, by name."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pool.npz"
        vectors = embedding_matrix(given.embeddings, given.images[half.pool]).astype(float)
        numbers = [LABELS, FIRST, ROUND]
        np.savez(file, vectors=vectors, label=given.label[half.pool], seed=half.seed, numbers=numbers)
        subprocess.run([python, "-P", Path(__file__).with_name("selection_peers.py"), file], check=True)  # noqa: S603
        with np.load(Path(folder) / "chosen.npz") as found:
            return {name: half.pool[found[name]] for name in found.files}


def compare(given: FeaturedImages, seeds: int, python: str | None) -> pd.DataFrame:
    """Return one row per strategy: its mean accuracy, its gain over random labels, and in how many seeds it gains."""
    usual = {name: share for name, share in Params().mix.items() if name in OF_UNLABELLED}
    mixes: dict[str, dict[Strategy, float]] = {name: {name: 1.0} for name in OF_UNLABELLED}
    mixes["the default mix"] = usual
    rows = []
    for half in halves(len(given.images), seeds):
        draws = random_accuracies(given, half)
        picked = {name: chosen(given, half, mix) for name, mix in mixes.items()}
        picked |= {
            f"scikit-activeml {name}": positions
            for name, positions in (peers(given, half, python) if python else {}).items()
        }
        rows += [
            (name, accuracy(given, positions, half.test), np.mean(draws), draws[0])
            for name, positions in picked.items()
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
    data_sets = {"digits": digits()} | ({} if asked.folder is None else {"CIFAR-10N": cifar(asked.folder.resolve())})
    python = None if asked.peers is None else str(Path(asked.peers).absolute())
    for name, (files, truth) in data_sets.items():
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            gains = compare(with_features(files, truth), asked.seeds, python)
            os.chdir("/")
        print(f"{name}: accuracy after {LABELS} labels; of random labels {gains['chance'].iloc[0]:.4f}")
        for strategy, row in gains.iterrows():
            print(
                f"  {strategy:32} {row['accuracy']:.4f}  {100 * row['gain']:+.2f} ± {100 * row['half']:.2f} points, as "
                f"good as chance in {row['wins']:.0f} of {asked.seeds} (as one draw: {row['one']:.0f})", flush=True,
            )  # fmt: skip


if __name__ == "__main__":
    main()
