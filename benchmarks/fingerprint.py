"""Speed of the fingerprint against `imagehash.phash`, one process each, on the same files in one run.

    python -m benchmarks.fingerprint FOLDER

Ours also computes md5, the hash of the mirrored picture, brightness, contrast and sharpness.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import imagehash
from PIL import Image

from stages.lib.looks import examine

_FORMATS = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp")


def _peer(path: Path) -> None:
    with Image.open(path) as image:
        imagehash.phash(image)


def _ours(path: Path) -> None:
    examine(path, (), 10**9)


def _seconds(work: Callable[[Path], None], files: list[Path]) -> float:
    begun = time.process_time()
    for file in files:
        work(file)
    return time.process_time() - begun


def main(folder: Path) -> None:
    """Print CPU microseconds per picture of both, the better of two rounds, and their ratio."""
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in _FORMATS)[:2000]
    if not files:
        sys.exit(f"{folder}: no pictures found; name a folder with some of {', '.join(_FORMATS)}")
    best = {work.__name__: float("inf") for work in (_ours, _peer)}
    for _ in range(2):
        for work in (_ours, _peer):
            best[work.__name__] = min(best[work.__name__], _seconds(work, files) / len(files) * 1e6)
    ours, peer = best["_ours"], best["_peer"]
    print(f"{len(files)} pictures: ours {ours:.0f} us, imagehash.phash {peer:.0f} us, ratio {ours / peer:.2f}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m benchmarks.fingerprint FOLDER")
    main(Path(sys.argv[1]))
