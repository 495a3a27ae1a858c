"""Stage annotators: from votes to agreement and to what they tell of each annotator."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given

from golgoru.tables import frames
from golgoru.tables.catalogue import TABLES
from stages.annotators import Params, Tables, transform
from tests.template.builders import worlds
from tests.template.builders.consensus_tables import BOX, CLASSES, ELSEWHERE, annotation, consolidate, detect, pictures
from tests.template.builders.examples import examples
from tests.template.builders.guideline_changes import NONE


def said_by(*rows: dict[str, object], task: str = "classification", **more: Any) -> Tables:
    made = (detect if task == "detection" else consolidate)(*rows, **more)
    annotations = frames.frame("annotations", pd.DataFrame(list(rows)))
    found = transform(
        annotations, made.annotation_roles, made.votes, made.labels, CLASSES, more.get("changes", NONE), Params()
    )
    for name in ("agreement", "annotators", "confusion", "speed"):
        frames.to_bytes(getattr(found, name), name)
    return found


def test_nobody_at_all_and_one_alone_are_stated_not_guessed() -> None:
    for rows in ((), (annotation("b1/1", "ann", "cat"),)):
        found = said_by(*rows)
        (row,) = found.agreement.to_dict("records")
        assert row["reason"] == "no object has two annotators"
        assert found.metrics["Krippendorff's alpha"] is None
        assert found.metrics["annotators"] == len(rows)
        assert found.annotators["accuracy"].isna().all()
        assert found.annotators["flags"].isna().all()
        assert found.confusion.empty
        assert found.metrics["seconds per label (median)"] is None
        assert found.metrics["labels per hour"] is None
        assert found.metrics["self-consistency"] is None
        assert found.metrics["share corrected"] is None


def test_who_sees_nothing_where_others_draw_disagrees() -> None:
    found = said_by(
        annotation("b1/1", "ann", "cat", BOX), annotation("b1/2", "ann", "dog", ELSEWHERE),
        annotation("b1/3", "ben", "cat", BOX),
        task="detection",
    )  # fmt: skip
    by_class = found.agreement.set_index(["scope", "key"])["share"]
    assert by_class["class", "cat"] == 1
    assert by_class["class", "(not seen)"] == 0
    assert by_class["class", "dog"] == 0


def test_each_batch_has_its_agreement_with_all_others() -> None:
    two = pictures("d/i", "d/two")
    found = said_by(
        annotation("b1/1", "ann", "cat"), annotation("b1/2", "ann", "dog", image="d/two"),
        annotation("b2/1", "ben", "cat"), annotation("b3/1", "ben", "cat", image="d/two"),
        images=two,
    )  # fmt: skip
    batches = found.agreement.query("scope == 'batch'").set_index("key")
    assert batches["share"].to_dict() == {"b1": 0.5, "b2": 1.0, "b3": 0.0}
    assert batches["votes"].to_dict() == {"b1": 2, "b2": 1, "b3": 1}
    whole = found.agreement.query("scope == 'all'")["chance_corrected"].item()
    weighed = (batches["votes"] * batches["share"]).sum() / batches["votes"].sum()
    assert weighed == pytest.approx(found.metrics["share that agrees"])
    assert whole < 0.5


def test_a_reviewer_is_no_annotator_of_whom_agreement_is_asked() -> None:
    found = said_by(annotation("b1/1", "ann", "cat"), annotation("b2/1", "rev", "dog", source="review"))
    assert found.agreement["reason"].tolist() == ["no object has two annotators"]


def test_metrics_say_what_holds_of_all_people_together() -> None:
    found = said_by(
        annotation("b1/1", "ann", "cat", lead_time_s=2.0), annotation("b2/1", "ann", "dog", lead_time_s=4.0),
        annotation("b3/1", "ben", "cat", lead_time_s=-1.0),
        annotation("b4/1", "rev", "cat", source="review", lead_time_s=12.0),
        annotation("b5/1", "net", "cat", source="model", lead_time_s=0.1),
        annotation("b6/1", "cem", kind="skipped", lead_time_s=99.0),
    )  # fmt: skip
    told = {name: value for name, value in found.metrics.items() if not isinstance(value, dict)}
    assert told == {
        "annotators": 3, "flagged": 0, "votes compared": 2.0, "share that agrees": 0.0, "Krippendorff's alpha": 0.0,
        "repeats": 1, "self-consistency": 0.0, "objects reviewed": 2, "share corrected": 0.5,
        "seconds per label (median)": 4.0, "labels per hour": 600.0,
    }  # fmt: skip
    each = found.annotators.set_index("annotator")
    assert each.loc["ann", ["repeats", "self_consistency", "reviewed", "corrected"]].tolist() == [1, 0.0, 1, 1.0]
    assert each.loc["ben", ["repeats", "reviewed", "corrected", "labels_per_hour"]].fillna(-1).tolist() == [
        0,
        1,
        0.0,
        -1,
    ]
    assert each.loc["rev", ["annotations", "reviewed", "seconds_per_label"]].tolist() == [1, 0, 12.0]


def test_several_reasons_stand_in_one_flag_and_who_is_fast_and_good_has_none() -> None:
    many = pictures(*(f"d/{n:02}" for n in range(60)))
    true, false = [["cat", "dog"][n % 2] for n in range(60)], [["dog", "cat"][n % 2] for n in range(60)]
    # cem labels twice, and is right in every third picture the second time; ann is fast, and wrong in every tenth.
    answers = {
        "b1": ("cem", 9.0, true),
        "b2": ("cem", 9.0, [true[n] if n % 3 == 0 else false[n] for n in range(60)]),
        "b3": ("ann", 0.1, [false[n] if n % 10 == 0 else true[n] for n in range(60)]),
        "b4": ("ben", 9.0, true),
    }
    rows = [
        annotation(f"{batch}/{n}", annotator, label, image=f"d/{n:02}", lead_time_s=seconds)
        for batch, (annotator, seconds, labels) in answers.items()
        for n, label in enumerate(labels)
    ]
    reviews = [annotation(f"b5/{n}", "rev", true[n], image=f"d/{n:02}", source="review") for n in range(60)]
    flags = said_by(*rows, *reviews, images=many).annotators.set_index("annotator")["flags"]
    assert [reason.split(" in ")[0] for reason in flags["cem"].split("; ")] == [
        "agrees with the others",
        "has a chance-corrected accuracy of -0.25 (1 is always right, 0 is guessing)",
        "gives the same class again",
        "reviewers overruled 67% of 60 annotations, of the other annotators' 5%",
    ]
    assert "gives the same class again in 33% of 60 repeats, on 60 objects" in flags["cem"]
    assert flags.drop("cem").isna().all()


@examples(4)
@given(worlds.worlds(most=10))
def test_names_of_annotators_are_nothing_and_every_annotation_is_counted(world: worlds.World) -> None:
    made = worlds.consolidated(world)
    arguments = {name: made[name] for name in transform.__annotations__ if name in made and name != "params"}
    found = transform(**arguments, params=Params())
    human = world.annotations.query("source != 'model' and kind != 'skipped'")
    assert found.annotators["annotations"].sum() == len(human)
    assert found.speed.query("scope == 'class'")["labels"].sum() == human["label"].notna().sum()
    new = {name: f"{n}-{name[::-1]}" for n, name in enumerate(sorted(world.annotations["annotator"].unique())[::-1])}
    for table in ("annotations", "votes"):
        renamed = arguments[table]["annotator"].map(new).astype("str")
        arguments |= {table: arguments[table].assign(annotator=renamed)}
    again = transform(**arguments, params=Params())
    by_class = again.metrics.pop("alpha by class")
    assert by_class == pytest.approx(found.metrics.pop("alpha by class"))
    assert again.metrics == pytest.approx(found.metrics)
    for name in ("annotators", "confusion", "speed"):
        before = getattr(found, name)
        before = before.assign(annotator=before["annotator"].map(new).astype("str"))
        keys = list(TABLES[name].key)
        expected, got = (table.sort_values(keys, ignore_index=True) for table in (before, getattr(again, name)))
        pd.testing.assert_frame_equal(got, expected, check_exact=False, atol=2e-4)
