"""The raw tables of small worlds (builders/worlds.py): images with duplicates, groups, annotations that disagree."""

import random
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from golgoru.duplicates.components import group_roots
from golgoru.tables import frames
from golgoru.tables.schema import BYTES

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


def make_images(size: int, dice: random.Random) -> pd.DataFrame:
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


def make_sources(size: int, dice: random.Random) -> pd.DataFrame:
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


def make_pairs(images: pd.DataFrame, sources: pd.DataFrame, dice: random.Random) -> tuple[pd.DataFrame, list[Any]]:
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
    return frames.frame("duplicate_pairs", rows.assign(distance=near * 3, score=1 - near * 0.01)), edges


def groups_of(images: pd.DataFrame, sources: pd.DataFrame, edges: list[Any]) -> pd.DataFrame:
    """Return `groups` as dedup would; `edges` are pairs of names that belong together."""
    came = arrived(images, sources)
    place = pd.Series(came.index, index=came["image"])
    ends = np.array([[place[a], place[b]] for a, b in edges], dtype=np.int64).reshape(-1, 2)
    rank = came.groupby(["date", "delivery"]).ngroup().to_numpy(np.int64)
    joined = group_roots(rank, np.sort(ends, axis=1))
    content = came["content"].to_numpy()
    return frames.frame(
        "groups", {"image": came["image"], "group": content[joined.now], "group_on_arrival": content[joined.on_arrival]}
    )


def keyed_edges(came: pd.DataFrame) -> list[Any]:
    """Return the edges between images of one group key."""
    keyed = came[came["group_key"].notna()]
    return [pair for _, same in keyed.groupby("group_key") for pair in pairwise(same["image"])]


def arrived(images: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """Return the images that can be opened, in order of arrival."""
    usable = images[images["error"].isna()].merge(sources[["image", "date", "delivery", "group_key"]], on="image")
    return usable.sort_values(["date", "delivery", "content", "image"]).reset_index(drop=True)


def make_annotations(task: str, images: pd.DataFrame, dice: random.Random) -> pd.DataFrame:
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


def make_predictions(images: pd.DataFrame, classes: list[str], task: str) -> pd.DataFrame:
    """Return random `predictions`; those for detection are of no object."""
    rows = []
    for number, row in enumerate(images[images["error"].isna()].drop_duplicates("content").itertuples(index=False)):
        dice = random.Random(f"prediction {row.content}")  # noqa: S311
        raw = [dice.random() + 0.01 for _ in classes]
        probabilities = [value / sum(raw) for value in raw]
        best = max(range(len(classes)), key=lambda n: probabilities[n])
        whole = task == "classification"
        rows.append({
            "model": "built-in" if number % 3 else "theirs", "prediction": row.content if whole else f"{row.image} 1",
            "image": row.image, "object": row.content if whole else None, "label": None, "class_learned": True,
            "predicted": classes[best], "confidence": probabilities[best], "probabilities": probabilities,
            **dict(zip(("x", "y", "width", "height"), (None,) * 4 if whole else (1.0, 2.0, 5.0, 6.0), strict=True)),
        })  # fmt: skip
    return frames.frame("predictions", pd.DataFrame(rows) if rows else None)


def make_label_issues(images: pd.DataFrame) -> pd.DataFrame:
    """Return `label_issues` on every third readable image."""
    names = images.loc[images["error"].isna(), "image"].sort_values()[::3].reset_index(drop=True)
    rows = {
        "issue": names, "image": names, "object": None, "kind": "class", "label": "cat", "proposed": "dog",
        "proposal": "relabel", "rank": range(1, len(names) + 1), "score": [0.9 - n / 100 for n in range(len(names))],
        "reason": "votes: cat × 2, dog × 1",
    }  # fmt: skip
    return frames.frame("label_issues", rows)


def make_embeddings(images: pd.DataFrame) -> pd.DataFrame:
    """Return `embeddings` in two dimensions, which follow from the content."""
    readable = images[images["error"].isna()].sort_values("image").drop_duplicates("content")
    angles = [random.Random(f"vector {content}").random() * 6.28 for content in readable["content"]]  # noqa: S311
    rows = [np.array([np.cos(angle), np.sin(angle)], "<f2").tobytes() for angle in angles]
    embedding = pd.Series(rows, index=readable.index, dtype=pd.ArrowDtype(BYTES))
    return frames.frame("embeddings", {"image": readable["image"], "embedding": embedding})
