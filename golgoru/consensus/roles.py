"""What became of an annotation: its role in the consensus, column `role` of `annotation_roles`.

`agrees`: it gives the label that stands. `overruled`: it gives another. `adjudicated`: a reviewer's annotation that
decided. `superseded`: the same annotator gave a newer answer. `outdated`: the guideline has changed since. `empty`: it
says that the image holds nothing, and so it does. `no vote`: it says nothing, or is a model's. `set aside`: it breaks a
rule. The predicates take that column.
"""

import pandas as pd

from golgoru.tables.vocabulary import (
    ADJUDICATED,
    AGREES,
    ANNOTATION_ROLES,
    EMPTY,
    NO_VOTE,
    OUTDATED,
    OVERRULED,
    SET_ASIDE,
    SUPERSEDED,
)

__all__ = [
    "ADJUDICATED", "AGREES", "ANNOTATION_ROLES", "EMPTY", "NO_VOTE", "OUTDATED", "OVERRULED", "SET_ASIDE", "SUPERSEDED",
    "is_answer", "is_on_object", "is_vote", "supports_label",
]  # fmt: skip


def supports_label(role: pd.Series) -> pd.Series:
    """Return which annotations give the value that stands for their object."""
    return role.isin([AGREES, ADJUDICATED])


def is_vote(role: pd.Series) -> pd.Series:
    """Return which annotations are votes, for the label or against it; a decision that stands is none."""
    return role.isin([AGREES, OVERRULED])


def is_on_object(role: pd.Series) -> pd.Series:
    """Return which annotations took part in deciding an object."""
    return role.isin([AGREES, OVERRULED, ADJUDICATED])


def is_answer(role: pd.Series) -> pd.Series:
    """Return which annotations say what the image holds, "nothing" among it."""
    return role.isin([AGREES, OVERRULED, ADJUDICATED, EMPTY])
