"""Rewrite golden/: the findings of the faults in builders/rule_failures.py. Then read the diff.

Run as `python -m tests.template.golden_write`.
"""

import functools
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from tests.template.builders import stage_rule_failures
from tests.template.builders.clean_world import TASKS, clean, rule_findings
from tests.template.builders.rule_failures import FAULTS, Fault

FOLDER = Path(__file__).parent / "golden"


class PlantedFault(NamedTuple):
    """The findings in a small world with a fault, the keys of the faulty rows, and the findings in its clean twin."""

    findings: pd.DataFrame
    keys: set[str]
    twin: pd.DataFrame


@functools.cache
def planted_faults() -> dict[Fault, PlantedFault]:
    """Return every fault, planted in a world of the first of its tasks."""
    every = {}
    for task in TASKS:
        faults = [fault for fault in FAULTS if fault.tasks[0] == task]
        worlds, twins = ([clean(task, fault.images) for fault in faults] for _ in range(2))
        keys = [fault.plant(world, 1) for fault, world in zip(faults, worlds, strict=True)]
        findings = rule_findings([*worlds, *twins])
        every |= dict(zip(faults, map(PlantedFault, findings, keys, findings[len(faults) :]), strict=True))
    return every


def golden_text(rule: str) -> str:
    """Return what stands in the golden file of a rule: per case its name, then `<table> <key>: <message>`."""
    lines = []
    for fault in FAULTS:
        if fault.rule == rule:
            findings = planted_faults()[fault].findings.query("rule == @rule")
            lines.append(f"# {fault.name} ({fault.tasks[0]})")
            lines += [f"{row.table} {row.key}: {row.message}" for row in findings.itertuples()]
    for case in stage_rule_failures.CASES:
        if case.rule == rule:
            lines += [f"# {case.name}", *stage_rule_failures.pipeline_messages(case, broken=True)]
    return "\n".join(lines) + "\n"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    rules = {fault.rule for fault in FAULTS} | {case.rule for case in stage_rule_failures.CASES}
    texts = {FOLDER / f"{rule}.txt": golden_text(rule) for rule in rules}
    for file in FOLDER.iterdir():
        file.unlink()
    for file, text in texts.items():
        file.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
