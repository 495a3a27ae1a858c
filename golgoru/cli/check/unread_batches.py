"""The annotations of batches that were imported after the last `dvc repro`: a check need not wait for the pipeline."""

from collections.abc import Iterator

import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq

from golgoru.annotations.from_payload import to_annotations
from golgoru.core import paths
from golgoru.core.errors import UserError
from golgoru.raw.batches import Batch, read_batches, read_payload
from golgoru.tables import frames
from golgoru.tables.frames import table_path


def annotations_to_check(columns: list[str]) -> pd.DataFrame:
    """Return columns of `annotations`, as stage ingest wrote it last, and of the batches that it has not read.

    What cannot be read is left out: other checks, or ingest, say so.
    """
    file = table_path("annotations")
    parts = [pq.read_table(file, columns=columns).to_pandas()] if file.exists() else []
    read = set(pc.unique(pq.read_table(file, columns=["batch"])["batch"]).to_pylist()) if file.exists() else set()
    parts += [rows[columns] for rows in _unread_annotations(read)]
    return pd.concat(parts, ignore_index=True) if parts else frames.frame("annotations")[columns]


def _unread_annotations(read: set[str]) -> Iterator[pd.DataFrame]:
    try:
        unread = [batch for batch in read_batches(paths.BATCHES) if batch.name not in read]
    except UserError:
        return
    for batch in unread:
        try:
            yield to_annotations(read_payload(batch, _images_of(batch)), batch)[0]
        except UserError:
            continue


def _images_of(batch: Batch) -> list[str]:
    folder = paths.IMAGES / (batch.settings.images or "")
    return sorted(file.relative_to(paths.IMAGES).as_posix() for file in folder.rglob("*") if file.is_file())
