"""Rule books of a few rules, for tests of how rules are run."""

from typing import Any

from golgoru.guideline.rules import RuleBook

NULL = ("expect_column_values_to_be_null", {"column": "error"})


def rule_book(*checks: tuple[str, dict[str, Any]] | None, table: str = "images", **more: Any) -> RuleBook:
    """Return a rule book with one rule per check, TEST-001, TEST-002, ... (None: `more` says it)"""
    rules = [
        {
            "id": f"TEST-{number:03}",
            "sentence": "It holds",
            "severity": "warning",
            "action": "tell",
            "enforced_by": "expectation",
            "since": "1.0",
            "table": table,
            "expectation": check and {"type": check[0], "kwargs": check[1]},
            **more,
        }
        for number, check in enumerate(checks, start=1)
    ]
    return RuleBook.model_validate({"rules": rules})
