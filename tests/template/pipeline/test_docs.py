"""Pages that list what the code has are held to the code."""

from pathlib import Path

import pytest

from golgoru.guideline import predicates
from golgoru.tables.schema import INTEGER, NUMBER, TEXT, YES_NO
from golgoru.validation.features.base import FeatureTable
from golgoru.validation.suites import FEATURE_TABLES

TOP = Path(__file__).parents[3]
TYPES = {YES_NO: "yes or no", INTEGER: "integer", NUMBER: "number", TEXT: "text"}


def feature_list(name: str, features: type[FeatureTable]) -> str:
    """Return the table of a page that lists the features of one table."""
    rows = [f"| `{feature.name}` | {TYPES[feature.type]} | {feature.meaning} |" for feature in features.features()]
    return "\n".join([f"### Features of `{name}`", "| feature | type | meaning |", "| --- | --- | --- |", *rows])


@pytest.mark.parametrize("table", [name for name, features in FEATURE_TABLES.items() if features.features()])
def test_the_page_about_rules_lists_every_feature(table):
    assert feature_list(table, FEATURE_TABLES[table]) in (TOP / "docs/rules.md").read_text()


def test_the_page_about_rules_lists_every_function():
    text = (TOP / "docs/rules.md").read_text()
    assert ", ".join(f"`{name}`" for name in predicates.FUNCTIONS) in text
