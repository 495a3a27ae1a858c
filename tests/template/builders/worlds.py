"""Small consistent worlds: the tables that stages read, with duplicates, groups, conflicts and broken rules, by seed.

What `validate` would find is written by hand here, since Great Expectations costs seconds a run. The stages behind
it are the real ones: `materials` runs consolidate, edge_cases, split and rebalance on a world, once in a process.
"""

import functools
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import pandas as pd
from hypothesis import strategies as st

from golgoru.core import paths
from golgoru.core.dataset import Dataset
from golgoru.core.yaml_models import load_config
from golgoru.guideline.annotators import Annotators
from golgoru.guideline.changes import Changes, is_known_label
from golgoru.guideline.classes import Classes
from golgoru.guideline.edge_cases import EdgeCases
from golgoru.guideline.rules import RuleBook
from golgoru.raw.pins import Pin
from golgoru.raw.withdrawals import Withdrawal
from golgoru.tables import frames
from golgoru.validation import baseline, suite_runner
from golgoru.validation.findings import set_aside_rows
from stages import consolidate, edge_cases, rebalance, release, split
from tests.template.builders import guideline_changes, remembered
from tests.template.builders.examples import THOROUGH
from tests.template.builders.frozen import FROZEN
from tests.template.builders.world_tables import (
    groups_of,
    make_annotations,
    make_embeddings,
    make_images,
    make_label_issues,
    make_pairs,
    make_predictions,
    make_sources,
)

CLASSES = Classes.model_validate(
    {"version": "1.10", "classes": [{"id": "cat"}, {"id": "dog"}, {"id": "owl", "ignore": True}]}
)
RULES = load_config(FROZEN / paths.RULES, RuleBook)
# Without the named checks and examples, which are files: worlds are used in empty folders, too.
EDGE_CASES = EdgeCases(
    edge_cases=tuple(
        case.model_copy(update={"examples": ()})
        for case in load_config(FROZEN / paths.EDGE_CASES, EdgeCases).active
        if case.check is None
    )
)
_STAGES: tuple[Any, ...] = (consolidate, edge_cases, split, rebalance, release)
_SIZES = (0, 1, 2, 3, 5, 8, 10, 12, 14, 20)  # images
_ARGUMENTS: dict["World", tuple[str, int, int]] = {}  # of `build`, by the world that it made
NOTHING_ACCEPTED = baseline.read_baseline(Path("no such file"), date(2026, 7, 1))


class World(NamedTuple):
    """Tables as the stages up to dedup write them, and what people wrote beside them."""

    task: str
    images: pd.DataFrame
    sources: pd.DataFrame
    annotations: pd.DataFrame
    rejects: pd.DataFrame
    violations: pd.DataFrame
    duplicate_pairs: pd.DataFrame
    groups: pd.DataFrame
    pins: list[Pin]
    withdrawals: list[Withdrawal]
    changes: Changes

    # A world is itself: what stages make of it is remembered by it.
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


def worlds(*tasks: str, most: int = 14) -> st.SearchStrategy[World]:
    """Return worlds of up to `most` images of one of the tasks.

    Tests share a few dozen of them, so that the stages run on each once in a process; thorough runs draw from all.
    """
    sizes = st.integers(0, most) if THOROUGH else st.sampled_from([size for size in _SIZES if size <= most])
    seeds = st.integers(0, 2**32 if THOROUGH else 2)
    return st.builds(build, st.sampled_from(tasks or ("classification", "detection")), sizes, seeds)


@functools.lru_cache(maxsize=256)
def build(task: str, size: int, seed: int) -> World:
    """Return the world of a seed: equal arguments give equal tables."""
    dice = random.Random(f"{task} {size} {seed}")  # noqa: S311  (a test, no secret)
    images, sources = make_images(size, dice), make_sources(size, dice)
    pairs, edges = make_pairs(images, sources, dice)
    annotations = make_annotations(task, images, dice)
    names = list(images["image"])
    withdrawals = [_withdrawal(image=dice.choice(names)) for _ in range(dice.choice((0, 0, 1)) if names else 0)]
    if contents := list(images["content"].dropna()):
        withdrawals += [_withdrawal(content=dice.choice(contents)) for _ in range(dice.choice((0, 0, 1)))]
    rejects = frames.frame(
        "rejects",
        {"reject": [f"old/x.csv/{n}" for n in range(dice.randint(0, 2))], "batch": "old", "file": "x.csv"}
        | {"line": 1, "error": "a row too short"},
    )
    changes = guideline_changes.fitting(random.Random(f"changes {task} {size} {seed}"))  # noqa: S311
    violations = _violations(images, annotations, rejects, changes, dice)
    groups = groups_of(images, sources, edges)
    pinned = groups.drop_duplicates("group").head(dice.choice((0, 0, 1)))
    pins = [Pin(2, image, "test", "a rare one") for image in pinned["image"]]
    made = World(task, images, sources, annotations, rejects, violations, pairs, groups, pins, withdrawals, changes)
    _ARGUMENTS[made] = (task, size, seed)
    return made


def materials(world: World, **change: Any) -> dict[str, Any]:
    """Return every argument that a stage can ask for, by name; tables of later stages are made by the stages.

    `change`: the `Params` of stages by their names, and the day that `frozen` is.
    """
    return _made(world, change, 4) | {
        "predictions": make_predictions(world.images, CLASSES.ids, world.task),
        "label_issues": make_label_issues(world.images),
        "embeddings": make_embeddings(world.images),
    }


def consolidated(world: World) -> dict[str, Any]:
    """Return the world's tables and what `consolidate` makes of them."""
    return _made(world, {}, 1)


def released(world: World, **change: Any) -> dict[str, Any]:
    """Return the materials and what `release` makes of them, by the names of its fields."""
    return materials(world, **change) | _made(world, change, 5)


def _made(world: World, change: dict[str, Any], stages: int) -> dict[str, Any]:
    """Return the world's tables and what so many stages make of them."""
    settings = [change.get(stage.__name__.rpartition(".")[2], stage.Params()) for stage in _STAGES[:stages]]
    made = _outputs(world, change.get("frozen"), tuple(params.model_dump_json() for params in settings))
    return {name: value.copy() if isinstance(value, pd.DataFrame) else value for name, value in made.items()}


@functools.lru_cache(maxsize=1024)
def _outputs(world: World, frozen: date | None, settings: tuple[str, ...]) -> dict[str, Any]:
    """Return the world's tables and what the first stages make of them, one for each of the settings as JSON."""
    if not settings:
        return _given(world, frozen)
    stage, made = _STAGES[len(settings) - 1], _outputs(world, frozen, settings[:-1])

    def outputs() -> dict[str, Any]:
        arguments = {name: made[name] for name in stage.transform.__annotations__ if name in made}
        with gate_open():
            found = stage.transform(**arguments, params=stage.Params.model_validate_json(settings[-1]))
        return dict(found._asdict())

    # A world that a test altered is known to its process alone.
    built = _ARGUMENTS.get(world)
    return made | (remembered.value(f"{built} {frozen} {settings}", outputs) if built else outputs())


def _given(world: World, frozen: date | None) -> dict[str, Any]:
    dataset = {"name": "pets", "version": "1", "task": world.task, "licence": "CC0-1.0", "creators": ["a"]}
    return {
        **world._asdict(),
        "classes": CLASSES,
        "rules": RULES,
        "edge_cases": EDGE_CASES,
        "suites": {},
        "accepted": NOTHING_ACCEPTED,
        "annotator_pools": Annotators(),
        "dataset": Dataset.model_validate(dataset | {"date": "2026-07-01", "seed": 7}),
        "seed": 7,
        "frozen": frozen,
    }


@contextmanager
def gate_open() -> Iterator[None]:
    """Have suites find nothing, and no loss be too great: Great Expectations takes seconds, properties run often."""
    nothing = suite_runner.ValidationResult(frames.frame("violations"), {})
    with (
        patch("golgoru.validation.suite_runner.run_suites", lambda *_: nothing),
        patch("golgoru.release.loss.loss_reason", lambda *_: None),
    ):
        yield


def _withdrawal(**named: str) -> Withdrawal:
    return Withdrawal.model_validate({**named, "reason": "no consent", "date": "2026-06-01"})


def _violations(
    images: pd.DataFrame, annotations: pd.DataFrame, rejects: pd.DataFrame, changes: Changes, dice: random.Random
) -> pd.DataFrame:
    """Return what the rule book says of these tables, and now and then a picture that is set aside by its name."""
    unreadable = images.loc[images["error"].notna(), "image"]
    unknown = ~annotations["image"].isin(images["image"])
    strange = annotations["label"].notna() & ~is_known_label(annotations, changes, CLASSES.ids)
    named = images["image"].sample(min(len(images), dice.choice((0, 0, 2))), random_state=dice.randrange(99))
    found = [
        ("IMG-001", "images", unreadable),
        ("IMG-003", "images", named),
        ("ANN-001", "annotations", annotations.loc[unknown, "annotation"]),
        ("ANN-002", "annotations", annotations.loc[annotations["image"].isin(unreadable), "annotation"]),
        ("CLASS-001", "annotations", annotations.loc[strange, "annotation"]),
        ("READ-001", "rejects", rejects["reject"]),
    ]
    parts = []
    for rule, table, keys in found:
        (action,) = (r.action for r in RULES.rules if r.id == rule)
        row = {"rule": rule, "severity": "critical", "action": action, "table": table}
        said = pd.DataFrame({"key": keys}).assign(**row, message="found", known=False)
        parts.append(frames.frame("violations", said))
    return frames.concat(parts, "violations")


def aside(world: World, table: str) -> set[str]:
    """Return the keys of the rows of `table` that are set aside."""
    return set(set_aside_rows(world.violations, table).index)
