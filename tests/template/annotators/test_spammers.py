"""Annotators of known quality: simulated, and what is said of them."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from golgoru.annotators.quality import annotator_table, confusion_table
from golgoru.tables import frames
from tests.template.builders.annotator_tables import annotation_per_vote

GOOD, GUESSES, COMMONEST, ADVERSARY = "good", "guesses", "commonest", "adversary"
CREW = [GOOD] * 25 + [GUESSES] * 5 + [COMMONEST] * 5 + [ADVERSARY] * 5


def crowd(
    seed: int, skew: float, objects: int = 500, classes: int = 5
) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Return votes and annotations, five on each object, of good and bad annotators, and the truth.

    Every other good one is fast: a second for a label, where the others take ten.
    """
    chance = np.random.default_rng(seed)
    truth = chance.choice(classes, objects, p=[skew, *[(1 - skew) / (classes - 1)] * (classes - 1)])
    skill = chance.uniform(0.7, 0.95, len(CREW))
    rows = []
    for n, true in enumerate(truth):
        for who in chance.choice(len(CREW), 5, replace=False):
            other = (true + chance.integers(1, classes)) % classes
            said = {
                GOOD: true if chance.random() < skill[who] else other,
                GUESSES: chance.integers(classes),
                COMMONEST: 0 if chance.random() < 0.97 else other,
                ADVERSARY: (true + 1) % classes if chance.random() < 0.8 else other,
            }[CREW[who]]
            rows.append((f"o{n:04}", f"{CREW[who]}-{who:02}", f"c{said}", 1.0 if who % 2 else 10.0))
    votes = pd.DataFrame(rows, columns=["object", "annotator", "value", "seconds"]).assign(weight=1.0, review=False)
    return votes, annotation_per_vote(votes, votes["seconds"]), truth


def quality(seed: int, skew: float) -> pd.DataFrame:
    votes, annotations, _ = crowd(seed, skew)
    found = annotator_table(annotations, votes=votes, confusion=confusion_table(votes, 5), gap=0.05)
    frames.to_bytes(found, "annotators")
    return found.assign(kind=found["annotator"].str.split("-").str[0])


@pytest.mark.parametrize("skew", [0.2, 0.6, 0.85])
def test_spammers_and_adversaries_are_flagged_and_good_annotators_fast_or_not_are_not(skew: float) -> None:
    found = pd.concat([quality(seed, skew) for seed in range(3)])
    bad = found["kind"] != GOOD
    assert roc_auc_score(bad, -found["chance_corrected"].astype(float)) >= 0.98
    flagged = found["flags"].fillna("").str.contains("chance-corrected")
    assert flagged[bad].mean() >= 0.93
    assert flagged[~bad].mean() <= 0.03
    fast = found["seconds_per_label"] < 5
    assert abs(flagged[~bad & fast].mean() - flagged[~bad & ~fast].mean()) <= 0.03


def test_agreement_alone_does_not_find_who_always_names_the_commonest_class() -> None:
    found = quality(0, 0.85)
    lazy = found[found["kind"] == COMMONEST]
    either = found[found["kind"].isin([COMMONEST, GOOD])]
    is_lazy = either["kind"] == COMMONEST
    assert roc_auc_score(is_lazy, -either["agreement"].astype(float)) < 0.7
    assert roc_auc_score(is_lazy, -either["chance_corrected"].astype(float)) >= 0.98
    assert lazy["informativeness"].median() < 0.2
    assert lazy["flags"].str.contains("chance-corrected").all()


def test_spread_tells_who_guesses_from_who_is_wrong_on_purpose() -> None:
    found = quality(0, 0.3).groupby("kind")[["informativeness", "chance_corrected", "accuracy"]].median()
    assert found.loc[ADVERSARY, "informativeness"] > 0.4
    assert found.loc[ADVERSARY, "chance_corrected"] < 0.1
    assert found.loc[[GUESSES, COMMONEST], "informativeness"].max() < 0.2
    assert found.loc[GOOD, "chance_corrected"] > 0.6


def test_accuracy_is_near_the_true_one_and_inside_its_interval() -> None:
    votes, annotations, truth = crowd(4, 0.3)
    found = annotator_table(annotations, votes=votes, confusion=confusion_table(votes, 5), gap=0.05).set_index(
        "annotator"
    )
    right = (
        (votes["value"] == "c" + pd.Series(truth[votes["object"].str[1:].astype(int)]).astype(str))
        .groupby(votes["annotator"])
        .mean()
    )
    good = found.index.str.startswith(GOOD)
    assert (found["accuracy"] - right)[good].abs().mean() < 0.04
    assert (found["accuracy_low"] < found["accuracy"]).all()
    assert (found["accuracy"] < found["accuracy_high"]).all()
    inside = (found["accuracy_low"] <= right) & (right <= found["accuracy_high"])
    assert inside[good].mean() >= 0.9


def test_nothing_is_estimated_of_who_labelled_alone() -> None:
    votes, annotations, _ = crowd(0, 0.3)
    alone = votes.drop_duplicates("object")
    found = annotator_table(annotations.loc[alone.index], votes=alone, confusion=confusion_table(alone, 5), gap=0.05)
    assert found[["accuracy", "accuracy_low", "chance_corrected", "informativeness", "flags"]].isna().all(axis=None)
