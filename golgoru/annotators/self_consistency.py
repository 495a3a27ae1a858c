"""Whether an annotator gives the same class when the same object comes again."""

import pandas as pd

from golgoru.core.intervals import MIN_OBSERVATIONS, wilson_bound

# An annotator who changes their answer in one of five repeats needs the same images explained, or more time. No
# measurement supports the threshold, since no set of labels at hand has repeats.
_CONSISTENT = 0.8


def count_repeats(annotations: pd.DataFrame) -> pd.DataFrame:
    """Return the repeated annotations of each annotator; `annotations` as from golgoru.annotators.annotations.

    Columns: `repeats`, pairs of annotations of one object; `same`, those of one class; `objects`, the objects behind
    them. Annotations under two meanings of the guideline are no pair, nor are an annotation and a review; an annotation
    that arrives again in a later export (the same annotator, image, class and time) counts once.
    """
    known = annotations[annotations["label"].notna() & annotations["object"].notna()]
    key = ["annotator", "review", "epoch", "object"]
    known = known[known.duplicated(key, keep=False)]
    occasion = known.assign(batch=known["batch"].where(known["created_at"].isna()))
    known = known[~occasion.duplicated([*key, "label", "shown", "created_at", "batch"])]
    counts = known.groupby([*key, "label"]).size()
    same = (counts * (counts - 1) // 2).groupby(level=key).sum()
    on_object = counts.groupby(level=key).sum()
    pairs = on_object * (on_object - 1) // 2
    by_object = pd.DataFrame({"repeats": pairs, "same": same, "objects": (pairs > 0).astype(int)})
    return by_object.groupby(level="annotator").sum()


def inconsistency_flags(repeats: pd.DataFrame) -> pd.Series:
    """Return a flag for annotators who contradict themselves; `repeats` as from `count_repeats`.

    Pairs of one object depend on each other, so the interval counts objects.
    """
    objects = repeats["objects"]
    share = repeats["same"] / repeats["repeats"].where(objects >= MIN_OBSERVATIONS)
    text = [
        f"gives the same class again in {same:.0%} of {n:,} repeats, on {on:,} objects"
        for same, n, on in zip(share, repeats["repeats"], objects, strict=True)
    ]
    return pd.Series(text, index=repeats.index, dtype="str").where(wilson_bound(share, objects, 1) < _CONSISTENT)
