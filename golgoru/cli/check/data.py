"""What `dataset check` looks at under data/raw: deliveries, batches, pins, withdrawals, and DVC's pointers."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from golgoru.annotations import metadata
from golgoru.cli.check.collect_errors import read_or_collect
from golgoru.cli.common.repository import Pipeline, run_dvc
from golgoru.core import paths, versions
from golgoru.core.errors import UserError
from golgoru.core.yaml_models import key_line, line_of, load, parse
from golgoru.guideline.changes import read_changes
from golgoru.guideline.classes import Classes, read_classes
from golgoru.raw.batches import BatchFile, read_batches
from golgoru.raw.deliveries import Delivery, Description, read_deliveries, read_pointer
from golgoru.raw.pins import read_pins
from golgoru.raw.withdrawals import read_withdrawals


def data_findings(pipeline: Pipeline) -> Iterator[str]:
    """Yield the findings about everything under data/raw."""
    found: list[str] = []
    classes = read_or_collect(found, lambda: read_classes(paths.CLASSES))
    deliveries = _check_deliveries(found, pipeline)
    _check_batches(found, pipeline, None if deliveries is None else [d.name for d in deliveries], classes)
    read_or_collect(found, lambda: read_pins(paths.PINS))
    _check_withdrawals(found)
    yield from found
    yield from _pointer_findings()


def _known_classes(settings: BatchFile, classes: Classes) -> set[str]:
    """Return the classes that a batch may name: those defined, and of later changes those that they do away with."""
    try:
        written = read_changes(paths.CHANGES).changes
    except UserError:  # told by the checks of the guideline
        written = ()
    made_at = versions.numbers(settings.guideline_version)
    later = [change for change in written if made_at < versions.numbers(change.version)]
    return {*classes.ids, *(name for change in later if change.old_votes != "keep" for name in change.classes)}


def _check_withdrawals(found: list[str]) -> None:
    """Note withdrawals that name no picture: a mistyped one takes back nothing, and must not pass in silence."""
    for number, withdrawal in enumerate(read_or_collect(found, lambda: read_withdrawals(paths.WITHDRAWALS)) or ()):
        if withdrawal.image is not None and not (paths.IMAGES / withdrawal.image).is_file():
            line = key_line(paths.WITHDRAWALS, "withdrawals", number)
            found.append(
                f"{line}: image: there is no '{withdrawal.image}' under {paths.IMAGES}; correct the name, or, where the"
                " picture was deleted, give its content (md5) instead"
            )


def _check_deliveries(found: list[str], pipeline: Pipeline) -> Sequence[Delivery] | None:
    """Look at every delivery, also behind the first one that is wrong; return them where all can be read."""
    before = len(found)
    for file in sorted(paths.DELIVERIES.glob("*.yaml")):
        read_or_collect(found, lambda file=file: load(file, Description))  # type: ignore[misc]
    for file in sorted(paths.DELIVERIES.glob("*.dvc")):
        read_or_collect(found, lambda file=file: read_pointer(file))  # type: ignore[misc]
    if len(found) > before:
        return None
    deliveries = read_or_collect(found, lambda: read_deliveries(paths.DELIVERIES))
    for delivery in deliveries or []:
        folder = (paths.IMAGES / delivery.name).as_posix()
        if delivery.pointer is None and folder not in pipeline.outputs:
            pointer = delivery.file.with_suffix(".dvc")
            found.append(
                f"{delivery.file}: expected {pointer}, or a stage of {paths.DVC} that writes {folder}; found neither;"
                " bring the pictures in with `dataset import`, or delete the description"
            )
        read_or_collect(found, lambda delivery=delivery: metadata.read_metadata(delivery, []))  # type: ignore[misc]
    read_or_collect(found, lambda: metadata.metadata_dtypes(deliveries or []))
    return deliveries


def _check_batches(
    found: list[str], pipeline: Pipeline, deliveries: Sequence[str] | None, classes: Classes | None
) -> None:
    folders = sorted(p for p in paths.BATCHES.iterdir() if p.is_dir()) if paths.BATCHES.is_dir() else []
    before = len(found)
    for folder in folders:
        file = folder / "batch.yaml"
        settings = read_or_collect(found, lambda file=file: load(file, BatchFile)) if file.exists() else None  # type: ignore[misc]
        if settings is not None:
            found += _batch_findings(file, settings, pipeline, deliveries, classes)
    if len(found) == before:
        read_or_collect(found, lambda: read_batches(paths.BATCHES))


def _batch_findings(
    file: Path, settings: BatchFile, pipeline: Pipeline, deliveries: Sequence[str] | None, classes: Classes | None
) -> Iterator[str]:
    """Yield what in a batch does not fit the deliveries, the guideline, or the payload beside it."""
    node, _ = parse(file)
    if settings.images is not None and deliveries is not None and settings.images not in deliveries:
        where = f"{file}:{line_of(node, ('images',))}"
        known = ", ".join(deliveries) or "(none yet)"
        yield f"{where}: images: no delivery '{settings.images}'; expected one of {known}"
    if classes is not None:
        nameable = _known_classes(settings, classes)
        for theirs, ours in settings.classes.items():
            if ours not in nameable:
                where = f"{file}:{line_of(node, ('classes', theirs))}"
                yield f"{where}: classes.{theirs}: '{ours}' is not defined in {paths.CLASSES}; define it, or map to one"
        version = settings.guideline_version
        if not versions.not_newer(pd.Series([version]), classes.version).all():
            where = f"{file}:{line_of(node, ('guideline_version',))}"
            yield (
                f"{where}: guideline_version: '{version}' is newer than {paths.CLASSES}, which is {classes.version};"
                " merge the branch that has that guideline, or correct the version"
            )
    payload, pointer = file.with_name("payload"), file.with_name("payload.dvc")
    if settings.format != "folders" and not (
        payload.exists() or pointer.exists() or payload.as_posix() in pipeline.outputs
    ):
        yield f"{payload}: the payload is missing, and so is {pointer}; bring it in with `dataset import`"
    if pointer.exists():
        try:
            read_pointer(pointer)
        except UserError as error:
            yield str(error)


def _pointer_findings() -> Iterator[str]:
    """Ask DVC whether what lies on disk is what the pointers name."""
    pointers = [*paths.DELIVERIES.glob("*.dvc"), *paths.BATCHES.glob("*/payload.dvc")]
    if not pointers:
        return
    status = run_dvc("status", "--json", *sorted(p.as_posix() for p in pointers))
    if status.returncode != 0:
        lines = [line for line in status.stderr.splitlines() if line.strip()] or ["no reason given"]
        yield f"dvc status: {lines[0].removeprefix('ERROR: ')}"
        return
    for pointer, changes in sorted(json.loads(status.stdout or "{}").items()):
        outs = {path: state for change in changes if isinstance(change, dict) for path, state in _changed_outs(change)}
        yield from (_pointer_finding(pointer, path, state) for path, state in outs.items())


def _changed_outs(change: dict[str, dict[str, str]]) -> Iterator[tuple[str, str]]:
    yield from change.get("changed outs", {}).items()


def _pointer_finding(pointer: str, path: str, state: str) -> str:
    if state == "deleted":
        return f"{pointer}: {path} is not on disk; run `dvc pull {pointer}`"
    if state == "modified" and pointer.startswith(paths.BATCHES.as_posix()):
        return (
            f"{pointer}: {path} was edited; a batch stays as it came: `dvc checkout --force {pointer}` brings it back,"
            " a correction is a new batch"
        )
    if state == "modified":
        return (
            f"{pointer}: files under {path} are not those that it names; `dvc pull {pointer}` brings back what is"
            f" missing, `dvc add {path}` takes over what was changed on purpose"
        )
    return f"{pointer}: {path}: {state}; run `dvc commit {pointer}`"
