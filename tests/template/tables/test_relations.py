"""Foreign keys, identities and vocabularies of the tables: what holds is written, what does not is a fault of code."""

import pandas as pd
import pytest

from golgoru.tables import frames
from golgoru.tables.catalogue import TABLES
from golgoru.tables.frames import SchemaError
from golgoru.tables.relations import check_relations, columns_looked_at, foreign_keys

IMAGES = frames.frame("images", {"image": ["d/a.png", "d/b.png"], "content": ["a", "b"]})
PAIR = {"image_a": ["d/a.png"], "image_b": ["d/b.png"], "kind": "near", "distance": 1, "score": 0.9}
LABEL = {
    "object": ["a"], "image": ["d/a.png"], "label": "cat", "ignore": False, "votes": 2, "agreement": 1.0,
    "status": "agreed", "source": "human", "guideline_version": "1",
}  # fmt: skip


def vote(annotator: str, weight: float = 1.0, label: str = "cat") -> dict[str, object]:
    return {
        "object": "a", "image": "d/a.png", "annotator": annotator, "review": False, "label": label, "weight": weight,
        "batch": "b", "guideline_version": "1",
    }  # fmt: skip


def votes(*rows: dict[str, object]) -> pd.DataFrame:
    return frames.frame("votes", pd.DataFrame(list(rows)))


def test_what_a_table_refers_to_must_be_there():
    check_relations({"duplicate_pairs": frames.frame("duplicate_pairs", PAIR)}, {"images": IMAGES})
    astray = frames.frame("duplicate_pairs", PAIR | {"image_b": ["d/gone.png"]})
    message = r"^table duplicate_pairs, column image_b: 'd/gone\.png' is not in images\.image$"
    with pytest.raises(SchemaError, match=message):
        check_relations({"duplicate_pairs": astray}, {"images": IMAGES})


def test_a_null_refers_to_nothing():
    hit = {"edge_case": ["EDGE-001"], "image": ["d/a.png"], "object": [None]}
    known = {"images": IMAGES, "labels": frames.frame("labels")}
    check_relations({"edge_case_hits": frames.frame("edge_case_hits", hit)}, known)


def test_the_votes_of_an_annotator_add_up_to_one():
    labels = {"labels": frames.frame("labels", LABEL)}
    halves = votes(vote("ann", 0.5), vote("ann", 0.5, "dog"), vote("ben"))
    check_relations({"votes": halves}, labels | {"images": IMAGES})
    with pytest.raises(SchemaError, match="table votes: it does not hold that the votes of an annotator"):
        check_relations({"votes": votes(vote("ann", 0.5), vote("ben"))}, labels | {"images": IMAGES})


@pytest.mark.parametrize(("status", "holds"), [("agreed", False), ("adjudicated", True)])
def test_a_label_counts_its_voters_unless_a_review_settled_it(status, holds):
    labels = frames.frame("labels", LABEL | {"votes": 3, "status": status})
    written = {"labels": labels, "votes": votes(vote("ann"), vote("ben"))}
    if holds:
        check_relations(written, {"images": IMAGES})
    else:
        with pytest.raises(SchemaError, match="table labels: it does not hold that a label's votes are"):
            check_relations(written, {"images": IMAGES})


def test_fates_add_up():
    rows = {"kind": "image", "key": IMAGES["image"], "fate": "unlabelled", "stage": "consolidate"}
    tables = {name: frames.frame(name) for name in ("annotations", "rejects", "release/images")} | {"images": IMAGES}
    ledger = frames.frame("release/ledger", pd.DataFrame(rows))
    check_relations({"release/ledger": ledger}, tables)
    with pytest.raises(SchemaError, match="every raw image, annotation and reject has one fate"):
        check_relations({"release/ledger": ledger.iloc[:1]}, tables)
    released = ledger.assign(split=["train", None])
    with pytest.raises(SchemaError, match="the released images of the ledger are those of the release"):
        check_relations({"release/ledger": frames.frame("release/ledger", released)}, tables)


def test_a_value_that_the_vocabulary_does_not_have_is_not_written():
    frames.to_bytes(frames.frame("duplicate_pairs", PAIR), "duplicate_pairs")
    message = "table duplicate_pairs, column kind: 'alike' is none of its values"
    with pytest.raises(SchemaError, match=message):
        frames.to_bytes(frames.frame("duplicate_pairs", PAIR | {"kind": "alike"}), "duplicate_pairs")


def test_every_reference_names_a_column_of_its_own_type():
    for table in TABLES.values():
        types = {column.name: column.type for column in table.columns}
        assert set(table.key) <= set(types)
        for column, (other, key) in foreign_keys(table.name):
            assert {c.name: c.type for c in TABLES[other].columns}[key] == types[column]
        for identity in table.identities:
            assert table.name in identity.tables
            assert set(identity.tables) <= set(TABLES)


def test_the_columns_that_the_checks_look_at_are_those_referred_to_and_those_that_identities_name():
    assert columns_looked_at(["duplicate_pairs"]) == {"images": {"image"}}
    assert columns_looked_at(["groups"]) == {"images": {"image", "error"}}
    assert columns_looked_at([]) == {}


def test_identities_name_columns_that_exist_and_look_at_no_others_of_tables_that_another_stage_writes():
    written_together = [
        {"labels", "votes", "annotation_roles"},
        {name for name in TABLES if name.startswith("release/")},
    ]
    for name, table in TABLES.items():
        own = next((tables for tables in written_together if name in tables), {name})
        for identity in table.identities:
            named = {column.rpartition(".")[::2] for column in identity.columns}
            assert all(column in [c.name for c in TABLES[other].columns] for other, column in named)
            given = [
                frames.frame(other) if other in own
                else frames.frame(other)[[column for there, column in named if there == other]]
                for other in identity.tables
            ]  # fmt: skip
            assert identity.holds(*given), identity.sentence
