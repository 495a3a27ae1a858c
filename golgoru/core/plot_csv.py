"""Small tables for DVC's plots: CSV in git, one point per row."""

import pandas as pd


def csv(rows: pd.DataFrame) -> bytes:
    """Return rows as CSV in the order given, floats to six decimals: what is left of the last bits is the processor's.

    A point without a value is left out: Vega would draw an empty cell as zero. Keep one value column per file, so
    that no other point goes with it.
    """
    text: str = rows.dropna().round(6).to_csv(index=False, lineterminator="\n")
    return text.encode()
