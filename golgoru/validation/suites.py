"""Great Expectations suites under expectations/: written from the rules, committed, and compared with the rules.

A reviewer sees in them what a changed rule checks, and any tool that reads Great Expectations' JSON can use them. A
suite that differs from the rules stops the run, since a rule that is not checked must not seem to have passed.
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
    features.schema.name: features
    for features in (
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
        "expectations": [_expectation(rule) for rule in rules.checked_on(table)],
    }


def suite_files(rules: RuleBook) -> dict[Path, bytes]:
    """Return the files that belong under expectations/, with their content: one per table that has rules."""
    return {suite_file(table): _suite_bytes(suite_from_rules(rules, table)) for table in rules.checked_tables()}


def suite_file(table: str) -> Path:
    """Return the path of the suite of a table."""
    return paths.EXPECTATIONS / f"{table}.json"


def suite_problems(suites: Mapping[str, Suite], rules: RuleBook) -> list[str]:
    """Return where rules and suites do not fit together, one message each.

    `suites` are the files under expectations/ as JSON, by table name.
    """
    tables = rules.checked_tables()
    problems = [
        problem for table in tables for rule in rules.checked_on(table) for problem in _rule_problems(rule, table)
    ]
    for table in tables:
        if table not in suites:
            why = f"the file is missing, but {paths.RULES} has rules for table {table}"
            problems.append(f"{suite_file(table)}: {why}; {_HOW_TO_WRITE}")
        elif suites[table] != suite_from_rules(rules, table):
            unknown = list(_unknown_expectations(suites[table], table, rules))
            problems += unknown or [f"{suite_file(table)}: differs from {paths.RULES}; {_HOW_TO_WRITE}"]
    unused = sorted(set(suites) - set(tables))
    return problems + [
        f"{suite_file(t)}: no active rule of {paths.RULES} is about table {t}; delete the file" for t in unused
    ]


def rule_columns(rule: Rule, table: str) -> list[str]:
    """Return the columns and features of `table` that a rule reads and shows. Raises predicates.PredicateError."""
    if rule.predicate is not None:
        read = list(predicates.referenced_columns(rule.predicate))
    elif rule.check is not None:
        read = list(python_checks.check_columns(rule.check))
    else:
        # An argument may be the name of a column or, as a row condition does, contain one.
        words = set(re.findall(r"\w+", json.dumps(dict(rule.expectation.kwargs)))) if rule.expectation else set()
        read = [*_argument_columns(rule), *(name for name in FEATURE_TABLES[table].types() if name in words)]
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
    expectations = suite.get("expectations") if isinstance(suite, dict) else None
    for number, expectation in enumerate(expectations if isinstance(expectations, list) else (), start=1):
        meta = expectation.get("meta") if isinstance(expectation, dict) else None
        rule = meta.get("rule") if isinstance(meta, dict) else None
        where = f"{suite_file(table)}: expectation {number}"
        if rule is None:
            yield f"{where} names no rule (`meta.rule`); write the rule into {paths.RULES}, then {_HOW_TO_WRITE}"
        elif rule not in status:
            yield f"{where}: there is no rule {rule} in {paths.RULES}; write it there, or {_HOW_TO_WRITE}"
        elif status[rule] == "retired":
            yield f"{where}: rule {rule} is retired; {_HOW_TO_WRITE}"


def _rule_problems(rule: Rule, table: str) -> Iterator[str]:
    """Yield what is wrong with a rule, as far as it shows without data: its table, action, columns, predicate."""
    if table not in FEATURE_TABLES:
        where = _rule_line(rule, "table")
        yield f"{where}: no stage checks table '{table}'; expected one of {', '.join(FEATURE_TABLES)}"
        return
    if rule.action == "set aside" and table not in SET_ASIDE_TABLES:
        where = _rule_line(rule, "action")
        yield f"{where}: rows of table {table} cannot be set aside, only those of {' and '.join(SET_ASIDE_TABLES)}"
    types = FEATURE_TABLES[table].types()
    try:
        read = rule_columns(rule, table)
        if FEATURE_TABLES[table].schema.extra and not set(read) <= set(types):
            return  # deliveries may declare further columns of this table
        predicates.require_columns(read, types)
        if rule.predicate is not None:
            predicates.check_predicate(rule.predicate, types)
    except predicates.PredicateError as error:
        key = next(key for key in ("predicate", "check", "expectation") if getattr(rule, key) is not None)
        yield f"{_rule_line(rule, key)}: table {table}: {error}"


def _argument_columns(rule: Rule) -> list[str]:
    """Return the columns that an expectation takes as arguments."""
    kwargs = rule.expectation.kwargs if rule.expectation else {}
    listed = kwargs.get("column_list")
    single = [kwargs.get(key) for key in ("column", "column_A", "column_B")]
    return [str(c) for c in [*single, *(listed if isinstance(listed, list) else ())] if c is not None]


def _rule_line(rule: Rule, key: str) -> str:
    """Return `file:line: rule ID` for a key of a rule, for messages."""
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
