"""The eight orientations of an image, rotated by quarter turns and mirrored, applied to thumbnails."""

from collections.abc import Callable

import numpy as np

from golgoru.images.thumbnails import Thumbnails

UNCHANGED = ""
MIRRORED = "mirrored"

# Rotation in degrees counter-clockwise, after mirroring left to right where the name says so.
TRANSFORMS: dict[str, Callable[[Thumbnails], Thumbnails]] = {
    UNCHANGED: lambda grey: grey,
    MIRRORED: lambda grey: grey[:, :, ::-1],
    "90": lambda grey: np.rot90(grey, 1, (1, 2)),
    "180": lambda grey: np.rot90(grey, 2, (1, 2)),
    "270": lambda grey: np.rot90(grey, 3, (1, 2)),
    "mirrored 90": lambda grey: np.rot90(grey[:, :, ::-1], 1, (1, 2)),
    "mirrored 180": lambda grey: np.rot90(grey[:, :, ::-1], 2, (1, 2)),
    "mirrored 270": lambda grey: np.rot90(grey[:, :, ::-1], 3, (1, 2)),
}
ROTATED = tuple(name for name in TRANSFORMS if name not in (UNCHANGED, MIRRORED))
# The orientation that undoes another; the others undo themselves.
INVERSE = {"90": "270", "270": "90"}
