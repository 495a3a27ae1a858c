"""Writing expectations/baseline.yaml: the violations that stop the pipeline today, with who answers for them."""

from collections.abc import Iterator
from datetime import date, timedelta

import pandas as pd

from golgoru.cli.common.repository import run_git
from golgoru.cli.common.yaml_out import build_model, to_yaml
from golgoru.core import dataset, paths
from golgoru.core.errors import UserError
from golgoru.core.files import write_bytes
from golgoru.core.yaml_models import load
from golgoru.tables import frames
from golgoru.tables.frames import table_path
from golgoru.validation.baseline import AcceptedViolations, BaselineFile

_DAYS_ACCEPTED = 90  # long enough to repair a first import, short enough to be remembered
_FILE_HEAD = b"""\
# Violations that are known and accepted for now: they stop nothing until they expire, new ones do. Written by
# `dataset check --baseline` and reviewed like any change; the day that counts is `dataset.date` in params.yaml.
"""


def accept_violations(owner: str | None, expires: str | None, reason: str) -> list[str]:
    """Write the baseline and return what was done, a line each. Raises UserError.

    Entries that stand and are still broken stay as they are; what is no longer broken leaves.
    """
    today = dataset.read_dataset(paths.PARAMS).date
    broken = _stopping_violations()
    before = load(paths.BASELINE, BaselineFile).accepted if paths.BASELINE.exists() else ()
    kept = list(_still_broken([entry for entry in before if today <= entry.expires], broken))
    taken = {(entry.rule, entry.table, key) for entry in kept for key in entry.keys}
    fresh = [(rule, table, key) for rule, table, key in broken if (rule, table, key) not in taken]
    added = (
        _new_entries(fresh, owner, expires or (today + timedelta(days=_DAYS_ACCEPTED)).isoformat(), reason)
        if fresh
        else []
    )
    entries = sorted([*kept, *added], key=lambda e: (e.rule, e.table, e.expires, e.owner))
    write_bytes(paths.BASELINE, _FILE_HEAD + to_yaml(BaselineFile(accepted=tuple(entries))))
    gone = sum(len(entry.keys) for entry in before) - len(taken)
    return [
        f"{paths.BASELINE}: {len(broken):,} violations accepted, {len(fresh):,} of them new"
        + (f"; {gone:,} that are repaired or expired left" if gone else "")
    ]


def _stopping_violations() -> list[tuple[str, str, str]]:
    """Return rule, table and key of every violation that would stop the pipeline, in order."""
    violations, gate = table_path("violations"), table_path("gate")
    if not violations.exists():
        raise UserError(f"{violations}: the table is missing; run `dvc repro`, which leaves it behind when it stops")
    found = _stopping_keys(frames.read(violations, "violations"))
    # Where raw data stop the pipeline, the gate of the release was not reached, and its table is an older run's.
    if not found and gate.exists():
        found = _stopping_keys(frames.read(gate, "gate"))
    return sorted(found)


def _stopping_keys(findings: pd.DataFrame) -> set[tuple[str, str, str]]:
    return set(findings.loc[findings["action"] == "stop", ["rule", "table", "key"]].itertuples(index=False, name=None))


def _still_broken(
    entries: list[AcceptedViolations], broken: list[tuple[str, str, str]]
) -> Iterator[AcceptedViolations]:
    now = set(broken)
    for entry in entries:
        keys = tuple(key for key in entry.keys if (entry.rule, entry.table, key) in now)
        if keys:
            yield entry.model_copy(update={"keys": keys})


def _new_entries(
    fresh: list[tuple[str, str, str]], owner: str | None, expires: str, reason: str
) -> list[AcceptedViolations]:
    name = owner or run_git("config", "user.name").stdout.strip()
    if not name:
        raise UserError("--owner is missing, and git has no user.name to take its place")
    try:
        day = date.fromisoformat(expires)
    except ValueError:
        raise UserError(f"--expires: expected a day such as 2027-01-31, found '{expires}'") from None
    options = {"owner": "--owner", "reason": "--reason"}
    about = {"owner": name, "expires": day, "reason": reason}
    keys: dict[tuple[str, str], list[str]] = {}
    for rule, table, key in fresh:
        keys.setdefault((rule, table), []).append(key)
    return [
        build_model(AcceptedViolations, {"rule": rule, "table": table, **about, "keys": tuple(of)}, options)
        for (rule, table), of in keys.items()
    ]
