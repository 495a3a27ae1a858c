"""JSON Lines: one object per line, per image or per object."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stages.lib.batches import Batch
from stages.lib.readers.raw import FIELDS, Raw, Reject, each_file, from_rows, read_text

SUFFIXES = (".jsonl", ".ndjson")


def read(batch: Batch, images: list[str]) -> Raw:
    """Return the lines of every JSON Lines file of the payload."""
    del images  # the lines name them
    return each_file(batch.payload, SUFFIXES, lambda name, path: read_file(name, path, batch.settings.columns))


def read_file(name: str, path: Path, columns: Mapping[str, str]) -> Raw:
    """Return one file's lines. `columns` maps our names to the file's keys; others keep their own."""
    key_of = {field: columns.get(field, field) for field in FIELDS}
    field_of = {key: field for field, key in key_of.items() if field in columns or key not in columns.values()}
    rows: list[dict[str, Any]] = []
    rejects: list[Reject] = []
    ignored: set[str] = set()
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = parse(line)
        except (ValueError, RecursionError) as error:
            rejects.append(Reject(name, number, line.rstrip("\r"), f"{_reason(error)}: {line:.60}"))
            continue
        ignored.update(key for key in value if key not in field_of)
        words = {field_of[key]: item for key, item in value.items() if key in field_of and item != ""}
        rows.append({"file": name, "line": number, **words})
    return Raw(from_rows(rows), rejects, tuple(sorted(ignored)))


def parse(line: str) -> dict[str, Any]:
    """Return one JSON object. Raises ValueError for NaN, for a key that stands twice, and for broken text."""
    value = json.loads(line, parse_constant=_no_constant, object_pairs_hook=_unique)
    if not isinstance(value, dict):
        raise ValueError("expected a JSON object")
    json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair is no text
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return value


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"not valid JSON, {error.msg} at character {error.pos + 1}"
    if isinstance(error, UnicodeEncodeError):
        return "not valid text: half of a surrogate pair"
    return str(error) if isinstance(error, ValueError) else "nested too deeply"
