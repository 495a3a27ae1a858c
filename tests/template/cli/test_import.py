"""`dataset import`: what it takes, what it refuses, and that a failed import leaves nothing behind."""

import json
import shutil
import subprocess
import sys

import pandas as pd
import pytest

from golgoru.annotations.from_payload import to_annotations
from golgoru.annotations.image_names import ImageNames
from golgoru.core import paths
from golgoru.raw.batches import read_batches, read_payload
from golgoru.raw.deliveries import read_deliveries
from tests.template.builders.scratch_repository import PAGE, git, picture, tree

VOC = """<annotation><filename>{name}</filename><object><name>{label}</name>
<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>24</xmax><ymax>24</ymax></bndbox></object></annotation>"""


@pytest.fixture
def source(tmp_path):
    """Three pictures and a CSV of labels beside them."""
    folder = tmp_path / "source"
    for number in range(3):
        picture(folder / f"pictures/p{number}.png", number)
    (folder / "labels.csv").write_text("file,worker,label,mood\np0.png,a,cat,fine\np1.png,b,Dogs,\np2.png,a,cat,\n")
    return folder


LABELS = ("--column", "image=file", "--column", "annotator=worker", "--class", "Dogs=dog")


def labels_of(source, *more):
    return ("import", f"{source}/labels.csv", "--images", f"{source}/pictures", *LABELS, *more)


def labels_by_image(name):
    """Return image and label of each annotation of a batch, as stage `ingest` reads them."""
    batch = next(batch for batch in read_batches(paths.BATCHES) if batch.name == name)
    images = [path.relative_to(paths.IMAGES).as_posix() for path in paths.IMAGES.rglob("*.png")]
    rows, rejects = to_annotations(read_payload(batch, images), batch)
    assert rejects == []
    meant = ImageNames(images).resolve(rows["image"], batch.settings)
    return dict(zip(meant, rows["label"], strict=True))


def test_pictures_and_labels_become_delivery_and_batch(repository, dataset, source):
    result = dataset(*labels_of(source, "--as", "first", "--licence", "MIT", "--date", "2026-02-01"))
    assert (result.status, result.err) == (0, "")
    assert "3 new, 0 already here" in result.out
    assert "annotations: 3 (object 3)" in result.out
    assert "columns not used: mood" in result.out
    assert "dvc repro" in result.out
    assert (repository / "data/raw/batches/first/batch.yaml").read_text() == (
        "format: csv\nsource: human\ndate: 2026-02-01\nguideline_version: '1.2'\nimages: first\n"
        "columns:\n  image: file\n  annotator: worker\nclasses:\n  Dogs: dog\n"
    )
    assert (repository / "data/raw/deliveries/first.yaml").read_text() == (
        "date: 2026-02-01\nsource: imported from pictures\nlicence: MIT\n"
    )
    assert labels_by_image("first") == {"first/p0.png": "cat", "first/p1.png": "dog", "first/p2.png": "cat"}
    (delivery,) = read_deliveries(paths.DELIVERIES)
    assert delivery.pointer.files == 3
    status = git("status", "--porcelain").split("\n")
    assert {"A  data/raw/deliveries/first.dvc", "A  data/raw/batches/first/payload.dvc"} <= set(status)
    assert not [line for line in status if "images" in line]
    assert dataset("check").status == 0
    shutil.rmtree(repository / "data/raw/images/first")
    dvc = [sys.executable, "-m", "dvc", "checkout", "data/raw/deliveries/first.dvc"]
    subprocess.run(dvc, check=True, capture_output=True)
    assert (repository / "data/raw/images/first/p0.png").read_bytes() == (source / "pictures/p0.png").read_bytes()


def test_a_dry_run_says_the_same_and_writes_nothing(repository, dataset, source):
    (source / "labels.csv").write_text("image,annotator,label\np0.png,a,catt\nq.png,a,cat\np1.png\np2.png,a,zebra\n")
    before = tree(repository)
    result = dataset("import", f"{source}/labels.csv", "--images", f"{source}/pictures", "--as", "first", "--dry-run")
    assert result.status == 0
    assert tree(repository) == before
    assert "catt: 1 annotations; resembles 'cat': --class 'catt=cat'" in result.out
    assert "zebra: 1 annotations\n" in result.out
    assert "q.png: 1 annotations; no such image" in result.out
    assert "labels.csv:4: found 1 values, expected 3" in result.out
    assert "dry run: nothing was written" in result.out


def test_a_known_picture_is_not_stored_twice_and_keeps_its_labels(repository, dataset, source, no_dvc):
    assert dataset(*labels_of(source, "--as", "first")).status == 0
    (source / "pictures/p1.png").rename(source / "pictures/renamed.png")
    picture(source / "pictures/p3.png", 3)
    picture(source / "pictures/p4.png", 3)
    (source / "labels.csv").write_text("file,worker,label\nrenamed.png,c,cat\np3.png,c,dog\np4.png,c,dog\n")
    result = dataset(*labels_of(source, "--as", "second"))
    assert result.status == 0
    assert "2 new, 3 already here" in result.out
    stored = sorted(path.name for path in (repository / "data/raw/images/second").iterdir())
    assert stored == ["p3.png", "p4.png"], "duplicates within a delivery are all stored"
    assert labels_by_image("second") == {"first/p1.png": "cat", "second/p3.png": "dog", "second/p4.png": "dog"}
    (source / "labels.csv").write_text("file,worker,label\np0.png,d,dog\n")
    assert dataset(*labels_of(source, "--as", "third")).status == 0
    assert not (repository / "data/raw/deliveries/third.yaml").exists(), "it brought no new picture"
    assert labels_by_image("third") == {"first/p0.png": "dog"}
    third = next(batch for batch in read_batches(paths.BATCHES) if batch.name == "third").settings
    assert (third.images, third.names) == ("first", {}), "one delivery holds them all: nothing to list"
    picture(source / "more/p0.png", 99)
    assert dataset("import", f"{source}/more", "--as", "fourth").status == 0
    assert labels_by_image("third") == {"first/p0.png": "dog"}, "a later picture of the same name changes nothing"
    assert dataset("check").out == "0 findings\n" + PAGE


def test_folders_name_classes_also_for_pictures_that_are_here(repository, dataset, tmp_path, no_dvc):
    picture(tmp_path / "one/cat/a.png", 1)
    picture(tmp_path / "one/dog/b.png", 2)
    assert dataset("import", f"{tmp_path}/one", "--as", "one", "--annotator", "ann").status == 0
    assert labels_by_image("one") == {"one/cat/a.png": "cat", "one/dog/b.png": "dog"}
    (tmp_path / "one").rename(tmp_path / "two")
    assert dataset("import", f"{tmp_path}/two", "--as", "two", "--annotator", "bob").status == 0
    assert labels_by_image("two") == {"two/cat/a.png": "cat", "two/dog/b.png": "dog"}
    assert not (repository / "data/raw/batches/two/payload").exists()


def test_pictures_alone_with_metadata(repository, dataset, source, no_dvc):
    (source / "labels.csv").unlink()
    (source / "about.csv").write_text(
        "image,site,code,dose,night\np0.png,north,007,1,yes\np1.png,south,010,2.5,no\np2.png,,011,,\nx.png,west,1,1,no\n"
    )
    more = ("--metadata", f"{source}/about.csv", "--group", r"p(\d)")
    result = dataset("import", f"{source}/pictures", "--as", "first", "--date", "2026-01-05", *more)
    assert result.status == 0
    assert "about.csv:5: names no picture of the delivery" in result.out
    assert (repository / "data/raw/deliveries/first.yaml").read_text() == (
        "date: 2026-01-05\nsource: imported from pictures\ngroup: p(\\d)\n"
        "metadata:\n  site: text\n  code: text\n  dose: number\n  night: yes/no\n"
    )
    assert dataset("check").status == 0


def test_voc_must_say_how_boxes_count_pixels(repository, dataset, source, no_dvc):
    (source / "labels.csv").unlink()
    for number in range(3):
        (source / f"p{number}.xml").write_text(VOC.format(name=f"p{number}.png", label="cat"))
    result = dataset("import", f"{source}", "--as", "boxes", "--annotator", "ann")
    assert result.status == 2
    assert "--boxes is missing" in result.err
    assert dataset("import", f"{source}", "--as", "boxes", "--annotator", "ann", "--boxes", "pixels-from-1").status == 0
    assert labels_by_image("boxes") == {f"boxes/pictures/p{number}.png": "cat" for number in range(3)}


def test_jsonl_parquet_and_icdar_are_recognised(repository, dataset, source, no_dvc):
    assert dataset("import", f"{source}/pictures", "--as", "pictures").status == 0
    rows = (
        pd.read_csv(source / "labels.csv").rename(columns={"file": "image", "worker": "annotator"}).drop(columns="mood")
    )
    (source / "labels.jsonl").write_text("\n".join(json.dumps(row) for row in rows.to_dict("records")))
    rows.to_parquet(source / "labels.parquet")
    (source / "boxes").mkdir()
    (source / "boxes/p0.txt").write_text("1,1,9,1,9,9,1,9,Größe, 3€\n")
    for format_, file, more in (
        ("jsonl", "labels.jsonl", ()),
        ("parquet", "labels.parquet", ()),
        ("icdar", "boxes", ("--annotator", "ann", "--label", "cat")),
    ):
        result = dataset("import", f"{source}/{file}", "--as", format_, *more)
        assert result.status == 0, result.err
        assert f"recognised as format {format_}" in result.out
    expected = {f"pictures/p{n}.png": ("cat", "Dogs")[n % 2] for n in range(3)}
    assert labels_by_image("jsonl") == labels_by_image("parquet") == expected
    assert labels_by_image("icdar") == {"pictures/p0.png": "cat"}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("labels.csv", "--as", "a/b"), "--as"),
        (("labels.csv", "--as", "../x"), "--as"),
        (("nothing", "--as", "x"), "does not exist"),
        (("labels.csv", "--as", "x", "--images", "nothing"), "--images"),
        (("labels.csv", "--as", "x", "--images", "empty"), "no picture"),
        (("labels.csv", "--as", "x", "--column", "image"), "--column"),
        (("labels.csv", "--as", "x", "--shift", "1,nan"), "--shift"),
        (("labels.csv", "--as", "x", "--column", "image=file"), "--annotator"),
        (("labels.csv", "--as", "x", "--annotator", "a", "--column", "image=nope"), "no column 'nope'"),
        (("labels.csv", "--as", "x", "--annotator", "a", "--column", "picture=file"), "--column picture"),
        (("labels.csv", "--as", "x", "--licence", "MIT", *LABELS), "--licence"),
        (("labels.csv", "--as", "x", "--format", "voc", "--boxes", "edges", "--annotator", "a"), "end in .xml"),
        (("pictures", "--as", "x", "--label", "cat"), "--label"),
        (("pictures", "--as", "x", "--group", "p"), "--group"),
        (("pictures", "--as", "x", "--group", "("), "--group"),
        (("pictures", "--as", "x", "--date", "2026-13-01"), "--date"),
        (("pictures", "--as", "x", "--metadata", "labels.csv"), "column 'image'"),
        (("empty", "--as", "x"), "not recognised"),
        (("broken.csv", "--as", "x", "--annotator", "a"), "not UTF-8"),
        (("labels.csv", "--as", "x", "--format", "coco"), "--format"),
    ],
)
def test_what_cannot_be_used_is_refused_and_nothing_is_written(
    repository, dataset, source, arguments, reason, monkeypatch
):
    (source / "empty").mkdir()
    (source / "broken.csv").write_bytes(b"image,label\n\xff.png,cat\n")
    before = tree(repository)
    # Paths are the user's: they count from where the user stands.
    inside = repository / "stages"
    shutil.copytree(source, inside / "here")
    monkeypatch.chdir(inside / "here")
    result = dataset("import", *arguments)
    shutil.rmtree(inside / "here")
    assert result.status == 2
    assert reason in result.err
    assert "Traceback" not in result.err
    assert tree(repository) == before


def test_names_in_use_and_dates_out_of_order(repository, dataset, source, no_dvc):
    assert dataset(*labels_of(source, "--as", "first", "--date", "2026-02-01")).status == 0
    result = dataset(*labels_of(source, "--as", "first"))
    assert (result.status, "'first' is in use" in result.err) == (2, True)
    picture(source / "pictures/new.png", 9)
    result = dataset("import", f"{source}/pictures", "--as", "second", "--date", "2026-01-31")
    assert (result.status, "before delivery 'first' of 2026-02-01" in result.err) == (2, True)
    result = dataset("import", f"{source}/pictures", "--as", "FIRST")
    assert (result.status, "'FIRST' and 'first' are one folder on a Mac or Windows" in result.err) == (2, True)
    result = dataset("import", f"{source}/pictures", "--as", "new.dvc")
    assert (result.status, "expected no name that ends in .dvc" in result.err) == (2, True)
    (repository / "data/raw/images/mine").mkdir()
    result = dataset("import", f"{source}/pictures", "--as", "mine")
    assert (result.status, "data/raw/images/mine exists" in result.err) == (2, True)
    assert (repository / "data/raw/images/mine").exists(), "a folder that was not imported is not removed"


def test_links_out_of_the_source_are_refused(repository, dataset, source, tmp_path):
    outside = picture(tmp_path / "outside/secret.png", 5)
    (source / "pictures/link.png").symlink_to(outside)
    result = dataset("import", f"{source}/pictures", "--as", "first", "--dry-run")
    assert (result.status, "link.png: a link that leads out" in result.err) == (2, True)
    (source / "pictures/link.png").unlink()
    (source / "pictures/folder").symlink_to(outside.parent)
    result = dataset("import", f"{source}/pictures", "--as", "first", "--dry-run")
    assert (result.status, "a link to a folder" in result.err) == (2, True)


def test_a_killed_import_can_be_repeated(repository, dataset, source, no_dvc, monkeypatch):
    from golgoru.cli.import_ import write

    before = tree(repository)

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(write, "write_bytes", killed)
        assert dataset(*labels_of(source, "--as", "first")).status != 0
    assert tree(repository) == before
    with monkeypatch.context() as patch:  # killed at once: nothing is tidied up
        patch.setattr(write, "to_yaml", killed)
        patch.setattr(write, "_remove_unfinished", lambda name: None)
        dataset(*labels_of(source, "--as", "first"))
    assert (repository / "data/raw/images/first").exists()
    assert dataset(*labels_of(source, "--as", "first")).status == 0
    assert labels_by_image("first") == {"first/p0.png": "cat", "first/p1.png": "dog", "first/p2.png": "cat"}
    assert not list((repository / ".cache").rglob("*.png"))


def test_a_refusal_of_dvc_is_told_and_undone(repository, dataset, source, monkeypatch):
    before = tree(repository)
    refusal = subprocess.CompletedProcess([], 1, "", "ERROR: no space left\n")
    monkeypatch.setattr("golgoru.cli.import_.write.run_dvc", lambda *_: refusal)
    result = dataset(*labels_of(source, "--as", "first"))
    assert (result.status, "no space left" in result.err) == (2, True)
    assert tree(repository) == before
