"""Settings that people write: each mistake gives one line with file, line, key, what was found, what is expected."""

# ruff: noqa: E501  (a golden message stands on one line)

from pathlib import Path

import pytest

from golgoru.core import dataset
from golgoru.core.errors import UserError
from golgoru.core.names import safe_name
from golgoru.core.yaml_models import ConfigModel, load_config
from golgoru.guideline import annotators, classes
from golgoru.raw import withdrawals
from golgoru.raw.batches import BatchFile, read_batches
from golgoru.raw.deliveries import Description, read_deliveries, read_pointer
from golgoru.raw.pins import Pin, read_pins

FIELDS = (
    "image, annotator, kind, about, label, x, y, width, height, x2, y2, polygon, text, attributes, id, origin, "
    "created_at, lead_time_s"
)
BATCH = 'format: csv\nsource: human\ndate: 2026-01-05\nguideline_version: "1.0"\nannotator: ann\n'
DATASET = """dataset:
  name: digits
  version: 0.1.0
  task: classification
  licence: CC0-1.0
  creators: [me]
  date: '2026-01-05'
  seed: 0
"""


def messages(tmp_path: Path, text: str, model: type[ConfigModel]) -> list[str]:
    file = tmp_path / "f.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(UserError) as error:
        dataset.read_dataset(file) if model is dataset.Dataset else load_config(file, model)
    return str(error.value).replace(f"{tmp_path}/", "").splitlines()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("format: csv", "fromat: csv", ["f.yaml:1: format: is missing", "f.yaml:1: fromat: unknown key; known keys: annotator, boxes, classes, columns, date, format, guideline_version, images, label, names, shift, source"]),
        ("csv", "xlsx", ["f.yaml:1: format: expected one of csv, jsonl, parquet, folders, voc, icdar, found 'xlsx'"]),
        ("human", "robot", ["f.yaml:2: source: Input should be 'human', 'review', 'model' or 'import', found 'robot'"]),
        ("2026-01-05", "5 January", ["f.yaml:3: date: Input should be a valid date or datetime, input is too short, found '5 January'"]),
        ('"1.0"', "1.0", ["f.yaml:4: guideline_version: Input should be a valid string, found 1.0; put it in quotes"]),
        ("annotator: ann\n", "", ["f.yaml:1: (the file): 'annotator' is missing: a pseudonym, or a column under 'columns'"]),
        ("csv", "voc", ["f.yaml:1: (the file): format voc needs 'boxes': edges, pixels-from-0 or pixels-from-1. Half of the tools that write Pascal VOC count pixels from 1, half from 0, and the files do not say which. If the box over a whole picture 640 pixels wide has xmin 1 and xmax 640, it is pixels-from-1 (as in the VOC data sets); with 0 and 639, pixels-from-0; with 0 and 640, edges"]),
        ("format: csv", "boxes: edges\ncolumns: {label: x}\nformat: voc", ["f.yaml:1: (the file): 'columns' has no effect in format voc; leave it out"]),
        ("csv", "folders", ["f.yaml:1: (the file): format folders needs 'images': the delivery whose folders name the classes"]),
        ("annotator: ann", "annotator: ann\ncolumns:\n  image: file\n  lable: digit", [f"f.yaml:8: columns.lable: unknown key; known keys: {FIELDS}"]),
        ("annotator: ann", "annotator: ann\ncolumns: {image: 3}", ["f.yaml:6: columns.image: Input should be a valid string, found 3; put it in quotes"]),
        ("annotator: ann", "annotator: ann\nclasses:\n  0: zero", ["f.yaml:7: classes.0: Input should be a valid string, found 0; put it in quotes"]),
        ("annotator: ann", "annotator: ann\nimages: ../up", ["f.yaml:6: images: expected letters, digits, '_', '-' and '.', beginning with a letter or digit, found '../up'"]),
        ("annotator: ann", "annotator: ann\nshift: [1, .nan]", ["f.yaml:6: shift.1: Input should be a finite number, found nan"]),
        ("annotator: ann", "annotator: ann\nshift: [1, .inf]", ["f.yaml:6: shift.1: Input should be a finite number, found inf"]),
        ("annotator: ann", "annotator: ann\nshift: 1", ["f.yaml:6: shift: Input should be a valid tuple, found 1"]),
        ("annotator: ann", "annotator: ann\nboxes: pixels", ["f.yaml:6: boxes: Input should be 'edges', 'pixels-from-0' or 'pixels-from-1', found 'pixels'"]),
    ],
)  # fmt: skip
def test_batch_yaml(tmp_path: Path, old: str, new: str, expected: list[str]) -> None:
    assert messages(tmp_path, BATCH.replace(old, new, 1), BatchFile) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("version: 0.1.0", "version: 1.0", ["f.yaml:3: dataset.version: Input should be a valid string, found 1.0; put it in quotes"]),
        ("task: classification", "task: sorting", ["f.yaml:4: dataset.task: Input should be 'classification', 'detection', 'segmentation' or 'ocr', found 'sorting'"]),
        ("[me]", "[]", ["f.yaml:6: dataset.creators: Tuple should have at least 1 item after validation, not 0, found []"]),
        ("digits", "my digits", ["f.yaml:2: dataset.name: expected letters, digits, '_', '-' and '.', beginning with a letter or digit, found 'my digits'"]),
        ("  seed: 0\n", "  sede: 0\n", ["f.yaml:1: dataset.seed: is missing", "f.yaml:8: dataset.sede: unknown key; known keys: creators, date, description, frozen, licence, name, seed, task, url, version"]),
    ],
)  # fmt: skip
def test_the_block_dataset_of_params_yaml(tmp_path: Path, old: str, new: str, expected: list[str]) -> None:
    assert messages(tmp_path, DATASET.replace(old, new, 1), dataset.Dataset) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("licence: MIT\n", ["f.yaml:1: date: is missing"]),
        ("date: 2026-01-05\nliscence: MIT\n", ["f.yaml:2: liscence: unknown key; known keys: date, group, group_column, licence, metadata, source"]),
        ("date: 2026-01-05\ngroup: '('\n", ["f.yaml:2: group: not a regular expression as RE2 takes them: missing ), unterminated subpattern at position 0, found '('"]),
        ("date: 2026-01-05\ngroup: '^a'\n", ["f.yaml:2: group: expected exactly one (group) in the pattern: the key of the images' group, found '^a'"]),
        ("date: 2026-01-05\ngroup: '^(a)'\nmetadata: {a: text}\ngroup_column: a\n", ["f.yaml:1: (the file): group and group_column exclude each other"]),
        ("date: 2026-01-05\ngroup_column: a\n", ["f.yaml:1: (the file): group_column 'a' is not among the metadata columns"]),
        ("date: 2026-01-05\nmetadata:\n  site: words\n", ["f.yaml:3: metadata.site: Input should be 'text', 'integer', 'number' or 'yes/no', found 'words'"]),
        ("date: 2026-01-05\nmetadata:\n  licence: text\n", ["f.yaml:2: metadata: 'licence' is a column of the release already, or not a plain name; rename it"]),
        ("date: 2026-01-05\nmetadata:\n  two words: text\n", ["f.yaml:2: metadata: 'two words' is a column of the release already, or not a plain name; rename it"]),
    ],
)  # fmt: skip
def test_the_description_of_a_delivery(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert messages(tmp_path, text, Description) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("withdrawals:\n  - reason: why\n    date: 2026-01-05\n", ["f.yaml:2: withdrawals.0: expected either 'image' or 'content'"]),
        ("withdrawals:\n  - content: b\n    reason: why\n    date: 2026-01-05\n", ["f.yaml:2: withdrawals.0.content: String should match pattern '^[0-9a-f]{32}$', found 'b'"]),
        ("withdrawals:\n  - image: a\n    content: d41d8cd98f00b204e9800998ecf8427e\n    reason: why\n    date: 2026-01-05\n", ["f.yaml:2: withdrawals.0: expected either 'image' or 'content'"]),
        ("withdrawals:\n  - image: a\n", ["f.yaml:2: withdrawals.0.reason: is missing", "f.yaml:2: withdrawals.0.date: is missing"]),
        ("withdrawn: []\n", ["f.yaml:1: withdrawn: unknown key; known keys: withdrawals"]),
    ],
)  # fmt: skip
def test_withdrawals(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert messages(tmp_path, text, withdrawals.Withdrawals) == expected
    assert withdrawals.read_withdrawals(tmp_path / "none.yaml") == []


def test_a_class_that_stands_twice(tmp_path: Path) -> None:
    text = 'version: "1"\nclasses:\n  - id: b\n  - id: a\n  - id: b\n'
    assert messages(tmp_path, text, classes.Classes) == [
        "f.yaml:5: classes.2.id: 'b' is used twice; an id is never reused (first in line 3)"
    ]


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ("hotkey: a", ["f.yaml:4: classes.1.hotkey: 'a' is the hotkey of class 'cat' already"]),
        ("hotkey: A", ["f.yaml:4: classes.1.hotkey: String should match pattern '^[0-9a-z]$', found 'A'"]),
        ("colour: red", ["f.yaml:4: classes.1.colour: String should match pattern '^#[0-9a-f]{6}$', found 'red'"]),
        ("confusable_with: [cat, owl]", ["f.yaml:4: classes.1.confusable_with.1: 'owl' is no other class of this file"]),
        ("confusable_with: [dog]", ["f.yaml:4: classes.1.confusable_with.0: 'dog' is no other class of this file"]),
        ("parent: owl", ["f.yaml:4: classes.1.parent: 'owl' is no class of this file, or a child of 'dog'"]),
        ("parent: dog", ["f.yaml:4: classes.1.parent: 'dog' is no class of this file, or a child of 'dog'"]),
        ("example: [a.png]", ["f.yaml:4: classes.1.example: unknown key"]),
    ],
)  # fmt: skip
def test_what_classes_say_of_each_other(tmp_path: Path, second: str, expected: list[str]) -> None:
    text = 'version: "1"\nclasses:\n  - {id: cat, hotkey: a}\n  - {id: dog, SECOND}\n'
    assert messages(tmp_path, text.replace("SECOND", second), classes.Classes) == expected


def test_classes_that_are_each_others_parents(tmp_path: Path) -> None:
    text = 'version: "1"\nclasses:\n  - {id: a, parent: b}\n  - {id: b, parent: c}\n  - {id: c, parent: b}\n'
    found = messages(tmp_path, text, classes.Classes)
    assert [line.partition(": '")[0] for line in found] == [f"f.yaml:{n + 3}: classes.{n}.parent" for n in range(3)]
    sound = text.replace("id: c, parent: b", "id: c")
    (tmp_path / "f.yaml").write_text(sound, "utf-8")
    assert [c.parent for c in classes.read_classes(tmp_path / "f.yaml").classes] == ["b", "c", None]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pools:\n  paid: [ann, ben]\n  review: [rev, ann]\n", ["f.yaml:3: pools.review.1: 'ann' is in pool 'paid' already"]),
        ("pools:\n  paid: [ann, ann]\n", ["f.yaml:2: pools.paid.1: 'ann' is in pool 'paid' already"]),
        ("pools:\n  paid: ann\n", ["f.yaml:2: pools.paid: Input should be a valid tuple, found 'ann'"]),
        ("pools:\n  paid: [7]\n", ["f.yaml:2: pools.paid.0: Input should be a valid string, found 7; put it in quotes"]),
        ("pool: {}\n", ["f.yaml:1: pool: unknown key; known keys: pools"]),
    ],
)  # fmt: skip
def test_pools_of_annotators(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert messages(tmp_path, text, annotators.Annotators) == expected
    assert annotators.read_annotators(tmp_path / "none.yaml").pool_of == {}


def pins(tmp_path: Path, text: str | bytes) -> list[Pin]:
    file = tmp_path / "pins.csv"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_pins(file)


def test_pins_are_read_with_their_lines(tmp_path: Path) -> None:
    assert read_pins(tmp_path / "pins.csv") == []
    assert pins(tmp_path, "image,split,reason\n") == []
    found = pins(tmp_path, '\ufeffimage,split,reason\r\na/1.png,test,"rare, wanted"\r\n\r\na/2.png,val,\r\n')
    assert found == [Pin(2, "a/1.png", "test", "rare, wanted"), Pin(4, "a/2.png", "val", "")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "pins.csv:1: expected the columns image,split,reason, found none"),
        ("image,split\na,test\n", "pins.csv:1: expected the columns image,split,reason, found image,split"),
        ("image,split,reason\na,tset,\n", "pins.csv:2: split 'tset' is none of train, val, test"),
        ("image,split,reason\na,test,\n,test,\n", "pins.csv:3: image is missing"),
        ("image,split,reason\na,test\n", "pins.csv:2: expected three values, image,split,reason; found 2 values, expected 3 values: a,test"),
        ('image,split,reason\na,test,"why\nb,test,\n', 'pins.csv:2: expected three values, image,split,reason; found a stray quote, expected 3 values: a,test,"why'),
        (b"image,split,reason\n\xff,test,\n", "pins.csv: not UTF-8 text (byte 19); save it as UTF-8"),
    ],
)  # fmt: skip
def test_pins_that_cannot_be_read(tmp_path: Path, text: str | bytes, expected: str) -> None:
    with pytest.raises(UserError) as error:
        pins(tmp_path, text)
    assert str(error.value) == f"{tmp_path}/{expected}"


@pytest.mark.parametrize("name", ["a", "2026-01", "lot_7.b", "한국", "हिन्दी", "ภาษาไทย", "Größe", "Gro\u0308\u00dfe"])
def test_names_in_any_script(name: str) -> None:
    assert safe_name(name) == name


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".hidden", "-x", "a/b", "a\\b", "a b", "a\n", "a\0", "a:b", "\u0308a", "a\u202eb"]
)
def test_names_that_are_no_folder_everywhere(name: str) -> None:
    with pytest.raises(ValueError, match=r"^expected letters, digits"):
        safe_name(name)


def test_a_batch_without_its_description(tmp_path: Path) -> None:
    assert read_batches(tmp_path / "batches") == []
    (tmp_path / "batches" / "b").mkdir(parents=True)
    with pytest.raises(UserError) as error:
        read_batches(tmp_path / "batches")
    file = tmp_path / "batches" / "b" / "batch.yaml"
    assert (
        str(error.value)
        == f"{file}: the file is missing; every folder under {tmp_path}/batches is a batch and needs one"
    )


def test_the_name_of_a_batch_or_delivery_is_checked(tmp_path: Path) -> None:
    (tmp_path / "two words").mkdir()
    (tmp_path / "two words" / "batch.yaml").write_text(BATCH, "utf-8")
    (tmp_path / "two words.yaml").write_text("date: 2026-01-05\n", "utf-8")
    rule = "is not a usable name: expected letters, digits, '_', '-' and '.', beginning with a letter or digit"
    for read, file in ((read_batches, "two words/batch.yaml"), (read_deliveries, "two words.yaml")):
        with pytest.raises(UserError) as error:
            read(tmp_path)
        assert str(error.value) == f"{tmp_path}/{file}: 'two words' {rule}"


@pytest.mark.parametrize("orphan", ["d.csv", "d.dvc"])
def test_what_belongs_to_no_delivery_is_told(tmp_path: Path, orphan: str) -> None:
    (tmp_path / orphan).touch()
    with pytest.raises(UserError) as error:
        read_deliveries(tmp_path)
    assert str(error.value) == f"{tmp_path}/{orphan}: no description beside it; write d.yaml with at least 'date'"


@pytest.mark.parametrize(
    "outs", ["[]", "5", "[{md5: 0.dir}]", "[{md5: 0, nfiles: 1}]", "[{md5: 0.dir, nfiles: x}]", "[1, 2]"]
)
def test_a_pointer_to_anything_but_one_folder(tmp_path: Path, outs: str) -> None:
    file = tmp_path / "d.dvc"
    file.write_text(f"outs: {outs}\n", "utf-8")
    with pytest.raises(UserError) as error:
        read_pointer(file)
    advice = "expected a DVC pointer to one folder; solve a merge conflict in it, or run `dataset import` again"
    assert str(error.value) == f"{file}: {advice}"
