"""Tables of a few images and objects without an edge case, to plant one in."""

from typing import Any

import pandas as pd

from golgoru.guideline.classes import Classes
from golgoru.tables import frames
from golgoru.validation.features.edge_cases import EdgeCaseImages, EdgeCaseObjects

MANY = 60
CLASSES = Classes.model_validate({"version": "1.0", "classes": [{"id": "cat"}, {"id": "dog"}]})
# Each column that a feature reads, with a value at which no trigger fires.
_IMAGE = {
    "bytes": 60_000, "width": 600, "height": 500, "format": "JPEG", "mode": "RGB", "brightness": 120.0,
    "contrast": 50.0, "sharpness": 100.0,
}  # fmt: skip
_OBJECT = {
    "x": 250.0, "y": 200.0, "width": 100.0, "height": 100.0, "text": "Total", "ignore": False, "votes": 3,
    "agreement": 1.0, "confidence": 0.99, "status": "agreed", "source": "human", "guideline_version": "1.0",
    "polygon": [250.0, 200.0, 350.0, 200.0, 350.0, 300.0, 250.0, 300.0],
}  # fmt: skip


def image_name(number: int) -> str:
    return f"a/{number:02}.jpg"


def tables(**change: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the tables that features read: sixty images, each with a cat and a dog."""
    image = [image_name(number) for number in range(MANY)]
    spread = [120.0 + number % 7 for number in range(MANY)]
    made = {
        "images": pd.DataFrame({"image": image, "content": image, **_IMAGE}).assign(brightness=spread),
        "sources": pd.DataFrame({"image": image, "delivery": "a", "date": "2026-01-01", "licence": "MIT"}),
        "labels": pd.DataFrame([object_row(n, label) for label in ("cat", "dog") for n in range(MANY)]),
        "annotation_roles": pd.DataFrame({"annotation": image, "image": image, "role": "agrees"}),
        "groups": pd.DataFrame({"image": image, "group": image, "group_on_arrival": image}),
        "duplicate_pairs": None,
    } | change  # fmt: skip
    return {table: frames.frame(table, rows) for table, rows in made.items()}


def object_row(image: int, label: str, **change: Any) -> dict[str, Any]:
    """Return an object in the middle of an image; dogs are beside cats."""
    beside = {"x": 100.0, "polygon": [100.0, 200.0, 200.0, 200.0, 200.0, 300.0, 100.0, 300.0]} if label == "dog" else {}
    return {"object": f"{image:02} {label}", "image": image_name(image), "label": label, **_OBJECT, **beside, **change}


def with_changed_row(table: str, row: int, **values: Any) -> dict[str, pd.DataFrame]:
    """Return the tables with other values in one row; cats come first among the labels."""
    made = tables()
    rows = made[table].to_dict("records")
    rows[row] |= values
    return made | {table: frames.frame(table, pd.DataFrame(rows))}


def with_more_rows(table: str, *rows: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Return the tables with further rows."""
    made = tables()
    return made | {table: frames.frame(table, pd.DataFrame([*made[table].to_dict("records"), *rows]))}


def feature_tables(tables: dict[str, pd.DataFrame]) -> dict[str, "EdgeCaseImages | EdgeCaseObjects"]:
    """Return the features of images and of objects."""
    read = {name: tables[name] for name in ("images", "labels", "duplicate_pairs")}
    more = {name: tables[name] for name in ("sources", "annotation_roles", "groups")}
    return {"image": EdgeCaseImages(**read, **more), "object": EdgeCaseObjects(**read, classes=CLASSES)}
