"""Read every delivery's metadata and every batch of labels into tables.

Reads: `images` (one row per file), data/raw/deliveries, data/raw/batches.
Writes: `annotations` (one row per annotation: an object, or another statement, by one annotator in one batch),
`rejects` (one row per file or line that could not be read), `sources` (one row per image: delivery, date, group key,
licence and the metadata that deliveries declare).

No rule is checked here: an annotation with an unknown class, or on an unknown image, becomes a row all the same, and
`validate` reports it. Only what cannot be read at all is a reject.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from golgoru.annotations import metadata
from golgoru.annotations.from_payload import slices_to_annotations
from golgoru.annotations.image_names import ImageNames
from golgoru.annotations.row_content import content_digest, hash_keys
from golgoru.core import paths
from golgoru.core.csv_table import Reject
from golgoru.core.errors import UserError
from golgoru.core.yaml_models import ConfigModel, key_line
from golgoru.formats import format_named
from golgoru.images.files import stage_outputs
from golgoru.raw.batches import Batch, payload_slices
from golgoru.raw.deliveries import Delivery
from golgoru.shell import run_stage
from golgoru.tables import frames


class Params(ConfigModel):
    """Ingest has no settings: batch.yaml says how its payload is read."""


class Tables(NamedTuple):
    annotations: pd.DataFrame
    rejects: pd.DataFrame
    sources: pd.DataFrame
    metrics: dict[str, Any]


def transform(images: pd.DataFrame, deliveries: list[Delivery], batches: list[Batch], params: Params) -> Tables:
    """Return the annotations, the rejects and where each image came from."""
    del params
    names = ImageNames(images["image"])
    sources, rejects = _sources(names.keys, deliveries)
    parts = []
    outputs = stage_outputs(paths.DVC)
    for batch in batches:
        if batch.settings.images is not None and batch.settings.images not in {d.name for d in deliveries}:
            line = key_line(batch.file, "images")
            raise UserError(f"{line}: images: there is no delivery '{batch.settings.images}' in data/raw/deliveries")
        _check_versioned(batch, outputs)
        part, batch_rejects = slices_to_annotations(partial(payload_slices, batch, names.keys), batch)
        parts.append(part.assign(image=names.resolve(part["image"], batch.settings)))
        rejects += [(batch.name, reject) for reject in batch_rejects]
    annotations, rejects_table = frames.concat(parts, "annotations"), _rejects_table(rejects)
    metrics = {
        "annotations": len(annotations),
        "rejects": len(rejects_table),
        "batches": len(batches),
        "annotators": int(annotations["annotator"].nunique()),
        "by kind": {str(kind): int(count) for kind, count in annotations["kind"].value_counts().sort_index().items()},
    }
    return Tables(annotations, rejects_table, sources, metrics)


def _check_versioned(batch: Batch, outputs: set[str]) -> None:
    """Raise UserError where no commit holds the payload: git ignores it, so a pointer or a stage must name it."""
    pointer = batch.payload.with_name(f"{batch.payload.name}.dvc")
    if not format_named(batch.settings.format).has_payload or pointer.exists() or batch.payload.as_posix() in outputs:
        return
    raise UserError(
        f"{batch.file}: the payload beside it is not versioned: no {pointer.name}, and no stage of {paths.DVC} writes"
        f" it; `dataset import` it, or `dvc add {batch.payload}`"
    )


def _sources(images: pd.Series, deliveries: Sequence[Delivery]) -> tuple[pd.DataFrame, list[tuple[str, Reject]]]:
    """Return `sources`, and the rejects with the name of their delivery."""
    dtypes = metadata.metadata_dtypes(deliveries)
    parts = []
    rejects: list[tuple[str, Reject]] = []
    delivery_of = images.str.split("/", n=1).str[0]
    for delivery in deliveries:
        delivered = images[delivery_of == delivery.name].reset_index(drop=True)
        values, metadata_rejects = metadata.read_metadata(delivery, list(delivered))
        rejects += [(delivery.name, reject) for reject in metadata_rejects]
        if delivered.empty:
            file = f"deliveries/{delivery.file.name}"
            rejects.append((delivery.name, Reject(file, None, "", "the delivery holds no picture")))
        described = values.reindex(index=delivered.array, columns=list(dtypes)).reset_index(drop=True)
        rows = frames.frame("sources", {
            "image": delivered,
            "delivery": delivery.name,
            "date": delivery.description.date.isoformat(),
            "group_key": _group_keys(delivered, delivery, described),
            "licence": delivery.description.licence,
        })  # fmt: skip
        parts.append(pd.concat([rows, described.astype(dtypes)], axis=1))
    return frames.concat(parts, "sources"), rejects


def _group_keys(images: pd.Series, delivery: Delivery, described: pd.DataFrame) -> pd.Series:
    """Return the key of each picture's group, by pattern or by column: a group is never split."""
    description = delivery.description
    if description.group_column is not None:
        return described[description.group_column].map(str, na_action="ignore").astype("str")
    if description.group is None:
        return pd.Series(None, index=images.index, dtype="str")
    # RE2, not `re`: a pattern from a pull request must not run for ever (its time is linear in the text).
    inside = pa.array(images.str.removeprefix(f"{delivery.name}/"), pa.string())
    whole = f"(?s:^.*?)(?:{description.group})(?s:.*)$"
    key = pc.replace_substring_regex(inside, whole, r"\1")
    has_key = pc.and_(pc.match_substring_regex(inside, description.group), pc.not_equal(key, ""))
    return pd.Series(pc.if_else(has_key, key, None).to_pandas().to_numpy(), index=images.index, dtype="str")


def _rejects_table(rejects: Sequence[tuple[str, Reject]]) -> pd.DataFrame:
    """Return rejects as a table; the key is made of what was written there, so that moving a line changes nothing."""
    table = pd.DataFrame([reject for _, reject in rejects], columns=Reject._fields)
    table["batch"] = pd.Series([batch for batch, _ in rejects], dtype="str")
    where = table["batch"] + "/" + table["file"].astype("str")
    digests = (where + "\x1f" + table["content"]).astype("str").map(content_digest).astype("str")
    return frames.frame("rejects", {
        "reject": where + "/" + hash_keys(digests),
        "batch": table["batch"],
        "file": table["file"],
        "line": table["line"].astype("Int64"),
        "error": table["error"],
    })  # fmt: skip


if __name__ == "__main__":
    run_stage(transform)
