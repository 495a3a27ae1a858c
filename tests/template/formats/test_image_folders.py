"""Image folders: the folder names the class, and a picture in no folder is told."""

from pathlib import Path

from tests.template.builders.payloads import batch, read


def test_the_first_folder_below_the_delivery_names_the_class(tmp_path: Path) -> None:
    images = ["d/cat/1.png", "d/cat/sub/2.png", "d/한국/3.png", "d/4.png", "dd/dog/5.png", "d2/cat/6.png"]
    rows, rejects = read(batch(tmp_path, {}, "folders", images="d"), images)
    labels = dict(zip(rows["image"], rows["label"], strict=True))
    assert labels == {"d/cat/1.png": "cat", "d/cat/sub/2.png": "cat", "d/한국/3.png": "한국"}
    assert rejects == [("4.png", None, "the picture lies in no folder, so nothing names its class")]


def test_a_delivery_without_pictures_says_nothing(tmp_path: Path) -> None:
    rows, rejects = read(batch(tmp_path, {}, "folders", images="d"), [])
    assert rows.empty and rejects == []
