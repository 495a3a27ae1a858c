"""What `dataset check` looks at under guidelines/ and expectations/: each rule is enforced, and each check is a rule.

Ids of rules stand in prose, suites, stages and the baseline; both directions are looked at.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from golgoru.annotations import metadata
from golgoru.cli.check.collect_errors import read_or_collect
from golgoru.cli.common.repository import Pipeline
from golgoru.core import paths
from golgoru.core.dataset import read_dataset
from golgoru.core.errors import UserError
from golgoru.core.markdown import amount
from golgoru.core.yaml_models import entry_line, key_line, line_of, load, parse
from golgoru.guideline import changes, edge_cases
from golgoru.guideline.annotators import read_annotators
from golgoru.guideline.classes import Classes, read_classes
from golgoru.guideline.rules import RuleBook, read_rules
from golgoru.raw.deliveries import read_deliveries
from golgoru.tables.frames import table_path
from golgoru.validation import suites
from golgoru.validation.baseline import BaselineFile
from golgoru.validation.features.edge_cases import trigger_columns
from golgoru.validation.suites import read_suites

_ID = re.compile(r"\b[A-Z]{2,10}-\d{3}\b")
_GUIDELINES = paths.RULES.parent
_CHANGELOG = _GUIDELINES / "CHANGELOG.md"
_ENTRY = re.compile(r"^## (\S+)", re.MULTILINE)


def guideline_findings(pipeline: Pipeline) -> Iterator[str]:
    """Yield the findings about classes, annotators, changes, edge cases, rules, suites and baseline."""
    found: list[str] = []
    classes = read_or_collect(found, lambda: read_classes(paths.CLASSES))
    rules = read_or_collect(found, lambda: read_rules(paths.RULES))
    written = read_or_collect(found, lambda: changes.read_changes(paths.CHANGES))
    catalogue = read_or_collect(found, lambda: edge_cases.read_edge_cases(paths.EDGE_CASES))
    read_or_collect(found, lambda: read_annotators(paths.ANNOTATORS))
    accepted = read_or_collect(found, _read_baseline_file)
    yield from found
    if classes is not None:
        yield from _missing_examples(paths.CLASSES, "classes", {c.id: c.examples for c in classes.classes})
        yield from _undefined_classes(classes, written or changes.Changes())
        yield from _changelog_version(classes)
    if classes is not None and written is not None:
        yield from changes.change_problems(written, classes)
    if catalogue is not None:
        yield from _missing_examples(paths.EDGE_CASES, "edge_cases", {c.id: c.examples for c in catalogue.active})
        yield from _trigger_findings(catalogue)
    if rules is not None:
        yield from _unknown_changed_rules(written or changes.Changes(), rules)
        yield from _unenforced_rules(rules, pipeline)
        yield from _cited_ids(rules)
        yield from _suite_findings(rules)
        yield from _baseline_findings(accepted or BaselineFile(), rules)


def _missing_examples(file: Path, block: str, examples: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Yield the example pictures that are not there. `examples`: paths relative to guidelines/, by the entry's id."""
    for name, pictures in examples.items():
        for picture in pictures:
            if ".." in Path(picture).parts or not (_GUIDELINES / picture).is_file():
                where = entry_line(file, block, name, "examples")
                yield f"{where}: {name}: there is no {_GUIDELINES / picture}; add the picture, or drop the line"


def _read_baseline_file() -> BaselineFile:
    return load(paths.BASELINE, BaselineFile) if paths.BASELINE.exists() else BaselineFile()


def _undefined_classes(classes: Classes, written: changes.Changes) -> Iterator[str]:
    """Yield classes that stand in the data as it was last read, and that neither guideline nor a change knows."""
    file = table_path("annotations")
    if not file.exists():
        return
    words = pq.read_table(file, columns=["label", "kind", "guideline_version"]).to_pandas()
    strange = (words["kind"] == "object") & ~changes.is_known_label(words, written, classes.ids)
    for label, count in words.loc[strange, "label"].value_counts().sort_index().items():
        where = key_line(paths.CLASSES, "classes")
        yield (
            f"{where}: class '{label}' stands in {amount(int(count), 'annotation')} and is not defined; define it,"
            f" map it in batch.yaml (`classes`), or add a change to {paths.CHANGES}"
        )


def _changelog_version(classes: Classes) -> Iterator[str]:
    if not _CHANGELOG.is_file():
        yield f"{_CHANGELOG}: the file is missing; begin it with '## {classes.version}' and what changed"
        return
    versions = _ENTRY.findall(_CHANGELOG.read_text("utf-8"))
    if classes.version not in versions[:1]:
        line = key_line(paths.CLASSES, "version")
        found = f"begins with {versions[0]}" if versions else "has no entry"
        yield f"{line}: version is '{classes.version}', but {_CHANGELOG} {found}; write what changed ('## VERSION')"


def _unenforced_rules(rules: RuleBook, pipeline: Pipeline) -> Iterator[str]:
    """Yield the rules that are marked as held by a stage that does not exist, or that says nothing of them."""
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


def _cited_ids(rules: RuleBook) -> Iterator[str]:
    """Yield ids that stages or prose cite and that are no active rule."""
    status = {rule.id: rule.status for rule in rules.rules}
    families = {name.split("-")[0] for name in status}
    for file in sorted([*Path("stages").rglob("*.py"), *_GUIDELINES.rglob("*.md")]):
        for name, line in _ids_in(file).items():
            if name.split("-")[0] in families and status.get(name) != "active":
                why = "is retired" if name in status else f"is not in {paths.RULES}"
                yield f"{file}:{line}: cites {name}, which {why}; write the rule, or drop the citation"


def _ids_in(file: Path) -> dict[str, int]:
    """Return the rule ids that a file names, each with the first line that does."""
    found: dict[str, int] = {}
    if file.is_file():
        for number, line in enumerate(file.read_text("utf-8", errors="replace").splitlines(), start=1):
            for name in _ID.findall(line):
                found.setdefault(name, number)
    return found


def _suite_findings(rules: RuleBook) -> Iterator[str]:
    try:
        yield from suites.suite_problems(read_suites(paths.EXPECTATIONS), rules)
    except UserError as error:
        yield from str(error).splitlines()


def _baseline_findings(accepted: BaselineFile, rules: RuleBook) -> Iterator[str]:
    """Yield entries about rules that stop nothing, or that are past their day."""
    active = {rule.id for rule in rules.rules if rule.status == "active" and rule.action == "stop"}
    today = _release_date()
    for place, entry in enumerate(accepted.accepted):
        if entry.rule not in active:
            where = f"{paths.BASELINE}:{line_of(parse(paths.BASELINE)[0], ('accepted', place, 'rule'))}"
            yield f"{where}: {entry.rule} is no active rule that stops the pipeline; drop the entry"
        if today is not None and today > entry.expires:
            where = f"{paths.BASELINE}:{line_of(parse(paths.BASELINE)[0], ('accepted', place, 'expires'))}"
            yield (
                f"{where}: {entry.rule}: expired on {entry.expires} (the release is of {today}); repair what"
                f" {entry.owner} accepted, or accept it anew with `dataset check --baseline`"
            )


def _release_date() -> date | None:
    try:
        return read_dataset(paths.PARAMS).date
    except UserError:
        return None


def _unknown_changed_rules(written: changes.Changes, rules: RuleBook) -> Iterator[str]:
    """Yield the changes of rules that there are not."""
    known = {rule.id for rule in rules.rules}
    for number, change in enumerate(written.changes):
        if change.rule is not None and change.rule not in known:
            line = key_line(paths.CHANGES, "changes", number, "rule")
            yield f"{line}: changes.{number}.rule: no rule '{change.rule}' in {paths.RULES}; correct the id"


def _trigger_findings(catalogue: edge_cases.EdgeCases) -> Iterator[str]:
    """Yield the triggers that read columns that there are not; metadata that deliveries declare are some."""
    try:
        declared = metadata.metadata_dtypes(read_deliveries(paths.DELIVERIES))
    except UserError:
        return  # told by the checks of the data
    columns = pd.DataFrame({column: pd.Series(dtype=kind) for column, kind in declared.items()})
    yield from edge_cases.trigger_problems(catalogue, trigger_columns(columns))
