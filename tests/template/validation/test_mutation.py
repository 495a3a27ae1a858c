"""One fault in an otherwise clean data set is reported under its rule, on its rows, and breaks no other critical rule.

60 images with some 240 annotations by three annotators; each fault and seed draws another row.
"""

import random

import pytest

from golgoru.core.dataset import Task
from tests.template.builders.clean_world import TASKS, clean, rule_findings
from tests.template.builders.examples import THOROUGH
from tests.template.builders.rule_failures import FAULTS

IMAGES = 60


@pytest.mark.parametrize("seed", range(20 if THOROUGH else 1))
@pytest.mark.parametrize("task", TASKS)
def test_one_planted_fault_is_found_and_nothing_else_that_is_critical(task: Task, seed: int) -> None:
    dice = random.Random(f"{task} {seed}")  # noqa: S311  (a test, no secret)
    faults = [fault for fault in FAULTS if task in fault.tasks]
    worlds = [clean(task, IMAGES) for _ in faults]
    keys = [fault.plant(world, dice.randrange(10_000)) for fault, world in zip(faults, worlds, strict=True)]
    untouched, *findings = rule_findings([clean(task, IMAGES), *worlds])
    assert untouched.empty
    wrong = {}
    for fault, planted, rows in zip(faults, keys, findings, strict=True):
        critical = set(rows.loc[rows["severity"] == "critical", "rule"]) - fault.with_it - {fault.rule}
        seen = set(rows.loc[rows["rule"] == fault.rule, "key"])
        if critical or seen != planted:
            wrong[f"{fault.rule}: {fault.name}"] = (critical, seen, planted)
    assert wrong == {}
