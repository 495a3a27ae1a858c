"""Features of images and objects, compared with a plain computation row by row, on small random tables."""

import math
import random
from collections import Counter
from itertools import combinations
from statistics import median

import pandas as pd
import pytest

from golgoru.tables import frames
from golgoru.validation.features.edge_cases import MIN_SAMPLE, EdgeCaseImages, EdgeCaseObjects
from tests.template.builders.feature_tables import (
    CLASSES,
    feature_tables,
    image_name,
    object_row,
    tables,
    with_changed_row,
)

NO_ROWS = {table: frames.frame(table) for table in tables()}


def random_tables(seed):
    dice = random.Random(seed)  # noqa: S311  (a test, no secret)
    labels = [
        object_row(
            dice.randrange(25),
            dice.choice(("cat", "dog", "owl")),
            object=str(number),
            x=dice.uniform(0, 400),
            y=dice.uniform(0, 400),
            width=dice.choice((50.0, 150.0, 0.0)),
            height=60.0,
            text=dice.choice(("é", "ab", None)),
            status=dice.choice(("agreed", "contested")),
            guideline_version=dice.choice(("0.9", "1.0")),
        )
        for number in range(80)
    ]
    kinds = [(*sorted(dice.sample(range(30), 2)), dice.choice(("exact", "near", "mirrored"))) for _ in range(15)]
    pairs = [{"image_a": image_name(a), "image_b": image_name(b), "kind": kind} for a, b, kind in kinds]
    unique = pd.DataFrame(pairs).drop_duplicates(["image_a", "image_b"]).assign(distance=1, score=1.0)
    return tables(labels=pd.DataFrame(labels), duplicate_pairs=unique)


def read(given, on, feature):
    key = "image" if on == "image" else "object"
    values = feature_tables(given)[on].select([key, feature])
    return {k: None if pd.isna(v) else v for k, v in zip(values[key], values[feature], strict=True)}


def on_image(given):
    by_image = {image: [] for image in given["images"]["image"]}
    for row in given["labels"].to_dict("records"):
        by_image[row["image"]].append(row)
    return by_image


def rarest(given):
    classes_on = {image: sorted({row["label"] for row in rows}) for image, rows in on_image(given).items()}
    together = Counter(pair for classes in classes_on.values() for pair in combinations(classes, 2))
    return {i: min((together[p] for p in combinations(c, 2)), default=None) for i, c in classes_on.items()}


def others(given, *kinds):
    duplicates = {image: [] for image in given["images"]["image"]}
    for row in given["duplicate_pairs"].to_dict("records"):
        if row["kind"] in kinds:
            duplicates[row["image_a"]].append(row["image_b"])
            duplicates[row["image_b"]].append(row["image_a"])
    return duplicates


def intersection(a, b):
    width = min(a["x"] + a["width"], b["x"] + b["width"]) - max(a["x"], b["x"])
    height = min(a["y"] + a["height"], b["y"] + b["height"]) - max(a["y"], b["y"])
    return max(width, 0) * max(height, 0)


def area(row):
    return row["width"] * row["height"]


def overlap(given, share):
    rows = on_image(given)
    largest = {}
    for row in given["labels"].to_dict("records"):
        beside = [o for o in rows[row["image"]] if o["object"] != row["object"] and area(o) > 0 and area(row) > 0]
        largest[row["object"]] = max((share(row, other) for other in beside), default=None)
    return largest


def of_objects(given, value):
    return {row["object"]: value(row) for row in given["labels"].to_dict("records")}


def against_class(given, value):
    def of(row):
        same = [value(r) for r in given["labels"].to_dict("records") if r["label"] == row["label"]]
        return value(row) / median(same) if len(same) >= MIN_SAMPLE and median(same) else None

    return of_objects(given, of)


def near_of_class(given, row):
    shown = on_image(given)
    near = others(given, "near", "mirrored")[row["image"]]
    return sum(any(o["label"] == row["label"] for o in shown[image]) for image in near)


def near_of_another(given, row):
    shown = on_image(given)
    near = others(given, "near", "mirrored")[row["image"]]
    return any(shown[image] and all(o["label"] != row["label"] for o in shown[image]) for image in near)


EXPECTED = {
    ("image", "objects"): lambda g: {i: len(rows) for i, rows in on_image(g).items()},
    ("image", "boxes"): lambda g: {i: len(rows) for i, rows in on_image(g).items()},
    ("image", "classes"): lambda g: {i: len({r["label"] for r in rows}) for i, rows in on_image(g).items()},
    ("image", "contested_objects"): lambda g: {
        i: sum(r["status"] == "contested" for r in rows) for i, rows in on_image(g).items()
    },
    ("image", "rarest_class_pair_images"): rarest,
    ("image", "exact_duplicates"): lambda g: {i: len(o) for i, o in others(g, "exact").items()},
    ("image", "near_duplicates"): lambda g: {i: len(o) for i, o in others(g, "near").items()},
    ("image", "mirrored_duplicates"): lambda g: {i: len(o) for i, o in others(g, "mirrored").items()},
    ("image", "pixels"): lambda g: dict.fromkeys(on_image(g), 300000),
    ("image", "smaller_side"): lambda g: dict.fromkeys(on_image(g), 500),
    ("image", "aspect_ratio"): lambda g: dict.fromkeys(on_image(g), 1.2),
    ("image", "bytes_per_pixel"): lambda g: dict.fromkeys(on_image(g), 0.2),
    ("image", "reviewed_empty"): lambda g: dict.fromkeys(on_image(g), False),
    ("image", "group_images"): lambda g: dict.fromkeys(on_image(g), 1),
    ("image", "format_share"): lambda g: dict.fromkeys(on_image(g), 1.0),
    ("image", "mode_share"): lambda g: dict.fromkeys(on_image(g), 1.0),
    ("image", "sharpness_against_others"): lambda g: dict.fromkeys(on_image(g), 1.0),
    ("image", "brighter_than_others"): lambda g: {
        i: b - median(g["images"]["brightness"])
        for i, b in zip(g["images"]["image"], g["images"]["brightness"], strict=True)
    },
    ("object", "shorter_side"): lambda g: of_objects(g, lambda r: min(r["width"], r["height"])),
    ("object", "area_share"): lambda g: of_objects(g, lambda r: area(r) / 300_000),
    ("object", "aspect_ratio"): lambda g: of_objects(
        g, lambda r: max(r["width"], 60) / min(r["width"], 60) if r["width"] else None
    ),
    ("object", "area_against_class"): lambda g: against_class(g, area),
    ("object", "border_distance"): lambda g: of_objects(
        g, lambda r: min(r["x"], r["y"], 600 - r["x"] - r["width"], 500 - r["y"] - r["height"])
    ),
    ("object", "centre_distance"): lambda g: of_objects(
        g, lambda r: math.hypot(r["x"] + r["width"] / 2 - 300, r["y"] + 30 - 250) / math.hypot(300, 250)
    ),
    ("object", "largest_overlap"): lambda g: overlap(
        g, lambda a, b: intersection(a, b) / (area(a) + area(b) - intersection(a, b))
    ),
    ("object", "inside_another"): lambda g: overlap(
        g, lambda a, b: intersection(a, b) / area(a) if area(a) < area(b) else 0.0
    ),
    ("object", "polygon_corners"): lambda g: of_objects(g, lambda r: 4),
    ("object", "polygon_fill"): lambda g: of_objects(g, lambda r: 1.0),
    ("object", "text_length"): lambda g: of_objects(g, lambda r: {"é": 1, "ab": 2}.get(r["text"])),
    ("object", "has_non_ascii_text"): lambda g: of_objects(g, lambda r: {"é": True, "ab": False}.get(r["text"])),
    ("object", "pixels_per_character"): lambda g: of_objects(
        g, lambda r: max(r["width"], 60.0) / len(r["text"]) if isinstance(r["text"], str) else None
    ),
    ("object", "class_objects"): lambda g: of_objects(g, lambda r: Counter(g["labels"]["label"])[r["label"]]),
    ("object", "class_balance"): lambda g: of_objects(
        g, lambda r: Counter(g["labels"]["label"])[r["label"]] * len(CLASSES.ids) / len(g["labels"])
    ),
    ("object", "near_duplicates_of_class"): lambda g: of_objects(g, lambda r: near_of_class(g, r)),
    ("object", "near_duplicate_of_another_class"): lambda g: of_objects(g, lambda r: near_of_another(g, r)),
    ("object", "old_guideline"): lambda g: of_objects(g, lambda r: r["guideline_version"] == "0.9"),
}
TESTED_BELOW = {("object", "brighter_than_class")}  # in a test of its own


def test_every_feature_has_an_expected_value():
    known = {
        (on, feature.name)
        for on, table in (("image", EdgeCaseImages), ("object", EdgeCaseObjects))
        for feature in table.features()
    }
    assert known == {*EXPECTED} | TESTED_BELOW


@pytest.mark.parametrize(("on", "feature"), EXPECTED)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_feature_has_its_expected_value(on, feature, seed):
    given = random_tables(seed)
    expected = {
        key: value if value is None else pytest.approx(value, abs=1e-5)
        for key, value in EXPECTED[on, feature](given).items()
    }
    assert read(given, on, feature) == expected
    mixed = {
        table: rows.sample(frac=1, random_state=seed).set_axis(range(7, 7 + len(rows))) for table, rows in given.items()
    }
    assert read(mixed, on, feature) == expected


@pytest.mark.parametrize("feature_table", [EdgeCaseImages, EdgeCaseObjects])
def test_features_of_no_rows_and_of_rows_without_values_have_their_types(feature_table):
    on = "image" if feature_table is EdgeCaseImages else "object"
    bare = tables(
        labels=tables()["labels"].drop(columns=["x", "y", "width", "height", "polygon", "text", "confidence"]),
        images=tables()["images"].drop(columns=["brightness", "contrast", "sharpness"]),
    )
    for given in (NO_ROWS, bare):
        for feature in feature_table.features():
            values = feature_tables(given)[on].select([feature.name])[feature.name]
            assert len(values) == len(given["labels" if on == "object" else "images"])
            assert values.dtype.kind == {"bool": "b", "int64": "i", "double": "f"}[str(feature.type)], feature.name
            assert feature.nullable or values.notna().all() or feature.name == "class_balance", feature.name


def test_unreadable_images_are_no_rows_and_metadata_are_columns():
    given = with_changed_row("images", 0, error="truncated")
    sources = given["sources"].assign(camera="north", objects=-1)
    images = feature_tables(given | {"sources": sources})["image"].select(["image", "camera", "objects"])
    assert image_name(0) not in set(images["image"])
    assert set(images["camera"]) == {"north"}
    assert set(images["objects"]) == {2}  # the feature takes precedence over declared metadata


def test_relative_features_are_null_with_too_few_values():
    for number, known in ((MIN_SAMPLE - 1, False), (MIN_SAMPLE, True)):
        few = {table: rows.iloc[:number] for table, rows in tables().items()}
        for on, feature in (
            ("object", "area_against_class"),
            ("image", "format_share"),
            ("image", "brighter_than_others"),
        ):
            assert (read(few, on, feature)[image_name(0) if on == "image" else "00 cat"] is not None) == known


def test_brightness_against_its_class_is_in_standard_deviations():
    given = with_changed_row("images", 0, brightness=223.0)
    values = [223.0, *tables()["images"]["brightness"][1:]]
    middle = median(values)
    spread = 1.4826 * median(abs(value - middle) for value in values)
    assert read(given, "object", "brighter_than_class")["00 cat"] == pytest.approx((223 - middle) / spread)


def test_broken_polygons_have_no_fill():
    shapes = {
        "line": [0.0, 0.0, 9.0, 0.0, 5.0, 0.0],
        "two": [0.0, 0.0, 1.0, 1.0],
        "odd": [0.0, 0.0, 4.0, 0.0, 4.0, 4.0, 1.0],
    }
    shapes |= {"none": None, "half": [0.0, 0.0, 4.0, 0.0, 4.0, 4.0], "nan": [0.0, 0.0, float("nan"), 0.0, 4.0, 4.0]}
    rows = [object_row(0, "cat", object=key, polygon=polygon) for key, polygon in shapes.items()]
    fill = read(tables(labels=pd.DataFrame(rows)), "object", "polygon_fill")
    assert fill == {"line": None, "two": None, "odd": None, "none": None, "half": 0.5, "nan": None}
