"""What people said, word by word, as golgoru.annotators.annotations gives it."""

from typing import Any

import pandas as pd

DEFAULTS: dict[str, Any] = {
    "annotator": "ann", "batch": "b1", "date": "2026-01-01", "created_at": None, "review": False, "label": "cat",
    "seconds": None, "right": None, "epoch": 0,
}  # fmt: skip
TYPES = {
    "annotator": "str", "batch": "str", "date": "str", "created_at": "datetime64[us, UTC]", "review": bool,
    "label": "str", "seconds": float, "right": float, "epoch": int, "shown": "str", "thing": "str",
}  # fmt: skip


def human_annotations(*rows: dict[str, Any]) -> pd.DataFrame:
    """Words with what is said of them, else the defaults; each on a picture of its own that is the object, too."""
    full = [{"shown": f"d/{n}"} | DEFAULTS | row for n, row in enumerate(rows)]
    full = [row | {"thing": row.get("thing", row["shown"])} for row in full]
    return pd.DataFrame(full, columns=list(TYPES)).astype(TYPES)


def annotation_per_vote(votes: pd.DataFrame, seconds: Any = None) -> pd.DataFrame:
    """One word per vote."""
    columns = ["annotator", "review", "object", "value"]
    said = votes[columns].rename(columns={"object": "thing", "value": "label"}).assign(shown=votes["object"])
    return human_annotations(*said.to_dict("records")).assign(
        seconds=pd.Series(seconds, index=range(len(votes)), dtype=float)
    )
