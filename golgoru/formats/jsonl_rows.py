"""JSON Lines: one object per line, per image or per object."""

import itertools
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from golgoru.core.csv_table import Reject, open_text
from golgoru.formats.files import SourceFile, detect_by_suffix
from golgoru.formats.payload import FIELDS, Payload, read_each_table, rows_frame
from golgoru.formats.record import FORMAT_KEYS, Format, PayloadSettings

_SUFFIXES = (".jsonl", ".ndjson")
# No annotation is nested as deep; deeper nesting would meet Python's recursion limit later on.
_DEEPEST = 50
_LONGEST_NUMBER = 300


def detect(files: Sequence[SourceFile]) -> str | None:
    """Return that there are files with the suffix."""
    return detect_by_suffix(files, _SUFFIXES)


def read(payload: Path, settings: PayloadSettings, images: Sequence[str]) -> Iterator[Payload]:
    """Yield the lines of every JSON Lines file of the payload."""
    del images  # the lines name them
    return read_each_table(payload, _SUFFIXES, lambda name, path, size: read_file(name, path, settings.columns, size))


def read_file(name: str, path: Path, columns: Mapping[str, str], size: int) -> Iterator[Payload]:
    """Yield one file's lines, at most `size` at a time. Raises ValueError where it is not UTF-8.

    `columns` maps our names to the file's keys; others keep their own.
    """
    key_of = {field: columns.get(field, field) for field in FIELDS}
    field_of = {key: field for field, key in key_of.items() if field in columns or key not in columns.values()}
    with open_text(path, newline="\n") as text:
        lines = ((number, line.removesuffix("\n")) for number, line in enumerate(text, start=1))
        while some := list(itertools.islice(lines, size)):
            yield _parsed_lines(name, some, field_of)


def _parsed_lines(name: str, lines: Iterable[tuple[int, str]], field_of: Mapping[str, str]) -> Payload:
    rows: list[dict[str, Any]] = []
    rejects: list[Reject] = []
    ignored: set[str] = set()
    for number, line in lines:
        if not line.strip():
            continue
        try:
            value = parse_json_object(line)
        except (ValueError, RecursionError) as error:
            rejects.append(Reject(name, number, line.rstrip("\r"), f"{_reason(error)}: {line:.60}"))
            continue
        ignored.update(key for key in value if key not in field_of)
        fields = {field_of[key]: item for key, item in value.items() if key in field_of and item != ""}
        rows.append({"file": name, "line": number, **fields})
    return Payload(rows_frame(rows), rejects, tuple(sorted(ignored)))


def parse_json_object(line: str) -> dict[str, Any]:
    """Return one JSON object.

    Raises ValueError or RecursionError for NaN and other numbers beyond a float, for a key that is used twice, for
    deep nesting, and for broken text.
    """
    value = json.loads(
        line,
        parse_constant=_no_constant,
        parse_int=_parse_integer,
        parse_float=_parse_float,
        object_pairs_hook=_unique_keys,
    )
    if not isinstance(value, dict):
        raise ValueError("expected a JSON object")
    if line.count("[") + line.count("{") > _DEEPEST:
        _check_depth(value)
    if "\\" in line:
        json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair is no text
    return value


def _check_depth(value: Any, depth: int = 0) -> None:
    if depth > _DEEPEST:
        raise ValueError(f"nested deeper than {_DEEPEST} levels")
    if isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            _check_depth(item, depth + 1)


def _parse_integer(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise ValueError(f"a number of {len(digits)} digits is no measurement")
    return int(digits)


def _parse_float(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ValueError(f"{digits:.20} is beyond what a number can hold")
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a key is used twice in one object")
    return value


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"not valid JSON, {error.msg} at character {error.pos + 1}"
    if isinstance(error, UnicodeEncodeError):
        return "not valid text: half of a surrogate pair"
    return str(error) if isinstance(error, ValueError) else f"nested deeper than {_DEEPEST} levels"


FORMAT = Format("jsonl", _SUFFIXES, detect, read, allowed_keys=FORMAT_KEYS)
