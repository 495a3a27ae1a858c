"""Numbers as people and tools write them: plain decimal notation, finite, nothing else."""

import math
import re
from decimal import Decimal
from typing import Any

import pandas as pd

_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)


def parse_number(value: Any) -> float | None:
    """Return a finite float, exactly as Python reads it; None for anything else, yes and no included."""
    if isinstance(value, str):
        # float() alone would take 'nan', '1_000' and digits of every script.
        parsed = float(value) if _NUMBER.fullmatch(value) else math.nan
    elif isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        try:
            parsed = float(value)
        except OverflowError:
            return None
    else:
        return None
    return parsed if math.isfinite(parsed) else None


def float_or_none(value: Any) -> float | None:
    """Return a number of a table as a float; None where it is null."""
    return None if pd.isna(value) else float(value)
