"""Stage predict on pictures that are made here: what is learned, what cannot be, and what is never peeked at."""

from typing import Any

import pandas as pd
import pytest
from PIL import Image

from golgoru.core import paths
from golgoru.core.errors import UserError
from golgoru.tables import frames
from stages.predict import Params, Tables, transform
from tests.template.builders.image_arrays import CLASSES, SHADE, pictures, seen


@pytest.fixture(autouse=True)
def repository(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def predict(
    images: pd.DataFrame, said: list[str | None], boxes: list[Any] | None = None, task: str = "classification",
    contested: tuple[int, ...] = (), groups: list[str] | None = None, copies: tuple[str, ...] = (),
) -> Tables:  # fmt: skip
    """`said`: the label of each image; with `boxes` (image, box) one object per entry of said."""
    of = images["image"].tolist() if boxes is None else [image for image, _ in boxes]
    rows = pd.DataFrame({"image": of, "label": said}).dropna()
    names = rows["image"].map(images.set_index("image")["content"]) if boxes is None else [f"b/{n}" for n in rows.index]
    rows = rows.assign(object=names, ignore=False, votes=1, agreement=1.0, source="human", guideline_version="1")
    rows["status"] = ["contested" if n in contested else "agreed" for n in rows.index]
    if boxes is not None:
        rows[["x", "y", "width", "height"]] = [[float(v) for v in box] for _, box in boxes]
    source = {"image": images["image"], "delivery": "d", "date": "2026-01-01"}
    group = {"image": images["image"], "group": groups or images["content"], "home": images["content"]}
    kept = pd.DataFrame({"image": list(copies)}).assign(
        duplicate_of="d/00.png", kind="exact", distance=0, rule="COPY-001"
    )
    found = transform(
        labels=frames.frame("labels", rows), images=images, sources=frames.frame("sources", source),
        groups=frames.frame("groups", group), copies=frames.frame("duplicates", kept),
        external_predictions=[], classes=CLASSES, task=task,
        seed=0, params=Params(),
    )  # fmt: skip
    frames.to_bytes(found.predictions, "predictions")
    return found


TWENTY = ["red", "green"] * 10


def test_colours_are_told_apart_and_a_wrong_label_is_seen() -> None:
    images = pictures(TWENTY)
    said = ["green", *TWENTY[1:]]
    found = predict(images, said)
    rows = found.predictions.set_index("image").loc[images["image"]]
    assert rows["predicted"].tolist() == TWENTY
    assert (rows["model"] == "built-in").all()
    assert (rows["label"] != rows["predicted"]).tolist() == [True] + [False] * 19
    assert found.metrics["agrees with the label"] == 0.95
    assert found.metrics["classes learned"] == 2
    for probabilities in rows["probabilities"]:
        assert probabilities[2] == 0
        assert sum(probabilities) == pytest.approx(1, abs=1e-5)


def test_unlabelled_pictures_are_judged_and_copies_are_not() -> None:
    images = pictures([*TWENTY, "green", "red"])
    found = predict(images, [*TWENTY, None, None], copies=("d/21.png",))
    bare = found.predictions[found.predictions["object"].isna()]
    assert bare["image"].tolist() == ["d/20.png"]
    assert bare["predicted"].tolist() == ["green"]
    assert bare["label"].isna().all()
    assert found.metrics["unlabelled"] == 1


def test_a_contested_label_is_judged_and_not_learned_from() -> None:
    images = pictures(TWENTY)
    found = predict(images, ["blue"] * 10 + TWENTY[10:], contested=tuple(range(10)))
    assert found.metrics["classes learned"] == 2
    rows = found.predictions.set_index("image").loc[images["image"]]
    assert rows["predicted"].tolist() == TWENTY
    assert rows["can_say"].tolist() == [False] * 10 + [True] * 10


@pytest.mark.parametrize(
    ("said", "learned", "why"),
    [
        ([], 0, "none has enough objects"),
        (["red"] * 20, 1, "only red has enough objects"),
        (["red"] * 18 + ["green"] * 2, 1, "only red has enough objects"),
        ([None] * 20, 0, "none has enough objects"),
    ],
)
def test_what_cannot_be_learned_is_said(said: list[Any], learned: int, why: str) -> None:
    found = predict(pictures(said), said)
    assert found.predictions.empty
    assert found.metrics["classes learned"] == learned
    assert why in found.metrics["why"]


def test_all_contested_is_nothing_to_learn_from() -> None:
    found = predict(pictures(TWENTY), list(TWENTY), contested=tuple(range(20)))
    assert found.predictions.empty
    assert "none has enough objects" in found.metrics["why"]


def test_a_group_is_never_in_what_judges_it() -> None:
    """All of a class in one group: no other fold knows it, so it cannot be learned."""
    images = pictures(TWENTY)
    groups = ["g" if label == "red" else f"g{n}" for n, label in enumerate(TWENTY)]
    found = predict(images, list(TWENTY), groups=groups)
    assert found.metrics["classes learned"] == 1


def test_boxes_are_judged_by_what_they_show() -> None:
    images = pictures(TWENTY)
    for image in images["image"]:
        shown = Image.open(paths.IMAGES / image)
        shown.paste(SHADE["blue"], (20, 0, 40, 40))
        shown.save(paths.IMAGES / image)
    images = seen(images["image"].tolist())
    boxes = [(image, box) for image in images["image"] for box in ((0, 0, 18, 40), (21, 0, 18, 40))]
    said = [label for of in TWENTY for label in (of, "blue")]
    found = predict(images, list(said), boxes, task="detection")
    rows = found.predictions.set_index("object").loc[[f"b/{n}" for n in range(40)]]
    assert rows["predicted"].tolist() == said
    assert found.metrics["unlabelled"] == 0
    outside = [*boxes[1:], ("d/00.png", (-500, -500, 3, 3))]
    assert len(predict(images, [*said[1:], "red"], outside, task="detection").predictions) == 40


def test_a_changed_picture_stops_it_with_what_to_do() -> None:
    images = pictures(TWENTY)
    (paths.IMAGES / "d/03.png").write_bytes(b"else")
    with pytest.raises(UserError, match=r"d/03.png: not the picture that fingerprint saw.*dvc pull"):
        predict(images, list(TWENTY))


def test_what_is_remembered_changes_no_byte() -> None:
    images = pictures(TWENTY)
    first = frames.to_bytes(predict(images, list(TWENTY)).predictions, "predictions")
    assert frames.to_bytes(predict(images, list(TWENTY)).predictions, "predictions") == first
    mixed = images.sample(frac=1, random_state=1).reset_index(drop=True)
    said = dict(zip(images["image"], TWENTY, strict=True))
    again = predict(mixed, [said[image] for image in mixed["image"]])
    assert frames.to_bytes(again.predictions, "predictions") == first
