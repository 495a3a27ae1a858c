"""Reading what is to be imported: which pictures, which annotations, and which images they are on.

The payload goes through the same readers that stage `ingest` uses.
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
from golgoru.cli.import_ import new_classes
from golgoru.cli.import_.delivery_yaml import describe_delivery
from golgoru.cli.import_.detect_format import detect_format
from golgoru.cli.import_.known_images import IncomingPictures, compare_pictures
from golgoru.cli.import_.request import AUTO, Request, has_labels, has_payload
from golgoru.cli.import_.source_files import folder_of_pictures, list_files
from golgoru.core import paths
from golgoru.core.csv_table import Reject
from golgoru.core.dataset import read_dataset
from golgoru.core.errors import UserError
from golgoru.formats import format_named
from golgoru.formats.files import SourceFile, files_with_suffix, is_picture
from golgoru.formats.payload import Payload
from golgoru.guideline.classes import Classes, read_classes
from golgoru.raw.batches import Batch, BatchFile, read_payload
from golgoru.raw.deliveries import Delivery, Description

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
    """The annotations of a payload. `unused_columns`: those of its columns that nothing reads. `images`: all images."""

    batch: Batch
    annotations: pd.DataFrame
    rejects: list[Reject]
    unused_columns: tuple[str, ...]
    images: list[str]


class ImportContents(NamedTuple):
    """All that an import would write, and what it leaves out.

    `undefined`: the classes that the guideline lacks; `unused_files`: the files that are not imported.
    """

    request: Request
    pictures_from: Path | None
    incoming: IncomingPictures
    description: Description | None
    labels: ImportedAnnotations | None
    classes: Classes
    undefined: list[str]
    unused_files: list[str]
    metadata_rejects: list[Reject]


def with_detected_format(request: Request) -> tuple[Request, list[str]]:
    """Return the request with its format detected, and the line that says so."""
    if request.format != AUTO or not request.source.exists():
        return request, []
    detected = detect_format(request.source, read_dataset(paths.PARAMS).task)
    line = f"recognised as format {detected.format} ({detected.evidence})"
    return request._replace(format=detected.format), [line]


def read_import(request: Request, work: Path) -> ImportContents:
    """Return what an import would bring. Copies of the payload go to `work`. Raises UserError where it is unusable."""
    classes = read_classes(paths.CLASSES)
    labels_only = has_payload(request)
    source = (request.images or folder_of_pictures(request.source)) if labels_only else request.source
    files = list_files(source) if source is not None else []
    pictures = [file for file in files if is_picture(file)]
    if not pictures and (request.images is not None or not labels_only):
        raise UserError(f"{source}: holds no picture (by suffix, such as .png or .jpg)")
    # Where a picture's path is its label, a picture that is here already would lose it if it were left out.
    incoming = compare_pictures(pictures, keep_all=has_labels(request) and not labels_only)
    if not has_labels(request) and not incoming.new:
        raise UserError(f"{source}: all {len(pictures):,} pictures are in the repository already; nothing to import")
    description = describe_delivery(request, incoming, source)
    labels, used = None, {file.path for file in pictures}
    if has_labels(request):
        payload = _copy_payload(request, work)
        used |= {file.path for file in payload}
        labels = _read_annotations(request, work, incoming, classes)
    undefined = [] if labels is None else new_classes.undefined_classes(labels.annotations, classes)
    if request.define_classes:
        new_classes.refuse_unusable(undefined)
    everything = files if source == request.source else [*files, *list_files(request.source)]
    unused_files = sorted({file.name for file in everything if file.path not in used and file.path != request.metadata})
    return ImportContents(
        request,
        source,
        incoming,
        description,
        labels,
        classes,
        undefined,
        unused_files,
        _metadata_rejects(request, description, incoming),
    )


def copy_files(files: Sequence[SourceFile], folder: Path, progress: str) -> None:
    """Copy files below a folder, under their names; a bar shows progress on a terminal."""
    bar = track(files, progress, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True)
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
    """Copy the payload to `work`, without the pictures and other files, and return its files."""
    if not has_payload(request):
        return []
    files = [file for file in list_files(request.source) if file.path != request.metadata]
    suffixes = format_named(request.format).suffixes
    payload = files_with_suffix(files, suffixes)
    if not payload:
        expected = " or ".join(suffixes)
        raise UserError(f"{request.source}: --format {request.format} takes files that end in {expected}; found none")
    copy_files(payload, work / "payload", "reading labels")
    return payload


def _read_annotations(
    request: Request, work: Path, incoming: IncomingPictures, classes: Classes
) -> ImportedAnnotations:
    """Read the payload, complete the settings of its batch, and resolve the names of images in it."""
    arriving = [f"{request.name}/{file.name}" for file in incoming.new]
    settings: dict[str, Any] = {
        "format": request.format,
        "source": request.annotator_type or "human",
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
    payload = read_payload(batch, arriving)
    if "annotator" not in settings["columns"] and _names_annotators(payload):
        settings["columns"] = {**settings["columns"], "annotator": "annotator"}
    settings["label"] = request.label or _only_class(request, payload, classes)
    settings["names"] = _names_of_known_images(request, payload, incoming, batch.settings)
    if not arriving:
        settings |= _delivery_of_images(payload, incoming, batch.settings, settings["names"])
    batch = _batch(request, settings, work)
    annotations, rejects = to_annotations(payload, batch)
    if annotations.empty:
        reasons = "".join(f"\n  {reject.file}: {reject.error}" for reject in rejects[:3])
        raise UserError(f"{request.source}: no annotation could be read as format {request.format}{reasons}")
    images = sorted({*incoming.images, *arriving})
    resolved = ImageNames(images).resolve(annotations["image"], batch.settings)
    return ImportedAnnotations(batch, annotations.assign(image=resolved), rejects, payload.unused_columns, images)


def _batch(request: Request, settings: dict[str, Any], work: Path) -> Batch:
    file = paths.BATCHES / request.name / "batch.yaml"
    return Batch(request.name, file, build_model(BatchFile, settings, _OPTION_OF_KEY), work / "payload")


def _only_class(request: Request, payload: Payload, classes: Classes) -> str | None:
    """Return the one class that a text without a class can have; None where there is a choice, or none is missing."""
    takes_label = "label" in format_named(request.format).allowed_keys
    if not takes_label or len(classes.ids) != 1 or read_dataset(paths.PARAMS).task != "ocr":
        return None
    named = payload.rows["label"].notna().all() if "label" in payload.rows else False
    return None if named else classes.ids[0]


def _names_annotators(payload: Payload) -> bool:
    return "annotator" in payload.rows and bool(payload.rows["annotator"].notna().any())


def _distinct_names(payload: Payload) -> pd.Series:
    """Return each name of an image in the payload once."""
    if "image" not in payload.rows:
        return pd.Series(dtype="str")
    return payload.rows["image"].dropna().astype("str").drop_duplicates()


def _delivery_of_images(
    payload: Payload, incoming: IncomingPictures, settings: BatchFile, names: dict[str, str]
) -> dict[str, Any]:
    """Return `images` and `names` for labels whose pictures are all in one delivery.

    A later delivery may bring pictures of the same names; a delivery itself never changes.
    """
    written = _distinct_names(payload)
    image_names = ImageNames(incoming.images)
    resolved = image_names.resolve(written, settings.model_copy(update={"names": names}))
    images = resolved[resolved.isin(incoming.images)]
    deliveries = images.str.split("/", n=1).str[0].unique()
    if len(deliveries) != 1:
        return {}
    within = settings.model_copy(update={"images": deliveries[0]})
    differing = written[image_names.resolve(written, within) != resolved]
    return {"images": deliveries[0], "names": {name: names[name] for name in differing if name in names}}


def _names_of_known_images(
    request: Request, payload: Payload, incoming: IncomingPictures, settings: BatchFile
) -> dict[str, str]:
    """Return, for each name of a picture that is not stored again, the image that is here already."""
    if not incoming.known:
        return {}
    known = {f"{request.name}/{name}": image for name, image in incoming.known.items()}
    arriving = [f"{request.name}/{file.name}" for file in incoming.new]
    names = _distinct_names(payload)
    within = settings.model_copy(update={"images": request.name})
    resolved = ImageNames({*incoming.images, *known, *arriving}).resolve(names, within)
    image = resolved.map(known)
    return dict(sorted(zip(names[image.notna()], image[image.notna()], strict=True)))
