"""Versions of the guideline, compared by their numbers: 1.9 comes before 1.10."""

import re

import pandas as pd


def is_not_newer(versions: pd.Series, current: str) -> pd.Series:
    """Return which versions equal `current`, or come before it by their numbers."""
    known = [
        v
        for v in versions.unique()
        if v == current or (re.search(r"\d", v) and version_numbers(v) <= version_numbers(current))
    ]
    return versions.isin(known)


def is_older(versions: pd.Series, than: str) -> pd.Series:
    """Return which versions come before `than` by their numbers; one without any number comes before all."""
    return versions.isin([v for v in versions.dropna().unique() if version_numbers(v) < version_numbers(than)])


def as_ordered(versions: pd.Series) -> pd.Series:
    """Return the versions as ordered categories, the oldest first."""
    order = sorted(versions.dropna().unique(), key=lambda version: (version_numbers(version), version))
    return versions.astype(pd.CategoricalDtype(order, ordered=True))


def version_numbers(version: str) -> list[int]:
    """Return the numbers of a version: what versions are compared by."""
    return [int(number) for number in re.findall(r"\d{1,9}", version)]
