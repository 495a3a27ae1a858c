"""Where images are read: the working tree, or the root that GOLGORU_PICTURES names, a folder or a bucket of S3.

A path is relative to the top of the repository, such as data/raw/images/a/1.jpg, and is looked up below the root. The
setting says where bytes come from and is no part of a release: what is read is compared with its content hash.
"""

import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from golgoru.core.errors import UserError

SETTING = "GOLGORU_PICTURES"
_AHEAD = 16  # images that a bucket is asked for at once: most of a request is waiting
_PAGE = 1000  # files that a bucket lists per request, which is the most that S3 gives
_root: ContextVar[str] = ContextVar("root", default="")


class Folder(NamedTuple):
    """Images below a folder; `prefix` ends with a slash, or is empty for the working tree."""

    prefix: str = ""

    def place(self, path: str | Path) -> str | Path:
        """Return where a file lies. Raises UserError for a path that leads out of the root."""
        return self.prefix + _inside(path) if self.prefix else path

    def read(self, path: str | Path) -> bytes:
        """Return a file's bytes. Raises OSError."""
        return read_bytes(self.place(path))

    def read_each(self, paths: Sequence[str | Path]) -> Iterator[bytes | OSError]:
        """Yield the bytes of each file, or why it cannot be read."""
        for path in paths:
            try:
                data: bytes | OSError = self.read(path)
            except OSError as error:
                data = error
            yield data


class BucketFile(NamedTuple):
    """A file as a bucket lists it: `stamp` changes when the file is written."""

    path: str
    bytes: int
    stamp: str


class Bucket(NamedTuple):
    """Images in a bucket of S3; `prefix` ends with a slash or is empty."""

    name: str
    prefix: str

    def place(self, path: str | Path) -> str:
        """Return the URL of a file. Raises UserError for a path that leads out of the root."""
        return f"s3://{self.name}/{self.prefix}{_inside(path)}"

    def read(self, path: str | Path) -> bytes:
        """Return a file's bytes. Raises UserError."""
        return next(self.read_each([path]))

    def read_each(self, paths: Sequence[str | Path]) -> Iterator[bytes]:
        """Yield the bytes of each file, some read ahead.

        Raises UserError where one cannot be read: as an error of the image, a failing network would be released.
        """
        for part in (paths[at : at + _AHEAD] for at in range(0, len(paths), _AHEAD)):
            places = [self.place(path) for path in part]
            for place, data in zip(places, _s3().cat_ranges(places, None, None, on_error="return"), strict=True):
                if not isinstance(data, bytes):
                    raise _failure(place, data)
                yield data

    def files(self, folder: str) -> Iterator[BucketFile]:
        """Yield every file below a folder. Raises UserError."""
        where = self.place(folder)
        request: dict[str, Any] = {"Bucket": self.name, "Prefix": f"{self.prefix}{folder}/", "MaxKeys": _PAGE}
        more = True
        while more:
            try:
                page = _s3().call_s3("list_objects_v2", **request)
            except Exception as error:  # botocore's are no OSError
                raise _failure(where, error) from None
            for file in page.get("Contents", []):
                path = file["Key"].removeprefix(self.prefix)
                yield BucketFile(path, file["Size"], f"{file['ETag']}:{file['LastModified'].isoformat()}")
            if more := "NextContinuationToken" in page:
                request["ContinuationToken"] = page["NextContinuationToken"]


def read_bytes(path: str | Path) -> bytes:
    """Return a file's bytes at half the cost of `Path.read_bytes`, which would be a third of a small image's cost."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = [os.read(file, os.fstat(file).st_size + 1)]
        while parts[-1]:
            # One read is enough, except for files that grow and for those above 2 GB.
            parts.append(os.read(file, 1 << 24))
        return b"".join(parts)
    finally:
        os.close(file)


def current() -> Folder | Bucket:
    """Return where images are read. Raises UserError for a root that is not allowed or not there."""
    text = _root.get() or os.environ.get(SETTING, "")
    if not text:
        return Folder()
    protocol, found, rest = text.rpartition("://")
    if not found and "::" not in text:  # "::" chains protocols in fsspec
        return _folder(text)
    if protocol == "file" and rest.startswith("/"):
        return _folder(unquote(rest))
    if protocol == "s3" and (bucket := rest.partition("/"))[0]:
        prefix = bucket[2].strip("/")
        return Bucket(bucket[0], f"{_inside(prefix)}/" if prefix else "")
    raise UserError(
        f"{SETTING}={text}: only a folder, file:///FOLDER and s3://BUCKET/PREFIX are allowed as a root of images"
    )


def root_for_workers() -> str:
    """Return the root as workers on a shared file system, or with access to the bucket, find it."""
    place = current()
    if isinstance(place, Bucket):
        return f"s3://{place.name}/{place.prefix}"
    return place.prefix or str(Path.cwd())


@contextmanager
def read_at(root: str) -> Iterator[None]:
    """Read images at a root, unless this machine's own setting names another."""
    token = _root.set(os.environ.get(SETTING) or root)
    try:
        yield
    finally:
        _root.reset(token)


def _folder(text: str) -> Folder:
    if not Path(text).is_dir():
        raise UserError(f"{SETTING}={text}: no such folder on {platform.node()}; mount it there, or correct the path")
    return Folder(f"{Path(text).absolute()}/".replace("//", "/"))


def _inside(path: str | Path) -> str:
    text = str(path)
    if text.startswith("/") or ".." in text.split("/"):
        raise UserError(f"{text}: leads out of the root of images ({SETTING})")
    return text


def _failure(place: str, error: object) -> UserError:
    reason = " ".join(str(error).split()) or type(error).__name__
    return UserError(f"{place}: cannot be read: {reason[:200]}; see {SETTING}, and the access to the bucket")


@cache
def _s3() -> Any:
    try:
        import s3fs  # noqa: PLC0415  (an extra, which takes most of a second to import)
    except ImportError:
        raise UserError(f"{SETTING} names a bucket, and s3fs is missing; run `uv sync --extra cluster`") from None
    return s3fs.S3FileSystem(use_listings_cache=False, skip_instance_cache=True)
