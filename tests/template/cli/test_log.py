"""`dataset log`: every annotation that an image ever had, and who overruled whom."""

import json
import tempfile
from pathlib import Path

import pytest

from tests.template.builders import reviewed_repository
from tests.template.builders.command_repository import make_empty, run, without_dvc
from tests.template.builders.reviewed_repository import (
    add_batch,
    box_annotation,
    content,
    pictures,
    reproduce,
    write_label_issues,
)
from tests.template.cli.test_fix import FIX, MISSING


def fix(dataset, folder, name, text, *options):
    file = folder / f"{name}.csv"
    file.write_text(text)
    said = dataset("fix", str(file), "--as", name, *(options or FIX))
    assert said.status == 0, said.err
    reproduce(checked=False)


def make_drawn():
    """Two annotators and a reviewer on one image and its copy of equal pixels; a model's box that is added."""
    make_empty()
    reviewed_repository.task("detection")
    pictures("d/1.png", "d/2.png", "d/3.png", "e/3.png", exact=(("d/1.png", "d/2.png"),))
    add_batch(
        "one",
        "ann-a",
        box_annotation("a", "cat"),
        box_annotation("b", "cat"),
        {"image": "d/3.png", "kind": "empty", "id": "e"},
    )
    add_batch(
        "two",
        "ann-b",
        box_annotation("a", "cat", "d/2.png"),
        box_annotation("b", "dog", "d/2.png"),
        box_annotation("c", "dog", "d/2.png"),
    )
    add_batch("old", "ann-a", box_annotation("a", "dog"), date="2026-01-01")
    reproduce(checked=False)
    write_label_issues(MISSING)
    decisions = "issue,decision,new_label\nold/a,relabel,dog\none/b,agree,\nnet/7,add,\n"
    with tempfile.TemporaryDirectory() as folder, without_dvc():
        fix(run, Path(folder), "fix-1", decisions.replace("net/7,add,", "net/7,add,cat"))


@pytest.fixture
def drawn(begin, no_dvc):
    begin(make_drawn)


LOG = """\
image d/1.png
  with the annotations of d/2.png, of equal pixels
object old/a
  2026-01-01 old: ann-a dog at 10, 10, 20 x 20: superseded (guideline 1.2)
  2026-01-05 one: ann-a cat at 10, 10, 20 x 20: overruled (guideline 1.2)
  2026-01-05 two: ann-b cat at 10, 10, 20 x 20: overruled (guideline 1.2, on d/2.png)
  2026-11-25 fix-1: rev (review) dog at 10, 10, 20 x 20: adjudicated (guideline 1.2)
  label: dog at 10, 10, 20 x 20, adjudicated
  rev overruled ann-a and ann-b: cat -> dog (batch fix-1, 2026-11-25)
object one/b
  2026-01-05 one: ann-a cat at 50.25, 10, 20 x 33.3333: agrees (guideline 1.2)
  2026-01-05 two: ann-b dog at 50.25, 10, 20 x 33.3333: overruled (guideline 1.2, on d/2.png)
  2026-11-25 fix-1: rev (review) cat at 50.25, 10, 20 x 33.3333: adjudicated (guideline 1.2)
  label: cat at 50.25, 10, 20 x 33.3333, adjudicated
  rev overruled ann-b: dog -> cat (batch fix-1, 2026-11-25)
object two/c
  2026-01-05 two: ann-b dog at 10, 60, 15 x 15: agrees (guideline 1.2, on d/2.png)
  label: dog at 10, 60, 15 x 15, contested by VOTE-001
object fix-1-model/4b72b859fc19a0c7
  2026-11-25 fix-1: rev (review) cat at 70, 70, 20 x 20: adjudicated (guideline 1.2)
  2026-11-25 fix-1-model: model (model) cat at 70, 70, 20 x 20: no vote (guideline 1.2)
  label: cat at 70, 70, 20 x 20, adjudicated
  rev overruled ann-a and ann-b: nothing -> cat (batch fix-1, 2026-11-25)
"""


@pytest.mark.parametrize(
    "key", ["d/1.png", "1.png", "d/2.png", content("d/1.png"), "one/b", "two/c", "fix-1-model/4b72b859fc19a0c7"]
)
def test_every_annotation_by_object_and_who_overruled_whom(drawn, dataset, key):
    said = dataset("log", key)
    assert (said.status, said.err, said.out) == (0, "", LOG)


def test_a_later_decision_overrules_the_earlier_reviewer(drawn, dataset, tmp_path):
    text = "issue,decision,new_label\nold/a,relabel,cat\none/b,remove,\n"
    fix(dataset, tmp_path, "fix-2", text, "--annotator", "boss", "--date", "2026-12-01")
    out = dataset("log", "d/1.png").out
    assert "rev (review) dog at 10, 10, 20 x 20: superseded" in out
    assert (
        "  label: cat at 10, 10, 20 x 20, adjudicated\n  boss overruled rev: dog -> cat (batch fix-2, 2026-12-01)\n"
        in out
    )
    assert "boss (review) remove: adjudicated" in out
    assert (
        "  label: no label\n  boss overruled ann-a and rev: cat -> nothing (batch fix-2, 2026-12-01)\n"
        "  boss overruled ann-b: dog -> nothing (batch fix-2, 2026-12-01)\n"
    ) in out
    fix(
        dataset,
        tmp_path,
        "fix-3",
        "object,decision\nold/a,cannot tell\n",
        "--annotator",
        "boss",
        "--date",
        "2026-12-02",
    )
    assert "boss (review) unsure: no vote" in dataset("log", "d/1.png").out


def test_as_json(drawn, dataset):
    found = json.loads(dataset("log", "d/1.png", "--json").out)
    assert (found["image"], found["files"], len(found["objects"])) == ("d/1.png", ["d/2.png"], 4)
    assert found["objects"][0]["overrulings"] == [
        {"by": ["rev"], "overruled": ["ann-a", "ann-b"], "before": "cat", "after": "dog", "batch": "fix-1"}
        | {"date": "2026-11-25"}
    ]
    assert [row["role"] for row in found["objects"][1]["annotations"]] == ["agrees", "overruled", "adjudicated"]


def test_a_picture_that_is_empty_and_one_that_nobody_spoke_of(drawn, dataset):
    assert dataset("log", "d/3.png").out == (
        "image d/3.png\nwithout object\n  2026-01-05 one: ann-a empty: empty (guideline 1.2)\n"
    )
    assert dataset("log", "e/3.png").out == "image e/3.png\n  no annotations\n"


def test_unknown_keys_are_told_as_by_why(drawn, dataset):
    said = dataset("log", "d/1.pgn")
    assert (said.status, "no image, annotation or reject has the key 'd/1.pgn'; the nearest: d/1.png" in said.err) == (
        2,
        True,
    )
    assert "'3.png' is the base name of 2 images, such as d/3.png, e/3.png" in dataset("log", "3.png").err


def test_the_majority_outvotes(repository, no_dvc, dataset):
    pictures("d/1.png")
    for annotator, label in (("ann-a", "cat"), ("ann-b", "dog"), ("ann-c", "dog")):
        add_batch(f"by-{annotator}", annotator, {"image": "d/1.png", "label": label, "id": "1"})
    reproduce(checked=False)
    assert dataset("log", "d/1.png").out == (
        f"image d/1.png\nobject {content('d/1.png')}\n"
        "  2026-01-05 by-ann-a: ann-a cat: overruled (guideline 1.2)\n"
        "  2026-01-05 by-ann-b: ann-b dog: agrees (guideline 1.2)\n"
        "  2026-01-05 by-ann-c: ann-c dog: agrees (guideline 1.2)\n"
        "  label: dog, agreed\n  ann-b and ann-c outvoted ann-a: cat -> dog\n"
    )


def test_before_there_are_labels(repository, dataset):
    said = dataset("log", "d/1.png")
    assert (said.status, "images.parquet: the table is missing; run `dvc repro`" in said.err) == (2, True)
