"""Columns of texts that may be categories: what is asked of the texts is asked of each distinct one once.

Ten million rows name a million images and twenty classes. Each function takes texts just as well.
"""

import numpy as np
import pandas as pd
import pyarrow as pa

from golgoru.core.arrays import Flags, Integers
from golgoru.tables import frames


def is_coded(values: pd.Series) -> bool:
    """Return whether the texts of a column are categories."""
    return isinstance(values.dtype, pd.CategoricalDtype)


def positions(values: pd.Series, among: pd.Series) -> Integers:
    """Return where each text stands in `among` (which holds each once); -1 where it does not, and for a null."""
    if not is_coded(values):
        return frames.positions(values, among)
    of_category = frames.positions(pd.Series(values.cat.categories), among)
    return np.append(of_category, -1)[values.cat.codes]


def is_in(values: pd.Series, others: "pd.Series | pd.Index") -> pd.Series:
    """Return which of the texts stand among `others`; a null never does."""
    if not is_coded(values):
        return frames.is_in(values, others)
    of_category = frames.is_in(pd.Series(values.cat.categories), others)
    return pd.Series(np.append(of_category.to_numpy(bool), False)[values.cat.codes], index=values.index)


def distinct(values: pd.Series) -> pd.Series:
    """Return each of the texts once; no null."""
    return pd.Series(values.unique()).astype("str").dropna()


def counts(values: pd.Series) -> pd.Series:
    """Return how often each text occurs, the most frequent first."""
    found = values.value_counts()
    found = found[found > 0]  # a category need not occur
    return found.set_axis(found.index.astype("str"))


def in_order(values: pd.Series) -> pd.Series:
    """Return the texts as categories in the order of texts, so that what is sorted or grouped by them is as by texts."""
    categories = values.astype("category")
    return categories.cat.set_categories(sorted(categories.cat.categories), ordered=True)


def take(values: pd.Series, rows: Integers, index: pd.Index) -> pd.Series:
    """Return the texts of some rows as categories; null for the row -1."""
    categories = values.astype("category")
    codes = np.append(categories.cat.codes.to_numpy(), -1)
    taken = codes[rows]
    return pd.Series(
        pd.Categorical.from_codes(taken, dtype=pd.CategoricalDtype(categories.cat.categories)), index=index
    )


def repeated(text: str, index: pd.Index) -> pd.Series:
    """Return one text for every row, as a category."""
    one = pd.CategoricalDtype(pd.Index([text], dtype="str"))
    return pd.Series(pd.Categorical.from_codes(np.zeros(len(index), np.int8), dtype=one), index=index)


def flags_at(flags: Flags, rows: Integers) -> Flags:
    """Return the flags of some rows; false for the row -1."""
    return np.append(flags, False)[rows]


def in_order_of(rows: pd.DataFrame, key: str, keys: pd.Series) -> pd.DataFrame:
    """Return the rows in the order of their keys, with the index of these; tables of one grain are mostly so already."""
    if pa.array(rows[key].astype("str").array).equals(pa.array(keys.astype("str").array)):
        return rows.set_axis(keys.index)
    return rows.set_index(key).reindex(pd.Index(keys, name=key)).reset_index().set_axis(keys.index)
