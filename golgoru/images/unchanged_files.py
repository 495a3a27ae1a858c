"""Which files are those of last time, and need not be read: told as git and DVC tell it, by what the system says.

A stamp is inode, size, time of change of the content, and time of change of the file's record. The last one cannot be
set by a program, so a file that is written to gets another stamp, whatever its size and date say.
"""

import os
import time
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from golgoru.core import cache

# Clocks of file systems tick coarsely (FAT: 2 s): a file as young as this may change once more within the same tick.
_CLOCK_TICK = 2_000_000_000  # nanoseconds


def read_stamps(images: Iterable[str], paths: Iterable[str]) -> pd.DataFrame:
    """Return one row per file that is there, indexed by `image`: `stamp`, `bytes`, and whether it is `settled`."""
    now = time.time_ns()
    names, stamps, sizes, settled = [], [], [], []
    for image, path in zip(images, paths, strict=True):  # a system call for each
        try:
            found = os.stat(path)  # noqa: PTH116  (a path is a text here)
        except OSError:
            continue
        names.append(image)
        stamps.append(f"{found.st_ino}:{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}")
        sizes.append(found.st_size)
        settled.append(max(found.st_mtime_ns, found.st_ctime_ns) < now - _CLOCK_TICK)
    index = pd.Index(names, name="image", dtype="str")
    return pd.DataFrame({"stamp": pd.array(stamps, dtype="str"), "bytes": sizes, "settled": settled}, index=index)


class StampStore:
    """What stamp each image had, and what it held. Taken before a file is read, a stamp is never too young for it."""

    def __init__(self, taken: pd.DataFrame) -> None:
        self._taken = taken
        self._memory = cache.Memory("stamps", cache.version_of(Path(__file__).read_text("utf-8")), "image")
        self._before = self._memory.recall(["stamp", "content"])

    def unchanged(self) -> pd.DataFrame:
        """Return one row per image whose stamp is that of last time, indexed by image: content and bytes."""
        both = self._taken.join(self._before.rename(columns={"stamp": "before"}), how="inner")
        return both.loc[both["stamp"] == both["before"], ["content", "bytes"]]

    def keep(self, contents: pd.Series) -> None:
        """Remember what each image holds, given by image; those that may still change unseen are left out."""
        rows = self._taken.loc[self._taken["settled"], ["stamp"]].join(contents.rename("content").dropna(), how="inner")
        if not rows.sort_index().equals(self._before.sort_index()):
            self._memory.keep(rows)
