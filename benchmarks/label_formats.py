"""How fast stage ingest reads labels, by format: rows (VOC: files) per CPU second, and the peak of memory.

    python -m benchmarks.label_formats [--rows 200000] [--files 10000] [--formats csv parquet voc] [--ids]

Each payload is one file of `--rows` rows (CSV, Parquet: 12 columns, with `--ids` also the payload's own ids, else the
keys are made of what the rows hold), or `--files` XML files of `--objects` objects each. A process of its own reads it
into rows of `annotations`, as the stage does. Compare figures of one run only.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from golgoru.annotations.from_payload import to_annotations
from golgoru.raw.batches import Batch, BatchFile, read_payload

_CHUNK = 250_000
_OBJECT = (
    "<object><name>class-{label}</name><pose>Unspecified</pose><truncated>0</truncated><difficult>0</difficult>"
    "<bndbox><xmin>{x}</xmin><ymin>{y}</ymin><xmax>{right}</xmax><ymax>{down}</ymax></bndbox></object>"
)
_FILE = (
    "<annotation><folder>images</folder><filename>{name}.jpg</filename><source><database>made up</database></source>"
    "<size><width>640</width><height>480</height><depth>3</depth></size><segmented>0</segmented>{objects}</annotation>"
)


def rows(first: int, size: int, ids: bool) -> pa.Table:
    """Return rows of labels: texts, numbers with decimals, times, ten objects per image."""
    dice, number = np.random.default_rng(first), np.arange(first, first + size)
    columns = {"id": [f"{n:09}" for n in number]} if ids else {}
    return pa.table({
        **columns,
        "image": [f"d/img-{n // 10:08}.jpg" for n in number],
        "annotator": [f"ann-{n % 12:02}" for n in number],
        "label": [f"class-{n:02}" for n in dice.integers(0, 20, size)],
        **{side: dice.uniform(1, 400, size).round(1) for side in ("x", "y", "width", "height")},
        "created_at": np.datetime64("2026-01-02", "us") + dice.integers(0, 8 * 3600 * 10**6, size),
        "lead_time_s": dice.gamma(2, 3, size).round(2),
        "text": [f"word {n % 1000}" for n in number],
        "about": pa.nulls(size, pa.string()),
        "attributes": pa.nulls(size, pa.string()),
    })  # fmt: skip


def write_payload(folder: Path, form: str, options: argparse.Namespace) -> None:
    """Write the payload of a format."""
    folder.mkdir(parents=True)
    if form == "voc":
        _write_voc(folder, options.files, options.objects)
        return
    parts = (rows(n, min(_CHUNK, options.rows - n), options.ids) for n in range(0, options.rows, _CHUNK))
    schema = rows(0, 1, options.ids).schema
    writer: Callable[..., pq.ParquetWriter] = pa.csv.CSVWriter if form == "csv" else pq.ParquetWriter
    with writer(folder / f"rows.{form}", schema) as file:
        for part in parts:
            file.write_table(part)


def _write_voc(folder: Path, files: int, objects: int) -> None:
    dice = np.random.default_rng(0)
    for number in range(files):
        boxes = dice.integers(1, 400, (objects, 2)).tolist()
        items = [_OBJECT.format(label=(x + y) % 20, x=x, y=y, right=x + 40, down=y + 60) for x, y in boxes]
        (folder / f"img-{number:08}.xml").write_text(_FILE.format(name=f"img-{number:08}", objects="".join(items)))


def measure(payload: Path, form: str) -> dict[str, float]:
    """Read the payload; return CPU s, the peak of memory in MB, and what was read."""
    settings = {"format": form, "source": "human", "date": date(2026, 1, 5), "guideline_version": "1"}
    settings |= {"annotator": "a"} | ({"boxes": "edges"} if form == "voc" else {})
    batch = Batch("b", payload / "batch.yaml", BatchFile.model_validate(settings), payload)
    begun = time.process_time()
    annotations, rejects = to_annotations(read_payload(batch, []), batch)
    used, peak = time.process_time() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"cpu": used, "MB": peak, "annotations": len(annotations), "rejects": len(rejects)}


def main() -> None:
    """Write a payload per format, read each in a process of its own, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--objects", type=int, default=3, help="per XML file")
    parser.add_argument("--ids", action="store_true", help="the rows have ids of their own")
    parser.add_argument("--formats", nargs="+", default=["csv", "parquet", "voc"])
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(Path(options.measure[0]), options.measure[1])))
        return
    for form in options.formats:
        with tempfile.TemporaryDirectory() as folder:
            payload = Path(folder) / "payload"
            write_payload(payload, form, options)
            command = [sys.executable, "-m", "benchmarks.label_formats", "--measure", str(payload), form]
            answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - our own
            found = json.loads(answer)
            count, unit = (options.files, "files") if form == "voc" else (options.rows, "rows")
            print(
                f"{form:8} {count / found['cpu']:10,.0f} {unit} per CPU s, {found['MB']:6,.0f} MB at most,"
                f" {found['annotations']:,} annotations, {found['rejects']:,} rejects",
                flush=True,
            )


if __name__ == "__main__":
    main()
