"""Tables of a few pictures and objects that hold no edge case, to plant one into."""

from typing import Any

import pandas as pd

from golgoru.guideline.classes import Classes
from golgoru.tables import frames
from golgoru.validation.features.edge_cases import EdgeCaseImages, EdgeCaseObjects

MANY = 60
CLASSES = Classes.model_validate({"version": "1.0", "classes": [{"id": "cat"}, {"id": "dog"}]})
# Each column that a fact reads, with a value at which nothing fires.
_PICTURE = {
    "bytes": 60_000, "width": 600, "height": 500, "format": "JPEG", "mode": "RGB", "brightness": 120.0,
    "contrast": 50.0, "sharpness": 100.0,
}  # fmt: skip
_OBJECT = {
    "x": 250.0, "y": 200.0, "width": 100.0, "height": 100.0, "text": "Total", "ignore": False, "votes": 3,
    "agreement": 1.0, "confidence": 0.99, "status": "agreed", "source": "human", "guideline_version": "1.0",
    "polygon": [250.0, 200.0, 350.0, 200.0, 350.0, 300.0, 250.0, 300.0],
}  # fmt: skip


def name(number: int) -> str:
    return f"a/{number:02}.jpg"


def tables(**change: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return what the facts are made of: sixty pictures, with a cat on each, and a dog on each."""
    image = [name(number) for number in range(MANY)]
    spread = [120.0 + number % 7 for number in range(MANY)]
    made = {
        "images": pd.DataFrame({"image": image, "content": image, **_PICTURE}).assign(brightness=spread),
        "sources": pd.DataFrame({"image": image, "delivery": "a", "date": "2026-01-01", "licence": "MIT"}),
        "labels": pd.DataFrame([an_object(n, label) for label in ("cat", "dog") for n in range(MANY)]),
        "votes": pd.DataFrame({"annotation": image, "image": image, "role": "voted"}),
        "groups": pd.DataFrame({"image": image, "group": image, "home": image}),
        "pairs": None,
    } | change  # fmt: skip
    return {table: frames.frame(table, rows) for table, rows in made.items()}


def an_object(picture: int, label: str, **change: Any) -> dict[str, Any]:
    """Return an object in the middle of a picture; dogs stand beside cats."""
    beside = {"x": 100.0, "polygon": [100.0, 200.0, 200.0, 200.0, 200.0, 300.0, 100.0, 300.0]} if label == "dog" else {}
    return {"object": f"{picture:02} {label}", "image": name(picture), "label": label, **_OBJECT, **beside, **change}


def changed(table: str, row: int, **values: Any) -> dict[str, pd.DataFrame]:
    """Return the tables with other values in one row; cats come first among the labels."""
    made = tables()
    rows = made[table].to_dict("records")
    rows[row] |= values
    return made | {table: frames.frame(table, pd.DataFrame(rows))}


def more(table: str, *rows: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Return the tables with further rows."""
    made = tables()
    return made | {table: frames.frame(table, pd.DataFrame([*made[table].to_dict("records"), *rows]))}


def facts(given: dict[str, pd.DataFrame]) -> dict[str, "EdgeCaseImages | EdgeCaseObjects"]:
    """Return the facts of pictures and of objects."""
    rows = [given[table] for table in ("images", "sources", "labels", "annotation_roles", "groups", "duplicate_pairs")]
    return {
        "image": EdgeCaseImages(*rows),
        "object": EdgeCaseObjects(given["labels"], given["images"], given["duplicate_pairs"], CLASSES),
    }
