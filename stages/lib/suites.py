"""Great Expectations at work: suites are written from the rule book, and run on tables with their facts.

The suites under expectations/ are generated and committed, so that a reviewer sees what a changed rule checks,
and so that any tool that reads Great Expectations' JSON can use them. A suite that differs from the rule book
stops the run: what is not checked must not look as if it had passed.
Great Expectations takes seconds to import, so it is imported inside the functions that run it.
"""

import copy
import difflib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from stages.lib import frames, paths
from stages.lib.errors import UserError
from stages.lib.facts import FACTS
from stages.lib.findings import SET_ASIDE
from stages.lib.rules import Rule, RuleBook
from stages.lib.tables import TABLES

Suite = dict[str, Any]
_WRITE = "run `dataset check --write`"
_SHOWN = 80  # characters of one value that a finding quotes
# COMPLETE lists every broken row by position. Great Expectations' own id columns cost 25 to 39 microseconds a row.
_RESULTS = {"result_format": "COMPLETE", "include_unexpected_rows": False, "return_unexpected_index_query": False}


def write_suite(rules: RuleBook, table: str) -> Suite:
    """Return the suite of `table` as plain JSON that `ExpectationSuite(**suite)` takes."""
    return {
        "name": table,
        "meta": {"written_from": paths.RULES.as_posix()},
        "expectations": [_expectation(rule) for rule in rules.checked(table)],
    }


def suite_files(rules: RuleBook) -> dict[Path, bytes]:
    """Return what must stand under expectations/: one file per table that has rules, named after the table."""
    return {_file(table): _json(write_suite(rules, table)) for table in rules.tables()}


def _json(suite: Suite) -> bytes:
    return (json.dumps(suite, indent=2, ensure_ascii=False) + "\n").encode()


def problems(suites: Mapping[str, Suite], rules: RuleBook) -> list[str]:
    """Return why rules and suites do not fit together, one message each; an empty list when they do.

    `suites` are the files under expectations/ as JSON, by table name.
    """
    found = [problem for table in rules.tables() for rule in rules.checked(table) for problem in _unfit(rule, table)]
    for table in rules.tables():
        if table not in suites:
            found.append(
                f"{_file(table)}: the file is missing, but {paths.RULES} has rules for table {table}; {_WRITE}"
            )
        elif suites[table] != write_suite(rules, table):
            found.append(f"{_file(table)}: differs from what {paths.RULES} says; {_WRITE}")
    unused = sorted(set(suites) - set(rules.tables()))
    return found + [f"{_file(t)}: no active rule of {paths.RULES} is about table {t}; delete the file" for t in unused]


def check(tables: Mapping[str, pd.DataFrame], suites: Mapping[str, Suite], rules: RuleBook) -> pd.DataFrame:
    """Run the suites of `tables` and return the findings: table `violations`, whose columns `gate` shares.

    `tables` maps table names to tables with their facts. A row is named by its key; a rule about a table as a
    whole, of which no single row is wrong, gives one finding with the key `*`.

    Raises UserError where suites and rules do not fit together (`problems`), or where a check cannot be run.
    """
    if unfit := problems(suites, rules):
        raise UserError("\n".join(unfit))
    context = _context()
    parts = []
    for name, table in tables.items():
        checked = {rule.id: rule for rule in rules.checked(name)}
        if checked:
            rows = table.reset_index(drop=True)
            results = _results(context, name, suites[name], rows)
            parts += [_findings(rule, name, rows, results[rule.id]) for rule in checked.values()]
    return frames.concat(parts, "violations")


def _file(table: str) -> Path:
    return paths.EXPECTATIONS / f"{table}.json"


def _expectation(rule: Rule) -> dict[str, Any]:
    check = rule.expectation
    return {
        "type": check.type if check else None,
        "kwargs": dict(check.kwargs) if check else {},
        "meta": {"rule": rule.id},
        "description": rule.sentence,
        "severity": rule.severity,
    }


def _unfit(rule: Rule, table: str) -> Iterator[str]:
    """Say what in a rule can be seen to be wrong without data: its table, its action, its columns."""
    where = f"{paths.RULES}: rule {rule.id}"
    if rule.action == "set aside" and table not in SET_ASIDE:
        yield f"{where}: rows of table {table} cannot be set aside, only those of {' and '.join(SET_ASIDE)}"
    if table not in FACTS:
        yield f"{where}: no stage checks table '{table}'; expected one of {', '.join(FACTS)}"
    elif not TABLES[table].extra:  # a delivery may declare further columns of such a table
        known = [column.name for column in (*TABLES[table].columns, *FACTS[table])]
        for column in _columns(rule):
            if column not in known:
                near = difflib.get_close_matches(column, known, n=1)
                hint = f"did you mean '{near[0]}'?" if near else f"expected one of {', '.join(known)}"
                yield f"{where}: table {table} has no column or fact '{column}'; {hint}"


def _columns(rule: Rule) -> list[str]:
    kwargs = rule.expectation.kwargs if rule.expectation else {}
    listed = kwargs.get("column_list")
    single = [kwargs.get(key) for key in ("column", "column_A", "column_B")]
    return [str(c) for c in [*single, *(listed if isinstance(listed, list) else ()), *rule.shows] if c is not None]


def _context() -> Any:
    """Return a Great Expectations context in memory: no progress bars, nothing sent."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read on import, in the versions that send anything
    import great_expectations  # noqa: PLC0415
    from great_expectations.data_context.types import base  # noqa: PLC0415

    return great_expectations.get_context(
        mode="ephemeral",
        project_config=base.DataContextConfig(
            store_backend_defaults=base.InMemoryStoreBackendDefaults(),
            progress_bars=base.ProgressBarsConfig(globally=False),
            analytics_enabled=False,
        ),
    )


def _results(context: Any, name: str, suite: Suite, rows: pd.DataFrame) -> dict[str, Any]:
    """Return Great Expectations' result of every rule of a suite, by rule id."""
    batch = (
        context.data_sources.add_pandas(name)
        .add_dataframe_asset(name)
        .add_batch_definition_whole_dataframe(name)
        .get_batch(batch_parameters={"dataframe": rows})
    )
    results = {}
    for result in batch.validate(_loaded(suite), result_format=_RESULTS).results:
        rule = result.expectation_config.meta["rule"]
        if reason := _raised(result.exception_info):
            raise UserError(f"{_file(name)}: rule {rule} cannot be checked: {reason}; correct it in {paths.RULES}")
        results[rule] = result
    if lost := sorted({e["meta"]["rule"] for e in suite["expectations"]} - set(results)):
        raise UserError(f"{_file(name)}: Great Expectations gave no result for {', '.join(lost)}; see {paths.RULES}")
    return results


def _loaded(suite: Suite) -> Any:
    """Return the suite as Great Expectations' own object."""
    from great_expectations.core import ExpectationSuite  # noqa: PLC0415
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration  # noqa: PLC0415

    loaded = []
    suite = copy.deepcopy(suite)  # what it is given, it writes its version into
    # One by one: given as a list, an expectation with wrong arguments is logged and left out.
    for expectation in suite["expectations"]:
        try:
            loaded.append(ExpectationConfiguration(**expectation).to_domain_obj())
        except Exception as error:  # it raises anything, from pydantic's errors to KeyError
            raise UserError(
                f"{_file(suite['name'])}: rule {expectation['meta']['rule']}: Great Expectations does not take"
                f" '{expectation['type']}' with these arguments: {_line(error)}; correct it in {paths.RULES}"
            ) from None
    return ExpectationSuite(name=suite["name"], expectations=loaded, meta=suite["meta"])


def _raised(info: Mapping[str, Any]) -> str | None:
    """Return why an expectation could not be computed; where a metric raised, the reasons stand one level deeper."""
    for part in [info] if "raised_exception" in info else list(info.values()):
        if part.get("raised_exception"):
            return _line(part.get("exception_message") or "no reason given")
    return None


def _line(reason: object) -> str:
    return " ".join(str(reason).split())[:300]


def _findings(rule: Rule, name: str, rows: pd.DataFrame, result: Any) -> pd.DataFrame:
    """Return one finding per row that breaks the rule."""
    positions = result.result.get("unexpected_index_list")
    if result.success:
        return frames.frame("violations")
    if positions is None:
        seen = result.result.get("observed_value")
        broken = pd.DataFrame({"key": ["*"], "message": f"{rule.sentence}; found {seen}", "image": None})
    else:
        chosen = rows.iloc[positions]
        keys = [chosen[column].astype("str") for column in TABLES[name].key]
        key = keys[0].str.cat(keys[1:], sep="/") if len(keys) > 1 else keys[0]
        broken = pd.DataFrame({"key": key, "message": _messages(rule, name, chosen), "image": chosen.get("image")})
    about = {"rule": rule.id, "severity": rule.severity, "action": rule.action, "table": name}
    return frames.frame("violations", broken.assign(**about))


def _messages(rule: Rule, name: str, rows: pd.DataFrame) -> pd.Series:
    if missing := [column for column in rule.shows if column not in rows]:
        raise UserError(f"{paths.RULES}: rule {rule.id} shows {', '.join(missing)}, which table {name} does not have")
    messages = pd.Series(rule.sentence.rstrip("."), index=rows.index, dtype="str")
    for column, before in zip(rule.shows, ["; found ", *[", "] * len(rule.shows)], strict=False):
        messages = messages + f"{before}{column}=" + _shown(rows[column])
    return messages


def _shown(values: pd.Series) -> pd.Series:
    """Return values as short, printable text: data is untrusted, and a finding is one line."""
    if pd.api.types.is_float_dtype(values.dtype):
        text = values.round(2).astype("str").str.removesuffix(".0")
    else:
        text = values.astype("str").str.replace(r"[\x00-\x1f\x7f]+", " ", regex=True)
    text = text.where(text.str.len() <= _SHOWN, text.str.slice(0, _SHOWN - 1) + "…")
    return text.where(values.notna(), "null")
