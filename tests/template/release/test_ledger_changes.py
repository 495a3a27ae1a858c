"""The ledger after changes of the guideline: the fates of annotations made under an older version."""

import pytest

from tests.template.builders import worlds
from tests.template.builders.drawn_worlds import beside_each_other, drawn, of
from tests.template.builders.guideline_changes import changed


@pytest.mark.parametrize("old_votes", ["drop", "requeue"])
def test_annotations_of_a_removed_class_are_outdated(old_votes):
    gone = {"action": "split", "classes": ["unicorn"], "to": ["cat", "dog"], "old_votes": old_votes}
    world = drawn({"ann": "unicorn", "ben": "unicorn"})._replace(changes=changed(gone))
    made = worlds.released(world)
    ledger = made["release_ledger"]
    assert of(ledger, "annotation")[["fate", "stage"]].drop_duplicates().to_numpy().tolist() == [
        ["outdated", "consolidate"]
    ]
    assert of(ledger, "image")["fate"].tolist() == ["unlabelled"]
    assert made["relabel"]["object"].tolist() == ["1" * 32]
    assert "1 object on 1 image; hours: –" in made["documents"]["README.md"].decode()


@pytest.mark.parametrize("old_votes", ["drop", "requeue"])
@pytest.mark.parametrize("task", ["classification", "detection"])
def test_an_outdated_annotation_of_an_object_counts_against_empty(task, old_votes):
    gone = {"action": "split", "classes": ["unicorn"], "to": ["cat", "dog"], "old_votes": old_votes}
    answers = ({"ann": "unicorn", "ben": "empty"}, {"ann": "unicorn", "ben": "empty", "cem": "empty"})
    world = beside_each_other([drawn(said, task, x=0.0, y=0.0) for said in answers])._replace(changes=changed(gone))
    fates = of(worlds.released(world)["release_ledger"], "image")["fate"]
    assert fates.to_dict() == {"a/0.png": "contested", "a/1.png": "reviewed empty"}


@pytest.mark.parametrize("task", ["classification", "detection"])
def test_without_the_change_it_is_an_ordinary_disagreement(task):
    ledger = worlds.released(drawn({"ann": "cat", "ben": "empty"}, task))["release_ledger"]
    assert of(ledger, "image")["fate"].tolist() == ["contested"]
