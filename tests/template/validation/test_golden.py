"""Golden failures: for every enforced rule a fault that breaks it, its exact messages, and a clean twin that passes.

tests/template/golden/<RULE>.txt holds the messages; `python -m tests.template.golden_write` writes them anew.
"""

import pytest

from tests.template.builders import stage_rule_failures
from tests.template.builders.clean_world import RULES
from tests.template.builders.rule_failures import FAULTS, Fault
from tests.template.golden_write import FOLDER, golden_text, planted_faults

ENFORCED = [rule for rule in RULES.rules if rule.status == "active" and rule.enforced_by in ("expectation", "stage")]


def test_every_rule_that_is_enforced_has_a_case_and_a_golden_file() -> None:
    enforced = {rule.id for rule in ENFORCED}
    cases = {fault.rule for fault in FAULTS} | {case.rule for case in stage_rule_failures.CASES}
    assert cases == enforced
    assert {file.stem for file in FOLDER.iterdir()} == enforced, "run `python -m tests.template.golden_write`"


@pytest.mark.parametrize("rule", [rule.id for rule in ENFORCED])
def test_what_people_read_is_what_was_agreed(rule: str) -> None:
    file = FOLDER / f"{rule}.txt"
    assert golden_text(rule) == file.read_text("utf-8"), (
        f"{file} differs; if that is right, `python -m tests.template.golden_write`"
    )


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.rule}: {fault.name}")
def test_a_fault_is_found_on_its_rows_alone_with_the_sentence_of_its_rule(fault: Fault) -> None:
    findings, keys, _ = planted_faults()[fault]
    (rule,) = (rule for rule in RULES.rules if rule.id == fault.rule)
    mine = findings[findings["rule"] == fault.rule]
    assert set(mine["key"]) == keys
    assert set(mine["severity"]) == {rule.severity} and set(mine["action"]) == {rule.action}
    assert set(mine["table"]) == {rule.table}
    assert mine["message"].str.startswith(rule.sentence).all()
    critical = findings[findings["severity"] == "critical"]
    assert set(critical["rule"]) - fault.with_it <= {fault.rule}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.rule}: {fault.name}")
def test_its_clean_twin_passes(fault: Fault) -> None:
    assert planted_faults()[fault].twin.empty


@pytest.mark.parametrize("case", stage_rule_failures.CASES, ids=lambda case: case.rule)
def test_the_clean_twin_of_a_stages_rule_passes(case: stage_rule_failures.Case) -> None:
    assert stage_rule_failures.pipeline_messages(case, broken=False) == []
    assert stage_rule_failures.pipeline_messages(case, broken=True)
