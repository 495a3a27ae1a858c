"""Which files are unchanged since the last run and need not be read, decided as git and DVC do: by the file's stamp.

A stamp is inode, size, modification time and status change time. Programs can set the modification time but not the
other, so that a file that was written to has another stamp even if its size and date are the same.
"""

import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from golgoru.core import cache, storage
from golgoru.images.listing import ImageFile

# File systems' clocks are coarse (FAT: 2 s): a younger file may change once more without another stamp.
CLOCK_TICK = 2_000_000_000  # nanoseconds


def read_stamps(images: Iterable[str], paths: Iterable[str]) -> pd.DataFrame:
    """Return one row per existing file, indexed by `image`: `stamp`, `bytes`, `settled` (too old to change unseen)."""
    now = time.time_ns()
    names, stamps, sizes, settled = [], [], [], []
    for image, path in zip(images, paths, strict=True):  # a system call for each
        try:
            stat = os.stat(path)  # noqa: PTH116  (creating `Path` objects would take longer)
        except OSError:
            continue
        names.append(image)
        stamps.append(file_stamp(stat))
        sizes.append(stat.st_size)
        settled.append(max(stat.st_mtime_ns, stat.st_ctime_ns) < now - CLOCK_TICK)
    index = pd.Index(names, name="image", dtype="str")
    return pd.DataFrame({"stamp": pd.array(stamps, dtype="str"), "bytes": sizes, "settled": settled}, index=index)


def file_stamp(stat: os.stat_result) -> str:
    """Return what tells a file that was written to from the one it was."""
    return f"{stat.st_ino}:{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ctime_ns}"


def stamps_of(files: Sequence[ImageFile]) -> pd.DataFrame:
    """Return the stamps of files, as `read_stamps` does; a bucket gives them when it lists the files."""
    place = storage.current()
    if isinstance(place, storage.Folder):
        return read_stamps([file.image for file in files], [str(place.place(file.path)) for file in files])
    listed = {file.image: file.listed for file in files if file.listed is not None}
    return pd.DataFrame(
        {
            "stamp": pd.array([file.stamp for file in listed.values()], dtype="str"),
            "bytes": [file.bytes for file in listed.values()],
            "settled": True,  # the stamp holds a hash of the content
        },
        index=pd.Index(list(listed), name="image", dtype="str"),
    )


class StampStore:
    """The stamps and contents of the last run beside the stamps of this one, which are read before the files are."""

    def __init__(self, stamps: pd.DataFrame) -> None:
        self._stamps = stamps
        self._cache = cache.Cache("stamps", cache.version_of(Path(__file__).read_text("utf-8")), "image")
        self._previous = self._cache.load(["stamp", "content"])

    def unchanged(self) -> pd.DataFrame:
        """Return one row per image with the stamp of the last run, indexed by image: content and bytes."""
        both = self._stamps.join(self._previous.rename(columns={"stamp": "previous"}), how="inner")
        return both.loc[both["stamp"] == both["previous"], ["content", "bytes"]]

    def save(self, contents: pd.Series) -> None:
        """Save the contents, indexed by image, with the stamps; files that may still change unseen are left out."""
        settled = self._stamps.loc[self._stamps["settled"], ["stamp"]]
        rows = settled.join(contents.rename("content").dropna(), how="inner")
        if not rows.sort_index().equals(self._previous.sort_index()):
            self._cache.save(rows)
