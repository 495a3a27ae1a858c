"""Stage split: what has a seat in which split, and the pins that would give one to what has none."""

import pytest

from golgoru.core.hashing import uniform
from golgoru.guideline.edge_cases import EdgeCases
from golgoru.raw.pins import Pin
from golgoru.tables import frames
from tests.template.builders.split_tables import groups, labels, run

SEED = 7


def names(**many: int) -> list[str]:
    """Return so many group names whose hashes say train, val and test."""
    limits = {"train": (0, 0.7), "val": (0.7, 0.85), "test": (0.85, 1)}
    place = {name: uniform(f"{SEED}:{name}") for name in (f"{n:032x}" for n in range(1000))}
    found = []
    for split, count in many.items():
        low, high = limits[split]
        found += [name for name, at in place.items() if low <= at < high][:count]
    return found


def catalogue(on="image", **wanted: int) -> EdgeCases:
    case = {"id": "EDGE-001", "sentence": "It is rare", "decision": "look", "on": on, "predicate": "true"}
    return EdgeCases.model_validate({"edge_cases": [case | {"wanted": wanted, "owner": "lead", "since": "1"}]})


def seats(made, kind="class"):
    table = made.seats[made.seats["kind"] == kind]
    return {
        (row.key, row.split): (row.groups, row.found, row.missing, row.short) for row in table.itertuples(index=False)
    }


def record(made):
    return [Pin(n, row.image, row.split, row.seats) for n, row in enumerate(made.proposed_pins.itertuples(), start=2)]


def test_a_class_that_chance_left_out_of_a_split_gets_a_pin_and_then_a_seat():
    table = groups(names(train=6, val=2, test=2))
    said = ["owl", "owl", "owl", "cat", "cat", "cat", "cat", "cat", "cat", "cat"]
    words = {"labels": labels(table["image"], said)}
    made = run(table, seed=SEED, given=words)
    assert seats(made)[("owl", "train")] == (3, 3, 0, 0)
    assert seats(made)[("owl", "val")] == seats(made)[("owl", "test")] == (0, 0, 1, 0)
    assert made.metrics["classes missing"] == {"train": [], "val": ["owl"], "test": ["owl"]}
    assert sorted(made.proposed_pins["split"]) == ["test", "val"]
    assert set(made.proposed_pins["was"]) == {"train"}
    assert set(made.proposed_pins["seats"]) == {"class 'owl'"}
    assert set(made.proposed_pins["image"]) < set(table["image"][:3])
    again = run(table, record(made), SEED, given=words)
    assert again.metrics["classes missing"] == {"train": [], "val": [], "test": []}
    assert again.proposed_pins.empty
    changed = made.splits["split"] != again.splits["split"]
    assert set(made.splits.loc[changed, "image"]) == set(made.proposed_pins["image"])


def test_a_class_with_one_image_says_how_many_more_to_collect():
    table = groups(names(train=3, val=2, test=2))
    made = run(table, seed=SEED, given={"labels": labels(table["image"], ["owl"] + ["cat"] * 6)})
    short = made.seats[made.seats["short"] > 0]
    assert short["split"].tolist() == ["val", "test"]
    assert set(short["why"]) == {"class 'owl' has 1 group: it can stand in one split; collect 2 more"}
    assert made.seats.loc[made.seats["short"] == 0, "why"].isna().all()
    assert made.proposed_pins.empty


def test_what_a_release_would_not_have_takes_no_seat():
    table = groups(names(train=6))
    labelled = labels(table["image"], ["a", "b", "c", "d", "e", "e"])
    labelled["status"] = ["contested", "agreed", "agreed", "agreed", "agreed", "agreed"]
    labelled["ignore"] = [False, True, False, False, False, False]
    kept = {"image": ["a/2.png"], "duplicate_of": "a/3.png", "kind": "near", "rule": "COPY-002"}
    made = run(table, seed=SEED, given={"labels": labelled, "duplicates": frames.frame("duplicates", kept)})
    found = seats(made)
    assert {key: found[key, "train"][1] for key in "acde"} == {"a": 0, "c": 0, "d": 1, "e": 2}
    assert ("b", "train") not in found
    (why,) = set(made.seats.loc[made.seats["key"] == "a", "why"])
    assert why == "class 'a' has no group with an agreed label that a release would have; collect 3"


@pytest.mark.parametrize("on", ["image", "object"])
def test_wanted_edge_cases_are_counted_by_images_or_objects_and_seated(on):
    table = groups(names(train=5, val=1, test=1))
    words = labels([*table["image"], "a/0.png"], "cat")
    fired = {"edge_case": "EDGE-001", "image": ["a/0.png", "a/0.png", "a/1.png", "a/2.png"]}
    if on == "image":
        cases = frames.frame(
            "edge_case_hits", {k: v[1:] if k == "image" else v for k, v in fired.items()} | {"object": None}
        )
    else:
        cases = frames.frame("edge_case_hits", fired | {"object": ["o0", "o7", "o1", "o2"]})
    given = {"labels": words, "cases": cases, "edge_cases": catalogue(on, train=1, val=2)}
    made = run(table, seed=SEED, given=given)
    found = seats(made, "edge case")
    first = 3 if on == "image" else 4
    assert found[("EDGE-001", "train")] == (3, first, 0, 0)
    assert found[("EDGE-001", "val")] == (0, 0, 2, 0)
    assert found[("EDGE-001", "test")] == (0, 0, 0, 0)
    # The picture with two objects seats both at once.
    assert made.proposed_pins["image"].tolist() == (
        ["a/0.png"] if on == "object" else made.proposed_pins["image"].tolist()
    )
    assert len(made.proposed_pins) == (1 if on == "object" else 2)
    units = 2 if on == "object" else 1
    assert set(made.proposed_pins["seats"]) == {f"edge case EDGE-001 ({units} of 2 missing)"}


def test_an_edge_case_that_is_too_rare_says_how_many_to_collect():
    table = groups(names(train=2))
    cases = frames.frame("edge_case_hits", {"edge_case": ["EDGE-001"], "image": ["a/0.png"], "object": None})
    given = {"labels": labels(table["image"], "cat"), "cases": cases, "edge_cases": catalogue(train=3, test=2)}
    made = run(table, seed=SEED, given=given)
    why = made.seats[(made.seats["kind"] == "edge case") & (made.seats["short"] > 0)]["why"]
    assert set(why) == {"edge case EDGE-001 is found 1 time, and 5 are wanted; collect 4 more"}


def test_a_picture_found_empty_counts_for_an_edge_case_of_images():
    table = groups(names(train=2))
    cases = frames.frame("edge_case_hits", {"edge_case": "EDGE-001", "image": table["image"], "object": None})
    votes = frames.frame("annotation_roles", {"annotation": ["x"], "image": ["a/0.png"], "role": "empty"})
    given = {"annotation_roles": votes, "edge_case_hits": cases, "edge_cases": catalogue(train=3)}
    assert seats(run(table, seed=SEED, given=given), "edge case")[("EDGE-001", "train")][1] == 1


def test_with_a_frozen_test_set_no_pin_goes_into_it_or_out_of_it():
    table = groups(names(train=6, val=2, test=3))
    said = ["owl"] * 3 + ["cat"] * 5 + ["elk"] * 3
    made = run(table, seed=SEED, given={"labels": labels(table["image"], said)}, frozen="2026-06-01")
    assert made.proposed_pins["split"].tolist() == ["val"]
    why = made.seats[made.seats["short"] > 0].set_index(["key", "split"])["why"]
    frozen = "the test set is frozen since 2026-06-01, and a pin would change it"
    assert why[("owl", "test")] == f"class 'owl': {frozen}"
    held = (
        "the groups that have it are pinned, in the frozen test set, or hold what their split would lack; collect more"
    )
    assert why[("elk", "train")] == f"class 'elk': {held}"


def test_a_split_without_a_share_has_no_seats():
    table = groups(names(train=4))
    shares = {"train": 0.8, "val": 0.2, "test": 0}
    made = run(table, seed=SEED, given={"labels": labels(table["image"], "cat")}, shares=shares)
    assert made.seats["split"].tolist() == ["train", "val"]
    assert made.proposed_pins["split"].tolist() == ["val"]


def test_too_large_a_question_is_answered_greedily_and_says_so(monkeypatch):
    monkeypatch.setattr("golgoru.splits.pin_solver.MAX_KINDS", 0)
    table = groups(names(train=6, val=2, test=2))
    made = run(table, seed=SEED, given={"labels": labels(table["image"], ["owl"] * 3 + ["cat"] * 7)})
    assert made.metrics["proposed pins"] == {"groups": 2, "smallest set": False}
    assert made.metrics["short with them"] == 0
