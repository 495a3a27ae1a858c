"""Pascal VOC payloads: objects, the three conventions of a box's last pixel, and XML that nobody should send."""

from pathlib import Path

import pytest

from tests.template.builders.payloads import batch, read

BOX = "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>10</xmax><ymax>20</ymax></bndbox>"
OBJECT = f"<object><name>cell</name><difficult>0</difficult>{BOX}</object>"


def voc(*objects: str, filename: str = "<filename>1.jpg</filename>") -> str:
    return f"<annotation>{filename}{''.join(objects)}</annotation>"


@pytest.mark.parametrize(
    ("boxes", "box"),
    [
        ("edges", [1.0, 2.0, 9.0, 18.0]),
        ("pixels-from-0", [1.0, 2.0, 10.0, 19.0]),
        ("pixels-from-1", [0.0, 1.0, 10.0, 19.0]),
    ],
)
def test_whether_xmax_is_part_of_the_box_is_said(tmp_path: Path, boxes: str, box: list[float]) -> None:
    rows, rejects = read(batch(tmp_path, {"1.xml": voc(OBJECT)}, "voc", boxes=boxes))
    assert rows[["x", "y", "width", "height"]].to_numpy().tolist() == [box] and rejects == []
    assert rows[["image", "label", "attributes"]].to_numpy().tolist() == [["1.jpg", "cell", '{"difficult": "0"}']]


@pytest.mark.parametrize("boxes", ["pixels-from-0", "pixels-from-1"])
def test_a_box_over_the_whole_picture_has_its_size(tmp_path: Path, boxes: str) -> None:
    first = 1 if boxes == "pixels-from-1" else 0
    whole = f"<xmin>{first}</xmin><ymin>{first}</ymin><xmax>{639 + first}</xmax><ymax>{479 + first}</ymax>"
    item = f"<object><name>cell</name><bndbox>{whole}</bndbox></object>"
    rows, _ = read(batch(tmp_path, {"1.xml": voc(item)}, "voc", boxes=boxes))
    assert rows[["x", "y", "width", "height"]].to_numpy().tolist() == [[0.0, 0.0, 640.0, 480.0]]


def test_no_object_means_empty_and_no_filename_means_the_file_s_own(tmp_path: Path) -> None:
    files = {"sub/zwei.xml": voc(filename=""), "drei.xml": voc(filename="<filename>  </filename>")}
    rows, rejects = read(batch(tmp_path, files, "voc", boxes="edges"))
    assert sorted(zip(rows["image"], rows["kind"], strict=True)) == [("drei", "empty"), ("zwei", "empty")]
    assert rejects == []


def test_an_object_that_is_not_whole_costs_itself_alone(tmp_path: Path) -> None:
    broken = [
        f"<object>{BOX}</object>",
        f"<object><name>cell</name>{BOX.replace('<xmax>10</xmax>', '')}</object>",
        f"<object><name>cell</name>{BOX.replace('10', 'nan')}</object>",
        f"<object><name>cell</name>{BOX.replace('10', '1e400')}</object>",
    ]
    rows, rejects = read(batch(tmp_path, {"1.xml": voc(*broken, OBJECT)}, "voc", boxes="edges"))
    assert len(rows) == 1
    assert rejects == [
        ("1.xml", None, "object 1 has no <name>"),
        ("1.xml", None, "object 2 has no <bndbox/xmax>"),
        ("1.xml", None, "x2 is 'nan'; expected a finite number"),
        ("1.xml", None, "x2 is '1e400'; expected a finite number"),
    ]


BOMB = "<!DOCTYPE b [" + "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha"}">' for n in range(9)) + "]>"


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "not valid XML: no element found: line 1, column 0"),
        (b"<annotation><object></annotation>", "not valid XML: mismatched tag: line 1, column 22"),
        (b"<annotation>\xff</annotation>", "not valid XML: not well-formed (invalid token): line 1, column 12"),
        (b"<html/>", "expected <annotation> as the root, found <html>"),
        (
            f"{BOMB}<annotation><filename>&e8;</filename></annotation>".encode(),
            "XML with entities or a document type is refused (DTDForbidden)",
        ),
        (
            b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><annotation><filename>&x;</filename></annotation>',
            "XML with entities or a document type is refused (DTDForbidden)",
        ),
        (b'<?xml version="1.0" encoding="nope"?><annotation/>', "not readable XML: unknown encoding: nope"),
        (b'<?xml version="1.0" encoding="utf-7"?><annotation/>', "multi-byte encodings are not supported"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_reject(tmp_path: Path, content: bytes, error: str) -> None:
    rows, rejects = read(batch(tmp_path, {"1.xml": content, "2.xml": voc(OBJECT)}, "voc", boxes="edges"))
    assert len(rows) == 1 and rejects == [("1.xml", None, error)]


def test_deep_nesting_breaks_nothing(tmp_path: Path) -> None:
    deep = voc("<a>" * 100_000 + "</a>" * 100_000, f"<object><name>{'<b>' * 50_000}{'</b>' * 50_000}</name></object>")
    assert read(batch(tmp_path, {"1.xml": deep}, "voc", boxes="edges"))[1] == [
        ("1.xml", None, "object 1 has no <name>")
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            f"<annotation><wrap>{OBJECT}</wrap></annotation>",
            "an <object> is nested deeper than right below <annotation>",
        ),
        (
            "<annotation><filename>1.jpg</filename><boxes/></annotation>",
            "no <object>, and <boxes>, which is no tag of Pascal VOC",
        ),
    ],
)
def test_what_is_not_understood_is_never_taken_for_an_empty_picture(tmp_path: Path, text: str, reason: str) -> None:
    rows, rejects = read(batch(tmp_path, {"1.xml": text}, "voc", boxes="edges"))
    assert rows.empty
    assert [reject[2].startswith(reason) for reject in rejects] == [True]


@pytest.mark.parametrize(("twice", "tag"), [(BOX, "bndbox"), ("<name>other</name>", "name")])
def test_an_object_that_says_two_things_is_a_reject(tmp_path: Path, twice: str, tag: str) -> None:
    item = f"<object><name>cell</name>{BOX}{twice}</object>"
    rows, rejects = read(batch(tmp_path, {"1.xml": voc(item)}, "voc", boxes="edges"))
    assert rows.empty
    assert rejects == [("1.xml", None, f"object 1 has more than one <{tag}>")]
