"""The manifest of a release: its hash, counts, the hash of every part, and the versions that determine the bytes."""

import hashlib
import io
import json
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from golgoru.core.dataset import SPLITS, Dataset
from golgoru.guideline.classes import Classes
from golgoru.tables import coded

FILE = "manifest.json"

# Another version of one of these may give other bytes for the same data: pyarrow writes Parquet, pandas makes the
# tables, Pillow and simplejpeg decode images, numpy computes perceptual hashes. uv.lock pins them all.
_DETERMINES_BYTES = ("numpy", "pandas", "pillow", "pyarrow", "simplejpeg")


def build_manifest(
    dataset: Dataset,
    classes: Classes,
    parts: Mapping[str, bytes],
    counts: Mapping[str, Any],
    seeds: Mapping[str, int],
) -> dict[str, Any]:
    """Return the manifest of a release; nothing in it depends on the clock, the machine or git.

    `parts` maps the file names of the release's tables to their exact bytes, `counts` is the result of
    `counts_by_split`, `seeds` maps stages to their seeds.
    """
    return {
        "name": dataset.name,
        "version": dataset.version,
        "task": dataset.task,
        "date": dataset.date.isoformat(),
        "licence": dataset.licence,
        "creators": list(dataset.creators),
        "release": release_hash(parts),
        "guideline_version": classes.version,
        "counts": counts,
        "parts": {name: _part(parts[name]) for name in sorted(parts)},
        "seeds": {stage: seeds[stage] for stage in sorted(seeds)},
        "versions": {package: version(package) for package in _DETERMINES_BYTES},
    }


def json_bytes(document: Mapping[str, Any]) -> bytes:
    """Return a document as UTF-8 JSON for people: indented, in its own order, one newline at the end."""
    return (json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def release_hash(parts: Mapping[str, bytes]) -> str:
    r"""Return the release hash: sha256 over the sorted lines `<file name> <sha256 of its bytes>\n` of the tables.

    The documents (manifest, card, Croissant, charts) are made from tables and settings, and may contain the hash.
    """
    lines = sorted(f"{name} {_sha256(content)}\n" for name, content in parts.items())
    return _sha256("".join(lines).encode())


def counts_by_split(classes: Classes, tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Return how many images, images reviewed as empty, and objects there are, by split; objects by class too.

    Every class of the guideline is included, in its order, with 0 where it has no object; after them, sorted, come
    labels that are not in the guideline.
    """
    images = tables["release/images"]
    empty = images.loc[images["reviewed_empty"].astype(bool), "split"]
    by_class = objects_by_class(classes, tables)
    return {
        "images": _with_total(images["split"].value_counts()),
        "reviewed_empty": _with_total(empty.value_counts()),
        "objects": _with_total(by_class.sum()),
        "classes": {str(label): _with_total(row) for label, row in by_class.iterrows()},
    }


def objects_by_class(classes: Classes, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the released objects as a frame of integers: one row per class, columns train, val and test."""
    by_split = {split: coded.counts(tables[f"release/{split}"]["label"]) for split in SPLITS}
    unknown = set().union(*(series.index for series in by_split.values())) - set(classes.ids)
    order = [*classes.ids, *sorted(unknown)]
    return pd.DataFrame(
        {split: series.reindex(order, fill_value=0) for split, series in by_split.items()}, index=order
    ).astype("int64")


def _with_total(by_split: pd.Series) -> dict[str, int]:
    numbers = {split: int(by_split.get(split, 0)) for split in SPLITS}
    return {"total": sum(numbers.values()), **numbers}


def _part(content: bytes) -> dict[str, Any]:
    rows = pq.ParquetFile(io.BytesIO(content)).metadata.num_rows
    return {"sha256": _sha256(content), "bytes": len(content), "rows": rows}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
