"""Estimates of label noise: each by its method, and none where the data cannot carry one."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from golgoru.model import label_noise
from golgoru.model.label_posterior import gather_evidence
from golgoru.tables import frames

CLASSES = ["cat", "dog"]


def votes_table(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    """Object, annotator, label, batch; a reviewer's name is `rev`."""
    table = pd.DataFrame(rows, columns=["object", "annotator", "label", "batch"])
    table = table.assign(review=table["annotator"] == "rev", weight=1.0, image="i", guideline_version="1")
    return frames.frame("votes", table)


def labels(**of: str) -> pd.DataFrame:
    return pd.DataFrame({"object": list(of), "label": list(of.values())}).astype("str")


def estimated(objects: pd.DataFrame, *votes: Any, gold: tuple[str, ...] = ()) -> pd.DataFrame:
    made = label_noise.noise_estimates(
        objects,
        gather_evidence(votes=votes_table(*votes), predictions=frames.frame("predictions"), classes=CLASSES),
        gold,
    )
    frames.to_bytes(frames.frame("label_noise", made), "label_noise")
    return made.set_index(["method", "label"])


def test_a_gold_sample_compares_the_votes_with_the_verdict() -> None:
    votes = [(f"o{n:02}", "ann", "cat", "b") for n in range(20)]
    votes += [(f"o{n:02}", "rev", "dog" if n < 5 else "cat", "gold") for n in range(20)]
    adjudicated = labels(**{f"o{n:02}": "dog" if n < 5 else "cat" for n in range(20)})
    estimates = estimated(adjudicated, *votes, gold=("gold",))
    row = estimates.loc[(label_noise.GOLD_SAMPLE, "")]
    assert (row["objects"], row["share"]) == (20, 0.25)
    assert (row["low"], row["high"]) == (pytest.approx(0.1119, abs=1e-4), pytest.approx(0.4687, abs=1e-4))
    assert estimates.loc[(label_noise.GOLD_SAMPLE, "cat"), "share"] == 0.25
    assert (label_noise.GOLD_SAMPLE, "dog") not in estimates.index


def test_verdicts_of_other_batches_are_no_random_sample() -> None:
    votes = [("o", "ann", "cat", "b"), ("o", "rev", "dog", "suspects")]
    estimates = estimated(labels(o="dog"), *votes, gold=("gold",))
    assert (
        estimates.loc[(label_noise.GOLD_SAMPLE, ""), "reason"]
        == "no other annotator labelled the objects of evaluate.gold, or there is no such batch"
    )
    assert "evaluate.gold" in estimated(labels(o="dog"), *votes).loc[(label_noise.GOLD_SAMPLE, ""), "reason"]


def test_without_double_labels_there_is_no_estimate() -> None:
    estimates = estimated(labels(o="cat", p="dog"), ("o", "ann", "cat", "b"), ("p", "ann", "dog", "b"))
    for method in (label_noise.DOUBLE_LABELS, label_noise.VOTES_AND_MODEL):
        row = estimates.loc[(method, "")]
        assert np.isnan(row["share"])
        assert row["reason"] == "no object has two annotators"
    assert estimates.loc[(label_noise.VOTES_AND_MODEL, ""), "objects"] == 0


def test_without_a_model_votes_and_model_says_so() -> None:
    estimates = estimated(labels(o="cat"), ("o", "ann", "cat", "b"), ("o", "ben", "cat", "b"))
    assert estimates.loc[(label_noise.VOTES_AND_MODEL, ""), "reason"] == "no model could learn these classes"


def test_double_labels_estimate_the_noise_of_independent_errors() -> None:
    rng = np.random.default_rng(0)
    votes, of, wrong = [], {}, []
    for n in range(600):
        truth = CLASSES[n % 2]
        drawn = [truth if rng.random() < 0.85 else CLASSES[(n + 1) % 2] for _ in range(3)]
        votes += [(f"o{n:03}", who, label, "b") for who, label in zip(("ann", "ben", "cem"), drawn, strict=True)]
        of[f"o{n:03}"] = max(CLASSES, key=drawn.count)
        wrong.append(of[f"o{n:03}"] != truth)
    row = estimated(labels(**of), *votes).loc[(label_noise.DOUBLE_LABELS, "")]
    assert row["share"] == pytest.approx(np.mean(wrong), abs=0.02)
    assert row["low"] < row["share"] < row["high"]
    assert np.isnan(estimated(labels(o000="cat"), *votes).loc[(label_noise.DOUBLE_LABELS, "cat"), "share"])


def test_nothing_at_all() -> None:
    estimates = estimated(labels())
    assert estimates["share"].isna().all()
    assert estimates["reason"].notna().all()


def test_of_a_single_class_there_is_no_estimate() -> None:
    votes = votes_table(("o", "ann", "cat", "b"), ("o", "ben", "cat", "b"))
    estimates = label_noise.noise_estimates(
        labels(o="cat"), gather_evidence(votes=votes, predictions=frames.frame("predictions"), classes=["cat"]), ()
    )
    assert estimates["share"].isna().all()
    assert estimates["reason"].str.startswith("with a single class").all()
