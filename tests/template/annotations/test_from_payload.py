"""From payload rows to annotations: keys independent of row order, geometry in one convention, reasons of rejects."""

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golgoru.annotations.from_payload import to_annotations
from golgoru.formats.payload import Payload, rows_frame
from golgoru.raw.batches import Batch, BatchFile
from golgoru.tables import frames
from tests.template.builders.examples import examples


def annotate(rows: list[dict[str, Any]], **settings: Any) -> tuple[pd.DataFrame, list[str]]:
    """Return annotations and the reasons of rejects, for rows as a reader gives them."""
    written = {"format": "csv", "source": "human", "date": date(2026, 1, 5), "guideline_version": "1.0"}
    of = Batch("b", Path("batch.yaml"), BatchFile(**written | {"annotator": "ann"} | settings), Path("payload"))
    numbered = rows_frame([{"file": "a", "line": line, **row} for line, row in enumerate(rows, start=1)])
    annotations, rejects = to_annotations(Payload(numbered, []), of)
    return annotations, [reject.error for reject in rejects]


def box(annotations: pd.DataFrame) -> list[list[float]]:
    rows: list[list[float]] = annotations[["x", "y", "width", "height"]].to_numpy().tolist()
    return rows


def test_a_row_with_nothing_but_its_image_is_an_annotation() -> None:
    annotations, reasons = annotate([{"image": "1.png"}])
    (row,) = annotations.drop(columns="annotation").dropna(axis=1).to_dict("records")
    assert reasons == []
    assert row == {
        "image": "1.png",
        "annotator": "ann",
        "batch": "b",
        "date": "2026-01-05",
        "source": "human",
        "kind": "object",
        "guideline_version": "1.0",
    }


def test_no_rows_give_an_empty_table() -> None:
    annotations, reasons = annotate([])
    assert reasons == [] and list(annotations) == list(frames.frame("annotations"))


@pytest.mark.parametrize(
    "value", ["nan", "NaN", "inf", "-inf", "1e400", "1_000", "１", "0x1", "", " ", "1,5", True, [1], {}]
)
@pytest.mark.parametrize("field", ["x", "lead_time_s"])
def test_what_is_no_finite_number_is_refused(field: str, value: Any) -> None:
    sides = dict.fromkeys(("x", "y", "width", "height"), "1")
    annotations, (reason,) = annotate([{"image": "1.png", **sides, field: value}])
    assert annotations.empty and reason.startswith(f"{field} is ") and reason.endswith("; expected a finite number")


@pytest.mark.parametrize(
    "text", ["0.1", "6.02214076e23", "123456789.123456789", "0.30000000000000004", "-0", " 5. ", ".5"]
)
def test_numbers_are_read_as_exactly_as_python_reads_them(text: str) -> None:
    assert box(annotate([{"image": "1.png", "x": text, "y": "0", "width": text, "height": text}])[0])[0][0] == float(
        text
    )


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"x": 1, "y": 1, "width": 1}, "the box is incomplete: expected x, y, width, height, or x, y, x2, y2"),
        ({"x": 1, "y": 1, "width": 1, "y2": 1}, "the box is incomplete: expected x, y, width, height, or x, y, x2, y2"),
        (
            {"x": 1, "y": 1, "width": 1, "height": 1, "x2": 1, "y2": 1},
            "the box is incomplete: expected x, y, width, height, or x, y, x2, y2",
        ),
        ({"x": -1e308, "y": 1, "x2": 1e308, "y2": 1}, "the box is beyond what a number can hold"),
        ({"polygon": [-1e308, 0, 1e308, 0]}, "the box is beyond what a number can hold"),
        ({"kind": "Object"}, "kind is 'Object'; expected one of object, empty, remove, unsure, skipped"),
        ({"kind": ["object"]}, """kind is '["object"]'; expected one of object, empty, remove, unsure, skipped"""),
        ({"origin": "guess"}, "origin is 'guess'; expected one of manual, prediction, prediction-changed"),
        ({"created_at": "yesterday"}, "created_at is 'yesterday'; expected an ISO 8601 time"),
        ({"created_at": "now"}, "created_at is 'now'; expected an ISO 8601 time"),
        ({"created_at": "today"}, "created_at is 'today'; expected an ISO 8601 time"),
        ({"created_at": "1700000000"}, "created_at is '1700000000'; expected an ISO 8601 time"),
        ({"image": " "}, "image is missing"),
        ({"annotator": " "}, "annotator is missing"),
    ],
)
def test_a_row_that_makes_no_sense_is_refused_with_its_reason(row: dict[str, Any], reason: str) -> None:
    annotations, reasons = annotate([{"image": "1.png", **row}, {"image": "2.png"}])
    assert list(annotations["image"]) == ["2.png"] and reasons == [reason]


@pytest.mark.parametrize(
    "polygon",
    [
        "5",
        '"12"',
        {"1": 1, "2": 2},
        [],
        [1],
        [1, 2, 3],
        [1, "nan"],
        [True, 1],
        "[NaN, 1]",
        [[1, 2], 3],
        [[[1, 2]]],
        "[" * 5000,
    ],
)
def test_what_is_no_polygon_is_refused(polygon: Any) -> None:
    annotations, (reason,) = annotate([{"image": "1.png", "polygon": polygon}])
    assert annotations.empty and reason.endswith("; expected a list of finite numbers x1, y1, x2, y2, ...")


@pytest.mark.parametrize(
    "polygon", [[1, 2, 3, 5], [[1, 2], [3, 5]], "[1, 2, 3, 5]", "[[1,2],[3,5]]", ["1", " 2", "3.0", "5"]]
)
def test_polygons_of_every_form_and_the_box_around_them(polygon: Any) -> None:
    annotations, reasons = annotate([{"image": "1.png", "polygon": polygon}, {"image": "2.png"}])
    assert reasons == [] and annotations["polygon"][0] == [1.0, 2.0, 3.0, 5.0]
    assert box(annotations)[0] == [1.0, 2.0, 2.0, 3.0]
    assert annotations.loc[1, ["x", "polygon"]].isna().all()


@pytest.mark.parametrize(
    ("boxes", "corners", "size"),
    [
        (None, [1, 1, 8, 9], [1, 1, 5, 5]),
        ("edges", [1, 1, 8, 9], [1, 1, 5, 5]),
        ("pixels-from-0", [1, 1, 9, 10], [1, 1, 5, 5]),
        ("pixels-from-1", [0, 0, 9, 10], [0, 0, 5, 5]),
    ],
)
def test_the_three_conventions_for_corners_and_for_sizes(
    boxes: str | None, corners: list[float], size: list[float]
) -> None:
    rows = [
        {"image": "1.png", "x": 1, "y": 1, "x2": 9, "y2": 10},
        {"image": "1.png", "x": 1, "y": 1, "width": 5, "height": 5},
    ]
    assert box(annotate(rows, boxes=boxes)[0]) == [corners, size]


def test_a_shift_moves_boxes_and_polygons() -> None:
    rows = [{"image": "1.png", "x": 1, "y": 2, "width": 3, "height": 4}, {"image": "2.png", "polygon": [0, 0, 1, 1]}]
    annotations, _ = annotate(rows, shift=(0.5, -1))
    assert box(annotations) == [[1.5, 1.0, 3.0, 4.0], [0.5, -1.0, 1.0, 1.0]]
    assert annotations["polygon"][1] == [0.5, -1.0, 1.5, 0.0]


def test_a_shift_moves_boxes_where_no_row_has_a_polygon() -> None:
    annotations, rejects = annotate([{"image": "1.png", "x": 1, "y": 2, "width": 3, "height": 4}], shift=(-1, -1))
    assert (box(annotations), rejects) == ([[0.0, 1.0, 3.0, 4.0]], [])
    assert annotations["polygon"].isna().all()


def test_classes_are_mapped_and_an_object_without_one_takes_the_batch_s_label() -> None:
    rows = [{"label": "RBC"}, {"label": "other"}, {}, {"kind": "empty"}, {"kind": "empty", "label": "RBC"}]
    annotations, _ = annotate(
        [{"image": "1.png", **row} for row in rows], classes={"RBC": "red", "cell": "white"}, label="cell"
    )
    assert annotations["label"].fillna("null").tolist() == ["red", "other", "white", "null", "red"]


def test_the_row_s_annotator_goes_before_the_batch_s() -> None:
    annotations, _ = annotate([{"image": "1.png", "annotator": "ben"}, {"image": "1.png"}])
    assert list(annotations["annotator"]) == ["ben", "ann"]


def test_times_are_utc_and_one_without_zone_is_taken_as_utc() -> None:
    times = ["2026-01-02T03:04:05+09:00", "2026-01-02 03:04:05", "2026-01-02", None]
    annotations, reasons = annotate([{"image": "1.png", "created_at": time} for time in times])
    shown = ["2026-01-01 18:04:05+00:00", "2026-01-02 03:04:05+00:00", "2026-01-02 00:00:00+00:00", "NaT"]
    assert [str(time) for time in annotations["created_at"]] == shown and reasons == []


@pytest.mark.parametrize(
    ("written", "attributes"),
    [
        ({"b": 1, "a": "ä"}, '{"a": "ä", "b": 1}'),
        ('{"b": 1, "a": "ä"}', '{"a": "ä", "b": 1}'),
        ("blurred", '{"note": "blurred"}'),
        ("[1, 2]", '{"note": "[1, 2]"}'),
        ('{"a": NaN}', r'{"note": "{\"a\": NaN}"}'),
        ('{"a": 1, "a": 2}', r'{"note": "{\"a\": 1, \"a\": 2}"}'),
        (r'{"a": "\ud800"}', r'{"note": "{\"a\": \"\\ud800\"}"}'),
        (["x"], '{"note": ["x"]}'),
    ],
)
def test_attributes_are_a_json_object_and_any_other_text_is_a_note(written: Any, attributes: str) -> None:
    annotations, _ = annotate([{"image": "1.png", "attributes": written}])
    assert list(annotations["attributes"]) == [attributes]
    frames.to_bytes(annotations, "annotations")


def test_ids_that_stand_twice_name_nothing() -> None:
    annotations, reasons = annotate(
        [{"image": f"{number}.png", "id": name} for number, name in enumerate(["a", "b", "a", None])]
    )
    assert len(annotations) == 2 and annotations["annotation"][0] == "b/b"
    assert reasons == ["id is 'a'; expected an id that is used once in the batch"] * 2


def test_an_id_that_is_the_key_of_a_row_without_one_is_refused() -> None:
    key = annotate([{"image": "1.png"}, {"image": "2.png", "id": "y"}])[0]["annotation"][0].removeprefix("b/")
    annotations, reasons = annotate([{"image": "1.png"}, {"image": "2.png", "id": key}])
    assert reasons == [f"id is '{key}'; expected an id that is no other row's key"]
    assert list(annotations["image"]) == ["1.png"]


VALUES = st.sampled_from(["a", "b", "\x1f", "a\x1f", "\x1fa", "?", "", None, 1, 1.0, "1", float("nan"), "NaN"])
ROWS = st.lists(
    st.fixed_dictionaries(
        {"image": st.sampled_from(["1.png", "2.png", "1.png\x1fa"])},
        optional={"label": VALUES, "text": VALUES, "about": VALUES, "annotator": VALUES, "x": VALUES},
    ),
    max_size=8,
)


@examples(20)
@given(rows=ROWS, order=st.randoms(use_true_random=False))
def test_shuffled_rows_give_the_same_table(rows: list[dict[str, Any]], order: Any) -> None:
    shuffled = rows.copy()
    order.shuffle(shuffled)
    first, again = annotate(rows), annotate(shuffled)
    assert frames.to_bytes(first[0], "annotations") == frames.to_bytes(again[0], "annotations")
    assert sorted(first[1]) == sorted(again[1])
    assert len(first[0]) + len(first[1]) == len(rows)


@examples(10)
@given(rows=ROWS.filter(len))
def test_a_row_more_changes_no_other_row_s_key(rows: list[dict[str, Any]]) -> None:
    # With the same columns: a payload never changes after it has landed.
    columns = dict.fromkeys(column for row in rows for column in row)
    rows = [{column: row.get(column) for column in columns} for row in rows]
    fewer = set(annotate([*rows[:-1], {**rows[-1], "image": ""}])[0]["annotation"])
    assert fewer <= set(annotate(rows)[0]["annotation"])


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59-23:00", "0001-01-01T00:00:00+14:00"])
def test_a_time_outside_the_calendar_is_a_reject(time: str) -> None:
    annotations, rejects = annotate([{"image": "1.png", "label": "cat", "created_at": time}])
    assert annotations.empty
    assert rejects == [f"created_at is '{time}'; expected an ISO 8601 time"]
