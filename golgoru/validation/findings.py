"""What follows from findings, the rows of tables `violations` and `gate`: rows set aside, a gate that does not hold."""

import pandas as pd

SET_ASIDE_TABLES = ("images", "annotations")  # the tables whose rows later stages leave out


def set_aside_rows(findings: pd.DataFrame, table: str) -> pd.Series:
    """Return the rows of `table` that are set aside: a series from the row's key to its rule, of several the first."""
    of_table = findings[(findings["action"] == "set aside") & (findings["table"] == table)]
    return of_table.groupby("key")["rule"].min()


def gate_failure(findings: pd.DataFrame, file: str) -> str | None:
    """Return the error message where a rule whose action is `stop` is broken; None where none is.

    Violations that the baseline accepts do not count. `file` is where the findings are written.
    """
    stopping = findings[findings["action"] == "stop"]
    known, new = stopping[stopping["known"]], stopping[~stopping["known"]]
    if new.empty:
        return None
    known_counts = known["rule"].value_counts()
    by_rule = new.sort_values(["rule", "table", "key"]).groupby("rule", sort=True)
    counts, example = by_rule.size(), by_rule[["key", "message"]].first()
    lines = [
        f"  {rule}: broken by {counts[rule]:,}{_known_note(int(known_counts.get(rule, 0)))}, such as {key}: {message}"
        for rule, (key, message) in zip(example.index, example.to_numpy(), strict=True)
    ]
    return f"the gate does not hold; all findings are in {file}\n" + "\n".join(lines)


def _known_note(known: int) -> str:
    return f" (and {known:,} that the baseline accepts)" if known else ""
