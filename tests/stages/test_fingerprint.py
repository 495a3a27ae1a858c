import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from stages.fingerprint import Params, Tables, memory_version, transform
from stages.lib import engine, frames, looks, paths, samples, stamps
from stages.lib.deliveries import read_deliveries
from stages.lib.errors import UserError
from tests import real_data


def png(seed: int, size: tuple[int, int] = (24, 16)) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def listing_of(folder: Path) -> tuple[str, str]:
    """The listing of a folder as DVC writes it, and its md5 (dvc_data.hashfile.tree.Tree)."""
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    listing = [{"md5": hashlib.md5(files[name]).hexdigest(), "relpath": name} for name in sorted(files)]  # noqa: S324
    text = json.dumps(listing, sort_keys=True)
    return text, hashlib.md5(text.encode()).hexdigest() + ".dir"  # noqa: S324


def deliver(name: str, files: dict[str, bytes], cached: bool = False) -> Path:
    """Put a delivery into the repository: pictures, description, pointer, and on demand DVC's listing."""
    folder = paths.IMAGES / name
    folder.mkdir(parents=True, exist_ok=True)
    for file, data in files.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(data)
    paths.DELIVERIES.mkdir(parents=True, exist_ok=True)
    (paths.DELIVERIES / f"{name}.yaml").write_text("date: 2026-01-01\n")
    text, md5 = listing_of(folder)
    (paths.DELIVERIES / f"{name}.dvc").write_text(
        f"outs:\n- md5: {md5}\n  size: 1\n  nfiles: {len(json.loads(text))}\n  hash: md5\n  path: {name}\n"
        "wdir: ../images\n"
    )
    if cached:
        entry = Path(".dvc/cache/files/md5") / md5[:2] / md5[2:]
        entry.parent.mkdir(parents=True, exist_ok=True)
        entry.write_text(text)
    return folder


def run(**params: int) -> Tables:
    return transform(deliveries=read_deliveries(paths.DELIVERIES), params=Params(**params))


def rows() -> pd.DataFrame:
    return run().images.set_index("image").sort_index()


def refusal() -> str:
    with pytest.raises(UserError) as caught:
        run()
    return str(caught.value)


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".dvcignore").write_text("# not ours\n__pycache__/\n*.pyc\n.DS_Store\nThumbs.db\n")
    return tmp_path


def test_every_file_has_one_row_with_what_it_looks_like() -> None:
    deliver("x", {"b.png": png(1), "deep/er/한글 é.png": png(2), "notes.txt": b"hello"})
    tables = run()
    found = tables.images.set_index("image")
    assert sorted(found.index) == ["x/b.png", "x/deep/er/한글 é.png", "x/notes.txt"]
    good = found.loc["x/b.png"]
    assert (good["width"], good["height"], good["format"], good["mode"]) == (24, 16, "PNG", "RGB")
    assert good["content"] == hashlib.md5(png(1)).hexdigest()  # noqa: S324
    assert good["bytes"] == len(png(1))
    assert pd.isna(good["error"])
    assert found.loc["x/notes.txt", "error"].startswith("no picture of a known format")
    assert found.loc["x/notes.txt", ["width", "phash", "brightness"]].isna().all()
    assert pd.notna(found.loc["x/notes.txt", "content"])
    assert tables.metrics == {
        "images": 3,
        "unreadable": 1,
        "bytes": len(png(1)) + len(png(2)) + 5,
        "formats": {"PNG": 2},
    }
    frames.canonical(tables.images, "images")


def test_what_dvc_leaves_out_is_left_out() -> None:
    folder = deliver("x", {"a.png": png(1)})
    for name in (".DS_Store", "Thumbs.db", "__pycache__/a.png", "sub/b.pyc"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"x")
    assert list(rows().index) == ["x/a.png"]


def test_a_limit_on_pixels_is_a_setting() -> None:
    deliver("x", {"a.png": png(1)})
    assert run(max_pixels=24 * 16).images["error"].isna().all()
    assert "more than the limit of 383" in run(max_pixels=383).images["error"].iloc[0]
    assert run(max_pixels=24 * 16).images["error"].isna().all(), "the memory of the lower limit is not ours"


def test_names_that_differ_in_case_or_normalisation_keep_both_rows() -> None:
    deliver("x", {"a.png": png(1), "A.png": png(1), "\u00e9.png": png(2), "e\u0301.png": png(2)})
    assert len(rows()) == 4


def test_a_name_that_is_not_utf8_has_a_row_that_says_so() -> None:
    deliver("x", {os.fsdecode(b"bad\xff.png"): png(1)})
    found = rows()
    assert list(found.index) == ["x/bad\\xff.png"]
    assert found["error"].iloc[0] == "the file name is not UTF-8; rename the file"
    frames.canonical(run().images, "images")


def test_two_files_that_would_get_one_name_are_refused() -> None:
    deliver("x", {os.fsdecode(b"bad\xff.png"): png(1), "bad\\xff.png": png(2)})
    assert "two files get this name" in refusal()


def test_links_out_of_the_pictures_are_refused_and_links_into_the_cache_are_followed(repository: Path) -> None:
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
    (paths.DELIVERIES / "x.dvc").write_text(
        f"outs:\n- md5: {'0' * 32}.dir\n  nfiles: 4\n  hash: md5\n  path: x\nwdir: ../images\n"
    )
    found = rows()
    assert found["error"].to_dict() == {
        "x/a.png": pytest.approx(np.nan, nan_ok=True),
        "x/gone.png": "a symbolic link to nothing",
        "x/kept.png": pytest.approx(np.nan, nan_ok=True),
        "x/out.png": "a symbolic link that leads out of the picture folder",
    }
    assert found.loc["x/out.png", ["content", "bytes"]].isna().all()


def test_a_file_that_cannot_be_read_has_a_row_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    deliver("x", {"a.png": png(1), "b.png": png(2)})
    read = looks.read_bytes

    def guarded(path: str) -> bytes:
        if path.endswith("a.png"):
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(looks, "read_bytes", guarded)
    found = rows()
    assert found.loc["x/a.png", "error"] == "the file cannot be read: Permission denied"
    assert pd.isna(found.loc["x/b.png", "error"])


def test_fewer_files_than_the_pointer_says_stop_the_stage() -> None:
    folder = deliver("x", {"a.png": png(1), "b.png": png(2)})
    (folder / "b.png").unlink()
    message = refusal()
    assert "data/raw/deliveries/x.dvc: found 1 files under data/raw/images/x, expected 2" in message
    assert "dvc pull data/raw/deliveries/x.dvc" in message


def test_a_clone_without_pictures_stops_the_stage() -> None:
    folder = deliver("x", {"a.png": png(1)})
    (folder / "a.png").unlink()
    folder.rmdir()
    paths.IMAGES.rmdir()
    assert "found 0 files under data/raw/images/x, expected 1" in refusal()


def test_other_names_than_the_pointers_stop_the_stage() -> None:
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
def test_other_content_than_the_pointers_stops_the_stage(cached: bool) -> None:
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


def test_pictures_that_nothing_versions_stop_the_stage() -> None:
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


def test_a_folder_that_nothing_describes_stops_the_stage() -> None:
    deliver("x", {"a.png": png(1)})
    (paths.IMAGES / ".gitignore").write_text("/*\n")
    assert len(rows()) == 1
    (paths.IMAGES / "y").mkdir()
    assert "data/raw/images/y: nothing describes this folder" in refusal()


def test_a_file_outside_every_delivery_stops_the_stage() -> None:
    deliver("x", {"a.png": png(1)})
    (paths.IMAGES / "stray.png").write_bytes(png(2))
    assert "data/raw/images/stray.png: a file outside every delivery" in refusal()


def test_no_delivery_is_no_dataset() -> None:
    paths.DELIVERIES.mkdir(parents=True)
    assert "no delivery yet" in refusal()


def test_memory_saves_the_decoding_and_never_shows_in_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    deliver("x", {"a.png": png(1), "b.png": png(2), "bad.png": b"no"})
    cold = frames.to_bytes(run().images, "images")
    decoded = []
    real = samples.sample
    monkeypatch.setattr(samples, "sample", lambda *a: decoded.append(1) or real(*a))
    assert frames.to_bytes(run().images, "images") == cold
    assert decoded == []
    deliver("y", {"c.png": png(3)})
    warm = frames.to_bytes(run().images, "images")
    assert len(decoded) == 1
    (Path(".cache") / "fingerprint.parquet").write_bytes(b"rubbish")
    assert frames.to_bytes(run().images, "images") == warm
    assert len(decoded) == 5


def test_an_untouched_file_is_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stamps, "_YOUNG", -60_000_000_000)
    folder = deliver("x", {"a.png": png(1), "b.png": png(2), "same.png": png(2), "bad.png": b"no"})
    cold = frames.to_bytes(run().images, "images")
    read = []
    real = looks.read_bytes
    monkeypatch.setattr(looks, "read_bytes", lambda path: read.append(Path(path).name) or real(path))
    assert frames.to_bytes(run().images, "images") == cold
    assert read == []
    changed = folder / "a.png"
    before = changed.stat()
    changed.write_bytes(png(3))  # of the same size and, once its date is set back, of the same date
    os.utime(changed, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert changed.stat().st_size == before.st_size
    assert "files under data/raw/images/x are not those that the pointer names" in refusal()
    deliver("x", {})
    warm = frames.to_bytes(run().images, "images")
    assert set(read) == {"a.png"}
    shutil.rmtree(".cache")
    assert frames.to_bytes(run().images, "images") == warm


@pytest.mark.parametrize("name", ["fingerprint.parquet", "stamps.parquet"])
@pytest.mark.parametrize("at", [5, 100, -100, -1])
def test_a_damaged_memory_is_noticed_and_computed_anew(monkeypatch: pytest.MonkeyPatch, name: str, at: int) -> None:
    monkeypatch.setattr(stamps, "_YOUNG", -60_000_000_000)
    deliver("x", {f"{n}.png": png(n) for n in range(8)} | {"bad.png": b"no"})
    cold = frames.to_bytes(run().images, "images")
    data = bytearray((Path(".cache") / name).read_bytes())
    data[at] ^= 0xFF
    (Path(".cache") / name).write_bytes(data)
    assert frames.to_bytes(run().images, "images") == cold


def test_two_runs_at_once_do_no_harm() -> None:
    deliver("x", {f"{n}.png": png(n) for n in range(60)})
    paths.PARAMS.write_text("fingerprint: {}\n")
    command = [sys.executable, "-m", "stages.fingerprint"]
    for _ in range(2):  # the second time with what the first left behind
        runs = [subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(real_data.TOP)}) for _ in range(2)]
        assert [one.wait() for one in runs] == [0, 0]
        found = paths.DATA.joinpath("images.parquet").read_bytes()
        assert found == frames.to_bytes(run().images, "images")
        (Path(".cache") / "stamps.parquet").unlink(missing_ok=True)
    assert len(engine.Memory("fingerprint", memory_version(Params())).recall(["phash"])) == 60
    assert [path.name for path in Path(".cache").iterdir() if path.suffix == ".part"] == []


def test_a_file_that_vanishes_midway_has_a_row_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = deliver("x", {"a.png": png(1), "b.png": png(2)})
    real = looks.read_bytes

    def vanishing(path: str) -> bytes:
        (folder / "b.png").unlink(missing_ok=True)
        return real(path)

    monkeypatch.setattr(looks, "read_bytes", vanishing)
    assert rows().loc["x/b.png", "error"] == "the file cannot be read: No such file or directory"


def test_processes_give_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    deliver("x", {f"{n}.png": png(n) for n in range(40)} | {"bad.png": b"no", "empty.png": b""})
    alone = frames.to_bytes(run().images, "images")
    (Path(".cache") / "fingerprint.parquet").unlink()
    monkeypatch.setattr(engine, "_PATIENCE", -1.0)
    monkeypatch.setattr(engine, "_WORTH_A_POOL", -1.0)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert frames.to_bytes(run().images, "images") == alone
