"""Which duplicates of photographs `dedup` finds, by how they were made, beside imagehash alone at the same radius.

    python -m benchmarks.duplicates FOLDER [--pictures 300] [--setting mode=thorough]

Nine duplicates are made of each image under FOLDER (JPEG). A false group holds two originals; its share is of all
originals, and originals that are duplicates of each other count as false, too.
"""

import argparse
import contextlib
import io
import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import imagehash
import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps

from golgoru.core import paths
from golgoru.duplicates import components, near_hashes
from golgoru.images import phash, statistics
from golgoru.tables import frames
from stages import dedup


def _jpeg(image: Image.Image, quality: int = 90) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _cropped(image: Image.Image, share: float) -> Image.Image:
    """Take away `share` of width and of height, half of it at each border."""
    right, down = round(image.width * share / 2), round(image.height * share / 2)
    return image.crop((right, down, image.width - right, image.height - down))


def _watermarked(image: Image.Image) -> Image.Image:
    """Write across the lower part of the image, in white that is one third transparent."""
    layer = Image.new("RGBA", image.size)
    font = ImageFont.load_default(size=max(6, image.height // 8))
    ImageDraw.Draw(layer).text(
        (image.width // 20, image.height * 4 // 5), "(c) sample", fill=(255, 255, 255, 160), font=font
    )
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


CHANGES: dict[str, Callable[[Image.Image], bytes]] = {
    "JPEG quality 50": lambda image: _jpeg(image, 50),
    "half size": lambda image: _jpeg(image.resize((image.width // 2, image.height // 2), Image.Resampling.BICUBIC)),
    "5 % crop": lambda image: _jpeg(_cropped(image, 0.05)),
    "brightness +20 %": lambda image: _jpeg(ImageEnhance.Brightness(image).enhance(1.2)),
    "watermark": lambda image: _jpeg(_watermarked(image)),
    "mirrored": lambda image: _jpeg(ImageOps.mirror(image)),
    "PNG": _png,
    "greyscale": lambda image: _jpeg(image.convert("L")),
    "10 % crop": lambda image: _jpeg(_cropped(image, 0.1)),
}


def write(pictures: dict[str, bytes]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write images and their duplicates under data/raw/images, and return tables `images` and `sources`."""
    files = {f"o/{name}": data for name, data in pictures.items()}
    for number, change in enumerate(CHANGES.values()):
        for name, data in pictures.items():
            with Image.open(io.BytesIO(data)) as opened:
                files[f"{number}/{name}"] = change(opened.convert("RGB"))
    rows = []
    for image, data in files.items():
        path = paths.IMAGES / image
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        fingerprint = statistics.fingerprint_files([path], (), 10**8)[0]
        columns = {} if fingerprint.statistics is None else fingerprint.statistics._asdict()
        rows.append({"image": image, "content": fingerprint.content, "bytes": fingerprint.bytes, **columns})
    # The originals came first.
    date = ["2026-01-01" if image.startswith("o/") else "2026-01-02" for image in files]
    sources = {"image": list(files), "delivery": [image.split("/")[0] for image in files], "date": date}
    return frames.frame("images", pd.DataFrame(rows)), frames.frame("sources", sources)


def recall_by_kind(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return, per way of making a duplicate and kind of pair, how many duplicates were paired with their original."""
    owner, name = pairs["image_a"].str.split("/", n=1, expand=True), pairs["image_b"].str.split("/", n=1, expand=True)
    correct = pairs[(owner[1] == name[1]) & (name[0] == "o")]
    change = owner.loc[correct.index, 0].astype(int).map(dict(enumerate(CHANGES)))
    return correct.assign(change=change).groupby(["change", "kind"]).size().unstack(fill_value=0)


def false_groups(images: pd.DataFrame, pairs: pd.DataFrame) -> int:
    """Return how many groups hold two originals."""
    names = images["image"].str.split("/", n=1, expand=True)
    group = components.component_ids(images["image"], pairs)
    return int((names[1].groupby(group).nunique() > 1).sum())


def by_imagehash(images: pd.DataFrame, radius: int) -> pd.DataFrame:
    """Return the pairs that `imagehash.phash` alone would call duplicates."""
    hashes = []
    for image in images["image"]:
        with Image.open(paths.IMAGES / image) as opened:
            hashes.append(str(imagehash.phash(opened)))
    near, _ = near_hashes.near_pairs(phash.to_integers(hashes), radius)
    name = images["image"].to_numpy(object)
    ends = np.sort(np.stack([name[near.left], name[near.right]]), axis=0)
    return pd.DataFrame({"image_a": ends[0], "image_b": ends[1], "kind": "imagehash"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=int, default=300)
    parser.add_argument("--setting", action="append", default=[], metavar="NAME=VALUE")
    options = parser.parse_args()
    params = dedup.Params.model_validate(dict(setting.split("=", 1) for setting in options.setting))
    names = sorted(options.folder.resolve().rglob("*.jpg"))
    names = random.Random(0).sample(names, min(options.pictures, len(names)))  # noqa: S311
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        images, sources = write({path.name: path.read_bytes() for path in names})
        start = time.process_time()
        pairs = dedup.transform(images, sources, params).duplicate_pairs
        seconds = time.process_time() - start
        peer = by_imagehash(images, near_hashes.radius_of_last(len(images), params.radius))
    table = recall_by_kind(pairs).join(recall_by_kind(peer), how="outer").fillna(0).reindex(list(CHANGES))
    print((table / len(names)).round(3).assign(found=lambda rows: rows.drop(columns="imagehash").sum(axis=1)))
    for method, method_pairs in (("dedup", pairs), ("imagehash alone", peer)):
        count = false_groups(images, method_pairs)
        print(f"{method}: {count} false groups of {len(names)} originals ({count / len(names):.2%})")
    print(f"{len(images)} images, {seconds:.1f} CPU seconds for dedup, {os.cpu_count()} processors")


if __name__ == "__main__":
    main()
