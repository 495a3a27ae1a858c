"""How well a confidence is calibrated: of predictions made with 80 % confidence, 80 % should be correct."""

import numpy as np
import pandas as pd

_BINS = 10


def reliability_bins(confidence: pd.Series, correct: pd.Series) -> pd.DataFrame:
    """Return one row per tenth of the confidence: tenth (1 to 10), count, confidence and correct (means)."""
    tenth = np.ceil(confidence.astype(float).round(6) * _BINS).clip(1, _BINS).astype(int)
    values = pd.DataFrame({"confidence": confidence.astype(float), "correct": correct.astype(float)})
    by_tenth = values.groupby(tenth)
    return by_tenth.mean().round(4).assign(count=by_tenth.size()).rename_axis("tenth").reset_index()


def expected_calibration_error(confidence: pd.Series, correct: pd.Series) -> float | None:
    """Return the expected calibration error over tenths (Guo et al. 2017), 0 to 1; None without predictions."""
    if not len(confidence):
        return None
    bins = reliability_bins(confidence, correct)
    return float(((bins["confidence"] - bins["correct"]).abs() * bins["count"]).sum() / bins["count"].sum())
