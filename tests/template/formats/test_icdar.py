"""ICDAR-style text boxes: texts come through as they were written."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from pytest import TempPathFactory

from tests.template.builders.payloads import batch, read

CORNERS = [72.0, 25.0, 326.0, 25.0, 326.0, 64.0, 72.0, 64.0]


def test_commas_quotes_spaces_and_every_script_stay_in_the_text(tmp_path: Path) -> None:
    texts = ["TAN WOON YANN", "1,234.50, RM", ' "quoted" ', "한국어 ₩5,000", "Größe: 5 µ", "a b\x85c", ""]
    lines = "\r\n".join(f"72,25,326,25,326,64,72,64,{text}" for text in texts)
    rows, rejects = read(batch(tmp_path, {"X0001.txt": f"\ufeff{lines}\r\n\r\n"}, "icdar"))
    assert list(rows["text"]) == texts and rejects == []
    assert list(rows["image"]) == ["X0001"] * len(texts)
    assert rows["polygon"].tolist() == [CORNERS] * len(texts)
    assert rows[["x", "y", "width", "height"]].to_numpy().tolist() == [[72.0, 25.0, 254.0, 39.0]] * len(texts)


def test_files_name_their_picture_wherever_they_lie(tmp_path: Path) -> None:
    line = "0,0,1,0,1,1,0,1,a"
    files = {"gt_img_1.txt": line, "sub/gt_img_2.txt": line, "sub.d/img.3.csv": line, "empty.txt": " \n"}
    rows, rejects = read(batch(tmp_path, files, "icdar"))
    kinds = dict(zip(rows["image"], rows["kind"], strict=True))
    assert kinds == {"img_1": "object", "sub/img_2": "object", "sub.d/img.3": "object", "empty": "empty"}
    assert rejects == []


def test_a_line_that_is_no_box_costs_itself_alone(tmp_path: Path) -> None:
    text = "0,0,1,0,1,1,0,1,a\n0,0,1,0,1,1,0\n0,0,1,0,nan,1,0,1,b\n0,0,1,0,x,1,0,1,c\n0,0,1,0,1,1,0,1,d"
    rows, rejects = read(batch(tmp_path, {"1.txt": text, "2.txt": b"0,0,1,0,1,1,0,1,caf\xe9"}, "icdar"))
    assert list(rows["text"]) == ["a", "d"]
    expected = "expected a list of finite numbers x1, y1, x2, y2, ..."
    assert rejects == [
        ("1.txt", 2, "expected 8 numbers and a text, found 7 values: 0,0,1,0,1,1,0"),
        ("2.txt", None, "not UTF-8 text (byte 19); save it as UTF-8"),
        ("1.txt", 3, f"""polygon is '["0", "0", "1", "0", "nan", "1", "0", "1"]'; {expected}"""),
        ("1.txt", 4, f"""polygon is '["0", "0", "1", "0", "x", "1", "0", "1"]'; {expected}"""),
    ]


@settings(max_examples=40, deadline=None)
@given(lines=st.lists(st.text(st.characters(codec="utf-8") | st.sampled_from(",,,,0123"), max_size=30)))
def test_annotations_and_rejects_account_for_every_line_that_is_not_blank(
    tmp_path_factory: TempPathFactory, lines: list[str]
) -> None:
    content = "\n".join(lines)
    rows, rejects = read(batch(tmp_path_factory.mktemp("icdar"), {"1.txt": content}, "icdar"))
    written = [line for line in content.removeprefix("\ufeff").split("\n") if line.strip()]
    assert len(rows) + len(rejects) == max(len(written), 1)
