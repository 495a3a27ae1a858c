"""From the rows of a payload to rows of `annotations`: numbers checked, geometry in one convention, keys.

A payload is read in slices, and each becomes a part of the table. What a row is does depend on the whole batch: the
fields that any of its rows gives make its key, and an id that is used twice names no row. Slices are read with what is
known of the batch, and once more where the whole of it shows something else.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from golgoru.annotations.box_geometry import box_and_polygon, is_infinite
from golgoru.annotations.cell_values import Cells, attributes_json, text_column
from golgoru.annotations.row_checks import RowChecks, with_default
from golgoru.annotations.row_content import content_digest, hash_keys, row_contents
from golgoru.core.arrays import Flags, Integers
from golgoru.core.csv_table import Reject
from golgoru.formats.payload import FIELDS, Payload
from golgoru.raw.batches import Batch, BatchFile
from golgoru.tables import frames
from golgoru.tables.raw import KINDS, ORIGINS

_NUMBER_FIELDS = ("x", "y", "width", "height", "x2", "y2", "lead_time_s")


class _Known(NamedTuple):
    """What is known of a whole batch: the fields that some row gives, ids used twice, and ids that are made keys."""

    fields: frozenset[str]
    repeated_ids: frozenset[str] = frozenset()
    made_ids: frozenset[str] = frozenset()


class _Part(NamedTuple):
    """What a slice gives.

    `annotations`: rows that pass; `annotation` is still the payload's own id, or null. `digests`: of their contents,
    null for a row with an id. `refused_ids`: of the other rows. `id_hashes`: of the ids of all. `fields`: those that
    some row gives; `content_fields`: those that contents were made of, None where no content was needed.
    """

    annotations: pd.DataFrame
    digests: pd.Series
    refused_ids: pd.Series
    id_hashes: Integers
    rejects: list[Reject]
    fields: frozenset[str]
    content_fields: frozenset[str] | None


def to_annotations(payload: Payload, batch: Batch) -> tuple[pd.DataFrame, list[Reject]]:
    """Return the payload's rows as rows of `annotations`, and the rejects: the reader's, and those of refused rows.

    `image` still is the payload's own name for it; golgoru.annotations.image_names resolves it.
    """
    return slices_to_annotations(lambda: [payload], batch)


def slices_to_annotations(read: Callable[[], Iterable[Payload]], batch: Batch) -> tuple[pd.DataFrame, list[Reject]]:
    """Return what `to_annotations` gives for a payload in slices, which `read` reads from the first to the last."""
    known: _Known | None = None
    while True:
        parts = _read_parts(read(), batch, known)
        found = _known_of(parts)
        is_final = all(part.content_fields in (None, found.fields) for part in parts)
        if is_final and found[1:] == (known or _Known(frozenset()))[1:]:
            return _joined(parts, batch.name)
        known = found
        del parts


def _read_parts(slices: Iterable[Payload], batch: Batch, known: _Known | None) -> list[_Part]:
    parts: list[_Part] = []
    seen = known or _Known(frozenset())
    for payload in slices:
        del parts[len(parts) - payload.withdrawn :]
        fields = frozenset(f for f in FIELDS if f in payload.rows and payload.rows[f].notna().any())
        if known is None:
            seen = _Known(seen.fields | fields)
        parts.append(_part(payload, batch, seen, fields))
    return parts


def _part(payload: Payload, batch: Batch, known: _Known, fields: frozenset[str]) -> _Part:
    size = len(payload.rows)
    nothing = np.full(size, None, dtype=object)
    written = {f: payload.rows[f].to_numpy(object) if f in payload.rows else nothing for f in FIELDS}
    checks = RowChecks({**written, "annotator": with_default(written["annotator"], batch.settings.annotator)}, size)
    ids = text_column(written["id"])
    annotations = _checked_annotations(checks, ids, batch, known)
    has_key_of_content = checks.passed & ids.isna().to_numpy()
    needs_content = has_key_of_content | ~checks.passed
    contents = nothing.copy()
    contents[needs_content] = row_contents(written, known.fields, needs_content)
    digests = [
        content_digest(content) if made else None for content, made in zip(contents, has_key_of_content, strict=True)
    ]
    return _Part(
        annotations[checks.passed].reset_index(drop=True),
        pd.Series(digests, dtype="str")[checks.passed].reset_index(drop=True),
        ids[~checks.passed].dropna(),
        np.fromiter(map(hash, ids.dropna().to_numpy(object)), np.int64),
        payload.rejects + _rejects(payload, checks, contents),
        fields,
        known.fields if needs_content.any() else None,
    )


def _checked_annotations(checks: RowChecks, ids: pd.Series, batch: Batch, known: _Known) -> pd.DataFrame:
    """Return all rows as rows of `annotations`, whose key is the payload's own id; `checks` then knows which pass."""
    settings, cells = batch.settings, checks.cells
    numbers = {field: checks.numbers(field) for field in _NUMBER_FIELDS}
    polygon = checks.polygons()
    kind = checks.choice("kind", KINDS, "object")
    origin = checks.choice("origin", ORIGINS, None)
    created_at = checks.times()
    image, annotator = checks.required("image"), checks.required("annotator")
    checks.boxes()
    checks.refuse(_is_among(ids, known.repeated_ids), "an id that is used once in the batch", "id")
    box, polygon = box_and_polygon(numbers, polygon, settings)
    checks.refuse(is_infinite(box), "the box is beyond what a number can hold")
    checks.refuse(_is_among(ids, known.made_ids), "an id that is no other row's key", "id")
    return frames.frame(
        "annotations",
        {
            "annotation": ids,
            "image": image,
            "annotator": annotator,
            "batch": batch.name,
            "date": settings.date.isoformat(),
            "source": settings.source,
            "kind": kind,
            "about": text_column(cells["about"]),
            "origin": origin,
            "guideline_version": settings.guideline_version,
            "created_at": created_at,
            "lead_time_s": numbers["lead_time_s"],
            "label": _class_labels(cells["label"], kind, settings),
            **box,
            "polygon": polygon,
            "text": text_column(cells["text"]),
            "attributes": pd.Series(map(attributes_json, cells["attributes"]), dtype=object),
        },
    )


def _rejects(payload: Payload, checks: RowChecks, contents: Cells) -> list[Reject]:
    """Return the refused rows as rejects."""
    refused = np.flatnonzero(~checks.passed)
    files, lines = (payload.rows[column].to_numpy(object)[refused] for column in ("file", "line"))
    numbers = (None if pd.isna(line) else int(line) for line in lines)
    return [Reject(*row) for row in zip(files, numbers, contents[refused], checks.reason[refused], strict=True)]


def _class_labels(cells: Cells, kind: pd.Series, settings: BatchFile) -> pd.Series:
    """Return the guideline's class of each row; an object without any takes `label` of batch.yaml."""
    labels = text_column(cells)
    if settings.label:
        labels = labels.where(labels.notna() | (kind != "object"), settings.label)
    if not settings.classes:
        return labels
    codes, distinct = pd.factorize(labels)
    return pd.Series(
        pd.array([settings.classes.get(label, label) for label in distinct], dtype="str").take(codes, allow_fill=True)
    )


def _is_among(ids: pd.Series, texts: frozenset[str]) -> Flags:
    return np.asarray(frames.is_in(ids, pd.Series(sorted(texts), dtype="str")) if texts else np.zeros(len(ids), bool))


def _known_of(parts: Sequence[_Part]) -> _Known:
    fields = frozenset(field for part in parts for field in part.fields)
    hashes = np.sort(np.concatenate([np.array([], np.int64), *(part.id_hashes for part in parts)]))
    # Where no two hashes are equal, no id stands twice. The ids themselves take far more memory to compare.
    repeated = _repeated(_ids(parts)) if (hashes[1:] == hashes[:-1]).any() else frozenset[str]()
    digests = [part.digests for part in parts if part.digests.notna().any()]
    if not digests or not len(hashes):
        return _Known(fields, repeated)
    ids = _ids(parts)
    is_made = frames.is_in(ids, hash_keys(pd.concat(digests, ignore_index=True)).dropna())
    return _Known(fields, repeated, frozenset(ids[is_made]))


def _ids(parts: Sequence[_Part]) -> pd.Series:
    """Return the payload's own ids, those of refused rows included."""
    ids = [ids for part in parts for ids in (part.annotations["annotation"].dropna(), part.refused_ids)]
    return pd.concat(ids, ignore_index=True)


def _repeated(ids: pd.Series) -> frozenset[str]:
    return frozenset(ids[ids.duplicated()])


def _joined(parts: Sequence[_Part], batch: str) -> tuple[pd.DataFrame, list[Reject]]:
    """Return all parts as one table, whose rows have their keys, and all rejects."""
    annotations = frames.concat([part.annotations for part in parts], "annotations")
    keys = annotations["annotation"]
    if keys.isna().any():
        digests = pd.concat([part.digests for part in parts if len(part.digests)], ignore_index=True)
        keys = keys.where(keys.notna(), hash_keys(digests))
    return annotations.assign(annotation=f"{batch}/" + keys), [reject for part in parts for reject in part.rejects]
