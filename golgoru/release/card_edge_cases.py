"""The section of the dataset card about edge cases: how many the release has, and how many are missing."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from golgoru.core.dataset import SPLITS
from golgoru.core.markdown import DASH, escape_markdown, format_count, format_integer, table
from golgoru.guideline.edge_cases import EdgeCases


def edge_cases_section(edge_cases: EdgeCases, evaluable_edge_cases: pd.DataFrame, counts: Mapping[str, Any]) -> str:
    """Return the section on edge cases as Markdown; nothing where the guideline has none.

    `counts` is the result of `edge_case_counts.release_counts`.
    """
    if not edge_cases.active:
        return ""
    evaluable = evaluable_edge_cases.set_index("edge_case")
    rows = []
    for case in edge_cases.active:
        about = [escape_markdown(case.id), escape_markdown(case.sentence), case.on]
        splits = [counts[case.id][split] for split in SPLITS]
        if evaluable["rows"].get(case.id, 0):
            rows.append([*about, *map(_found_and_wanted, splits), _missing(counts[case.id], case.on)])
        else:
            rows.append([*about, *[DASH] * len(SPLITS), _not_evaluable(evaluable["missing_columns"].get(case.id))])
    return "\n\n".join(
        [
            "## Edge cases",
            "The edge cases of `guidelines/edge_cases.yaml`: how many images or objects the release has, and after a "
            "slash how many are wanted.",
            table(["Edge case", "", "On", *SPLITS, "Missing"], rows),
        ]
    )


def _found_and_wanted(split: Mapping[str, int]) -> str:
    return format_integer(split["found"]) + (f" / {format_integer(split['wanted'])}" if split["wanted"] else "")


def _missing(counts: Mapping[str, Any], noun: str) -> str:
    """Return how many are missing in which split; nothing where none are wanted."""
    if not any(counts[split]["wanted"] for split in SPLITS):
        return ""
    short = [(split, counts[split]["missing"]) for split in SPLITS if counts[split]["missing"]]
    return ", ".join(f"{format_count(missing, noun)} in {split}" for split, missing in short) or "none"


def _not_evaluable(missing_columns: Any) -> str:
    if not isinstance(missing_columns, str):
        return "cannot be evaluated: no row has all values that it needs"
    # Names of columns are plain identifiers: none can end the code span.
    return (
        f"cannot be evaluated: no row has a value of {' or '.join(f'`{name}`' for name in missing_columns.split(', '))}"
    )
