"""The ledger after changes of the guideline: what became of words that were made under an older one."""

import pytest

from tests.template.builders import worlds
from tests.template.builders.guideline_changes import changed
from tests.template.release.test_ledger import drawn, of


@pytest.mark.parametrize("old_votes", ["drop", "requeue"])
def test_words_that_a_change_of_the_guideline_took_away_are_outdated(old_votes):
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
def test_a_picture_is_not_empty_while_somebody_saw_on_it_what_a_change_did_away_with(task, old_votes):
    gone = {"action": "split", "classes": ["unicorn"], "to": ["cat", "dog"], "old_votes": old_votes}
    world = drawn({"ann": "unicorn", "ben": "empty"}, task, x=0.0, y=0.0)._replace(changes=changed(gone))
    assert of(worlds.released(world)["release_ledger"], "image")["fate"].tolist() == ["contested"]
    by_most = drawn({"ann": "unicorn", "ben": "empty", "cem": "empty"}, task, x=0.0, y=0.0)
    made = worlds.released(by_most._replace(changes=changed(gone)))
    assert of(made["release_ledger"], "image")["fate"].tolist() == ["reviewed empty"]
    # Without a change it is a disagreement like any other.
    assert of(worlds.released(drawn({"ann": "cat", "ben": "empty"}, task))["release_ledger"], "image")[
        "fate"
    ].tolist() == ["contested"]
