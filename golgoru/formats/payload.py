"""What every reader returns: the rows of a payload as they were written, and what could not be read."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
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


class Payload(NamedTuple):
    """`rows`: columns of FIELDS as objects, and file, line. `unused_columns`: the payload's own that nothing reads."""

    rows: pd.DataFrame
    rejects: list[Reject]
    unused_columns: tuple[str, ...] = ()


def concat_payloads(parts: Sequence[Payload]) -> Payload:
    """Return the payloads of several files as one."""
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


def read_each_file(payload: Path, suffixes: Sequence[str], read: Callable[[str, Path], Payload]) -> Payload:
    """Read every file under `payload` that has one of `suffixes`; any other file is a reject."""
    return concat_payloads([_read_one_file(name, path, suffixes, read) for name, path in payload_files(payload)])


def payload_files(payload: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files under `payload`, sorted, as POSIX names relative to it; a file is its own payload."""
    if payload.is_file():
        yield payload.name, payload
        return
    for path in sorted(payload.rglob("*")):
        # A link to a folder is no folder here: nothing behind it is read, and `_read_one_file` rejects it.
        if (path.is_symlink() or not path.is_dir()) and path.name not in (".gitignore", ".DS_Store", "Thumbs.db"):
            yield _as_text(path.relative_to(payload).as_posix()), path


def rejected_file(name: str, path: Path, error: str) -> Payload:
    """Return the file as one reject, keyed by its bytes."""
    try:
        content = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    except OSError:
        content = ""
    return Payload(no_rows(), [Reject(name, None, content, error)])


def _read_one_file(name: str, path: Path, suffixes: Sequence[str], read: Callable[[str, Path], Payload]) -> Payload:
    # is_file comes first: a link that leads to itself cannot be resolved.
    if not path.is_file() or (path.is_symlink() and not path.resolve().is_relative_to(Path.cwd())):
        return Payload(
            no_rows(), [Reject(name, None, name, "no regular file inside the repository; put the file itself here")]
        )
    if path.suffix.lower() not in suffixes:
        return rejected_file(name, path, f"expected a file that ends in {' or '.join(suffixes)}")
    try:
        return read(name, path)
    except ValueError as error:
        return rejected_file(name, path, str(error))
    except OSError as error:
        return rejected_file(name, path, f"cannot be read: {error.strerror}")


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
