"""Every trigger of the guideline fires on a planted row and on no other row, and on none of the clean tables."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from golgoru.core import paths
from golgoru.guideline.edge_cases import EdgeCases, read_edge_cases
from stages import edge_cases
from tests.template.builders.feature_tables import (
    CLASSES,
    image_name,
    object_row,
    tables,
    with_changed_row,
    with_more_rows,
)
from tests.template.builders.frozen import FROZEN

EDGE_CASES = read_edge_cases(FROZEN / paths.EDGE_CASES)
Planted = Callable[[], dict[str, pd.DataFrame]]


def image(**values: Any) -> Planted:
    return lambda: with_changed_row("images", 0, **values)


def cat(**values: Any) -> Planted:
    return lambda: with_changed_row("labels", 0, **values)


def objects(*rows: dict[str, Any]) -> Planted:
    return lambda: with_more_rows("labels", *rows)


def duplicates(kind: str, *others: int) -> Planted:
    rows = [
        {"image_a": image_name(0), "image_b": image_name(n), "kind": kind, "distance": 1, "score": 1.0} for n in others
    ]
    return lambda: with_more_rows("duplicate_pairs", *rows)


def crowd() -> dict[str, pd.DataFrame]:
    apart = [object_row(0, "cat", object=f"x{n}", x=20.0 * n, y=20.0, width=19.0, height=50.0) for n in range(18)]
    return with_more_rows("labels", *apart)


def of_another_class() -> dict[str, pd.DataFrame]:
    """A near-duplicate without the dog."""
    made = duplicates("near", 1)()
    rows = made["labels"]
    return made | {"labels": rows[rows["object"] != "01 dog"]}


def without(*gone: str) -> Planted:
    return lambda: tables() | {"labels": tables()["labels"].query("object not in @gone", local_dict={"gone": gone})}


def reviewed_empty() -> dict[str, pd.DataFrame]:
    roles = with_more_rows("annotation_roles", {"annotation": "e", "image": image_name(0), "role": "empty"})
    return without("00 cat", "00 dog")() | {"annotation_roles": roles["annotation_roles"]}


def series() -> dict[str, pd.DataFrame]:
    made = tables()
    return made | {"groups": made["groups"].assign(group=["film"] * 50 + list(made["groups"]["group"][50:]))}


CIRCLE = np.column_stack([np.cos(t := np.linspace(0, 6, 120)), np.sin(t)]) * 40 + 300
# For each id: the tables in which it fires, and the images or objects for which it does.
FIRST, BOTH = {image_name(0)}, {"00 cat", "00 dog"}
PLANTED: dict[str, tuple[Planted, set[str]]] = {
    "EDGE-001": (image(brightness=30.0), FIRST),
    "EDGE-002": (image(brightness=240.0), FIRST),
    "EDGE-003": (image(contrast=5.0), FIRST),
    "EDGE-004": (image(sharpness=20.0), FIRST),
    "EDGE-005": (image(width=40), FIRST),
    "EDGE-006": (image(width=60_000), FIRST),
    "EDGE-007": (image(width=1600), FIRST),
    "EDGE-008": (image(bytes=15_000), FIRST),
    "EDGE-009": (image(mode="CMYK"), FIRST),
    "EDGE-010": (image(format="PNG"), FIRST),
    "EDGE-020": (crowd, FIRST),
    "EDGE-021": (without("00 dog"), FIRST),
    "EDGE-022": (reviewed_empty, FIRST),
    "EDGE-023": (objects(*(object_row(0, label) for label in "abc")), FIRST),
    "EDGE-024": (objects(object_row(0, "owl")), FIRST),
    "EDGE-030": (duplicates("mirrored", 1), {image_name(0), image_name(1)}),
    "EDGE-031": (series, {image_name(number) for number in range(50)}),
    "EDGE-032": (duplicates("exact", 1, 2), FIRST),
    "EDGE-033": (of_another_class, {"00 dog"}),
    "EDGE-034": (duplicates("near", 1), {*BOTH, "01 cat", "01 dog"}),
    "EDGE-040": (cat(height=10.0), {"00 cat"}),
    "EDGE-041": (cat(x=5.0, y=5.0, width=590.0, height=490.0), {"00 cat"}),
    "EDGE-042": (cat(x=0.5), {"00 cat"}),
    "EDGE-043": (cat(width=200.0, height=30.0, text=None), {"00 cat"}),
    "EDGE-044": (cat(width=40.0, height=40.0, text=None), {"00 cat"}),
    "EDGE-045": (cat(x=5.0, y=5.0, width=50.0, height=50.0), {"00 cat"}),
    "EDGE-046": (cat(x=140.0), BOTH),
    "EDGE-047": (objects(object_row(0, "cat", object="ear", x=260.0, y=210.0, width=30.0, height=30.0)), {"ear"}),
    "EDGE-048": (cat(polygon=CIRCLE.ravel().tolist()), {"00 cat"}),
    "EDGE-049": (cat(polygon=[0.0, 0.0, 100.0, 100.0, 100.0, 90.0]), {"00 cat"}),
    "EDGE-050": (image(brightness=180.0), BOTH),
    "EDGE-060": (objects(object_row(0, "owl")), {"00 owl"}),
    "EDGE-061": (cat(agreement=0.67), {"00 cat"}),
    "EDGE-062": (cat(status="contested"), {"00 cat"}),
    "EDGE-063": (cat(status="adjudicated"), {"00 cat"}),
    "EDGE-064": (cat(votes=1), {"00 cat"}),
    "EDGE-065": (cat(confidence=0.7), {"00 cat"}),
    "EDGE-066": (cat(guideline_version="0.9"), {"00 cat"}),
    "EDGE-080": (cat(text="word " * 13), {"00 cat"}),
    "EDGE-081": (cat(text="a" * 30), {"00 cat"}),
    "EDGE-082": (cat(text="Größe"), {"00 cat"}),
    "EDGE-083": (cat(text="T\u043etal"), {"00 cat"}),  # a Cyrillic o
    "EDGE-084": (cat(text="1,234.50"), {"00 cat"}),
    "EDGE-085": (cat(text="###"), {"00 cat"}),
}


def fired(given: dict[str, pd.DataFrame], *ids: str) -> set[str]:
    """Return the objects, or images, for which these edge cases fire."""
    chosen = EdgeCases(edge_cases=tuple(case for case in EDGE_CASES.active if case.id in ids))
    result = edge_cases.transform(**given, classes=CLASSES, edge_cases=chosen, params=edge_cases.Params())
    return set(result.edge_case_hits["object"].fillna(result.edge_case_hits["image"]))


def test_every_active_trigger_has_a_planted_row():
    assert set(PLANTED) == {case.id for case in EDGE_CASES.active}


@pytest.mark.parametrize("edge_case", PLANTED)
def test_a_trigger_fires_on_its_planted_row_alone(edge_case):
    plant, expected = PLANTED[edge_case]
    assert fired(plant(), edge_case) == expected


def test_no_trigger_fires_on_the_clean_tables():
    assert fired(tables(), *PLANTED) == set()


@pytest.mark.parametrize("text", ["Total", "2 kg", "東京タワー", "카페", "１２ ｋｇ", "5 µm", "Straße", ""])
def test_texts_in_one_script_do_not_mix(text):
    assert fired(cat(text=text)(), "EDGE-083") == set()
