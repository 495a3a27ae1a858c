"""From decisions to a review batch of the label log: words about objects, each with its geometry as it stands."""

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
from golgoru.cli.fix.sheet import BOX, Sheet
from golgoru.cli.import_.request import Request, check_request
from golgoru.cli.import_.write import refuse_used_name, work_folder, write_batch
from golgoru.core import paths, versions
from golgoru.core.errors import UserError
from golgoru.core.files import write_bytes
from golgoru.formats import read_batch
from golgoru.raw.batches import Batch, BatchFile

_KINDS = {"agree": "object", "relabel": "object", "add": "object", "remove": "remove", "cannot tell": "unsure"}
_OPTIONS = {"annotator": "--annotator", "guideline_version": "--guideline", "": "--annotator"}
_MODEL = "model"


class CheckedSheet(NamedTuple):
    """What a sheet decides. `problems`: why it cannot be taken; with any, nothing is written."""

    sheet: Sheet
    standing: CurrentLabels
    decided: SheetDecisions

    @property
    def verdicts(self) -> list[Verdict]:
        """What is decided, in the order of the sheet."""
        return list(self.decided.verdicts.values())


def check_sheet(sheet: Sheet) -> CheckedSheet:
    """Hold a sheet to what stands now. Raises UserError where no row of it decides anything."""
    standing = read_current_labels(sheet)
    decided = parse_decisions(sheet, standing, find_placements(standing.missing))
    if not decided.verdicts and not decided.problems:
        raise UserError(
            f"{sheet.file}: none of its {len(sheet.rows):,} rows has a decision; expected {', '.join(DECISIONS)} in the"
            " column 'decision'"
        )
    return CheckedSheet(sheet, standing, decided)


def review_batches(review: CheckedSheet, request: Request) -> list[tuple[Batch, list[dict[str, Any]]]]:
    """Return the batches to write, with their words: the review, and before it what a model saw that is to be added.

    Raises UserError for options that do not fit.
    """
    check_request(request)
    refuse_used_name(request)
    day, version = request.day or date.today(), request.guideline or review.standing.classes.version
    _refuse_earlier_review(review, request.name, day)
    if not versions.not_newer(pd.Series([version]), review.standing.classes.version).all():
        raise UserError(
            f"--guideline: {version} is newer than {paths.CLASSES}, which is {review.standing.classes.version}"
        )
    if not (request.annotator or "").strip():
        raise UserError("--annotator is missing: the pseudonym of who decided")
    settings = {"format": "jsonl", "date": day, "guideline_version": version}
    own = build_model(BatchFile, {**settings, "source": "review", "annotator": request.annotator}, _OPTIONS)
    seen = [verdict for verdict in review.verdicts if verdict.decision == "add" and verdict.about is None]
    model_name = f"{request.name}-{_MODEL}"
    words = _review_annotations(review, {verdict.key: f"{model_name}/{_id(verdict.key)}" for verdict in seen})
    found = [(_batch(request.name, own), words)]
    if seen:
        refuse_used_name(request._replace(name=model_name))
        theirs = build_model(BatchFile, {**settings, "source": "model", "annotator": _MODEL}, {})
        found.insert(
            0, (_batch(model_name, theirs), [_model_annotation(review.standing.missing[v.key], v) for v in seen])
        )
    return found


def write_batches(found: Sequence[tuple[Batch, list[dict[str, Any]]]], dry_run: bool) -> list[str]:
    """Write the batches, give them to DVC, and return what was written; in a dry run, only see that they are read."""
    written: list[str] = []
    with ExitStack() as stack:
        # All workplaces first: what fails on the way undoes every batch.
        works = [stack.enter_context(work_folder(batch.name, dry_run)) for batch, _ in found]
        for (batch, words), work in zip(found, works, strict=True):
            lines = sorted(json.dumps(word, ensure_ascii=False, allow_nan=False) for word in words)
            write_bytes(work / "payload" / "decisions.jsonl", "".join(f"{line}\n" for line in lines).encode())
            _, rejects = to_annotations(read_batch(batch._replace(payload=work / "payload"), []), batch)
            if rejects:
                raise UserError("\n".join(f"{reject.file}:{reject.line}: {reject.error}" for reject in rejects))
            written += [] if dry_run else write_batch(batch, work)
    return [f"written: {file}" for file in written]


def summary_lines(review: CheckedSheet) -> list[str]:
    """Return what is decided, in words."""
    counts = Counter(verdict.decision for verdict in review.verdicts)
    shown = ", ".join(f"{decision} {counts[decision]:,}" for decision in DECISIONS if counts[decision])
    images = len({verdict.picture for verdict in review.verdicts})
    moved = sum(1 for v in review.verdicts if v.decision == "relabel" and _moved(v, review.standing.labels[v.key]))
    overruled = [v for v in review.verdicts if review.standing.labels.get(v.key, {}).get("status") == "adjudicated"]
    said = [
        f"decisions: {len(review.verdicts):,} ({shown}), on {images:,} images",
        f"rows without a decision: {review.decided.undecided:,}",
    ]
    if moved:
        said.append(f"boxes that move: {moved:,}")
    if overruled:
        said.append(f"in place of an earlier reviewer's word: {len(overruled):,}")
    if review.sheet.ignored:
        said.append(f"columns not taken: {', '.join(review.sheet.ignored)}")
    if unseen := batches_not_in_tables():
        said.append(
            f"batches that the tables do not know yet: {', '.join(unseen)}; what they say was not looked at (`dvc"
            " repro` takes them in)"
        )
    return said


def _refuse_earlier_review(review: CheckedSheet, name: str, day: date) -> None:
    """Raise UserError where a review that is there already would come after this one, and replace it."""
    pictures = {verdict.about or verdict.key: verdict.picture for verdict in review.verdicts}
    later = later_reviews(pictures, day, name)
    if later:
        key, batch = min(later.items())
        raise UserError(
            f"--as, --date: {len(later):,} of the objects, such as '{key}', were judged by review batch {batch}, which"
            f" comes after '{name}' of {day} (order: date, then name) and would stand; give a later --date, or a name"
            " that sorts behind it"
        )


def _review_annotations(review: CheckedSheet, seen_as: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the reviewer's words; `seen_as`: the model's word that one is about, by suspect."""
    words = []
    for line, verdict in review.decided.verdicts.items():
        word: dict[str, Any] = {"image": verdict.image, "kind": _KINDS[verdict.decision]}
        word |= {"about": verdict.about or seen_as[verdict.key], "label": verdict.label}
        if verdict.box is not None:
            word |= dict(zip(BOX, verdict.box, strict=True))
        if _KINDS[verdict.decision] == "object":
            label = review.standing.labels.get(verdict.key, {})
            word |= {"polygon": label.get("polygon"), "text": verdict.text, "attributes": label.get("attributes")}
        word["note"] = review.decided.notes.get(line)  # no column of a word: it stands in the log for who reads it
        words.append(_without_nulls(word))
    return words


def _model_annotation(suspect: Mapping[str, Any], verdict: Verdict) -> dict[str, Any]:
    """Return the model's word: the box as it saw it, and the class; in ocr the reviewer's text, since it needs one."""
    word = {"id": _id(verdict.key), "image": verdict.image, "label": suspect["proposed"] or verdict.label}
    word |= {side: suspect[side] for side in BOX}
    return _without_nulls(word | {"text": verdict.text, "note": suspect["reason"]})


def _without_nulls(word: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in word.items() if value is not None}


def _moved(verdict: Verdict, label: Mapping[str, Any]) -> bool:
    return verdict.box is not None and verdict.box != tuple(label[side] for side in BOX)


def _id(suspect: str) -> str:
    return hashlib.md5(suspect.encode(), usedforsecurity=False).hexdigest()[:16]


def _batch(name: str, settings: BatchFile) -> Batch:
    return Batch(name, paths.BATCHES / name / "batch.yaml", settings, paths.BATCHES / name / "payload")
