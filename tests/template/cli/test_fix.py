"""`dataset fix` from the sheet to the label: each decision settles its object, and nothing else."""

import json

import pytest

from golgoru.core import paths
from golgoru.raw.batches import read_batches
from golgoru.tables import frames
from tests.template.builders import reviewed_repository
from tests.template.builders.command_repository import make_empty
from tests.template.builders.reviewed_repository import (
    BOXES,
    QUAD,
    add_batch,
    box_annotation,
    box_of,
    content,
    fill_sheet,
    label_of,
    pictures,
    reproduce,
    write_label_issues,
)
from tests.template.builders.scratch_repository import tree

FIX = ("--annotator", "rev", "--date", "2026-11-25")


def make_drawn():
    """Detection: three boxes by two annotators on one image, and one on another."""
    make_empty()
    reviewed_repository.task("detection")
    pictures("d/1.png", "d/2.png")
    add_batch(
        "one",
        "ann-a",
        box_annotation("a", "cat"),
        box_annotation("b", "cat"),
        box_annotation("c", "dog"),
        box_annotation("a", "cat", "d/2.png", id="z"),
    )
    add_batch("two", "ann-b", box_annotation("a", "cat"), box_annotation("b", "dog"), box_annotation("c", "dog"))
    before = reproduce(checked=False)
    write_label_issues(
        {"issue": "one/a", "proposed": "dog"},
        {"issue": "one/b", "proposed": "dog"},
        {"issue": "one/c", "kind": "doubled", "proposal": "remove"},
    )
    return before


@pytest.fixture
def drawn(begin, no_dvc):
    return begin(make_drawn)


def decide(dataset, file, decisions, name="fix-1", **how):
    """Write the sheet, the decisions into it, and run the command."""
    assert dataset("fix", "--sheet", str(file)).status == 0
    fill_sheet(file, decisions, **how)
    return dataset("fix", str(file), "--as", name, *FIX)


def decisions(name):
    """Return the lines that the command wrote for the log."""
    return (paths.BATCHES / name / "payload/decisions.jsonl").read_text("utf-8").splitlines()


AGREED = {"image": "d/1.png", "kind": "object", "about": "one/a", "label": "cat"}
AGREED |= {"x": 10.0, "y": 10.0, "width": 20.0, "height": 20.0}


def unchanged(before, *objects):
    """Say that all labels but these are what they were, byte for byte, and return what became of these."""
    after = reproduce()
    assert reviewed_repository.findings() == []
    assert {o: b for o, b in after.items() if o not in objects} == {o: b for o, b in before.items() if o not in objects}
    return [label_of(o) for o in objects]


def test_each_decision_settles_its_object_and_no_other(drawn, dataset, tmp_path):
    said = decide(
        dataset,
        tmp_path / "sheet.csv",
        {"one/a": {"decision": "agree"}, "one/b": {"decision": "Re Label"}, "one/c": {"decision": "REMOVE"}},
    )
    assert (said.status, said.err) == (0, "")
    assert "decisions: 3 (agree 1, relabel 1, remove 1), on 1 images" in said.out
    assert "next: dvc repro, git add -A, git commit" in said.out
    was = {row["object"]: row for row in reviewed_repository.rows()}
    agreed, relabelled, removed = unchanged(drawn, "one/a", "one/b", "one/c")
    assert (agreed["label"], agreed["status"], box_of(agreed)) == ("cat", "adjudicated", box_of(was["one/a"]))
    assert (relabelled["label"], relabelled["status"]) == ("dog", "adjudicated")
    assert box_of(relabelled) == BOXES["b"] == box_of(was["one/b"])
    assert removed is None
    assert agreed["source"] == "review"


def test_what_is_written_is_a_batch_of_the_log_and_nothing_else(drawn, dataset, tmp_path, repository):
    before = tree(repository)
    said = decide(dataset, tmp_path / "sheet.csv", {"one/a": {"decision": "agree", "note": "seen twice"}})
    after = tree(repository)
    new = {name for name in after if name not in before}
    assert {name: after[name] for name in before} == before
    folder = "data/raw/batches/fix-1/"
    assert new == {f"{folder}batch.yaml", f"{folder}payload.dvc", f"{folder}payload/decisions.jsonl"}
    assert all(f"written: {folder}{file}" in said.out for file in ("batch.yaml", "payload.dvc"))
    assert after[f"{folder}batch.yaml"].decode() == (
        "format: jsonl\nsource: review\ndate: 2026-11-25\nguideline_version: '1.2'\nannotator: rev\n"
    )
    (line,) = decisions("fix-1")
    assert json.loads(line) == {**AGREED, "note": "seen twice"}


def test_cannot_tell_leaves_the_votes_and_takes_an_earlier_decision_back(drawn, dataset, tmp_path):
    assert decide(dataset, tmp_path / "1.csv", {"one/b": {"decision": "Cannot_Tell"}}).status == 0
    assert unchanged(drawn) == []
    assert decide(dataset, tmp_path / "2.csv", {"one/b": {"decision": "relabel"}}, "fix-2").status == 0
    assert unchanged(drawn, "one/b")[0]["status"] == "adjudicated"
    said = decide(dataset, tmp_path / "3.csv", {"one/b": {"decision": "cannot tell", "label": "dog"}}, "fix-3")
    assert "in place of an earlier review: 1" in said.out
    assert unchanged(drawn) == []


def test_relabel_with_other_numbers_moves_the_box(drawn, dataset, tmp_path):
    moved = {"decision": "relabel", "proposed": "", "x": "12.5", "width": "19"}
    said = decide(dataset, tmp_path / "sheet.csv", {"one/a": moved})
    assert "boxes that move: 1" in said.out
    (row,) = unchanged(drawn, "one/a")
    assert (row["label"], box_of(row), row["status"]) == ("cat", (12.5, 10.0, 19.0, 20.0), "adjudicated")


@pytest.mark.parametrize(
    "how",
    [{"delimiter": ";"}, {"delimiter": "\t", "end": "\n"}, {"encoding": "utf-8-sig"}, {"end": "\n"}],
    ids=["semicolons", "tabs", "with a mark", "line feeds"],
)
def test_a_sheet_that_was_saved_again_reads_the_same(drawn, dataset, tmp_path, how):
    comma = how.get("delimiter") == ";"
    reformatted = {"decision": "agree", "x": "10,0" if comma else "10.0", "y": "10.00", "width": "20.0"}
    assert decide(dataset, tmp_path / "sheet.csv", {"one/a": reformatted}, **how).status == 0
    (line,) = decisions("fix-1")
    assert json.loads(line) == AGREED  # what becomes of it: the tests above


def test_numbers_that_the_sheet_rounds_keep_all_their_digits(drawn, dataset, tmp_path):
    assert decide(dataset, tmp_path / "sheet.csv", {"one/b": {"decision": "agree"}}).status == 0
    assert "33.33," in (tmp_path / "sheet.csv").read_text()
    assert box_of(unchanged(drawn, "one/b")[0]) == BOXES["b"]


MISSING = {"issue": "net/7", "kind": "missing", "proposal": "add", "proposed": "cat", "image": "d/1.png"}
MISSING |= {"x": 70.0, "y": 70.0, "width": 20.0, "height": 20.0, "object": None, "label": None}


def test_an_object_that_a_model_sees_is_added_and_no_other_touched(drawn, dataset, tmp_path):
    write_label_issues(MISSING)
    said = decide(dataset, tmp_path / "sheet.csv", {"net/7": {"decision": "add", "new_label": "dog", "width": "22"}})
    assert said.status == 0
    assert "data/raw/batches/fix-1-model/batch.yaml" in said.out
    after = reproduce()
    assert reviewed_repository.findings() == []
    (added,) = [label_of(name) for name in after if name not in drawn]
    assert {name: after[name] for name in drawn} == drawn
    assert (added["label"], added["status"], box_of(added)) == ("dog", "adjudicated", (70.0, 70.0, 22.0, 20.0))
    assert {batch.settings.source for batch in read_batches(paths.BATCHES)} == {"human", "model", "review"}


def test_what_the_votes_say_is_none_can_be_added_under_its_name(repository, no_dvc, dataset, tmp_path):
    reviewed_repository.task("detection")
    pictures("d/1.png")
    add_batch("one", "ann-a", box_annotation("a", "cat"), box_annotation("b", "cat"))
    add_batch("two", "ann-b", box_annotation("a", "cat"))
    add_batch("three", "ann-c", box_annotation("a", "cat"))
    before = reproduce(checked=False)
    assert list(before) == ["one/a"]
    write_label_issues({**MISSING, **dict(zip(("x", "y", "width", "height"), BOXES["b"], strict=True))})
    assert decide(dataset, tmp_path / "sheet.csv", {"net/7": {"decision": "add"}}).status == 0
    (added,) = unchanged(before, "one/b")
    assert (added["label"], added["status"]) == ("cat", "adjudicated")
    assert not (paths.BATCHES / "fix-1-model").exists()


def test_a_box_drawn_on_a_copy_is_settled_on_the_copy_that_stays(repository, no_dvc, dataset, tmp_path):
    reviewed_repository.task("detection")
    pictures("d/1.png", "d/2.png", exact=(("d/1.png", "d/2.png"),))
    add_batch("one", "ann-a", box_annotation("a", "cat", "d/2.png"))
    add_batch("two", "ann-b", box_annotation("a", "dog"), box_annotation("b", "dog"))
    before = reproduce(checked=False)
    assert {row["image"] for row in reviewed_repository.rows()} == {"d/1.png"}
    write_label_issues({"issue": "one/a", "proposed": "dog"})
    assert decide(dataset, tmp_path / "sheet.csv", {"one/a": {"decision": "relabel"}}).status == 0
    (row,) = unchanged(before, "one/a")
    assert (row["label"], row["status"], row["image"]) == ("dog", "adjudicated", "d/1.png")


def test_a_text_keeps_its_corners_text_and_attributes(repository, no_dvc, dataset, tmp_path):
    reviewed_repository.task("ocr")
    pictures("d/1.png")
    written = {"image": "d/1.png", "polygon": QUAD, "text": '=1+1 "x"\u2028', "attributes": {"script": "latin"}}
    other = {"image": "d/1.png", "polygon": [value + 40 for value in QUAD], "text": "b", "label": "dog", "id": "2"}
    add_batch("one", "ann-a", {**written, "label": "cat", "id": "1"}, other)
    before = reproduce(checked=False)
    was = label_of("one/1")
    write_label_issues({"issue": "one/1", "proposed": "dog"}, MISSING)
    again = {"one/1": {"decision": "relabel"}}
    assert decide(dataset, tmp_path / "sheet.csv", again).status == 0
    (now,) = unchanged(before, "one/1")
    assert (now["label"], now["status"]) == ("dog", "adjudicated")
    same = ("text", "attributes", "x", "y", "width", "height")
    assert [now[name] for name in same] == [was[name] for name in same] and list(now["polygon"]) == QUAD
    file = tmp_path / "add.csv"
    file.write_text("issue,decision,new_label,text\nnet/7,add,dog,hello\n")
    assert dataset("fix", str(file), "--as", "fix-2", *FIX).status == 0
    settled = reproduce()
    assert reviewed_repository.findings() == []
    assert [label_of(name)["text"] for name in settled if name not in before] == ["hello"]


def test_a_class_of_a_whole_picture(repository, no_dvc, dataset, tmp_path):
    names = [f"d/{n}.png" for n in range(5)]
    pictures(*names)
    for annotator, label in (("ann-a", "cat"), ("ann-b", "cat")):
        add_batch(f"by-{annotator}", annotator, *({"image": name, "label": label} for name in names))
    before = reproduce(checked=False)
    file = tmp_path / "own.csv"
    file.write_text(
        "Image,Decision,New Label\n0.png,agree,\nd/1.png,relabel,dog\n2.png,remove,\nd/3.png,cannot tell,\nd/4.png,,\n"
    )
    said = dataset("fix", str(file), "--as", "fix-1", *FIX)
    assert (said.status, said.err) == (0, "")
    assert "rows without a decision: 1" in said.out
    agreed, relabelled, removed = unchanged(before, *(content(name) for name in names[:3]))
    assert (agreed["label"], agreed["status"]) == ("cat", "adjudicated")
    assert (relabelled["label"], relabelled["status"]) == ("dog", "adjudicated")
    assert removed is None
    roles = frames.read_table(paths.DATA / "annotation_roles.parquet", "annotation_roles").set_index("annotation")[
        "role"
    ]
    assert roles[roles.index.str.startswith("fix-1/")].value_counts().to_dict() == {"adjudicated": 3, "no vote": 1}
