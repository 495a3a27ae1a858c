"""Label formats, one file each."""

from collections.abc import Callable
from pathlib import Path

from golgoru.core.errors import UserError
from golgoru.formats import csv_rows, icdar, image_folders, jsonl_rows, parquet_rows, voc
from golgoru.formats.payload import Payload, payload_files
from golgoru.raw.batches import Batch
from golgoru.raw.deliveries import read_pointer

READERS: dict[str, Callable[[Batch, list[str]], Payload]] = {
    "csv": csv_rows.read,
    "jsonl": jsonl_rows.read,
    "parquet": parquet_rows.read,
    "folders": image_folders.read,
    "voc": voc.read,
    "icdar": icdar.read,
}


def read_batch(batch: Batch, images: list[str]) -> Payload:
    """Return a batch's words as they stand in its payload. `images`: every image key, for formats without payload.

    Raises UserError where the payload is not there, or not all of it.
    """
    if batch.settings.format != "folders":
        _guard(batch.payload)
    return READERS[batch.settings.format](batch, images)


def _guard(payload: Path) -> None:
    pointer = payload.with_name(f"{payload.name}.dvc")
    if not pointer.exists():
        if not payload.exists():
            raise UserError(
                f"{payload}: the payload is missing; `dataset import` brings it, or the stage that makes it"
            )
        return
    found, expected = sum(1 for _ in payload_files(payload)) if payload.exists() else 0, read_pointer(pointer).files
    if found != expected:
        raise UserError(
            f"{pointer}: expected {expected} files in {payload}, found {found}; run `dvc pull {pointer}`"
            " (or `dvc add` where they were changed on purpose)"
        )
