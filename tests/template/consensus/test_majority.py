from collections import Counter
from math import isclose

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golgoru.consensus.majority import annotator_accuracy, elected_labels
from golgoru.consensus.votes import ABSENT

CLASSES = ["owl", "cat", "dog"]
COLUMNS = ["object", "annotator", "review", "value", "weight"]


def votes_of(*values: str | tuple[str, ...], review: tuple[str, ...] = (), name: str = "o") -> pd.DataFrame:
    """Votes on one object: one value per annotator, several where one contradicts himself."""
    rows = []
    for source, given_values in ((False, values), (True, review)):
        for n, value in enumerate(given_values):
            own = (value,) if isinstance(value, str) else value
            rows += [(name, f"{'r' if source else 'a'}{n}", source, v, 1 / len(own)) for v in own]
    return typed(pd.DataFrame(rows, columns=COLUMNS))


def typed(votes: pd.DataFrame) -> pd.DataFrame:
    kinds = {"object": "str", "annotator": "str", "review": bool, "value": "str", "weight": float}
    return votes.astype(kinds)


def elected(votes: pd.DataFrame, confident_in: float | None = None) -> dict[str, object]:
    (row,) = elected_labels(votes, CLASSES, confident_in).to_dict("records")
    return row


@pytest.mark.parametrize(
    ("values", "label", "status", "agreement"),
    [
        (["cat"], "cat", "agreed", 1.0),
        (["cat", "cat", "dog"], "cat", "agreed", 0.6667),
        (["cat", "dog"], "cat", "contested", 0.5),
        (["dog", "owl"], "owl", "contested", 0.5),
        (["dog", "dog", "cat", "owl"], "dog", "contested", 0.5),
        (["zebra", "ape"], "ape", "contested", 0.5),
        (["zebra", "dog"], "dog", "contested", 0.5),
        ([("cat", "dog"), "dog"], "dog", "agreed", 0.75),
        ([("cat", "dog")], "cat", "contested", 0.5),
        ([("cat", "dog", "owl"), "cat", "dog"], "cat", "contested", 0.4444),
    ],
)
def test_more_than_half_of_the_votes_wins_and_ties_go_by_the_guideline(
    values: list[str], label: str, status: str, agreement: float
) -> None:
    row = elected(votes_of(*values))
    assert (row["label"], row["status"], row["agreement"], row["votes"]) == (label, status, agreement, len(values))


@pytest.mark.parametrize(
    ("values", "label", "status"),
    [
        ([ABSENT], ABSENT, "agreed"),
        (["cat", ABSENT], "cat", "contested"),
        (["cat", ABSENT, ABSENT], ABSENT, "agreed"),
        (["cat", "dog", ABSENT, ABSENT], "cat", "contested"),
        (["dog", "dog", "cat", ABSENT, ABSENT, ABSENT], "dog", "contested"),
    ],
)
def test_an_object_is_absent_with_more_than_half_of_the_votes_or_not_at_all(
    values: list[str], label: str, status: str
) -> None:
    row = elected(votes_of(*values))
    assert (row["label"], row["status"]) == (label, status)


def test_a_reviewer_settles_it_against_all_votes() -> None:
    row = elected(votes_of("cat", "cat", "cat", review=("dog",)), 0.9)
    assert (row["label"], row["status"], row["votes"], row["agreement"]) == ("dog", "adjudicated", 1, 1.0)
    assert pd.isna(row["confidence"])


def test_two_reviewers_who_disagree_leave_it_contested() -> None:
    assert elected(votes_of("cat", review=("dog", "cat")))["status"] == "contested"


def test_no_votes() -> None:
    assert elected_labels(votes_of(), CLASSES, 0.9).empty
    assert elected_labels(votes_of(), [], None).empty
    assert annotator_accuracy(votes_of(), 3) is None


@pytest.mark.parametrize(
    ("votes", "classes"),
    [
        (votes_of("cat"), 3),
        (votes_of(("cat", "dog")), 3),
        (votes_of(("cat", "dog", "owl")), 3),
        (votes_of("cat", "cat"), 1),
        (votes_of("cat", "cat"), 0),
        (votes_of("cat", "dog"), 3),
        (votes_of("cat", ABSENT), 3),
        (votes_of("cat", review=("cat",)), 3),
    ],
    ids=["one vote", "one in two minds", "one in three minds", "one class", "no class", "chance", "absent", "review"],
)
def test_accuracy_is_unknown_where_nobody_is_compared_or_agreement_is_chance(votes: pd.DataFrame, classes: int) -> None:
    assert annotator_accuracy(votes, classes) is None
    assert elected_labels(votes, CLASSES[:classes], None)["confidence"].isna().all()


def test_accuracy_explains_the_agreement() -> None:
    chance = np.random.default_rng(7)
    truth = chance.integers(0, 3, 4000)
    rows = []
    for annotator in "abc":
        wrong = (truth + chance.integers(1, 3, truth.size)) % 3
        said = np.where(chance.random(truth.size) < 0.85, truth, wrong)
        rows += [(f"o{n}", annotator, False, CLASSES[s], 1.0) for n, s in enumerate(said)]
    estimate = annotator_accuracy(typed(pd.DataFrame(rows, columns=COLUMNS)), 3)
    assert estimate == pytest.approx(0.85, abs=0.01)


def test_perfect_agreement_is_no_proof_of_perfection() -> None:
    assert annotator_accuracy(votes_of("cat", "cat"), 3) == pytest.approx(2 / 3, abs=1e-6)
    many = pd.concat([votes_of("cat", "cat", name=f"o{n}") for n in range(10)])
    assert annotator_accuracy(many, 3) == pytest.approx(1 - 1 / 12, abs=1e-6)
    crowd = votes_of(*["cat"] * 3000)  # 4.5 million pairs: more than six decimals can tell from one
    estimate = annotator_accuracy(crowd, 3)
    assert estimate is not None
    assert estimate < 1
    assert elected(crowd, estimate)["confidence"] == 1.0


few = settings(max_examples=50, deadline=None)
VALUES = st.sampled_from([*CLASSES, ABSENT])
ANSWER = st.lists(VALUES, min_size=1, max_size=3, unique=True).map(tuple)


@st.composite
def elections(draw: st.DrawFn) -> pd.DataFrame:
    objects = draw(
        st.lists(st.tuples(st.lists(ANSWER, min_size=1, max_size=4), st.lists(ANSWER, max_size=2)), max_size=4)
    )
    parts = [votes_of(*people, review=tuple(review), name=f"o{n}") for n, (people, review) in enumerate(objects)]
    return pd.concat([votes_of(), *parts], ignore_index=True)


def posterior(votes: pd.DataFrame, label: str, p: float) -> float:
    """Bayes' rule, class by class: each vote is right with p, else evenly wrong; a part of a vote counts as a part."""
    counts = Counter[str]()
    for value, weight in zip(votes["value"], votes["weight"], strict=True):
        counts[value] += weight
    named = {c: counts[c] for c in CLASSES}
    total = sum(named.values())
    likelihood = {c: p**n * ((1 - p) / (len(CLASSES) - 1)) ** (total - n) for c, n in named.items()}
    return likelihood[label] / sum(likelihood.values())


@few
@given(elections(), st.floats(0.4, 0.99))
def test_confidence_is_the_posterior(votes: pd.DataFrame, p: float) -> None:
    for row in elected_labels(votes, CLASSES, p).to_dict("records"):
        own = votes[votes["object"] == row["object"]]
        if row["reviewed"]:
            assert pd.isna(row["confidence"])
        elif row["label"] != ABSENT:
            assert isclose(row["confidence"], posterior(own, row["label"], p), abs_tol=1e-4)


@few
@given(elections(), st.randoms(use_true_random=False))
def test_names_of_annotators_and_row_order_are_nothing(votes: pd.DataFrame, chance: object) -> None:
    names = {name: f"{9 - n} renamed" for n, name in enumerate(sorted(set(votes["annotator"])))}
    seed = chance.randint(0, 99)  # type: ignore[attr-defined]
    other = typed(votes.assign(annotator=votes["annotator"].map(names))).sample(frac=1, random_state=seed)
    assert annotator_accuracy(votes, 3) == annotator_accuracy(other, 3)
    pd.testing.assert_frame_equal(elected_labels(votes, CLASSES, 0.8), elected_labels(other, CLASSES, 0.8))


@few
@given(elections())
def test_contested_says_whether_a_value_has_more_than_half(votes: pd.DataFrame) -> None:
    for row in elected_labels(votes, CLASSES, None).to_dict("records"):
        own = votes[(votes["object"] == row["object"]) & (votes["review"] == row["reviewed"])]
        weights = own.groupby("value")["weight"].sum()
        majority = weights[weights > own["annotator"].nunique() / 2 + 1e-9]
        assert (row["status"] == "contested") == majority.empty
        assert majority.empty or majority.index.tolist() == [row["label"]]
        assert row["votes"] == own["annotator"].nunique()
