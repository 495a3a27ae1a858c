"""Images in a bucket of S3: the same tables as from the working tree, and a failing network is no error of an image."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from golgoru.core import paths, storage
from golgoru.core.errors import UserError
from golgoru.images import thumbnails
from golgoru.tables import frames
from tests.template.builders.buckets import S3, s3_server
from tests.template.builders.deliveries import deliver, png, refusal, run

# Names that are patterns or parts of an address elsewhere; more images than are read ahead.
NAMES = [f"{n:02}.png" for n in range(storage._AHEAD)] + ["deep/er/[a-c]*?.png", "dé #1&2.png"]


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with s3_server() as server:
        yield server


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(storage.SETTING, raising=False)
    monkeypatch.chdir(tmp_path)
    deliver("x", {name: png(n) for n, name in enumerate(NAMES)} | {"bad.png": b"no", "empty.png": b""})
    (tmp_path / ".dvcignore").write_text("*.tmp\n")
    return tmp_path


@pytest.fixture
def uploaded(s3: S3, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The images are in the bucket alone, among what is not theirs."""
    s3.upload_images(repository)
    s3.put(f"{paths.IMAGES}/x/left.tmp", b"ignored")
    s3.put(f"{paths.IMAGES}/x/deep/", b"")  # as some tools mark a folder
    s3.put("data/raw/images-of-others/y/1.png", png(1))
    for name, value in s3.settings.items():
        monkeypatch.setenv(name, value)
    paths.IMAGES.rename("moved")
    return repository


def test_a_bucket_gives_the_table_of_the_working_tree(
    repository: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = frames.to_bytes(run().images, "images")
    (repository / ".cache").rename("cache-of-the-working-tree")
    request.getfixturevalue("uploaded")
    monkeypatch.setattr(storage, "_PAGE", 7)
    assert frames.to_bytes(run().images, "images") == local
    monkeypatch.setattr(storage.Bucket, "read_each", None)  # not read again: what the bucket lists is as it was
    assert frames.to_bytes(run().images, "images") == local


@pytest.mark.usefixtures("uploaded")
def test_what_is_written_again_is_read_again_and_compared_with_the_pointer(s3: S3) -> None:
    run()
    s3.put(f"{paths.IMAGES}/x/{NAMES[0]}", png(999))
    text = refusal()
    assert "files under data/raw/images/x are not those that the pointer names" in text
    assert "copy data/raw/images to s3://pictures/teams/a" in text
    s3.put(f"{paths.IMAGES}/x/{NAMES[0]}", png(0))


@pytest.mark.usefixtures("uploaded")
def test_missing_and_undescribed_files_stop_the_stage(s3: S3) -> None:
    s3.put(f"{paths.IMAGES}/y/1.png", png(1))
    assert "s3://pictures/teams/a/data/raw/images/y: nothing describes this folder" in refusal()
    s3.delete(f"{paths.IMAGES}/y/1.png")
    s3.put(f"{paths.IMAGES}/1.png", png(1))
    assert "s3://pictures/teams/a/data/raw/images/1.png: a file outside every delivery" in refusal()
    s3.delete(f"{paths.IMAGES}/1.png")
    s3.delete(f"{paths.IMAGES}/x/{NAMES[0]}")
    assert f"found {len(NAMES) + 1} files under data/raw/images/x, expected {len(NAMES) + 2}" in refusal()


@pytest.mark.usefixtures("uploaded")
def test_an_image_is_opened_only_as_it_was_read() -> None:
    contents = run().images.set_index("image")["content"]
    keys = [(f"x/{name}", contents[f"x/{name}"]) for name in NAMES]
    assert [image.size for image in thumbnails.open_each_verified(keys)] == [(24, 16)] * len(NAMES)
    with pytest.raises(UserError, match=r"s3://pictures/teams/a/data/raw/images/x/00.png: not the image that finger"):
        thumbnails.open_verified("x/00.png", contents["x/01.png"])


@pytest.mark.usefixtures("uploaded")
def test_what_cannot_be_read_stops_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"s3://pictures/teams/a/data/raw/images/x/none.png: cannot be read"):
        thumbnails.open_verified("x/none.png", "")
    monkeypatch.setenv(storage.SETTING, "s3://no-such-bucket")
    assert "s3://no-such-bucket/data/raw/images: cannot be read: The specified bucket does not exist" in refusal()
