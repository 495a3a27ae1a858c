"""The judge is mlcroissant, MLCommons' own reader. It checks a file's hash only when it reads a record."""

import json
import socket

import numpy as np
import pandas as pd
import pytest

from golgoru.guideline.classes import Class, Classes
from golgoru.release import croissant, manifest
from tests.template.builders import small_release

RECORD_SETS = ["images", "train", "val", "test", "lineage", "ledger"]


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*_):
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def opened(folder, classes=small_release.CLASSES, **changes):
    """Write the small release with its Croissant file, and return it as mlcroissant sees it."""
    import mlcroissant  # slow to import

    parts = small_release.write(folder, small_release.tables())
    document = croissant.build_croissant(small_release.DATASET.model_copy(update=changes), classes, parts)
    (folder / croissant.FILE).write_bytes(manifest.json_bytes(document))
    return mlcroissant.Dataset(str(folder / croissant.FILE))


def plain_value(value):
    """Return a value of a record or of a table in the form that both can be compared in."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, (list, np.ndarray)):
        return [float(number) for number in value]
    return None if pd.isna(value) else value


def test_it_validates_and_lacks_only_a_citation_that_nobody_gave(tmp_path, caplog):
    issues = opened(tmp_path).metadata.ctx.issues
    assert not issues.errors
    (warning,) = issues.warnings
    assert "citeAs" in warning
    assert "context" not in caplog.text


@pytest.mark.parametrize("name", RECORD_SETS)
def test_every_record_set_gives_back_its_table(tmp_path, name):
    dataset = opened(tmp_path)
    table = pd.read_parquet(tmp_path / f"{name}.parquet")
    expected = [{c: plain_value(v) for c, v in row.items()} for row in table.to_dict("records")]
    found = [
        {column.removeprefix(f"{name}/"): plain_value(value) for column, value in record.items()}
        for record in dataset.records(name)
    ]
    assert found == expected


def test_polygons_and_text_of_any_script_survive(tmp_path):
    dataset = opened(tmp_path)
    (polygon,) = [node for node in dataset.metadata.nodes() if node.uuid == "train/polygon"]
    assert (polygon.is_array, polygon.array_shape) == (True, "-1")
    first, second = dataset.records("train")
    assert first["train/polygon"] == [1.0, 2.0, 4.0, 2.0, 4.0, 6.0]
    assert second["train/polygon"] is None
    (only,) = dataset.records("val")
    assert only["val/text"].decode() == "Größe: 안녕"


def test_classes_are_an_enumeration_that_labels_refer_to(tmp_path):
    classes = Classes(version="1", classes=(Class(id="RBC", definition="red"), Class(id='<b>"|', name="WBC")))
    dataset = opened(tmp_path, classes)
    assert [record["classes/id"] for record in dataset.records("classes")] == ["RBC", '<b>"|']
    assert len([*dataset.records("train")]) == 2  # WBC stands outside the list, and its object is still there


def test_a_guideline_without_classes_gives_a_valid_document_without_them(tmp_path):
    dataset = opened(tmp_path, Classes(version="1"))
    assert [record_set.id for record_set in dataset.metadata.record_sets] == sorted(RECORD_SETS)
    assert len([*dataset.records("train")]) == 2


def test_a_changed_file_is_noticed(tmp_path):
    dataset = opened(tmp_path)
    (tmp_path / "train.parquet").write_bytes((tmp_path / "val.parquet").read_bytes())
    with pytest.raises(Exception, match=r"train\.parquet") as failure:
        next(iter(dataset.records("train")))
    assert "not identical" in str(failure.value.__cause__)


def test_every_field_says_what_it_means_in_words_of_its_own(tmp_path):
    opened(tmp_path)
    document = json.loads((tmp_path / croissant.FILE).read_text("utf-8"))
    fields = {field["@id"]: field["description"] for s in document["recordSet"] for field in s["field"]}
    assert fields["images/현미경"] == croissant.METADATA_MEANING
    assert fields["train/object"].startswith("the image's content for classification, else its earliest annotation")
    assert all(text and not text.startswith("as in ") for text in fields.values())


def test_what_the_team_did_not_say_is_not_made_up(tmp_path):
    opened(tmp_path, description="", url=None)
    document = json.loads((tmp_path / croissant.FILE).read_text("utf-8"))
    assert not {"description", "url", "citeAs", "keywords"} & set(document)
    assert [creator["name"] for creator in document["creator"]] == ["Ada", "세포 연구실"]
    assert document["datePublished"] == "2026-02-03"


@pytest.mark.parametrize(
    ("licence", "page"),
    [
        ("BSD-3-Clause", "https://spdx.org/licenses/BSD-3-Clause.html"),
        ("ODbL-1.0", "https://spdx.org/licenses/ODbL-1.0.html"),
        ("https://example.org/terms", "https://example.org/terms"),
        ("in-house use only", None),
    ],
)
def test_a_licence_leads_to_its_page_where_there_is_one(licence, page):
    assert croissant.licence_url(licence) == page
