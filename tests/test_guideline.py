"""Settings, guideline, rules, suites and edge cases fit together: what `dataset check` says before any data came in."""

import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from golgoru.cli.check.guideline import guideline_findings
from golgoru.cli.check.settings import settings_findings
from golgoru.cli.common.repository import read_pipeline
from golgoru.core import paths
from golgoru.guideline.rules import Rule, read_rules
from golgoru.validation.suites import FEATURE_TABLES, read_suites

TOP = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _without_data(tmp_path, monkeypatch):
    """Stand in a copy of the repository without its data: what the data say of the guideline is `dataset check`'s."""
    for name in ("guidelines", "expectations", "stages"):
        shutil.copytree(TOP / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(TOP / paths.DELIVERIES, tmp_path / paths.DELIVERIES)
    for file in (paths.PARAMS, paths.DVC):
        shutil.copy(TOP / file, tmp_path / file)
    monkeypatch.chdir(tmp_path)


def told(findings: Iterable[str]) -> None:
    """Fail with the findings, one per line, where there are any."""
    lines = list(findings)
    if lines:
        pytest.fail("\n".join([*lines, "`dataset check` says so, too"]), pytrace=False)


def active(enforced_by: str) -> list[Rule]:
    return [r for r in read_rules(paths.RULES).rules if r.status == "active" and r.enforced_by == enforced_by]


def test_params_yaml_has_what_the_stages_take():
    told(settings_findings(read_pipeline()))


def test_classes_rules_suites_edge_cases_and_prose_fit_together():
    told(guideline_findings(read_pipeline()))


def test_every_rule_that_is_marked_as_enforced_is_enforced():
    suites = read_suites(paths.EXPECTATIONS)
    checked = {(e["meta"]["rule"], table) for table, suite in suites.items() for e in suite["expectations"]}
    told(
        f"{rule.id}: no expectation in {paths.EXPECTATIONS}/{rule.table}.json; run `dataset check --write`"
        for rule in active("expectation")
        if (rule.id, rule.table) not in checked
    )
    told(
        f"{paths.RULES}: {rule.id}: no stage checks table '{rule.table}'; there are {', '.join(FEATURE_TABLES)}"
        for rule in active("expectation")
        if rule.table not in FEATURE_TABLES
    )
    told(
        f"{paths.RULES}: {rule.id}: stages/{rule.stage}.py does not name it"
        for rule in active("stage")
        if rule.id not in Path("stages", f"{rule.stage}.py").read_text("utf-8")
    )


def test_every_expectation_names_a_rule():
    rules = {rule.id for rule in active("expectation")}
    told(
        f"{paths.EXPECTATIONS}/{table}.json: {expectation['type']} names no active rule of {paths.RULES}"
        for table, suite in read_suites(paths.EXPECTATIONS).items()
        for expectation in suite["expectations"]
        if expectation.get("meta", {}).get("rule") not in rules
    )
