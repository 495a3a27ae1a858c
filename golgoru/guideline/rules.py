"""The rule book, guidelines/rules.yaml: what must hold, how it is checked, and what follows when it does not."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, JsonValue, model_validator

from golgoru.core.yaml_models import ConfigModel, ConfigProblem, load_config

Severity = Literal["critical", "warning", "info"]
Action = Literal["stop", "set aside", "tell"]
EnforcedBy = Literal["expectation", "stage", "diff", "reviewer"]
Status = Literal["active", "retired"]

_CHECK_KEYS = ("predicate", "check", "expectation")
_ID = re.compile(r"[A-Z]{2,10}-\d{3}")


def validated_id(value: str) -> str:
    """Return the id of a rule or edge case. Raises ValueError where it has another form."""
    if not _ID.fullmatch(value):
        raise ValueError("expected capitals, a hyphen and three digits, such as BOX-003")
    return value


class Expectation(ConfigModel):
    """A Great Expectations expectation: its type in snake_case and its arguments."""

    type: str
    kwargs: Mapping[str, JsonValue] = {}


class Rule(ConfigModel):
    """One rule. Those that an expectation enforces have a `table`, and a `predicate`, a `check` or an `expectation`.

    `predicate` is SQL that holds for every row (golgoru/guideline/predicates.py), `check` the name of a function in
    expectations/checks.py, `expectation` any of Great Expectations' own; a finding quotes the columns in `shows`.
    """

    id: Annotated[str, AfterValidator(validated_id)]
    sentence: str = Field(min_length=1)
    why: str = ""
    severity: Severity
    action: Action
    status: Status = "active"
    enforced_by: EnforcedBy
    stage: str | None = None
    since: str
    table: str | None = None
    predicate: str | None = None
    check: str | None = None
    expectation: Expectation | None = None
    shows: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _enforced(self) -> "Rule":
        given = [key for key in _CHECK_KEYS if getattr(self, key) is not None]
        if self.enforced_by == "expectation" and (self.table is None or len(given) != 1):
            raise ValueError(
                f"enforced by an expectation: expected the key 'table' and one of {_quoted_list(_CHECK_KEYS)}"
            )
        if self.enforced_by != "expectation" and given:
            raise ValueError(f"with '{given[0]}', expected enforced_by: expectation, found '{self.enforced_by}'")
        if self.enforced_by == "stage" and self.stage is None:
            raise ValueError("enforced by a stage: expected the key 'stage'")
        return self


class RuleBook(ConfigModel):
    """guidelines/rules.yaml."""

    rules: tuple[Rule, ...] = ()

    def problems(self) -> Iterator[ConfigProblem]:
        """Yield ids that are used twice."""
        yield from repeated_ids("rules", [rule.id for rule in self.rules])

    def checked_on(self, table: str) -> list[Rule]:
        """Return the active rules that an expectation on `table` enforces, in the order of the file."""
        return [r for r in self.rules if r.status == "active" and r.enforced_by == "expectation" and r.table == table]

    def checked_tables(self) -> list[str]:
        """Return the names of the tables that have such rules, in alphabetical order."""
        return sorted({r.table for r in self.rules if r.table is not None and self.checked_on(r.table)})


def repeated_ids(block: str, ids: list[str]) -> Iterator[ConfigProblem]:
    """Yield every id that `block` uses a second time."""
    first: dict[str, int] = {}
    for position, name in enumerate(ids):
        if name in first:
            yield ConfigProblem(
                (block, position, "id"), f"'{name}' is used twice; an id is never reused", (block, first[name], "id")
            )
        first.setdefault(name, position)


def _quoted_list(keys: tuple[str, ...]) -> str:
    return ", ".join(f"'{key}'" for key in keys)


def read_rules(file: Path) -> RuleBook:
    """Return the rule book."""
    return load_config(file, RuleBook)
