"""Stage select: what is queued and why, what is left out, and which pre-annotations are accepted."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golgoru.core.errors import UserError
from golgoru.core.yaml_models import load_config
from golgoru.raw.withdrawals import Withdrawal
from golgoru.tables import frames
from stages import select
from tests.template.builders import worlds
from tests.template.builders.examples import examples
from tests.template.builders.selection_tables import SelectionTables, name

few = examples(6)


def only(strategy: str) -> dict[str, float]:
    return {strategy: 1.0}


def test_the_most_uncertain_image_is_queued_first_with_its_classes():
    tables = SelectionTables(confidence=np.r_[np.full(9, 0.99), 0.55])
    queue = tables.run(mix=only("margin"), budget=1).queue
    assert queue["image"].tolist() == [name(49)]
    assert queue["reasons"].tolist() == ["the model is uncertain between cat (0.55) and dog (0.45)"]
    assert queue["score"].tolist() == [0.9]


def test_a_certain_model_is_not_called_uncertain():
    (reason,) = SelectionTables(confidence=0.97).run(mix=only("margin"), budget=1).queue["reasons"]
    assert reason == "the model predicts cat (0.97), then dog (0.03)"


@pytest.mark.parametrize("strategy", ["margin", "medoids"])
def test_no_labelled_image_is_queued_and_none_twice(strategy):
    queue = SelectionTables().run(mix=only(strategy)).queue
    assert sorted(queue["image"]) == [name(n) for n in range(40, 50)]
    assert queue["rank"].tolist() == list(range(1, 11))


def test_medoids_say_how_many_images_they_represent():
    (reason,) = SelectionTables().run(mix=only("medoids"), budget=1).queue["reasons"]
    assert reason.startswith(
        "represents 10 unlabelled images; cosine similarity to the nearest labelled or queued image: "
    )


def test_with_few_labels_medoids_stand_in_for_the_uncertainty_of_the_model():
    result = SelectionTables(labelled=6).run(mix=only("margin"))
    reason = "the model is trained on 3.0 labels per class, too few to know its uncertainty"
    assert result.queue["strategy"].eq("margin").all()
    assert result.queue["reasons"].str.startswith(f"{reason}; represents").all()
    assert result.metrics["no model"] == reason


def test_without_a_model_medoids_stand_in():
    tables = SelectionTables()
    tables.predictions = tables.predictions.iloc[:0]
    result = tables.run(mix=only("margin"))
    assert len(result.queue) == 10
    assert result.metrics["preannotations"]["why"] == "there are no pre-annotations"
    reason = "no model has predictions for unlabelled images; represents"
    assert result.queue["reasons"].str.startswith(reason).all()
    assert result.preannotations.empty


def test_images_of_missing_classes_and_edge_cases_are_queued():
    tables = SelectionTables(confidence=np.r_[0.1, np.full(9, 0.999)])
    row = {"kind": "class", "key": "dog", "split": "test", "groups": 0, "found": 0, "wanted": 1, "missing": 1}
    row |= {"missing_with_pins": 1}
    rows = pd.DataFrame([row, row | {"kind": "edge case", "key": "EDGE-005"}])
    tables.tables["split_coverage"] = frames.frame("split_coverage", rows)
    hits = {"edge_case": ["EDGE-005"], "image": [name(45)], "object": None}
    tables.tables["edge_case_hits"] = frames.frame("edge_case_hits", hits)
    queue = tables.run(mix=only("coverage"), budget=2).queue.set_index("image")
    assert queue["reasons"].to_dict() == {
        name(40): "may show dog (0.90), which needs more images",
        name(45): "edge case EDGE-005, which needs more images",
    }
    assert queue.loc[name(40), "score"] == 0.9


def test_images_that_the_collection_plan_asks_for_are_queued():
    tables = SelectionTables(confidence=np.r_[0.2, np.full(9, 0.999)])
    row = {
        "split": ["train"], "by": "class", "value": "dog", "images": 1, "distinct_images": 1.0, "kept": 1, "objects": 1,
        "collect_unweighted": 30,
    }  # fmt: skip
    tables.tables["collection_plan"] = frames.frame("collection_plan", row)
    assert tables.run(mix=only("coverage"), budget=1).queue["image"].tolist() == [name(40)]


def test_where_a_strategy_finds_nothing_the_others_share_its_part():
    result = SelectionTables().run(mix={"coverage": 0.5, "medoids": 0.5})
    assert result.metrics["queue"]["coverage"] == 0
    assert result.metrics["queue"]["medoids"] == 10


def test_near_duplicates_of_labelled_of_excluded_and_of_queued_images_are_left_out():
    tables = SelectionTables()
    tables.add_pair(0, 40)
    tables.add_pair(41, 42, "mirrored")
    tables.add_pair(43, 44, "borderline")
    tables.add_pair(45, 46)
    tables.withdrawals = [Withdrawal.model_validate({"image": name(45), "reason": "no consent", "date": "2026-01-01"})]
    broken = {"rule": ["IMG-003"], "severity": "warning", "action": "set aside", "table": "images", "key": name(47)}
    tables.tables["violations"] = frames.frame("violations", broken | {"message": "too small", "known": False})
    tables.add_pair(47, 48)
    result = tables.run(mix=only("medoids"))
    assert sorted(result.queue["image"]) == [name(n) for n in (41, 43, 44, 49)]
    assert result.metrics["left out"] == {
        "near-duplicates of labelled images": 1,
        "near-duplicates of excluded images": 1,  # 48; a near-duplicate of a withdrawn image is excluded itself
        "images whose annotations a rule set aside": 0,
        "near-duplicates of one another": 1,
    }


def test_contested_images_and_label_issues_are_queued_with_their_reasons():
    tables = SelectionTables(unlabelled=0)
    tables.labels.loc[3, "status"] = "contested"
    tables.tables["label_issues"] = frames.frame("label_issues", {
        "issue": ["s1", "s2", "s3"], "rank": [1, 2, 3], "image": [name(3), name(5), name(5)], "object": None,
        "kind": "class", "label": ["cat", "cat", "dog"], "proposed": ["dog", None, "cat"], "proposal": "review",
        "score": [0.7, 0.6, 0.2], "reason": ["votes: cat × 1, dog × 1", "model: dog 0.90", "unusual"],
    })  # fmt: skip
    tables.annotation_roles = frames.concat([tables.annotation_roles, frames.frame("annotation_roles", {
        "annotation": ["u1"], "image": name(39), "object": None, "role": "no vote",
    })], "annotation_roles")  # fmt: skip
    tables.labels = tables.labels[tables.labels["image"] != name(39)]
    roles = tables.annotation_roles
    tables.annotation_roles = roles[(roles["image"] != name(39)) | (roles["role"] == "no vote")]
    queue = tables.run().queue.set_index("image")
    assert queue[["strategy", "score", "reasons"]].to_dict("index") == {
        name(3): {
            "strategy": "disagreement", "score": 0.7, "reasons": "labelled cat, may be dog; votes: cat × 1, dog × 1",
        },
        name(39): {"strategy": "disagreement", "score": 0.5, "reasons": "1 annotator gave no answer"},
        name(5): {
            "strategy": "label_issues", "score": 0.6, "reasons": "labelled cat; model: dog 0.90; 1 more label issue",
        },
    }  # fmt: skip
    assert queue["proposed"].isna().all()


def test_any_beginning_of_the_queue_has_some_of_each_strategy():
    tables = SelectionTables(unlabelled=60, confidence=0.6)
    row = {
        "split": ["train"], "by": "class", "value": "dog", "images": 1, "distinct_images": 1.0, "kept": 1, "objects": 1,
        "collect_unweighted": 30,
    }  # fmt: skip
    tables.tables["collection_plan"] = frames.frame("collection_plan", row)
    queue = tables.run(mix={"margin": 0.5, "medoids": 0.25, "coverage": 0.25}, budget=40).queue
    first = queue.sort_values("rank").head(8)["strategy"].value_counts().to_dict()
    assert first == {"margin": 4, "medoids": 2, "coverage": 2}


def test_of_few_images_each_strategy_gets_its_part_too():
    queue = SelectionTables(unlabelled=20, confidence=0.6).run(mix={"margin": 0.5, "medoids": 0.5}).queue
    assert queue["strategy"].value_counts().to_dict() == {"margin": 10, "medoids": 10}
    assert set(queue.sort_values("rank")["strategy"].head(2)) == {"margin", "medoids"}


def test_more_than_there_is_to_label_is_refused_with_key_and_number(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text("select:\n  budget: 500\n")
    with pytest.raises(UserError) as refused:
        SelectionTables().run(budget=500)
    assert str(refused.value) == (
        "params.yaml:2: select.budget: 500 images are asked for, and the mix finds 10 to label; ask for no more, "
        "or leave the key out to queue up to 200"
    )


@pytest.mark.parametrize(
    ("mix", "message"),
    [
        ("{margin: 0.5, medoids: 0.4}", "mix: expected shares from 0 on that add up to 1, they add up to 0.9"),
        ("{margin: 1.5, medoids: -0.5}", "mix: expected shares from 0 on that add up to 1, found medoids: -0.5"),
    ],
)
def test_a_mix_that_does_not_add_up_is_refused(tmp_path, mix, message):
    file = tmp_path / "params.yaml"
    file.write_text(f"select:\n  mix: {mix}\n")
    with pytest.raises(UserError) as refused:
        load_config(file, select.Params, within="select")
    assert message in str(refused.value)


def test_a_model_that_is_not_there_is_refused_by_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text("select:\n  model: resnet\n")
    with pytest.raises(UserError) as refused:
        SelectionTables().run(model="resnet")
    assert str(refused.value) == ("params.yaml:2: select.model: model 'resnet' has no predictions; models: built-in")


def test_images_without_an_embedding_are_queued():
    tables = SelectionTables(labelled=0, unlabelled=1)
    empty = pd.Series([b""], dtype=tables.embeddings["embedding"].dtype)
    tables.embeddings = tables.embeddings.assign(embedding=empty)
    assert list(tables.run().queue["image"]) == [name(0)]


@pytest.mark.parametrize("strategy", ["magic", "entropy", "k-centre"])
def test_an_unknown_strategy_is_refused_by_name(tmp_path, strategy):
    file = tmp_path / "params.yaml"
    file.write_text(f"select:\n  mix: {{{strategy}: 1}}\n")
    with pytest.raises(UserError) as refused:
        load_config(file, select.Params, within="select")
    assert "params.yaml:2: select.mix" in str(refused.value)
    assert "'margin', 'coverage', 'medoids'" in str(refused.value)


def test_preannotations_are_accepted_from_the_threshold_on_that_the_labels_justify():
    tables = SelectionTables(labelled=400, confidence=np.r_[0.45, np.full(9, 0.995)])
    result = tables.run()
    assert result.metrics["preannotations"]["threshold"] == 0.5
    assert result.metrics["preannotations"]["correct, at least"] > 0.95
    accepted = {name(n): n != 400 for n in range(400, 410)}
    assert result.preannotations.set_index("image")["accepted"].to_dict() == accepted
    queue = result.queue.set_index("image")
    assert queue["proposed"].eq("cat").all()
    assert queue["accepted"].to_dict() == accepted


def test_contested_and_unlearned_objects_count_as_wrong():
    tables = SelectionTables(labelled=400)
    tables.labels.loc[:99, "status"] = "contested"
    result = tables.run()
    assert result.metrics["preannotations"] == {
        "all": 10, "accepted": 0, "threshold": None, "correct, at least": None,
        "why": "no threshold is sure to reach select.accept",
    }  # fmt: skip
    assert result.auto_accept.set_index("threshold").loc[0.5, "correct"] == 0.75


def test_boxes_of_a_model_are_counted_by_class():
    tables = SelectionTables()
    predictions = frames.frame("predictions", {
        "model": ["theirs"] * 3, "prediction": [f"{name(41)} {n}" for n in range(3)], "image": name(41), "object": None,
        "predicted": ["cat", "cat", "dog"], "confidence": [0.9, 0.8, 0.52], "class_learned": True,
        "x": 1.0, "y": 1.0, "width": [3.0, 4.0, 5.0], "height": 2.0,
    })  # fmt: skip
    tables.predictions = frames.concat([tables.predictions, predictions], "predictions")
    result = tables.run(model="theirs", mix=only("margin"), budget=1)
    (row,) = result.queue.to_dict("records")
    assert (row["image"], row["proposed"], row["confidence"]) == (name(41), "cat 2, dog 1", 0.52)
    assert row["score"] == 0.96
    assert row["reasons"] == "the model is uncertain about dog (0.52)"  # it gives no other class
    assert len(result.preannotations) == 3


@few
@given(worlds.worlds(most=20), st.sampled_from(["margin", "medoids", "label_issues", None]))
def test_the_queue_holds_only_images_that_can_be_labelled(world, strategy):
    made = worlds.materials(world)
    params = select.Params() if strategy is None else select.Params(mix={strategy: 1.0})
    arguments = {key: made[key] for key in select.transform.__annotations__ if key in made}
    queue = select.transform(**arguments, params=params).queue
    usable = set(world.images.loc[world.images["error"].isna(), "image"])
    assert set(queue["image"]) <= usable - set(made["duplicates"]["image"]) - worlds.aside(world, "images")
    assert queue["image"].is_unique
    assert sorted(queue["rank"]) == list(range(1, len(queue) + 1))
    assert queue["reasons"].str.len().gt(0).all()
