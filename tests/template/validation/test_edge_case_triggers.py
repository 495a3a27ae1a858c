"""Every trigger of the catalogue fires on a planted row, and on nothing else there, and not on the clean twin."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from golgoru.core import paths
from golgoru.guideline.edge_cases import EdgeCases, read_edge_cases
from stages import edge_cases
from tests.template.builders.feature_tables import CLASSES, an_object, changed, more, name, tables

TOP = Path(__file__).parents[3]
CATALOGUE = read_edge_cases(TOP / paths.EDGE_CASES)
Planted = Callable[[], dict[str, pd.DataFrame]]


def picture(**values: Any) -> Planted:
    return lambda: changed("images", 0, **values)


def cat(**values: Any) -> Planted:
    return lambda: changed("labels", 0, **values)


def objects(*rows: dict[str, Any]) -> Planted:
    return lambda: more("labels", *rows)


def copies(kind: str, *others: int) -> Planted:
    rows = [{"image_a": name(0), "image_b": name(n), "kind": kind, "distance": 1, "score": 1.0} for n in others]
    return lambda: more("pairs", *rows)


def crowd() -> dict[str, pd.DataFrame]:
    apart = [an_object(0, "cat", object=f"x{n}", x=20.0 * n, y=20.0, width=19.0, height=50.0) for n in range(18)]
    return more("labels", *apart)


def of_another_class() -> dict[str, pd.DataFrame]:
    """A near copy whose dog somebody called a cat."""
    made = copies("near", 1)()
    rows = made["labels"]
    return made | {"labels": rows[rows["object"] != "01 dog"]}


def without(*gone: str) -> Planted:
    return lambda: tables() | {"labels": tables()["labels"].query("object not in @gone", local_dict={"gone": gone})}


def said_empty() -> dict[str, pd.DataFrame]:
    votes = more("votes", {"annotation": "e", "image": name(0), "role": "empty"})["votes"]
    return without("00 cat", "00 dog")() | {"votes": votes}


def series() -> dict[str, pd.DataFrame]:
    made = tables()
    return made | {"groups": made["groups"].assign(group=["film"] * 50 + list(made["groups"]["group"][50:]))}


CIRCLE = np.column_stack([np.cos(t := np.linspace(0, 6, 120)), np.sin(t)]) * 40 + 300
# For each id: the tables in which it fires, and the keys of what it fires for.
FIRST, BOTH = {name(0)}, {"00 cat", "00 dog"}
PLANTED: dict[str, tuple[Planted, set[str]]] = {
    "EDGE-001": (picture(brightness=30.0), FIRST),
    "EDGE-002": (picture(brightness=240.0), FIRST),
    "EDGE-003": (picture(contrast=5.0), FIRST),
    "EDGE-004": (picture(sharpness=20.0), FIRST),
    "EDGE-005": (picture(width=40), FIRST),
    "EDGE-006": (picture(width=60_000), FIRST),
    "EDGE-007": (picture(width=1600), FIRST),
    "EDGE-008": (picture(bytes=15_000), FIRST),
    "EDGE-009": (picture(mode="CMYK"), FIRST),
    "EDGE-010": (picture(format="PNG"), FIRST),
    "EDGE-020": (crowd, FIRST),
    "EDGE-021": (without("00 dog"), FIRST),
    "EDGE-022": (said_empty, FIRST),
    "EDGE-023": (objects(*(an_object(0, label) for label in "abc")), FIRST),
    "EDGE-024": (objects(an_object(0, "owl")), FIRST),
    "EDGE-030": (copies("mirrored", 1), {name(0), name(1)}),
    "EDGE-031": (series, {name(number) for number in range(50)}),
    "EDGE-032": (copies("exact", 1, 2), FIRST),
    "EDGE-033": (of_another_class, {"00 dog"}),
    "EDGE-034": (copies("near", 1), {*BOTH, "01 cat", "01 dog"}),
    "EDGE-040": (cat(height=10.0), {"00 cat"}),
    "EDGE-041": (cat(x=5.0, y=5.0, width=590.0, height=490.0), {"00 cat"}),
    "EDGE-042": (cat(x=0.5), {"00 cat"}),
    "EDGE-043": (cat(width=200.0, height=30.0, text=None), {"00 cat"}),
    "EDGE-044": (cat(width=40.0, height=40.0, text=None), {"00 cat"}),
    "EDGE-045": (cat(x=5.0, y=5.0, width=50.0, height=50.0), {"00 cat"}),
    "EDGE-046": (cat(x=140.0), BOTH),
    "EDGE-047": (objects(an_object(0, "cat", object="ear", x=260.0, y=210.0, width=30.0, height=30.0)), {"ear"}),
    "EDGE-048": (cat(polygon=CIRCLE.ravel().tolist()), {"00 cat"}),
    "EDGE-049": (cat(polygon=[0.0, 0.0, 100.0, 100.0, 100.0, 90.0]), {"00 cat"}),
    "EDGE-050": (picture(brightness=180.0), BOTH),
    "EDGE-060": (objects(an_object(0, "owl")), {"00 owl"}),
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


@pytest.fixture(autouse=True)
def _at_the_top(monkeypatch):
    monkeypatch.chdir(TOP)  # where expectations/checks.py is


def fired(given: dict[str, pd.DataFrame], *ids: str) -> set[str]:
    """Return the objects, or images, for which these edge cases fire."""
    chosen = EdgeCases(edge_cases=tuple(case for case in CATALOGUE.active if case.id in ids))
    found = edge_cases.transform(**given, classes=CLASSES, edge_cases=chosen, params=edge_cases.Params()).cases
    return set(found["object"].fillna(found["image"]))


def test_every_active_trigger_has_a_planted_row():
    assert set(PLANTED) == {case.id for case in CATALOGUE.active}


@pytest.mark.parametrize("edge_case", PLANTED)
def test_a_trigger_fires_on_its_planted_row_alone(edge_case):
    plant, expected = PLANTED[edge_case]
    assert fired(plant(), edge_case) == expected


def test_no_trigger_fires_on_the_clean_tables():
    assert fired(tables(), *PLANTED) == set()


@pytest.mark.parametrize("text", ["Total", "2 kg", "東京タワー", "카페", "１２ ｋｇ", "5 µm", "Straße", ""])
def test_texts_in_one_script_do_not_mix(text):
    assert fired(cat(text=text)(), "EDGE-083") == set()
