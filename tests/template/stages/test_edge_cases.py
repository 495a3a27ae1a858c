"""Stage edge_cases: every hit is listed, contested or not, and a release compares its counts with what is wanted."""

from pathlib import Path

import pandas as pd
import pytest

from golgoru.core.errors import UserError
from golgoru.guideline.edge_cases import EdgeCases
from golgoru.release import card_edge_cases
from golgoru.tables import frames
from golgoru.validation import edge_case_counts
from stages.edge_cases import Params, transform
from tests.template.builders import small_release
from tests.template.builders.feature_tables import CLASSES, image_name, tables, with_changed_row

_CASE = {"sentence": "It is | odd", "decision": "Look.", "owner": "lead", "since": "1.0", "on": "object"}


def catalogue(**predicates):
    return EdgeCases.model_validate({"edge_cases": [
        _CASE | {"id": f"EDGE-{number:03}", "predicate": predicate, "on": key.split("_")[0]}
        | ({"wanted": {"train": 2, "val": 1}} if key.endswith("wanted") else {})
        | ({"status": "retired"} if key.endswith("retired") else {})
        for number, (key, predicate) in enumerate(predicates.items())
    ]})  # fmt: skip


def run(given, edge_cases):
    return transform(**given, classes=CLASSES, edge_cases=edge_cases, params=Params())


def test_hits_are_listed_and_counted_per_class_contested_or_not():
    given = with_changed_row("labels", 0, status="contested", text=None)
    given["images"] = given["images"].assign(brightness=[*[9.0] * 2, *[99.0] * (len(given["images"]) - 2)])
    made = run(given, catalogue(
        object="status = 'contested'", image="brightness < 50", object_retired="true", object_text="text = 'Total'",
    ))  # fmt: skip
    listed = frames.canonical_table(made.edge_case_hits, "edge_case_hits").to_pylist()
    assert listed[0] == {"edge_case": "EDGE-000", "image": image_name(0), "object": "00 cat"}
    assert [row for row in listed if row["edge_case"] == "EDGE-001"] == [
        {"edge_case": "EDGE-001", "image": image_name(n), "object": None} for n in (0, 1)
    ]
    counts = made.metrics["edge_cases"]
    assert counts["EDGE-000"] == {"images": 1, "objects": 1, "classes": {"cat": 1}}
    assert counts["EDGE-001"] == {"images": 2, "objects": 4, "classes": {"cat": 2, "dog": 2}}
    assert "EDGE-002" not in counts
    evaluable = made.evaluable_edge_cases.set_index("edge_case")
    assert evaluable["rows"].to_dict() == {"EDGE-000": 120, "EDGE-001": 60, "EDGE-003": 119}  # no answer over a null
    assert evaluable["missing_columns"].isna().all()


def test_columns_without_any_value_are_named():
    made = run(tables(labels=tables()["labels"].drop(columns="text")), catalogue(object="text = 'a' AND votes > 0"))
    assert made.evaluable_edge_cases.to_dict("records") == [
        {"edge_case": "EDGE-000", "rows": 0, "missing_columns": "text"}
    ]


def test_neither_an_empty_catalogue_nor_empty_tables_stop_it():
    assert len(run(tables(), EdgeCases()).evaluable_edge_cases) == 0
    made = run({table: frames.frame(table) for table in tables()}, catalogue(object="votes > 0", image="objects > 1"))
    assert len(made.edge_case_hits) == 0
    assert made.evaluable_edge_cases["rows"].tolist() == [0, 0]


def test_a_trigger_that_cannot_be_evaluated_stops_with_its_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("guidelines").mkdir()
    Path("guidelines/edge_cases.yaml").write_text("edge_cases:\n- predicate: camera = 'a'\n")
    with pytest.raises(
        UserError, match=r"^guidelines/edge_cases.yaml:2: EDGE-000: predicate: there is no column 'camera'"
    ):
        run(tables(), catalogue(image="camera = 'a'"))
    with_camera = tables()["sources"].assign(camera="a")
    assert len(run(tables() | {"sources": with_camera}, catalogue(image="camera = 'a'")).edge_case_hits) == 60


def released():
    """Two objects in train, one in val, an image reviewed as empty in test; and hits that are not all released."""
    fired = [
        ("EDGE-000", "a/1.png", "o1"), ("EDGE-000", "a/1.png", "o2"), ("EDGE-000", "a/1.png", "contested"),
        ("EDGE-000", "a/gone.png", "o9"), ("EDGE-001", "a/세포.png", None), ("EDGE-001", "a/gone.png", None),
    ]  # fmt: skip
    rows = frames.frame("edge_case_hits", pd.DataFrame(fired, columns=["edge_case", "image", "object"]))
    edge_cases = catalogue(object_wanted="true", image_wanted="true", object="text = 'a'")
    return edge_cases, edge_case_counts.release_counts(edge_cases, rows, small_release.tables())


def test_a_release_counts_what_it_has_against_what_is_wanted():
    _, counts = released()
    none = {"found": 0, "wanted": 0, "missing": 0}
    assert counts["EDGE-000"] == {
        "images": 1,
        "objects": 2,
        "train": {"found": 2, "wanted": 2, "missing": 0},
        "val": {"found": 0, "wanted": 1, "missing": 1},
        "test": none,
    }
    assert counts["EDGE-001"]["test"] == {"found": 1, "wanted": 0, "missing": 0}
    assert counts["EDGE-001"]["train"] == {"found": 0, "wanted": 2, "missing": 2}
    assert counts["EDGE-002"] == {"images": 0, "objects": 0, "train": none, "val": none, "test": none}


def test_the_card_says_what_is_found_what_is_missing_and_what_cannot_be_evaluated():
    edge_cases, counts = released()
    rows = {
        "edge_case": ["EDGE-000", "EDGE-001", "EDGE-002"],
        "rows": [9, 9, 0],
        "missing_columns": [None, None, "text"],
    }
    text = card_edge_cases.edge_cases_section(edge_cases, frames.frame("evaluable_edge_cases", rows), counts)
    assert text.splitlines()[-3:] == [
        "| EDGE-000 | It is \\| odd | object | 2 / 2 | 0 / 1 | 0 | 1 object in val |",
        "| EDGE-001 | It is \\| odd | image | 0 / 2 | 0 / 1 | 1 | 2 images in train, 1 image in val |",
        "| EDGE-002 | It is \\| odd | object | – | – | – | cannot be evaluated: no row has a value of `text` |",
    ]
    assert card_edge_cases.edge_cases_section(EdgeCases(), frames.frame("evaluable_edge_cases"), {}) == ""
