"""How often reviewers overruled an annotator, of the objects that they decided."""

import pandas as pd

from golgoru.core.intervals import ShareComparison


def count_corrections(votes: pd.DataFrame) -> pd.DataFrame:
    """Return, per annotator, `reviewed`, their objects that a reviewer decided, and `overruled`, votes among them.

    `votes` has object, annotator, review, value, weight. A vote is overruled where no decision on its object has the
    same value; a vote that the object is not there counts, too.
    """
    decisions = votes.loc[votes["review"], ["object", "value"]].drop_duplicates()
    cast = votes[~votes["review"] & votes["object"].isin(decisions["object"])]
    compared = cast.merge(decisions.assign(upheld=True), on=["object", "value"], how="left")
    overruled = compared["weight"].where(compared["upheld"].isna(), 0.0)
    by_annotator = pd.DataFrame({"object": compared["object"], "overruled": overruled}).groupby(compared["annotator"])
    return by_annotator.agg(reviewed=("object", "nunique"), overruled=("overruled", "sum")).round(6)


def correction_flags(corrections: pd.DataFrame, gap: float) -> pd.Series:
    """Return a flag for annotators whom reviewers overrule more often than the others.

    Reviewers choose what they doubt, so nobody is compared with zero.
    """
    shares = ShareComparison(corrections["overruled"], corrections["reviewed"])
    text = [
        f"reviewers overruled {share:.0%} of {n:,} annotations, of the other annotators' {others:.0%}"
        for share, n, others in zip(shares.share, corrections["reviewed"], shares.rest, strict=True)
    ]
    return pd.Series(text, index=corrections.index, dtype="str").where(shares.above(gap))
