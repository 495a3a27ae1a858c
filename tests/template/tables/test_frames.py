"""Tables on disk: equal tables give equal bytes, and what breaks a schema is never written."""

import hashlib
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golgoru.core.errors import UserError
from golgoru.tables import frames
from golgoru.tables.catalogue import TABLES
from golgoru.tables.frames import SchemaError

VALUES = {"source": "human", "kind": "object"}
NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False)
ANNOTATIONS = st.lists(
    st.fixed_dictionaries({
        "annotation": st.text(st.characters(codec="utf-8"), max_size=5),
        "x": NUMBERS,
        "label": st.none() | st.text(st.characters(codec="utf-8"), max_size=5),
        "polygon": st.none() | st.lists(st.floats(allow_nan=False), min_size=2, max_size=4),
    }),
    unique_by=lambda row: row["annotation"],
    max_size=8,
)  # fmt: skip


def annotations(rows: list[dict[str, Any]]) -> pd.DataFrame:
    names = ("image", "annotator", "batch", "date", "guideline_version")
    # By column, since a frame of dicts would turn a null among texts into NaN of its own making.
    columns = {name: [row[name] for row in rows] for name in ("annotation", "x", "label", "polygon")}
    fixed = dict.fromkeys(names, "a") | VALUES
    return frames.frame("annotations", pd.DataFrame(columns, dtype=object).assign(**fixed))


def source(**extra: object) -> pd.DataFrame:
    return frames.frame("sources", {"image": ["b", "a"], "delivery": "d", "date": "2026-01-05", **extra})


@settings(max_examples=50, deadline=None)
@given(rows=ANNOTATIONS, order=st.randoms(use_true_random=False))
def test_rows_in_any_order_with_columns_in_any_order_give_the_same_bytes(
    rows: list[dict[str, Any]], order: Any
) -> None:
    table = annotations(rows)
    shuffled, columns = rows.copy(), list(table)
    order.shuffle(shuffled)
    order.shuffle(columns)
    again = annotations(shuffled)[columns].set_axis(range(7, 7 + len(rows)))
    assert frames.to_bytes(table, "annotations") == frames.to_bytes(again, "annotations")


@settings(max_examples=30, deadline=None)
@given(rows=ANNOTATIONS)
def test_a_table_comes_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    path = tmp_path_factory.mktemp("tables") / "annotations.parquet"
    frames.write_table(annotations(rows), path, "annotations")
    again = frames.read_table(path, "annotations")
    assert path.read_bytes() == frames.to_bytes(again, "annotations")
    assert again.dtypes.to_list() == frames.frame("annotations").dtypes.to_list()


def test_bytes_hold_no_metadata_and_no_trace_of_pandas() -> None:
    content = frames.to_bytes(source(), "sources")
    metadata = pq.ParquetFile(pa.BufferReader(content)).metadata
    assert metadata.metadata is None and b"pandas" not in content and b"ARROW:schema" not in content


@pytest.mark.parametrize("name", sorted(TABLES))
def test_an_empty_table_of_every_kind_can_be_written_and_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / "table.parquet"
    frames.write_table(frames.frame(name), path, name)
    assert frames.read_table(path, name).empty
    assert [file.name for file in tmp_path.iterdir()] == ["table.parquet"]


def test_empty_tables_that_were_read_can_be_joined_by_two_columns(tmp_path: Path) -> None:
    frames.write_table(frames.frame("edge_case_hits"), tmp_path / "t.parquet", "edge_case_hits")
    read = frames.read_table(tmp_path / "t.parquet", "edge_case_hits")
    count = read.groupby(["edge_case", "image"]).size().rename("many")
    assert read.merge(count, left_on=["edge_case", "image"], right_index=True, how="left").empty


@settings(max_examples=50, deadline=None)
@given(rows=ANNOTATIONS, rows_per_group=st.integers(1, 3))
def test_row_groups_are_those_of_the_whole_table_and_its_bytes_those_of_a_plain_write(
    rows: list[dict[str, Any]], rows_per_group: int
) -> None:
    whole = frames.canonical_table(annotations(rows), "annotations")
    sink = pa.BufferOutputStream()
    pq.write_table(whole, sink, compression="zstd", store_schema=False, row_group_size=rows_per_group)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frames, "_ROW_GROUP", rows_per_group)
        assert frames.to_bytes(annotations(rows), "annotations") == sink.getvalue().to_pybytes()
        assert frames.canonical_table(annotations(rows), "annotations").equals(whole)
    assert whole["annotation"].to_pylist() == sorted(row["annotation"] for row in rows)


def test_a_table_of_several_chunks_has_the_bytes_of_one() -> None:
    names = pd.Series([f"image {number:05}" for number in range(3000)], dtype="str")
    parts = [
        frames.frame("sources", {"image": part, "delivery": "d", "date": "a"}) for part in (names[:1234], names[1234:])
    ]
    whole = frames.frame("sources", {"image": names, "delivery": "d", "date": "a"})
    for ordered in (parts, parts[::-1]):
        assert frames.to_bytes(pd.concat(ordered), "sources") == frames.to_bytes(whole, "sources")


@pytest.mark.parametrize("rows_per_group", [1, 2, 9])
@pytest.mark.parametrize("images", [["a", "a"], ["a", "b", "b"], ["b", "a", "a"], ["c", "b", "a", "c"]])
def test_a_key_that_stands_twice_is_refused(
    images: list[str], rows_per_group: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "_ROW_GROUP", rows_per_group)
    table = frames.frame("sources", {"image": images, "delivery": "d", "date": "2026-01-05"})
    with pytest.raises(SchemaError, match=r"^table sources: key image is not unique$"):
        frames.to_bytes(table, "sources")


VOTES = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from("ab"), st.booleans(), st.sampled_from(["a", "b", None])),
    max_size=5,
)


@settings(max_examples=100, deadline=None)
@given(keys=VOTES)
def test_a_key_of_several_columns_sorts_as_a_whole_nulls_last_and_stands_once(
    keys: list[tuple[str, str, bool, str | None]],
) -> None:
    columns = dict(zip(("object", "annotator", "review", "label"), zip(*keys, strict=True), strict=False))
    table = frames.frame("votes", {
        **{name: list(values) for name, values in columns.items()},
        "image": ["i"] * len(keys), "weight": 1.0, "batch": "b", "guideline_version": "1",
    })  # fmt: skip
    if len(set(keys)) < len(keys):
        with pytest.raises(SchemaError, match=r"^table votes: key object, annotator, review, label is not unique$"):
            frames.to_bytes(table, "votes")
        return
    made = frames.canonical_table(table, "votes").select(["object", "annotator", "review", "label"]).to_pylist()
    expected = sorted(keys, key=lambda key: (*key[:3], key[3] is None, key[3] or ""))
    assert [tuple(row.values()) for row in made] == expected


def test_a_null_where_none_may_be_is_refused() -> None:
    with pytest.raises(SchemaError, match=r"^table sources, column delivery: 1 nulls$"):
        frames.to_bytes(source(delivery=["d", None]), "sources")


def test_a_column_of_another_type_is_refused() -> None:
    with pytest.raises(SchemaError, match=r"^table groups, column group: "):
        frames.to_bytes(
            frames.frame("groups", {"image": ["a"], "group_on_arrival": "a"}).assign(group=[["x"]]), "groups"
        )


def test_further_columns_stand_behind_the_schema_s_where_it_allows_them() -> None:
    table = frames.canonical_table(source(site=["x", None], age=pd.array([1, None], dtype="Int64")), "sources")
    assert table.column_names == [*(column.name for column in TABLES["sources"].columns), "age", "site"]
    assert table["age"].to_pylist() == [None, 1] and table["site"].to_pylist() == [None, "x"]
    refused = frames.frame("groups", {"image": ["a"], "group": "a", "group_on_arrival": "a"}).assign(more=1)
    with pytest.raises(SchemaError, match=r"^table groups: missing columns \[\], unknown columns \['more'\]$"):
        frames.to_bytes(refused, "groups")
    with pytest.raises(
        SchemaError, match=r"^column when: type timestamp\[us\] is none of string, int64, double, bool$"
    ):
        frames.to_bytes(source(when=pd.to_datetime("2026-01-05").as_unit("us")), "sources")


def test_a_column_that_is_missing_is_refused() -> None:
    with pytest.raises(SchemaError, match=r"^table sources: missing columns \['date'\], unknown columns \[\]$"):
        frames.to_bytes(source().drop(columns="date"), "sources")


def test_some_columns_are_read_as_in_the_whole_table(tmp_path: Path) -> None:
    frames.write_table(source(site=["x", "y"]), tmp_path / "t.parquet", "sources")
    whole = frames.read_table(tmp_path / "t.parquet", "sources")
    part = frames.read_table(tmp_path / "t.parquet", "sources", {"site", "image"})
    pd.testing.assert_frame_equal(part, whole[["image", "site"]])
    assert len(frames.read_table(tmp_path / "t.parquet", "sources", set())) == 2
    with pytest.raises(SchemaError, match=r"^table sources: it has no columns \['when'\]$"):
        frames.read_table(tmp_path / "t.parquet", "sources", {"image", "when"})


def test_a_file_that_is_missing_or_no_table_is_a_message(tmp_path: Path) -> None:
    path = tmp_path / "images.parquet"
    with pytest.raises(UserError) as error:
        frames.read_table(path, "images")
    assert str(error.value) == f"{path}: the table is missing; run `dvc repro` (or `dvc pull`)"
    path.write_bytes(b"PAR1")
    with pytest.raises(UserError, match=f"^{path}: not a readable Parquet file .*; run `dvc repro`$"):
        frames.read_table(path, "images")


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "sources.parquet"
    frames.write_table(source(), path, "sources")
    before = hashlib.md5(path.read_bytes()).hexdigest()  # noqa: S324

    def full(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full)
    with pytest.raises(OSError, match="no space"):
        frames.write_table(source(delivery="e"), path, "sources")
    assert hashlib.md5(path.read_bytes()).hexdigest() == before  # noqa: S324
    assert list(tmp_path.iterdir()) == [path]


def test_membership_is_that_of_pandas_and_a_null_is_never_in() -> None:
    texts, others = pd.Series(["a", None, "b"], index=[3, 5, 9], dtype="str"), pd.Series(["b", None, "c"], dtype="str")
    found = frames.is_in(texts, others)
    assert found.to_dict() == {3: False, 5: False, 9: True}
    assert frames.is_in(texts[:0], others).empty and not frames.is_in(texts, others[:0]).any()


def test_bytes_survive_the_way_to_disk_and_back(tmp_path: Path) -> None:
    rows = frames.frame("images", {"image": ["a", "b", "c"], "thumbnail": [bytes(range(192)), None, b"\0" * 192]})
    frames.write_table(rows, tmp_path / "images.parquet", "images")
    back = frames.read_table(tmp_path / "images.parquet", "images")
    assert back["thumbnail"].dtype == rows["thumbnail"].dtype
    assert back["thumbnail"].dropna().tolist() == [bytes(range(192)), b"\0" * 192]
    assert frames.to_bytes(back, "images") == (tmp_path / "images.parquet").read_bytes()
