"""Estimates of noise: each by its method, none where nothing carries it."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from golgoru.model import label_noise
from golgoru.model.label_posterior import gather_evidence
from golgoru.tables import frames

CLASSES = ["cat", "dog"]


def ballots(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    """Object, annotator, label, batch; a reviewer's name is `rev`."""
    table = pd.DataFrame(rows, columns=["object", "annotator", "label", "batch"])
    table = table.assign(review=table["annotator"] == "rev", weight=1.0, image="i", guideline_version="1")
    return frames.frame("votes", table)


def labels(**of: str) -> pd.DataFrame:
    return pd.DataFrame({"object": list(of), "label": list(of.values())}).astype("str")


def estimated(found: pd.DataFrame, *votes: Any, gold: tuple[str, ...] = ()) -> pd.DataFrame:
    made = label_noise.noise_estimates(
        found, gather_evidence(ballots(*votes), frames.frame("predictions"), CLASSES), gold
    )
    frames.to_bytes(frames.frame("label_noise", made), "label_noise")
    return made.set_index(["method", "label"])


def test_a_gold_sample_compares_what_people_voted_with_the_verdict() -> None:
    votes = [(f"o{n:02}", "ann", "cat", "b") for n in range(20)]
    votes += [(f"o{n:02}", "rev", "dog" if n < 5 else "cat", "gold") for n in range(20)]
    adjudicated = labels(**{f"o{n:02}": "dog" if n < 5 else "cat" for n in range(20)})
    found = estimated(adjudicated, *votes, gold=("gold",))
    row = found.loc[(label_noise.GOLD_SAMPLE, "")]
    assert (row["objects"], row["share"]) == (20, 0.25)
    assert (row["low"], row["high"]) == (pytest.approx(0.1119, abs=1e-4), pytest.approx(0.4687, abs=1e-4))
    assert found.loc[(label_noise.GOLD_SAMPLE, "cat"), "share"] == 0.25
    assert (label_noise.GOLD_SAMPLE, "dog") not in found.index


def test_verdicts_of_other_batches_are_no_random_sample() -> None:
    votes = [("o", "ann", "cat", "b"), ("o", "rev", "dog", "suspects")]
    found = estimated(labels(o="dog"), *votes, gold=("gold",))
    assert (
        found.loc[(label_noise.GOLD_SAMPLE, ""), "why"]
        == "nobody else labelled what stands in evaluate.gold, or there is no such batch"
    )
    assert "evaluate.gold" in estimated(labels(o="dog"), *votes).loc[(label_noise.GOLD_SAMPLE, ""), "why"]


def test_without_double_labels_nothing_is_said() -> None:
    found = estimated(labels(o="cat", p="dog"), ("o", "ann", "cat", "b"), ("p", "ann", "dog", "b"))
    for method in (label_noise.DOUBLE_LABELS, label_noise.VOTES_AND_MODEL):
        row = found.loc[(method, "")]
        assert np.isnan(row["share"])
        assert row["why"] == "no object was labelled by two people"
    assert found.loc[(label_noise.VOTES_AND_MODEL, ""), "objects"] == 0


def test_without_a_model_votes_and_model_says_so() -> None:
    found = estimated(labels(o="cat"), ("o", "ann", "cat", "b"), ("o", "ben", "cat", "b"))
    assert found.loc[(label_noise.VOTES_AND_MODEL, ""), "why"] == "no model could learn these classes"


def test_double_labels_give_what_was_planted_when_people_err_alone() -> None:
    dice = np.random.default_rng(0)
    votes, of, wrong = [], {}, []
    for n in range(600):
        truth = CLASSES[n % 2]
        said = [truth if dice.random() < 0.85 else CLASSES[(n + 1) % 2] for _ in range(3)]
        votes += [(f"o{n:03}", who, label, "b") for who, label in zip(("ann", "ben", "cem"), said, strict=True)]
        of[f"o{n:03}"] = max(CLASSES, key=said.count)
        wrong.append(of[f"o{n:03}"] != truth)
    row = estimated(labels(**of), *votes).loc[(label_noise.DOUBLE_LABELS, "")]
    assert row["share"] == pytest.approx(np.mean(wrong), abs=0.02)
    assert row["low"] < row["share"] < row["high"]
    assert np.isnan(estimated(labels(o000="cat"), *votes).loc[(label_noise.DOUBLE_LABELS, "cat"), "share"])


def test_nothing_at_all() -> None:
    found = estimated(labels())
    assert found["share"].isna().all()
    assert found["why"].notna().all()


def test_of_one_class_alone_nothing_is_said() -> None:
    votes = ballots(("o", "ann", "cat", "b"), ("o", "ben", "cat", "b"))
    found = label_noise.noise_estimates(
        labels(o="cat"), gather_evidence(votes, frames.frame("predictions"), ["cat"]), ()
    )
    assert found["share"].isna().all()
    assert found["why"].str.startswith("of one class alone").all()
