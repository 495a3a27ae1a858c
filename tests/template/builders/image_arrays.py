"""Images of three colours, one per class, which even a cheap model tells apart."""

import numpy as np
import pandas as pd
from PIL import Image

from golgoru.core import paths
from golgoru.guideline.classes import Class, Classes
from golgoru.images.statistics import fingerprint_files
from golgoru.tables import frames

CLASSES = Classes(version="1", classes=(Class(id="red"), Class(id="green"), Class(id="blue")))
SHADE = {"red": (200, 40, 40), "green": (40, 200, 40), "blue": (40, 40, 200)}


def single_colour_images(labels: list[str | None]) -> pd.DataFrame:
    """Write one noisy image per entry, in the colour of its class, and return `images`."""
    random = np.random.default_rng(0)
    names = [f"d/{n:02}.png" for n in range(len(labels))]
    for name, label in zip(names, labels, strict=True):
        file = paths.IMAGES / name
        file.parent.mkdir(parents=True, exist_ok=True)
        noise = random.integers(-30, 30, (40, 40, 3))
        Image.fromarray((noise + SHADE[label or "red"]).clip(0, 255).astype(np.uint8)).save(file)
    return images_table(names)


def images_table(names: list[str]) -> pd.DataFrame:
    """Return `images` of existing files."""
    fingerprints = fingerprint_files([paths.IMAGES / name for name in names], (), 10**8)
    rows = pd.DataFrame([fingerprint.statistics for fingerprint in fingerprints]) if names else pd.DataFrame()
    return frames.frame(
        "images", rows.assign(image=names, content=[fingerprint.content for fingerprint in fingerprints], bytes=1)
    )
