"""A team's own predictions: read in two formats, matched to objects, invalid rows counted by reason."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from golgoru.core import paths
from golgoru.core.errors import UserError
from golgoru.geometry.boxes import BOX_COLUMNS
from golgoru.model.external_predictions import ReadPredictions, read_predictions
from golgoru.model.predicted_objects import predictions_table
from golgoru.raw import external_predictions
from golgoru.raw.external_predictions import read_descriptions
from golgoru.tables import frames

CLASSES = ["cat", "dog"]
IMAGES = ["d/a.png", "d/b.png"]


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def folder(settings: str, name: str = "theirs") -> Path:
    payload = paths.PREDICTIONS / name / "payload"
    payload.mkdir(parents=True)
    (payload.parent / "predictions.yaml").write_text(settings)
    return payload


def read_parquet(rows: list[dict[str, Any]], settings: str = "format: parquet\n") -> ReadPredictions:
    pd.DataFrame(rows).to_parquet(folder(settings) / "predictions.parquet")
    (model,) = read_descriptions(paths.PREDICTIONS)
    return read_predictions(model, IMAGES, CLASSES)


def read_coco(*contents: Any) -> ReadPredictions:
    payload = folder("format: coco\n")
    for number, content in enumerate(contents):
        (payload / f"{number}.json").write_text(json.dumps(content))
    (model,) = read_descriptions(paths.PREDICTIONS)
    return read_predictions(model, IMAGES, CLASSES)


def test_invalid_rows_are_left_out_and_counted_by_reason() -> None:
    good = {"image": "a.png", "label": "cat", "confidence": 0.9}
    result = read_parquet([
        good, good | {"confidence": float("nan")}, good | {"confidence": 1.5}, good | {"image": "gone.png"},
        good | {"label": "unicorn"}, good | {"image": None},
    ])  # fmt: skip
    assert result.rows[["image", "label", "confidence"]].to_numpy().tolist() == [["d/a.png", "cat", 0.9]]
    assert result.left_out == {
        "confidence not a number from 0 to 1": 2, "unknown class": 1, "unknown image": 2,
    }  # fmt: skip


def test_probabilities_alone_are_enough_and_invalid_ones_are_left_out() -> None:
    result = read_parquet([
        {"image": "a.png", "p:cat": 0.3, "p:hound": 0.7}, {"image": "b.png", "p:cat": float("nan"), "p:hound": 0.5},
        {"image": "b.png", "p:cat": -0.5, "p:hound": 0.5},
    ], "format: parquet\nclasses: {hound: dog}\n")  # fmt: skip
    assert result.rows[["image", "label", "confidence"]].to_numpy().tolist() == [["d/a.png", "dog", 0.7]]
    assert sum(result.left_out.values()) == 2


def test_boxes_need_an_area_and_finite_numbers() -> None:
    row = {"image": "a.png", "label": "cat", "confidence": 0.9, "x": 1.0, "y": 1.0, "width": 5.0, "height": 5.0}
    result = read_parquet([row, row | {"width": 0.0}, row | {"x": np.inf}, row | {"height": float("nan")}])
    assert len(result.rows) == 1
    assert result.left_out == {"box without an area": 3}


def test_ids_of_coco_results_are_replaced_by_their_names() -> None:
    results = [{"image_id": 7, "category_id": 2, "bbox": [1, 2, 3, 4], "score": 0.5}]
    names = {"images": [{"id": 7, "file_name": "b.png"}], "categories": [{"id": 2, "name": "dog"}]}
    result = read_coco(results, names)
    assert result.rows[["image", "label", "x", "height"]].to_numpy().tolist() == [["d/b.png", "dog", 1, 4]]
    assert not result.left_out


def test_ids_of_coco_results_without_names_are_unknown() -> None:
    result = read_coco([{"image_id": 7, "category_id": 2, "bbox": [1, 2, 3, 4], "score": 0.5}])
    assert result.rows.empty
    assert result.left_out == {"unknown image": 1}


@pytest.mark.parametrize(
    "content",
    [3, [1], [{"image_id": 1}], {"images": 3}, [{"image_id": [], "category_id": {}, "score": 1, "bbox": [1]}], "x"],
)
def test_the_message_on_json_that_is_not_coco_names_the_file(content: Any) -> None:
    with pytest.raises(UserError, match=r"payload/0.json: expected COCO results"):
        read_coco(content)


def test_files_that_cannot_be_read_are_named() -> None:
    payload = folder("format: parquet\n")
    (model,) = read_descriptions(paths.PREDICTIONS)
    with pytest.raises(UserError, match=r"theirs/payload: no .parquet file; run `dvc pull`"):
        read_predictions(model, IMAGES, CLASSES)
    (payload / "x.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(UserError, match=r"x.parquet: not a readable Parquet file"):
        read_predictions(model, IMAGES, CLASSES)
    pd.DataFrame({"picture": ["a"]}).to_parquet(payload / "x.parquet")
    with pytest.raises(UserError, match=r"expected the columns image, label and confidence, or p:CLASS; found picture"):
        read_predictions(model, IMAGES, CLASSES)


def test_a_folder_without_description_and_a_name_that_is_taken() -> None:
    folder("format: parquet\n", "built-in")
    with pytest.raises(UserError, match="is the name of the built-in model"):
        read_descriptions(paths.PREDICTIONS)
    (paths.PREDICTIONS / "built-in" / "predictions.yaml").unlink()
    with pytest.raises(UserError, match=r"predictions.yaml: the file is missing"):
        read_descriptions(paths.PREDICTIONS)
    assert external_predictions.read_descriptions(Path("nowhere")) == []


# Objects ------------------------------------------------------------------------------------------------------------


def boxes(*rows: tuple[str, float, float]) -> pd.DataFrame:
    """Image, left edge, confidence."""
    table = pd.DataFrame(rows, columns=["image", "x", "confidence"])
    return table.assign(label="cat", y=0.0, width=10.0, height=10.0)


def objects(*rows: tuple[str, str, float]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["object", "image", "x"]).assign(y=0.0, width=10.0, height=10.0, label="dog")
    return frames.frame(
        "labels",
        table.assign(ignore=False, votes=1, agreement=1.0, status="agreed", source="human", guideline_version="1"),
    )


IMAGES_TABLE = frames.frame("images", {"image": IMAGES, "content": ["c-a", "c-b"]})


def matched(rows: pd.DataFrame, labels: pd.DataFrame) -> dict[str, str | None]:
    result = predictions_table(
        "theirs", rows=rows, labels=labels, images=IMAGES_TABLE, classes=CLASSES, task="detection"
    )
    frames.to_bytes(result, "predictions")
    return {
        f"{r['image']} {r['x']:.0f}": r["object"] if isinstance(r["object"], str) else None
        for r in result.to_dict("records")
    }


def test_boxes_are_matched_one_to_one_the_most_confident_first() -> None:
    rows = boxes(("d/a.png", 1, 0.6), ("d/a.png", 2, 0.9), ("d/a.png", 50, 0.9), ("d/b.png", 0, 0.9))
    result = matched(rows, objects(("o", "d/a.png", 0), ("p", "d/a.png", 80)))
    assert result == {"d/a.png 1": None, "d/a.png 2": "o", "d/a.png 50": None, "d/b.png 0": None}


def test_without_objects_or_without_predictions() -> None:
    assert matched(boxes(("d/a.png", 1, 0.6)), objects()) == {"d/a.png 1": None}
    assert matched(boxes(), objects(("o", "d/a.png", 0))) == {}


def test_of_several_predictions_on_a_whole_image_the_most_confident_counts() -> None:
    rows = pd.DataFrame({"image": ["d/a.png", "d/a.png", "d/b.png"], "label": ["cat", "dog", "cat"],
                         "confidence": [0.4, 0.6, 0.5], **dict.fromkeys(BOX_COLUMNS)})  # fmt: skip
    labels = objects(("c-a", "d/a.png", 0))
    result = predictions_table(
        "theirs", rows=rows, labels=labels, images=IMAGES_TABLE, classes=CLASSES, task="classification"
    ).set_index("prediction")
    assert result["predicted"].to_dict() == {"c-a": "dog", "c-b": "cat"}
    assert result["object"].dropna().to_dict() == {"c-a": "c-a"}
    assert result["label"].dropna().to_dict() == {"c-a": "dog"}


def test_probabilities_stand_in_the_order_of_the_guideline() -> None:
    rows = pd.DataFrame({"image": ["d/a.png"], "label": ["dog"], "confidence": [0.6], "p:dog": [1.2], "p:cat": [0.4],
                         **dict.fromkeys(BOX_COLUMNS)})  # fmt: skip
    result = predictions_table(
        "theirs", rows=rows, labels=objects(), images=IMAGES_TABLE, classes=CLASSES, task="classification"
    )
    assert list(result["probabilities"][0]) == [0.25, 0.75]
