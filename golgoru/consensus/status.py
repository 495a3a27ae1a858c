"""What the status of a label says: whether anything is settled about its object.

`agreed`: more than half of the votes, or enough probability where `consolidate.method` weighs them. `adjudicated`: a
reviewer decided. `contested`: neither, or a copy of the image is labelled differently. The predicates take the column
`status` of `labels`, or of a table that has it from there; a null is neither settled nor contested.
"""

import pandas as pd

from golgoru.tables.vocabulary import ADJUDICATED, AGREED, CONTESTED, LABEL_STATUSES

__all__ = ["ADJUDICATED", "AGREED", "CONTESTED", "LABEL_STATUSES", "is_adjudicated", "is_contested", "is_settled"]

_SETTLED = (AGREED, ADJUDICATED)


def is_settled(status: pd.Series) -> pd.Series:
    """Return which labels stand: the annotators agree, or a reviewer decided."""
    return status.isin(_SETTLED)


def is_contested(status: pd.Series) -> pd.Series:
    """Return which labels the annotators dispute, and no reviewer has decided."""
    return (status == CONTESTED).astype(bool)


def is_adjudicated(status: pd.Series) -> pd.Series:
    """Return which labels a reviewer decided."""
    return (status == ADJUDICATED).astype(bool)
