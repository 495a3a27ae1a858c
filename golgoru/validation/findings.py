"""What follows from findings, the rows of tables `violations` and `gate`: rows set aside, gates that do not hold."""

import pandas as pd

SET_ASIDE_TABLES = ("images", "annotations")  # the tables whose rows later stages leave out


def set_aside_rows(findings: pd.DataFrame, table: str) -> pd.Series:
    """Return the rows of `table` that are set aside: a series from the row's key to its rule, the first by id."""
    chosen = findings[(findings["action"] == "set aside") & (findings["table"] == table)]
    return chosen.groupby("key")["rule"].min()


def gate_failure(findings: pd.DataFrame, file: str) -> str | None:
    """Return what to tell people when a rule whose action is `stop` is broken; None where nothing stops.

    What the baseline accepts does not. `file` is where the findings can be read.
    """
    all_broken = findings[findings["action"] == "stop"]
    known, broken = all_broken[all_broken["known"]], all_broken[~all_broken["known"]]
    if broken.empty:
        return None
    also = known["rule"].value_counts()
    first = broken.sort_values(["rule", "table", "key"]).groupby("rule", sort=True)
    rows, example = first.size(), first[["key", "message"]].first()
    lines = [
        f"  {rule}: broken by {rows[rule]:,}{_known_note(int(also.get(rule, 0)))}, such as {key}: {message}"
        for rule, (key, message) in zip(example.index, example.to_numpy(), strict=True)
    ]
    return f"the gate does not hold; all findings stand in {file}\n" + "\n".join(lines)


def _known_note(known: int) -> str:
    return f" (and {known:,} that the baseline accepts)" if known else ""
