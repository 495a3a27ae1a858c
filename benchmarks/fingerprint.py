"""Speed of the fingerprint against its floor and against `imagehash.phash`: one process, the same files, one run.

    python -m benchmarks.fingerprint FOLDER ... [--columns]

The floor is the least that any hash costs: reading a JPEG and decoding it to grey at the smallest usable scale. Ours is
the whole fingerprint. Rounds take turns and the best of each counts, so that other load disturbs all alike.
"""

import hashlib
import io
import sys
import time
from collections.abc import Callable
from pathlib import Path

import imagehash
import numpy as np
import simplejpeg
from PIL import Image

from golgoru.core import storage
from golgoru.images import jpeg, phash, resize, statistics
from stages.fingerprint import _CHUNK

_FILES, _ROUNDS = 1024, 9
_LIMIT = 10**9
Work = Callable[[], object]


def _best(works: dict[str, Work], pictures: int) -> dict[str, float]:
    """Return CPU microseconds per image of each work."""
    best = dict.fromkeys(works, float("inf"))
    for _ in range(_ROUNDS):
        for name, work in works.items():
            begun = time.process_time()
            work()
            best[name] = min(best[name], (time.process_time() - begun) / pictures * 1e6)
    return best


def _floor(files: list[Path], colours: str = "GRAY") -> None:
    for file in files:
        simplejpeg.decode_jpeg(
            storage.read_bytes(file), colours, min_height=phash.HASHED_SIDE, min_width=phash.HASHED_SIDE
        )


def _peer(files: list[Path]) -> None:
    for file in files:
        with Image.open(io.BytesIO(storage.read_bytes(file))) as image:
            imagehash.phash(image)


def _ours(files: list[Path], side: int = resize.GREY_LONGER_SIDE) -> None:
    usual, resize.GREY_LONGER_SIDE = resize.GREY_LONGER_SIDE, side
    for at in range(0, len(files), _CHUNK):
        statistics.fingerprint_files(files[at : at + _CHUNK], (), _LIMIT)
    resize.GREY_LONGER_SIDE = usual


def _compare(files: list[Path]) -> None:
    works: dict[str, Work] = {
        "floor": lambda: _floor(files),
        "floor in colour": lambda: _floor(files, "RGB"),
        "ours": lambda: _ours(files),
        "imagehash.phash": lambda: _peer(files),
    }
    best = _best(works, len(files))
    for name, cost in best.items():
        print(f"  {name:18} {cost:8.1f} us  {cost / best['floor']:5.2f} x floor")
    print(f"  imagehash.phash takes {best['imagehash.phash'] / best['ours']:.1f} times as long as ours")


def _columns(files: list[Path]) -> None:
    """Print the cost of each part on its own, in batches as in the stage."""
    data = [storage.read_bytes(file) for file in files]
    decoded = [jpeg.decode_reduced(one, _LIMIT, resize.MIN_SHORTER_SIDE, resize.GREY_LONGER_SIDE) for one in data]
    found = [resize.decode_and_resize(one, _LIMIT) for one in data]
    batches = [found[at : at + _CHUNK] for at in range(0, len(found), _CHUNK)]
    colours = [np.stack([one.colour for one in batch]) for batch in batches]
    planes = [statistics.to_planes(one) for one in colours]
    levels = [statistics.luma(one) for one in planes]
    pixels = [[one.pixels for one in batch] for batch in batches]
    works: dict[str, Work] = {
        "floor": lambda: _floor(files),
        "read": lambda: [storage.read_bytes(file) for file in files],
        "content: md5": lambda: [hashlib.md5(one, usedforsecurity=False).hexdigest() for one in data],
        "size, format, mode: header": lambda: [jpeg.read_header(one) for one in data],
        "decode in grey": lambda: [_decode(one, "GRAY") for one in data],
        "decode in colour": lambda: [_decode(one, "RGB") for one in data],
        "reduce to 32 x 32 and 80": lambda: [resize._resize_jpeg(one) for one in decoded if one is not None],
        "planes and grey of 32 x 32": lambda: [statistics.luma(statistics.to_planes(one)) for one in colours],
        "phash, phash_mirrored": lambda: [phash.perceptual_hashes(one) for one in levels],
        "brightness, contrast, sharpness": lambda: list(map(statistics._grey_statistics_of, pixels, levels)),
        "colourfulness": lambda: [statistics.colourfulness(one) for one in planes],
        "thumbnail": lambda: [statistics.colour_thumbnails(one) for one in planes],
        **{f"all, sharpness at {side} pixels": lambda side=side: _ours(files, side) for side in (80, 128, 256)},
    }
    best = _best(works, len(files))
    for name, cost in best.items():
        print(f"  {name:32} {cost:8.1f} us  {cost / best['floor']:5.2f} x floor")


def _decode(data: bytes, colours: str) -> object:
    height, width, *_ = simplejpeg.decode_jpeg_header(data)
    by = jpeg.reduction_factor(width, height, resize.MIN_SHORTER_SIDE, resize.GREY_LONGER_SIDE)
    return simplejpeg.decode_jpeg(data, colours, min_height=-(-height // by), min_width=-(-width // by))


def main(arguments: list[str]) -> None:
    """Print the comparison for each folder, or with --columns what each part costs."""
    folders = [Path(argument) for argument in arguments if argument != "--columns"]
    if not folders:
        sys.exit("usage: python -m benchmarks.fingerprint FOLDER ... [--columns]")
    for folder in folders:
        files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in (".jpg", ".jpeg"))[:_FILES]
        if not files:
            sys.exit(f"{folder}: no JPEG files found")
        size = sum(file.stat().st_size for file in files) / len(files) / 1e3
        print(f"{folder}: {len(files)} JPEG files of {size:.1f} kB")
        (_columns if "--columns" in arguments else _compare)(files)


if __name__ == "__main__":
    main(sys.argv[1:])
