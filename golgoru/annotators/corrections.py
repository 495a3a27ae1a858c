"""How often reviewers overruled an annotator, of what they settled."""

import pandas as pd

from golgoru.core.intervals import Shares


def count_corrections(votes: pd.DataFrame) -> pd.DataFrame:
    """Return per annotator `reviewed`, the objects of his that a reviewer settled, and `overruled`, votes among them.

    `votes` has object, annotator, review, value, weight. A vote is overruled where no verdict on its object says the
    same, so what was not seen counts, too.
    """
    verdicts = votes.loc[votes["review"], ["object", "value"]].drop_duplicates()
    cast = votes[~votes["review"] & votes["object"].isin(verdicts["object"])]
    found = cast.merge(verdicts.assign(upheld=True), on=["object", "value"], how="left")
    wrong = found["weight"].where(found["upheld"].isna(), 0.0)
    by_annotator = pd.DataFrame({"object": found["object"], "overruled": wrong}).groupby(found["annotator"])
    return by_annotator.agg(reviewed=("object", "nunique"), overruled=("overruled", "sum")).round(6)


def correction_flags(found: pd.DataFrame, gap: float) -> pd.Series:
    """Return a flag for whom reviewers overrule more often than the others.

    They pick what they doubt, so nobody is compared with zero.
    """
    shares = Shares(found["overruled"], found["reviewed"])
    text = [
        f"reviewers overruled {own:.0%} of {n:,} words, of the other annotators' {others:.0%}"
        for own, n, others in zip(shares.share, found["reviewed"], shares.rest, strict=True)
    ]
    return pd.Series(text, index=found.index, dtype="str").where(shares.above(gap))
