"""Labelled images that need another look: contested ones, and those with a label that is probably wrong."""

import pandas as pd

from golgoru.active.pool import Pool, first_of_near_duplicates
from golgoru.active.strategies import Picks
from golgoru.consensus import roles
from golgoru.tables import frames

# The score of an image that stage audit has none for: as probably right as wrong.
_UNKNOWN_SCORE = 0.5


def contested_images(
    pool: Pool, *, annotation_roles: pd.DataFrame, duplicate_conflicts: pd.DataFrame, label_issues: pd.DataFrame
) -> Picks:
    """Return the images that annotators disagree on, or gave no answer for; one of each group of near-duplicates."""
    no_answer = frames.as_texts(annotation_roles[annotation_roles["role"] == roles.NO_VOTE])
    no_answer = no_answer[frames.is_in(no_answer["image"], pool.unsure)]
    representatives = duplicate_conflicts["duplicate_of"]
    conflicts = representatives[frames.is_in(representatives, pool.undecided)]
    silent = no_answer["image"].value_counts()
    rows = [
        _worst_issue_per_image(label_issues, pool.undecided),
        _rows_with_count(silent, "1 annotator gave no answer", "{:,} annotators gave no answer"),
        _rows_with_count(conflicts.value_counts(), "1 duplicate has other labels", "{:,} duplicates have other labels"),
        _rows_with_count(pd.Series(1, index=pool.undecided), "the annotators disagree", ""),
    ]
    return _picks(pd.concat(rows).drop_duplicates("image"), pool)


def images_with_issues(pool: Pool, label_issues: pd.DataFrame) -> Picks:
    """Return the images with label issues that are not contested, worst first; one of each group of near-duplicates."""
    return _picks(_worst_issue_per_image(label_issues, pool.labelled.difference(pool.undecided)), pool)


def _worst_issue_per_image(label_issues: pd.DataFrame, images: pd.Index) -> pd.DataFrame:
    """Return one row per image: the score of its worst issue, and the reason."""
    issues = label_issues[frames.is_in(label_issues["image"], images)].sort_values("rank")
    more = issues.groupby("image").size() - 1
    worst = issues.drop_duplicates("image").copy()
    others = (
        worst["image"]
        .map(more)
        .map(lambda n: f"; {n:,} more label issues" if n > 1 else "; 1 more label issue" if n else "")
    )
    labelled = "labelled " + worst["label"] + (", may be " + worst["proposed"]).fillna("")
    missing = "an object may be missing" + (" (" + worst["proposed"] + ")").fillna("")
    reasons = labelled.fillna(missing) + "; " + worst["reason"] + others
    return pd.DataFrame({"image": worst["image"], "score": worst["score"], "reasons": reasons})


def _rows_with_count(count: pd.Series, singular: str, plural: str) -> pd.DataFrame:
    reasons = [singular if n == 1 else plural.format(n) for n in count]
    return pd.DataFrame({"image": count.index, "score": _UNKNOWN_SCORE, "reasons": pd.Series(reasons, dtype="str")})


def _picks(rows: pd.DataFrame, pool: Pool) -> Picks:
    rows = rows.sort_values(["score", "image"], ascending=[False, True])
    rows = rows[first_of_near_duplicates(pd.Index(rows["image"]), pool)]
    return Picks(list(rows["image"]), [round(float(score), 4) for score in rows["score"]], list(rows["reasons"]))
