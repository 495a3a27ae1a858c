"""The baseline, expectations/baseline.yaml: violations that a team knows and accepts for now.

A messy first import must not block the pipeline for ever: accepted violations do not stop it until they expire, new
ones do. The date that counts is the release's (`dataset.date`), never the clock's.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from pydantic import Field

from golgoru.core.dataset import read_dataset
from golgoru.core.yaml_models import ConfigModel, ConfigProblem, load_config
from golgoru.tables import frames


class AcceptedViolations(ConfigModel):
    """Violations of one rule on one table that an owner accepts until a day."""

    rule: str
    table: str
    owner: str = Field(min_length=1)
    expires: date
    reason: str = ""
    keys: tuple[str, ...] = Field(min_length=1)


class BaselineFile(ConfigModel):
    """expectations/baseline.yaml."""

    accepted: tuple[AcceptedViolations, ...] = ()

    def problems(self) -> Iterator[ConfigProblem]:
        """Yield keys that two entries accept, so that it is not clear who their owner is."""
        first: dict[tuple[str, str, str], int] = {}
        for position, entry in enumerate(self.accepted):
            for number, key in enumerate(entry.keys):
                if first.setdefault((entry.rule, entry.table, key), position) != position:
                    yield ConfigProblem(
                        ("accepted", position, "keys", number), f"'{key}' is accepted for {entry.rule} already"
                    )


class Baseline(NamedTuple):
    """What is accepted as of a day. `keys` has the columns rule, table, key; `expired` are entries past their day."""

    keys: pd.DataFrame
    expired: tuple[AcceptedViolations, ...] = ()


def read_baseline(file: Path, today: date) -> Baseline:
    """Return the baseline as of `today`, which is the release's date; no file accepts nothing."""
    entries = load_config(file, BaselineFile).accepted if file.exists() else ()
    valid = [entry for entry in entries if today <= entry.expires]
    rows = [(entry.rule, entry.table, key) for entry in valid for key in entry.keys]
    keys = pd.DataFrame(rows, columns=["rule", "table", "key"], dtype="str")
    return Baseline(keys, tuple(entry for entry in entries if today > entry.expires))


def read_accepted(file: Path, params: Path) -> Baseline:
    """Return the baseline as of the release's date, which stands in params.yaml."""
    return read_baseline(file, read_dataset(params).date)


def mark_known(findings: pd.DataFrame, accepted: Baseline) -> pd.DataFrame:
    """Return the findings of one rule on one table, `known` set where the baseline accepts them."""
    if findings.empty or accepted.keys.empty:
        return findings
    about = accepted.keys[
        (accepted.keys["rule"] == findings["rule"].iloc[0]) & (accepted.keys["table"] == findings["table"].iloc[0])
    ]
    return findings.assign(known=frames.is_in(findings["key"], about["key"]))
