"""The files below data/raw/images, in a folder or in a bucket, without those that .dvcignore names."""

import configparser
import fnmatch
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from golgoru.core import paths, storage
from golgoru.core.errors import UserError
from golgoru.core.storage import Bucket, BucketFile, Folder

_DVC_FOLDER = Path(".dvc")


class ImageFile(NamedTuple):
    """One file of a delivery. `path` begins at the top of the repository, `name` at the delivery.

    Both are spelled as in the file system. `listed` is what a bucket says of the file.
    """

    image: str
    path: str
    name: str
    error: str | None
    readable: bool
    listed: BucketFile | None = None


class FolderListing:
    """Images in a folder."""

    def __init__(self, folder: Folder) -> None:
        self._ignored = _ignored(Path(".dvcignore"))
        self._prefix = folder.prefix
        self._top = Path(folder.place(paths.IMAGES))

    def entries(self) -> list[tuple[str, bool]]:
        """Return the names beside the deliveries' folders, and whether each is a folder."""
        entries = sorted(os.scandir(self._top), key=lambda e: e.name) if self._top.is_dir() else []
        return [(entry.name, entry.is_dir()) for entry in entries if not self._ignored(entry.name)]

    def has(self, delivery: str) -> bool:
        """Return whether there is a folder of this name."""
        return (self._top / delivery).is_dir()

    def files(self, delivery: str) -> list[ImageFile]:
        """Return the files of a delivery. Raises UserError where a folder cannot be read."""
        try:
            return list(self._walk(delivery))
        except OSError as error:  # a folder that cannot be listed may hold any files
            where = os.fsencode(str(error.filename)).decode("utf-8", "backslashreplace")
            raise UserError(
                f"{where}: the folder cannot be read: {error.strerror}; change its permissions, or restore it"
            ) from None

    def _walk(self, delivery: str) -> Iterator[ImageFile]:
        """Yield the files of a delivery as DVC sees them: no links to folders, no sockets, no pipes.

        Paths are strings here: creating `Path` objects would take longer than all the rest.
        """
        allowed = [self._top.resolve(), (Path(self._prefix) / cache_folder()).resolve()]
        within = f"{paths.IMAGES}/{delivery}/"
        folders = [(str(self._top / delivery), "")] if self.has(delivery) else []
        while folders:
            folder, prefix = folders.pop()
            for entry in os.scandir(folder):
                if self._ignored(entry.name):
                    continue
                name = prefix + entry.name
                if entry.is_dir(follow_symlinks=False):
                    folders.append((entry.path, f"{name}/"))
                elif entry.is_symlink():
                    if not os.path.isdir(entry.path):  # noqa: PTH112  (false also where the link cannot be followed)
                        yield _image_file(delivery, name, within + name, _link_error(Path(entry.path), allowed))
                elif entry.is_file():
                    yield _image_file(delivery, name, within + name, None)


class BucketListing:
    """Images in a bucket, listed once."""

    def __init__(self, bucket: Bucket) -> None:
        ignored = _ignored(Path(".dvcignore"))
        self._by_folder: dict[str, list[ImageFile]] = {}
        self._beside: list[str] = []
        for file in bucket.files(str(paths.IMAGES)):
            delivery, inside, name = file.path.removeprefix(f"{paths.IMAGES}/").partition("/")
            if any(map(ignored, [delivery, *name.split("/")])) or file.path.endswith("/"):  # tools mark folders so
                continue
            if not inside:
                self._beside.append(delivery)
                continue
            error = "a path that leads out of its folder" if {"", ".", ".."} & {*name.split("/")} else None
            image = ImageFile(f"{delivery}/{name}", file.path, name, error, error is None, file)
            self._by_folder.setdefault(delivery, []).append(image)

    def entries(self) -> list[tuple[str, bool]]:
        """Return the names beside the deliveries' folders, and whether each is a folder."""
        return sorted([(name, False) for name in self._beside] + [(name, True) for name in self._by_folder])

    def has(self, delivery: str) -> bool:
        """Return whether there are files of this delivery."""
        return delivery in self._by_folder

    def files(self, delivery: str) -> list[ImageFile]:
        """Return the files of a delivery."""
        return self._by_folder.get(delivery, [])


def list_storage() -> FolderListing | BucketListing:
    """Return the listing of the place where images are read."""
    place = storage.current()
    return BucketListing(place) if isinstance(place, Bucket) else FolderListing(place)


def _image_file(delivery: str, name: str, path: str, link_error: str | None) -> ImageFile:
    image = f"{delivery}/{name}"
    try:
        image.encode()
        return ImageFile(image, path, name, link_error, link_error is None)
    except UnicodeEncodeError:  # bytes that are not UTF-8 become lone surrogates
        error = link_error or "the file name is not UTF-8; rename the file"
        image = os.fsencode(image).decode("utf-8", "backslashreplace")
        return ImageFile(image, path, name, error, link_error is None)


def _link_error(path: Path, allowed: Sequence[Path]) -> str | None:
    try:
        target = path.resolve(strict=True)
    except FileNotFoundError:
        return "a symbolic link to nothing"
    except (OSError, RuntimeError):  # no permission, or a loop: RuntimeError before Python 3.13
        return "a symbolic link that cannot be followed"
    if not any(target.is_relative_to(folder) for folder in allowed):
        return "a symbolic link that leads out of the picture folder"
    return None if target.is_file() else "a symbolic link to something that is no file"


def cache_folder() -> Path:
    """Return the folder of DVC's cache."""
    folder = "cache"
    for file in (_DVC_FOLDER / "config", _DVC_FOLDER / "config.local"):
        config = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            config.read(file, "utf-8")
            folder = config.get("cache", "dir", fallback=folder).strip("\"'")
        except (configparser.Error, UnicodeDecodeError):
            continue  # DVC itself reports what is wrong with its settings
    return _DVC_FOLDER / Path(folder).expanduser()


def _ignored(file: Path) -> Callable[[str], bool]:
    """Return a predicate for the names that DVC ignores: those that match a pattern of .dvcignore without a slash.

    Patterns with a slash name other folders than a delivery's; should one name a delivery's, the file counts differ.
    """
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    names = [line.strip().removesuffix("/") for line in lines]
    patterns = [name for name in names if name and "/" not in name and not name.startswith(("#", "!"))]
    expression = re.compile("|".join(fnmatch.translate(pattern) for pattern in patterns) or r"(?!)")
    return lambda name: expression.match(name) is not None
