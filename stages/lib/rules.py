"""The rule book, guidelines/rules.yaml: what must hold, how it is checked, and what follows when it does not."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, JsonValue, model_validator

from stages.lib.yaml_file import Written

Severity = Literal["critical", "warning", "info"]
Action = Literal["stop", "set aside", "tell"]
EnforcedBy = Literal["expectation", "stage", "diff", "reviewer"]
Status = Literal["active", "retired"]

_ID = re.compile(r"[A-Z]{2,10}-\d{3}")


def _rule_id(value: str) -> str:
    if not _ID.fullmatch(value):
        raise ValueError("expected capitals, a hyphen and three digits, such as BOX-003")
    return value


class Check(Written):
    """A Great Expectations expectation: its type in snake_case and its arguments."""

    type: str
    kwargs: Mapping[str, JsonValue] = {}


class Rule(Written):
    """One rule. `table`, `expectation` and `shows` belong to those that an expectation enforces."""

    id: Annotated[str, AfterValidator(_rule_id)]
    sentence: str = Field(min_length=1)
    why: str = ""
    severity: Severity
    action: Action
    status: Status = "active"
    enforced_by: EnforcedBy
    stage: str | None = None
    since: str
    table: str | None = None
    expectation: Check | None = None
    shows: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _enforced(self) -> "Rule":
        if self.enforced_by == "expectation" and (self.table is None or self.expectation is None):
            raise ValueError("enforced by an expectation: expected the keys 'table' and 'expectation'")
        if self.enforced_by == "stage" and self.stage is None:
            raise ValueError("enforced by a stage: expected the key 'stage'")
        return self


class RuleBook(Written):
    """guidelines/rules.yaml."""

    rules: tuple[Rule, ...] = ()

    @model_validator(mode="after")
    def _unique(self) -> "RuleBook":
        ids = [rule.id for rule in self.rules]
        twice = sorted({i for i in ids if ids.count(i) > 1})
        if twice:
            raise ValueError(f"rule ids used twice: {', '.join(twice)}; an id is never reused")
        return self

    def checked(self, table: str) -> list[Rule]:
        """Return the active rules that an expectation on `table` enforces, in the order of the file."""
        return [r for r in self.rules if r.status == "active" and r.enforced_by == "expectation" and r.table == table]

    def tables(self) -> list[str]:
        """Return the tables that an active rule's expectation is about, by name."""
        return sorted({r.table for r in self.rules if r.table is not None and self.checked(r.table)})
