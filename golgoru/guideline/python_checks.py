"""Python checks: functions of expectations/checks.py, for what an SQL predicate cannot express.

The arguments of a check name the columns that it takes; it returns true, false or null for every row.
"""

import importlib.util
import inspect
from collections.abc import Callable, Mapping

import pandas as pd

from golgoru.core import paths
from golgoru.core.errors import UserError
from golgoru.guideline.predicates import PredicateError
from golgoru.tables import frames


def check_columns(name: str) -> tuple[str, ...]:
    """Return the columns that a check takes. Raises PredicateError where there is no such check."""
    return tuple(inspect.signature(_find_check(name)).parameters)


def run_check(name: str, frame: pd.DataFrame) -> pd.Series:
    """Return the answer of a check for each row of `frame`, with its index. Raises PredicateError."""
    check, columns = _find_check(name), check_columns(name)
    try:
        rows = frames.as_texts(frame[[*columns]])
        answer = check(**{column: rows[column] for column in columns})
        return pd.Series(answer, index=frame.index).astype("boolean")
    except Exception as error:  # the team's own code, which may raise anything
        raise PredicateError(f"check '{name}' of {paths.CHECKS}: {type(error).__name__}: {error}") from None


def _find_check(name: str) -> Callable[..., pd.Series]:
    known = _load_checks()
    if name not in known:
        raise PredicateError(f"there is no check '{name}' in {paths.CHECKS}; there are {', '.join(known) or 'none'}")
    return known[name]


def _load_checks() -> Mapping[str, Callable[..., pd.Series]]:
    """Return the public functions of the file, in its order. Raises UserError where it cannot be run."""
    spec = importlib.util.spec_from_file_location("expectations.checks", paths.CHECKS)
    if spec is None or spec.loader is None or not paths.CHECKS.is_file():
        return {}
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # the team's own code, which may raise anything
        raise UserError(f"{paths.CHECKS}: cannot be imported: {type(error).__name__}: {error}") from None
    # What the file imports from elsewhere is no check.
    return {
        name: function
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if not name.startswith("_") and function.__module__ == "expectations.checks"
    }
