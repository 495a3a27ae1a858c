"""Row expectations, which Great Expectations lacks for pandas: a predicate, or a Python check, holds for every row.

Importing this module registers them with Great Expectations as `expect_rows_to_satisfy` and `expect_rows_to_pass`. A
row for which the predicate or check gives null counts as missing, neither as expected nor as unexpected.
Great Expectations takes seconds to import, so this module is imported only where suites are run.
"""

from typing import Any, ClassVar

import numpy as np
import pandas as pd
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider

from golgoru.guideline import predicates, python_checks

_LISTED_ROWS = 20  # rows that a partial result lists, as in Great Expectations' own


class _RowsSatisfying(TableMetricProvider):
    """The answers of a predicate, per row true, false or null."""

    metric_name = "table.rows_satisfying"
    value_keys = ("predicate",)

    @metric_value(engine=PandasExecutionEngine)
    def _pandas(cls, execution_engine, metric_domain_kwargs, metric_value_kwargs, **_):  # type: ignore[no-untyped-def]  # noqa: N805
        rows = _batch_rows(execution_engine, metric_domain_kwargs)
        return predicates.evaluate({"holds": metric_value_kwargs["predicate"]}, rows)["holds"]


class _RowsPassing(TableMetricProvider):
    """The answers of a Python check, per row true, false or null."""

    metric_name = "table.rows_passing"
    value_keys = ("check",)

    @metric_value(engine=PandasExecutionEngine)
    def _pandas(cls, execution_engine, metric_domain_kwargs, metric_value_kwargs, **_):  # type: ignore[no-untyped-def]  # noqa: N805
        return python_checks.run_check(
            metric_value_kwargs["check"], _batch_rows(execution_engine, metric_domain_kwargs)
        )


class _ExpectRows(BatchExpectation):
    """What both have in common: one metric with an answer per row, and the result made of it."""

    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id", "table")
    library_metadata: ClassVar[dict[str, Any]] = {
        "maturity": "production",
        "tags": ["rows"],
        "contributors": ["Golgoru"],
        "requirements": [],
        "has_full_test_suite": True,
        "manually_reviewed_code": True,
    }

    def _validate(self, metrics, runtime_configuration=None, execution_engine=None):  # type: ignore[no-untyped-def]
        del execution_engine
        (holds,) = (metrics[name] for name in self.metric_dependencies)
        return _gx_result(holds, (runtime_configuration or {}).get("result_format"))


class ExpectRowsToSatisfy(_ExpectRows):
    """Expect every row to satisfy an SQL predicate over its columns (golgoru/guideline/predicates.py)."""

    predicate: str
    metric_dependencies = ("table.rows_satisfying",)
    success_keys = ("predicate",)


class ExpectRowsToPass(_ExpectRows):
    """Expect every row to pass a function of expectations/checks.py, named by `check`."""

    check: str
    metric_dependencies = ("table.rows_passing",)
    success_keys = ("check",)


def _batch_rows(engine: Any, domain: Any) -> pd.DataFrame:
    rows, _, _ = engine.get_compute_domain(domain, domain_type=MetricDomainTypes.TABLE)
    return pd.DataFrame(rows)


def _gx_result(holds: pd.Series, result_format: Any) -> dict[str, Any]:
    """Return the result in the form of Great Expectations' own row expectations."""
    wanted = result_format if isinstance(result_format, str) else (result_format or {}).get("result_format", "BASIC")
    judged = holds.notna().to_numpy()
    broken = np.flatnonzero(judged & ~holds.fillna(value=True).to_numpy(dtype=bool))
    if wanted == "BOOLEAN_ONLY":
        return {"success": not len(broken), "result": {}}
    counts = {
        "element_count": len(holds),
        "missing_count": int((~judged).sum()),
        "unexpected_count": len(broken),
        "unexpected_percent": 100 * len(broken) / max(int(judged.sum()), 1),
        "partial_unexpected_index_list": broken[:_LISTED_ROWS].tolist(),
    }
    if wanted == "COMPLETE":
        counts["unexpected_index_list"] = broken.tolist()
    return {"success": not len(broken), "result": counts}
