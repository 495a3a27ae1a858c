"""The facts of pictures and objects against a plain reading, row by row, on small random tables."""

import math
import random
from collections import Counter
from itertools import combinations
from statistics import median

import pandas as pd
import pytest

from golgoru.tables import frames
from golgoru.validation.features.edge_cases import ENOUGH, EdgeCaseImages, EdgeCaseObjects
from tests.template.builders.feature_tables import CLASSES, an_object, changed, facts, name, tables

NO_ROWS = {table: frames.frame(table) for table in tables()}


def random_tables(seed):
    dice = random.Random(seed)  # noqa: S311  (a test, no secret)
    labels = [
        an_object(
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
    pairs = [{"image_a": name(a), "image_b": name(b), "kind": kind} for a, b, kind in kinds]
    unique = pd.DataFrame(pairs).drop_duplicates(["image_a", "image_b"]).assign(distance=1, score=1.0)
    return tables(labels=pd.DataFrame(labels), pairs=unique)


def read(given, on, fact):
    facts_of = facts(given)[on]
    key = "image" if on == "image" else "object"
    values = facts_of.select([key, fact])
    return {k: None if pd.isna(v) else v for k, v in zip(values[key], values[fact], strict=True)}


def on_image(given):
    by_image = {image: [] for image in given["images"]["image"]}
    for row in given["labels"].to_dict("records"):
        by_image[row["image"]].append(row)
    return by_image


def rarest(given):
    shown = {image: sorted({row["label"] for row in rows}) for image, rows in on_image(given).items()}
    together = Counter(pair for classes in shown.values() for pair in combinations(classes, 2))
    return {i: min((together[p] for p in combinations(c, 2)), default=None) for i, c in shown.items()}


def others(given, *kinds):
    found = {image: [] for image in given["images"]["image"]}
    for row in given["duplicate_pairs"].to_dict("records"):
        if row["kind"] in kinds:
            found[row["image_a"]].append(row["image_b"])
            found[row["image_b"]].append(row["image_a"])
    return found


def shared(a, b):
    across = min(a["x"] + a["width"], b["x"] + b["width"]) - max(a["x"], b["x"])
    down = min(a["y"] + a["height"], b["y"] + b["height"]) - max(a["y"], b["y"])
    return max(across, 0) * max(down, 0)


def area(row):
    return row["width"] * row["height"]


def overlap(given, share):
    rows = on_image(given)
    found = {}
    for row in given["labels"].to_dict("records"):
        beside = [o for o in rows[row["image"]] if o["object"] != row["object"] and area(o) > 0 and area(row) > 0]
        found[row["object"]] = max((share(row, other) for other in beside), default=None)
    return found


def of_objects(given, value):
    return {row["object"]: value(row) for row in given["labels"].to_dict("records")}


def against_class(given, value):
    def of(row):
        same = [value(r) for r in given["labels"].to_dict("records") if r["label"] == row["label"]]
        return value(row) / median(same) if len(same) >= ENOUGH and median(same) else None

    return of_objects(given, of)


def near_of_class(given, row):
    shown = on_image(given)
    near = others(given, "near", "mirrored")[row["image"]]
    return sum(any(o["label"] == row["label"] for o in shown[image]) for image in near)


def near_of_another(given, row):
    shown = on_image(given)
    near = others(given, "near", "mirrored")[row["image"]]
    return any(shown[image] and all(o["label"] != row["label"] for o in shown[image]) for image in near)


PLAIN = {
    ("image", "objects"): lambda g: {i: len(rows) for i, rows in on_image(g).items()},
    ("image", "boxes"): lambda g: {i: len(rows) for i, rows in on_image(g).items()},
    ("image", "classes"): lambda g: {i: len({r["label"] for r in rows}) for i, rows in on_image(g).items()},
    ("image", "contested_objects"): lambda g: {
        i: sum(r["status"] == "contested" for r in rows) for i, rows in on_image(g).items()
    },
    ("image", "rarest_pair_pictures"): rarest,
    ("image", "exact_copies"): lambda g: {i: len(o) for i, o in others(g, "exact").items()},
    ("image", "near_copies"): lambda g: {i: len(o) for i, o in others(g, "near").items()},
    ("image", "mirrored_copies"): lambda g: {i: len(o) for i, o in others(g, "mirrored").items()},
    ("image", "pixels"): lambda g: dict.fromkeys(on_image(g), 300000),
    ("image", "smaller_side"): lambda g: dict.fromkeys(on_image(g), 500),
    ("image", "aspect"): lambda g: dict.fromkeys(on_image(g), 1.2),
    ("image", "bytes_per_pixel"): lambda g: dict.fromkeys(on_image(g), 0.2),
    ("image", "said_empty"): lambda g: dict.fromkeys(on_image(g), False),
    ("image", "group_pictures"): lambda g: dict.fromkeys(on_image(g), 1),
    ("image", "format_share"): lambda g: dict.fromkeys(on_image(g), 1.0),
    ("image", "mode_share"): lambda g: dict.fromkeys(on_image(g), 1.0),
    ("image", "sharpness_against_others"): lambda g: dict.fromkeys(on_image(g), 1.0),
    ("image", "brighter_than_others"): lambda g: {
        i: b - median(g["images"]["brightness"])
        for i, b in zip(g["images"]["image"], g["images"]["brightness"], strict=True)
    },
    ("object", "shorter_side"): lambda g: of_objects(g, lambda r: min(r["width"], r["height"])),
    ("object", "area_share"): lambda g: of_objects(g, lambda r: area(r) / 300_000),
    ("object", "aspect"): lambda g: of_objects(
        g, lambda r: max(r["width"], 60) / min(r["width"], 60) if r["width"] else None
    ),
    ("object", "area_against_class"): lambda g: against_class(g, area),
    ("object", "border_distance"): lambda g: of_objects(
        g, lambda r: min(r["x"], r["y"], 600 - r["x"] - r["width"], 500 - r["y"] - r["height"])
    ),
    ("object", "centre_distance"): lambda g: of_objects(
        g, lambda r: math.hypot(r["x"] + r["width"] / 2 - 300, r["y"] + 30 - 250) / math.hypot(300, 250)
    ),
    ("object", "largest_overlap"): lambda g: overlap(g, lambda a, b: shared(a, b) / (area(a) + area(b) - shared(a, b))),
    ("object", "inside_another"): lambda g: overlap(
        g, lambda a, b: shared(a, b) / area(a) if area(a) < area(b) else 0.0
    ),
    ("object", "polygon_corners"): lambda g: of_objects(g, lambda r: 4),
    ("object", "polygon_fill"): lambda g: of_objects(g, lambda r: 1.0),
    ("object", "text_length"): lambda g: of_objects(g, lambda r: {"é": 1, "ab": 2}.get(r["text"])),
    ("object", "text_beyond_ascii"): lambda g: of_objects(g, lambda r: {"é": True, "ab": False}.get(r["text"])),
    ("object", "pixels_per_character"): lambda g: of_objects(
        g, lambda r: max(r["width"], 60.0) / len(r["text"]) if isinstance(r["text"], str) else None
    ),
    ("object", "class_objects"): lambda g: of_objects(g, lambda r: Counter(g["labels"]["label"])[r["label"]]),
    ("object", "class_balance"): lambda g: of_objects(
        g, lambda r: Counter(g["labels"]["label"])[r["label"]] * len(CLASSES.ids) / len(g["labels"])
    ),
    ("object", "near_copies_of_class"): lambda g: of_objects(g, lambda r: near_of_class(g, r)),
    ("object", "near_copy_of_another_class"): lambda g: of_objects(g, lambda r: near_of_another(g, r)),
    ("object", "old_guideline"): lambda g: of_objects(g, lambda r: r["guideline_version"] == "0.9"),
}
ELSEWHERE = {("object", "brighter_than_class")}  # the last test of this file


def test_every_fact_has_a_plain_reading():
    known = {
        (on, fact.name) for on, one in (("image", EdgeCaseImages), ("object", EdgeCaseObjects)) for fact in one.facts()
    }
    assert known == {*PLAIN} | ELSEWHERE


@pytest.mark.parametrize(("on", "fact"), PLAIN)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_fact_is_what_a_plain_reading_says(on, fact, seed):
    given = random_tables(seed)
    expected = {
        key: value if value is None else pytest.approx(value, abs=1e-5) for key, value in PLAIN[on, fact](given).items()
    }
    assert read(given, on, fact) == expected
    mixed = {
        table: rows.sample(frac=1, random_state=seed).set_axis(range(7, 7 + len(rows))) for table, rows in given.items()
    }
    assert read(mixed, on, fact) == expected


@pytest.mark.parametrize("facts_of", [EdgeCaseImages, EdgeCaseObjects])
def test_facts_of_no_rows_and_of_rows_without_values_have_their_types(facts_of):
    on = "image" if facts_of is EdgeCaseImages else "object"
    bare = tables(
        labels=tables()["labels"].drop(columns=["x", "y", "width", "height", "polygon", "text", "confidence"]),
        images=tables()["images"].drop(columns=["brightness", "contrast", "sharpness"]),
    )
    for given in (NO_ROWS, bare):
        for fact in facts_of.facts():
            values = facts(given)[on].select([fact.name])[fact.name]
            assert len(values) == len(given["labels" if on == "object" else "images"])
            assert values.dtype.kind == {"bool": "b", "int64": "i", "double": "f"}[str(fact.type)], fact.name
            assert fact.nullable or values.notna().all() or fact.name == "class_balance", fact.name


def test_pictures_that_cannot_be_opened_are_no_rows_and_metadata_are_columns():
    given = changed("images", 0, error="torn")
    sources = given["sources"].assign(camera="north", objects=-1)
    pictures = facts(given | {"sources": sources})["image"].select(["image", "camera", "objects"])
    assert name(0) not in set(pictures["image"])
    assert set(pictures["camera"]) == {"north"}
    assert set(pictures["objects"]) == {2}  # what is known goes before what is declared


def test_relative_facts_wait_for_enough():
    for number, known in ((ENOUGH - 1, False), (ENOUGH, True)):
        few = {table: rows.iloc[:number] for table, rows in tables().items()}
        for on, fact in (
            ("object", "area_against_class"),
            ("image", "format_share"),
            ("image", "brighter_than_others"),
        ):
            assert (read(few, on, fact)[name(0) if on == "image" else "00 cat"] is not None) == known


def test_brightness_against_its_class_is_in_standard_deviations():
    given = changed("images", 0, brightness=223.0)
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
    rows = [an_object(0, "cat", object=key, polygon=polygon) for key, polygon in shapes.items()]
    fill = read(tables(labels=pd.DataFrame(rows)), "object", "polygon_fill")
    assert fill == {"line": None, "two": None, "odd": None, "none": None, "half": 0.5, "nan": None}
