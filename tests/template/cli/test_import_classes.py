"""`dataset import --define-classes`: the classes that the guideline lacks are added to it, and nothing else changes."""

import pytest

from golgoru.cli.check import unread_batches
from golgoru.cli.import_ import new_classes, write
from golgoru.core import paths
from golgoru.core.errors import UserError
from golgoru.guideline.classes import read_classes
from golgoru.tables import frames
from tests.template.builders.scratch_repository import picture

ADDED = "guidelines/classes.yaml: {} added without a definition: write what belongs to each and what does not"


@pytest.fixture
def source(tmp_path, repository, no_dvc):
    """Pictures and labels of one class that the guideline has, and of two that it lacks."""
    for number in range(4):
        picture(tmp_path / f"source/p{number}.png", number)
    (tmp_path / "source/labels.csv").write_text("image,label\np0.png,owl\np1.png,cat\np2.png,1.0\np3.png,owl\n")
    return tmp_path / "source"


def imported(dataset, source, *options):
    return dataset("import", str(source), "--as", "first", "--annotator", "ann", *options)


def test_unknown_classes_are_added_and_the_file_stays_as_it_was_otherwise(dataset, source):
    before = "# ours\nversion: '1.2'  # since May\nclasses:\n  - {id: cat, name: domestic cat}\n  - id: dog  # any\n"
    paths.CLASSES.write_text(before)
    result = imported(dataset, source, "--define-classes")
    assert (result.status, result.err) == (0, "")
    assert "classes known: cat 1" in result.out
    assert "classes unknown: 2; to be defined in guidelines/classes.yaml" in result.out
    assert ADDED.format("2 classes") in result.out
    assert paths.CLASSES.read_text() == before + "  - id: '1.0'\n    definition: ''\n  - id: owl\n    definition: ''\n"
    assert read_classes(paths.CLASSES).ids == ["cat", "dog", "1.0", "owl"]


def test_an_empty_guideline_gets_its_first_classes(dataset, source):
    paths.CLASSES.write_text('version: "1.0"\nclasses: []\n')
    assert imported(dataset, source, "--define-classes").status == 0
    assert read_classes(paths.CLASSES).ids == ["1.0", "cat", "owl"]


def test_without_the_option_the_guideline_stays(dataset, source):
    before = paths.CLASSES.read_bytes()
    result = imported(dataset, source)
    assert "classes unknown: 2; define them in guidelines/classes.yaml (--define-classes adds them), or" in result.out
    assert paths.CLASSES.read_bytes() == before


def test_a_dry_run_names_them_and_writes_nothing(dataset, source):
    before = paths.CLASSES.read_bytes()
    result = imported(dataset, source, "--define-classes", "--dry-run")
    assert "classes unknown: 2; to be defined in guidelines/classes.yaml" in result.out
    assert paths.CLASSES.read_bytes() == before


def test_mapped_labels_are_not_defined(dataset, source):
    assert imported(dataset, source, "--define-classes", "--class", "1.0=dog").status == 0
    assert read_classes(paths.CLASSES).ids == ["cat", "dog", "owl"]


def test_texts_are_not_taken_for_classes(dataset, source, monkeypatch):
    monkeypatch.setattr(new_classes, "_MOST_CLASSES", 1)
    before = paths.CLASSES.read_bytes()
    result = imported(dataset, source, "--define-classes")
    assert result == (
        2, result.out,
        "dataset: --define-classes: 2 classes are not defined, such as '1.0' and 'owl'; expected at most 1; if they are"
        " texts, --column label=COLUMN names the column\n",
    )  # fmt: skip
    assert paths.CLASSES.read_bytes() == before


def test_an_import_that_is_undone_takes_its_classes_back(dataset, source, monkeypatch):
    before = paths.CLASSES.read_bytes()

    def full_disk(*_):
        raise UserError("no space left")

    monkeypatch.setattr(write, "write_batch", full_disk)
    assert imported(dataset, source, "--define-classes").status == 2
    assert paths.CLASSES.read_bytes() == before


def test_pictures_alone_have_no_classes(dataset, source):
    (source / "labels.csv").unlink()
    result = dataset("import", str(source), "--format", "images", "--as", "first", "--define-classes")
    assert (result.status, "--define-classes: about labels" in result.err) == (2, True)


@pytest.fixture
def receipt(tmp_path, repository, no_dvc):
    """A picture with two texts on it, in an ocr data set of one class."""
    text = paths.PARAMS.read_text()
    paths.PARAMS.write_text(text.replace("task: classification", "task: ocr"))
    paths.CLASSES.write_text('version: "1.0"\nclasses:\n  - {id: text}\n')
    picture(tmp_path / "source/p0.png", 1)
    (tmp_path / "source/boxes").mkdir()
    (tmp_path / "source/boxes/p0.txt").write_text("1,1,9,1,9,9,1,9,TOTAL\n1,11,9,11,9,19,1,19,3.50\n")
    return tmp_path / "source"


def of_receipt(dataset, source, *options):
    boxes = f"{source}/boxes"
    return dataset("import", boxes, "--images", str(source), "--as", "first", "--annotator", "ann", *options)


def test_texts_get_the_only_class_of_an_ocr_data_set(dataset, receipt):
    result = of_receipt(dataset, receipt)
    assert "objects without a class are 'text', the only class of guidelines/classes.yaml" in result.out
    assert "classes known: text 2" in result.out
    assert "label: text\n" in (paths.BATCHES / "first/batch.yaml").read_text()


def test_a_class_that_is_said_counts(dataset, receipt):
    assert "the only class" not in of_receipt(dataset, receipt, "--label", "word").out
    assert "label: word\n" in (paths.BATCHES / "first/batch.yaml").read_text()


@pytest.mark.parametrize(
    ("old", "new", "file"),
    [("classes:\n", "classes:\n  - {id: stamp}\n", "guidelines/classes.yaml"), ("ocr", "detection", "params.yaml")],
)
def test_where_there_is_a_choice_none_is_made(dataset, receipt, repository, old, new, file):
    (repository / file).write_text((repository / file).read_text().replace(old, new, 1))
    assert "objects without a class: 2 (--label CLASS gives them one)" in of_receipt(dataset, receipt).out
    assert "label:" not in (paths.BATCHES / "first/batch.yaml").read_text()


def test_a_check_knows_an_imported_class_before_the_pipeline_ran(dataset, source):
    assert imported(dataset, source).status == 0
    result = dataset("check")
    assert result.status == 1
    assert "guidelines/classes.yaml:2: class 'owl' is used by 2 annotations and not defined; define it" in result.out
    text = paths.CLASSES.read_text()
    paths.CLASSES.write_text(text + "  - {id: owl}\n  - {id: '1.0'}\n")
    assert dataset("check").out.startswith("0 findings\n")


def test_a_check_reads_no_batch_that_the_pipeline_has_read(dataset, source, monkeypatch):
    assert imported(dataset, source).status == 0
    columns = {"annotation": ["first/1"], "image": "first/p1.png", "kind": ["object"], "label": ["cat"]}
    columns |= {"annotator": "ann", "batch": "first", "date": "2026-01-01"}
    rows = frames.frame("annotations", columns | {"source": "human", "guideline_version": "1.2"})
    frames.write_table(rows, frames.table_path("annotations"), "annotations")
    monkeypatch.setattr(unread_batches, "read_payload", None)  # a call would fail
    assert dataset("check").out.startswith("0 findings\n")
