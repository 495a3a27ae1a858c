import hashlib
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from golgoru.core import paths, storage
from golgoru.tables import frames
from tests.template.builders.deliveries import deliver, png, pointer, refusal, rows, run


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".dvcignore").write_text("# not ours\n__pycache__/\n*.pyc\n.DS_Store\nThumbs.db\n")
    return tmp_path


def test_every_file_has_one_row_with_its_statistics() -> None:
    deliver("x", {"b.png": png(1), "deep/er/한글 é.png": png(2), "notes.txt": b"hello"})
    tables = run()
    images = tables.images.set_index("image")
    assert sorted(images.index) == ["x/b.png", "x/deep/er/한글 é.png", "x/notes.txt"]
    good = images.loc["x/b.png"]
    assert (good["width"], good["height"], good["format"], good["mode"]) == (24, 16, "PNG", "RGB")
    assert good["content"] == hashlib.md5(png(1)).hexdigest()  # noqa: S324
    assert good["bytes"] == len(png(1))
    assert pd.isna(good["error"])
    assert images.loc["x/notes.txt", "error"].startswith("no picture of a known format")
    assert images.loc["x/notes.txt", ["width", "phash", "brightness"]].isna().all()
    assert pd.notna(images.loc["x/notes.txt", "content"])
    assert tables.metrics == {
        "images": 3,
        "unreadable": 1,
        "bytes": len(png(1)) + len(png(2)) + 5,
        "formats": {"PNG": 2},
    }
    frames.canonical_table(tables.images, "images")


def test_files_that_dvc_ignores_are_ignored() -> None:
    folder = deliver("x", {"a.png": png(1)})
    for name in (".DS_Store", "Thumbs.db", "__pycache__/a.png", "sub/b.pyc"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"x")
    assert list(rows().index) == ["x/a.png"]


def test_a_limit_on_pixels_is_a_setting() -> None:
    deliver("x", {"a.png": png(1)})
    assert run(max_pixels=24 * 16).images["error"].isna().all()
    assert "more than the limit of 383" in run(max_pixels=383).images["error"].iloc[0]
    assert run(max_pixels=24 * 16).images["error"].isna().all(), "the cache of the lower limit does not count"


def test_names_that_differ_in_case_or_normalisation_keep_both_rows() -> None:
    deliver("x", {"a.png": png(1), "A.png": png(1), "\u00e9.png": png(2), "e\u0301.png": png(2)})
    assert len(rows()) == 4


def test_a_name_that_is_not_utf8_has_a_row_that_says_so() -> None:
    deliver("x", {os.fsdecode(b"bad\xff.png"): png(1)})
    images = rows()
    assert list(images.index) == ["x/bad\\xff.png"]
    assert images["error"].iloc[0] == "the file name is not UTF-8; rename the file"
    frames.canonical_table(run().images, "images")


def test_two_files_that_would_get_one_name_are_refused() -> None:
    deliver("x", {os.fsdecode(b"bad\xff.png"): png(1), "bad\\xff.png": png(2)})
    assert "two files get this name" in refusal()


def test_links_out_of_the_image_folder_are_refused_and_links_into_the_cache_are_followed(repository: Path) -> None:
    (repository / "secret.png").write_bytes(png(3))
    stored = repository / ".dvc" / "cache" / "files" / "md5" / "aa" / "bb"
    stored.parent.mkdir(parents=True)
    stored.write_bytes(png(4))
    folder = deliver("x", {"a.png": png(1)})
    (folder / "out.png").symlink_to(repository / "secret.png")
    (folder / "gone.png").symlink_to(repository / "nowhere.png")
    (folder / "kept.png").symlink_to(stored)
    (folder / "folder").symlink_to(repository)
    os.mkfifo(folder / "pipe")
    pointer("x", 4)
    images = rows()
    assert images["error"].to_dict() == {
        "x/a.png": pytest.approx(np.nan, nan_ok=True),
        "x/gone.png": "a symbolic link to nothing",
        "x/kept.png": pytest.approx(np.nan, nan_ok=True),
        "x/out.png": "a symbolic link that leads out of the picture folder",
    }
    assert images.loc["x/out.png", ["content", "bytes"]].isna().all()


def test_a_file_that_cannot_be_read_has_a_row_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    deliver("x", {"a.png": png(1), "b.png": png(2)})
    read = storage.read_bytes

    def guarded(path: str) -> bytes:
        if path.endswith("a.png"):
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(storage, "read_bytes", guarded)
    images = rows()
    assert images.loc["x/a.png", "error"] == "the file cannot be read: Permission denied"
    assert pd.isna(images.loc["x/b.png", "error"])


def test_fewer_files_than_the_pointer_says_stop_the_stage() -> None:
    folder = deliver("x", {"a.png": png(1), "b.png": png(2)})
    (folder / "b.png").unlink()
    message = refusal()
    assert "data/raw/deliveries/x.dvc: found 1 files under data/raw/images/x, expected 2" in message
    assert "dvc pull data/raw/deliveries/x.dvc" in message


def test_a_clone_without_images_stops_the_stage() -> None:
    folder = deliver("x", {"a.png": png(1)})
    (folder / "a.png").unlink()
    folder.rmdir()
    paths.IMAGES.rmdir()
    assert "found 0 files under data/raw/images/x, expected 1" in refusal()


def test_names_other_than_the_pointers_stop_the_stage() -> None:
    folder = deliver("x", {"a.png": png(1), "b.png": png(2)}, cached=True)
    (folder / "b.png").rename(folder / "c.png")
    assert "(missing: b.png) (not in the pointer: c.png)" in refusal()


@pytest.mark.parametrize("setting", ["dir = elsewhere", "    dir = elsewhere"])
def test_the_cache_is_found_where_dvc_is_told_to_keep_it(setting: str) -> None:
    folder = deliver("x", {"a.png": png(1), "b.png": png(2)}, cached=True)
    Path(".dvc/cache").rename(".dvc/elsewhere")
    Path(".dvc/config").write_text("[core]\n    analytics = false\n")
    Path(".dvc/config.local").write_text(f"['remote \"s\"']\n    url = /tmp\n[cache]\n{setting}\n")
    (folder / "b.png").rename(folder / "c.png")
    assert "missing: b.png" in refusal()


@pytest.mark.parametrize("cached", [True, False])
def test_content_other_than_the_pointers_stops_the_stage(cached: bool) -> None:
    folder = deliver("x", {"a.png": png(1), "b.png": png(2)}, cached=cached)
    (folder / "b.png").write_bytes(png(3))
    message = refusal()
    assert "files under data/raw/images/x are not those that the pointer names" in message
    assert ("changed: b.png" in message) == cached


def test_an_empty_delivery_is_fine() -> None:
    deliver("x", {"a.png": png(1)})
    folder = deliver("y", {})
    assert len(rows()) == 1
    folder.rmdir()  # git keeps no empty folder
    assert len(rows()) == 1


def test_images_that_are_not_versioned_stop_the_stage() -> None:
    deliver("x", {"a.png": png(1)})
    (paths.DELIVERIES / "x.dvc").unlink()
    assert "are not versioned" in refusal()
    paths.DVC.write_text("stages:\n  other:\n    cmd: x\n    outs:\n    - data/raw/images/other\n")
    assert "are not versioned" in refusal()


@pytest.mark.parametrize(
    "outs", ["outs:\n    - data/raw/images/x", "outs:\n    - data/raw/images/x/:\n        cache: true"]
)
def test_the_output_of_a_stage_is_versioned(outs: str) -> None:
    folder = deliver("x", {"a.png": png(1)})
    (paths.DELIVERIES / "x.dvc").unlink()
    paths.DVC.write_text(f"stages:\n  example:\n    cmd: x\n    {outs}\n")
    assert list(rows().index) == ["x/a.png"]
    (folder / "a.png").unlink()
    folder.rmdir()
    assert "run `dvc repro`" in refusal()


def test_a_folder_without_description_stops_the_stage() -> None:
    deliver("x", {"a.png": png(1)})
    (paths.IMAGES / ".gitignore").write_text("/*\n")
    assert len(rows()) == 1
    (paths.IMAGES / "y").mkdir()
    assert "data/raw/images/y: nothing describes this folder" in refusal()


def test_a_file_outside_every_delivery_stops_the_stage() -> None:
    deliver("x", {"a.png": png(1)})
    (paths.IMAGES / "stray.png").write_bytes(png(2))
    assert "data/raw/images/stray.png: a file outside every delivery" in refusal()


def test_without_a_delivery_the_stage_stops() -> None:
    paths.DELIVERIES.mkdir(parents=True)
    assert "no delivery yet" in refusal()


def test_a_file_that_vanishes_midway_has_a_row_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = deliver("x", {"a.png": png(1), "b.png": png(2)})
    real = storage.read_bytes

    def vanishing(path: str) -> bytes:
        (folder / "b.png").unlink(missing_ok=True)
        return real(path)

    monkeypatch.setattr(storage, "read_bytes", vanishing)
    assert rows().loc["x/b.png", "error"] == "the file cannot be read: No such file or directory"
