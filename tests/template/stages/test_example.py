import csv
import io
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image, UnidentifiedImageError
from sklearn.datasets import load_digits

from golgoru.annotations.from_payload import to_annotations
from golgoru.core import paths
from golgoru.guideline.classes import read_classes
from golgoru.guideline.rules import read_rules
from golgoru.raw.batches import read_batches, read_payload
from golgoru.raw.deliveries import read_deliveries
from stages.example import (
    ANNOTATORS,
    DELIVERY,
    EMPTY_DELIVERY,
    RARE,
    REVIEW,
    Fault,
    Params,
    make,
    read_scans,
    transform,
)
from tests.template.builders.frozen import FROZEN

TOP = Path(__file__).parents[3]
SEED = Params().seed


class Written:
    """The example as files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made = make(SEED)
        self.truth = {scan.name: scan.digit for scan in read_scans()}

    def planted(self, fault: str) -> list[Fault]:
        return [row for row in self.made.planted if row.fault == fault]

    def content(self, image: str) -> bytes:
        return (self.folder / paths.IMAGES / image).read_bytes()

    def pixels(self, image: str) -> np.ndarray:
        with Image.open(io.BytesIO(self.content(image))) as picture:
            return np.asarray(picture.resize((32, 32), Image.Resampling.BOX)).astype(float)

    def line(self, key: str) -> list[str]:
        name, _, line = key.partition(":")
        batch, _, file = name.partition("/")
        return self.lines(batch, file)[int(line) - 1]

    def lines(self, batch: str, file: str = "labels.csv") -> list[list[str]]:
        text = (self.folder / paths.BATCHES / batch / "payload" / file).read_text()
        return list(csv.reader(io.StringIO(text)))

    def row(self, annotation: str) -> list[str]:
        batch, _, identity = annotation.partition("/")
        (row,) = [row for row in self.lines(batch) if row[0] == identity]
        return row


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("example")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        transform(Params())
    return Written(folder)


def correlation(a, b):
    return np.corrcoef(a.ravel(), b.ravel())[0, 1]


def check_exact(written, row):
    assert row.key != row.original
    assert written.content(row.key) == written.content(row.original)


def check_near(written, row):
    assert written.content(row.key) != written.content(row.original)
    assert correlation(written.pixels(row.key), written.pixels(row.original)) > 0.995


def check_mirrored(written, row):
    assert np.array_equal(written.pixels(row.key)[:, ::-1], written.pixels(row.original))
    assert correlation(written.pixels(row.key), written.pixels(row.original)) < 0.9


def check_unreadable(written, row):
    with pytest.raises((UnidentifiedImageError, OSError)):
        Image.open(io.BytesIO(written.content(row.key))).load()


def check_label_on_unreadable(written, row):
    assert f"{DELIVERY}/{written.row(row.key)[1]}" in [fault.key for fault in written.planted("unreadable file")]


def check_missing_image(written, row):
    assert not (written.folder / paths.IMAGES / DELIVERY / written.row(row.key)[1]).exists()


def check_unknown_class(written, row):
    assert written.row(row.key)[2] not in read_classes(FROZEN / paths.CLASSES).ids
    assert row.original == "0"


def check_too_short(written, row):
    assert len(written.line(row.key)) == 2


def check_duplicate_id(written, row):
    ids = Counter(line[0] for line in written.lines(row.key.partition("/")[0]))
    assert ids[written.line(row.key)[0]] == 2


def check_imbalance(written, row):
    shown = Counter(written.truth.values())
    assert shown[row.key] < 0.5 * max(shown.values())
    assert row.key in RARE


def check_careless(written, row):
    truth = {**written.truth, **{Path(f.key).name: written.truth[Path(f.original).name] for f in duplicates(written)}}
    shares = {}
    for annotator in ANNOTATORS:
        rows = [r for r in written.lines(f"{DELIVERY}-{annotator.name}")[1:] if len(r) == 4 and r[1] in truth]
        shares[annotator.name] = np.mean([r[2] != truth[r[1]] for r in rows])
    assert shares.pop(row.key) > 0.15
    assert max(shares.values()) < 0.06


def check_empty_delivery(written, row):
    delivery_name = row.key.split("/")[0]
    assert list((written.folder / paths.IMAGES / delivery_name).iterdir()) == []
    assert delivery_name in [delivery.name for delivery in read_deliveries(TOP / paths.DELIVERIES)]


CHECKS = {
    "exact duplicate": check_exact,
    "near duplicate": check_near,
    "mirrored duplicate": check_mirrored,
    "unreadable file": check_unreadable,
    "label for an unreadable image": check_label_on_unreadable,
    "missing image": check_missing_image,
    "unknown class": check_unknown_class,
    "row too short": check_too_short,
    "duplicate id": check_duplicate_id,
    "imbalance": check_imbalance,
    "careless annotator": check_careless,
    "empty delivery": check_empty_delivery,
}


def duplicates(written):
    return [row for row in written.made.planted if row.fault.endswith(" duplicate")]


@pytest.mark.parametrize("fault", CHECKS)
def test_every_planted_fault_is_there(written, fault):
    rows = written.planted(fault)
    assert rows
    for row in rows:
        CHECKS[fault](written, row)


def test_every_kind_of_planted_fault_has_a_check(written):
    assert {row.fault for row in written.made.planted} == set(CHECKS)


def test_planted_rules_are_active_rules_of_the_book(written):
    active = {rule.id for rule in read_rules(FROZEN / paths.RULES).rules if rule.status == "active"}
    others = {"exact", "near", "mirrored", "reject", "flag", "weight"}
    assert {row.expected for row in written.made.planted} <= active | others


def test_no_scan_has_two_duplicates_and_each_sorts_behind_its_scan(written):
    originals = [row.original for row in duplicates(written)]
    assert len(originals) == len(set(originals))
    assert all(row.original < row.key for row in duplicates(written))


def test_equal_seeds_give_equal_bytes(written):
    again = make(SEED)
    assert again.files == written.made.files
    assert again.planted == written.made.planted
    assert again.metrics == written.made.metrics


@pytest.mark.parametrize("seed", [0, 1, 2**40])
def test_another_seed_plants_elsewhere_and_leaves_the_scans(written, seed):
    other = make(seed)
    assert other.files.keys() == written.made.files.keys()
    differing = {path for path, content in other.files.items() if content != written.made.files[path]}
    assert {path.name for path in differing}.isdisjoint(written.truth)
    assert {paths.BATCHES / f"{DELIVERY}-{a.name}" / "payload" / "labels.csv" for a in ANNOTATORS} < differing
    assert {row.fault for row in other.planted} == set(CHECKS)


def test_scans_are_the_digits_that_scikit_learn_brings(written):
    digits = load_digits()
    for name, digit in written.truth.items():
        row = int(name.removeprefix("digit-").removesuffix(".png"))
        assert digit == str(digits.target[row])
    picture = np.asarray(Image.open(io.BytesIO(written.content(f"{DELIVERY}/digit-0000.png"))))
    assert picture.shape == (64, 64)
    assert correlation(picture.reshape(8, 8, 8, 8).mean(axis=(1, 3)), -digits.images[0]) > 0.95


def test_the_metadata_in_git_names_every_scan_and_its_row(written):
    metadata = pd.read_csv(TOP / paths.DELIVERIES / f"{DELIVERY}.csv")
    assert list(metadata.columns) == ["image", "row"]
    assert sorted(metadata["image"]) == sorted(written.truth)
    assert (metadata["image"] == metadata["row"].map("digit-{:04d}.png".format)).all()


def test_some_scans_have_two_labels_one_or_none(written):
    labels = Counter(row[1] for a in ANNOTATORS for row in written.lines(f"{DELIVERY}-{a.name}")[1:])
    shares = Counter(labels[name] for name in written.truth)
    assert shares == {3: 670, 2: 60, 1: 20, 0: 10}


def test_the_review_settles_contested_scans_with_the_truth(written):
    text = (written.folder / paths.BATCHES / REVIEW / "payload" / "verdicts.jsonl").read_text()
    verdicts = [json.loads(line) for line in text.splitlines()]
    labels = [row for a in ANNOTATORS for row in written.lines(f"{DELIVERY}-{a.name}")[1:] if len(row) == 4]
    lost = {written.line(row.key)[0] for row in written.planted("duplicate id")}
    assert 8 <= len(verdicts) <= 30
    for verdict in verdicts:
        votes = Counter(
            digit
            for number, name, digit, _ in labels
            if name == verdict["picture"] and digit != "o" and number not in lost
        )
        assert 2 * max(votes.values()) <= sum(votes.values())
        assert verdict["verdict"] == written.truth[verdict["picture"]]


def test_the_readers_take_all_rows_but_the_planted_rejects(written):
    rejected, read = set(), set()
    for batch in read_batches(TOP / paths.BATCHES):
        if not batch.name.startswith(DELIVERY):
            continue
        here = batch._replace(payload=written.folder / paths.BATCHES / batch.name / "payload")
        rows, rejects = to_annotations(read_payload(here, []), here)
        assert len(rows) + len(rejects) == written.made.metrics["rows"][batch.name]
        assert set(rows["annotator"]) == {batch.settings.annotator}
        assert rows["lead_time_s"].gt(0).all()
        rejected |= {f"{batch.name}/{reject.file}:{reject.line}" for reject in rejects}
        read |= set(rows["annotation"])
    assert rejected == {
        row.key for row in written.made.planted if row.expected == "reject" and row.fault != "empty delivery"
    }
    readable = ("unknown class", "missing image", "label for an unreadable image")
    assert {row.key for fault in readable for row in written.planted(fault)} <= read


def test_deliveries_batches_and_classes_fit_together():
    deliveries = {delivery.name: delivery for delivery in read_deliveries(TOP / paths.DELIVERIES)}
    batches = {batch.name: batch.settings for batch in read_batches(TOP / paths.BATCHES)}
    classes = read_classes(FROZEN / paths.CLASSES)
    assert {DELIVERY, EMPTY_DELIVERY} <= set(deliveries)
    assert classes.ids == [str(digit) for digit in range(10)]
    assert all(c.definition for c in classes.classes)
    labels = [batches[f"{DELIVERY}-{annotator.name}"] for annotator in ANNOTATORS]
    assert [batch.annotator for batch in labels] == [annotator.name for annotator in ANNOTATORS]
    assert all(batches[REVIEW].date > batch.date > deliveries[DELIVERY].description.date for batch in labels)
    assert {batch.guideline_version for batch in [*labels, batches[REVIEW]]} == {classes.version}
