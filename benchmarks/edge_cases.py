"""Speed of stage `cases`: the template's whole catalogue, against reading and writing the same tables.

    python -m benchmarks.edge_cases [PICTURES]

The tables are synthetic, from one seed: 50,000 pictures with three objects each, unless said otherwise. What a trigger
costs does not depend on how often it fires; the tables have boxes, polygons and texts, so that every fact is computed.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from golgoru.core import paths
from golgoru.guideline.classes import read_classes
from golgoru.guideline.edge_cases import read_edge_cases
from golgoru.tables import frames
from golgoru.tables.vocabulary import AGREED, AGREES, CONTESTED
from stages import edge_cases

_OBJECTS = 3  # on a picture
_BUDGET = 5.0  # seconds for 50,000 pictures


def tables(pictures: int) -> dict[str, pd.DataFrame]:
    """Return every table that the stage reads."""
    dice = np.random.default_rng(0)
    image = pd.Series([f"a/{number:08}.jpg" for number in range(pictures)])
    names = {"image": image, "delivery": "a", "date": "2026-01-01"}
    looks = {key: dice.uniform(0, 255, pictures) for key in ("brightness", "contrast", "sharpness")}
    images = pd.DataFrame({
        "image": image, "content": [f"{number:032x}" for number in range(pictures)], "bytes": 90_000, "width": 640,
        "height": 480, "format": "JPEG", "mode": "RGB", **looks,
    })  # fmt: skip
    pairs = pd.DataFrame({"image_a": image[:-1:20].to_numpy(), "image_b": image[1::20].to_numpy(), "kind": "near"})
    labels = _labels(image, dice)
    votes = pd.DataFrame({"annotation": labels["object"], "image": labels["image"], "role": AGREES})
    return {
        "images": frames.frame("images", images),
        "sources": frames.frame("sources", names),
        "labels": frames.frame("labels", labels),
        "annotation_roles": frames.frame("annotation_roles", votes),
        "groups": frames.frame(
            "groups", {"image": image, "group": images["content"], "group_on_arrival": images["content"]}
        ),
        "duplicate_pairs": frames.frame("duplicate_pairs", pairs.assign(distance=2, score=0.99)),
    }


def _labels(image: pd.Series, dice: np.random.Generator) -> pd.DataFrame:
    many = len(image) * _OBJECTS
    x, y = dice.uniform(0, 500, many), dice.uniform(0, 400, many)
    width, height = dice.uniform(5, 140, many), dice.uniform(5, 80, many)
    corners = np.column_stack([x, y, x + width, y, x + width, y + height, x, y + height])
    return pd.DataFrame({
        "object": [f"b/{number:08}" for number in range(many)], "image": image.repeat(_OBJECTS).to_numpy(),
        "label": dice.choice([str(digit) for digit in range(10)], many), "x": x, "y": y, "width": width,
        "height": height, "polygon": list(corners), "text": [f"Nr. {number}" for number in range(many)],
        "ignore": False, "votes": 3, "agreement": dice.uniform(0.3, 1, many), "confidence": dice.uniform(0.3, 1, many),
        "status": dice.choice([AGREED, CONTESTED], many), "source": "human", "guideline_version": "1.0",
    })  # fmt: skip


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main(pictures: int) -> None:
    """Print seconds of the stage and of the floor, the better of two rounds, and their ratio."""
    given = tables(pictures)
    classes, catalogue = read_classes(paths.CLASSES), read_edge_cases(paths.EDGE_CASES)

    def stage() -> None:
        edge_cases.transform(**given, classes=classes, edge_cases=catalogue, params=edge_cases.Params())

    def floor() -> None:
        with tempfile.TemporaryDirectory() as folder:
            for name, table in given.items():
                file = Path(folder, f"{name}.parquet")
                frames.write_table(table, file, name)
                frames.read_table(file, name)

    ours, least = (min(_seconds(work) for _ in range(2)) for work in (stage, floor))
    print(
        f"{len(catalogue.active)} edge cases, {pictures} pictures, {len(given['labels'])} objects: "
        f"{ours:.2f} s, reading and writing the tables {least:.2f} s, ratio {ours / least:.2f}"
    )
    if ours > _BUDGET * pictures / 50_000:
        sys.exit(f"expected at most {_BUDGET * pictures / 50_000:.1f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
