"""Predicates: what must hold of a row, or where a trigger fires, as one SQL expression over the columns of a table.

The dialect is a small part of DuckDB's: column names, numbers, texts in single quotes, true, false, null; comparisons,
AND, OR, NOT, IN, BETWEEN, LIKE, IS NULL, CASE, arithmetic, and the functions in `FUNCTIONS`. An expression sees one row
at a time. It has no subquery, aggregate, clock or random number, so equal rows give equal answers.
Predicates are untrusted: they are parsed and checked against that list before they run, and they run in a database in
memory that can open no file, reach no network and load no extension.
"""

import difflib
import functools
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

FUNCTIONS = (
    "abs", "ceil", "contains", "ends_with", "floor", "greatest", "least", "length", "list_contains", "lower", "nullif",
    "regexp_matches", "round", "sqrt", "starts_with", "trim", "upper",
)  # fmt: skip
_OPERATORS = ("+", "-", "*", "/", "%", "||", "~~", "!~~", "~~*", "!~~*")  # as DuckDB's parser names them; ~~ is LIKE
_ALLOWED_NODES = {
    "CONJUNCTION": ("CONJUNCTION_AND", "CONJUNCTION_OR"),
    "COMPARISON": None,
    "BETWEEN": None,
    "CASE": None,
    "CONSTANT": None,
    "COLUMN_REF": None,
    "FUNCTION": None,
    "OPERATOR": (
        "COMPARE_IN",
        "COMPARE_NOT_IN",
        "OPERATOR_COALESCE",
        "OPERATOR_IS_NULL",
        "OPERATOR_IS_NOT_NULL",
        "OPERATOR_NOT",
    ),
}
# What DuckDB's syntax tree of `SELECT (expression)` holds besides the expression. A predicate must leave it so.
_EMPTY_SELECT: Mapping[str, Any] = {
    "type": "SELECT_NODE",
    "modifiers": [],
    "cte_map": {"map": []},
    "where_clause": None,
    "group_expressions": [],
    "group_sets": [],
    "having": None,
    "sample": None,
    "qualify": None,
}
_LONGEST = 2000  # characters
_QUERY_HEAD = "SELECT ("
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    "memory_limit": "4GB",
    "threads": "1",  # keeps the order of the rows
}


class PredicateError(ValueError):
    """A predicate that is not in the dialect, reads an unknown column, or does not fit the column's type."""


@functools.cache
def referenced_columns(predicate: str) -> tuple[str, ...]:
    """Return the columns that a predicate reads, by name. Raises PredicateError where it is not in the dialect."""
    names = set()
    for node in _tree_nodes(_parse(predicate)):
        kind, allowed = node["class"], _ALLOWED_NODES.get(node["class"], ())
        if allowed is not None and node["type"] not in allowed:
            raise PredicateError(f"{_construct_name(kind, node['type'])} is not part of the dialect; {_DIALECT}")
        if kind == "FUNCTION":
            _require_known_function(node)
        if kind == "COLUMN_REF":
            names.add(".".join(node["column_names"]))
    return tuple(sorted(names))


def check_predicate(predicate: str, known: Mapping[str, pa.DataType]) -> None:
    """Raise PredicateError where a predicate reads a column that is not in `known`, or does not give true or false.

    `known` has the type of every column.
    """
    read = referenced_columns(predicate)
    require_columns(read, known)
    _check_types(predicate, tuple((name, known[name]) for name in read))


@functools.cache
def _check_types(predicate: str, types: tuple[tuple[str, pa.DataType], ...]) -> None:
    """Raise PredicateError where a predicate does not fit the types of the columns that it reads."""
    blank = {name: pa.array([None], type_) for name, type_ in types} or {"_": pa.array([0])}
    _query(pa.table(blank), {"answer": predicate})  # raises, on a row of nulls, where the types do not fit


def require_columns(wanted: Iterable[str], known: Iterable[str]) -> None:
    """Raise PredicateError for the first of the wanted columns that is not in `known`."""
    known = list(known)
    for name in wanted:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean '{near[0]}'? " if near else ""
            raise PredicateError(f"there is no column '{name}'; {hint}There are {', '.join(known)}")


def evaluate(predicates: Mapping[str, str], rows: pd.DataFrame) -> pd.DataFrame:
    """Return one column per predicate, named by its key: true, false, or null where a value that it needs is missing.

    `rows` has the columns that the predicates read; the answers have its order and a fresh index.
    Raises PredicateError.
    """
    wanted = sorted({name for predicate in predicates.values() for name in referenced_columns(predicate)})
    require_columns(wanted, rows.columns)
    table = pa.Table.from_pandas(rows[wanted], preserve_index=False) if wanted else pa.table({"_": [0] * len(rows)})
    return _query(table.replace_schema_metadata(None), predicates)


@functools.cache
def _database() -> Any:
    """Return the locked database of this process; opening one costs ten times what a predicate costs."""
    import duckdb  # noqa: PLC0415  (slow to import)

    database = duckdb.connect(":memory:", config=_SETTINGS)
    database.execute("SET lock_configuration = true")
    return database


def _query(table: pa.Table, predicates: Mapping[str, str]) -> pd.DataFrame:
    import duckdb  # noqa: PLC0415  (slow to import)

    answers = {}
    _database().register("rows", table)
    try:
        for name, predicate in predicates.items():
            referenced_columns(predicate)  # raises where it is not in the dialect: nothing else may run
            query = f"{_QUERY_HEAD}{predicate}\n) AS answer FROM rows"
            answer = _database().sql(query).to_arrow_table().column("answer")
            if answer.type != pa.bool_():
                raise PredicateError("it gives a value, not true or false; compare the value with something")
            answers[name] = answer.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get)
    except duckdb.Error as error:
        raise PredicateError(_duckdb_reason(error)) from None
    finally:
        _database().unregister("rows")
    return pd.DataFrame(answers, index=pd.RangeIndex(table.num_rows))


def _parse(predicate: str) -> dict[str, Any]:
    """Return DuckDB's syntax tree of the expression."""
    import duckdb  # noqa: PLC0415  (slow to import)

    if not predicate.strip() or len(predicate) > _LONGEST:
        raise PredicateError(f"expected 1 to {_LONGEST:,} characters, found {len(predicate):,}")
    text = f"{_QUERY_HEAD}{predicate}\n)"
    try:
        [(answer,)] = _database().sql("SELECT json_serialize_sql(?)", params=[text]).fetchall()
        tree = json.loads(answer)
    except (duckdb.Error, ValueError, RecursionError):
        raise PredicateError("it cannot be read as SQL; is it nested very deeply?") from None
    if tree["error"]:
        place = int(tree.get("position") or len(_QUERY_HEAD)) - len(_QUERY_HEAD)
        reason = " ".join(tree["error_message"].split())
        raise PredicateError(f"{reason}, at character {min(max(place, 0), len(predicate)) + 1}")
    nodes = [statement["node"] for statement in tree["statements"]]
    # A predicate that closes the bracket around it could add a FROM or WHERE of its own.
    if any(node.get(part) != empty for node in nodes for part, empty in _EMPTY_SELECT.items()) or any(
        node.get("from_table", {}).get("type") != "EMPTY" for node in nodes
    ):
        raise PredicateError(f"it is more than one expression; {_DIALECT}")
    expressions = [e for node in nodes for e in node["select_list"]]
    if len(expressions) != 1:
        raise PredicateError(f"found {len(expressions)} expressions, expected one; {_DIALECT}")
    expression: dict[str, Any] = expressions[0]
    return expression


def _tree_nodes(tree: Any) -> Iterator[dict[str, Any]]:
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if "class" in part:
                yield part
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part


def _require_known_function(node: Mapping[str, Any]) -> None:
    name = node["function_name"]
    if name not in (_OPERATORS if node["is_operator"] else FUNCTIONS) or node["distinct"] or node["filter"]:
        raise PredicateError(f"there is no function '{name}'; there are {', '.join(FUNCTIONS)}")


def _construct_name(kind: str, name: str) -> str:
    return {"SUBQUERY": "a subquery", "WINDOW": "a window function", "STAR": "*", "CAST": "a cast"}.get(
        kind, f"'{name.lower()}'"
    )


_DIALECT = (
    "an expression compares columns, numbers and texts with =, <, >, AND, OR, NOT, IN, BETWEEN, LIKE, IS NULL, CASE"
)


def _duckdb_reason(error: Exception) -> str:
    """Return DuckDB's error message in one line, without the statement that it quotes."""
    return " ".join(str(error).split("\n\n")[0].split(" Candidate functions:")[0].split())[:300]
