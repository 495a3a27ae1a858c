"""Confidence intervals of shares, and whether a share differs from that of all others."""

import numpy as np
import pandas as pd

# Below this many observations a share says too little to raise a flag on anybody.
MIN_OBSERVATIONS = 20
Z = 1.959964  # 95 % of a normal distribution


def wilson_bound(share: pd.Series, n: pd.Series, sign: int) -> pd.Series:
    """Return one bound of the 95 % score interval of a share of `n`: the lower for -1, the upper for 1.

    Source: Wilson, Journal of the American Statistical Association 1927. Null where the share is, or `n` is 0.
    """
    n = n.astype(float).where(n > 0)
    half = Z * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    bound: pd.Series = (share + Z**2 / (2 * n) + sign * half) / (1 + Z**2 / n)
    return bound.clip(0, 1)


class ShareComparison:
    """`hits` of `size`, one row per annotator, each beside all others together.

    Attributes: share and rest, null where one of the two rests on fewer than ENOUGH observations.
    """

    def __init__(self, hits: pd.Series, size: pd.Series) -> None:
        self.size, self._rest_size = size, size.sum() - size
        known = (size >= MIN_OBSERVATIONS) & (self._rest_size >= MIN_OBSERVATIONS)
        self.share = hits / size.where(known)
        self.rest = (hits.sum() - hits) / self._rest_size.where(known)

    def below(self, gap: float) -> pd.Series:
        """Return whose share is lower by more than `gap`, with intervals that do not meet."""
        apart = wilson_bound(self.share, self.size, 1) < wilson_bound(self.rest, self._rest_size, -1)
        return apart & (self.rest - self.share > gap)

    def above(self, gap: float) -> pd.Series:
        """Return whose share is higher by more than `gap`, with intervals that do not meet."""
        apart = wilson_bound(self.share, self.size, -1) > wilson_bound(self.rest, self._rest_size, 1)
        return apart & (self.share - self.rest > gap)
