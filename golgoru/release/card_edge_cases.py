"""What the dataset card says about edge cases: how many there are, and how many are missing."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from golgoru.core.dataset import SPLITS
from golgoru.core.markdown import DASH, amount, number, plain, table
from golgoru.guideline.edge_cases import EdgeCases


def edge_cases_section(edge_cases: EdgeCases, judged: pd.DataFrame, counts: Mapping[str, Any]) -> str:
    """Return the section on edge cases as Markdown; nothing where the guideline has none.

    `judged` is table `judged`, `counts` what `edge_case_counts.in_release` returns.
    """
    if not edge_cases.active:
        return ""
    known = judged.set_index("edge_case")
    rows = []
    for case in edge_cases.active:
        about = [plain(case.id), plain(case.sentence), case.on]
        splits = [counts[case.id][split] for split in SPLITS]
        if known["rows"].get(case.id, 0):
            rows.append([*about, *map(_found, splits), _missing(counts[case.id], case.on)])
        else:
            rows.append([*about, *[DASH] * len(SPLITS), _why_not(known["without"].get(case.id))])
    return "\n\n".join(
        [
            "## Edge cases",
            "Where the guideline's catalogue `guidelines/edge_cases.yaml` says what to decide: images or objects found "
            "in the release, and after a slash how many are wanted.",
            table(["Edge case", "", "On", *SPLITS, "Missing"], rows),
        ]
    )


def _found(split: Mapping[str, int]) -> str:
    return number(split["found"]) + (f" / {number(split['wanted'])}" if split["wanted"] else "")


def _missing(counts: Mapping[str, Any], noun: str) -> str:
    """Say what is missing in words; nothing where nothing is wanted."""
    if not any(counts[split]["wanted"] for split in SPLITS):
        return ""
    short = [(split, counts[split]["missing"]) for split in SPLITS if counts[split]["missing"]]
    return ", ".join(f"{amount(missing, noun)} in {split}" for split, missing in short) or "none"


def _why_not(without: Any) -> str:
    if not isinstance(without, str):
        return "cannot be judged: no row has every value that it needs"
    # Names of columns are plain identifiers, so that nothing in them can end the code.
    return f"cannot be judged: no row has a value of {' or '.join(f'`{name}`' for name in without.split(', '))}"
