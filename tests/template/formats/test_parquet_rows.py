"""Parquet payloads: types of every kind, NaN told from null, and files that are none."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from golgoru.raw.batches import read_payload
from tests.template.builders.payloads import batch, read

NAN = float("nan")


def table(**columns: object) -> pa.Table:
    return pa.table({"image": ["1.png", "2.png"], **columns})


def test_columns_are_taken_by_name_and_by_mapping(tmp_path: Path) -> None:
    of = batch(tmp_path, {"a.parquet": table(klass=[1, None], more=[1, 2])}, "parquet", columns={"label": "klass"})
    rows, rejects = read(of)
    assert rows["label"].fillna("none").to_list() == ["1", "none"] and rejects == []
    assert read_payload(of, []).unused_columns == ("more",)


def test_a_box_with_nan_is_a_reject_and_one_with_nulls_is_no_box(tmp_path: Path) -> None:
    sides = {side: pa.array([1.0, None], pa.float64()) for side in ("y", "width", "height")}
    for value, name in ((NAN, "NaN"), (float("inf"), "Infinity")):
        of = batch(tmp_path, {"a.parquet": table(x=pa.array([value, None], pa.float64()), **sides)}, "parquet")
        rows, rejects = read(of)
        assert rejects == [("a.parquet", 1, f"x is '{name}'; expected a finite number")]
        assert rows[["image", "x"]].fillna(-1).to_numpy().tolist() == [["2.png", -1]]


def test_nan_where_a_text_is_expected_is_nothing(tmp_path: Path) -> None:
    fields = ("id", "about", "label", "text", "attributes", "created_at", "kind", "annotator")
    floats = {field: [NAN, NAN] for field in fields}
    rows, rejects = read(batch(tmp_path, {"a.parquet": table(**floats)}, "parquet"))
    assert rejects == [] and list(rows["annotator"]) == ["ann", "ann"] and list(rows["kind"]) == ["object"] * 2
    assert rows[["about", "label", "text", "attributes", "created_at"]].isna().to_numpy().all()


def test_times_decimals_and_bytes_that_are_text_are_understood(tmp_path: Path) -> None:
    columns = {
        "created_at": pa.array([dt.datetime(2026, 1, 2, 3, 4, 5), dt.datetime(2026, 1, 2)], pa.timestamp("ns", "UTC")),
        "label": [Decimal("1.50"), Decimal("2.00")],
        "text": ["é".encode(), b"b"],
        "x": [Decimal("1.5"), Decimal("2")],
        **{side: [1, 2] for side in ("y", "width", "height")},
    }
    rows, rejects = read(batch(tmp_path, {"a.parquet": table(**columns)}, "parquet"))
    assert rejects == []
    assert [time.isoformat() for time in rows["created_at"]] == [
        "2026-01-02T03:04:05+00:00",
        "2026-01-02T00:00:00+00:00",
    ]
    assert rows[["label", "text", "x"]].to_numpy().tolist() == [["1.50", "é", 1.5], ["2.00", "b", 2.0]]


@pytest.mark.parametrize("kind", [pa.list_(pa.float32()), pa.list_(pa.list_(pa.float64()))])
def test_polygons_as_lists_and_as_lists_of_points(tmp_path: Path, kind: pa.DataType) -> None:
    corners = [0.5, 0.0, 2.0, 3.0] if kind.value_type == pa.float32() else [[0.5, 0.0], [2.0, 3.0]]
    rows, rejects = read(batch(tmp_path, {"a.parquet": table(polygon=pa.array([corners, None], kind))}, "parquet"))
    assert rejects == [] and rows["polygon"][0] == [0.5, 0.0, 2.0, 3.0] and rows["polygon"].isna()[1]


def broken_text() -> pa.Table:
    buffers = [None, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe")]
    return pa.table({"image": pa.Array.from_buffers(pa.string(), 1, buffers)})


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (broken_text(), "column image: not UTF-8 text"),
        (table(label=[b"\xff", b"a"]), "column label: Invalid UTF8 payload"),
        (pa.Table.from_arrays([pa.array(["a"])] * 2, names=["image"] * 2), "column names used twice: image"),
        (
            pa.table({"file": ["a"]}),
            "no column 'image'; found file; say under 'columns' of batch.yaml which one it is",
        ),
    ],
)
def test_a_file_that_cannot_be_taken_is_one_reject(tmp_path: Path, content: pa.Table, error: str) -> None:
    assert read(batch(tmp_path, {"a.parquet": content}, "parquet"))[1] == [("a.parquet", None, error)]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"image,label\n1.png,cat\n" * 10])
def test_what_is_no_parquet_is_one_reject(tmp_path: Path, content: bytes) -> None:
    ((file, line, error),) = read(batch(tmp_path, {"a.parquet": content}, "parquet"))[1]
    assert (file, line) == ("a.parquet", None) and error.startswith("not a readable Parquet file: ")
