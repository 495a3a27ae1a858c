"""Facts of every table: as documented, computed once and when asked for, and equal to a plain reading."""

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
from tests.template.builders.clean_world import CLASSES, POOLS, RULES, TASKS, clean, facts_of

LABELLED = ("cat", None, "unicorn", "thing", "animal")


def values(facts: FeatureTable, name: str) -> list[Any]:
    return [None if pd.isna(value) else value for value in facts.select([name])[name]]


def words(task: Task = "detection", images: pd.DataFrame | None = None, **columns: Any) -> AnnotationFeatures:
    """Return words on a picture of 100 x 50 pixels, one broken one and one that is unknown."""
    known = {"image": ["1.png", "broken.png"], "content": ["c1", "c2"], "width": [100, None], "height": [50, None]}
    pictures = frames.frame("images", {**known, "error": [None, "truncated"]})
    said = {"image": "1.png", "annotator": "ann", "batch": "b", "date": "2026-03-01", "kind": "object", "label": "cat"}
    rows = max(len(value) for value in columns.values() if isinstance(value, list))
    table = pd.DataFrame({"annotation": [f"b/{n}" for n in range(rows)]}).assign(
        **{**said, "guideline_version": "1.10", **columns}
    )
    made = frames.frame("annotations", table)
    return AnnotationFeatures(
        made, pictures if images is None else images, CLASSES, Changes(), RULES, POOLS.pool_of, task
    )


@pytest.mark.parametrize("task", TASKS)
def test_facts_have_their_type_and_are_null_only_where_that_is_said(task: Task) -> None:
    world = clean(task)
    annotations = world.tables["annotations"]
    for column in ("about", "label", "x", "polygon", "text", "created_at"):
        annotations.loc[0, column] = None
    annotations.loc[1, "image"] = "a/9.png"
    world.tables["images"].loc[0, ["content", "width", "height", "error"]] = [None, None, None, "zero bytes"]
    for name, facts in facts_of(world).items():
        assert type(facts) is FEATURE_TABLES[name]
        for column in facts.facts():
            found = facts.select([column.name])[column.name]
            assert found.index.equals(facts.table.index), column.name
            assert column.nullable or found.notna().all(), f"{name}: {column.name}"
            assert column.name not in facts.table, f"{name}: {column.name} hides a column"
            by_kind = {"bool": "b", "int64": "iu", "double": "f"}[str(column.type)]
            numpy = getattr(found.dtype, "kind", "")
            assert numpy in by_kind, f"{name}: {column.name} is {found.dtype}"


def test_a_fact_is_computed_when_asked_for_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    plain = ImageFeatures.name_is_unique

    def counted(self: ImageFeatures) -> pd.Series:
        asked.append(self)
        return plain(self)

    counted._fact = plain._fact  # type: ignore[attr-defined]
    monkeypatch.setattr(ImageFeatures, "name_is_unique", counted)
    images = ImageFeatures(frames.frame("images", {"image": ["a"]}))
    images.select(["image", "smaller_side"])
    assert asked == []
    for _ in range(2):
        images.select(["name_is_unique", "image", "image"])
    assert len(asked) == 1


def test_what_is_no_column_is_told() -> None:
    with pytest.raises(PredicateError, match="there is no column 'widht'; did you mean 'width'"):
        ImageFeatures(frames.frame("images")).select(["widht"])


def test_facts_of_pictures() -> None:
    names = ["a/x.png", "a/X.png", "b/x.png", "a/\u00e9", "a/e\u0301", "a/STRASSE", "a/straße"]
    images = ImageFeatures(
        frames.frame("images", {"image": names, "width": [9, None] + [20] * 5, "height": [30, None] + [8] * 5})
    )
    assert values(images, "name_is_unique") == [False, False, True, False, False, False, False]
    assert values(images, "smaller_side") == [9, None, 8, 8, 8, 8, 8]
    keys = {"delivery": ["a", "a", "b"], "group_key": ["g", None, None]}
    sources = SourceFeatures(frames.frame("sources", {"image": ["1", "2", "3"], **keys}))
    assert values(sources, "delivery_has_groups") == [True, True, False]


def test_facts_of_labels() -> None:
    labels = LabelFeatures(frames.frame("labels", {"label": list(LABELLED)}), CLASSES)
    assert values(labels, "label_known") == [True, False, False, True, True]
    assert values(labels, "label_has_definition") == [True, True, True, False, True]
    assert values(labels, "label_is_most_specific") == [True, True, True, True, False]


def test_facts_of_the_release() -> None:
    rows = {"group": ["g", "g", "h", "h"], "content": ["1", "2", "2", "3"], "split": ["train", "val", "test", "test"]}
    images = ReleaseImageFeatures(frames.frame("release/images", {"image": list("abcd"), **rows}))
    assert values(images, "group_in_one_split") == [False, False, True, True]
    assert values(images, "content_in_one_split") == [True, False, False, True]


def test_facts_about_the_image_and_the_class_of_a_word() -> None:
    found = words(image=["1.png", "broken.png", "gone.png", "1.PNG"])
    assert values(found, "image_known") == [True, True, False, False]
    assert values(found, "image_readable") == [True, False, True, True]
    kinds = words(label=[*LABELLED, None], kind=["object"] * 5 + ["empty"])
    assert values(kinds, "label_known") == [True, False, False, True, True, True]
    nothing = words(image=["1.png"], images=frames.frame("images"))
    assert (values(nothing, "image_known"), values(nothing, "image_readable")) == ([False], [True])


def test_facts_about_who_spoke_and_when() -> None:
    assert values(words(annotator=["ann", "rev", "eve"]), "annotator_known") == [True, True, False]
    versions = words(guideline_version=["1.10", "1.9", "1.11", "2", "0.9", "draft"])
    assert values(versions, "guideline_known") == [True, True, False, False, True, False]
    checked = len(RULES.checked("annotations"))
    assert values(versions, "younger_rules")[:5] == [0, 0, 0, 0, checked]
    times = pd.to_datetime(["2026-02-28T09:00:00Z", "2026-03-01T23:59:59Z", "2026-03-02T00:00:00Z", None])
    assert values(words(created_at=list(times)), "made_before_batch") == [True, True, False, None]


@pytest.mark.parametrize(
    ("task", "about", "expected"),
    [
        ("classification", [None, "c1", "c2", "nowhere"], [True, True, False, False]),
        ("detection", [None, "b/0", "b/2", "nowhere"], [True, True, False, False]),
    ],
)
def test_a_correction_names_an_object_of_its_image(task: Task, about: list[Any], expected: list[bool]) -> None:
    assert values(words(task, about=about), "about_known") == expected
    elsewhere = words("detection", image=["1.png", "broken.png", "gone.png"], about=[None, "b/0", "b/0"])
    assert values(elsewhere, "about_known") == [True, False, True]  # that its image is unknown is told by ANN-001
    no_object = words("detection", kind=["empty", "object"], about=[None, "b/0"])
    assert values(no_object, "about_known") == [True, False]


def test_one_answer_by_task() -> None:
    said = {"kind": ["object", "object", "empty", "remove"], "label": ["cat", "cat", None, None]}
    assert values(words("detection", **said), "one_answer") == [False, False, False, True]
    two = words("classification", label=["cat", "dog", "cat"], annotator=["ann", "ann", "ben"])
    assert values(two, "one_answer") == [False, False, True]
    assert values(words("detection", label=["cat", "dog"]), "one_answer") == [True, True]
    corrected = {"kind": ["empty", "object"], "about": [None, "b/7"]}
    assert values(words("detection", **corrected), "one_answer") == [True, True]
    assert values(words("detection", batch=["b", "c"], kind=["object", "empty"]), "one_answer") == [True, True]


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
    found = words(task, polygon=polygons, kind=["object"] * 3 + ["empty"], **box)
    assert values(found, "geometry_fits") == expected
    assert values(found, "polygon_corners") == [None, 3, 2, None]
    assert values(found, "polygon_area") == [None, 6, None, None]


def test_texts_are_needed_in_ocr_alone() -> None:
    said = {"text": ["x", "", " \u3000", None, None], "kind": ["object"] * 4 + ["empty"]}
    assert values(words("ocr", **said), "has_text") == [True, False, False, False, True]
    assert values(words("detection", **said), "has_text") == [True] * 5


def test_boxes_of_what_is_no_object_or_on_no_picture_are_not_judged() -> None:
    image, kind = ["1.png", "1.png", "gone.png", "broken.png"], ["object", "empty", "object", "object"]
    found = words(image=image, kind=kind, x=-5.0, y=0.0, width=10.0, height=50.0)
    assert values(found, "box_shorter_side") == [10, None, 10, 10]
    assert values(found, "box_visible") == [0.5, None, None, None]
    assert values(found, "box_beyond") == [5, None, None, None]
    assert values(found, "box_at_border") == [True, None, None, None]


def test_size_is_compared_within_the_class_over_sound_boxes_of_known_classes() -> None:
    rows = 22
    box = {"x": 1.0, "y": 1.0, "width": [10.0] * (rows - 1) + [40.0], "height": 10.0}
    assert values(words(**box), "box_size_ratio") == [1.0] * (rows - 1) + [4.0]
    assert values(words(**box), "box_size_deviation")[-1] > 5
    assert set(values(words(label="unicorn", **box), "box_size_ratio")) == {None}
    assert set(values(words(**{**box, "x": 500.0}), "box_size_ratio")) == {None}


def test_doubled_boxes_are_of_one_class_annotator_batch_and_image() -> None:
    box = {"x": [0.0, 1.0], "y": 0.0, "width": 9.0, "height": 9.0}
    assert values(words(**box), "box_doubled") == [0.8, 0.8]
    for column, two in {"label": ["cat", "dog"], "annotator": ["ann", "ben"], "batch": ["b", "c"]}.items():
        assert values(words(**box, **{column: two}), "box_doubled") == [0.0, 0.0]
    assert values(words(kind=["object", "empty"], **box), "box_doubled") == [0.0, None]
