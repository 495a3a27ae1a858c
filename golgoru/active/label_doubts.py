"""Images with labels that somebody should look at again: what people disagree on, and what is probably wrong."""

import pandas as pd

from golgoru.active.pool import Pool, first_of_near_duplicates
from golgoru.active.strategies import Picks
from golgoru.tables import frames

# Of how little is known of a doubt that audit has no score for: as likely right as wrong.
_UNKNOWN_SCORE = 0.5


def contested_images(pool: Pool, votes: pd.DataFrame, copies_differ: pd.DataFrame, suspects: pd.DataFrame) -> Picks:
    """Return the images that people disagree on, or could not say anything of; one of each group of near-copies."""
    worst = _worst_issue_per_image(suspects, pool.undecided)
    unsure = votes[(votes["role"] == "no vote") & frames.is_in(votes["image"], pool.unsure)]
    rows = [
        worst,
        _rows_with_count(unsure["image"].value_counts(), "{} could not say"),
        _rows_with_count(copies_differ.loc[frames.is_in(copies_differ["duplicate_of"], pool.undecided), "duplicate_of"].value_counts(),
              "{} labelled otherwise on a copy of it"),
        _rows_with_count(pd.Series(1, index=pool.undecided), "people saw different things"),
    ]  # fmt: skip
    return _picks(pd.concat(rows).drop_duplicates("image"), pool)


def images_with_issues(pool: Pool, table: pd.DataFrame) -> Picks:
    """Return the images of table `suspects` that people do agree on, worst first; one of each group of near-copies."""
    return _picks(_worst_issue_per_image(table, pool.labelled.difference(pool.undecided)), pool)


def _worst_issue_per_image(suspects: pd.DataFrame, images: pd.Index) -> pd.DataFrame:
    """Return one row per image: the score of its worst suspect, and why."""
    found = suspects[frames.is_in(suspects["image"], images)].sort_values("rank")
    more = found.groupby("image").size() - 1
    first = found.drop_duplicates("image").copy()
    others = first["image"].map(more).map(lambda n: f"; {n:,} more under suspicion on it" if n else "")
    label = ("is called " + first["label"]).fillna("seems to miss something")
    about = label + (" and may be " + first["proposed"]).fillna("") + ": "
    return pd.DataFrame({"image": first["image"], "score": first["score"], "reasons": about + first["reason"] + others})


def _rows_with_count(count: pd.Series, text: str) -> pd.DataFrame:
    people = count.map(lambda n: "1 person" if n == 1 else f"{n:,} people").astype("str")
    reasons = [text.format(who) for who in people]
    return pd.DataFrame({"image": count.index, "score": _UNKNOWN_SCORE, "reasons": pd.Series(reasons, dtype="str")})


def _picks(rows: pd.DataFrame, pool: Pool) -> Picks:
    rows = rows.sort_values(["score", "image"], ascending=[False, True])
    rows = rows[first_of_near_duplicates(pd.Index(rows["image"]), pool)]
    return Picks(list(rows["image"]), [round(float(score), 4) for score in rows["score"]], list(rows["reasons"]))
