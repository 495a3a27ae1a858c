"""Pages that list what the code has are held to the code."""

from pathlib import Path

import pytest

from golgoru.guideline import predicates
from golgoru.tables.schema import INTEGER, NUMBER, TEXT, YES_NO
from golgoru.validation.features.base import FeatureTable
from golgoru.validation.suites import FEATURE_TABLES

TOP = Path(__file__).parents[3]
TYPES = {YES_NO: "yes or no", INTEGER: "integer", NUMBER: "number", TEXT: "text"}


def facts_of(name: str, facts: type[FeatureTable]) -> str:
    """Return the table of a page that lists the facts of one table."""
    rows = [f"| `{fact.name}` | {TYPES[fact.type]} | {fact.meaning} |" for fact in facts.facts()]
    return "\n".join([f"### Facts of `{name}`", "| fact | type | meaning |", "| --- | --- | --- |", *rows])


@pytest.mark.parametrize("table", [name for name, facts in FEATURE_TABLES.items() if facts.facts()])
def test_the_page_about_rules_lists_every_fact(table):
    assert facts_of(table, FEATURE_TABLES[table]) in (TOP / "docs/rules.md").read_text()


def test_the_page_about_rules_lists_every_function():
    text = (TOP / "docs/rules.md").read_text()
    assert ", ".join(f"`{name}`" for name in predicates.FUNCTIONS) in text
