"""What `dataset check` remembers: DVC is asked about pictures and labels only where one of their files has changed."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from golgoru.cli.check import known_good
from golgoru.core import paths
from tests.template.builders.scratch_repository import picture

POINTER, PICTURE = paths.DELIVERIES / "first.dvc", paths.IMAGES / "first/a.png"


@pytest.fixture
def asked(repository, dataset, tmp_path, no_dvc, monkeypatch):
    """A repository whose files are old enough to be known by their stamp, and what DVC is asked there."""
    picture(tmp_path / "source/a.png", 1)
    (tmp_path / "source/labels.csv").write_text("image,label\na.png,cat\n")
    assert dataset("import", f"{tmp_path}/source", "--as", "first", "--annotator", "ann").status == 0
    monkeypatch.setattr(known_good, "CLOCK_TICK", -60_000_000_000)
    questions = []

    def run_dvc(*question):
        questions.append(question)
        return subprocess.CompletedProcess(question, 0, json.dumps(answer), "")

    answer = {}
    monkeypatch.setattr("golgoru.cli.check.data.run_dvc", run_dvc)
    questions.append(answer)  # the first entry is what DVC answers
    return questions


def rewritten(file: Path, content: bytes) -> None:
    """Write a file and give it its size and date of before, which its stamp sees through."""
    stat = file.stat()
    file.write_bytes(content[: stat.st_size].ljust(stat.st_size, b"-"))
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def count_of_questions(asked, dataset):
    before = len(asked)
    dataset("check")
    return len(asked) - before


def test_dvc_is_asked_once_while_nothing_changes(asked, dataset):
    assert [count_of_questions(asked, dataset) for _ in range(3)] == [1, 0, 0]


@pytest.mark.parametrize(
    "change",
    [
        lambda: rewritten(PICTURE, b"other pixels"),
        PICTURE.unlink,
        lambda: PICTURE.with_name("b.png").write_bytes(b"one more"),
        lambda: PICTURE.rename(PICTURE.with_name("b.png")),
        lambda: POINTER.write_text(POINTER.read_text().replace("nfiles: 1", "nfiles: 2")),
        lambda: rewritten(paths.BATCHES / "first/payload/labels.csv", b"image,label\na.png,dog\n"),
        lambda: Path(".dvcignore").write_text("*.png\n"),
    ],
)
def test_dvc_is_asked_again_after_any_change(asked, dataset, change):
    assert count_of_questions(asked, dataset) == 1
    change()
    assert count_of_questions(asked, dataset) == 1


def test_dvc_is_asked_again_while_it_finds_a_change(asked, dataset):
    asked[0][POINTER.as_posix()] = [{"changed outs": {"data/raw/images/first": "modified"}}]
    assert [count_of_questions(asked, dataset) for _ in range(2)] == [1, 1]
    assert "first.dvc: files under data/raw/images/first differ" in dataset("check").out


def test_a_file_that_was_just_written_is_not_known_by_its_stamp(asked, dataset, monkeypatch):
    monkeypatch.setattr(known_good, "CLOCK_TICK", 60_000_000_000)
    assert [count_of_questions(asked, dataset) for _ in range(2)] == [1, 1]


@pytest.mark.parametrize(
    "edit",
    [
        "deps:\n- path: elsewhere\n",  # an import: what it comes from may have changed
        "- path: second\n",
        "- {path: ../../../etc}\n",
    ],
)
def test_a_pointer_of_another_form_is_left_to_dvc(asked, dataset, edit):
    POINTER.write_text(POINTER.read_text() + edit)
    assert known_good.pointers_digest([POINTER]) is None


@pytest.mark.parametrize("wdir", ["/etc", "../../..", "../images/../../../.."])
def test_a_pointer_to_another_place_is_not_followed(asked, wdir):
    POINTER.write_text(POINTER.read_text().replace("wdir: ../images", f"wdir: {wdir}"))
    assert known_good.pointers_digest([POINTER]) is None
