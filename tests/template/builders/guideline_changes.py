"""Changes of the guideline in short, and random ones that fit the classes of tests/template/builders/worlds.py."""

import random
from typing import Any

from golgoru.guideline.changes import Changes

NONE = Changes()


def redefine(name: str, old_votes: str, version: str = "1.10") -> dict[str, Any]:
    return {"action": "redefine", "classes": [name], "old_votes": old_votes, "version": version}


def changed(*changes: dict[str, Any]) -> Changes:
    """Return the changes; version 1.10 and a reason stand where nothing else is said."""
    return Changes.model_validate({"changes": [{"version": "1.10", "reason": "it was unclear"} | c for c in changes]})


def fitting(dice: random.Random) -> Changes:
    """Return changes of version 1.10, in which cat, dog and owl are defined and unicorn is not; at times none."""
    if dice.random() < 0.3:
        return NONE
    written = [
        redefine(name, dice.choice(("keep", "drop", "requeue", "requeue")))
        for name in ("cat", "dog", "owl")
        if dice.random() < 0.4
    ]
    gone = [
        {
            "action": "split",
            "classes": ["unicorn"],
            "to": ["dog", "owl"],
            "old_votes": dice.choice(("drop", "requeue")),
        },
        {"action": "merge", "classes": ["unicorn"], "to": ["owl"], "old_votes": dice.choice(("map", "requeue"))},
    ]
    written += dice.sample(gone, dice.randint(0, 1))
    if dice.random() < 0.2:
        written.append({"action": "redefine", "rule": "BOX-003", "old_votes": dice.choice(("keep", "drop", "requeue"))})
    return changed(*written)
