"""Small consistent worlds: the tables that stages read, with copies, groups, disagreement and faults, from one seed.

What `validate` would find is written by hand here, since Great Expectations costs seconds a run. The stages behind
it are the real ones: `tables` runs consolidate, split, rebalance and release on a world.
"""

import random
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from stages import consolidate, rebalance, release, split
from stages.lib import frames, paths
from stages.lib.components import components
from stages.lib.findings import set_aside
from stages.lib.project import Classes, Dataset, Pin, Withdrawal
from stages.lib.rules import RuleBook
from stages.lib.yaml_file import load

CLASSES = Classes.model_validate(
    {"version": "1.10", "classes": [{"id": "cat"}, {"id": "dog"}, {"id": "owl", "ignore": True}]}
)
RULES = load(Path(__file__).parents[1] / paths.RULES, RuleBook)
# Batch, date, annotator, source, and the share of pictures that it speaks of.
BATCHES = (
    ("first-ann", "2026-03-01", "ann", "human", 0.7),
    ("first-ben", "2026-03-01", "ben", "human", 0.7),
    ("first-cem", "2026-03-02", "cem", "human", 0.5),
    ("old", "2026-01-01", "vendor", "import", 0.2),
    ("model", "2026-03-03", "net", "model", 0.3),
    ("again-ann", "2026-04-01", "ann", "human", 0.2),
    ("review", "2026-05-01", "rev", "review", 0.25),
    ("review-again", "2026-06-01", "rev2", "review", 0.1),
)


class World(NamedTuple):
    """Tables as the stages up to dedup write them, and what people wrote beside them."""

    task: str
    images: pd.DataFrame
    sources: pd.DataFrame
    annotations: pd.DataFrame
    rejects: pd.DataFrame
    violations: pd.DataFrame
    pairs: pd.DataFrame
    groups: pd.DataFrame
    pins: list[Pin]
    withdrawals: list[Withdrawal]


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
    images, sources = _images(size, dice), _sources(size, dice)
    pairs, edges = _pairs(images, sources, dice)
    annotations = _annotations(task, images, dice)
    names = list(images["image"])
    withdrawals = [_withdrawal(image=dice.choice(names)) for _ in range(dice.choice((0, 0, 1)) if names else 0)]
    if contents := list(images["content"].dropna()):
        withdrawals += [_withdrawal(content=dice.choice(contents)) for _ in range(dice.choice((0, 0, 1)))]
    rejects = frames.frame(
        "rejects",
        {"reject": [f"old/x.csv/{n}" for n in range(dice.randint(0, 2))], "batch": "old", "file": "x.csv"}
        | {"line": 1, "error": "a row too short"},
    )
    violations = _violations(images, annotations, rejects, dice)
    groups = groups_of(images, sources, edges)
    pinned = groups.drop_duplicates("group").head(dice.choice((0, 0, 1)))
    pins = [Pin(2, image, "test", "a rare one") for image in pinned["image"]]
    return World(task, images, sources, annotations, rejects, violations, pairs, groups, pins, withdrawals)


def materials(world: World, **change: Any) -> dict[str, Any]:
    """Return every argument that a stage can ask for, by name; tables of later stages are made by the stages."""
    dataset = {"name": "pets", "version": "1", "task": world.task, "licence": "CC0-1.0", "creators": ["a"]}
    made: dict[str, Any] = {
        **world._asdict(),
        "classes": CLASSES,
        "rules": RULES,
        "suites": {},
        "dataset": Dataset.model_validate(dataset | {"date": "2026-07-01", "seed": 7}),
        "seed": 7,
    }
    # As the founder wires them in dvc.yaml: what a stage writes is there for the next one.
    for stage in (consolidate, split, rebalance):
        params = change.get(stage.__name__.rpartition(".")[2], stage.Params())
        arguments = {name: made[name] for name in stage.transform.__annotations__ if name in made}
        made |= stage.transform(**arguments, params=params)._asdict()
    del made["metrics"]
    return made


def released(world: World, **change: Any) -> dict[str, Any]:
    """Return the materials and what `release` makes of them, by the names of its fields."""
    made = materials(world, **change)
    arguments = {name: made[name] for name in release.transform.__annotations__ if name in made}
    with gate_open():
        result = release.transform(**arguments, params=change.get("release", release.Params()))
    return made | result._asdict()


def gate_open() -> Any:
    """Return a patch under which suites find nothing: Great Expectations takes seconds, properties run often."""
    return patch("stages.lib.suites.check", lambda *_: frames.frame("violations"))


def _withdrawal(**named: str) -> Withdrawal:
    return Withdrawal.model_validate({**named, "reason": "no consent", "date": "2026-06-01"})


def _images(size: int, dice: random.Random) -> pd.DataFrame:
    content: list[str | None] = []
    for number in range(size):
        # Now and then the same file again, under another name.
        known = [c for c in content if c is not None]
        content.append(dice.choice(known) if known and dice.random() < 0.2 else f"{number:032x}")
    side = {c: dice.choice((100, 200)) for c in content}
    wrong = {c: "truncated" for c in content if dice.random() < 0.08}
    rows = pd.DataFrame(
        {
            "image": [f"{'ab'[number % 3 == 0]}/{number:02}.png" for number in range(size)],
            "content": content,
            "bytes": 10,
            "width": [side[c] for c in content],
            "height": 100,
            "format": "PNG",
            "error": pd.Series([wrong.get(c) for c in content], dtype="str"),
        }
    )
    rows.loc[rows["error"].notna(), ["width", "height", "format"]] = None
    if size and dice.random() < 0.1:  # not even its bytes can be read
        rows.loc[size - 1, ["content", "width", "height", "format"]] = None
        rows.loc[size - 1, "error"] = "permission denied"
    elif size and dice.random() < 0.2:  # its bytes may be those of others, and its name cannot be used
        rows.loc[size - 1, ["width", "height", "format"]] = None
        rows.loc[size - 1, "error"] = "the name is no text"
    return frames.frame("images", rows)


def _sources(size: int, dice: random.Random) -> pd.DataFrame:
    delivery = ["ab"[number % 3 == 0] for number in range(size)]
    rows = {
        "image": [f"{d}/{number:02}.png" for number, d in enumerate(delivery)],
        "delivery": delivery,
        "date": [{"a": "2026-01-01", "b": "2026-02-01"}[d] for d in delivery],
        "group_key": pd.Series([dice.choice((None, None, "scene 1", "scene 2")) for _ in delivery], dtype="str"),
        "licence": "CC0-1.0",
        "camera": pd.Series([dice.choice((None, "north", "south")) for _ in delivery], dtype="str"),
    }
    return frames.frame("sources", rows)


def _pairs(images: pd.DataFrame, sources: pd.DataFrame, dice: random.Random) -> tuple[pd.DataFrame, list[Any]]:
    """Return `pairs` as dedup would, and the edges of groups: (earlier, later) by name."""
    came = arrived(images, sources)
    found, first = {}, {}
    for image, content in zip(came["image"], came["content"], strict=True):
        if content in first:
            found[tuple(sorted((first[content], image)))] = "exact"
        else:
            first[content] = image
    for a, b in zip(first.values(), list(first.values())[1:], strict=False):
        if dice.random() < 0.2:
            found[tuple(sorted((a, b)))] = dice.choice(("exact", "near", "near", "mirrored"))
    rows = pd.DataFrame([(a, b, kind) for (a, b), kind in found.items()], columns=["image_a", "image_b", "kind"])
    edges = [*found, *keyed_edges(came)]
    near = (rows["kind"] == "near").astype(int)
    return frames.frame("pairs", rows.assign(distance=near * 3, score=1 - near * 0.01)), edges


def groups_of(images: pd.DataFrame, sources: pd.DataFrame, edges: list[Any]) -> pd.DataFrame:
    """Return `groups` as dedup would; `edges` are pairs of names that belong together."""
    came = arrived(images, sources)
    place = pd.Series(came.index, index=came["image"])
    ends = np.array([[place[a], place[b]] for a, b in edges], dtype=np.int64).reshape(-1, 2)
    rank = came.groupby(["date", "delivery"]).ngroup().to_numpy(np.int64)
    joined = components(rank, np.sort(ends, axis=1))
    content = came["content"].to_numpy()
    return frames.frame(
        "groups", {"image": came["image"], "group": content[joined.now], "home": content[joined.on_arrival]}
    )


def keyed_edges(came: pd.DataFrame) -> list[Any]:
    """Return the edges between images of one group key."""
    keyed = came[came["group_key"].notna()]
    return [pair for _, same in keyed.groupby("group_key") for pair in pairwise(same["image"])]


def arrived(images: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """Return the images that can be opened, in order of arrival."""
    usable = images[images["error"].isna()].merge(sources[["image", "date", "delivery", "group_key"]], on="image")
    return usable.sort_values(["date", "delivery", "image"]).reset_index(drop=True)


def _annotations(task: str, images: pd.DataFrame, dice: random.Random) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    pictures = list(zip(images["image"], images["content"], strict=True))
    for batch, date, annotator, source, share in BATCHES:
        for image, content in pictures:
            if dice.random() < share:
                said = _answer(task, image, content, source, rows, dice)
                about = {"batch": batch, "date": date, "annotator": annotator, "source": source, "image": image}
                rows += [{"annotation": f"{batch}/{len(rows) + n}", **about, **one} for n, one in enumerate(said)]
    if dice.random() < 0.5:
        about = {"annotation": "old/x", "image": "gone.png", "kind": "object", "label": "cat"}
        box = _box(dice) if task == "detection" else {}
        rows.append(about | box | {"batch": "old", "date": "2026-01-01", "annotator": "vendor", "source": "import"})
    table = pd.DataFrame(rows, columns=[*_ANNOTATION]).astype({"label": "str", "about": "str"})
    versions = [dice.choice(("1.9", "1.10")) for _ in rows]
    return frames.frame("annotations", table.assign(guideline_version=versions, lead_time_s=2.0))


_ANNOTATION = ("annotation", "image", "annotator", "batch", "date", "source", "kind", "about", "label")
_ANNOTATION += ("x", "y", "width", "height")


def _answer(
    task: str, image: str, content: str | None, source: str, rows: list[dict[str, Any]], dice: random.Random
) -> list[dict[str, Any]]:
    """Return what one annotator says of one picture: one word, or for detection several."""
    kind = dice.choices(("object", "empty", "remove", "unsure", "skipped"), (75, 10, 6, 5, 4))[0]
    word: dict[str, Any] = {"kind": kind, "about": None, "label": None}
    if task == "classification":
        if kind == "object":
            word["label"] = _label(dice)
        return [word | {"about": content if source == "review" else None}]
    drawn = [row["annotation"] for row in rows if row["image"] == image and row["kind"] == "object"]
    if kind == "remove" or (source == "review" and kind == "object" and dice.random() < 0.5):
        if not drawn:
            return [word | {"kind": "empty"}]
        word["about"] = dice.choice(drawn)
    if kind != "object":
        return [word]
    boxes = 1 if word["about"] else dice.randint(1, 3)
    return [word | {"label": _label(dice)} | _box(dice, place) for place in range(boxes)]


def _label(dice: random.Random) -> str:
    return dice.choices(("cat", "dog", "owl", "unicorn"), (50, 30, 15, 5))[0]


def _box(dice: random.Random, place: int = 0) -> dict[str, float]:
    """Return a box near one of three places, so that those of several people overlap, most of the time."""
    return {"x": 30.0 * place + dice.choice((0, 0, 1, 15)), "y": 5.0, "width": 20.0, "height": 30.0}


def _violations(
    images: pd.DataFrame, annotations: pd.DataFrame, rejects: pd.DataFrame, dice: random.Random
) -> pd.DataFrame:
    """Return what the rule book says of these tables, and now and then a picture that is set aside by its name."""
    unreadable = images.loc[images["error"].notna(), "image"]
    unknown = ~annotations["image"].isin(images["image"])
    strange = annotations["label"].notna() & ~annotations["label"].isin(CLASSES.ids)
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
        row = {"rule": rule, "severity": "critical", "action": action, "table": table, "message": "found"}
        parts.append(frames.frame("violations", pd.DataFrame({"key": keys}).assign(**row)))
    return frames.concat(parts, "violations")


def aside(world: World, table: str) -> set[str]:
    """Return the keys of the rows of `table` that are set aside."""
    return set(set_aside(world.violations, table).index)
