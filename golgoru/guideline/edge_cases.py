"""The edge cases, guidelines/edge_cases.yaml: what is hard to decide, the decision, and where it occurs.

An edge case has a sentence (the object is tiny), a decision, and a trigger: a predicate or a Python check over the
columns and features of images or objects. The occurrences are counted and compared with the number that is wanted.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, get_args

import pyarrow as pa
from pydantic import AfterValidator, Field, NonNegativeInt, field_validator, model_validator

from golgoru.core import paths
from golgoru.core.yaml_models import ConfigModel, ConfigProblem, key_line, load_config
from golgoru.guideline import predicates, python_checks
from golgoru.guideline.predicates import PredicateError
from golgoru.guideline.rules import repeated_ids, validated_id

EdgeCaseUnit = Literal["image", "object"]
Split = Literal["train", "val", "test"]


def _parsable_predicate(predicate: str) -> str:
    try:
        predicates.referenced_columns(predicate)
    except PredicateError as error:
        raise ValueError(str(error)) from None
    return predicate


def _path_below_guidelines(example: str) -> str:
    if example.startswith("/") or "\\" in example or ".." in example.split("/") or not example.strip():
        raise ValueError("expected a path below guidelines/, such as examples/seven-crossed.png")
    return example


class EdgeCase(ConfigModel):
    """One edge case: its sentence, the decision, its trigger, and how many are wanted per split."""

    id: Annotated[str, AfterValidator(validated_id)]
    sentence: str = Field(min_length=1)
    why: str = ""
    decision: str = Field(min_length=1)
    on: EdgeCaseUnit
    predicate: Annotated[str, AfterValidator(_parsable_predicate)] | None = None
    check: str | None = None
    wanted: Mapping[Split, NonNegativeInt] = {}
    owner: str
    status: Literal["active", "retired"] = "active"
    since: str
    examples: tuple[Annotated[str, AfterValidator(_path_below_guidelines)], ...] = ()

    @field_validator("owner")
    @classmethod
    def _named_owner(cls, owner: str) -> str:
        if not owner.strip():
            raise ValueError("expected who decides, such as labelling lead")
        return owner

    @field_validator("wanted", mode="before")
    @classmethod
    def _known_splits(cls, wanted: object) -> object:
        for split in wanted if isinstance(wanted, dict) else ():
            if split not in get_args(Split):
                raise ValueError(f"there is no split '{split}'; expected {', '.join(get_args(Split))}")
        return wanted

    @model_validator(mode="after")
    def _one_trigger(self) -> "EdgeCase":
        if (self.predicate is None) == (self.check is None):
            given = "neither" if self.predicate is None else "both"
            raise ValueError(f"expected one of the keys 'predicate' and 'check', found {given}")
        return self

    def columns(self) -> tuple[str, ...]:
        """Return the columns and features that the trigger reads. Raises PredicateError for an unknown check."""
        return (
            python_checks.check_columns(self.check)
            if self.check is not None
            else predicates.referenced_columns(self.predicate or "")
        )


class EdgeCases(ConfigModel):
    """guidelines/edge_cases.yaml."""

    edge_cases: tuple[EdgeCase, ...] = ()

    def problems(self) -> Iterator[ConfigProblem]:
        """Yield ids that are used twice."""
        yield from repeated_ids("edge_cases", [case.id for case in self.edge_cases])

    @property
    def active(self) -> list[EdgeCase]:
        """The edge cases that are not retired, in the order of the file."""
        return [case for case in self.edge_cases if case.status == "active"]


def read_edge_cases(file: Path) -> EdgeCases:
    """Return the edge cases. Raises UserError naming file, line and key."""
    return load_config(file, EdgeCases)


def trigger_problems(catalogue: EdgeCases, known: Mapping[EdgeCaseUnit, Mapping[str, pa.DataType]]) -> list[str]:
    """Return what is wrong with the triggers of the active edge cases, as `file:line: ...`.

    `known` are the columns and features that a trigger on images, or on objects, can read, with their types.
    """
    messages = []
    for number, case in enumerate(catalogue.edge_cases):
        if case.status == "active":
            for key, reason in _trigger_faults(case, known[case.on]):
                messages.append(f"{key_line(paths.EDGE_CASES, 'edge_cases', number, key)}: {case.id}: {key}: {reason}")
    return messages


def _trigger_faults(case: EdgeCase, known: Mapping[str, pa.DataType]) -> Iterator[tuple[str, str]]:
    try:
        if case.predicate is not None:
            predicates.check_predicate(case.predicate, known)
        predicates.require_columns(case.columns(), known)
    except PredicateError as error:
        yield "predicate" if case.predicate is not None else "check", str(error)
