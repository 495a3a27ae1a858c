"""Features of every table: documented types, computed once and only when read, and equal to a plain computation."""

from typing import Any

import pandas as pd
import pytest

from golgoru.core.dataset import Task
from golgoru.guideline.changes import Changes
from golgoru.guideline.predicates import PredicateError
from golgoru.tables import frames
from golgoru.validation.features.annotations import AnnotationFeatures
from golgoru.validation.features.base import FeatureTable
from golgoru.validation.features.images import ImageFeatures, SourceFeatures
from golgoru.validation.features.released import LabelFeatures, ReleaseImageFeatures
from golgoru.validation.suites import FEATURE_TABLES
from tests.template.builders.clean_world import CLASSES, POOLS, RULES, TASKS, clean, feature_tables

LABELLED = ("cat", None, "unicorn", "thing", "animal")


def values(features: FeatureTable, name: str) -> list[Any]:
    return [None if pd.isna(value) else value for value in features.select([name])[name]]


def annotations(task: Task = "detection", images: pd.DataFrame | None = None, **columns: Any) -> AnnotationFeatures:
    """Return annotations of an image of 100 x 50 pixels; a second image is unreadable, others are unknown."""
    known = {"image": ["1.png", "broken.png"], "content": ["c1", "c2"], "width": [100, None], "height": [50, None]}
    default_images = frames.frame("images", {**known, "error": [None, "truncated"]})
    defaults = {
        "image": "1.png",
        "annotator": "ann",
        "batch": "b",
        "date": "2026-03-01",
        "kind": "object",
        "label": "cat",
    }
    rows = max(len(value) for value in columns.values() if isinstance(value, list))
    ids = pd.DataFrame({"annotation": [f"b/{n}" for n in range(rows)]})
    table = frames.frame("annotations", ids.assign(**{**defaults, **columns}))
    return AnnotationFeatures(
        table,
        images=default_images if images is None else images,
        classes=CLASSES,
        changes=Changes(),
        rules=RULES,
        pool_of=POOLS.pool_of,
        task=task,
    )


@pytest.mark.parametrize("task", TASKS)
def test_features_have_their_type_and_are_null_only_where_they_are_nullable(task: Task) -> None:
    world = clean(task)
    rows = world.tables["annotations"]
    for column in ("about", "label", "x", "polygon", "text", "created_at"):
        rows.loc[0, column] = None
    rows.loc[1, "image"] = "a/9.png"
    world.tables["images"].loc[0, ["content", "width", "height", "error"]] = [None, None, None, "zero bytes"]
    for name, features in feature_tables(world).items():
        assert type(features) is FEATURE_TABLES[name]
        for column in features.features():
            answers = features.select([column.name])[column.name]
            assert answers.index.equals(features.table.index), column.name
            assert column.nullable or answers.notna().all(), f"{name}: {column.name}"
            assert column.name not in features.table, f"{name}: {column.name} hides a column"
            by_kind = {"bool": "b", "int64": "iu", "double": "f"}[str(column.type)]
            numpy = getattr(answers.dtype, "kind", "")
            assert numpy in by_kind, f"{name}: {column.name} is {answers.dtype}"


def test_a_feature_is_computed_once_and_only_when_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    computed = []
    plain = ImageFeatures.name_is_unique

    def counted(self: ImageFeatures) -> pd.Series:
        computed.append(self)
        return plain(self)

    counted._feature = plain._feature  # type: ignore[attr-defined]
    monkeypatch.setattr(ImageFeatures, "name_is_unique", counted)
    images = ImageFeatures(frames.frame("images", {"image": ["a"]}))
    images.select(["image", "smaller_side"])
    assert computed == []
    for _ in range(2):
        images.select(["name_is_unique", "image", "image"])
    assert len(computed) == 1


def test_an_unknown_column_is_an_error() -> None:
    with pytest.raises(PredicateError, match="there is no column 'widht'; did you mean 'width'"):
        ImageFeatures(frames.frame("images")).select(["widht"])


def test_features_of_images_and_sources() -> None:
    names = ["a/x.png", "a/X.png", "b/x.png", "a/\u00e9", "a/e\u0301", "a/STRASSE", "a/straße"]
    images = ImageFeatures(
        frames.frame("images", {"image": names, "width": [9, None] + [20] * 5, "height": [30, None] + [8] * 5})
    )
    assert values(images, "name_is_unique") == [False, False, True, False, False, False, False]
    assert values(images, "smaller_side") == [9, None, 8, 8, 8, 8, 8]
    keys = {"delivery": ["a", "a", "b"], "group_key": ["g", None, None]}
    sources = SourceFeatures(frames.frame("sources", {"image": ["1", "2", "3"], **keys}))
    assert values(sources, "delivery_has_groups") == [True, True, False]


def test_features_of_labels() -> None:
    labels = LabelFeatures(frames.frame("labels", {"label": list(LABELLED)}), CLASSES)
    assert values(labels, "label_known") == [True, False, False, True, True]
    assert values(labels, "label_has_definition") == [True, True, True, False, True]
    assert values(labels, "label_is_most_specific") == [True, True, True, True, False]


def test_features_of_the_release() -> None:
    rows = {"group": ["g", "g", "h", "h"], "content": ["1", "2", "2", "3"], "split": ["train", "val", "test", "test"]}
    images = ReleaseImageFeatures(frames.frame("release/images", {"image": list("abcd"), **rows}))
    assert values(images, "group_in_one_split") == [False, False, True, True]
    assert values(images, "content_in_one_split") == [True, False, False, True]


def test_features_of_an_annotations_image_and_class() -> None:
    rows = annotations(image=["1.png", "broken.png", "gone.png", "1.PNG"])
    assert values(rows, "image_known") == [True, True, False, False]
    assert values(rows, "image_readable") == [True, False, True, True]
    kinds = annotations(label=[*LABELLED, None], kind=["object"] * 5 + ["empty"])
    assert values(kinds, "label_known") == [True, False, False, True, True, True]
    nothing = annotations(image=["1.png"], images=frames.frame("images"))
    assert (values(nothing, "image_known"), values(nothing, "image_readable")) == ([False], [True])


def test_features_of_annotator_guideline_and_time() -> None:
    assert values(annotations(annotator=["ann", "rev", "eve"]), "annotator_known") == [True, True, False]
    versions = annotations(guideline_version=["1.10", "1.9", "1.11", "2", "0.9", "draft"])
    assert values(versions, "guideline_known") == [True, True, False, False, True, False]
    checked = len(RULES.checked_on("annotations"))
    assert values(versions, "newer_rules")[:5] == [0, 0, 0, 0, checked]
    times = pd.to_datetime(["2026-02-28T09:00:00Z", "2026-03-01T23:59:59Z", "2026-03-02T00:00:00Z", None])
    assert values(annotations(created_at=list(times)), "made_before_batch") == [True, True, False, None]


@pytest.mark.parametrize(
    ("task", "about", "expected"),
    [
        ("classification", [None, "c1", "c2", "nowhere"], [True, True, False, False]),
        ("detection", [None, "b/0", "b/2", "nowhere"], [True, True, False, False]),
    ],
)
def test_a_correction_names_an_object_of_its_image(task: Task, about: list[Any], expected: list[bool]) -> None:
    assert values(annotations(task, about=about), "about_known") == expected
    elsewhere = annotations("detection", image=["1.png", "broken.png", "gone.png"], about=[None, "b/0", "b/0"])
    assert values(elsewhere, "about_known") == [True, False, True]  # ANN-001 reports that its image is unknown
    no_object = annotations("detection", kind=["empty", "object"], about=[None, "b/0"])
    assert values(no_object, "about_known") == [True, False]


def test_one_answer_by_task() -> None:
    columns = {"kind": ["object", "object", "empty", "remove"], "label": ["cat", "cat", None, None]}
    assert values(annotations("detection", **columns), "one_answer") == [False, False, False, True]
    two = annotations("classification", label=["cat", "dog", "cat"], annotator=["ann", "ann", "ben"])
    assert values(two, "one_answer") == [False, False, True]
    assert values(annotations("detection", label=["cat", "dog"]), "one_answer") == [True, True]
    corrected = {"kind": ["empty", "object"], "about": [None, "b/7"]}
    assert values(annotations("detection", **corrected), "one_answer") == [True, True]
    assert values(annotations("detection", batch=["b", "c"], kind=["object", "empty"]), "one_answer") == [True, True]


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ("classification", [True, True, True, True]),
        ("detection", [True, False, False, True]),
        ("segmentation", [False, True, False, True]),
        ("ocr", [True, True, False, True]),
    ],
)
def test_geometry_by_task(task: Task, expected: list[bool]) -> None:
    polygons = [None, [0.0, 0.0, 4.0, 0.0, 4.0, 3.0], [0.0, 0.0, 4.0, 0.0], None]
    box = {"x": [1.0, None, 1.0, None], "y": 1.0, "width": [5.0, 5.0, None, None], "height": 5.0}
    rows = annotations(task, polygon=polygons, kind=["object"] * 3 + ["empty"], **box)
    assert values(rows, "geometry_fits") == expected
    assert values(rows, "polygon_corners") == [None, 3, 2, None]
    assert values(rows, "polygon_area") == [None, 6, None, None]


def test_texts_are_needed_in_ocr_alone() -> None:
    columns = {"text": ["x", "", " \u3000", None, None], "kind": ["object"] * 4 + ["empty"]}
    assert values(annotations("ocr", **columns), "has_text") == [True, False, False, False, True]
    assert values(annotations("detection", **columns), "has_text") == [True] * 5


def test_features_of_boxes_are_null_without_an_object_or_a_readable_image() -> None:
    image, kind = ["1.png", "1.png", "gone.png", "broken.png"], ["object", "empty", "object", "object"]
    rows = annotations(image=image, kind=kind, x=-5.0, y=0.0, width=10.0, height=50.0)
    assert values(rows, "box_shorter_side") == [10, None, 10, 10]
    assert values(rows, "box_visible_share") == [0.5, None, None, None]
    assert values(rows, "box_overshoot") == [5, None, None, None]
    assert values(rows, "box_at_border") == [True, None, None, None]


def test_size_is_compared_with_valid_boxes_of_the_same_known_class() -> None:
    rows = 22
    box = {"x": 1.0, "y": 1.0, "width": [10.0] * (rows - 1) + [40.0], "height": 10.0}
    assert values(annotations(**box), "box_size_ratio") == [1.0] * (rows - 1) + [4.0]
    assert values(annotations(**box), "box_size_deviation")[-1] > 5
    assert set(values(annotations(label="unicorn", **box), "box_size_ratio")) == {None}
    assert set(values(annotations(**{**box, "x": 500.0}), "box_size_ratio")) == {None}


def test_duplicate_boxes_have_one_class_annotator_batch_and_image() -> None:
    box = {"x": [0.0, 1.0], "y": 0.0, "width": 9.0, "height": 9.0}
    assert values(annotations(**box), "box_duplicate_iou") == [0.8, 0.8]
    for column, two in {"label": ["cat", "dog"], "annotator": ["ann", "ben"], "batch": ["b", "c"]}.items():
        assert values(annotations(**box, **{column: two}), "box_duplicate_iou") == [0.0, 0.0]
    assert values(annotations(kind=["object", "empty"], **box), "box_duplicate_iou") == [0.0, None]
