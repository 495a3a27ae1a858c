"""Suites: written from the rules, and compared with them before anything runs."""

# ruff: noqa: E501  (an expected message is one line)

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from golgoru.core import paths
from golgoru.guideline.rules import RuleBook, read_rules
from golgoru.validation import suites
from golgoru.validation.suites import read_suites
from tests.template.builders.clean_world import RULES, SUITES
from tests.template.builders.frozen import FROZEN, TOP
from tests.template.builders.rule_books import NULL, rule_book

WRITTEN = read_suites(FROZEN / paths.EXPECTATIONS)


def test_committed_suites_equal_the_rules() -> None:
    """`dataset check --write` writes them anew."""
    expected = {FROZEN / file: content for file, content in suites.suite_files(RULES).items()}
    assert {file: file.read_bytes() for file in (FROZEN / paths.EXPECTATIONS).rglob("*.json")} == expected
    assert WRITTEN == SUITES
    assert suites.suite_problems(WRITTEN, RULES) == []


@pytest.mark.parametrize("table", sorted(WRITTEN))
def test_great_expectations_loads_a_committed_suite(table: str) -> None:
    from great_expectations.core import ExpectationSuite

    import golgoru.validation.row_expectations  # noqa: F401  (registers its expectations)

    suite = ExpectationSuite(**copy.deepcopy(WRITTEN[table]))  # Great Expectations writes its version into it
    assert [e.meta["rule"] for e in suite.expectations] == [rule.id for rule in RULES.checked_on(table)]
    assert [e.severity for e in suite.expectations] == [rule.severity for rule in RULES.checked_on(table)]


def predicate(text: str, table: str = "images", **more: Any) -> RuleBook:
    """Return a rule book with one predicate."""
    return rule_book(None, table=table, expectation=None, predicate=text, **more)


NO_RULE = [{"type": "x"}]
UNKNOWN = [{"type": "x", "meta": {"rule": "TEST-007"}}]


@pytest.mark.parametrize(
    ("rules", "written", "reason"),
    [
        (rule_book(NULL), {}, "expectations/images.json: the file is missing, but guidelines/rules.yaml has rules for table images; run `dataset check --write`"),
        (rule_book(NULL, NULL), {"images": suites.suite_from_rules(rule_book(NULL), "images")}, "expectations/images.json: differs from guidelines/rules.yaml; run `dataset check --write`"),
        (rule_book(NULL), {"images": []}, "expectations/images.json: differs from guidelines/rules.yaml; run `dataset check --write`"),
        (rule_book(NULL), {"images": {"expectations": NO_RULE}}, "expectations/images.json: expectation 1 names no rule (`meta.rule`); write the rule into guidelines/rules.yaml, then run `dataset check --write`"),
        (rule_book(NULL), {"images": {"expectations": UNKNOWN}}, "expectations/images.json: expectation 1: there is no rule TEST-007 in guidelines/rules.yaml; write it there, or run `dataset check --write`"),
        (rule_book(), {"images": {}}, "expectations/images.json: no active rule of guidelines/rules.yaml is about table images; delete the file"),
        (rule_book(NULL, status="retired"), {"images": {}}, "expectations/images.json: no active rule of guidelines/rules.yaml is about table images; delete the file"),
    ],
)  # fmt: skip
def test_suites_that_differ_from_the_rules_are_reported(rules: RuleBook, written: Any, reason: str) -> None:
    assert suites.suite_problems(written, rules) == [reason]


def test_an_expectation_of_a_retired_rule_is_reported() -> None:
    both = rule_book(NULL, NULL)
    first, second = both.rules
    rules = RuleBook(rules=(first, second.model_copy(update={"status": "retired"})))
    assert suites.suite_problems({"images": suites.suite_from_rules(both, "images")}, rules) == [
        "expectations/images.json: expectation 2: rule TEST-002 is retired; run `dataset check --write`"
    ]


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        (rule_book(NULL, table="imagse"), "no stage checks table 'imagse'; expected one of images, sources, annotations, rejects, labels, release/images"),
        (rule_book(("x", {"column": "label"}), table="labels", action="set aside"), "rows of table labels cannot be set aside, only those of images and annotations"),
        (rule_book(NULL, shows=["widht"]), "table images: there is no column 'widht'; did you mean 'width'? There are image, content, "),
        (rule_book(("x", {"column_list": ["eror"]})), "table images: there is no column 'eror'; did you mean 'error'? There are "),
        (predicate("widht > 3"), "table images: there is no column 'widht'; did you mean 'width'? There are "),
        (predicate("width >"), "table images: syntax error at or near "),
        (predicate("width + 1"), "table images: it gives a value, not true or false; compare the value with something"),
        (predicate("length(width) > 1"), "table images: Binder Error: "),
        (predicate("now() > created_at", "annotations"), "table annotations: there is no function 'now'; there are abs, "),
        (predicate("polygon > 3", "annotations"), "table annotations: "),
        (rule_book(None, expectation=None, check="no_such"), "table images: there is no check 'no_such' in expectations/checks.py; there are mixes_scripts, suffix_fits_format"),
        (rule_book(None, table="labels", expectation=None, check="suffix_fits_format"), "table labels: there is no column 'format'"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_checked_is_reported_without_data(rules: RuleBook, reason: str) -> None:
    table = rules.rules[0].table or ""
    message, *missing = suites.suite_problems({table: suites.suite_from_rules(rules, table)}, rules)
    assert ": rule TEST-001: " + reason in message and "\n" not in message
    assert not missing or "imagse" in reason


def test_a_fault_in_a_rule_names_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "guidelines").mkdir()
    paths.RULES.write_text(
        "rules:\n- id: TEST-001\n  sentence: It holds\n  severity: info\n  action: tell\n  enforced_by: expectation\n"
        '  since: "1.0"\n  table: images\n  predicate: widht > 3\n'
    )
    messages = suites.suite_problems({}, read_rules(paths.RULES))
    assert messages[0].startswith(
        "guidelines/rules.yaml:9: rule TEST-001: table images: there is no column 'widht'; did"
    )


def test_a_column_that_a_delivery_may_declare_is_checked_at_the_run() -> None:
    rules = predicate("camera = 'north'", "sources")
    assert suites.suite_problems({"sources": suites.suite_from_rules(rules, "sources")}, rules) == []


def test_suites_are_compared_without_great_expectations() -> None:
    """Its import takes seconds, which `dataset check` cannot spend."""
    code = "import sys, golgoru.validation.suites, golgoru.validation.findings; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=TOP, check=False).returncode == 0
