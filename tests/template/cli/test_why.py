"""`dataset why`: each key finds its row, with the rule's sentence; unknown and ambiguous keys are told."""

import json

import pytest

from golgoru.core import paths
from golgoru.tables import frames

LEDGER = {
    "kind": ["image", "image", "image", "annotation", "annotation", "reject"],
    "key": ["a/one.png", "a/two.png", "b/two.png", "first/1", "first/2", "first/labels.csv/0f-1"],
    "image": ["a/one.png", "a/two.png", "b/two.png", "a/one.png", "a/one.png", None],
    "fate": ["released", "duplicate", "set aside", "released", "set aside", "rejected"],
    "stage": ["release", "consolidate", "validate", "release", "validate", "ingest"],
    "rule": [None, "COPY-001", "IMG-001", None, "BOX-001", None],
    "survivor": [None, "a/one.png", None, None, None, None],
    "split": ["train", None, None, "train", None, None],
}
VIOLATION = {
    "rule": ["IMG-001"], "severity": ["critical"], "action": ["set aside"], "table": ["images"], "key": ["b/two.png"],
    "image": ["b/two.png"], "message": ["The image is readable; found error=truncated"],
    "known": [False],
}  # fmt: skip


@pytest.fixture
def released(repository):
    frames.write_table(frames.frame("release/ledger", LEDGER), paths.RELEASE / "ledger.parquet", "release/ledger")
    frames.write_table(frames.frame("violations", VIOLATION), paths.DATA / "violations.parquet", "violations")


def test_an_image_with_its_annotations(released, dataset):
    said = dataset("why", "a/one.png")
    assert said == (
        0,
        "image a/one.png\n  fate      released\n  stage     release\n  split     train\nannotations\n"
        "  first/1: released (release)\n  first/2: set aside (validate by BOX-001)\n",
        "",
    )


def test_a_copy_names_its_survivor_and_the_rule_its_sentence(released, dataset):
    said = dataset("why", "a/two.png")
    assert "COPY-001: One of several exact duplicates is kept" in said.out
    assert "survivor  a/one.png" in said.out


@pytest.mark.parametrize("key", LEDGER["key"])
def test_every_key_of_the_ledger_finds_its_row(released, dataset, key):
    said = dataset("why", key, "--json")
    assert said.status == 0
    (row,) = json.loads(said.out)["rows"]
    assert (row["key"], row["fate"]) == (key, LEDGER["fate"][LEDGER["key"].index(key)])


def test_what_was_found_stands_beside_the_fate(released, dataset):
    assert (
        "IMG-001 (set aside) b/two.png: The image is readable; found error=truncated" in dataset("why", "b/two.png").out
    )


def test_a_base_name_means_an_image_where_only_one_has_it(released, dataset):
    assert dataset("why", "one.png").out == dataset("why", "a/one.png").out
    said = dataset("why", "two.png")
    assert (said.status, "2 images, such as a/two.png, b/two.png" in said.err) == (2, True)


def test_an_unknown_key_gives_the_nearest(released, dataset):
    said = dataset("why", "on.png")
    assert (said.status, "the nearest: a/one.png" in said.err) == (2, True)
    assert dataset("why", "(*").status == 2


def test_before_there_is_a_release(repository, dataset):
    said = dataset("why", "b/two.png")
    assert (said.status, "run `dvc repro`" in said.err) == (2, True)
    images = frames.frame("images", {"image": ["b/two.png", "b/good.png"]})
    frames.write_table(images, paths.DATA / "images.parquet", "images")
    frames.write_table(frames.frame("violations", VIOLATION), paths.DATA / "violations.parquet", "violations")
    said = dataset("why", "two.png")
    assert said.status == 0
    assert "no release yet" in said.out
    assert "found error=truncated" in said.out
    assert "no rule is broken" in dataset("why", "b/good.png").out
    assert dataset("why", "b/bad.png").status == 2


def test_who_said_what_stands_with_each_annotation(released, dataset):
    annotations = {
        "annotation": ["first/1", "first/2"], "image": "a/one.png", "annotator": ["lab", "boss"], "batch": "first",
        "date": "2026-01-01", "source": ["human", "review"], "kind": ["object", "empty"], "guideline_version": "1.0",
        "label": ["cat", None], "x": [1.0, None], "y": [2.5, None], "width": [3.0, None], "height": [4.0, None],
    }  # fmt: skip
    frames.write_table(frames.frame("annotations", annotations), paths.DATA / "annotations.parquet", "annotations")
    said = dataset("why", "a/one.png").out
    assert "  first/1: lab cat at 1, 2.5, 3 x 4: released (release)\n" in said
    assert "  first/2: boss (review) empty: set aside (validate by BOX-001)\n" in said
    nobody_spoke = dataset("why", "a/two.png")
    assert (nobody_spoke.status, "annotations" in nobody_spoke.out) == (0, False)


def test_an_outdated_annotation_says_that_the_guideline_changed(repository, dataset):
    row = {"kind": ["annotation"], "key": "old/1", "image": "a/one.png", "fate": "outdated", "stage": "consolidate"}
    frames.write_table(frames.frame("release/ledger", row), paths.RELEASE / "ledger.parquet", "release/ledger")
    assert dataset("why", "old/1").out == (
        "annotation old/1\n  image     a/one.png\n  fate      outdated\n  stage     consolidate\n"
        "  because   a change of the guideline in guidelines/changes.yaml says that the annotation no longer counts\n"
    )


@pytest.mark.parametrize(
    ("key", "status", "kind", "told"),
    [
        (
            "a/two.png",
            "contested",
            "near",
            "  a/two.png (near copy, left out): dog; a/one.png (kept): cat; label a/one.png in a review batch; or,"
            " if they are no duplicates, raise `dedup.min_correlation` in params.yaml\n",
        ),
        (
            "a/one.png",
            "contested",
            "exact",
            "  a/one.png (kept): cat; a/two.png (exact copy, left out): dog; label a/one.png in a review batch\n",
        ),
        (
            "a/one.png",
            "adjudicated",
            "near",
            "  a/one.png (kept): cat; a/two.png (near copy, left out): dog; a reviewer has decided it\n",
        ),
    ],
)
def test_a_copy_and_its_survivor_say_that_their_labels_disagree_and_what_to_do(
    released, dataset, key, status, kind, told
):
    row = {
        "image": ["a/two.png"],
        "duplicate_of": "a/one.png",
        "kind": kind,
        "label": "dog",
        "representative_label": "cat",
    }
    table = frames.frame("duplicate_conflicts", row | {"differing": 1, "status": status})
    frames.write_table(table, paths.DATA / "duplicate_conflicts.parquet", "duplicate_conflicts")
    assert "duplicates whose labels conflict\n" + told in dataset("why", key).out
    assert "disagree" not in dataset("why", "b/two.png").out
