"""For every rule that a stage enforces: a few images in which it is broken, and the same without the fault.

Such a rule is reported as rows of the ledger, or as the error that ends the run.
"""

import functools
from collections.abc import Callable
from datetime import date
from typing import NamedTuple

import pandas as pd

from golgoru.core.errors import UserError
from golgoru.guideline.changes import Changes
from golgoru.raw.pins import Pin
from golgoru.raw.withdrawals import Withdrawal
from golgoru.tables import frames
from stages import rebalance
from tests.template.builders import world_tables, worlds
from tests.template.builders.worlds import World

NAMES = ["a/1.png", "a/2.png", "a/3.png", "b/4.png"]
CONTENT = [f"{n}" * 32 for n in (1, 2, 3, 4)]


class Case(NamedTuple):
    """A world that breaks the rule and one that does not; `cap` is set in rebalance, `frozen` in the dataset."""

    rule: str
    name: str
    broken: Callable[[], World]
    clean: Callable[[], World]
    cap: int | None = None
    frozen: date | None = None


def capped_settings(cap: int | None) -> rebalance.Params:
    """Return settings that target square roots of the class counts, with at most `cap` images per class."""
    return rebalance.Params.model_validate({"targets": [{"to": "square root", "cap": cap}]})


@functools.cache
def pipeline_messages(case: Case, broken: bool) -> list[str]:
    """Return what the pipeline reports of this rule: rows of the ledger, or the error that ends the run."""
    world = case.broken() if broken else case.clean()
    try:
        made = worlds.released(world, rebalance=capped_settings(case.cap), frozen=case.frozen)
    except UserError as error:
        return str(error).splitlines()
    ledger = made["release_ledger"]
    mine = ledger[ledger["rule"] == case.rule].sort_values(["kind", "key"])
    return [
        f"{row.kind} {row.key}: {row.fate} by {row.stage}, {row.rule}"
        + (f", for {row.survivor}" if isinstance(row.survivor, str) else "")
        for row in mine.itertuples()
    ]


@functools.cache
def four_cats() -> World:
    """Return four images that ann and ben call a cat, all of them in train."""
    images = frames.frame("images", {"image": NAMES, "content": CONTENT, "bytes": 10, "width": 100, "height": 100})
    origin = {"image": NAMES, "delivery": [name[0] for name in NAMES], "date": "2026-01-01", "licence": "CC0-1.0"}
    sources = frames.frame("sources", origin)
    rows = [
        {"annotation": f"{annotator}/{name}", "image": name, "annotator": annotator, "batch": annotator, "label": "cat"}
        for annotator in ("ann", "ben")
        for name in NAMES
    ]
    common = {"date": "2026-02-01", "source": "human", "kind": "object", "guideline_version": "1.10"}
    return World(
        task="classification",
        images=images,
        sources=sources,
        annotations=frames.frame("annotations", pd.DataFrame(rows).assign(**common)),
        rejects=frames.frame("rejects"),
        violations=frames.frame("violations"),
        duplicate_pairs=frames.frame("duplicate_pairs"),
        groups=world_tables.groups_of(images, sources, []),
        pins=[Pin(line, name, "train", "") for line, name in enumerate(NAMES, start=2)],
        withdrawals=[],
        changes=Changes(),
    )


@functools.cache
def with_duplicate(kind: str, distance: int) -> World:
    made = four_cats()
    pair = {"image_a": NAMES[:1], "image_b": NAMES[1:2], "kind": kind, "distance": distance, "score": 1.0}
    groups = world_tables.groups_of(made.images, made.sources, [tuple(NAMES[:2])])
    return made._replace(duplicate_pairs=frames.frame("duplicate_pairs", pair), groups=groups)


def labelled_dog(*annotations: str, made: World | None = None) -> World:
    """Return the four images (or `made`), with the class dog in these annotations."""
    made = four_cats() if made is None else made
    labels = made.annotations["label"].mask(made.annotations["annotation"].isin(annotations), "dog")
    return made._replace(annotations=made.annotations.assign(label=labels))


def conflicting_near_duplicates() -> World:
    return labelled_dog("ann/a/2.png", "ben/a/2.png", made=with_duplicate("near", 3))


def conflicting_exact_duplicates() -> World:
    made = with_duplicate("exact", 0)
    ben = made.annotations["annotation"] == "ben/a/2.png"  # two of three annotations of these pixels say `cat` now
    return labelled_dog("ann/a/2.png", made=made._replace(annotations=made.annotations[~ben]))


def two_readings(ann: str, ben: str) -> World:
    """Return the four images as receipts; `ann` and `ben` are their transcriptions of the first one."""
    made = four_cats()._replace(task="ocr")
    box = {"x": 10.0, "y": 10.0, "width": 50.0, "height": 12.0}
    text = made.annotations["annotation"].map({f"ann/{NAMES[0]}": ann, f"ben/{NAMES[0]}": ben}).fillna("TOTAL 9.00")
    return made._replace(annotations=made.annotations.assign(text=text, **box))


def group_in_two_splits() -> World:
    made = with_duplicate("near", 3)
    return made._replace(pins=[made.pins[0], made.pins[1]._replace(split="test"), *made.pins[2:]])


def late_group_member(joined: bool) -> World:
    """Return the images: the first is pinned to test, the last was delivered later and is of its group if `joined`."""
    made = four_cats()
    later = made.sources["date"].mask(made.sources["delivery"] == "b", "2026-03-01")
    sources = made.sources.assign(date=later)
    groups = world_tables.groups_of(made.images, sources, [(NAMES[0], NAMES[3])] if joined else [])
    return made._replace(sources=sources, groups=groups, pins=[made.pins[0]._replace(split="test")])


def withdrawn() -> World:
    entries = ({"image": NAMES[0]}, {"content": CONTENT[3]})
    why = {"reason": "no consent", "date": "2026-06-01"}
    return four_cats()._replace(withdrawals=[Withdrawal.model_validate(entry | why) for entry in entries])


CASES = (
    Case("COPY-001", "the same file under two names", lambda: with_duplicate("exact", 0), four_cats),
    Case("COPY-002", "two frames of one shot", lambda: with_duplicate("near", 3), four_cats),
    Case(
        "COPY-003",
        "two frames of one shot, a cat and a dog",
        conflicting_near_duplicates,
        lambda: with_duplicate("near", 3),
    ),
    Case(
        "COPY-003",
        "one file under two names, a cat here, a dog there",
        conflicting_exact_duplicates,
        lambda: with_duplicate("exact", 0),
    ),
    Case("VOTE-001", "one says cat, one says dog", lambda: labelled_dog("ben/a/1.png"), four_cats),
    Case(
        "TEXT-003",
        "one reads an O, one a zero",
        lambda: two_readings("TOTAL 9.O0", "TOTAL 9.00"),
        lambda: two_readings("TOTAL  9.00", "TOTAL 9.00"),
    ),
    Case(
        "SPLIT-001", "two near-duplicates, pinned to two splits", group_in_two_splits, lambda: with_duplicate("near", 3)
    ),
    Case(
        "SPLIT-002",
        "a later image of a scene in the frozen test set",
        lambda: late_group_member(joined=True),
        lambda: late_group_member(joined=False),
        frozen=date(2026, 2, 1),
    ),
    Case(
        "CAP-001",
        "four cats where three are wanted",
        four_cats,
        lambda: labelled_dog("ann/b/4.png", "ben/b/4.png"),
        cap=3,
    ),
    Case("WITHDRAWN-001", "one image by name, one by content", withdrawn, four_cats),
)
