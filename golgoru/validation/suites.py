"""Suites under expectations/: written from the rule book, committed, and held to it.

A reviewer sees in them what a changed rule checks, and any tool that reads Great Expectations' JSON can use them. A
suite that differs from the rule book stops the run: what is not checked must not look as if it had passed.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from golgoru.core import paths, yaml_models
from golgoru.core.errors import UserError
from golgoru.guideline import predicates, python_checks
from golgoru.guideline.rules import Rule, RuleBook
from golgoru.validation.features.annotations import AnnotationFeatures
from golgoru.validation.features.base import FeatureTable
from golgoru.validation.features.images import ImageFeatures, RejectFeatures, SourceFeatures
from golgoru.validation.features.released import LabelFeatures, ReleaseImageFeatures
from golgoru.validation.findings import SET_ASIDE_TABLES

Suite = dict[str, Any]
# The tables that rules can be written for.
FEATURE_TABLES: dict[str, type[FeatureTable]] = {
    facts.schema.name: facts
    for facts in (
        ImageFeatures,
        SourceFeatures,
        AnnotationFeatures,
        RejectFeatures,
        LabelFeatures,
        ReleaseImageFeatures,
    )
}
_HOW_TO_WRITE = "run `dataset check --write`"


def suite_from_rules(rules: RuleBook, table: str) -> Suite:
    """Return the suite of `table` as plain JSON that `ExpectationSuite(**suite)` takes."""
    return {
        "name": table,
        "meta": {"written_from": paths.RULES.as_posix()},
        "expectations": [_expectation(rule) for rule in rules.checked(table)],
    }


def suite_files(rules: RuleBook) -> dict[Path, bytes]:
    """Return what must stand under expectations/: one file per table that has rules, named after the table."""
    return {suite_file(table): _suite_bytes(suite_from_rules(rules, table)) for table in rules.tables()}


def suite_file(table: str) -> Path:
    """Return where the suite of a table lies."""
    return paths.EXPECTATIONS / f"{table}.json"


def suite_problems(suites: Mapping[str, Suite], rules: RuleBook) -> list[str]:
    """Return why rules and suites do not fit together, one message each; an empty list when they do.

    `suites` are the files under expectations/ as JSON, by table name.
    """
    found = [
        problem for table in rules.tables() for rule in rules.checked(table) for problem in _rule_problems(rule, table)
    ]
    for table in rules.tables():
        if table not in suites:
            found.append(
                f"{suite_file(table)}: the file is missing, but {paths.RULES} has rules for table {table}; {_HOW_TO_WRITE}"
            )
        elif suites[table] != suite_from_rules(rules, table):
            strange = list(_unknown_expectations(suites[table], table, rules))
            found += strange or [f"{suite_file(table)}: differs from what {paths.RULES} says; {_HOW_TO_WRITE}"]
    unused = sorted(set(suites) - set(rules.tables()))
    return found + [
        f"{suite_file(t)}: no active rule of {paths.RULES} is about table {t}; delete the file" for t in unused
    ]


def rule_columns(rule: Rule, table: str) -> list[str]:
    """Return the columns and facts of `table` that a rule reads and shows. Raises predicates.PredicateError."""
    if rule.predicate is not None:
        read = list(predicates.referenced_columns(rule.predicate))
    elif rule.check is not None:
        read = list(python_checks.check_columns(rule.check))
    else:
        # An argument may name a column by itself or, as a row condition does, within a text.
        written = set(re.findall(r"\w+", json.dumps(dict(rule.expectation.kwargs)))) if rule.expectation else set()
        read = [*_argument_columns(rule), *(name for name in FEATURE_TABLES[table].types() if name in written)]
    return list(dict.fromkeys([*read, *rule.shows]))


def _suite_bytes(suite: Suite) -> bytes:
    return (json.dumps(suite, indent=2, ensure_ascii=False) + "\n").encode()


def _expectation(rule: Rule) -> dict[str, Any]:
    kind, kwargs = "", dict[str, Any]()
    if rule.predicate is not None:
        kind, kwargs = "expect_rows_to_satisfy", {"predicate": rule.predicate}
    elif rule.check is not None:
        kind, kwargs = "expect_rows_to_pass", {"check": rule.check}
    elif rule.expectation is not None:
        kind, kwargs = rule.expectation.type, dict(rule.expectation.kwargs)
    return {
        "type": kind,
        "kwargs": kwargs,
        "meta": {"rule": rule.id},
        "description": rule.sentence,
        "severity": rule.severity,
    }


def _unknown_expectations(suite: Any, table: str, rules: RuleBook) -> Iterator[str]:
    """Yield the expectations of a suite that name no rule, or one that is not active."""
    status = {rule.id: rule.status for rule in rules.rules}
    written = suite.get("expectations") if isinstance(suite, dict) else None
    for place, expectation in enumerate(written if isinstance(written, list) else ()):
        meta = expectation.get("meta") if isinstance(expectation, dict) else None
        rule = meta.get("rule") if isinstance(meta, dict) else None
        where = f"{suite_file(table)}: expectation {place + 1}"
        if rule is None:
            yield f"{where} names no rule (`meta.rule`); write the rule into {paths.RULES}, then {_HOW_TO_WRITE}"
        elif rule not in status:
            yield f"{where}: there is no rule {rule} in {paths.RULES}; write it there, or {_HOW_TO_WRITE}"
        elif status[rule] == "retired":
            yield f"{where}: rule {rule} is retired; {_HOW_TO_WRITE}"


def _rule_problems(rule: Rule, table: str) -> Iterator[str]:
    """Say what in a rule can be seen to be wrong without data: its table, its action, its columns, its predicate."""
    if table not in FEATURE_TABLES:
        yield f"{_rule_line(rule, 'table')}: no stage checks table '{table}'; expected one of {', '.join(FEATURE_TABLES)}"
        return
    if rule.action == "set aside" and table not in SET_ASIDE_TABLES:
        where = _rule_line(rule, "action")
        yield f"{where}: rows of table {table} cannot be set aside, only those of {' and '.join(SET_ASIDE_TABLES)}"
    types = FEATURE_TABLES[table].types()
    try:
        read = rule_columns(rule, table)
        if FEATURE_TABLES[table].schema.extra and not set(read) <= set(types):
            return  # a delivery may declare further columns of such a table
        predicates.require_columns(read, types)
        if rule.predicate is not None:
            predicates.check_predicate(rule.predicate, types)
    except predicates.PredicateError as error:
        key = next(key for key in ("predicate", "check", "expectation") if getattr(rule, key) is not None)
        yield f"{_rule_line(rule, key)}: table {table}: {error}"


def _argument_columns(rule: Rule) -> list[str]:
    """Return the columns that the arguments of an expectation name outright."""
    kwargs = rule.expectation.kwargs if rule.expectation else {}
    listed = kwargs.get("column_list")
    single = [kwargs.get(key) for key in ("column", "column_A", "column_B")]
    return [str(c) for c in [*single, *(listed if isinstance(listed, list) else ())] if c is not None]


def _rule_line(rule: Rule, key: str) -> str:
    """Return `file:line: rule ID`, where the rule stands in the file of this repository."""
    return f"{yaml_models.entry_line(paths.RULES, 'rules', rule.id, key)}: rule {rule.id}"


def read_suites(folder: Path) -> dict[str, dict[str, Any]]:
    """Return every suite under expectations/ as plain JSON, by the table it is named after."""
    suites = {}
    for file in sorted(folder.rglob("*.json")):
        try:
            suites[file.relative_to(folder).with_suffix("").as_posix()] = json.loads(file.read_text("utf-8"))
        except (ValueError, RecursionError) as error:
            reason = str(error) if isinstance(error, ValueError) else "nested too deeply"
            raise UserError(f"{file}: not valid JSON: {reason}; `dataset check --write` writes it anew") from None
    return suites
