"""Stage annotators: from ballots to agreement and to what each annotator is worth; numbers are tested in stages/lib."""

import pandas as pd
import pytest

from stages.annotators import Params, Tables, transform
from stages.lib import frames
from tests.spoken import BOX, CLASSES, ELSEWHERE, consolidate, detect, pictures, word


def said_by(*words: dict[str, object], task: str = "classification", **more: object) -> Tables:
    made = (detect if task == "detection" else consolidate)(*words, **more)
    annotations = frames.frame("annotations", pd.DataFrame(list(words)))
    found = transform(annotations, made.ballots, CLASSES, Params())
    for name in ("agreement", "annotators"):
        frames.to_bytes(getattr(found, name), name)
    return found


def test_nobody_at_all_and_one_alone_are_stated_not_guessed() -> None:
    for words in ((), (word("b1/1", "ann", "cat"),)):
        found = said_by(*words)
        (row,) = found.agreement.to_dict("records")
        assert row["why"] == "no object was labelled by two people"
        assert found.metrics["Krippendorff's alpha"] is None
        assert found.metrics["annotators"] == len(words)
        assert found.annotators["accuracy"].isna().all()
        assert found.annotators["flags"].isna().all()


def test_who_sees_nothing_where_others_draw_disagrees() -> None:
    found = said_by(
        word("b1/1", "ann", "cat", BOX), word("b1/2", "ann", "dog", ELSEWHERE), word("b1/3", "ben", "cat", BOX),
        task="detection",
    )  # fmt: skip
    by_class = found.agreement.set_index(["scope", "key"])["share"]
    assert by_class["class", "cat"] == 1
    assert by_class["class", "(not seen)"] == 0
    assert by_class["class", "dog"] == 0


def test_each_batch_has_its_agreement_with_all_others() -> None:
    two = pictures("d/i", "d/two")
    found = said_by(
        word("b1/1", "ann", "cat"), word("b1/2", "ann", "dog", image="d/two"),
        word("b2/1", "ben", "cat"), word("b3/1", "ben", "cat", image="d/two"),
        images=two,
    )  # fmt: skip
    batches = found.agreement.query("scope == 'batch'").set_index("key")
    assert batches["share"].to_dict() == {"b1": 0.5, "b2": 1.0, "b3": 0.0}
    assert batches["votes"].to_dict() == {"b1": 2, "b2": 1, "b3": 1}
    whole = found.agreement.query("scope == 'all'")["beyond_chance"].item()
    weighed = (batches["votes"] * batches["share"]).sum() / batches["votes"].sum()
    assert weighed == pytest.approx(found.metrics["share that agrees"])
    assert whole < 0.5


def test_a_reviewer_is_no_annotator_of_whom_agreement_is_asked() -> None:
    found = said_by(word("b1/1", "ann", "cat"), word("b2/1", "rev", "dog", source="review"))
    assert found.agreement["why"].tolist() == ["no object was labelled by two people"]
