"""From decisions to a review batch of the label log: annotations of objects, each with its current geometry."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import date
from typing import Any, NamedTuple

import pandas as pd

from golgoru.annotations.from_payload import to_annotations
from golgoru.cli.common.yaml_out import build_model
from golgoru.cli.fix.current_labels import CurrentLabels, batches_not_in_tables, later_reviews, read_current_labels
from golgoru.cli.fix.decisions import DECISIONS, SheetDecisions, Verdict, parse_decisions
from golgoru.cli.fix.missing_objects import find_placements
from golgoru.cli.fix.sheet import Sheet
from golgoru.cli.import_.request import Request, check_request
from golgoru.cli.import_.write import refuse_used_name, work_folder, write_batch
from golgoru.consensus.status import ADJUDICATED
from golgoru.core import paths, versions
from golgoru.core.errors import UserError
from golgoru.core.files import write_bytes
from golgoru.geometry.boxes import BOX_COLUMNS
from golgoru.raw.batches import Batch, BatchFile, read_payload

_KINDS = {"agree": "object", "relabel": "object", "add": "object", "remove": "remove", "cannot tell": "unsure"}
_OPTIONS = {"annotator": "--annotator", "guideline_version": "--guideline", "": "--annotator"}
_MODEL = "model"


class CheckedSheet(NamedTuple):
    """A sheet, the current labels that it names, and its decisions."""

    sheet: Sheet
    current: CurrentLabels
    decided: SheetDecisions

    @property
    def verdicts(self) -> list[Verdict]:
        """The decisions, in the order of the sheet."""
        return list(self.decided.verdicts.values())


def check_sheet(sheet: Sheet) -> CheckedSheet:
    """Check a sheet against the current labels. Raises UserError where no row has a decision."""
    current = read_current_labels(sheet)
    decided = parse_decisions(sheet, current, find_placements(current.missing))
    if not decided.verdicts and not decided.problems:
        raise UserError(
            f"{sheet.file}: none of its {len(sheet.rows):,} rows has a decision; expected {', '.join(DECISIONS)} in the"
            " column 'decision'"
        )
    return CheckedSheet(sheet, current, decided)


def review_batches(review: CheckedSheet, request: Request) -> list[tuple[Batch, list[dict[str, Any]]]]:
    """Return the batches to write, with their annotations: the review, and before it a model's objects to be added.

    Raises UserError for options that do not fit.
    """
    check_request(request)
    refuse_used_name(request)
    day, version = request.day or date.today(), request.guideline or review.current.classes.version
    _refuse_earlier_review(review, request.name, day)
    if not versions.is_not_newer(pd.Series([version]), review.current.classes.version).all():
        raise UserError(
            f"--guideline: {version} is newer than {paths.CLASSES}, which is {review.current.classes.version}"
        )
    if not (request.annotator or "").strip():
        raise UserError("--annotator is missing: the pseudonym of who decided")
    settings = {"format": "jsonl", "date": day, "guideline_version": version}
    review_settings = build_model(BatchFile, {**settings, "source": "review", "annotator": request.annotator}, _OPTIONS)
    added = [verdict for verdict in review.verdicts if verdict.decision == "add" and verdict.about is None]
    model_name = f"{request.name}-{_MODEL}"
    annotations = _review_annotations(review, {verdict.key: f"{model_name}/{_id(verdict.key)}" for verdict in added})
    batches = [(_batch(request.name, review_settings), annotations)]
    if added:
        refuse_used_name(request._replace(name=model_name))
        model_settings = build_model(BatchFile, {**settings, "source": "model", "annotator": _MODEL}, {})
        objects = [_model_annotation(review.current.missing[verdict.key], verdict) for verdict in added]
        batches.insert(0, (_batch(model_name, model_settings), objects))
    return batches


def write_batches(batches: Sequence[tuple[Batch, list[dict[str, Any]]]], dry_run: bool) -> list[str]:
    """Write the batches, add them to DVC, and return what was written; in a dry run, only check them."""
    written: list[str] = []
    with ExitStack() as stack:
        # All folders first: a failure on the way undoes every batch.
        folders = [stack.enter_context(work_folder(batch.name, dry_run)) for batch, _ in batches]
        for (batch, annotations), folder in zip(batches, folders, strict=True):
            lines = sorted(json.dumps(row, ensure_ascii=False, allow_nan=False) for row in annotations)
            write_bytes(folder / "payload" / "decisions.jsonl", "".join(f"{line}\n" for line in lines).encode())
            _, rejects = to_annotations(read_payload(batch._replace(payload=folder / "payload"), []), batch)
            if rejects:
                raise UserError("\n".join(f"{reject.file}:{reject.line}: {reject.error}" for reject in rejects))
            written += [] if dry_run else write_batch(batch, folder)
    return [f"written: {file}" for file in written]


def summary_lines(review: CheckedSheet) -> list[str]:
    """Return a summary of the decisions."""
    counts = Counter(verdict.decision for verdict in review.verdicts)
    shown = ", ".join(f"{decision} {counts[decision]:,}" for decision in DECISIONS if counts[decision])
    images = len({verdict.counted_on for verdict in review.verdicts})
    moved = sum(1 for v in review.verdicts if v.decision == "relabel" and _moved(v, review.current.labels[v.key]))
    overruled = [v for v in review.verdicts if review.current.labels.get(v.key, {}).get("status") == ADJUDICATED]
    lines = [
        f"decisions: {len(review.verdicts):,} ({shown}), on {images:,} images",
        f"rows without a decision: {review.decided.undecided:,}",
    ]
    if moved:
        lines.append(f"boxes that move: {moved:,}")
    if overruled:
        lines.append(f"in place of an earlier review: {len(overruled):,}")
    if review.sheet.ignored:
        lines.append(f"columns not used: {', '.join(review.sheet.ignored)}")
    if unread := batches_not_in_tables():
        lines.append(
            f"batches that the tables do not contain yet: {', '.join(unread)}; they were not considered (`dvc repro`"
            " reads them)"
        )
    return lines


def _refuse_earlier_review(review: CheckedSheet, name: str, day: date) -> None:
    """Raise UserError where an existing review would come after this one, and replace it."""
    counted_on = {verdict.about or verdict.key: verdict.counted_on for verdict in review.verdicts}
    later = later_reviews(counted_on, day, name)
    if later:
        key, batch = min(later.items())
        raise UserError(
            f"--as, --date: {len(later):,} of the objects, such as '{key}', were decided by review batch {batch}, which"
            f" comes after '{name}' of {day} (order: date, then name) and would replace it; give a later --date, or a"
            " name that sorts after it"
        )


def _review_annotations(review: CheckedSheet, model_object: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the reviewer's annotations; `model_object`: the model's object that one is about, by label issue."""
    annotations = []
    for line, verdict in review.decided.verdicts.items():
        row: dict[str, Any] = {"image": verdict.image, "kind": _KINDS[verdict.decision]}
        row |= {"about": verdict.about or model_object[verdict.key], "label": verdict.label}
        if verdict.box is not None:
            row |= dict(zip(BOX_COLUMNS, verdict.box, strict=True))
        if _KINDS[verdict.decision] == "object":
            label = review.current.labels.get(verdict.key, {})
            row |= {"polygon": label.get("polygon"), "text": verdict.text, "attributes": label.get("attributes")}
        row["note"] = review.decided.notes.get(line)  # no column of `annotations`: for readers of the log
        annotations.append(_without_nulls(row))
    return annotations


def _model_annotation(issue: Mapping[str, Any], verdict: Verdict) -> dict[str, Any]:
    """Return the model's object: its box and class; in ocr the reviewer's text, since it needs one."""
    row = {"id": _id(verdict.key), "image": verdict.image, "label": issue["proposed"] or verdict.label}
    row |= {side: issue[side] for side in BOX_COLUMNS}
    return _without_nulls(row | {"text": verdict.text, "note": issue["reason"]})


def _without_nulls(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


def _moved(verdict: Verdict, label: Mapping[str, Any]) -> bool:
    return verdict.box is not None and verdict.box != tuple(label[side] for side in BOX_COLUMNS)


def _id(issue: str) -> str:
    return hashlib.md5(issue.encode(), usedforsecurity=False).hexdigest()[:16]


def _batch(name: str, settings: BatchFile) -> Batch:
    return Batch(name, paths.BATCHES / name / "batch.yaml", settings, paths.BATCHES / name / "payload")
