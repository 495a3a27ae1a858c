"""Stage split: what each split shows and lacks, and the pins that would supply it."""

import pytest

from golgoru.core.hashing import uniform_hash
from golgoru.guideline.edge_cases import EdgeCases
from golgoru.raw.pins import Pin
from golgoru.tables import frames
from tests.template.builders.split_tables import groups, labels, run

SEED = 7


def names(**many: int) -> list[str]:
    """Return so many group names whose hashes say train, val and test."""
    limits = {"train": (0, 0.7), "val": (0.7, 0.85), "test": (0.85, 1)}
    place = {name: uniform_hash(f"{SEED}:{name}") for name in (f"{n:032x}" for n in range(1000))}
    found = []
    for split, count in many.items():
        low, high = limits[split]
        found += [name for name, at in place.items() if low <= at < high][:count]
    return found


def catalogue(on="image", **wanted: int) -> EdgeCases:
    case = {"id": "EDGE-001", "sentence": "It is rare", "decision": "look", "on": on, "predicate": "true"}
    return EdgeCases.model_validate({"edge_cases": [case | {"wanted": wanted, "owner": "lead", "since": "1"}]})


def coverage(made, kind="class"):
    table = made.split_coverage[made.split_coverage["kind"] == kind]
    return {
        (row.key, row.split): (row.groups, row.found, row.missing, row.missing_with_pins)
        for row in table.itertuples(index=False)
    }


def record(made):
    return [Pin(n, row.image, row.split, row.covers) for n, row in enumerate(made.proposed_pins.itertuples(), start=2)]


def test_a_class_that_chance_left_out_of_a_split_gets_a_pin_and_is_then_covered():
    table = groups(names(train=6, val=2, test=2))
    label = ["owl", "owl", "owl", "cat", "cat", "cat", "cat", "cat", "cat", "cat"]
    given = {"labels": labels(table["image"], label)}
    made = run(table, seed=SEED, given=given)
    assert coverage(made)[("owl", "train")] == (3, 3, 0, 0)
    assert coverage(made)[("owl", "val")] == coverage(made)[("owl", "test")] == (0, 0, 1, 0)
    assert made.metrics["classes missing"] == {"train": [], "val": ["owl"], "test": ["owl"]}
    assert sorted(made.proposed_pins["split"]) == ["test", "val"]
    assert set(made.proposed_pins["was"]) == {"train"}
    assert set(made.proposed_pins["covers"]) == {"class 'owl'"}
    assert set(made.proposed_pins["image"]) < set(table["image"][:3])
    again = run(table, record(made), SEED, given=given)
    assert again.metrics["classes missing"] == {"train": [], "val": [], "test": []}
    assert again.proposed_pins.empty
    changed = made.splits["split"] != again.splits["split"]
    assert set(made.splits.loc[changed, "image"]) == set(made.proposed_pins["image"])


def test_a_class_with_one_image_says_how_many_more_to_collect():
    table = groups(names(train=3, val=2, test=2))
    made = run(table, seed=SEED, given={"labels": labels(table["image"], ["owl"] + ["cat"] * 6)})
    lacking = made.split_coverage[made.split_coverage["missing_with_pins"] > 0]
    assert lacking["split"].tolist() == ["val", "test"]
    assert set(lacking["reason"]) == {"class 'owl' has 1 group, enough for one split; collect 2 more"}
    assert made.split_coverage.loc[made.split_coverage["missing_with_pins"] == 0, "reason"].isna().all()
    assert made.proposed_pins.empty


def test_what_a_release_would_not_have_does_not_count():
    table = groups(names(train=6))
    labelled = labels(table["image"], ["a", "b", "c", "d", "e", "e"])
    labelled["status"] = ["contested", "agreed", "agreed", "agreed", "agreed", "agreed"]
    labelled["ignore"] = [False, True, False, False, False, False]
    kept = {"image": ["a/2.png"], "duplicate_of": "a/3.png", "kind": "near", "rule": "COPY-002"}
    made = run(table, seed=SEED, given={"labels": labelled, "duplicates": frames.frame("duplicates", kept)})
    counts = coverage(made)
    assert {key: counts[key, "train"][1] for key in "acde"} == {"a": 0, "c": 0, "d": 1, "e": 2}
    assert ("b", "train") not in counts
    (reason,) = set(made.split_coverage.loc[made.split_coverage["key"] == "a", "reason"])
    assert reason == "class 'a' has no group with an agreed label that a release would have; collect 3"


@pytest.mark.parametrize("on", ["image", "object"])
def test_wanted_edge_cases_are_counted_by_images_or_objects_and_supplied(on):
    table = groups(names(train=5, val=1, test=1))
    labelled = labels([*table["image"], "a/0.png"], "cat")
    fired = {"edge_case": "EDGE-001", "image": ["a/0.png", "a/0.png", "a/1.png", "a/2.png"]}
    if on == "image":
        hits = frames.frame(
            "edge_case_hits", {k: v[1:] if k == "image" else v for k, v in fired.items()} | {"object": None}
        )
    else:
        hits = frames.frame("edge_case_hits", fired | {"object": ["o0", "o7", "o1", "o2"]})
    given = {"labels": labelled, "edge_case_hits": hits, "edge_cases": catalogue(on, train=1, val=2)}
    made = run(table, seed=SEED, given=given)
    counts = coverage(made, "edge case")
    first = 3 if on == "image" else 4
    assert counts[("EDGE-001", "train")] == (3, first, 0, 0)
    assert counts[("EDGE-001", "val")] == (0, 0, 2, 0)
    assert counts[("EDGE-001", "test")] == (0, 0, 0, 0)
    # The picture with two objects supplies both at once.
    assert made.proposed_pins["image"].tolist() == (
        ["a/0.png"] if on == "object" else made.proposed_pins["image"].tolist()
    )
    assert len(made.proposed_pins) == (1 if on == "object" else 2)
    units = 2 if on == "object" else 1
    assert set(made.proposed_pins["covers"]) == {f"edge case EDGE-001 ({units} of 2 missing)"}


def test_an_edge_case_that_is_too_rare_says_how_many_to_collect():
    table = groups(names(train=2))
    hits = frames.frame("edge_case_hits", {"edge_case": ["EDGE-001"], "image": ["a/0.png"], "object": None})
    given = {"labels": labels(table["image"], "cat"), "edge_case_hits": hits, "edge_cases": catalogue(train=3, test=2)}
    made = run(table, seed=SEED, given=given)
    reason = made.split_coverage[
        (made.split_coverage["kind"] == "edge case") & (made.split_coverage["missing_with_pins"] > 0)
    ]["reason"]
    assert set(reason) == {"edge case EDGE-001 is found 1 time, and 5 are wanted; collect 4 more"}


def test_an_image_reviewed_as_empty_counts_for_an_edge_case_of_images():
    table = groups(names(train=2))
    hits = frames.frame("edge_case_hits", {"edge_case": "EDGE-001", "image": table["image"], "object": None})
    roles = frames.frame("annotation_roles", {"annotation": ["x"], "image": ["a/0.png"], "role": "empty"})
    given = {"annotation_roles": roles, "edge_case_hits": hits, "edge_cases": catalogue(train=3)}
    assert coverage(run(table, seed=SEED, given=given), "edge case")[("EDGE-001", "train")][1] == 1


def test_with_a_frozen_test_set_no_pin_goes_into_it_or_out_of_it():
    table = groups(names(train=6, val=2, test=3))
    label = ["owl"] * 3 + ["cat"] * 5 + ["elk"] * 3
    made = run(table, seed=SEED, given={"labels": labels(table["image"], label)}, frozen="2026-06-01")
    assert made.proposed_pins["split"].tolist() == ["val"]
    reason = made.split_coverage[made.split_coverage["missing_with_pins"] > 0].set_index(["key", "split"])["reason"]
    frozen = "the test set is frozen since 2026-06-01, and a pin would change it"
    assert reason[("owl", "test")] == f"class 'owl': {frozen}"
    assert reason[("elk", "train")] == (
        "class 'elk': the groups that show it are pinned, in the frozen test set, or needed in the split they are in; "
        "collect more"
    )


def test_a_split_without_a_share_wants_nothing():
    table = groups(names(train=4))
    shares = {"train": 0.8, "val": 0.2, "test": 0}
    made = run(table, seed=SEED, given={"labels": labels(table["image"], "cat")}, shares=shares)
    assert made.split_coverage["split"].tolist() == ["train", "val"]
    assert made.proposed_pins["split"].tolist() == ["val"]


def test_metrics_say_whether_the_proposed_set_is_proven_the_smallest():
    table = groups(names(train=6, val=2, test=2))
    made = run(table, seed=SEED, given={"labels": labels(table["image"], ["owl"] * 3 + ["cat"] * 7)})
    assert made.metrics["proposed pins"] == {"groups": 2, "proven smallest": True}
    assert made.metrics["missing with proposed pins"] == 0
