"""What `dataset check` checks under guidelines/ and expectations/: every rule is enforced, and every cited rule exists.

Rules are cited by id in prose, suites, stages and the baseline.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import pandas as pd

from golgoru.annotations import metadata
from golgoru.cli.check.collect_errors import read_or_collect
from golgoru.cli.check.unread_batches import annotations_to_check
from golgoru.cli.common.repository import Pipeline
from golgoru.core import paths
from golgoru.core.dataset import read_dataset
from golgoru.core.errors import UserError
from golgoru.core.markdown import format_count
from golgoru.core.yaml_models import entry_line, key_line, load_config
from golgoru.guideline.annotators import read_annotators
from golgoru.guideline.changes import Changes, change_problems, is_known_label, read_changes
from golgoru.guideline.classes import Classes, read_classes
from golgoru.guideline.edge_cases import EdgeCases, read_edge_cases, trigger_problems
from golgoru.guideline.rules import RuleBook, read_rules
from golgoru.raw.deliveries import read_deliveries
from golgoru.validation.baseline import BaselineFile
from golgoru.validation.features.edge_cases import trigger_columns
from golgoru.validation.suites import read_suites, suite_problems

_ID = re.compile(r"\b[A-Z]{2,10}-\d{3}\b")
_GUIDELINES = paths.RULES.parent
_CHANGELOG = _GUIDELINES / "CHANGELOG.md"
_ENTRY = re.compile(r"^## (\S+)", re.MULTILINE)


def guideline_findings(pipeline: Pipeline) -> Iterator[str]:
    """Yield the findings about classes, annotators, changes, edge cases, rules, suites and baseline."""
    findings: list[str] = []
    classes = read_or_collect(findings, lambda: read_classes(paths.CLASSES))
    rules = read_or_collect(findings, lambda: read_rules(paths.RULES))
    changes = read_or_collect(findings, lambda: read_changes(paths.CHANGES))
    cases = read_or_collect(findings, lambda: read_edge_cases(paths.EDGE_CASES))
    read_or_collect(findings, lambda: read_annotators(paths.ANNOTATORS))
    baseline = read_or_collect(findings, _read_baseline_file)
    yield from findings
    if classes is not None:
        yield from _missing_examples(paths.CLASSES, "classes", {c.id: c.examples for c in classes.classes})
        yield from _undefined_classes(classes, changes or Changes())
        yield from _changelog_version(classes)
    if classes is not None and changes is not None:
        yield from change_problems(changes, classes)
    if cases is not None:
        yield from _missing_examples(paths.EDGE_CASES, "edge_cases", {c.id: c.examples for c in cases.active})
        yield from _trigger_findings(cases)
    if rules is not None:
        yield from _unknown_changed_rules(changes or Changes(), rules)
        yield from _unenforced_rules(rules, pipeline)
        yield from _unknown_citations(rules)
        yield from _suite_findings(rules)
        yield from _baseline_findings(baseline or BaselineFile(), rules)


def _missing_examples(file: Path, block: str, examples: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Yield the example images that are missing. `examples`: paths relative to guidelines/, by the entry's id."""
    for name, images in examples.items():
        for image in images:
            if ".." in Path(image).parts or not (_GUIDELINES / image).is_file():
                where = entry_line(file, block, name, "examples")
                yield f"{where}: {name}: there is no {_GUIDELINES / image}; add the image, or remove the line"


def _read_baseline_file() -> BaselineFile:
    return load_config(paths.BASELINE, BaselineFile) if paths.BASELINE.exists() else BaselineFile()


def _undefined_classes(classes: Classes, changes: Changes) -> Iterator[str]:
    """Yield classes of the annotations that neither the guideline nor a change of it defines."""
    annotations = annotations_to_check(["label", "kind", "guideline_version"])
    is_undefined = (annotations["kind"] == "object") & ~is_known_label(annotations, changes, classes.ids)
    for label, count in annotations.loc[is_undefined, "label"].value_counts().sort_index().items():
        where = key_line(paths.CLASSES, "classes")
        yield (
            f"{where}: class '{label}' is used by {format_count(int(count), 'annotation')} and not defined; define it,"
            f" map it in batch.yaml (`classes`), or add a change to {paths.CHANGES}"
        )


def _changelog_version(classes: Classes) -> Iterator[str]:
    """Yield whether the newest entry of the changelog is not the guideline's version."""
    if not _CHANGELOG.is_file():
        yield f"{_CHANGELOG}: the file is missing; begin it with '## {classes.version}' and what changed"
        return
    versions = _ENTRY.findall(_CHANGELOG.read_text("utf-8"))
    if classes.version not in versions[:1]:
        where = key_line(paths.CLASSES, "version")
        newest = f"begins with {versions[0]}" if versions else "has no entry"
        yield f"{where}: version is '{classes.version}', but {_CHANGELOG} {newest}; write what changed ('## VERSION')"


def _unenforced_rules(rules: RuleBook, pipeline: Pipeline) -> Iterator[str]:
    """Yield the rules that name a stage that does not exist, or whose stage does not name them."""
    for rule in rules.rules:
        if rule.enforced_by != "stage" or rule.status != "active":
            continue
        where = entry_line(paths.RULES, "rules", rule.id, "stage")
        if rule.stage not in pipeline.stages:
            known = ", ".join(pipeline.stages)
            yield f"{where}: {rule.id}: no stage '{rule.stage}' in {paths.DVC}; expected one of {known}"
        elif rule.id not in _ids_in(Path("stages") / f"{rule.stage}.py"):
            yield (
                f"{where}: {rule.id}: nothing enforces it: stages/{rule.stage}.py does not name it; enforce it there"
                " and say so in the docstring, or change `enforced_by`"
            )


def _unknown_citations(rules: RuleBook) -> Iterator[str]:
    """Yield ids that stages or prose cite and that are no active rule."""
    status = {rule.id: rule.status for rule in rules.rules}
    families = {name.split("-")[0] for name in status}
    for file in sorted([*Path("stages").rglob("*.py"), *_GUIDELINES.rglob("*.md")]):
        for name, line in _ids_in(file).items():
            if name.split("-")[0] in families and status.get(name) != "active":
                why = "is retired" if name in status else f"is not in {paths.RULES}"
                yield f"{file}:{line}: cites {name}, which {why}; write the rule, or remove the citation"


def _ids_in(file: Path) -> dict[str, int]:
    """Return the rule ids that a file names, each with the first line that names it."""
    lines: dict[str, int] = {}
    if file.is_file():
        for number, line in enumerate(file.read_text("utf-8", errors="replace").splitlines(), start=1):
            for name in _ID.findall(line):
                lines.setdefault(name, number)
    return lines


def _suite_findings(rules: RuleBook) -> Iterator[str]:
    try:
        yield from suite_problems(read_suites(paths.EXPECTATIONS), rules)
    except UserError as error:
        yield from str(error).splitlines()


def _baseline_findings(baseline: BaselineFile, rules: RuleBook) -> Iterator[str]:
    """Yield entries of rules that do not stop the pipeline, and entries that have expired."""
    active = {rule.id for rule in rules.rules if rule.status == "active" and rule.action == "stop"}
    today = _release_date()
    for position, entry in enumerate(baseline.accepted):
        if entry.rule not in active:
            where = key_line(paths.BASELINE, "accepted", position, "rule")
            yield f"{where}: {entry.rule} is no active rule that stops the pipeline; remove the entry"
        if today is not None and today > entry.expires:
            where = key_line(paths.BASELINE, "accepted", position, "expires")
            yield (
                f"{where}: {entry.rule}: expired on {entry.expires} (`dataset.date` is {today}); repair what"
                f" {entry.owner} accepted, or accept it again with `dataset check --baseline`"
            )


def _release_date() -> date | None:
    try:
        return read_dataset(paths.PARAMS).date
    except UserError:
        return None


def _unknown_changed_rules(changes: Changes, rules: RuleBook) -> Iterator[str]:
    """Yield the changes of rules that do not exist."""
    known = {rule.id for rule in rules.rules}
    for number, change in enumerate(changes.changes):
        if change.rule is not None and change.rule not in known:
            where = key_line(paths.CHANGES, "changes", number, "rule")
            yield f"{where}: changes.{number}.rule: no rule '{change.rule}' in {paths.RULES}; correct the id"


def _trigger_findings(cases: EdgeCases) -> Iterator[str]:
    """Yield the triggers that read unknown columns. Columns of declared metadata are known."""
    try:
        declared = metadata.metadata_dtypes(read_deliveries(paths.DELIVERIES))
    except UserError:
        return  # reported by the checks of the data
    columns = pd.DataFrame({column: pd.Series(dtype=kind) for column, kind in declared.items()})
    yield from trigger_problems(cases, trigger_columns(columns))
