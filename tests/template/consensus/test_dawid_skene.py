import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golgoru.consensus.dawid_skene import estimate


def votes(rows: list[tuple[str, str, str]]) -> pd.DataFrame:
    found = pd.DataFrame(rows, columns=["object", "annotator", "value"], dtype="str").drop_duplicates()
    return found.assign(weight=1 / found.groupby(["object", "annotator"])["value"].transform("size"))


def posterior(rows: list[tuple[str, str, str]], classes: int = 3, **more: float) -> dict[tuple[str, str], float]:
    found = estimate(votes(rows), classes, **more).posterior
    return dict(zip(zip(found["object"], found["value"], strict=True), found["posterior"], strict=True))


def crowd(seed: int, skew: float = 0.5) -> tuple[list[tuple[str, str, str]], list[str]]:
    """400 objects of 4 classes, five votes each: 10 good annotators, 2 who guess, 2 who say c0, 2 adversaries."""
    chance = np.random.default_rng(seed)
    shares = [skew, *[(1 - skew) / 3] * 3]
    truth = chance.choice(4, 400, p=shares)
    rows = []
    for n, true in enumerate(truth):
        for who in chance.choice(16, 5, replace=False):
            said = true if chance.random() < 0.85 else chance.integers(4)
            said = chance.integers(4) if who in (10, 11) else 0 if who in (12, 13) else said
            said = (true + 1) % 4 if who in (14, 15) else said
            rows.append((f"o{n:03}", f"a{who:02}", f"c{said}"))
    return rows, [f"c{true}" for true in truth]


@pytest.mark.parametrize("skew", [0.25, 0.6, 0.85])
def test_a_crowd_with_spammers_and_adversaries_is_read_better_than_by_majority(skew: float) -> None:
    rows, truth = crowd(1, skew)
    found = votes(rows)
    probable = estimate(found, 4).posterior
    best = probable.sort_values("posterior").drop_duplicates("object", keep="last").sort_values("object")["value"]
    count = found.groupby(["object", "value"]).size().reset_index(name="n").sort_values("n")
    majority = count.drop_duplicates("object", keep="last").sort_values("object")["value"]
    assert np.mean(best.to_numpy() == truth) > np.mean(majority.to_numpy() == truth) + 0.02


def test_a_few_annotations_are_taken_as_they_are() -> None:
    two_of_three = posterior([("o", "a", "cat"), ("o", "b", "cat"), ("o", "c", "dog")])
    assert two_of_three["o", "cat"] > 0.8
    assert two_of_three["o", "dog"] < 0.2
    tie = posterior([("o", "a", "cat"), ("o", "b", "dog")])
    assert tie["o", "cat"] == tie["o", "dog"] < 0.5
    alone = posterior([("o", "a", "cat")])["o", "cat"]
    assert 0.8 < alone < 0.9, "one annotation is no certainty"
    assert posterior([("o", "a", "cat")], classes=1)["o", "cat"] == 1


def test_the_confusion_counts_every_vote_once() -> None:
    rows, _ = crowd(2)
    found = estimate(votes(rows), 4)
    assert found.confusion["votes"].sum() == pytest.approx(len(rows), abs=0.1)
    by_annotator = found.confusion.groupby("annotator")["votes"].sum()
    right = found.confusion.query("true_label == annotated_label").groupby("annotator")["votes"].sum() / by_annotator
    assert right[["a14", "a15"]].max() < 0.2
    assert right[[f"a{n:02}" for n in range(10)]].min() > 0.7


def test_pooled_treats_all_annotators_alike() -> None:
    rows, _ = crowd(3)
    renamed = [(o, {"a14": "a00", "a00": "a14"}.get(a, a), v) for o, a, v in rows]
    assert posterior(rows, 4, shrinkage=np.inf) == posterior(renamed, 4, shrinkage=np.inf)


def test_nothing_gives_nothing() -> None:
    assert estimate(votes([]), 3).posterior.empty
    assert estimate(votes([]), 3).confusion.empty


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("uvwxyz"), st.sampled_from("abcd"), st.sampled_from("123")), max_size=24),
    st.randoms(use_true_random=False),
)
def test_order_and_names_are_nothing(rows: list[tuple[str, str, str]], chance) -> None:
    found = posterior(rows)
    assert all(0 <= value <= 1 for value in found.values())
    shuffled = list(rows)
    chance.shuffle(shuffled)
    assert posterior(shuffled) == found
    other = dict(zip("abcd123", chance.sample("ABCDEFG", 7), strict=True))
    renamed = posterior([(o, other[a], other[v]) for o, a, v in rows])
    assert renamed == pytest.approx({(o, other[v]): value for (o, v), value in found.items()}, abs=2e-6)
