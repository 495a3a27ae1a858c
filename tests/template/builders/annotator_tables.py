"""Annotations by people, as golgoru.annotators.annotations gives them."""

from typing import Any

import pandas as pd

DEFAULTS: dict[str, Any] = {
    "annotator": "ann", "batch": "b1", "date": "2026-01-01", "created_at": None, "review": False, "label": "cat",
    "seconds": None, "correct": None, "epoch": 0,
}  # fmt: skip
TYPES = {
    "annotator": "str", "batch": "str", "date": "str", "created_at": "datetime64[us, UTC]", "review": bool,
    "label": "str", "seconds": float, "correct": float, "epoch": int, "shown": "str", "object": "str",
}  # fmt: skip


def human_annotations(*rows: dict[str, Any]) -> pd.DataFrame:
    """Annotations with the given columns, else the defaults; each on an image of its own that is the object, too."""
    full = [{"shown": f"d/{n}"} | DEFAULTS | row for n, row in enumerate(rows)]
    full = [row | {"object": row.get("object", row["shown"])} for row in full]
    return pd.DataFrame(full, columns=list(TYPES)).astype(TYPES)


def annotation_per_vote(votes: pd.DataFrame, seconds: Any = None) -> pd.DataFrame:
    """One annotation per vote."""
    columns = ["annotator", "review", "object", "value"]
    rows = votes[columns].rename(columns={"value": "label"}).assign(shown=votes["object"])
    return human_annotations(*rows.to_dict("records")).assign(
        seconds=pd.Series(seconds, index=range(len(votes)), dtype=float)
    )
