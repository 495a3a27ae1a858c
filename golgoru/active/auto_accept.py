"""From which confidence on pre-annotations may be accepted, by the model's predictions on labels held out from it.

An unlabelled image may show a class that the model never learned, and be as hard as those that annotators disagree on:
so objects of such classes, and contested ones, count as wrong. What is promised is a lower bound, not the share itself.
"""

import numpy as np
import pandas as pd

from golgoru.tables import frames

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.97, 0.98, 0.99)
# The best looking of ten thresholds is chosen, so the bound has to hold for all of them at once (Bonferroni).
_ALPHA = 0.05 / len(THRESHOLDS)


def auto_accept_table(evaluated: pd.DataFrame, confidences: pd.Series, wanted: float) -> pd.DataFrame:
    """Return table `auto_accept`, with the lowest threshold chosen whose bound reaches the `wanted` share.

    `evaluated` has one row per prediction on a labelled image: confidence, correct (0 or 1) and group. `confidences`
    are those of the pre-annotations.
    """
    rows = []
    for threshold in THRESHOLDS:
        reached = evaluated[evaluated["confidence"] >= threshold]
        share, lower_bound = _share_and_lower_bound(reached)
        rows.append({
            "threshold": threshold,
            "objects": len(reached),
            "correct": share,
            "lower_bound": lower_bound,
            "preannotations": int((confidences >= threshold).sum()),
        })  # fmt: skip
    table = pd.DataFrame(rows)
    # Without pre-annotations there is nothing to promise: the class of a drawn box does not say whether a box is there.
    enough = (table["lower_bound"].astype(float) >= wanted) & (table["preannotations"] > 0)
    return frames.frame("auto_accept", table.assign(chosen=enough & (enough.cumsum() == 1)))


def _share_and_lower_bound(evaluated: pd.DataFrame) -> tuple[float | None, float | None]:
    """Return the share that is correct and the lower end of its interval (Clopper and Pearson 1934).

    Images of one group tend to be correct or wrong together, so they count as fewer independent ones (Kish's design
    effect): a thousand images of ten patients carry little more than ten.
    """
    if evaluated.empty:
        return None, None
    from scipy import stats  # noqa: PLC0415  (slow)

    share = float(evaluated["correct"].mean())
    groups = evaluated.assign(deviation=evaluated["correct"] - share).groupby("group")["deviation"].sum()
    variance = share * (1 - share) * len(evaluated)
    design_effect = float((groups**2).sum()) / variance if variance > 0 else len(evaluated) / len(groups)
    count = len(evaluated) / max(design_effect, 1.0)
    correct = share * count
    low = float(stats.beta.ppf(_ALPHA, correct, count - correct + 1)) if correct > 0 else 0.0
    return round(share, 4), float(np.floor(low * 10_000) / 10_000)


def chosen_threshold(auto_accept: pd.DataFrame) -> float | None:
    """Return the chosen threshold; None where the labels justify none."""
    chosen = auto_accept.loc[auto_accept["chosen"], "threshold"]
    return float(chosen.iloc[0]) if len(chosen) else None
