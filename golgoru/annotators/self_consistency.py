"""Whether an annotator says the same when the same thing comes again."""

import pandas as pd

from golgoru.core.intervals import ENOUGH, wilson

# Whoever says otherwise in one of five repeats needs the same pictures explained, or more time; no measurement stands
# behind it, since no set of labels at hand has repeats.
_STEADY = 0.8


def count_repeats(words: pd.DataFrame) -> pd.DataFrame:
    """Return what each annotator who labelled something again said; `words` are golgoru.annotators.annotations'.

    Columns: `repeats`, pairs of words on one object; `same`, those of one class; `things`, the objects behind them.
    Words under two meanings of the guideline are no pair, nor are a word and a verdict; and a word that comes in
    again with a later export (the same person, picture, class and time) is the same word.
    """
    said = words[words["label"].notna() & words["thing"].notna()]
    same = ["annotator", "review", "epoch", "thing"]
    said = said[said.duplicated(same, keep=False)]
    occasion = said.assign(batch=said["batch"].where(said["created_at"].isna()))
    said = said[~occasion.duplicated([*same, "label", "shown", "created_at", "batch"])]
    counts = said.groupby([*same, "label"]).size()
    of_class = (counts * (counts - 1) // 2).groupby(level=same).sum()
    words_on = counts.groupby(level=same).sum()
    pairs = words_on * (words_on - 1) // 2
    each = pd.DataFrame({"repeats": pairs, "same": of_class, "things": (pairs > 0).astype(int)})
    return each.groupby(level="annotator").sum()


def inconsistency_flags(found: pd.DataFrame) -> pd.Series:
    """Return a flag for who differs from himself; `found` as from `repeats`.

    Pairs on one object depend on each other, so the objects are what the interval counts.
    """
    things = found["things"]
    share = found["same"] / found["repeats"].where(things >= ENOUGH)
    text = [
        f"says the same class again in {own:.0%} of {n:,} repeats, on {objects:,} objects"
        for own, n, objects in zip(share, found["repeats"], things, strict=True)
    ]
    return pd.Series(text, index=found.index, dtype="str").where(wilson(share, things, 1) < _STEADY)
