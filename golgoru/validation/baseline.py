"""The baseline, expectations/baseline.yaml: violations that a team knows and accepts for now.

A messy first import must not block for ever: what stands here does not stop the pipeline until it expires, and what
is new does. The day that counts is the release's own (`dataset.date`), never the clock's.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from pydantic import Field

from golgoru.core.yaml_models import Fault, Written, load
from golgoru.tables import frames


class AcceptedViolations(Written):
    """Violations of one rule on one table that somebody answers for until a day."""

    rule: str
    table: str
    owner: str = Field(min_length=1)
    expires: date
    reason: str = ""
    keys: tuple[str, ...] = Field(min_length=1)


class BaselineFile(Written):
    """expectations/baseline.yaml."""

    accepted: tuple[AcceptedViolations, ...] = ()

    def faults(self) -> Iterator[Fault]:
        """Yield keys that are accepted twice: two owners, and nobody knows who answers."""
        seen: dict[tuple[str, str, str], int] = {}
        for place, entry in enumerate(self.accepted):
            for number, key in enumerate(entry.keys):
                if seen.setdefault((entry.rule, entry.table, key), place) != place:
                    yield Fault(("accepted", place, "keys", number), f"'{key}' is accepted for {entry.rule} already")


class Baseline(NamedTuple):
    """What is accepted, as of a day: `keys` has the columns rule, table, key; `expired` are the entries past it."""

    keys: pd.DataFrame
    expired: tuple[AcceptedViolations, ...] = ()


def read_baseline(file: Path, today: date) -> Baseline:
    """Return the baseline as of `today`, which is the release's date; no file accepts nothing."""
    entries = load(file, BaselineFile).accepted if file.exists() else ()
    standing = [entry for entry in entries if today <= entry.expires]
    rows = [(entry.rule, entry.table, key) for entry in standing for key in entry.keys]
    keys = pd.DataFrame(rows, columns=["rule", "table", "key"], dtype="str")
    return Baseline(keys, tuple(entry for entry in entries if today > entry.expires))


def mark_known(findings: pd.DataFrame, accepted: Baseline) -> pd.DataFrame:
    """Return the findings of one rule on one table, `known` set where the baseline accepts them."""
    if findings.empty or accepted.keys.empty:
        return findings
    about = accepted.keys[
        (accepted.keys["rule"] == findings["rule"].iloc[0]) & (accepted.keys["table"] == findings["table"].iloc[0])
    ]
    return findings.assign(known=frames.is_in(findings["key"], about["key"]))
