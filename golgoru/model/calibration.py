"""How honest a confidence is: of what a model is 80 % sure of, 80 % should be right."""

import numpy as np
import pandas as pd

_BINS = 10


def reliability_bins(confidence: pd.Series, right: pd.Series) -> pd.DataFrame:
    """Return one row per tenth of the confidence that occurs: tenth (1 to 10), count, confidence and right (means)."""
    tenth = np.ceil(confidence.astype(float).round(6) * _BINS).clip(1, _BINS).astype(int)
    found = pd.DataFrame({"confidence": confidence.astype(float), "right": right.astype(float)}).groupby(tenth)
    means = found.mean().round(4)
    return means.assign(count=found.size()).rename_axis("tenth").reset_index()


def expected_calibration_error(confidence: pd.Series, right: pd.Series) -> float | None:
    """Return the expected calibration error over tenths (Guo et al. 2017), 0 to 1; None where nothing was judged."""
    if not len(confidence):
        return None
    rows = reliability_bins(confidence, right)
    return float(((rows["confidence"] - rows["right"]).abs() * rows["count"]).sum() / rows["count"].sum())
