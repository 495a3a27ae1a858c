from pathlib import Path

import pytest

from golgoru.core import storage
from golgoru.core.errors import UserError
from golgoru.core.storage import Bucket, Folder, current, read_at, root_for_workers


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(storage.SETTING, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.png").write_bytes(b"in the working tree")
    (tmp_path / "else where" / "data").mkdir(parents=True)
    (tmp_path / "else where" / "data" / "a.png").write_bytes(b"elsewhere")
    return tmp_path


def test_without_a_setting_the_working_tree_is_read(here: Path) -> None:
    assert current() == Folder()
    assert current().read("data/a.png") == b"in the working tree"
    assert root_for_workers() == str(here)


@pytest.mark.parametrize("root", ["else where", "{here}/else where/", "file://{here}/else%20where"])
def test_a_folder_is_read_in_place_of_the_working_tree(here: Path, monkeypatch: pytest.MonkeyPatch, root: str) -> None:
    monkeypatch.setenv(storage.SETTING, root.format(here=here))
    assert current() == Folder(f"{here}/else where/")
    found, missing = current().read_each(["data/a.png", "data/none.png"])
    assert found == b"elsewhere"
    assert isinstance(missing, FileNotFoundError)
    assert Path(root_for_workers()) == here / "else where"


@pytest.mark.parametrize(
    ("root", "bucket"),
    [
        ("s3://pictures", Bucket("pictures", "")),
        ("s3://pictures/", Bucket("pictures", "")),
        ("s3://pictures/teams/a/", Bucket("pictures", "teams/a/")),
    ],
)
def test_a_bucket_is_a_root_with_or_without_a_prefix(
    monkeypatch: pytest.MonkeyPatch, root: str, bucket: Bucket
) -> None:
    monkeypatch.setenv(storage.SETTING, root)
    assert current() == bucket
    assert bucket.place("data/a?b#c[d].png") == f"s3://pictures/{bucket.prefix}data/a?b#c[d].png"
    with read_at(root_for_workers()):
        assert current() == bucket


@pytest.mark.parametrize(
    "root",
    ["http://host/data", "ftp://host/data", "memory://data", "simplecache::s3://pictures", "s3://", "file://host/data",
     "filecache::file:///data", "simplecache::/data", "S3://pictures"],
)  # fmt: skip
def test_other_protocols_are_refused_and_the_allowed_ones_named(monkeypatch: pytest.MonkeyPatch, root: str) -> None:
    monkeypatch.setenv(storage.SETTING, root)
    with pytest.raises(UserError, match=r"only a folder, file:///FOLDER and s3://BUCKET/PREFIX are allowed"):
        current()


def test_a_folder_that_is_not_there_is_named_with_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.node", lambda: "worker-7")
    monkeypatch.setenv(storage.SETTING, "no-such-folder")
    with pytest.raises(UserError, match="GOLGORU_PICTURES=no-such-folder: no such folder on worker-7"):
        current()


@pytest.mark.parametrize("path", ["../secret", "data/../../secret", "/etc/passwd", "data/.."])
@pytest.mark.parametrize("root", ["else where", "s3://pictures/teams"])
def test_no_path_leads_out_of_the_root(monkeypatch: pytest.MonkeyPatch, root: str, path: str) -> None:
    monkeypatch.setenv(storage.SETTING, root)
    with pytest.raises(UserError, match="leads out of the root of images"):
        list(current().read_each([path]))


def test_no_prefix_of_a_bucket_leads_out_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(storage.SETTING, "s3://pictures/a/../b")
    with pytest.raises(UserError, match="leads out of the root of images"):
        current()


def test_a_worker_reads_at_the_clients_root_unless_it_has_a_setting_of_its_own(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with read_at(str(here / "else where")):
        assert current().read("data/a.png") == b"elsewhere"
        with pytest.raises(UserError, match="leads out of the root"):
            current().read("../data/a.png")
    assert current() == Folder()
    monkeypatch.setenv(storage.SETTING, "else where")
    with read_at("/mounted/on/the/client/alone"):
        assert current().read("data/a.png") == b"elsewhere"
