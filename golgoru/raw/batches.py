"""The label log: data/raw/batches/NAME/batch.yaml says how the payload beside it is to be read."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, FiniteFloat, model_validator

from golgoru.core.errors import UserError
from golgoru.core.names import Name, check_name
from golgoru.core.yaml_models import ConfigModel, load_config
from golgoru.formats import FORMAT_NAMES, format_named
from golgoru.formats.payload import FIELDS, Payload, payload_files, whole_payload
from golgoru.formats.record import FORMAT_KEYS
from golgoru.raw.deliveries import read_pointer

Source = Literal["human", "review", "model", "import"]
BoxConvention = Literal["edges", "pixels-from-0", "pixels-from-1"]


def _known_field(name: str) -> str:
    if name not in FIELDS:
        raise ValueError(f"unknown key; known keys: {', '.join(FIELDS)}")
    return name


def _known_format(name: str) -> str:
    if name not in FORMAT_NAMES:
        raise ValueError(f"expected one of {', '.join(FORMAT_NAMES)}")
    return name


class BatchFile(ConfigModel):
    """data/raw/batches/NAME/batch.yaml: how to read a payload, and under which guideline it was made."""

    format: Annotated[str, AfterValidator(_known_format)]
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
        record = format_named(self.format)
        for key, expected in record.required_keys.items():
            if getattr(self, key) is None:
                raise ValueError(f"format {self.format} needs '{key}': {expected}")
        for key in FORMAT_KEYS:
            if key not in record.allowed_keys and getattr(self, key) != type(self).model_fields[key].get_default():
                raise ValueError(f"'{key}' has no effect in format {self.format}; leave it out")
        if self.annotator is None and "annotator" not in self.columns:
            raise ValueError("'annotator' is missing: a pseudonym, or a column under 'columns'")
        return self


class Batch(NamedTuple):
    """One batch of the label log; `payload` is a folder; it is absent for format folders, which has none."""

    name: str
    file: Path
    settings: BatchFile
    payload: Path


def read_batches(folder: Path) -> list[Batch]:
    """Return every batch of the label log in the order in which annotations count: by date, then name."""
    batches = []
    for entry in sorted(p for p in folder.iterdir() if p.is_dir()) if folder.exists() else []:
        file = entry / "batch.yaml"
        if not file.exists():
            raise UserError(f"{file}: the file is missing; every folder under {folder} is a batch and needs one")
        check_name(file, entry.name)
        batches.append(Batch(entry.name, file, load_config(file, BatchFile), entry / "payload"))
    return sorted(batches, key=lambda batch: (batch.settings.date, batch.name))


def read_payload(batch: Batch, images: Iterable[str]) -> Payload:
    """Return the rows of a batch's payload; arguments and errors are those of `payload_slices`."""
    return whole_payload(payload_slices(batch, images))


def payload_slices(batch: Batch, images: Iterable[str]) -> Iterator[Payload]:
    """Return the rows of a batch's payload in slices. `images`: the keys of all images, for formats without payload.

    Raises UserError where the payload is not there, or not all of it.
    """
    record = format_named(batch.settings.format)
    if record.has_payload:
        _check_complete(batch.payload)
    return record.read(batch.payload, batch.settings, [] if record.has_payload else list(images))


def _check_complete(payload: Path) -> None:
    pointer = payload.with_name(f"{payload.name}.dvc")
    if not pointer.exists():
        if not payload.exists():
            raise UserError(
                f"{payload}: the payload is missing; `dataset import` brings it, or the stage that writes it"
            )
        return
    files = sum(1 for _ in payload_files(payload)) if payload.exists() else 0
    expected = read_pointer(pointer).files
    if files != expected:
        raise UserError(
            f"{pointer}: expected {expected} files in {payload}, found {files}; run `dvc pull {pointer}`"
            " (or `dvc add` where they were changed on purpose)"
        )
