"""Run the expectation suites on pictures, deliveries and words, and say which rows are set aside.

Reads: images (one row per file), sources (one row per image), annotations (one row per word), rejects (one
row per file or line that could not be read); the rule book and the suites under expectations/.

Writes: violations (one row per broken rule and row). Nothing is dropped here: later stages leave out what
stands there as `set aside`, so that one table says all.

Rules: those of guidelines/rules.yaml on the four tables. All of them run; then a broken one whose action is
`stop` ends the run with exit 1, the table of violations on disk.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from stages.lib import facts, shell
from stages.lib import suites as expectations
from stages.lib.findings import SET_ASIDE, set_aside, why_stop
from stages.lib.project import Classes, Task
from stages.lib.rules import RuleBook
from stages.lib.shell import run
from stages.lib.yaml_file import Written


class Params(Written):
    """No settings: what is checked, and how strictly, stands in guidelines/rules.yaml."""


class Tables(NamedTuple):
    """What the stage writes."""

    violations: pd.DataFrame
    metrics: dict[str, Any]


def transform(
    images: pd.DataFrame,
    sources: pd.DataFrame,
    annotations: pd.DataFrame,
    rejects: pd.DataFrame,
    classes: Classes,
    rules: RuleBook,
    suites: Mapping[str, expectations.Suite],
    task: Task,
    params: Params,
) -> Tables:
    """Return the violations of all rules on the four tables. Raises shell.Stop where one of them says `stop`."""
    del params  # it has none
    tables = {
        "images": facts.images(images),
        "sources": sources,
        "annotations": facts.annotations(annotations, images, classes, task),
        "rejects": rejects,
    }
    violations = expectations.check(tables, suites, rules)
    result = Tables(violations, _metrics(violations, tables, rules))
    if reason := why_stop(violations, shell.table_path("violations").as_posix()):
        raise shell.Stop(reason, result._asdict())
    return result


def _metrics(violations: pd.DataFrame, tables: Mapping[str, pd.DataFrame], rules: RuleBook) -> dict[str, Any]:
    """Return, per rule, how many rows break it and their share; per table, how many rows are set aside."""
    broken = violations["rule"].value_counts()
    return {
        "rules": {
            rule.id: {
                "rows": int(broken.get(rule.id, 0)),
                "share": int(broken.get(rule.id, 0)) / max(len(table), 1),
            }
            for name, table in tables.items()
            for rule in rules.checked(name)
        },
        "set_aside": {name: len(set_aside(violations, name)) for name in SET_ASIDE},
    }


if __name__ == "__main__":
    run(transform)
