"""Stage select: what is queued and why, what is left out, and which proposals are accepted."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golgoru.core.errors import UserError
from golgoru.core.yaml_models import load
from golgoru.raw.withdrawals import Withdrawal
from golgoru.tables import frames
from stages import select
from tests.template.builders import worlds
from tests.template.builders.selection_tables import Given, name

few = settings(max_examples=6, deadline=None)


def only(strategy: str) -> dict[str, float]:
    return {strategy: 1.0}


def test_what_the_model_wavers_on_is_queued_first_with_what_it_says():
    given = Given(confidence=np.r_[np.full(9, 0.99), 0.55])
    queue = given.run(mix=only("margin"), budget=1).queue
    assert queue["image"].tolist() == [name(49)]
    assert queue["reasons"].tolist() == ["the model wavers: cat (0.55) or dog (0.45)"]
    assert queue["score"].tolist() == [0.9]


def test_where_the_model_is_sure_of_all_it_is_not_said_to_waver():
    (reason,) = Given(confidence=0.97).run(mix=only("margin"), budget=1).queue["reasons"]
    assert reason == "the model says cat (0.97) or dog (0.03)"


@pytest.mark.parametrize("strategy", ["margin", "entropy", "medoids", "k-centre"])
def test_no_labelled_picture_is_queued_and_none_twice(strategy):
    queue = Given().run(mix=only(strategy)).queue
    assert sorted(queue["image"]) == [name(n) for n in range(40, 50)]
    assert queue["rank"].tolist() == list(range(1, 11))


def test_medoids_say_for_how_many_they_stand():
    (reason,) = Given().run(mix=only("medoids"), budget=1).queue["reasons"]
    assert reason.startswith(
        "stands for 10 pictures without a label; its likeness to the nearest that has a label or is queued is "
    )


def test_with_few_labels_doubts_of_the_model_are_worth_nothing_and_medoids_stand_in():
    found = Given(labelled=6).run(mix=only("margin"))
    assert found.queue["strategy"].eq("margin").all()
    assert found.queue["reasons"].str.startswith("the model has seen 3.0 labels per class, too few to know").all()
    assert found.metrics["no model"] == "the model has seen 3.0 labels per class, too few to know what it does not know"


def test_without_a_model_medoids_stand_in():
    given = Given()
    given.predictions = given.predictions.iloc[:0]
    found = given.run(mix=only("entropy"))
    assert len(found.queue) == 10
    assert found.metrics["proposals"]["why"] == "nothing is proposed"
    assert found.queue["reasons"].str.startswith("no model says anything of pictures without labels; stands for").all()
    assert found.proposals.empty


def test_missing_classes_and_edge_cases_are_looked_for():
    given = Given(confidence=np.r_[0.1, np.full(9, 0.999)])
    missing = {
        "kind": "class",
        "key": "dog",
        "split": "test",
        "groups": 0,
        "found": 0,
        "wanted": 1,
        "missing": 1,
        "short": 1,
    }
    edge = missing | {"kind": "edge case", "key": "EDGE-005"}
    given.tables["split_coverage"] = frames.frame("split_coverage", pd.DataFrame([missing, edge]))
    given.tables["edge_case_hits"] = frames.frame(
        "edge_case_hits", {"edge_case": ["EDGE-005"], "image": [name(45)], "object": None}
    )
    queue = given.run(mix=only("coverage"), budget=2).queue.set_index("image")
    assert queue["reasons"].to_dict() == {
        name(40): "may show dog (0.90), of which more is missing",
        name(45): "edge case EDGE-005, of which more are wanted",
    }
    assert queue.loc[name(40), "score"] == 0.9


def test_what_the_plan_wants_is_collected():
    given = Given(confidence=np.r_[0.2, np.full(9, 0.999)])
    row = {
        "split": ["train"],
        "by": "class",
        "value": "dog",
        "images": 1,
        "once": 1.0,
        "kept": 1,
        "objects": 1,
        "even": 30,
    }
    given.tables["collection_plan"] = frames.frame("collection_plan", row)
    assert given.run(mix=only("coverage"), budget=1).queue["image"].tolist() == [name(40)]


def test_where_nothing_is_missing_the_others_share_the_part():
    found = Given().run(mix={"coverage": 0.5, "medoids": 0.5})
    assert found.metrics["queue"]["coverage"] == 0
    assert found.metrics["queue"]["medoids"] == 10


def test_near_copies_of_labelled_of_taken_out_and_of_queued_pictures_are_left_out():
    given = Given()
    given.near(0, 40)
    given.near(41, 42, "mirrored")
    given.near(43, 44, "borderline")
    given.near(45, 46)
    given.withdrawals = [Withdrawal.model_validate({"image": name(45), "reason": "no consent", "date": "2026-01-01"})]
    broken = {"rule": ["IMG-003"], "severity": "warning", "action": "set aside", "table": "images", "key": name(47)}
    given.tables["violations"] = frames.frame("violations", broken | {"message": "too small", "known": False})
    given.near(47, 48)
    found = given.run(mix=only("medoids"))
    assert sorted(found.queue["image"]) == [name(n) for n in (41, 43, 44, 49)]
    assert found.metrics["left out"] == {
        "near-copies of labelled pictures": 1,
        "near-copies of pictures that were taken out": 1,  # 48; what is a copy of a withdrawn picture goes with it
        "near-copies of one another": 1,
    }


def test_what_people_disagree_on_and_what_is_suspect_is_queued_with_why():
    given = Given(bare=0)
    given.labels.loc[3, "status"] = "contested"
    given.tables["label_issues"] = frames.frame("label_issues", {
        "suspect": ["s1", "s2", "s3"], "rank": [1, 2, 3], "image": [name(3), name(5), name(5)], "object": None,
        "kind": "label", "label": ["cat", "cat", "dog"], "proposed": ["dog", None, "cat"], "proposal": "look",
        "score": [0.7, 0.6, 0.2], "reason": ["people said cat 1, dog 1", "the model says dog", "odd"],
    })  # fmt: skip
    given.votes = frames.concat([given.votes, frames.frame("annotation_roles", {
        "annotation": ["u1"], "image": name(39), "object": None, "role": "no vote",
    })], "votes")  # fmt: skip
    given.labels = given.labels[given.labels["image"] != name(39)]
    given.votes = given.votes[(given.votes["image"] != name(39)) | (given.votes["role"] == "no vote")]
    queue = given.run().queue.set_index("image")
    assert queue[["strategy", "score", "reasons"]].to_dict("index") == {
        name(3): {
            "strategy": "disagreement", "score": 0.7,
            "reasons": "is called cat and may be dog: people said cat 1, dog 1",
        },
        name(39): {"strategy": "disagreement", "score": 0.5, "reasons": "1 person could not say"},
        name(5): {
            "strategy": "suspects", "score": 0.6,
            "reasons": "is called cat: the model says dog; 1 more under suspicion on it",
        },
    }  # fmt: skip
    assert queue["proposed"].isna().all()


def test_any_beginning_of_the_queue_has_something_of_all():
    given = Given(bare=60, confidence=0.6)
    queue = given.run(mix={"margin": 0.5, "medoids": 0.25, "k-centre": 0.25}, budget=40).queue
    first = queue.sort_values("rank").head(8)["strategy"].value_counts().to_dict()
    assert first == {"margin": 4, "medoids": 2, "k-centre": 2}


def test_of_few_images_each_strategy_gets_its_part_too():
    queue = Given(bare=20, confidence=0.6).run(mix={"margin": 0.5, "medoids": 0.5}).queue
    assert queue["strategy"].value_counts().to_dict() == {"margin": 10, "medoids": 10}
    assert set(queue.sort_values("rank")["strategy"].head(2)) == {"margin", "medoids"}


def test_more_than_there_is_to_label_is_refused_with_key_and_number(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text("select:\n  budget: 500\n")
    with pytest.raises(UserError) as refused:
        Given().run(budget=500)
    assert str(refused.value) == (
        "params.yaml:2: select.budget: 500 images are asked for, and the mix finds 10 to label; ask for no more, "
        "or leave the key out to queue up to 200"
    )


@pytest.mark.parametrize(
    ("mix", "found"),
    [
        ("{margin: 0.5, medoids: 0.4}", "mix: expected shares from 0 on that add up to 1, they add up to 0.9"),
        ("{margin: 1.5, medoids: -0.5}", "mix: expected shares from 0 on that add up to 1, found medoids: -0.5"),
    ],
)
def test_a_mix_that_does_not_add_up_is_refused(tmp_path, mix, found):
    file = tmp_path / "params.yaml"
    file.write_text(f"select:\n  mix: {mix}\n")
    with pytest.raises(UserError) as refused:
        load(file, select.Params, within="select")
    assert found in str(refused.value)


def test_a_model_that_is_not_there_is_refused_by_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text("select:\n  model: resnet\n")
    with pytest.raises(UserError) as refused:
        Given().run(model="resnet")
    assert str(refused.value) == (
        "params.yaml:2: select.model: no model 'resnet' says anything of the pictures; there are built-in"
    )


def test_pictures_that_no_number_tells_apart_are_queued():
    given = Given(labelled=0, bare=1)
    given.vectors = given.vectors.assign(vector=pd.Series([b""], dtype=given.vectors["vector"].dtype))
    assert list(given.run().queue["image"]) == [name(0)]


def test_an_unknown_strategy_is_refused_by_name(tmp_path):
    file = tmp_path / "params.yaml"
    file.write_text("select:\n  mix: {magic: 1}\n")
    with pytest.raises(UserError) as refused:
        load(file, select.Params, within="select")
    assert "params.yaml:2: select.mix" in str(refused.value)
    assert "'margin', 'entropy', 'coverage'" in str(refused.value)


def test_proposals_are_accepted_from_the_threshold_on_that_the_labels_justify():
    given = Given(labelled=400, confidence=np.r_[0.45, np.full(9, 0.995)])
    found = given.run()
    assert found.metrics["proposals"]["threshold"] == 0.5
    assert found.metrics["proposals"]["right, at least"] > 0.95
    assert found.proposals.set_index("image")["accepted"].to_dict() == {name(n): n != 400 for n in range(400, 410)}
    queue = found.queue.set_index("image")
    assert queue["proposed"].eq("cat").all()
    assert queue["accepted"].to_dict() == {name(n): n != 400 for n in range(400, 410)}


def test_contested_and_unlearned_objects_count_as_wrong():
    given = Given(labelled=400)
    given.labels.loc[:99, "status"] = "contested"
    found = given.run()
    assert found.metrics["proposals"] == {
        "all": 10, "accepted": 0, "threshold": None, "right, at least": None,
        "why": "no confidence is surely right often enough",
    }  # fmt: skip
    assert found.acceptance.set_index("threshold").loc[0.5, "right"] == 0.75


def test_boxes_that_a_model_sees_are_proposed_in_words():
    given = Given()
    said = frames.frame("predictions", {
        "model": ["theirs"] * 3, "prediction": [f"{name(41)} {n}" for n in range(3)], "image": name(41), "object": None,
        "predicted": ["cat", "cat", "dog"], "confidence": [0.9, 0.8, 0.52], "can_say": True,
        "x": 1.0, "y": 1.0, "width": [3.0, 4.0, 5.0], "height": 2.0,
    })  # fmt: skip
    given.predictions = frames.concat([given.predictions, said], "predictions")
    found = given.run(model="theirs", mix=only("margin"), budget=1)
    (row,) = found.queue.to_dict("records")
    assert (row["image"], row["proposed"], row["confidence"]) == (name(41), "cat 2, dog 1", 0.52)
    assert row["score"] == 0.96
    assert row["reasons"] == "the model wavers: dog (0.52)"  # of the other class the model says nothing
    assert len(found.proposals) == 3


@few
@given(worlds.worlds(most=20), st.sampled_from(["margin", "medoids", "suspects", None]))
def test_the_queue_holds_only_what_could_be_labelled(world, strategy):
    made = worlds.materials(world)
    params = select.Params() if strategy is None else select.Params(mix={strategy: 1.0})
    arguments = {key: made[key] for key in select.transform.__annotations__ if key in made}
    queue = select.transform(**arguments, params=params).queue
    usable = set(world.images.loc[world.images["error"].isna(), "image"])
    assert set(queue["image"]) <= usable - set(made["duplicates"]["image"]) - worlds.aside(world, "images")
    assert queue["image"].is_unique
    assert sorted(queue["rank"]) == list(range(1, len(queue) + 1))
    assert queue["reasons"].str.len().gt(0).all()
