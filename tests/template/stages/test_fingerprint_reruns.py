"""The caches save work and never show in a result."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from golgoru.core import cache, parallel, paths, storage
from golgoru.images import resize, unchanged_files
from golgoru.tables import frames
from stages.fingerprint import Params, cache_version
from tests.template.builders import real_data
from tests.template.builders.deliveries import deliver, png, refusal, run


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_cache_saves_the_decoding_and_never_shows_in_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    deliver("x", {"a.png": png(1), "b.png": png(2), "bad.png": b"no"})
    cold = frames.to_bytes(run().images, "images")
    decoded = []
    real = resize.decode_and_resize
    monkeypatch.setattr(resize, "decode_and_resize", lambda *a: decoded.append(1) or real(*a))
    assert frames.to_bytes(run().images, "images") == cold
    assert decoded == []
    deliver("y", {"c.png": png(3)})
    warm = frames.to_bytes(run().images, "images")
    assert len(decoded) == 1
    (Path(".cache") / "fingerprint.parquet").write_bytes(b"rubbish")
    assert frames.to_bytes(run().images, "images") == warm
    assert len(decoded) == 5


def test_an_untouched_file_is_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unchanged_files, "CLOCK_TICK", -60_000_000_000)
    folder = deliver("x", {"a.png": png(1), "b.png": png(2), "same.png": png(2), "bad.png": b"no"})
    cold = frames.to_bytes(run().images, "images")
    read = []
    real = storage.read_bytes
    monkeypatch.setattr(storage, "read_bytes", lambda path: read.append(Path(path).name) or real(path))
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
def test_a_damaged_cache_is_noticed_and_computed_anew(monkeypatch: pytest.MonkeyPatch, name: str, at: int) -> None:
    monkeypatch.setattr(unchanged_files, "CLOCK_TICK", -60_000_000_000)
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
        images = paths.DATA.joinpath("images.parquet").read_bytes()
        assert images == frames.to_bytes(run().images, "images")
        (Path(".cache") / "stamps.parquet").unlink(missing_ok=True)
    assert len(cache.Cache("fingerprint", cache_version(Params())).load(["phash"])) == 60
    assert [path.name for path in Path(".cache").iterdir() if path.suffix == ".part"] == []


def test_processes_give_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    deliver("x", {f"{n}.png": png(n) for n in range(40)} | {"bad.png": b"no", "empty.png": b""})
    alone = frames.to_bytes(run().images, "images")
    (Path(".cache") / "fingerprint.parquet").unlink()
    monkeypatch.setattr(parallel, "_PATIENCE", -1.0)
    monkeypatch.setattr(parallel, "_WORTH_A_POOL", -1.0)
    monkeypatch.setattr(parallel, "usable_cores", lambda: 2)
    assert frames.to_bytes(run().images, "images") == alone
