"""The rule book: what a rule must have, and that the template's own rules are complete."""

from pathlib import Path
from typing import Any

import pytest

from golgoru.core import paths
from golgoru.core.errors import UserError
from golgoru.guideline.rules import RuleBook, read_rules
from tests.template.builders.frozen import FROZEN

RULES = read_rules(FROZEN / paths.RULES)
RULE = """rules:
  - id: BOX-009
    sentence: It holds
    severity: warning
    action: tell
    enforced_by: reviewer
    since: "1.0"
"""


def read(tmp_path: Path, text: str) -> RuleBook:
    file = tmp_path / "rules.yaml"
    file.write_text(text, "utf-8")
    return read_rules(file)


def test_every_rule_has_a_reason_and_no_full_stop() -> None:
    for rule in RULES.rules:
        assert rule.why, rule.id
        assert rule.sentence[0].isupper() and not rule.sentence.endswith("."), rule.id


def test_the_rules_that_stages_enforce() -> None:
    by_stage = {rule.id: rule.stage for rule in RULES.rules if rule.enforced_by == "stage"}
    assert by_stage == {
        "COPY-001": "consolidate",
        "COPY-002": "consolidate",
        "COPY-003": "consolidate",
        "VOTE-001": "consolidate",
        "TEXT-003": "consolidate",
        "SPLIT-001": "split",
        "SPLIT-002": "split",
        "CAP-001": "rebalance",
        "WITHDRAWN-001": "release",
    }


def test_critical_rules_of_the_gate_stop_and_others_tell() -> None:
    gate = [rule for table in ("labels", "release/images") for rule in RULES.checked_on(table)]
    critical = [rule for rule in gate if rule.severity == "critical"]
    assert critical and {rule.action for rule in critical} == {"stop"}
    assert {rule.action for rule in gate if rule not in critical} == {"tell"}


def test_a_valid_rule_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, RULE).rules[0].id == "BOX-009"
    assert read(tmp_path, "").rules == ()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("BOX-009", "box-9", "rules.yaml:2: rules.0.id: expected capitals"),
        (
            "tell",
            "ignore",
            "rules.yaml:5: rules.0.action: Input should be 'stop', 'set aside' or 'tell', found 'ignore'",
        ),
        ('"1.0"', "1.0", "rules.yaml:7: rules.0.since: Input should be a valid string, found 1.0"),
        (
            "reviewer",
            "expectation",
            "expected the key 'table' and one of 'predicate', 'check', 'expectation'",
        ),
        (
            "reviewer",
            "expectation\n    table: images\n    predicate: width > 1\n    check: suffix_fits_format",
            "expected the key 'table' and one of 'predicate', 'check', 'expectation'",
        ),
        (
            "reviewer",
            "diff\n    predicate: width > 1",
            "with 'predicate', expected enforced_by: expectation, found 'diff'",
        ),
        ("reviewer", "stage", "expected the key 'stage'"),
        ("severity:", "severty:", "rules.yaml:4: rules.0.severty: unknown key"),
    ],
)
def test_an_invalid_rule_names_its_line(tmp_path: Path, old: str, new: str, reason: str) -> None:
    with pytest.raises(UserError) as raised:
        read(tmp_path, RULE.replace(old, new))
    assert reason in str(raised.value)


def test_an_id_is_used_once(tmp_path: Path) -> None:
    with pytest.raises(
        UserError,
        match=r"rules.yaml:8: rules.1.id: 'BOX-009' is used twice; an id is never reused \(first in line 2\)$",
    ):
        read(tmp_path, RULE + RULE.removeprefix("rules:\n"))


@pytest.mark.parametrize("value", ["2026-01-01", "!!binary aGk="])
def test_an_argument_that_json_cannot_hold_is_refused(tmp_path: Path, value: str) -> None:
    check = f"    table: images\n    expectation: {{type: x, kwargs: {{column: a, min_value: {value}}}}}\n"
    with pytest.raises(UserError, match=r"rules.yaml:9: rules.0.expectation.kwargs.min_value: .*valid JSON"):
        read(tmp_path, RULE + check)


def test_only_active_rules_with_an_expectation_are_checked() -> None:
    def rule(number: int, **more: Any) -> dict[str, Any]:
        return {
            "id": f"TEST-{number:03}",
            "sentence": "It holds",
            "severity": "info",
            "action": "tell",
            "enforced_by": "expectation",
            "since": "1.0",
            "table": "images",
            "expectation": {"type": "x"},
            **more,
        }

    rules = RuleBook.model_validate(
        {
            "rules": [
                rule(1),
                rule(2, status="retired"),
                rule(3, enforced_by="diff", table=None, expectation=None),
                rule(4, table="labels", status="retired"),
            ]
        }
    )
    assert [r.id for r in rules.checked_on("images")] == ["TEST-001"]
    assert rules.checked_tables() == ["images"]
