"""Work per image on a Dask cluster of two: the same bytes as in one process, also when a worker is lost midway."""

import os
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from distributed import LocalCluster

from golgoru.core import cluster, cluster_worker, parallel, paths, storage
from golgoru.core.code_versions import code_versions
from golgoru.core.errors import UserError
from golgoru.core.parallel import map_batches
from golgoru.geometry.boxes import BOX_COLUMNS
from golgoru.images import thumbnails
from golgoru.model import crops, features, object_features
from golgoru.model.features import FULL, Patches
from golgoru.tables import frames
from stages import predict
from tests.template.builders import dask_clusters
from tests.template.builders.buckets import S3, s3_server
from tests.template.builders.deliveries import deliver, png, run
from tests.template.builders.image_arrays import CLASSES, single_colour_images

pytestmark = pytest.mark.slow  # two processes that import all of golgoru, again and again

RANDOM = np.random.default_rng(0)
PATCHES = Patches(*(RANDOM.normal(size=size).astype(np.float32) for size in (108, (108, 108), (8, 108))))
IMAGES = [f"{n:02}.png" for n in range(60)]


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with s3_server() as server:
        yield server


@pytest.fixture(scope="module")
def dask_cluster(s3: S3) -> Iterator[LocalCluster]:
    """Two workers that know how to reach the bucket, and not that images are there."""
    with pytest.MonkeyPatch.context() as environment:
        for name in s3.settings.keys() - {storage.SETTING}:
            environment.setenv(name, s3.settings[name])
        with dask_clusters.local_cluster(2) as started:
            yield started


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "_PATIENCE", -1.0)
    monkeypatch.setattr(parallel, "_WORTH_A_POOL", -1.0)


@pytest.fixture
def on_cluster(dask_cluster: LocalCluster, impatient: None, monkeypatch: pytest.MonkeyPatch) -> LocalCluster:
    dask_cluster.wait_for_workers(2)
    monkeypatch.setenv(cluster.SETTING, dask_cluster.scheduler_address)
    return dask_cluster


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(storage.SETTING, raising=False)
    monkeypatch.chdir(tmp_path)
    deliver("x", {name: png(n) for n, name in enumerate(IMAGES)} | {"bad.png": b"no", "empty.png": b""})
    return tmp_path


def images_and_features() -> tuple[bytes, bytes]:
    """What fingerprint writes, and the features of each image and of an object on it; nothing is remembered."""
    shutil.rmtree(".cache", ignore_errors=True)
    images = run().images
    whole = images.loc[images["error"].isna(), ["image", "content"]].assign(**dict.fromkeys(BOX_COLUMNS, np.nan))
    objects = pd.concat([whole, whole.assign(x=2.0, y=3.0, width=10.0, height=9.0)], ignore_index=True)
    objects = objects.assign(crop=crops.crop_keys(objects))
    computed = object_features._computed_features(objects, PATCHES, FULL)
    return frames.to_bytes(images, "images"), b"".join(computed["features"].sort_index())


def test_one_process_four_and_a_cluster_give_the_same_bytes(
    repository: Path, s3: S3, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = images_and_features()
    request.getfixturevalue("impatient")
    monkeypatch.setattr(parallel, "usable_cores", lambda: 4)
    assert images_and_features() == alone
    request.getfixturevalue("on_cluster")
    monkeypatch.setattr(parallel, "_in_processes", None)
    assert images_and_features() == alone  # workers do not run in this folder, and are told where it is
    s3.upload_images(repository)
    for name, value in s3.settings.items():
        monkeypatch.setenv(name, value)
    shutil.rmtree(paths.IMAGES)
    assert images_and_features() == alone


def predictions() -> dict[str, bytes]:
    """The tables that predict writes for 40 images of one colour; nothing is remembered."""
    shutil.rmtree(".cache", ignore_errors=True)
    shades = ["red", "green"] * 20
    images = single_colour_images(shades)
    labels = images[["image"]].assign(
        label=shades, object=images["content"], ignore=False, votes=1, agreement=1.0, source="human",
        guideline_version="1", status="agreed",
    )  # fmt: skip
    groups = images[["image"]].assign(group=images["content"], group_on_arrival=images["content"])
    duplicates = pd.DataFrame(columns=["image", "duplicate_of", "kind", "distance", "rule"])
    tables = predict.transform(
        labels=frames.frame("labels", labels), images=images,
        sources=frames.frame("sources", images[["image"]].assign(delivery="d", date="2026-01-01")),
        groups=frames.frame("groups", groups), duplicates=frames.frame("duplicates", duplicates),
        external_predictions=[], classes=CLASSES, task="classification", seed=0, params=predict.Params(),
    )  # fmt: skip
    return {name: frames.to_bytes(getattr(tables, name), name) for name in ("predictions", "embeddings")}


@pytest.mark.parametrize("fitted_whole", [True, False])
def test_predictions_are_the_same_in_one_process_four_and_a_cluster(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, fitted_whole: bool
) -> None:
    monkeypatch.delenv(storage.SETTING, raising=False)
    monkeypatch.chdir(tmp_path)
    if not fitted_whole:
        monkeypatch.setattr(features, "FITTED_WHOLE", 5)
    alone = predictions()
    request.getfixturevalue("impatient")
    monkeypatch.setattr(parallel, "usable_cores", lambda: 4)
    assert predictions() == alone
    request.getfixturevalue("on_cluster")
    monkeypatch.setattr(parallel, "_in_processes", None)
    assert predictions() == alone


def test_an_image_that_changed_gives_the_same_error_in_one_process_and_a_cluster(
    repository: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = run().images
    images = images[images["error"].isna()].reset_index(drop=True)
    (paths.IMAGES / images["image"][40]).write_bytes(png(999))
    (paths.IMAGES / images["image"][50]).unlink()
    with pytest.raises(UserError) as alone:
        thumbnails.load_thumbnails(images)
    request.getfixturevalue("on_cluster")
    monkeypatch.setattr(parallel, "_in_processes", None)
    with pytest.raises(UserError) as together:
        thumbnails.load_thumbnails(images)
    assert str(together.value) == str(alone.value)
    assert str(alone.value).startswith(f"{paths.IMAGES / images['image'][40]}: not the image")


@pytest.mark.usefixtures("on_cluster")
def test_workers_do_the_work_in_batches_and_the_order_is_kept() -> None:
    found = map_batches(dask_clusters.add_with_process, list(range(500)), "adding", 7)
    assert [number for number, _, _ in found] == list(range(10, 510))
    assert len({process for _, process, _ in found} - {os.getpid()}) == 2
    assert max(together for _, _, together in found) == 7


@pytest.mark.usefixtures("on_cluster")
def test_a_worker_lost_midway_changes_nothing(tmp_path: Path) -> None:
    work = partial(dask_clusters.die_once, at=55, sign=tmp_path / "died")
    assert map_batches(work, list(range(200)), "counting", 3) == list(range(200))
    assert (tmp_path / "died").exists()


@pytest.mark.usefixtures("on_cluster")
def test_an_image_that_ends_every_worker_is_named() -> None:
    images = [(f"x/{n}.png", "md5") for n in range(33)]  # the first here, and batches of four
    with pytest.raises(UserError, match=r"the workers that were given 'x/17.png' and what follows died"):
        map_batches(partial(dask_clusters.die_at, at="x/18.png"), images, "dying", 5)


@pytest.mark.usefixtures("on_cluster")
def test_errors_come_back_as_they_are_and_the_first_one_in_order() -> None:
    with pytest.raises(UserError, match=r"^file 50 is bad$"):
        map_batches(dask_clusters.complain, list(range(100)), "complaining", 3)
    with pytest.raises(TimeoutError, match="took too long"):
        list(cluster.map_on_cluster(os.environ[cluster.SETTING], dask_clusters.time_out, [1, 2], 1, 1.0))


@pytest.mark.parametrize(
    ("process", "refused"), [("scheduler", "scheduler"), ("worker", r"worker tcp://127\.0\.0\.1:\d+")]
)
def test_a_scheduler_or_worker_of_other_code_is_refused_before_anything_is_sent(
    on_cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch, process: str, refused: str
) -> None:
    """The scheduler of this test runs in this process, as the client does."""
    other = code_versions() | {"numpy": "1.26.0"}
    here = other if process == "worker" else code_versions()
    monkeypatch.setattr(cluster, "code_versions", lambda: here)
    monkeypatch.setattr(cluster_worker, "code_versions", lambda: other)
    monkeypatch.setattr(cluster, "Work", None)
    expected = rf"^{refused} has numpy .* instead of .*: results could differ; check out the commit"
    with pytest.raises(UserError, match=expected):
        map_batches(dask_clusters.complain, list(range(9)), "complaining", 3)


@pytest.mark.usefixtures("on_cluster")
def test_a_worker_of_other_code_that_comes_later_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    other = code_versions() | {"numpy": "1.26.0"}
    monkeypatch.setattr(cluster._Cluster, "_check_code", lambda _: None)
    monkeypatch.setattr(cluster_worker, "code_versions", lambda: other)  # what the client says it has
    with pytest.raises(UserError, match=r"^worker tcp://127\.0\.0\.1:\d+ has numpy [\d.]+ instead of 1\.26\.0: "):
        map_batches(dask_clusters.complain, list(range(9)), "complaining", 3)
