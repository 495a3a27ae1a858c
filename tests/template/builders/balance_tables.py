"""Tables that stage rebalance reads, and what it makes of them: images named 0, 1, ... and the classes of each."""

import pandas as pd

from golgoru.guideline.classes import Classes
from golgoru.guideline.edge_cases import EdgeCases
from golgoru.tables import frames
from stages import rebalance

CASES = EdgeCases.model_validate({
    "edge_cases": [
        {"id": case, "status": status, "sentence": "s", "decision": "d", "on": "image", "predicate": "TRUE",
         "owner": "lead", "since": "1"}
        for case, status in (("EDGE-001", "active"), ("EDGE-002", "active"), ("EDGE-003", "retired"))
    ]
})  # fmt: skip


def tables(
    shown, split="train", duplicates=(), status="agreed", ignore=False, near=(), held_back=False, hits=(), **columns
):
    """Return tables of images named 0, 1, ...; `shown` lists the classes of each, `near` pairs of near-duplicates."""
    names = [str(n) for n in range(len(shown))]
    content = [f"{n * 7919:032x}" for n in range(len(shown))]
    rows = [(name, label) for name, labels in zip(names, shown, strict=True) for label in labels]
    labels = pd.DataFrame(rows, columns=["image", "label"])
    labels = labels.assign(object=[f"b/{n}" for n in range(len(rows))], ignore=ignore, votes=1, agreement=1.0)
    first, second = ([str(pair[n]) for pair in near] for n in (0, 1))
    where = {"image": names, "group": names, "split": split, "held_back": held_back, "reason": "hash"}
    return {
        "images": frames.frame("images", {"image": names, "content": content, "bytes": 1}),
        "splits": frames.frame("splits", where),
        "labels": frames.frame("labels", labels.assign(status=status, source="human", guideline_version="1")),
        "duplicates": frames.frame(
            "duplicates", {"image": list(duplicates), "duplicate_of": "0", "kind": "near", "rule": "COPY-002"}
        ),
        "duplicate_pairs": frames.frame(
            "duplicate_pairs", {"image_a": first, "image_b": second, "kind": "borderline", "distance": 9, "score": 1.0}
        ),
        "sources": frames.frame("sources", {"image": names, "delivery": "a", "date": "2026-01-01", **columns}),
        "edge_case_hits": frames.frame(
            "edge_case_hits", pd.DataFrame(list(hits), columns=["edge_case", "image", "object"])
        ),
    }  # fmt: skip


def transform(given, classes=(), target=None, **params):
    guideline = Classes.model_validate({"version": "1", "classes": [{"id": name} for name in classes]})
    if target is not None:
        params["targets"] = [target]
    made = rebalance.transform(**given, classes=guideline, edge_cases=CASES, params=rebalance.Params(**params))
    return made._replace(weights=made.weights.set_index("image"))


def run(shown, target=None, **settings):
    params = {
        name: settings.pop(name)
        for name in ("classes", "max_weight", "min_weight", "splits", "targets")
        if name in settings
    }
    return transform(tables(shown, **settings), target=target, **params)


def planned(made, by="class", split="train"):
    plan = made.collection_plan
    return plan[(plan["split"] == split) & (plan["by"] == by)].set_index("value")


def of_class(weights, shown, label):
    return weights.loc[[str(n) for n, labels in enumerate(shown) if label in labels]]
