"""`dataset fix`: every mistake is told with file and line, all at once, and nothing is written."""

# ruff: noqa: E501  (a row, and what is told of it, stand on one line)

import pytest

from golgoru.core import paths
from tests.template.builders import reviewed_repository
from tests.template.builders.command_repository import make_empty
from tests.template.builders.reviewed_repository import (
    add_batch,
    box_annotation,
    pictures,
    reproduce,
    write_label_issues,
)
from tests.template.builders.scratch_repository import tree
from tests.template.cli.test_fix import FIX, MISSING

__all__ = ["drawn", "labelled"]


def make_drawn():
    make_empty()
    reviewed_repository.task("detection")
    pictures("d/1.png", "e/1.png", "d/2.png")
    add_batch("one", "ann-a", box_annotation("a", "cat"), box_annotation("b", "cat"))
    reproduce(checked=False)
    write_label_issues(MISSING, {"issue": "one/a", "kind": "geometry"})


def make_labelled():
    make_empty()
    pictures("d/1.png", "e/1.png", "d/2.png", "d/3.png", exact=(("d/2.png", "d/3.png"),))
    add_batch("one", "ann-a", *({"image": name, "label": "cat"} for name in ("d/1.png", "d/2.png", "d/3.png")))
    reproduce(checked=False)


@pytest.fixture
def drawn(begin, no_dvc):
    begin(make_drawn)


@pytest.fixture
def labelled(begin, no_dvc):
    begin(make_labelled)


def take(dataset, tmp_path, text, *more):
    """Run the command on a sheet of this text, and hold that a mistake changes nothing."""
    file = tmp_path / "s.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    before = tree(paths.DATA)
    said = dataset("fix", str(file), "--as", "fix-1", *FIX, *more)
    assert "Traceback" not in said.err
    if said.status:
        assert tree(paths.DATA) == before
    return said


HEAD = "issue,image,label,x,y,width,height,proposed,decision,new_label,text\n"
ROWS = {
    "one/a,,,,,,,,agre,,": "decision 'agre': expected agree, relabel, remove, cannot tell, add, or nothing; did you mean 'agree'?",
    "one/x,,,,,,,,agree,,": "'one/x' is neither an object of data/labels.parquet nor a missing one of data/label_issues.parquet: the sheet is older than they are; write a new one",
    ",../../x,,,,,,,agree,,": "image '../../x': no image of data/images.parquet has this key, or this base name",
    ",../../1.png,,,,,,,agree,,": "image '../../1.png': no image of data/images.parquet has this key, or this base name",
    ",1.png,,,,,,,agree,,": "image '1.png': 2 images have this name, such as d/1.png; give the whole key",
    ",d/1.png,,,,,,,agree,,": "in detection an image does not name an object; expected an issue or an object",
    ",,,,,,,,agree,,": "the row names nothing: expected an issue, an object or an image",
    "one/a,d/2.png,,,,,,,agree,,": "image 'd/2.png': 'one/a' is on d/1.png; cells may have moved when a part of the sheet was sorted",
    "one/a,,,,,,,,relabel,dgo,": "class 'dgo' is not defined in guidelines/classes.yaml; did you mean 'dog'?",
    "one/a,,,,,,,,relabel,Domestic Cat,": "class 'Domestic Cat' is not defined in guidelines/classes.yaml; did you mean 'cat'?",
    "one/a,,dog,,,,,,agree,,": "label 'dog': 'one/a' is 'cat' now; the sheet is older; look again, or write a new one",
    "one/a,,,,,,,,relabel,cat,": "relabel to 'cat', its current class; write agree, or another class into new_label",
    "one/a,,,,,,,,relabel,,": "relabel without a change: write the class into new_label (or other numbers into x, y, width, height)",
    "one/a,,,11,10,20,20,,agree,,": "agree, but x, y, width, height differ from the label's; only relabel moves a box",
    "one/a,,,11,10,20,20,,remove,,": "remove, but x, y, width, height differ from the label's; only relabel moves a box",
    "one/a,,,,,,,,remove,dog,": "remove, but new_label is 'dog'; clear the cell, or write relabel",
    "one/a,,,11,ten,20,,,relabel,,": "y 'ten', height '': expected four numbers in x, y, width, height (pixels), or none",
    "one/a,,,100,10,20,20,,relabel,,": "the box 100, 10, 20 x 20 has no area on the image, 100 x 100 pixels",
    "one/a,,,1,10,0,20,,relabel,,": "the box 1, 10, 0 x 20 has no area on the image, 100 x 100 pixels",
    "one/a,,,,,,,,add,dog,": "add is for a missing object; 'one/a' exists, as 'cat'",
    "net/7,,,,,,,,agree,,": "agree: the object does not exist yet; expected add, or nothing where none is missing",
    "net/7,,,,,,,,add,,": "add without a class: write it into new_label",
    "one/a,,,,,,,,agree,,,,far": "found 13 cells, expected 11 as in the header; quote the cell that contains ',', or remove the surplus cells",
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
def test_a_mistake_is_told_with_its_line(drawn, dataset, tmp_path, row):
    said = take(dataset, tmp_path, f"{HEAD}\n{row}\n")
    assert (said.status, said.out) == (1, "")
    assert said.err == f"{tmp_path}/s.csv:3: {ROWS[row]}\n1 mistake; nothing was written\n"


def test_all_mistakes_are_told_at_once(drawn, dataset, tmp_path):
    reviewed_repository.add_batch("fix-1", "rev", {"image": "d/1.png", "kind": "empty"})
    said = take(dataset, tmp_path, HEAD + "\n".join(ROWS) + "\none/b,,dog,,,,,,agre,,\n")
    for line, reason in enumerate(ROWS.values(), start=2):
        assert f"s.csv:{line}: {reason}\n" in said.err
    assert "'fix-1' is in use" in said.err
    assert said.status == 1


def test_two_rows_on_one_object(drawn, dataset, tmp_path):
    said = take(dataset, tmp_path, HEAD + "one/a,,,,,,,,agree,,\none/a,,,,,,,,remove,,\n")
    assert (said.status, "s.csv:3: 'one/a' has another decision in line 2" in said.err) == (1, True)
    assert "decisions: 1" in take(dataset, tmp_path, HEAD + "one/a,,,,,,,,agree,,\none/a,,,,,,,,AGREE,,\n").out


def test_what_is_added_may_not_stand_there_already(drawn, dataset, tmp_path):
    write_label_issues({**MISSING, "x": 12.0, "y": 10.0})
    said = take(dataset, tmp_path, HEAD + "net/7,,,,,,,,add,dog,\n")
    assert "s.csv:2: add: the object 'one/a' is at this place (IoU of 0.5 or more); relabel that one\n" in said.err


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("d/3.png,agree,", "image 'd/3.png' is left out as a duplicate of d/2.png; decide on that one"),
        ("e/1.png,agree,", "image 'e/1.png' has no label to decide on; `dataset import --source review` gives it one"),
        ("d/1.png,add,dog", "add is for a missing object"),
    ],
)
def test_a_picture_that_is_no_label(labelled, dataset, tmp_path, row, told):
    said = take(dataset, tmp_path, f"image,decision,new_label\n{row}\n")
    assert (said.status, f"s.csv:2: {told}" in said.err) == (1, True)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HEAD, "none of its 0 rows has a decision"),
        (f"{HEAD}one/a,,,,,,,,,,\n", "none of its 1 rows has a decision; expected agree, relabel"),
        ("", "s.csv:1: expected a header with the column 'decision' and one of issue, object, image; found nothing"),
        ("one/a,agree\n", "s.csv:1: expected a header with the column 'decision'"),
        ("image,decision,Decision\n", "s.csv:1: columns that occur twice: decision; keep one of each"),
        (f"{HEAD}one/a,,,,,,,,agree,\0,\n", "s.csv:2: a NUL byte"),
        (f"{HEAD}one/a,,,,,,,,agree,{'x' * 10_000_000},\n", "s.csv:2: a cell of more than 100,000 characters"),
        ("x" * 10_000_000, "s.csv:1: expected a header"),
        (f'{HEAD}one/a,,,,,,,,agree,"open,\n', "s.csv:2: a stray quote"),
        (f"{HEAD}one/é,,,,,,,,agree,,\n".encode("latin-1"), "not UTF-8 text (byte 72); save it as UTF-8"),
        (HEAD.encode("utf-16"), "not UTF-8 text (byte 0)"),
    ],
    ids=["no row", "no decision", "empty", "no header", "twice", "NUL", "10 MB", "10 MB header", "quote", "latin", "16"],
)  # fmt: skip
def test_a_file_that_is_no_sheet(drawn, dataset, tmp_path, text, told):
    said = take(dataset, tmp_path, text)
    assert (said.status, said.out, told in said.err) == (2, "", True), said.err


def test_a_file_that_is_no_file(drawn, dataset, tmp_path):
    assert "a folder; expected a CSV file" in dataset("fix", str(tmp_path), "--as", "x", *FIX).err
    assert "no such file; expected a CSV file" in dataset("fix", f"{tmp_path}/no.csv", "--as", "x", *FIX).err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("FILE", "--annotator", "rev"), "--as is missing"),
        (("FILE", "--as", "x"), "--annotator is missing"),
        (("FILE", "--as", "x", "--annotator", " "), "--annotator is missing"),
        (("FILE", "--as", "../x", "--annotator", "rev"), "--as: '../x': expected letters"),
        (("FILE", "--as", "one", "--annotator", "rev"), "--as: 'one' is in use"),
        (("FILE", "--as", "x", "--annotator", "rev", "--guideline", "9"), "--guideline: 9 is newer than"),
        (("FILE", "--sheet", "new.csv"), "FILE: not used with --sheet"),
        ((), "expected a CSV with decisions, or --sheet FILE"),
    ],
)
def test_options_that_do_not_fit(drawn, dataset, tmp_path, options, told):
    (tmp_path / "s.csv").write_text(f"{HEAD}one/a,,,,,,,,agree,,\n")
    before = tree(paths.DATA)
    said = dataset("fix", *(str(tmp_path / "s.csv") if o == "FILE" else o for o in options))
    assert (said.status, told in said.err) == (2, True), said.err
    assert tree(paths.DATA) == before


def test_a_review_that_would_come_before_an_older_one_is_refused(drawn, dataset, tmp_path):
    assert take(dataset, tmp_path, f"{HEAD}one/a,,,,,,,,agree,,\n").status == 0
    reproduce(checked=False)
    file = str(tmp_path / "s.csv")
    said = dataset("fix", file, "--as", "fix-0", *FIX)
    assert "such as 'one/a', were decided by review batch 'fix-1' of 2026-11-25, which comes after 'fix-0'" in said.err
    (tmp_path / "s.csv").write_text(f"{HEAD}one/b,,,,,,,,agree,,\n")
    assert dataset("fix", file, "--as", "fix-0", *FIX).status == 0  # of another object


def test_a_dry_run_and_a_refused_dvc_leave_nothing(drawn, dataset, tmp_path, monkeypatch):
    text = f"{HEAD}net/7,,,,,,,,add,dog,\n"
    before = tree(paths.DATA)
    assert "dry run: nothing was written" in take(dataset, tmp_path, text, "--dry-run").out
    assert tree(paths.DATA) == before
    from golgoru.cli.import_ import write

    add, calls = write.run_dvc, []

    def refuses_the_second(*arguments):
        calls.append(arguments)
        done = add(*arguments)
        return done if len(calls) == 1 else type(done)(arguments, 1, "", "disk full")

    monkeypatch.setattr("golgoru.cli.import_.write.run_dvc", refuses_the_second)
    said = take(dataset, tmp_path, text)
    assert (said.status, "disk full" in said.err, len(calls)) == (2, True, 2)


def test_a_sheet_is_never_overwritten(drawn, dataset, tmp_path):
    (tmp_path / "s.csv").write_text("decisions")
    said = dataset("fix", "--sheet", str(tmp_path / "s.csv"))
    assert (said.status, "the file exists" in said.err) == (2, True)
    assert (tmp_path / "s.csv").read_text() == "decisions"
    assert dataset("fix", "--sheet", f"{tmp_path}/no/s.csv").status == 2
    assert dataset("fix", "--sheet", f"{tmp_path}/1.csv", "--most", "0").status == 2
    assert dataset("fix", "--sheet", f"{tmp_path}/1.csv", "--most", "1").status == 0
    assert len((tmp_path / "1.csv").read_text("utf-8-sig").splitlines()) == 2


def test_names_cannot_become_formulas(repository, no_dvc, dataset, tmp_path):
    """Every text of a sheet is somebody else's: an image, a class, a reason."""
    pictures("d/가.png")
    add_batch("one", "ann-a", {"image": "d/가.png", "label": "cat"})
    reproduce(checked=False)
    name = reviewed_repository.content("d/가.png")
    write_label_issues({"issue": name, "proposed": "=cmd|' /C calc'!A0", "reason": "@SUM(1)", "x": -3.5})
    assert dataset("fix", "--sheet", f"{tmp_path}/s.csv").status == 0
    raw = (tmp_path / "s.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert "\"'=cmd|' /C calc'!A0\"" in raw.decode() and '"\'@SUM(1)"' in raw.decode()
    assert "d/가.png" in raw.decode() and ",-3.5," in raw.decode()
