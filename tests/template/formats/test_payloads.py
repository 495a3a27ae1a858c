"""What holds for every payload: it is there as a whole, and nothing outside it is opened."""

import os
from pathlib import Path

import pytest

from golgoru.core.errors import UserError
from golgoru.formats import FORMAT_NAMES, format_named
from tests.template.builders.payloads import batch, read

POINTER = "outs:\n- md5: 0123.dir\n  nfiles: {files}\n  hash: md5\n  path: payload\n"
OUTSIDE = "no regular file inside the repository; put the file itself here"


def test_a_payload_that_is_missing_stops_the_stage(tmp_path: Path) -> None:
    of = batch(tmp_path, {}, "csv")
    of.payload.rmdir()
    with pytest.raises(UserError) as error:
        read(of)
    advice = "the payload is missing; `dataset import` brings it, or the stage that writes it"
    assert str(error.value) == f"{of.payload}: {advice}"


@pytest.mark.parametrize("files", [0, 1, 3])
def test_a_payload_that_differs_from_its_pointer_stops_the_stage(tmp_path: Path, files: int) -> None:
    of = batch(tmp_path, {f"{number}.csv": "image\n1.png\n" for number in range(files)}, "csv")
    pointer = of.payload.with_name("payload.dvc")
    pointer.write_text(POINTER.format(files=2), "utf-8")
    if not files:
        of.payload.rmdir()
    with pytest.raises(UserError) as error:
        read(of)
    assert str(error.value) == (
        f"{pointer}: expected 2 files in {of.payload}, found {files}; run `dvc pull {pointer}`"
        " (or `dvc add` where they were changed on purpose)"
    )


@pytest.mark.parametrize("text", ["", "outs: []\n", "<<<<<<< ours\n", "outs:\n- md5: 01.dir\n", "outs: 5\n"])
def test_a_pointer_that_is_broken_is_told(tmp_path: Path, text: str) -> None:
    of = batch(tmp_path, {"1.csv": "image\n1.png\n"}, "csv")
    pointer = of.payload.with_name("payload.dvc")
    pointer.write_text(text, "utf-8")
    with pytest.raises(UserError, match=f"^{pointer}:"):
        read(of)


def test_links_are_followed_inside_the_repository_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = tmp_path / "repository"
    of = batch(repository, {"1.csv": "image\n1.png\n"}, "csv")
    monkeypatch.chdir(repository)
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "2.csv").write_text("image\n2.png\n", "utf-8")
    (repository / "cache").write_text("image\n3.png\n", "utf-8")
    links = {
        "inside.csv": repository / "cache",
        "file.csv": tmp_path / "secret" / "2.csv",
        "folder": tmp_path / "secret",
        "broken.csv": tmp_path / "nowhere",
        "loop.csv": of.payload / "loop.csv",
    }
    for name, target in links.items():
        (of.payload / name).symlink_to(target)
    os.mkfifo(of.payload / "pipe.csv")
    rows, rejects = read(of)
    assert sorted(rows["image"]) == ["1.png", "3.png"]
    names = ["broken.csv", "file.csv", "folder", "loop.csv", "pipe.csv"]
    assert rejects == [(name, None, OUTSIDE) for name in names]


def test_file_names_in_any_bytes_are_told_as_text(tmp_path: Path) -> None:
    of = batch(tmp_path, {"한국.txt": ""}, "csv")
    Path(os.fsdecode(os.fsencode(of.payload) + b"/caf\xe9.txt")).touch()
    assert sorted(name for name, _, _ in read(of)[1]) == ["caf\\xe9.txt", "한국.txt"]


@pytest.mark.parametrize("form", [name for name in FORMAT_NAMES if format_named(name).has_payload])
def test_an_empty_payload_gives_no_annotation(tmp_path: Path, form: str) -> None:
    boxes = "edges" if "boxes" in format_named(form).allowed_keys else None
    rows, rejects = read(batch(tmp_path, {}, form, boxes=boxes))
    assert rows.empty and rejects == []
