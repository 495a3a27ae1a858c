"""The label log: data/raw/batches/NAME/batch.yaml says how the payload beside it is to be read."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, FiniteFloat, model_validator

from golgoru.core.errors import UserError
from golgoru.core.names import Name, check_name
from golgoru.core.yaml_models import Written, load
from golgoru.formats.payload import FIELDS

Source = Literal["human", "review", "model", "import"]
Format = Literal["csv", "jsonl", "parquet", "folders", "voc", "icdar"]
BoxConvention = Literal["edges", "pixels-from-0", "pixels-from-1"]


def _known_field(name: str) -> str:
    if name not in FIELDS:
        raise ValueError(f"unknown key; known keys: {', '.join(FIELDS)}")
    return name


class BatchFile(Written):
    """data/raw/batches/NAME/batch.yaml: how to read a payload, and under which guideline it was made."""

    format: Format
    source: Source
    date: date
    guideline_version: str
    annotator: str | None = None
    images: Name | None = None
    columns: Mapping[Annotated[str, AfterValidator(_known_field)], str] = {}
    classes: Mapping[str, str] = {}
    names: Mapping[str, str] = {}
    label: str | None = None
    shift: tuple[FiniteFloat, FiniteFloat] = (0.0, 0.0)
    boxes: BoxConvention | None = None

    @model_validator(mode="after")
    def _fits_format(self) -> "BatchFile":
        if self.format == "voc" and self.boxes is None:
            raise ValueError(
                "format voc needs 'boxes': edges, pixels-from-0 or pixels-from-1 (is xmax part of the box?)"
            )
        if self.format == "folders" and self.images is None:
            raise ValueError("format folders needs 'images': the delivery whose folders name the classes")
        if self.annotator is None and "annotator" not in self.columns:
            raise ValueError("'annotator' is missing: a pseudonym, or a column under 'columns'")
        return self


class Batch(NamedTuple):
    """One batch of the label log; `payload` is a folder, absent for format folders."""

    name: str
    file: Path
    settings: BatchFile
    payload: Path


def read_batches(folder: Path) -> list[Batch]:
    """Return every batch of the label log in the order of its words: date, then name."""
    found = []
    for payload in sorted(p for p in folder.iterdir() if p.is_dir()) if folder.exists() else []:
        file = payload / "batch.yaml"
        if not file.exists():
            raise UserError(f"{file}: the file is missing; every folder under {folder} is a batch and needs one")
        check_name(file, payload.name)
        found.append(Batch(payload.name, file, load(file, BatchFile), payload / "payload"))
    return sorted(found, key=lambda batch: (batch.settings.date, batch.name))
