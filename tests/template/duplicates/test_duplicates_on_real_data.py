"""Duplicates among real photographs: those that people judged, and those that are made here."""

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import duplicates
from golgoru.core import paths
from golgoru.images.statistics import fingerprint_files
from golgoru.tables import frames
from stages import dedup
from tests.template.builders import real_data

COUNT = 6143
SLOWER = pytest.param("thorough", 0.95, 0.02, marks=pytest.mark.slow)


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def cifar() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write the images of the archive, and return tables `images` and `sources`."""
    data_by_name = real_data.pictures("cifar10n.zip")
    files = [paths.IMAGES / "x" / name for name in data_by_name]
    files[0].parent.mkdir(parents=True)
    for file, data in zip(files, data_by_name.values(), strict=True):
        file.write_bytes(data)
    seen = [one for at in range(0, len(files), 128) for one in fingerprint_files(files[at : at + 128], (), 10**8)]
    image = [f"x/{name}" for name in data_by_name]
    statistics = pd.DataFrame([one.statistics for one in seen])
    images = statistics.assign(image=image, content=[one.content for one in seen], bytes=[one.bytes for one in seen])
    return frames.frame("images", images), frames.frame(
        "sources", {"image": image, "delivery": "x", "date": "2026-01-01"}
    )


def judged() -> dict[frozenset[str], str]:
    with real_data.archive("cifar10n.zip") as files:
        rows = csv.DictReader(io.TextIOWrapper(files.open("near_duplicates.csv"), "utf-8"))
        return {frozenset((row["image_a"], row["image_b"])): row["judgment"] for row in rows}


@pytest.mark.parametrize(("mode", "recall", "beyond"), [("default", 0.75, 0.01), SLOWER])
def test_same_shots_that_people_judged_are_found(mode: str, recall: float, beyond: float) -> None:
    """127 pairs of the same shot. The other pairs were looked at one by one: docs/decisions/duplicates.md."""
    images, sources = cifar()
    assert len(images) == COUNT
    table = dedup.transform(images=images, sources=sources, params=dedup.Params(mode=mode)).duplicate_pairs
    pairs = {frozenset((Path(a).name, Path(b).name)) for a, b in zip(table["image_a"], table["image_b"], strict=True)}
    truth = {frozenset(Path(name).name for name in pair): judgment for pair, judgment in judged().items()}
    same_shot = [pair for pair, judgment in truth.items() if judgment == "1"]
    assert len(same_shot) == 127
    assert np.mean([pair in pairs for pair in same_shot]) >= recall
    known = set().union(*truth)
    flagged = set().union(*(pair for pair in pairs if pair not in truth)) - known
    assert len(flagged) / COUNT <= beyond
    assert (table["kind"] == "near").sum() <= 6, "only certain duplicates may be set aside"


@pytest.mark.parametrize(
    ("archive", "count"), [pytest.param("bccd.zip", 100, marks=pytest.mark.slow), ("cifar10n.zip", 300)]
)
def test_duplicates_of_photographs_are_found_and_hardly_anything_else(archive: str, count: int) -> None:
    pictures = real_data.pictures(archive)
    # The archive holds both images of many pairs of one shot, which rightly form one group.
    one_of_its_kind = set(pictures) - {Path(name).name for pair in judged() for name in pair}
    pictures = {name: pictures[name] for name in sorted(one_of_its_kind)[:count]}
    images, sources = duplicates.write(pictures)
    pairs = dedup.transform(images=images, sources=sources, params=dedup.Params()).duplicate_pairs
    recall = duplicates.recall_by_kind(pairs).sum(axis=1) / len(pictures)
    assert set(recall.index[recall >= 0.97]) >= set(duplicates.CHANGES) - {"10 % crop"}, recall
    assert duplicates.false_groups(images, pairs) <= 0.01 * len(pictures)
    certain = pairs[pairs["kind"] != "borderline"]
    assert duplicates.false_groups(images, certain) == 0


def test_saved_again_scaled_and_brighter_duplicates_of_receipts_are_found() -> None:
    """Crops of receipts are not: their lines of text move against the hash. The figures are in the decisions."""
    pictures = real_data.pictures("sroie.zip", 20)
    images, sources = duplicates.write(pictures)
    pairs = dedup.transform(images=images, sources=sources, params=dedup.Params(min_aligned=0.9)).duplicate_pairs
    recall = duplicates.recall_by_kind(pairs).sum(axis=1) / len(pictures)
    kinds = ["JPEG quality 50", "half size", "watermark", "mirrored", "PNG", "greyscale"]
    assert (recall[kinds] >= 0.97).all(), recall
    assert duplicates.false_groups(images, pairs) <= 1
    assert duplicates.false_groups(images, pairs[pairs["kind"] != "borderline"]) == 0
