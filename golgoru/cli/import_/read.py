"""Looking at what is to be imported: which pictures, which words, and what they mean in this repository.

Nothing is read here in a way of its own: the payload goes through the readers that stage `ingest` uses.
"""

import shutil
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from rich.console import Console
from rich.progress import track

from golgoru.annotations import metadata
from golgoru.annotations.from_payload import to_annotations
from golgoru.annotations.image_names import ImageNames
from golgoru.cli.common.yaml_out import build_model
from golgoru.cli.import_.delivery_yaml import describe_delivery
from golgoru.cli.import_.detect_format import detect_format
from golgoru.cli.import_.known_images import IncomingPictures, compare_pictures
from golgoru.cli.import_.request import Request
from golgoru.cli.import_.source_files import files_with_suffix, folder_of_pictures, list_files
from golgoru.core import paths
from golgoru.core.csv_table import Reject
from golgoru.core.dataset import read_dataset
from golgoru.core.errors import UserError
from golgoru.formats import csv_rows, icdar, jsonl_rows, parquet_rows, read_batch, voc
from golgoru.formats.files import SourceFile, is_picture
from golgoru.formats.payload import Payload
from golgoru.guideline.classes import Classes, read_classes
from golgoru.raw.batches import Batch, BatchFile
from golgoru.raw.deliveries import Delivery, Description

_SUFFIXES = {
    "csv": csv_rows.SUFFIXES,
    "jsonl": jsonl_rows.SUFFIXES,
    "parquet": parquet_rows.SUFFIXES,
    "voc": voc.SUFFIXES,
    "icdar": icdar.SUFFIXES,
}
_OPTION_OF_KEY = {
    "annotator": "--annotator",
    "guideline_version": "--guideline",
    "columns": "--column",
    "classes": "--class",
    "shift": "--shift",
    "label": "--label",
    "boxes": "--boxes",
    "": "--annotator",
}
# Stands in for an annotator until the payload has been read: it may name one in each row.
_NO_ANNOTATOR_YET = "nobody"


class ImportedAnnotations(NamedTuple):
    """A payload's words. `ignored`: its columns that nothing asks for. `images`: every key a name can mean."""

    batch: Batch
    annotations: pd.DataFrame
    rejects: list[Reject]
    ignored: tuple[str, ...]
    images: list[str]


class ImportContents(NamedTuple):
    """All that an import would write, and what was seen on the way. `others`: files that are not taken."""

    request: Request
    pictures_from: Path | None
    incoming: IncomingPictures
    description: Description | None
    words: ImportedAnnotations | None
    classes: Classes
    others: list[str]
    metadata_rejects: list[Reject]


def with_detected_format(request: Request) -> tuple[Request, list[str]]:
    """Return the request with its format settled, and what to say about it."""
    if request.format != "auto" or not request.source.exists():
        return request, []
    found = detect_format(request.source, read_dataset(paths.PARAMS).task)
    return request._replace(format=found.format), [f"taken as format {found.format} ({found.by})"]


def read_import(request: Request, work: Path) -> ImportContents:
    """Return what an import would bring. Copies of the payload go to `work`. Raises UserError where it is unusable."""
    classes = read_classes(paths.CLASSES)
    labels_only = request.format in _SUFFIXES
    source = (request.images or folder_of_pictures(request.source)) if labels_only else request.source
    files = list_files(source) if source is not None else []
    pictures = [file for file in files if is_picture(file)]
    if not pictures and (request.images is not None or not labels_only):
        raise UserError(f"{source}: holds no picture (by suffix, such as .png or .jpg)")
    # With folders the place names the class: a picture that is here would lose its word if it were left out.
    incoming = compare_pictures(pictures, keep_all=request.format == "folders")
    if request.format == "images" and not incoming.new:
        raise UserError(f"{source}: all {len(pictures):,} pictures are in the repository already; nothing to import")
    description = describe_delivery(request, incoming, source)
    words, taken = None, {file.path for file in pictures}
    if request.format != "images":
        payload = _copy_payload(request, work)
        taken |= {file.path for file in payload}
        words = _read_annotations(request, work, incoming, classes)
    everything = files if source == request.source else [*files, *list_files(request.source)]
    others = sorted({file.name for file in everything if file.path not in taken and file.path != request.metadata})
    return ImportContents(
        request,
        source,
        incoming,
        description,
        words,
        classes,
        others,
        _metadata_rejects(request, description, incoming),
    )


def copy_files(files: Sequence[SourceFile], folder: Path, what: str) -> None:
    """Copy files below a folder, under their names; a bar shows progress on a terminal."""
    bar = track(files, what, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True)
    for file in bar:
        target = folder / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(file.path, target)
        except OSError as error:
            raise UserError(f"{file.path}: cannot be copied to {folder}: {error.strerror}") from None


def _metadata_rejects(request: Request, description: Description | None, incoming: IncomingPictures) -> list[Reject]:
    """Return the lines of the metadata that stage `ingest` will refuse."""
    if description is None or request.metadata is None:
        return []
    file = paths.DELIVERIES / f"{request.name}.yaml"
    delivery = Delivery(request.name, file, description, request.metadata, None)
    return metadata.read_metadata(delivery, [f"{request.name}/{picture.name}" for picture in incoming.new]).rejects


def _copy_payload(request: Request, work: Path) -> list[SourceFile]:
    """Copy the payload to `work`, without what is no payload, and return its files."""
    if request.format == "folders":
        return []
    files = [file for file in list_files(request.source) if file.path != request.metadata]
    payload = files_with_suffix(files, _SUFFIXES[request.format])
    if not payload:
        expected = " or ".join(_SUFFIXES[request.format])
        raise UserError(f"{request.source}: --format {request.format} takes files that end in {expected}; found none")
    copy_files(payload, work / "payload", "reading labels")
    return payload


def _read_annotations(
    request: Request, work: Path, incoming: IncomingPictures, classes: Classes
) -> ImportedAnnotations:
    """Read the payload, settle its settings, and resolve the names in it."""
    arriving = [f"{request.name}/{file.name}" for file in incoming.new]
    settings: dict[str, Any] = {
        "format": request.format,
        "source": request.words_from or "human",
        "date": request.day or date.today(),
        "guideline_version": request.guideline or classes.version,
        "annotator": request.annotator,
        "images": request.name if arriving else None,
        "columns": request.columns,
        "classes": request.classes,
        "label": request.label,
        "shift": request.shift or (0.0, 0.0),
        "boxes": request.boxes,
    }
    batch = _batch(request, {**settings, "annotator": request.annotator or _NO_ANNOTATOR_YET}, work)
    raw = read_batch(batch, arriving)
    if "annotator" not in settings["columns"] and _names_annotators(raw):
        settings["columns"] = {**settings["columns"], "annotator": "annotator"}
    settings["names"] = _names_of_known_images(request, raw, incoming, batch.settings)
    if not arriving:
        settings |= _delivery_of_images(raw, incoming, batch.settings, settings["names"])
    batch = _batch(request, settings, work)
    annotations, rejects = to_annotations(raw, batch)
    if annotations.empty:
        reasons = "".join(f"\n  {reject.file}: {reject.error}" for reject in rejects[:3])
        raise UserError(f"{request.source}: not one word could be read as format {request.format}{reasons}")
    images = sorted({*incoming.images, *arriving})
    resolved = ImageNames(images).resolve(annotations["image"], batch.settings)
    return ImportedAnnotations(batch, annotations.assign(image=resolved), rejects, raw.ignored, images)


def _batch(request: Request, settings: dict[str, Any], work: Path) -> Batch:
    file = paths.BATCHES / request.name / "batch.yaml"
    return Batch(request.name, file, build_model(BatchFile, settings, _OPTION_OF_KEY), work / "payload")


def _names_annotators(raw: Payload) -> bool:
    return "annotator" in raw.words and bool(raw.words["annotator"].notna().any())


def _delivery_of_images(
    raw: Payload, incoming: IncomingPictures, settings: BatchFile, names: dict[str, str]
) -> dict[str, Any]:
    """Return `images` and `names` for labels whose pictures are all in one delivery.

    A later delivery may bring pictures of the same names; a delivery itself never changes.
    """
    if "image" not in raw.words:
        return {}
    said = raw.words["image"].dropna().astype("str").drop_duplicates()
    known = ImageNames(incoming.images)
    meant = known.resolve(said, settings.model_copy(update={"names": names}))
    found = meant[meant.isin(incoming.images)]
    deliveries = found.str.split("/", n=1).str[0].unique()
    if len(deliveries) != 1:
        return {}
    within = settings.model_copy(update={"images": deliveries[0]})
    others = said[known.resolve(said, within) != meant]
    return {"images": deliveries[0], "names": {name: names[name] for name in others if name in names}}


def _names_of_known_images(
    request: Request, raw: Payload, incoming: IncomingPictures, settings: BatchFile
) -> dict[str, str]:
    """Return, for each name of a picture that is not stored again, the image that is here already."""
    if not incoming.here or "image" not in raw.words:
        return {}
    stands_for = {f"{request.name}/{name}": image for name, image in incoming.here.items()}
    arriving = [f"{request.name}/{file.name}" for file in incoming.new]
    names = raw.words["image"].dropna().astype("str").drop_duplicates()
    within = settings.model_copy(update={"images": request.name})
    meant = ImageNames({*incoming.images, *stands_for, *arriving}).resolve(names, within)
    found = meant.map(stands_for)
    return dict(sorted(zip(names[found.notna()], found[found.notna()], strict=True)))
