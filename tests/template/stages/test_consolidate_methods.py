"""Votes that weigh what those who cast them were worth."""

from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest

import stages.consolidate
from stages.consolidate import Method, Params
from tests.template.builders.consensus_tables import (
    BOX,
    annotation,
    consolidate,
    detect,
    label,
    label_and_status,
    pictures,
    to_bytes,
)

WEIGHED = Params(method="annotators")


def crowd(count: int = 60) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Two who are nearly always right, and two who say cat whatever they see; one object in three is a cat."""
    chance = np.random.default_rng(0)
    truth = {f"d/{n:02}": ("cat", "dog", "owl")[n % 3] for n in range(count)}
    annotations = []
    for image, true in truth.items():
        for who in ("ann", "ben", "sam", "sue"):
            good = who in ("ann", "ben")
            slip = good and chance.random() < 0.05
            value = "cat" if not good or slip else true
            annotations.append(annotation(f"b1/{image}-{who}", who, value, image=image))
    return annotations, truth


def right(found: Any, truth: dict[str, str]) -> float:
    rows = found.labels.set_index("image")["label"]
    return float(np.mean([rows[image] == true for image, true in truth.items()]))


def test_who_always_says_the_same_is_believed_less() -> None:
    annotations, truth = crowd()
    images = pictures(*truth)
    by_count = consolidate(*annotations, images=images)
    by_weight = consolidate(*annotations, images=images, params=WEIGHED)
    assert right(by_count, truth) < 0.6
    assert right(by_weight, truth) >= 0.9
    agreed = by_weight.labels[by_weight.labels["status"] == "agreed"]
    assert len(agreed) > (by_count.labels["status"] == "agreed").sum()
    assert (agreed["confidence"] >= 0.7).all()
    assert by_count.metrics["method"] == "majority"
    told = by_count.metrics["labels that another method would change"]
    assert told == {
        "pooled": told["pooled"],
        "annotators": int((by_count.labels["label"] != by_weight.labels["label"]).sum()),
    }
    assert told["annotators"] > 0


def test_of_many_objects_a_sample_is_compared_with_other_methods(monkeypatch: pytest.MonkeyPatch) -> None:
    annotations, truth = crowd()
    images = pictures(*truth)
    whole = consolidate(*annotations, images=images)
    assert "objects compared with other methods" not in whole.metrics
    monkeypatch.setattr(stages.consolidate, "_COMPARED_OBJECTS", 30)
    sampled = consolidate(*annotations, images=images)
    assert sampled.metrics["objects compared with other methods"] == 30
    told, of_all = (m["labels that another method would change"] for m in (sampled.metrics, whole.metrics))
    assert 0 < told["annotators"] < of_all["annotators"]
    backwards = consolidate(*annotations[::-1], images=images)
    assert backwards.metrics == sampled.metrics
    assert to_bytes(backwards) == to_bytes(sampled) == to_bytes(whole)


@pytest.mark.parametrize("method", get_args(Method))
def test_a_tie_of_two_is_contested_and_a_reviewer_settles_it_by_every_method(method: Any) -> None:
    params = Params(method=method)
    tie = annotation("b1/1", "ann", "dog"), annotation("b1/2", "ben", "cat")
    assert label_and_status(consolidate(*tie, params=params)) == {"c-d/i": ("cat", "contested")}
    review = annotation("b2/1", "rev", "owl", source="review")
    found = consolidate(*tie, review, params=params)
    assert label_and_status(found) == {"c-d/i": ("owl", "adjudicated")}
    assert pd.isna(label(found)["confidence"])


def test_the_many_are_not_overruled_by_an_estimate_alone() -> None:
    annotations, truth = crowd()
    odd = [annotation(f"b2/{who}", who, value, image="d/x") for who, value in
           (("ann", "dog"), ("sam", "cat"), ("sue", "cat"))]  # fmt: skip
    found = consolidate(*annotations, *odd, images=pictures(*truth, "d/x"), params=WEIGHED)
    assert found.labels.set_index("image").loc["d/x", ["label", "status"]].tolist() == ["dog", "contested"]


def test_too_little_probability_is_contested() -> None:
    two_of_three = annotation("b1/1", "ann", "cat"), annotation("b1/2", "ben", "cat"), annotation("b1/3", "cem", "dog")
    sure = label(consolidate(*two_of_three, params=WEIGHED))
    assert sure["status"] == "agreed"
    strict = Params(method="annotators", min_confidence=min(sure["confidence"] + 0.01, 0.999))
    row = label(consolidate(*two_of_three, params=strict))
    assert (row["status"], row["rule"]) == ("contested", "VOTE-001"), "though more than half said it"


def test_a_box_that_half_of_the_people_did_not_draw_is_contested_however_sure_its_class_is() -> None:
    drawn = annotation("b1/1", "ann", "cat", BOX)
    assert label_and_status(detect(drawn, annotation("b1/2", "ben", kind="empty"), params=WEIGHED)) == {
        "b1/1": ("cat", "contested")
    }
    two = annotation("b1/2", "ben", kind="empty"), annotation("b1/3", "cem", kind="empty")
    assert detect(drawn, *two, params=WEIGHED).labels.empty


@pytest.mark.parametrize("method", get_args(Method))
def test_the_order_of_rows_is_nothing_by_every_method(method: Any) -> None:
    annotations, truth = crowd(20)
    once = consolidate(*annotations, images=pictures(*truth), params=Params(method=method))
    again = consolidate(*annotations[::-1], images=pictures(*truth), params=Params(method=method))
    assert to_bytes(once) == to_bytes(again)


@pytest.mark.parametrize("method", get_args(Method))
def test_nobody_and_one_alone_need_no_second_voice(method: Any) -> None:
    assert consolidate(params=Params(method=method)).labels.empty
    found = consolidate(annotation("b1/1", "ann", "cat"), params=Params(method=method))
    assert label_and_status(found) == {"c-d/i": ("cat", "agreed")}
