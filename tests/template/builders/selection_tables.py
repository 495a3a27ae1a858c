"""Small tables for stage select: labelled images, unlabelled ones, and a model's predictions on both."""

from typing import Any

import numpy as np
import pandas as pd

from golgoru.guideline.classes import Class, Classes
from golgoru.raw.withdrawals import Withdrawal
from golgoru.tables import frames
from golgoru.tables.schema import BYTES
from stages import select

CLASSES = Classes(version="1", classes=(Class(id="cat"), Class(id="dog")))
_TABLES = ("images", "groups", "labels", "annotation_roles", "predictions", "embeddings")
_EMPTY = (
    "duplicate_pairs", "duplicates", "violations", "lost_objects", "duplicate_conflicts", "edge_case_hits",
    "split_coverage", "collection_plan", "label_issues",
)  # fmt: skip


def name(number: int) -> str:
    return f"d/{number:03}.png"


class SelectionTables:
    """`labelled` images of two classes, then `unlabelled` ones; a model predicts cat there with these confidences."""

    def __init__(self, labelled: int = 40, unlabelled: int = 10, confidence: Any = 0.9) -> None:
        count = labelled + unlabelled
        self.names = pd.Series([name(n) for n in range(count)], dtype="str")
        content = [f"{n * 7919:032x}" for n in range(count)]
        label = ["cat" if n % 2 else "dog" for n in range(labelled)]
        self.images = frames.frame("images", {"image": self.names, "content": content, "width": 9, "height": 9})
        self.groups = frames.frame("groups", {"image": self.names, "group": content, "group_on_arrival": content})
        rows = {"object": content[:labelled], "image": self.names[:labelled], "label": label, "status": "agreed"}
        rest = {"ignore": False, "votes": 1, "agreement": 1.0, "source": "human", "guideline_version": "1"}
        self.labels = frames.frame("labels", rows | rest)
        self.annotation_roles = frames.frame("annotation_roles", {
            "annotation": content[:labelled], "image": self.names[:labelled], "object": content[:labelled],
            "role": "agrees",
        })  # fmt: skip
        confidences = np.concatenate([np.full(labelled, 0.99), np.broadcast_to(confidence, unlabelled)])
        self.predictions = frames.frame("predictions", {
            "model": pd.Series("built-in", index=range(count)), "prediction": content, "image": self.names,
            "object": [*content[:labelled], *[None] * unlabelled], "label": [*label, *[None] * unlabelled],
            "predicted": [*label, *["cat"] * unlabelled], "confidence": confidences, "class_learned": True,
            "probabilities": [[p, 1 - p] if n >= labelled or n % 2 else [1 - p, p] for n, p in enumerate(confidences)],
        })  # fmt: skip
        angles = np.linspace(0, 3, count)
        vectors = [np.array([np.cos(angle), np.sin(angle)], "<f2").tobytes() for angle in angles]
        self.embeddings = frames.frame(
            "embeddings", {"image": self.names, "embedding": pd.Series(vectors, dtype=pd.ArrowDtype(BYTES))}
        )
        self.tables = {table: frames.frame(table) for table in _EMPTY}
        self.withdrawals: list[Withdrawal] = []

    def run(self, **params: Any) -> select.Tables:
        result = select.transform(
            **{table: getattr(self, table) for table in _TABLES}, **self.tables, withdrawals=self.withdrawals,
            classes=CLASSES, seed=0, params=select.Params.model_validate(params),
        )  # fmt: skip
        for table in ("queue", "preannotations", "auto_accept"):
            frames.to_bytes(getattr(result, table), table)
        return result

    def add_pair(self, first: int, second: int, kind: str = "near") -> None:
        pair = {"image_a": [name(first)], "image_b": name(second), "kind": kind, "distance": 1, "score": 0.99}
        pairs = [self.tables["duplicate_pairs"], frames.frame("duplicate_pairs", pair)]
        self.tables["duplicate_pairs"] = frames.concat(pairs, "duplicate_pairs")
