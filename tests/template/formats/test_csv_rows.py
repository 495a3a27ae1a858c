"""CSV and TSV payloads: every line becomes an annotation or a reject."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golgoru.core import csv_table
from golgoru.raw.batches import read_payload
from tests.template.builders.payloads import Rejects, batch, read


def errors(tmp_path: Path, text: str | bytes, name: str = "a.csv", **settings: object) -> tuple[list[str], Rejects]:
    rows, rejects = read(batch(tmp_path, {name: text}, "csv", **settings))
    return list(rows["image"]), rejects


def test_columns_are_taken_by_name_and_by_mapping(tmp_path: Path) -> None:
    text = "picture,label,verdict,colour\n1.png,not me,cat,red\n"
    of = batch(tmp_path, {"a.csv": text}, "csv", columns={"image": "picture", "label": "verdict"})
    (row,) = read(of)[0].to_dict("records")
    assert (row["image"], row["label"]) == ("1.png", "cat")
    assert read_payload(of, []).unused_columns == ("colour", "label")


def test_tabs_byte_order_marks_and_line_ends_of_every_kind(tmp_path: Path) -> None:
    assert errors(tmp_path, "\ufeffimage\tlabel\r\n1,2.png\tcat\r\n", "a.tsv") == (["1,2.png"], [])
    assert errors(tmp_path / "mac", "image,label\r1.png,cat\r2.png,dog\r") == (["1.png", "2.png"], [])


def test_a_quoted_value_may_hold_commas_quotes_and_line_breaks(tmp_path: Path) -> None:
    rows, rejects = read(batch(tmp_path, {"a.csv": 'image,text\n1.png,"a, ""b""\nc"\n2.png,d\n'}, "csv"))
    assert list(rows["text"]) == ['a, "b"\nc', "d"] and rejects == []


@pytest.mark.parametrize(
    ("text", "images", "rejects"),
    [
        ("image,label\n1.png,a\n2\n3.png,b\n", ["1.png", "3.png"], [(3, "found 1 values, expected 2 values: 2")]),
        ("image,label\n1.png,cat,x\n", [], [(2, "found 3 values, expected 2 values: 1.png,cat,x")]),
        (
            'image,label\n1.png,"cat\n2.png,dog\n3.png,cat\n',
            ["2.png", "3.png"],
            [(2, 'found a stray quote, expected 2 values: 1.png,"cat')],
        ),
        (
            'image,label\n1.png,"cat"s\n2.png,dog\n',
            ["2.png"],
            [(2, 'found a stray quote, expected 2 values: 1.png,"cat"s')],
        ),
        (
            'image,label,text\n"1.png,cat,a\n2.png,dog,b\n3.png,dog","c\n4.png,cat,d\n',
            ["2.png", "4.png"],
            [
                (2, 'found a stray quote, expected 3 values: "1.png,cat,a'),
                (4, 'found a stray quote, expected 3 values: 3.png,dog","c'),
            ],
        ),
        ("\n\nimage,label\n\n1.png,cat\n  \n", ["1.png"], []),
        ("image,label\n,cat\n", [], [(2, "image is missing")]),
        ("", [], []),
    ],
)  # fmt: skip
def test_a_line_that_is_no_row_costs_itself_alone(
    tmp_path: Path, text: str, images: list[str], rejects: list[tuple[int, str]]
) -> None:
    assert errors(tmp_path, text) == (images, [("a.csv", *reject) for reject in rejects])


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"image,label\n1.png,caf\xe9\n", "not UTF-8 text (byte 21); save it as UTF-8"),
        (
            b"file,label\n1.png,cat\n",
            "no column 'image'; found file, label; say under 'columns' of batch.yaml which one it is",
        ),
        (b"image,label,label\n1.png,cat,dog\n", "column names used twice: label"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_reject(tmp_path: Path, text: bytes, error: str) -> None:
    assert errors(tmp_path, text) == ([], [("a.csv", None, error)])


def test_a_mapped_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    error = "no column 'verdct'; found image, verdict; say under 'columns' of batch.yaml which one it is"
    result = errors(tmp_path, "image,verdict\n1.png,cat\n", columns={"label": "verdct"})
    assert result == ([], [("a.csv", None, error)])


def test_a_file_of_another_kind_is_a_reject_beside_what_is_read(tmp_path: Path) -> None:
    of = batch(tmp_path, {"a.csv": "image\n1.png\n", "sub/notes.docx": "x", ".DS_Store": "x"}, "csv")
    rows, rejects = read(of)
    assert list(rows["image"]) == ["1.png"]
    assert rejects == [("sub/notes.docx", None, "expected a file that ends in .csv or .tsv")]


LINES = st.lists(st.text(st.sampled_from('abc,,,"" \té'), max_size=12), max_size=20)


@settings(deadline=None)
@given(lines=LINES)
def test_rows_and_rejects_account_for_every_line_that_is_not_blank(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_text("\n".join(["image,label,text", *lines]), "utf-8")
    table, starts, rejects = csv_table.read_csv_table("a.csv", path)
    seen = [reject.line for reject in rejects]
    for start, row in zip(starts, table.fillna("").itertuples(index=False), strict=True):
        # A row spans one line, and one more for each line break that its quotes hold.
        seen += range(start, start + 1 + "".join(row).count("\n"))
    blank = {number for number, line in enumerate(lines, start=2) if not line.strip()}
    assert len(seen) == len(set(seen))
    assert set(seen) | blank == set(range(2, len(lines) + 2))


@settings(max_examples=30, deadline=None)
@given(good=st.integers(0, 6), stray=st.integers(0, 6))
def test_one_stray_quote_costs_one_line_wherever_it_stands(
    tmp_path_factory: pytest.TempPathFactory, good: int, stray: int
) -> None:
    rows = [f"{number}.png,cat" for number in range(good)]
    rows.insert(min(stray, good), '"x.png,dog')
    images, rejects = errors(tmp_path_factory.mktemp("csv"), "\n".join(["image,label", *rows]))
    assert images == [f"{number}.png" for number in range(good)]
    assert [line for _, line, _ in rejects] == [min(stray, good) + 2]
