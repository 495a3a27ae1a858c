"""What `dataset check` checks under data/raw: deliveries, batches, pins, withdrawals, and DVC's pointers."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from golgoru.annotations import metadata
from golgoru.cli.check import known_good
from golgoru.cli.check.collect_errors import read_errors, read_or_collect
from golgoru.cli.common.repository import Pipeline, run_dvc
from golgoru.core import paths, versions
from golgoru.core.errors import UserError
from golgoru.core.yaml_models import key_line, line_of, load_config, parse_yaml
from golgoru.formats import format_named
from golgoru.guideline.changes import read_changes
from golgoru.guideline.classes import Classes, read_classes
from golgoru.raw.batches import BatchFile, read_batches
from golgoru.raw.deliveries import Delivery, Description, read_deliveries, read_pointer
from golgoru.raw.pins import read_pins
from golgoru.raw.withdrawals import read_withdrawals


def data_findings(pipeline: Pipeline) -> Iterator[str]:
    """Yield the findings about everything under data/raw."""
    findings: list[str] = []
    classes = read_or_collect(findings, lambda: read_classes(paths.CLASSES))
    deliveries = _check_deliveries(findings, pipeline)
    _check_batches(findings, pipeline, None if deliveries is None else [d.name for d in deliveries], classes)
    read_or_collect(findings, lambda: read_pins(paths.PINS))
    _check_withdrawals(findings)
    yield from findings
    yield from _pointer_findings()


def _known_classes(settings: BatchFile, classes: Classes) -> set[str]:
    """Return the classes that a batch may name: those defined, and those that a later change removes or redefines."""
    try:
        changes = read_changes(paths.CHANGES).changes
    except UserError:  # reported by the checks of the guideline
        changes = ()
    made_at = versions.version_numbers(settings.guideline_version)
    later = [change for change in changes if made_at < versions.version_numbers(change.version)]
    return {*classes.ids, *(name for change in later if change.old_votes != "keep" for name in change.classes)}


def _check_withdrawals(findings: list[str]) -> None:
    """Add withdrawals that name no image: a mistyped one would withdraw nothing, and nobody would notice."""
    withdrawals = read_or_collect(findings, lambda: read_withdrawals(paths.WITHDRAWALS)) or ()
    for number, withdrawal in enumerate(withdrawals):
        if withdrawal.image is not None and not (paths.IMAGES / withdrawal.image).is_file():
            where = key_line(paths.WITHDRAWALS, "withdrawals", number)
            findings.append(
                f"{where}: image: there is no '{withdrawal.image}' under {paths.IMAGES}; correct the name, or, if the"
                " image was deleted, give its content (md5) instead"
            )


def _check_deliveries(findings: list[str], pipeline: Pipeline) -> Sequence[Delivery] | None:
    """Add what is wrong with any delivery, not only the first; return the deliveries where all can be read."""
    before = len(findings)
    for file in sorted(paths.DELIVERIES.glob("*.yaml")):
        read_or_collect(findings, lambda file=file: load_config(file, Description))  # type: ignore[misc]
    for file in sorted(paths.DELIVERIES.glob("*.dvc")):
        read_or_collect(findings, lambda file=file: read_pointer(file))  # type: ignore[misc]
    if len(findings) > before:
        return None
    deliveries = read_or_collect(findings, lambda: read_deliveries(paths.DELIVERIES))
    for delivery in deliveries or []:
        folder = (paths.IMAGES / delivery.name).as_posix()
        if delivery.pointer is None and folder not in pipeline.outputs:
            pointer = delivery.file.with_suffix(".dvc")
            findings.append(
                f"{delivery.file}: expected {pointer}, or a stage of {paths.DVC} that writes {folder}; found neither;"
                " import the images with `dataset import`, or delete the description"
            )
        read_or_collect(findings, lambda delivery=delivery: metadata.read_metadata(delivery, []))  # type: ignore[misc]
    read_or_collect(findings, lambda: metadata.metadata_dtypes(deliveries or []))
    return deliveries


def _check_batches(
    findings: list[str], pipeline: Pipeline, deliveries: Sequence[str] | None, classes: Classes | None
) -> None:
    """Add what is wrong with any batch, not only the first."""
    folders = sorted(p for p in paths.BATCHES.iterdir() if p.is_dir()) if paths.BATCHES.is_dir() else []
    before = len(findings)
    for folder in folders:
        file = folder / "batch.yaml"
        if not file.exists():
            continue
        settings = read_or_collect(findings, lambda file=file: load_config(file, BatchFile))  # type: ignore[misc]
        if settings is not None:
            findings += _batch_findings(file, settings, pipeline, deliveries, classes)
    if len(findings) == before:
        read_or_collect(findings, lambda: read_batches(paths.BATCHES))


def _batch_findings(
    file: Path, settings: BatchFile, pipeline: Pipeline, deliveries: Sequence[str] | None, classes: Classes | None
) -> Iterator[str]:
    """Yield where a batch does not fit the deliveries, the guideline, or its payload."""
    node, _ = parse_yaml(file)
    if settings.images is not None and deliveries is not None and settings.images not in deliveries:
        where = f"{file}:{line_of(node, ('images',))}"
        known = ", ".join(deliveries) or "(none yet)"
        yield f"{where}: images: no delivery '{settings.images}'; expected one of {known}"
    if classes is not None:
        known_classes = _known_classes(settings, classes)
        for theirs, ours in settings.classes.items():
            if ours not in known_classes:
                where = f"{file}:{line_of(node, ('classes', theirs))}"
                yield f"{where}: classes.{theirs}: '{ours}' is not defined in {paths.CLASSES}; define it, or map to one"
        version = settings.guideline_version
        if not versions.is_not_newer(pd.Series([version]), classes.version).all():
            where = f"{file}:{line_of(node, ('guideline_version',))}"
            yield (
                f"{where}: guideline_version: '{version}' is newer than {paths.CLASSES}, which is {classes.version};"
                " merge the branch that has that guideline, or correct the version"
            )
    payload, pointer = file.with_name("payload"), file.with_name("payload.dvc")
    if format_named(settings.format).has_payload and not (
        payload.exists() or pointer.exists() or payload.as_posix() in pipeline.outputs
    ):
        yield f"{payload}: the payload is missing, and so is {pointer}; import it with `dataset import`"
    if pointer.exists():
        yield from read_errors(lambda: read_pointer(pointer))


def _pointer_findings() -> Iterator[str]:
    """Yield the pointers whose files on disk are missing or changed, as `dvc status` says."""
    pointers = [*paths.DELIVERIES.glob("*.dvc"), *paths.BATCHES.glob("*/payload.dvc")]
    digest = known_good.pointers_digest(pointers)
    if not pointers or (digest and known_good.is_known_good(known_good.POINTERS, digest)):
        return
    status = run_dvc("status", "--json", *sorted(p.as_posix() for p in pointers))
    if status.returncode != 0:
        lines = [line for line in status.stderr.splitlines() if line.strip()] or ["no reason given"]
        yield f"dvc status: {lines[0].removeprefix('ERROR: ')}"
        return
    changed = json.loads(status.stdout or "{}")
    if digest and not changed:
        known_good.remember_good(known_good.POINTERS, digest)
    for pointer, changes in sorted(changed.items()):
        outs = {path: state for change in changes if isinstance(change, dict) for path, state in _changed_outs(change)}
        yield from (_pointer_finding(pointer, path, state) for path, state in outs.items())


def _changed_outs(change: dict[str, dict[str, str]]) -> Iterator[tuple[str, str]]:
    yield from change.get("changed outs", {}).items()


def _pointer_finding(pointer: str, path: str, state: str) -> str:
    if state == "deleted":
        return f"{pointer}: {path} is not on disk; run `dvc pull {pointer}`"
    if state == "modified" and pointer.startswith(paths.BATCHES.as_posix()):
        return (
            f"{pointer}: {path} was edited, but a batch is never edited; restore it with `dvc checkout --force"
            f" {pointer}`, and make corrections in a new batch"
        )
    if state == "modified":
        return (
            f"{pointer}: files under {path} differ from the pointer; restore missing ones with `dvc pull {pointer}`, or"
            f" accept intended changes with `dvc add {path}`"
        )
    return f"{pointer}: {path}: {state}; run `dvc commit {pointer}`"
