"""Stage predict on images of a single colour: what is learned, what cannot be, and that no fold leaks."""

from typing import Any

import pandas as pd
import pytest
from PIL import Image

from golgoru.core import paths
from golgoru.core.errors import UserError
from golgoru.tables import frames
from stages.predict import Params, Tables, transform
from tests.template.builders.image_arrays import CLASSES, SHADE, images_table, single_colour_images


@pytest.fixture(autouse=True)
def repository(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def predict(
    images: pd.DataFrame, labels: list[str | None], boxes: list[Any] | None = None, task: str = "classification",
    contested: tuple[int, ...] = (), groups: list[str] | None = None, duplicates: tuple[str, ...] = (),
) -> Tables:  # fmt: skip
    """`labels`: the label of each image; with `boxes` (image, box), of each box."""
    names_of_images = images["image"].tolist() if boxes is None else [image for image, _ in boxes]
    rows = pd.DataFrame({"image": names_of_images, "label": labels}).dropna()
    names = rows["image"].map(images.set_index("image")["content"]) if boxes is None else [f"b/{n}" for n in rows.index]
    rows = rows.assign(object=names, ignore=False, votes=1, agreement=1.0, source="human", guideline_version="1")
    rows["status"] = ["contested" if n in contested else "agreed" for n in rows.index]
    if boxes is not None:
        rows[["x", "y", "width", "height"]] = [[float(v) for v in box] for _, box in boxes]
    source = {"image": images["image"], "delivery": "d", "date": "2026-01-01"}
    group = {"image": images["image"], "group": groups or images["content"], "group_on_arrival": images["content"]}
    left_out = pd.DataFrame({"image": list(duplicates)}).assign(
        duplicate_of="d/00.png", kind="exact", distance=0, rule="COPY-001"
    )
    result = transform(
        labels=frames.frame("labels", rows), images=images, sources=frames.frame("sources", source),
        groups=frames.frame("groups", group), duplicates=frames.frame("duplicates", left_out),
        external_predictions=[], classes=CLASSES, task=task,
        seed=0, params=Params(),
    )  # fmt: skip
    frames.to_bytes(result.predictions, "predictions")
    return result


TWENTY = ["red", "green"] * 10


def test_colours_are_learned_and_a_wrong_label_is_predicted_otherwise() -> None:
    images = single_colour_images(TWENTY)
    labels = ["green", *TWENTY[1:]]
    result = predict(images, labels)
    rows = result.predictions.set_index("image").loc[images["image"]]
    assert rows["predicted"].tolist() == TWENTY
    assert (rows["model"] == "built-in").all()
    assert (rows["label"] != rows["predicted"]).tolist() == [True] + [False] * 19
    assert result.metrics["agrees with the label"] == 0.95
    assert result.metrics["classes learned"] == 2
    for probabilities in rows["probabilities"]:
        assert probabilities[2] == 0
        assert sum(probabilities) == pytest.approx(1, abs=1e-5)


def test_unlabelled_images_are_predicted_and_duplicates_are_not() -> None:
    images = single_colour_images([*TWENTY, "green", "red"])
    result = predict(images, [*TWENTY, None, None], duplicates=("d/21.png",))
    unlabelled = result.predictions[result.predictions["object"].isna()]
    assert unlabelled["image"].tolist() == ["d/20.png"]
    assert unlabelled["predicted"].tolist() == ["green"]
    assert unlabelled["label"].isna().all()
    assert result.metrics["unlabelled"] == 1


def test_contested_labels_are_predicted_and_not_trained_on() -> None:
    images = single_colour_images(TWENTY)
    result = predict(images, ["blue"] * 10 + TWENTY[10:], contested=tuple(range(10)))
    assert result.metrics["classes learned"] == 2
    rows = result.predictions.set_index("image").loc[images["image"]]
    assert rows["predicted"].tolist() == TWENTY
    assert rows["class_learned"].tolist() == [False] * 10 + [True] * 10


@pytest.mark.parametrize(
    ("labels", "learned", "why"),
    [
        ([], 0, "none has enough objects"),
        (["red"] * 20, 1, "only red has enough objects"),
        (["red"] * 18 + ["green"] * 2, 1, "only red has enough objects"),
        ([None] * 20, 0, "none has enough objects"),
    ],
)
def test_the_metrics_say_why_nothing_was_learned(labels: list[Any], learned: int, why: str) -> None:
    result = predict(single_colour_images(labels), labels)
    assert result.predictions.empty
    assert result.metrics["classes learned"] == learned
    assert why in result.metrics["why"]


def test_contested_labels_alone_train_no_model() -> None:
    result = predict(single_colour_images(TWENTY), list(TWENTY), contested=tuple(range(20)))
    assert result.predictions.empty
    assert "none has enough objects" in result.metrics["why"]


def test_no_group_is_in_two_folds() -> None:
    """All of a class in one group: no other fold has it, so it cannot be learned."""
    images = single_colour_images(TWENTY)
    groups = ["g" if label == "red" else f"g{n}" for n, label in enumerate(TWENTY)]
    result = predict(images, list(TWENTY), groups=groups)
    assert result.metrics["classes learned"] == 1


def test_boxes_are_predicted_by_their_pixels() -> None:
    images = single_colour_images(TWENTY)
    for image in images["image"]:
        opened = Image.open(paths.IMAGES / image)
        opened.paste(SHADE["blue"], (20, 0, 40, 40))
        opened.save(paths.IMAGES / image)
    images = images_table(images["image"].tolist())
    boxes = [(image, box) for image in images["image"] for box in ((0, 0, 18, 40), (21, 0, 18, 40))]
    labels = [label for colour in TWENTY for label in (colour, "blue")]
    result = predict(images, list(labels), boxes, task="detection")
    rows = result.predictions.set_index("object").loc[[f"b/{n}" for n in range(40)]]
    assert rows["predicted"].tolist() == labels
    assert result.metrics["unlabelled"] == 0
    outside = [*boxes[1:], ("d/00.png", (-500, -500, 3, 3))]
    assert len(predict(images, [*labels[1:], "red"], outside, task="detection").predictions) == 40


def test_a_changed_image_stops_the_stage_with_what_to_do() -> None:
    images = single_colour_images(TWENTY)
    (paths.IMAGES / "d/03.png").write_bytes(b"else")
    with pytest.raises(UserError, match=r"d/03.png: not the image that fingerprint read.*dvc pull"):
        predict(images, list(TWENTY))


def test_cached_features_change_no_byte() -> None:
    images = single_colour_images(TWENTY)
    first = frames.to_bytes(predict(images, list(TWENTY)).predictions, "predictions")
    assert frames.to_bytes(predict(images, list(TWENTY)).predictions, "predictions") == first
    shuffled = images.sample(frac=1, random_state=1).reset_index(drop=True)
    label_of = dict(zip(images["image"], TWENTY, strict=True))
    again = predict(shuffled, [label_of[image] for image in shuffled["image"]])
    assert frames.to_bytes(again.predictions, "predictions") == first
