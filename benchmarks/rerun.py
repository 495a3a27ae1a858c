"""What a rerun of `fingerprint` costs after one image in a hundred changed, and whether it gives the same bytes.

    python -m benchmarks.rerun FOLDER [PICTURES]

Makes a repository of 60,000 JPEG files from those in FOLDER, each with a comment so that its bytes are unique, and runs
the stage as `dvc repro` does: cold, again after a change of 1 %, and cold once more. CPU is that of all processes.
"""

import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_TOP = Path(__file__).resolve().parents[1]
_OUT = Path("data") / "images.parquet"


def _write(folder: Path, sources: list[bytes], index: int, version: int) -> str:
    source = sources[index % len(sources)]
    comment = f"{version:04}{index:08}".encode()
    data = source[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2) + comment + source[2:]
    (folder / f"{index:08}.jpg").write_bytes(data)
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _point(deliveries: Path, contents: list[str]) -> None:
    listing = [{"md5": content, "relpath": f"{index:08}.jpg"} for index, content in enumerate(contents)]
    digest = hashlib.md5(json.dumps(listing, sort_keys=True).encode(), usedforsecurity=False).hexdigest()
    (deliveries / "x.dvc").write_text(
        f"outs:\n- md5: {digest}.dir\n  nfiles: {len(contents)}\n  hash: md5\n  path: x\nwdir: ../images\n"
    )


def _run(top: Path) -> tuple[float, bytes]:
    """Return CPU seconds of the stage, and what it wrote."""

    def spent() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    before = spent()
    environment = os.environ | {"PYTHONPATH": str(_TOP)}
    subprocess.run([sys.executable, "-m", "stages.fingerprint"], cwd=top, env=environment, check=True)
    return spent() - before, (top / _OUT).read_bytes()


def main(folder: Path, pictures: int) -> None:
    """Print CPU seconds of a cold run, a rerun without and one with a change, and compare the bytes."""
    sources = [file.read_bytes() for file in sorted(folder.rglob("*")) if file.suffix.lower() in (".jpg", ".jpeg")]
    if not sources:
        sys.exit(f"{folder}: no JPEG files found")
    with tempfile.TemporaryDirectory() as temporary:
        top = Path(temporary)
        images, deliveries = top / "data" / "raw" / "images" / "x", top / "data" / "raw" / "deliveries"
        images.mkdir(parents=True)
        deliveries.mkdir(parents=True)
        (top / "params.yaml").write_text("fingerprint: {}\n")
        (deliveries / "x.yaml").write_text("date: 2026-01-01\n")
        contents = [_write(images, sources, index, 0) for index in range(pictures)]
        _point(deliveries, contents)
        time.sleep(3)  # younger files are read again
        cold, _ = _run(top)
        idle, _ = _run(top)
        for index in range(0, pictures, 100):
            contents[index] = _write(images, sources, index, 1)
        _point(deliveries, contents)
        warm, warm_bytes = _run(top)
        shutil.rmtree(top / ".cache")
        _, cold_bytes = _run(top)
    start = _start()
    print(f"{pictures} images: cold {cold:.2f} s of CPU; starting Python and its libraries alone {start:.2f} s")
    print(f"nothing changed: {idle:.2f} s, {idle / cold:.1%} of cold")
    print(f"1 % changed:     {warm:.2f} s, {warm / cold:.1%} of cold; without the start {(warm - start) / cold:.1%}")
    print("the bytes are those of a cold run" if warm_bytes == cold_bytes else "THE BYTES DIFFER FROM A COLD RUN'S")


def _start() -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = os.environ | {"PYTHONPATH": str(_TOP)}
    subprocess.run([sys.executable, "-c", "import stages.fingerprint"], env=environment, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: python -m benchmarks.rerun FOLDER [PICTURES]")
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) == 3 else 60_000)
