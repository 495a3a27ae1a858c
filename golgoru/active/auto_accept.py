"""From which confidence on a model's proposals may be taken over, by what it said of labels that it had not seen.

An unlabelled picture may show a class that the model never learned, and be as hard as those that people disagree on: so
objects of such classes, and contested ones, count as wrong. What is promised is a lower bound, not the share itself.
"""

import numpy as np
import pandas as pd
from scipy import stats

from golgoru.tables import frames

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.97, 0.98, 0.99)
# Of ten thresholds the best looking one would be chosen: the bound holds for all of them at once (Bonferroni).
_ALPHA = 0.05 / len(THRESHOLDS)


def auto_accept_table(judged: pd.DataFrame, proposed: pd.Series, wanted: float) -> pd.DataFrame:
    """Return table `acceptance`; the lowest threshold that surely gives the `wanted` share of right ones is chosen.

    `judged` has one row per prediction on a labelled picture: confidence, right (yes or no) and group. `proposed` are
    the confidences of the proposals.
    """
    rows = []
    for threshold in THRESHOLDS:
        reached = judged[judged["confidence"] >= threshold]
        share, low = _share_and_lower_bound(reached)
        rows.append({
            "threshold": threshold,
            "objects": len(reached),
            "right": share,
            "at_least": low,
            "proposals": int((proposed >= threshold).sum()),
        })  # fmt: skip
    found = pd.DataFrame(rows)
    # Where nothing is proposed there is nothing to promise: a class said of a drawn box does not say that one is there.
    enough = (found["at_least"].astype(float) >= wanted) & (found["proposals"] > 0)
    return frames.frame("auto_accept", found.assign(chosen=enough & (enough.cumsum() == 1)))


def _share_and_lower_bound(judged: pd.DataFrame) -> tuple[float | None, float | None]:
    """Return the share that is right and the lower end of its interval (Clopper and Pearson 1934).

    Pictures of one group are right or wrong together, so that they count for as many as their spread says (Kish's
    design effect): a bound on a thousand pictures of ten patients is one on little more than ten.
    """
    if judged.empty:
        return None, None
    share = float(judged["right"].mean())
    groups = judged.assign(off=judged["right"] - share).groupby("group")["off"].sum()
    by_chance = share * (1 - share) * len(judged)
    effect = float((groups**2).sum()) / by_chance if by_chance > 0 else len(judged) / len(groups)
    count = len(judged) / max(effect, 1.0)
    right = share * count
    low = float(stats.beta.ppf(_ALPHA, right, count - right + 1)) if right > 0 else 0.0
    return round(share, 4), float(np.floor(low * 10_000) / 10_000)


def chosen_threshold(acceptance: pd.DataFrame) -> float | None:
    """Return the chosen threshold; None where the labels at hand justify none."""
    chosen = acceptance.loc[acceptance["chosen"], "threshold"]
    return float(chosen.iloc[0]) if len(chosen) else None
