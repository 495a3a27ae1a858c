"""Every format has a record that the rest of the engine can rely on, and docs/deliveries.md says what it takes."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from golgoru.formats import FORMAT_NAMES, format_named
from golgoru.formats.files import SourceFile
from golgoru.formats.record import FORMAT_KEYS
from golgoru.raw.batches import BatchFile

TOP = Path(__file__).parents[3]
NO_FORMATS = {"__init__", "files", "payload", "record"}
FILES = {
    "csv": {"a.csv": b"image,label\n1.png,cat\n"},
    "jsonl": {"a.jsonl": b'{"image": "1.png"}\n'},
    "parquet": {"a.parquet": b""},
    "folders": {"cat/1.png": b"", "dog/2.png": b""},
    "voc": {"1.xml": b"<annotation></annotation>"},
    "icdar": {"1.csv": b"0,0,1,0,1,1,0,1,a\n"},
}


def test_every_file_of_the_package_is_a_format():
    modules = {format_named(name).read.__module__.rpartition(".")[2] for name in FORMAT_NAMES}
    assert modules == {file.stem for file in (TOP / "golgoru/formats").glob("*.py")} - NO_FORMATS


@pytest.mark.parametrize("name", FORMAT_NAMES)
def test_a_record_has_the_name_it_is_registered_under_and_knows_its_keys(name):
    record = format_named(name)
    assert record.name == name
    assert set(record.allowed_keys) <= set(FORMAT_KEYS)
    assert set(record.required_keys) <= {"images", *record.allowed_keys}
    assert set(record.required_keys) <= set(BatchFile.model_fields)


@pytest.mark.parametrize("name", FORMAT_NAMES)
def test_each_format_recognises_its_own_files_alone(tmp_path, name):
    files = []
    for path, content in FILES[name].items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
        files.append(SourceFile(path, tmp_path / path))
    if name == "parquet":
        pq.write_table(pa.table({"image": ["1.png"]}), tmp_path / "a.parquet")
    assert [other for other in FORMAT_NAMES if format_named(other).detect(files) is not None] == [name]


@pytest.mark.parametrize("name", FORMAT_NAMES)
def test_the_page_about_deliveries_says_what_the_format_cannot_hold(name):
    rows = [line.split(" | ") for line in (TOP / "docs/deliveries.md").read_text().splitlines()]
    (row,) = (row for row in rows if len(row) == 4 and f"`{name}`" in row[0])
    assert row[-1] == (", ".join(format_named(name).cannot_hold) or "nothing") + " |"
