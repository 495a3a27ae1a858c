"""What work per image costs on this machine: what `benchmarks.schedule` simulates with."""

import contextlib
import io
import pickle
import tempfile
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from distributed import LocalCluster
from numpy.typing import NDArray
from PIL import Image

from golgoru.core import cluster, paths
from golgoru.geometry.boxes import BOX_COLUMNS
from golgoru.images import statistics
from golgoru.model import object_features, streamed_model
from golgoru.model.features import LIGHT
from tests.template.builders.image_arrays import images_table

TOGETHER = 16  # images whose time is taken together
_OBJECTS, _CLASSES = 7, 20  # objects per image, beside the image as a whole


class Work(NamedTuple):
    """Measured: seconds per image of single groups of images, of the client per image, and bytes per image.

    `together`: how many images a stage gives out at a time, and waits for; None for all.
    """

    name: str
    seconds: NDArray[np.float64]
    client_seconds: float
    image_bytes: float
    result_bytes: float
    together: int | None = None


def measure(count: int = 256) -> list[Work]:
    """Return the costs of fingerprint and of the streamed predict on made-up images."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        files = make_images(count)
        size = float(np.mean([file.stat().st_size for file in files]))
        fingerprint = partial(statistics.fingerprint_files, known=(), max_pixels=10**8)
        fingerprinting = _measure("fingerprint", fingerprint, files, size)
        score, work = _prediction([file.relative_to(paths.IMAGES).as_posix() for file in files])
        return [
            fingerprinting,
            _measure("predict", score, work, size)._replace(together=streamed_model._IMAGES_PER_POOL),
        ]


def _prediction(names: list[str]) -> tuple[Callable[[Sequence[Any]], list[Any]], list[Any]]:
    """Return what predicts the objects of images, trained on them with labels by chance, and its items."""
    random = np.random.default_rng(0)
    images = images_table(names)
    whole = images[["image"]].assign(prediction=images["image"], **dict.fromkeys(BOX_COLUMNS, np.nan))
    boxes = pd.concat([whole[["image"]]] * _OBJECTS, ignore_index=True)
    boxes[BOX_COLUMNS] = random.uniform(10, 100, (len(boxes), 4))
    boxes["prediction"] = [f"{n} {image}" for n, image in enumerate(boxes["image"])]
    sources = images[["image"]].assign(date="2026-01-01")
    described, embedded = (
        object_features.with_image_data(objects=rows, images=images, sources=sources) for rows in (boxes, whole)
    )
    label = random.integers(0, _CLASSES, len(described))
    training = streamed_model.Training(label, label >= 0, np.arange(len(label)) % 5, _CLASSES)
    patches = object_features.common_patches(described, 0, LIGHT)
    fitted, _ = streamed_model._fit(described, embedded, training, patches)
    rows = pd.concat([described, embedded]).assign(fold=[*training.fold, *[-1] * len(embedded)])
    rows = rows.sort_values("image", kind="stable")
    items = streamed_model._laid_out(rows, rows["fold"].to_numpy(), rows["x"].isna().to_numpy())
    return partial(streamed_model._score_images, fitted=fitted), items


def _measure(name: str, function: Callable[[Sequence[Any]], list[Any]], items: Sequence[Any], size: float) -> Work:
    function(items[:TOGETHER])  # imports
    seconds, results = [], []
    for at in range(0, len(items) - TOGETHER + 1, TOGETHER):
        begun = time.process_time()
        results += function(items[at : at + TOGETHER])
        seconds.append((time.process_time() - begun) / TOGETHER)
    data = pickle.dumps(results)
    begun = time.process_time()
    for _ in range(10):
        pickle.loads(data)  # noqa: S301  (our own)
    client = (time.process_time() - begun) / 10 / len(results)
    return Work(name, np.array(seconds), client, size, len(data) / len(results))


def task_cost(tasks: int = 500) -> tuple[float, float]:
    """Return what an empty task costs client and scheduler, both in this process, and what the first one takes.

    CPU seconds, and seconds by the clock: to connect, compare code and send the function.
    """
    with LocalCluster(n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as local:
        done = cluster.map_on_cluster(local.scheduler_address, list, range(tasks), 1, 3600.0)
        began = time.monotonic()
        next(done)
        start = time.monotonic() - began
        begun = time.process_time()
        deque(done, maxlen=0)
        return (time.process_time() - begun) / (tasks - 1), start


def make_images(count: int) -> list[Path]:
    """Write made-up photos, smooth areas with edges and grain, below the working directory; return their paths."""
    random = np.random.default_rng(0)
    files = [paths.IMAGES / "d" / f"{number:03}.jpg" for number in range(count)]
    files[0].parent.mkdir(parents=True)
    for file in files:
        coarse = Image.fromarray(random.integers(0, 256, (12, 16, 3), dtype=np.uint8)).resize((640, 480))
        grain = random.normal(0, random.uniform(2, 12), (480, 640, 1))
        out = io.BytesIO()
        Image.fromarray((np.asarray(coarse) + grain).clip(0, 255).astype(np.uint8)).save(out, "JPEG", quality=90)
        file.write_bytes(out.getvalue())
    return files
