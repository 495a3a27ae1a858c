"""Small tables for stage select: labelled pictures, others without labels, and what a model says of them."""

from typing import Any

import numpy as np
import pandas as pd

from golgoru.guideline.classes import Class, Classes
from golgoru.raw.withdrawals import Withdrawal
from golgoru.tables import frames
from golgoru.tables.schema import BYTES
from stages import select

CLASSES = Classes(version="1", classes=(Class(id="cat"), Class(id="dog")))


def name(number: int) -> str:
    return f"d/{number:03}.png"


class Given:
    """`labelled` images of two classes, then `bare` ones; a model that says cat with the confidences given."""

    def __init__(self, labelled: int = 40, bare: int = 10, confidence: Any = 0.9) -> None:
        count = labelled + bare
        self.names = pd.Series([name(n) for n in range(count)], dtype="str")
        content = [f"{n * 7919:032x}" for n in range(count)]
        said = ["cat" if n % 2 else "dog" for n in range(labelled)]
        self.images = frames.frame("images", {"image": self.names, "content": content, "width": 9, "height": 9})
        self.groups = frames.frame("groups", {"image": self.names, "group": content, "home": content})
        rows = {"object": content[:labelled], "image": self.names[:labelled], "label": said, "status": "agreed"}
        rest = {"ignore": False, "votes": 1, "agreement": 1.0, "source": "human", "guideline_version": "1"}
        self.labels = frames.frame("labels", rows | rest)
        self.votes = frames.frame(
            "votes",
            {
                "annotation": content[:labelled],
                "image": self.names[:labelled],
                "object": content[:labelled],
                "role": "voted",
            },
        )
        sure = np.concatenate([np.full(labelled, 0.99), np.broadcast_to(confidence, bare)])
        self.predictions = frames.frame("predictions", {
            "model": pd.Series("built-in", index=range(count)), "prediction": content, "image": self.names,
            "object": [*content[:labelled], *[None] * bare], "label": [*said, *[None] * bare],
            "predicted": [*said, *["cat"] * bare], "confidence": sure, "can_say": True,
            "probabilities": [[p, 1 - p] if n >= labelled or n % 2 else [1 - p, p] for n, p in enumerate(sure)],
        })  # fmt: skip
        turn = np.linspace(0, 3, count)
        rows_ = [np.array([np.cos(t), np.sin(t)], "<f2").tobytes() for t in turn]
        self.vectors = frames.frame(
            "vectors", {"image": self.names, "vector": pd.Series(rows_, dtype=pd.ArrowDtype(BYTES))}
        )
        empty = (
            "duplicate_pairs",
            "duplicates",
            "violations",
            "duplicate_conflicts",
            "edge_case_hits",
            "split_coverage",
            "collection_plan",
            "label_issues",
        )
        self.tables = {table: frames.frame(table) for table in empty}
        self.withdrawals: list[Withdrawal] = []

    def run(self, **params: Any) -> select.Tables:
        own = {
            key: getattr(self, key)
            for key in ("images", "groups", "labels", "annotation_roles", "predictions", "embeddings")
        }
        found = select.transform(
            **own, **self.tables, withdrawals=self.withdrawals, classes=CLASSES, seed=0,
            params=select.Params.model_validate(params),
        )  # fmt: skip
        for table in ("queue", "preannotations", "auto_accept"):
            frames.to_bytes(getattr(found, table), table)
        return found

    def near(self, first: int, second: int, kind: str = "near") -> None:
        pair = {"image_a": [name(first)], "image_b": name(second), "kind": kind, "distance": 1, "score": 0.99}
        self.tables["duplicate_pairs"] = frames.concat(
            [self.tables["duplicate_pairs"], frames.frame("duplicate_pairs", pair)], "duplicate_pairs"
        )
