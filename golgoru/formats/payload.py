"""What every reader returns: the rows of a payload as they were written, and what could not be read."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from golgoru.core.csv_table import Reject

# The names that a payload's columns are mapped to. x2, y2: the right and lower edge, in place of width and height.
FIELDS = (
    "image", "annotator", "kind", "about", "label", "x", "y", "width", "height", "x2", "y2", "polygon", "text",
    "attributes", "id", "origin", "created_at", "lead_time_s",
)  # fmt: skip


_NO_LABELS = (".gitignore", ".DS_Store", "Thumbs.db")
# Rows of a payload that are held as Python objects at a time: about 100 MB.
SLICE_ROWS = 100_000


class Payload(NamedTuple):
    """A payload, or a slice of it.

    `rows`: columns of FIELDS as objects, and file, line. `unused_columns`: the payload's own that nothing reads.
    `withdrawn`: how many of the slices before this one do not count, since their file cannot be read to its end.
    """

    rows: pd.DataFrame
    rejects: list[Reject]
    unused_columns: tuple[str, ...] = ()
    withdrawn: int = 0


class FileRows(NamedTuple):
    """What one small file holds: each row is a dict with file, line and any of FIELDS."""

    rows: list[dict[str, Any]]
    rejects: list[Reject]


def whole_payload(slices: Iterable[Payload]) -> Payload:
    """Return the slices of a payload as one."""
    parts: list[Payload] = []
    for part in slices:
        del parts[len(parts) - part.withdrawn :]
        parts.append(part)
    filled = [{str(column): rows[column].to_numpy(object) for column in rows} for rows, *_ in parts if len(rows)]
    names = list(dict.fromkeys(name for columns in filled for name in columns))
    # A column that one file lacks is null there, and never NaN: a NaN was written by someone.
    whole = {
        name: np.concatenate([columns.get(name, np.full(len(columns["file"]), None)) for columns in filled])
        for name in names
    }
    return Payload(
        pd.DataFrame(whole, dtype=object) if filled else no_rows(),
        [reject for part in parts for reject in part.rejects],
        tuple(sorted({column for part in parts for column in part.unused_columns})),
    )


def no_rows() -> pd.DataFrame:
    """Return rows of which there are none."""
    return pd.DataFrame({"file": [], "line": []}, dtype=object)


def rows_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return rows as a frame; each is a dict with file, line and any of FIELDS."""
    if not rows:
        return no_rows()
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: np.fromiter((row.get(name) for row in rows), object, len(rows)) for name in names}
    return pd.DataFrame(columns, dtype=object)


def read_each_file(payload: Path, suffixes: Sequence[str], read: Callable[[str, Path], FileRows]) -> Iterator[Payload]:
    """Yield the rows of every small file under `payload` that has one of `suffixes`; any other file is a reject."""
    return in_slices(_file_rows(name, path, suffixes, read) for name, path in payload_files(payload))


def in_slices(parts: Iterable[FileRows]) -> Iterator[Payload]:
    """Yield small parts together, a slice as soon as there are rows enough for one."""
    rows: list[dict[str, Any]] = []
    rejects: list[Reject] = []
    for part in parts:
        rows += part.rows
        rejects += part.rejects
        if len(rows) >= SLICE_ROWS:
            yield Payload(rows_frame(rows), rejects)
            rows, rejects = [], []
    yield Payload(rows_frame(rows), rejects)


def _file_rows(name: str, path: Path, suffixes: Sequence[str], read: Callable[[str, Path], FileRows]) -> FileRows:
    try:
        _check_file(path, suffixes)
        return read(name, path)
    except (ValueError, OSError) as error:
        return FileRows([], [_rejected_file(name, path, error)])


def read_each_table(
    payload: Path, suffixes: Sequence[str], read: Callable[[str, Path, int], Iterable[Payload]]
) -> Iterator[Payload]:
    """Yield the slices of every file under `payload` that has one of `suffixes`; any other file is a reject.

    `read` takes a file's name and path, and how many rows a slice has at most.
    """
    for name, path in payload_files(payload):
        slices = 0
        try:
            _check_file(path, suffixes)
            for part in read(name, path, SLICE_ROWS):
                yield part
                slices += 1
        except (ValueError, OSError) as error:
            yield Payload(no_rows(), [_rejected_file(name, path, error)], withdrawn=slices)


def payload_files(payload: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files under `payload`, sorted, as POSIX names relative to it; a file is its own payload."""
    if payload.is_file():
        yield payload.name, payload
        return
    for name in sorted(_names_below(str(payload)), key=lambda name: name.split("/")):
        yield _as_text(name), payload / name


def _names_below(folder: str, prefix: str = "") -> Iterator[str]:
    """Yield the files below a folder that may hold labels, relative to it."""
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        # A link to a folder is no folder here: nothing behind it is read, and `_check_file` refuses it.
        if entry.is_dir(follow_symlinks=False):
            yield from _names_below(entry.path, f"{prefix}{entry.name}/")
        elif entry.name not in _NO_LABELS:
            yield prefix + entry.name


class _NotOursError(ValueError):
    """What is no regular file of the repository."""


def _check_file(path: Path, suffixes: Sequence[str]) -> None:
    """Raise ValueError where the file is not to be opened, or is of no suffix that is read."""
    # is_file comes first: a link that leads to itself cannot be resolved.
    if not path.is_file() or (path.is_symlink() and not path.resolve().is_relative_to(Path.cwd())):
        raise _NotOursError("no regular file inside the repository; put the file itself here")
    if path.suffix.lower() not in suffixes:
        raise ValueError(f"expected a file that ends in {' or '.join(suffixes)}")


def _rejected_file(name: str, path: Path, error: ValueError | OSError) -> Reject:
    """Return the file as one reject, keyed by its bytes; what is no file of the repository, by its name."""
    if isinstance(error, _NotOursError):
        return Reject(name, None, name, str(error))
    try:
        content = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    except OSError:
        content = ""
    reason = f"cannot be read: {error.strerror}" if isinstance(error, OSError) else str(error)
    return Reject(name, None, content, reason)


def _as_text(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def columns_of_fields(header: list[str], columns: Mapping[str, str]) -> dict[str, str]:
    """Return the column of `header` that holds each of FIELDS. Raises ValueError where one is missing."""
    column_of = {field: columns.get(field, field) for field in FIELDS}
    missing = [column for field, column in column_of.items() if field in columns and column not in header]
    missing += [column_of["image"]] if column_of["image"] not in header and "image" not in columns else []
    if missing:
        raise ValueError(
            f"no column '{missing[0]}'; found {', '.join(header)}; say under 'columns' of batch.yaml which one it is"
        )
    renamed = set(columns.values())
    return {f: c for f, c in column_of.items() if c in header and (f in columns or c not in renamed)}
