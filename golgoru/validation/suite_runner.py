"""Runs Great Expectations suites on tables with their features, and returns the findings as rows.

Great Expectations takes seconds to import, so it is imported inside the functions that run it.
"""

import copy
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from golgoru.core import paths, yaml_models
from golgoru.core.deferred_imports import deferred_imports, imported_apart
from golgoru.core.errors import UserError
from golgoru.guideline.predicates import PredicateError
from golgoru.guideline.rules import Rule, RuleBook
from golgoru.tables import frames
from golgoru.tables.catalogue import TABLES
from golgoru.validation import baseline
from golgoru.validation.baseline import Baseline
from golgoru.validation.features.base import FeatureTable
from golgoru.validation.suites import Suite, rule_columns, suite_file, suite_problems

_LONGEST_VALUE = 80  # characters of one value that a finding quotes
# COMPLETE lists every broken row by position. Great Expectations' id columns would cost 25 to 39 microseconds a row.
_RESULT_FORMAT = {"result_format": "COMPLETE", "include_unexpected_rows": False, "return_unexpected_index_query": False}


class ValidationResult(NamedTuple):
    """`findings`: rows with the columns of table `violations`. `rules`: the metrics of every rule, by its id."""

    findings: pd.DataFrame
    rules: dict[str, dict[str, Any]]


def run_suites(
    tables: Mapping[str, FeatureTable], suites: Mapping[str, Suite], rules: RuleBook, accepted: Baseline
) -> ValidationResult:
    """Run the suites of `tables`, by their names.

    A finding names its row by the row's key. A rule about a table as a whole gives one finding with the key `*`. A
    finding that the baseline accepts is `known`.

    Raises UserError where suites and rules do not fit together (`suite_problems`), or where a check cannot be run.
    """
    if problems := suite_problems(suites, rules):
        raise UserError("\n".join(problems))
    context = _gx_context()
    findings, counts = [], {}
    for name, table in tables.items():
        checked = rules.checked_on(name)
        if not checked:
            continue
        rows = _rows_to_check(table, checked, name)
        results = _rule_results(context, name, suites[name], rows)
        for rule in checked:
            rule_findings = baseline.mark_known(_rule_findings(rule, name, rows, results[rule.id]), accepted)
            counts[rule.id] = _rule_counts(rule, rule_findings, len(rows), results[rule.id])
            findings.append(rule_findings)
    return ValidationResult(frames.concat(findings, "violations"), counts)


def _rows_to_check(table: FeatureTable, rules: list[Rule], name: str) -> pd.DataFrame:
    """Return a table's key and image, and what the rules read and show. Nothing else is computed or copied."""
    columns = [*TABLES[name].key, *(["image"] if "image" in table.table else [])]
    for rule in rules:
        try:
            read = rule_columns(rule, name)
            table.select(read)  # raises here, where the rule is known
            columns += read
        except PredicateError as error:
            raise _cannot_be_checked(name, rule.id, str(error)) from None
    return table.select(columns)


def _gx_context() -> Any:
    """Return a Great Expectations context in memory: no progress bars, nothing sent."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read on import, in the versions that send anything
    with deferred_imports("scipy.stats", "altair"):  # for one expectation, and for charts: half of the time
        great_expectations = imported_apart("great_expectations")
        base = imported_apart("great_expectations.data_context.types.base")

    return great_expectations.get_context(
        mode="ephemeral",
        project_config=base.DataContextConfig(
            store_backend_defaults=base.InMemoryStoreBackendDefaults(),
            progress_bars=base.ProgressBarsConfig(globally=False),
            analytics_enabled=False,
        ),
    )


def _rule_results(context: Any, name: str, suite: Suite, rows: pd.DataFrame) -> dict[str, Any]:
    """Return Great Expectations' result of every rule of a suite, by rule id."""
    batch = (
        context.data_sources.add_pandas(name)
        .add_dataframe_asset(name)
        .add_batch_definition_whole_dataframe(name)
        .get_batch(batch_parameters={"dataframe": rows})
    )
    results = {}
    for result in batch.validate(load_suite(suite), result_format=_RESULT_FORMAT).results:
        rule = result.expectation_config.meta["rule"]
        if reason := _exception_message(result.exception_info):
            raise _cannot_be_checked(name, rule, reason)
        results[rule] = result
    if missing := sorted({e["meta"]["rule"] for e in suite["expectations"]} - set(results)):
        raise UserError(
            f"{suite_file(name)}: Great Expectations gave no result for {', '.join(missing)}; see {paths.RULES}"
        )
    return results


def load_suite(suite: Suite) -> Any:
    """Return the suite as Great Expectations' own object. Raises UserError naming the rule that it refuses."""
    from great_expectations.core import ExpectationSuite  # noqa: PLC0415
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration  # noqa: PLC0415

    import golgoru.validation.row_expectations  # noqa: F401, PLC0415  (registers its expectations)

    expectations = []
    suite = copy.deepcopy(suite)  # Great Expectations writes its version into what it is given
    # One by one: in a list, an expectation with wrong arguments would be logged and left out.
    for expectation in suite["expectations"]:
        try:
            expectations.append(ExpectationConfiguration(**expectation).to_domain_obj())
        except Exception as error:  # it raises anything, from pydantic's errors to KeyError
            rule, kind = expectation["meta"]["rule"], expectation["type"]
            raise UserError(
                f"{suite_file(suite['name'])}: rule {rule}: Great Expectations does not take '{kind}' with these"
                f" arguments: {_one_line(error)}; correct it in {_rule_line(rule)}"
            ) from None
    return ExpectationSuite(name=suite["name"], expectations=expectations, meta=suite["meta"])


def _exception_message(info: Mapping[str, Any]) -> str | None:
    """Return why an expectation could not be computed; None where it could."""
    # Where a metric raised, the reasons are one level deeper.
    for part in [info] if "raised_exception" in info else list(info.values()):
        if part.get("raised_exception"):
            return _one_line(part.get("exception_message") or "no reason given")
    return None


def _cannot_be_checked(name: str, rule: str, reason: str) -> UserError:
    return UserError(f"{suite_file(name)}: rule {rule} cannot be checked: {reason}; correct it in {_rule_line(rule)}")


def _rule_line(rule: str) -> str:
    return yaml_models.entry_line(paths.RULES, "rules", rule, "id")


def _one_line(reason: object) -> str:
    return " ".join(str(reason).split())[:300]


def _rule_findings(rule: Rule, name: str, rows: pd.DataFrame, result: Any) -> pd.DataFrame:
    """Return one finding per row that breaks the rule."""
    positions = result.result.get("unexpected_index_list")
    if result.success:
        return frames.frame("violations")
    if positions is None:
        observed = result.result.get("observed_value")
        findings = pd.DataFrame({"key": ["*"], "message": f"{rule.sentence}; found {observed}", "image": None})
    else:
        broken = rows.iloc[positions]
        keys = [broken[column].astype("str") for column in TABLES[name].key]
        key = keys[0].str.cat(keys[1:], sep="/") if len(keys) > 1 else keys[0]
        findings = pd.DataFrame({"key": key, "message": _messages(rule, broken), "image": broken.get("image")})
    findings = findings.assign(rule=rule.id, severity=rule.severity, action=rule.action, table=name, known=False)
    return frames.frame("violations", findings)


def _messages(rule: Rule, rows: pd.DataFrame) -> pd.Series:
    parts: list[Any] = [pa.scalar(rule.sentence.rstrip("."))]
    for column, before in zip(rule.shows, ["; found ", *[", "] * len(rule.shows)], strict=False):
        parts += [pa.scalar(f"{before}{column}="), _printable_values(rows[column])]
    text = pc.binary_join_element_wise(*parts, "") if len(parts) > 1 else [parts[0].as_py()] * len(rows)
    return pd.Series(text, index=rows.index, dtype="str")


def _printable_values(values: pd.Series) -> pa.Array:
    """Return values as short, printable text: data is untrusted, and a finding is one line.

    In Arrow, since a Python string per value would cost more than the check itself where many rows are broken.
    """
    array = pa.array(values, from_pandas=True)
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    if pa.types.is_floating(array.type):
        array = pc.add(pc.round(array, ndigits=2), 0.0)  # -0 becomes 0
    elif pa.types.is_nested(array.type):
        array = pa.array([None if value is None else str(value) for value in array.to_pylist()], pa.string())
    text = pc.replace_substring_regex(pc.cast(array, pa.string()), r"[\x00-\x1f\x7f]+", " ")
    cut = pc.binary_join_element_wise(pc.utf8_slice_codeunits(text, 0, _LONGEST_VALUE - 1), "…", "")
    return pc.fill_null(pc.if_else(pc.greater(pc.utf8_length(text), _LONGEST_VALUE), cut, text), "null")


def _rule_counts(rule: Rule, findings: pd.DataFrame, rows: int, result: Any) -> dict[str, Any]:
    """Return how many rows break the rule, how many of these the baseline accepts, and how many could be checked."""
    about_nulls = rule.expectation is not None and rule.expectation.type.endswith("_be_null")
    checked = rows if about_nulls else rows - int(result.result.get("missing_count") or 0)
    return {
        "broken": len(findings),
        "known": int(findings["known"].sum()),
        "checked": checked,
        "share_checked": checked / rows if rows else None,
    }
