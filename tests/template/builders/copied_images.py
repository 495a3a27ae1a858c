"""Images and their duplicates, and the tables that `dedup` makes of them."""

import io

import numpy as np
import pandas as pd
from PIL import Image
from sklearn.datasets import load_digits

from golgoru.core import paths
from golgoru.images.statistics import fingerprint_files
from golgoru.tables import frames
from stages.dedup import Params, Tables, transform

DEFAULTS = Params()
SCANS = [Image.fromarray((scan * 255 / 16).astype(np.uint8)).resize((64, 64), 3) for scan in load_digits().images]


def noise(seed: int, side: int = 64) -> Image.Image:
    """An image with structure at every scale, different for every seed."""
    random = np.random.default_rng(seed)
    layers = [
        Image.fromarray(random.integers(0, 256, (n, n), dtype=np.uint8)).resize((side, side), 3) for n in (4, 8, 16)
    ]
    return Image.fromarray(np.mean([np.asarray(layer, float) for layer in layers], axis=0).astype(np.uint8))


def saved(image: Image.Image, file_format: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, file_format, **options)
    return out.getvalue()


def brighter(image: Image.Image) -> Image.Image:
    return image.point([min(255, level + 20) for level in range(256)])


def tables(files: dict[str, bytes], dates: dict[str, str] | None = None, keys: dict[str, str] | None = None):
    """Write images, and return tables `images` and `sources` of them."""
    rows, sources, written = [], [], []
    for image, data in files.items():
        path = paths.IMAGES / image
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        written.append(path)
        delivery = image.split("/")[0]
        date = (dates or {}).get(delivery, "2026-01-01")
        sources.append({"image": image, "delivery": delivery, "date": date, "group_key": (keys or {}).get(image)})
    for image, fingerprint in zip(files, fingerprint_files(written, (), 10**8), strict=True):
        rows.append(
            {
                "image": image,
                "content": fingerprint.content,
                "bytes": fingerprint.bytes,
                **fingerprint.statistics._asdict(),
            }
        )
    return frames.frame("images", pd.DataFrame(rows)), frames.frame("sources", pd.DataFrame(sources))


def run(*args, params: Params = DEFAULTS, **kwargs) -> Tables:
    images, sources = tables(*args, **kwargs)
    made = transform(images=images, sources=sources, params=params)
    frames.canonical_table(made.duplicate_pairs, "duplicate_pairs")
    frames.canonical_table(made.groups, "groups")
    return made


def kinds(made: Tables) -> dict[tuple[str, str], str]:
    return {(a, b): kind for a, b, kind in made.duplicate_pairs[["image_a", "image_b", "kind"]].itertuples(index=False)}


def groups(made: Tables, column: str = "group") -> dict[str, str]:
    return dict(zip(made.groups["image"], made.groups[column], strict=True))
