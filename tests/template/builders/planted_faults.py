"""Faults to plant in a clean world: each changes one thing, and returns the keys of the rows that rules must find.

`at` selects one of the rows that can have the fault.
"""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from golgoru.tables import frames
from tests.template.builders.clean_world import World

Plant = Callable[[World, int], set[str]]


def _set_row(world: World, table: str, row: int, values: Mapping[str, Any]) -> None:
    """Give one row of a table other values."""
    rows = world.tables[table].astype(object).to_dict("list")
    for column, value in values.items():
        rows[column][row] = value
    world.tables[table] = frames.frame(table, rows)


def _repeat_row(world: World, table: str, row: int, **values: Any) -> None:
    """Add a copy of one row of a table, with other values."""
    rows = world.tables[table].iloc[[row]].assign(**values)
    world.tables[table] = frames.concat([world.tables[table], frames.frame(table, rows)], table)


def _free_annotation(world: World, at: int) -> int:
    """Return the row of an object that is not corrected and corrects nothing."""
    annotations = world.tables["annotations"]
    free = (
        (annotations["kind"] == "object")
        & annotations["about"].isna()
        & ~annotations["annotation"].isin(annotations["about"].dropna())
    )
    places = free.to_numpy().nonzero()[0]
    return int(places[at % len(places)])


def altered_annotation(**values: Any) -> Plant:
    """Plant other values in an annotation."""

    def plant(world: World, at: int) -> set[str]:
        row = _free_annotation(world, at)
        _set_row(world, "annotations", row, values)
        return {str(world.tables["annotations"]["annotation"].iloc[row])}

    return plant


def repeated_annotation(**values: Any) -> Plant:
    """Repeat an annotation with other values; both are at fault, and so are others of this annotator on the image."""

    def plant(world: World, at: int) -> set[str]:
        row = _free_annotation(world, at)
        _repeat_row(world, "annotations", row, annotation="by-ann/again", **values)
        annotations = world.tables["annotations"]
        unit = ["image", "annotator", "batch"]
        same = (annotations[unit] == annotations[unit].iloc[row]).all(axis=1)
        if values.get("kind", "object") == "object" and world.task != "classification":
            same &= annotations["label"].eq(annotations["label"].iloc[row]) & annotations["x"].sub(
                annotations["x"].iloc[row]
            ).abs().lt(9)
        return set(annotations.loc[same, "annotation"])

    return plant


def extra_image(**values: Any) -> Plant:
    """Plant one more image, without annotations."""

    def plant(world: World, at: int) -> set[str]:
        row = at % len(world.tables["images"])
        _repeat_row(world, "images", row, image="a/further.png", content="f" * 32, **values)
        _repeat_row(world, "sources", row, image="a/further.png")
        return {"a/further.png"}

    return plant


def similar_name(renamed: Callable[[str], str]) -> Plant:
    """Plant one more image whose name is nearly that of another one."""

    def plant(world: World, at: int) -> set[str]:
        row = at % len(world.tables["images"])
        name = str(world.tables["images"]["image"].iloc[row])
        _repeat_row(world, "images", row, image=renamed(name), content="f" * 32)
        _repeat_row(world, "sources", row, image=renamed(name))
        return {name, renamed(name)}

    return plant


def composed_name_pair(world: World, at: int) -> set[str]:
    """Plant two images whose names differ by Unicode normalisation alone."""
    row = at % len(world.tables["images"])
    names = ("a/\u00e9.png", "a/e\u0301.png")
    for number, name in enumerate(names):
        _repeat_row(world, "images", row, image=name, content=f"{number}" * 32)
        _repeat_row(world, "sources", row, image=name)
    return set(names)


def unreadable_image(world: World, at: int) -> set[str]:
    """Make an annotated image unreadable."""
    annotations = world.tables["annotations"]
    image = annotations["image"].iloc[_free_annotation(world, at)]
    row = int((world.tables["images"]["image"] == image).to_numpy().nonzero()[0][0])
    unread = dict.fromkeys(("width", "height", "format", "contrast"))
    _set_row(world, "images", row, {"error": "truncated", **unread})
    return set(annotations.loc[annotations["image"] == image, "annotation"])


def late_annotation(world: World, at: int) -> set[str]:
    """Plant an annotation that was made two days after its batch was handed in."""
    return altered_annotation(created_at=pd.Timestamp("2026-03-03T00:00Z"))(world, at)


def altered_source(**values: Any) -> Plant:
    """Plant other values in the source of an image that has a group key."""

    def plant(world: World, at: int) -> set[str]:
        places = world.tables["sources"]["group_key"].notna().to_numpy().nonzero()[0]
        row = int(places[at % len(places)])
        _set_row(world, "sources", row, values)
        return {str(world.tables["sources"]["image"].iloc[row])}

    return plant


def unread_line(world: World, at: int) -> set[str]:
    """Plant a line that could not be read."""
    row = {"reject": ["by-ann/x.csv/0f"], "batch": "by-ann", "file": "x.csv", "line": at + 1}
    world.tables["rejects"] = frames.frame("rejects", row | {"error": "found 2 values, expected 3"})
    return {"by-ann/x.csv/0f"}


def altered_label(**values: Any) -> Plant:
    """Plant other values in a label."""

    def plant(world: World, at: int) -> set[str]:
        row = at % len(world.tables["labels"])
        _set_row(world, "labels", row, values)
        return {str(world.tables["labels"]["object"].iloc[row])}

    return plant


def shared_across_splits(column: str) -> Plant:
    """Plant in an image of train what an image of another split has: its group, or its content."""

    def plant(world: World, at: int) -> set[str]:
        images = world.tables["release/images"]
        train = images.index[images["split"] == "train"]
        other = images.loc[images["split"] != "train", column].iloc[0]
        _set_row(world, "release/images", int(train[at % len(train)]), {column: other})
        images = world.tables["release/images"]
        return set(images.loc[images[column] == other, "image"])

    return plant


def unknown_split(world: World, at: int) -> set[str]:
    """Plant an unknown split, for a whole group."""
    images = world.tables["release/images"]
    same = images["group"] == images["group"].iloc[at % len(images)]
    world.tables["release/images"] = images.assign(split=images["split"].mask(same, "holdout"))
    return set(images.loc[same, "image"])


def unreviewed_image(world: World, at: int) -> set[str]:
    """Plant a released image without objects that nobody reviewed."""
    row = at % len(world.tables["release/images"])
    _set_row(world, "release/images", row, {"objects": 0, "reviewed_empty": False})
    return {str(world.tables["release/images"]["image"].iloc[row])}
