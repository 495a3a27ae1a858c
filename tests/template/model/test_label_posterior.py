"""Votes and model together: which of them decides, and what stays open."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golgoru.model import label_posterior
from golgoru.model.class_probabilities import ClassProbabilities
from golgoru.tables import frames

CLASSES = ["cat", "dog", "owl"]


def votes_table(*rows: tuple[str, str, str | None], review: bool = False) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["object", "annotator", "label"])
    return frames.frame("votes", table.assign(image="i", review=review, weight=1.0, batch="b", guideline_version="1"))


def predictions(**probabilities: list[float] | None) -> pd.DataFrame:
    rows = [
        {"model": "m", "prediction": name, "image": "i", "object": name, "predicted": CLASSES[int(np.argmax(p or [1]))],
         "confidence": max(p or [0.6]), "probabilities": p, "class_learned": True}
        for name, p in probabilities.items()
    ]  # fmt: skip
    return frames.frame("predictions", pd.DataFrame(rows) if rows else None)


def probable(votes: pd.DataFrame, model: pd.DataFrame, *objects: str) -> np.ndarray:
    evidence = label_posterior.gather_evidence(votes=votes, predictions=model, classes=CLASSES)
    return label_posterior.posterior_of_objects(pd.Series(objects, dtype="str"), evidence)


def test_the_model_decides_where_votes_are_divided() -> None:
    divided = votes_table(("o", "a", "cat"), ("o", "b", "dog"))
    probabilities = probable(divided, predictions(o=[0.1, 0.8, 0.1]), "o")[0]
    assert probabilities.argmax() == 1
    assert probabilities[2] < 0.05


def test_an_uncertain_model_does_not_overrule_two_of_two() -> None:
    agreed = votes_table(("o", "a", "cat"), ("o", "b", "cat"))
    assert probable(agreed, predictions(o=[0.3, 0.4, 0.3]), "o")[0].argmax() == 0


def test_an_annotator_without_shared_objects_is_assumed_right_in_85_of_100() -> None:
    alone = votes_table(("o", "a", "cat"), ("p", "a", "dog"))
    confusion = label_posterior.confusion_probabilities(alone, CLASSES)
    np.testing.assert_allclose(np.diag(confusion), 0.85)
    even = probable(alone, predictions(o=[1 / 3] * 3), "o")[0]
    np.testing.assert_allclose(even, [0.85, 0.075, 0.075], atol=1e-5)


def test_without_a_prediction_the_votes_stand_and_without_votes_the_prediction() -> None:
    votes = votes_table(("o", "a", "cat"), ("o", "b", "cat"), ("q", "a", "owl"))
    probabilities = probable(votes, predictions(p=[0.0, 0.9, 0.1]), "o", "p")
    assert probabilities[0].argmax() == 0
    np.testing.assert_allclose(probabilities[1], [0, 0.9, 0.1], atol=1e-3)


def test_verdicts_and_votes_for_no_object_do_not_count() -> None:
    votes = pd.concat([votes_table(("o", "r", "dog"), review=True), votes_table(("o", "a", None))])
    evidence = label_posterior.gather_evidence(votes=votes, predictions=predictions(), classes=CLASSES)
    (judged,) = label_posterior.ObjectEvidence(pd.Series(["o"], dtype="str"), evidence).judged()
    assert judged.votes.tolist() == [0]
    assert np.isnan(judged.model).all()
    np.testing.assert_allclose(judged.posterior, 1 / 3, atol=1e-6)


def test_the_rest_is_shared_where_a_model_gives_one_class_alone() -> None:
    probabilities = ClassProbabilities(predictions(o=None, p=[0.2, 0.5, 0.3]), CLASSES).rows(np.arange(2))
    np.testing.assert_allclose(probabilities, [[0.6, 0.2, 0.2], [0.2, 0.5, 0.3]])


@given(st.permutations(range(6)), st.permutations(CLASSES))
def test_order_of_rows_and_names_of_classes_are_irrelevant(order: list[int], names: list[str]) -> None:
    rows = [
        ("o", "a", "cat"),
        ("o", "b", "dog"),
        ("p", "a", "owl"),
        ("p", "b", "owl"),
        ("q", "a", "cat"),
        ("q", "c", "cat"),
    ]
    model = predictions(o=[0.5, 0.3, 0.2], p=[0.1, 0.1, 0.8])
    first = probable(votes_table(*rows), model, "o", "p", "q")
    renamed = dict(zip(CLASSES, names, strict=True))
    again = votes_table(*[(o, a, renamed[label]) for o, a, label in (rows[n] for n in order)])
    place = [CLASSES.index(renamed[name]) for name in CLASSES]
    back = [place.index(n) for n in range(3)]
    turned = predictions(**{o: [p[n] for n in back] for o, p in {"o": [0.5, 0.3, 0.2], "p": [0.1, 0.1, 0.8]}.items()})
    np.testing.assert_allclose(probable(again, turned, "o", "p", "q")[:, place], first, atol=2e-6)


@pytest.mark.parametrize("objects", [[], ["o"]])
def test_without_votes_and_model_all_classes_are_equally_probable(objects: list[str]) -> None:
    probabilities = probable(votes_table(), predictions(), *objects)
    np.testing.assert_allclose(probabilities, np.full((len(objects), 3), 1 / 3), atol=1e-6)


@pytest.mark.parametrize("at_once", [1, 2])
def test_slices_of_objects_give_what_all_at_once_give(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    votes = votes_table(("o", "a", "cat"), ("o", "b", "dog"), ("p", "a", "owl"), ("r", "a", "cat"), ("r", "b", "cat"))
    model = predictions(o=[0.5, 0.3, 0.2], q=[0.1, 0.1, 0.8], r=None)
    whole = probable(votes, model, "o", "p", "q", "r", "s")
    monkeypatch.setattr(label_posterior, "_OBJECTS_AT_ONCE", at_once)
    np.testing.assert_allclose(probable(votes, model, "o", "p", "q", "r", "s"), whole, atol=1e-6)


def test_probabilities_are_found_in_every_part_of_a_column() -> None:
    first, second = predictions(o=[0.1, 0.2, 0.7], p=None), predictions(q=None, r=[0.6, 0.3, 0.1], s=[0.2, 0.5, 0.3])
    both = pd.concat([first, second], ignore_index=True)
    assert both["probabilities"].array.__arrow_array__().num_chunks == 2
    wanted = np.array([4, 1, 3, 0, 2])
    found = ClassProbabilities(both, CLASSES).rows(wanted)
    one_by_one = [ClassProbabilities(both.iloc[[n]], CLASSES).rows(np.arange(1))[0] for n in wanted]
    np.testing.assert_array_equal(found, one_by_one)
    np.testing.assert_allclose(found[0], [0.2, 0.5, 0.3])


@given(st.lists(st.tuples(st.sampled_from("opqr"), st.sampled_from("abc")), max_size=12))
def test_objects_of_several_annotators(pairs: list[tuple[str, str]]) -> None:
    votes = votes_table(*((name, annotator, "cat") for name, annotator in pairs))
    expected = {name for name, _ in pairs if len({who for of, who in pairs if of == name}) > 1}
    assert set(label_posterior.of_several_annotators(votes)) == expected
