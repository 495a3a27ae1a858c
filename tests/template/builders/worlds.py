"""Small consistent worlds: the tables that stages read, with duplicates, groups, conflicts and broken rules, by seed.

What `validate` would find is written by hand here, since Great Expectations costs seconds a run. The stages behind
it are the real ones: `materials` runs consolidate, annotators, edge_cases, split and rebalance on a world.
"""

import random
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
from stages import annotators, consolidate, edge_cases, rebalance, release, split
from tests.template.builders import guideline_changes
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


def worlds(*tasks: str, most: int = 14) -> st.SearchStrategy[World]:
    """Return worlds of up to `most` images of one of the tasks."""
    return st.builds(
        build,
        st.sampled_from(tasks or ("classification", "detection")),
        st.integers(0, most),
        st.integers(0, 2**32),
    )


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
    return World(task, images, sources, annotations, rejects, violations, pairs, groups, pins, withdrawals, changes)


def materials(world: World, **change: Any) -> dict[str, Any]:
    """Return every argument that a stage can ask for, by name; tables of later stages are made by the stages."""
    dataset = {"name": "pets", "version": "1", "task": world.task, "licence": "CC0-1.0", "creators": ["a"]}
    made: dict[str, Any] = {
        **world._asdict(),
        "classes": CLASSES,
        "rules": RULES,
        "edge_cases": EDGE_CASES,
        "suites": {},
        "accepted": NOTHING_ACCEPTED,
        "annotator_pools": Annotators(),
        "dataset": Dataset.model_validate(dataset | {"date": "2026-07-01", "seed": 7}),
        "seed": 7,
        "frozen": change.get("frozen"),
        "predictions": make_predictions(world.images, CLASSES.ids, world.task),
        "label_issues": make_label_issues(world.images),
        "embeddings": make_embeddings(world.images),
    }
    for stage in (consolidate, annotators, edge_cases, split, rebalance):
        params = change.get(stage.__name__.rpartition(".")[2], stage.Params())
        arguments = {name: made[name] for name in stage.transform.__annotations__ if name in made}
        made |= stage.transform(**arguments, params=params)._asdict()
    del made["metrics"], made["plots"]
    return made


def consolidated(world: World) -> dict[str, Any]:
    """Return the world's tables and what `consolidate` makes of them."""
    given = {**world._asdict(), "classes": CLASSES, "params": consolidate.Params()}
    arguments = {name: given[name] for name in consolidate.transform.__annotations__ if name in given}
    return given | consolidate.transform(**arguments)._asdict()


def released(world: World, **change: Any) -> dict[str, Any]:
    """Return the materials and what `release` makes of them, by the names of its fields."""
    made = materials(world, **change)
    arguments = {name: made[name] for name in release.transform.__annotations__ if name in made}
    with gate_open():
        result = release.transform(**arguments, params=change.get("release", release.Params()))
    return made | result._asdict()


def gate_open() -> Any:
    """Return a patch under which suites find nothing: Great Expectations takes seconds, properties run often."""
    return patch(
        "golgoru.validation.suite_runner.run_suites",
        lambda *_: suite_runner.ValidationResult(frames.frame("violations"), {}),
    )


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
