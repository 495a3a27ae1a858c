"""Numbers as people and tools write them: plain decimal notation, finite, nothing else."""

import math
import re
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

_PLAIN = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"
_NUMBER = re.compile(rf"\s*{_PLAIN}\s*", re.ASCII)
_WHOLE_NUMBER = rf"\A[ \t\n\r\f\v]*{_PLAIN}[ \t\n\r\f\v]*\z"  # the same for Arrow's RE2


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


def parse_numbers(values: pd.Series) -> pd.Series:
    """Return `parse_number` of each value of a column of objects, as floats, NaN for None."""
    kind = pd.api.types.infer_dtype(values, skipna=False)
    if kind == "floating":
        numbers = values.astype(float)
    elif kind == "string":
        is_number = pc.match_substring_regex(pa.array(values.to_numpy(), pa.string()), _WHOLE_NUMBER)
        numbers = values.where(is_number.to_numpy(zero_copy_only=False), "nan").astype(float)
    else:
        return values.map(parse_number).astype(float)
    return numbers.where(np.isfinite(numbers))


def float_or_none(value: Any) -> float | None:
    """Return a number of a table as a float; None where it is null."""
    return None if pd.isna(value) else float(value)
