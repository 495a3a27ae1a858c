"""Named checks: what SQL cannot say of a row, as a Python function of expectations/checks.py.

A check takes columns, named by its arguments, and returns one true, false or null per row.
"""

import importlib.util
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from golgoru.core.errors import UserError
from golgoru.guideline.predicates import PredicateError

FILE = Path("expectations/checks.py")


def columns(name: str) -> tuple[str, ...]:
    """Return the columns that a check reads. Raises PredicateError where there is no such check."""
    return tuple(inspect.signature(_check(name)).parameters)


def run(name: str, frame: pd.DataFrame) -> pd.Series:
    """Return the answer of a check for each row of `frame`, with its index. Raises PredicateError."""
    check = _check(name)
    try:
        answer = check(**{column: frame[column] for column in columns(name)})
        return pd.Series(answer, index=frame.index).astype("boolean")
    except Exception as error:  # the team's own code, which may raise anything
        raise PredicateError(f"check '{name}' of {FILE}: {type(error).__name__}: {error}") from None


def _check(name: str) -> Callable[..., pd.Series]:
    known = _checks()
    if name not in known:
        raise PredicateError(f"there is no check '{name}' in {FILE}; there are {', '.join(known) or 'none'}")
    return known[name]


def _checks() -> Mapping[str, Callable[..., pd.Series]]:
    """Return the public functions of the file, in its order. Raises UserError where it cannot be run."""
    spec = importlib.util.spec_from_file_location("expectations.checks", FILE)
    if spec is None or spec.loader is None or not FILE.is_file():
        return {}
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # the team's own code, which may raise anything
        raise UserError(f"{FILE}: cannot be imported: {type(error).__name__}: {error}") from None
    own = inspect.getmembers(module, inspect.isfunction)
    return {
        name: value for name, value in own if not name.startswith("_") and value.__module__ == "expectations.checks"
    }
