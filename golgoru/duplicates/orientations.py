"""The eight ways in which a picture can be turned and mirrored, and how its 32 x 32 thumbnail looks then."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Thumbnails = NDArray[np.uint8]  # (n, side, side)

UNCHANGED = ""
MIRRORED = "mirrored"

# Degrees counter-clockwise, after mirroring left to right where the name says so.
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
ROTATED = tuple(view for view in TRANSFORMS if view not in (UNCHANGED, MIRRORED))
# What turns the picture back; the others undo themselves.
INVERSE = {"90": "270", "270": "90"}
