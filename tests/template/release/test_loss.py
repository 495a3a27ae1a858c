"""A rule that takes most of what people annotated stops the release, and says which one and what to do."""

import pandas as pd
import pytest

from golgoru.release.loss import loss_reason
from golgoru.tables import frames
from tests.template.builders.small_release import RULES


def ledger(**fates: int) -> pd.DataFrame:
    """Return a ledger with so many annotations of each fate; `lost`: set aside by IMG-001."""
    rows = [(fate.replace("_", " "), n) for fate, number in fates.items() for n in range(number)]
    return frames.frame("release/ledger", {
        "kind": "annotation",
        "key": [f"{fate}/{n:03}" for fate, n in rows],
        "fate": ["set aside" if fate == "lost" else fate for fate, _ in rows],
        "stage": "validate",
        "rule": ["IMG-001" if fate == "lost" else None for fate, _ in rows],
    })  # fmt: skip


@pytest.mark.parametrize(
    "fates",
    [{}, {"released": 9, "lost": 9}, {"contested": 4}, {"no_vote": 4}, {"released": 1, "lost": 1, "outvoted": 1}],
)
def test_up_to_the_share_and_without_a_rule_nothing_stops(fates):
    assert loss_reason(ledger(**fates), RULES, 0.5) is None


def test_a_rule_that_takes_more_is_named_with_count_and_remedy():
    assert loss_reason(ledger(released=9, lost=10), RULES, 0.5) == (
        "IMG-001 (The image is readable) set aside 10 of 19 annotations, such as lost/000\n"
        "  see data/violations.parquet and `dataset why lost/000`; mend the labels, the guideline (a class that is not"
        " defined: guidelines/classes.yaml) or the rule (guidelines/rules.yaml), or raise release.most_set_aside (0.5)"
        " in params.yaml"
    )
    assert loss_reason(ledger(released=9, lost=10), RULES, 0.6) is None


def test_what_is_no_label_does_not_count():
    assert loss_reason(ledger(released=1, lost=3, no_vote=90, superseded=9), RULES, 0.7) is not None


def test_a_release_without_an_object_stops_whatever_the_share():
    reason = loss_reason(ledger(contested=90, lost=1), RULES, 1.0)
    assert reason is not None
    assert reason.startswith("no annotation is released; IMG-001 (The image is readable) set aside 1 of 91 annotations")
    assert "most_set_aside" not in reason
