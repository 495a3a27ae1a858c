"""Votes and model together: who is believed when, and what cannot be told."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golgoru.model import label_posterior
from golgoru.tables import frames

CLASSES = ["cat", "dog", "owl"]


def ballots(*rows: tuple[str, str, str | None], review: bool = False) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["object", "annotator", "label"])
    return frames.frame("votes", table.assign(image="i", review=review, weight=1.0, batch="b", guideline_version="1"))


def predictions(**said: list[float] | None) -> pd.DataFrame:
    rows = [
        {"model": "m", "prediction": name, "image": "i", "object": name, "predicted": CLASSES[int(np.argmax(p or [1]))],
         "confidence": max(p or [0.6]), "probabilities": p, "can_say": True}
        for name, p in said.items()
    ]  # fmt: skip
    return frames.frame("predictions", pd.DataFrame(rows) if rows else None)


def probable(votes: pd.DataFrame, model: pd.DataFrame, *objects: str) -> np.ndarray:
    voices = label_posterior.votes_and_model(pd.Index(objects, dtype="str"), votes, model, CLASSES)
    return label_posterior.posterior(voices, label_posterior.confusion_probabilities(votes, CLASSES))


def test_the_model_settles_what_people_are_divided_about() -> None:
    divided = ballots(("o", "a", "cat"), ("o", "b", "dog"))
    found = probable(divided, predictions(o=[0.1, 0.8, 0.1]), "o")[0]
    assert found.argmax() == 1
    assert found[2] < 0.05


def test_a_shy_model_does_not_overrule_two_of_two() -> None:
    agreed = ballots(("o", "a", "cat"), ("o", "b", "cat"))
    assert probable(agreed, predictions(o=[0.3, 0.4, 0.3]), "o")[0].argmax() == 0


def test_who_is_never_compared_is_right_in_85_of_100() -> None:
    alone = ballots(("o", "a", "cat"), ("p", "a", "dog"))
    confused = label_posterior.confusion_probabilities(alone, CLASSES)
    np.testing.assert_allclose(np.diag(confused), 0.85)
    even = probable(alone, predictions(o=[1 / 3] * 3), "o")[0]
    np.testing.assert_allclose(even, [0.85, 0.075, 0.075], atol=1e-5)


def test_without_a_prediction_the_votes_stand_and_without_votes_the_prediction() -> None:
    votes = ballots(("o", "a", "cat"), ("o", "b", "cat"), ("q", "a", "owl"))
    found = probable(votes, predictions(p=[0.0, 0.9, 0.1]), "o", "p")
    assert found[0].argmax() == 0
    np.testing.assert_allclose(found[1], [0, 0.9, 0.1], atol=1e-3)


def test_a_reviewer_and_who_did_not_see_it_have_no_voice_here() -> None:
    votes = pd.concat([ballots(("o", "r", "dog"), review=True), ballots(("o", "a", None))])
    voices = label_posterior.votes_and_model(pd.Index(["o"]), votes, predictions(), CLASSES)
    assert voices.votes.tolist() == [[0, 0, 0]]
    assert np.isnan(voices.model).all()


def test_a_model_that_tells_one_class_alone_shares_the_rest() -> None:
    found = label_posterior.class_probabilities(predictions(o=None, p=[0.2, 0.5, 0.3]), CLASSES)
    np.testing.assert_allclose(found, [[0.6, 0.2, 0.2], [0.2, 0.5, 0.3]])


@given(st.permutations(range(6)), st.permutations(CLASSES))
def test_order_of_rows_and_names_of_classes_are_nothing(order: list[int], names: list[str]) -> None:
    rows = [
        ("o", "a", "cat"),
        ("o", "b", "dog"),
        ("p", "a", "owl"),
        ("p", "b", "owl"),
        ("q", "a", "cat"),
        ("q", "c", "cat"),
    ]
    model = predictions(o=[0.5, 0.3, 0.2], p=[0.1, 0.1, 0.8])
    first = probable(ballots(*rows), model, "o", "p", "q")
    renamed = dict(zip(CLASSES, names, strict=True))
    again = ballots(*[(o, a, renamed[label]) for o, a, label in (rows[n] for n in order)])
    place = [CLASSES.index(renamed[name]) for name in CLASSES]
    back = [place.index(n) for n in range(3)]
    turned = predictions(**{o: [p[n] for n in back] for o, p in {"o": [0.5, 0.3, 0.2], "p": [0.1, 0.1, 0.8]}.items()})
    np.testing.assert_allclose(probable(again, turned, "o", "p", "q")[:, place], first, atol=2e-6)


@pytest.mark.parametrize("objects", [[], ["o"]])
def test_nobody_says_anything(objects: list[str]) -> None:
    found = probable(ballots(), predictions(), *objects)
    np.testing.assert_allclose(found, np.full((len(objects), 3), 1 / 3), atol=1e-6)
