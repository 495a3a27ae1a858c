"""Payloads for the tests of the way in: one file written, read by its reader, turned into rows of `annotations`."""

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from golgoru.annotations.from_payload import to_annotations
from golgoru.raw.batches import Batch, BatchFile, read_payload
from golgoru.tables import frames

Content = str | bytes | pa.Table
Rejects = list[tuple[str, int | None, str]]


def batch(folder: Path, files: dict[str, Content], form: str, **settings: Any) -> Batch:
    """Write a payload below `folder` and return it as a batch of format `form` by one annotator."""
    payload = folder / "payload"
    payload.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = payload / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, pa.Table):
            pq.write_table(content, path)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    written = {"format": form, "source": "human", "date": date(2026, 1, 5), "guideline_version": "1.0"}
    return Batch("b", folder / "batch.yaml", BatchFile(**written | {"annotator": "ann"} | settings), payload)


def read(of: Batch, images: list[str] | None = None) -> tuple[pd.DataFrame, Rejects]:
    """Return the batch's annotations, and its rejects as file, line and error. Both fit their tables."""
    rows, rejects = to_annotations(read_payload(of, images or []), of)
    frames.to_bytes(rows, "annotations")
    return rows, [(reject.file, reject.line, reject.error) for reject in rejects]
