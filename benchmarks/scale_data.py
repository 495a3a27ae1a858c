"""A made-up raw repository of any size: small distinct JPEGs, deliveries, and batches in Parquet.

Made to cost what real data cost: 10 deliveries, 12 annotators, 20 classes of a long tail (1/k), 1 % copies (half equal
bytes, half encoded anew), 0.2 % files that cannot be read, 2 % annotations that break a rule, 0.5 % objects reviewed.
Detection, segmentation and ocr have 6.67 objects per image on average, and half of the images are annotated twice: ten
annotations per image. Classification has three annotations per image. The class shows in an object's colour.
"""

import hashlib
import io
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image

WIDTH, HEIGHT = 160, 120
CLASSES = tuple(f"class-{number:02}" for number in range(20))
ANNOTATORS = tuple(f"ann-{number:02}" for number in range(12))
WORDS = ("total", "cash", "change", "tax", "date", "item", "no", "sum", "thank you", "card")
DELIVERIES = 10
BATCHES = 20
_CHUNK = 2000
_COLOURS = np.random.default_rng(7).integers(30, 226, (len(CLASSES), 3)).astype(np.uint8)


class World:
    """What is true of the made-up data: every image's file, and every object's class and box."""

    def __init__(self, images: int, task: str) -> None:
        rng = np.random.default_rng(0)
        self.images, self.task, self.rng = images, task, rng
        self.delivery = np.sort(rng.integers(0, DELIVERIES, images))
        self.name = np.array([f"img-{i:08}.jpg" for i in range(images)], dtype=object)
        copies = rng.choice(images, images // 100, replace=False)
        original = np.setdiff1d(rng.choice(images, images // 50, replace=False), copies)[: len(copies)]
        copies = copies[: len(original)]
        self.file_of = np.arange(images)  # the image whose pixels a file shows
        self.file_of[copies] = original
        self.encoded_anew = np.zeros(images, bool)
        self.encoded_anew[copies[len(copies) // 2 :]] = True
        self.cut_off = np.zeros(images, bool)
        self.cut_off[rng.choice(images, images // 500, replace=False)] = True
        self.cut_off[original] = False
        count = np.ones(images, int) if task == "classification" else rng.poisson(6.67, images)
        count[copies] = count[original]
        self.image = np.repeat(np.arange(images), count)
        self.first = np.concatenate([[0], np.cumsum(count)])
        self.label = long_tail(rng, len(self.image))
        self.box = _boxes(rng, len(self.image)) if task != "classification" else np.zeros((len(self.image), 4))
        self.word = np.arange(len(self.image)) % len(WORDS)
        of_copy = np.isin(self.image, copies)
        source = self.first[self.file_of[self.image]] + (np.arange(len(self.image)) - self.first[self.image])
        for values in (self.label, self.box, self.word):
            values[of_copy] = values[source[of_copy]]

    def objects_of(self, image: int) -> slice:
        """Return where the objects of an image stand."""
        return slice(int(self.first[image]), int(self.first[image + 1]))


def long_tail(rng: np.random.Generator, size: int) -> NDArray[np.int8]:
    """Return classes, the k-th with a weight of 1/k."""
    weight = 1 / np.arange(1, len(CLASSES) + 1)
    return rng.choice(len(CLASSES), size, p=weight / weight.sum()).astype(np.int8)


def _boxes(rng: np.random.Generator, size: int) -> NDArray[np.float64]:
    """Return boxes as x, y, width, height in pixels, all inside the image."""
    side = rng.uniform(8, 40, (size, 2))
    corner = rng.uniform(0, 1, (size, 2)) * (np.array([WIDTH, HEIGHT]) - side)
    return np.hstack([corner, side]).round(1)


def picture(world: World, image: int, quality: int) -> bytes:
    """Return the JPEG of an image: soft noise from its own seed, and each object in its class' colour."""
    rng = np.random.default_rng([1, image])
    low = Image.fromarray(rng.integers(0, 256, (8, 10, 3), dtype=np.uint8))
    pixels = np.asarray(low.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)).copy()
    if world.task == "classification":
        pixels = pixels // 2 + _COLOURS[world.label[image]] // 2
    else:
        for label, (x, y, width, height) in zip(
            world.label[world.objects_of(image)], world.box[world.objects_of(image)].astype(int), strict=True
        ):
            crop = pixels[y : y + height, x : x + width]
            crop[:] = crop // 4 + _COLOURS[label] // 4 * 3
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _write_chunk(world: World, folder: Path, start: int) -> list[str]:
    """Write the pictures of one chunk; return the md5 of each file."""
    digests = []
    for image in range(start, min(start + _CHUNK, world.images)):
        data = picture(world, int(world.file_of[image]), 70 if world.encoded_anew[image] else 85)
        data = data[: len(data) // 3] if world.cut_off[image] else data
        (folder / f"d{world.delivery[image]:02}" / world.name[image]).write_bytes(data)
        digests.append(hashlib.md5(data, usedforsecurity=False).hexdigest())
    return digests


def write_pictures(world: World, top: Path) -> None:
    """Write data/raw/images and data/raw/deliveries with their pointers, as `dvc add` would make them."""
    images, deliveries = top / "data/raw/images", top / "data/raw/deliveries"
    for number in range(DELIVERIES):
        (images / f"d{number:02}").mkdir(parents=True)
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        parts = pool.map(partial(_write_chunk, world, images), range(0, world.images, _CHUNK))
        digests = [digest for part in parts for digest in part]
    for number in range(DELIVERIES):
        mine = np.flatnonzero(world.delivery == number)
        listing = ", ".join(f'{{"md5": "{digests[i]}", "relpath": "{world.name[i]}"}}' for i in mine)
        md5 = hashlib.md5(f"[{listing}]".encode(), usedforsecurity=False).hexdigest()
        pointer = f"outs:\n- md5: {md5}.dir\n  size: 1\n  nfiles: {len(mine)}\n  hash: md5\n  path: d{number:02}\n"
        (deliveries / f"d{number:02}.dvc").write_text(f"wdir: ../images\n{pointer}")
        (deliveries / f"d{number:02}.yaml").write_text(
            f"date: 2026-01-{number + 1:02}\nsource: made up by benchmarks.scale\nlicence: CC-BY-4.0\n"
        )


def write_batches(world: World, top: Path) -> int:
    """Write the label log, with pointers that hold no real md5 (DVC is not run); return its number of annotations."""
    total = 0
    for name, source, day, rows in _batches(world):
        folder = top / "data/raw/batches" / name
        (folder / "payload").mkdir(parents=True)
        pq.write_table(rows, folder / "payload/rows.parquet")
        (folder / "payload.dvc").write_text(
            f"outs:\n- md5: {'0' * 32}.dir\n  nfiles: 1\n  hash: md5\n  path: payload\n"
        )
        (folder / "batch.yaml").write_text(
            f"format: parquet\nsource: {source}\ndate: {day}\nguideline_version: '1.0'\n"
            "columns: {image: image, annotator: annotator}\n"
        )
        total += len(rows)
    return total


def _batches(world: World) -> Iterator[tuple[str, str, str, pa.Table]]:
    rng = world.rng
    if world.task == "classification":
        rounds = [np.arange(len(world.image))] * 3
    else:
        twice = rng.random(world.images) < 0.5
        second = np.flatnonzero(twice[world.image])
        rounds = [np.arange(len(world.image)), second[rng.random(len(second)) < 0.95]]
    first = rng.integers(0, len(ANNOTATORS), world.images)
    for number, objects in enumerate(rounds):
        parts = np.array_split(objects, max(1, BATCHES // len(rounds)))
        for part, chosen in enumerate(parts):
            name, day = f"round-{number}-{part:02}", f"2026-0{number + 2}-{part + 1:02}"
            who = (first[world.image[chosen]] + 5 * number) % len(ANNOTATORS)
            yield name, "human", day, _rows(world, name, day, chosen, np.array(ANNOTATORS, dtype=object)[who])
    # A review of some objects of an image names each object, so that the other objects keep their annotations.
    reviewed = np.sort(rng.choice(len(world.image), len(world.image) // 200, replace=False))
    reviewer = np.full(len(reviewed), "rev-1", dtype=object)
    about = [f"{_batch_of(world, rounds[0], o)}/{o:09}" for o in reviewed] if world.task != "classification" else None
    yield "review", "review", "2026-06-01", _rows(world, "review", "2026-06-01", reviewed, reviewer, about)


def _batch_of(world: World, objects: NDArray[np.int64], chosen: int) -> str:
    """Return the first round's batch that holds an object, as np.array_split deals them out."""
    parts = max(1, BATCHES // 2)
    size, longer = divmod(len(objects), parts)
    part = chosen // (size + 1) if chosen < longer * (size + 1) else longer + (chosen - longer * (size + 1)) // size
    return f"round-0-{part:02}"


def _rows(
    world: World, batch: str, day: str, chosen: NDArray[np.int64], who: NDArray[Any], about: list[str] | None = None
) -> pa.Table:
    """Return annotations of objects: 3 % (classification 8 %) with a class by chance, 2 % that break a rule."""
    rng, size = world.rng, len(chosen)
    review = batch == "review"
    label = np.array([*CLASSES, "unknown"], dtype=object)[
        np.where(
            rng.random(size) < (0 if review else 0.08 if world.task == "classification" else 0.03),
            long_tail(rng, size),
            world.label[chosen],
        )
    ]
    label[rng.random(size) < (0 if review else 0.005)] = "unknown"
    start = np.datetime64(day, "us")
    rows: dict[str, Any] = {
        "id": [f"{o:09}" for o in chosen],
        "image": [f"d{world.delivery[i]:02}/{world.name[i]}" for i in world.image[chosen]],
        "annotator": pa.array(who.tolist(), pa.string()),
        "label": pa.array(label.tolist(), pa.string()),
        "created_at": pa.array(start + rng.integers(0, 8 * 3600 * 10**6, size), pa.timestamp("us", "UTC")),
        "lead_time_s": rng.gamma(2, 3, size).round(2),
    }  # fmt: skip
    if about is not None:
        rows["about"] = about
    if world.task != "classification":
        box = world.box[chosen] + (0 if review else rng.normal(0, 0.7, (size, 4)))
        rows |= _geometry(world, chosen, box.round(1), 0 if review else 0.015)
    return pa.table(rows)


def _geometry(world: World, chosen: NDArray[np.int64], box: NDArray[np.float64], broken: float) -> dict[str, Any]:
    rng = world.rng
    box[:, :2] = box[:, :2].clip(0)
    box[:, 2:] = np.minimum(box[:, 2:].clip(2), np.array([WIDTH, HEIGHT]) - box[:, :2])
    if world.task == "detection":
        bad = rng.random(len(box))
        box[bad < broken / 2, 2] = 0  # no width
        box[(bad >= broken / 2) & (bad < broken), 0] = WIDTH + 50  # outside
        return dict(zip(("x", "y", "width", "height"), box.T, strict=True))
    corners = 4 if world.task == "ocr" else 12
    angle = (np.arange(corners) + 0.5) * 2 * np.pi / corners
    around = np.stack([np.cos(angle), np.sin(angle)], 1) / (np.sqrt(2) if world.task == "ocr" else 2)
    centre = box[:, None, :2] + box[:, None, 2:] / 2
    points = (centre + around[None] * box[:, None, 2:]).clip(0, [WIDTH, HEIGHT]).round(1).reshape(len(box), -1)
    flat = pa.array(points.ravel(), pa.float64())
    rows: dict[str, Any] = {
        "polygon": pa.FixedSizeListArray.from_arrays(flat, points.shape[1]).cast(pa.list_(pa.float64()))
    }
    if world.task == "ocr":
        misread = rng.random(len(box)) < broken
        word = np.where(misread, rng.integers(0, len(WORDS), len(box)), world.word[chosen])
        rows["text"] = pa.array(np.array(WORDS, dtype=object)[word].tolist(), pa.string())
    return rows


def make(top: Path, images: int, task: str) -> int:
    """Fill an emptied repository; return the number of annotations. Nothing under data/raw may be there yet."""
    world = World(images, task)
    classes = "".join(f"  - id: {name}\n    definition: Of the kind {name}.\n" for name in CLASSES)
    (top / "guidelines/classes.yaml").write_text(f"version: '1.0'\nclasses:\n{classes}")
    write_pictures(world, top)
    return write_batches(world, top)
