"""Writes expectations/baseline.yaml: the violations that stop the pipeline now, each with an owner and a last day."""

from collections.abc import Iterator
from datetime import date, timedelta

import pandas as pd

from golgoru.cli.common.repository import run_git
from golgoru.cli.common.yaml_out import build_model, to_yaml
from golgoru.core import paths
from golgoru.core.dataset import read_dataset
from golgoru.core.errors import UserError
from golgoru.core.files import write_bytes
from golgoru.core.yaml_models import load_config
from golgoru.tables import frames
from golgoru.tables.frames import table_path
from golgoru.validation.baseline import AcceptedViolations, BaselineFile

_DAYS_ACCEPTED = 90  # long enough to repair a first import, short enough to be remembered
_FILE_HEAD = b"""\
# Violations that are known and accepted for now: they do not stop the pipeline until they expire, new ones do. Written
# by `dataset check --baseline` and reviewed like any change; the date that counts is `dataset.date` in params.yaml.
"""


def accept_violations(owner: str | None, expires: str | None, reason: str) -> list[str]:
    """Write the baseline and return what was done, in lines. Raises UserError.

    Valid entries whose violations still occur stay as they are; repaired and expired ones are removed.
    """
    today = read_dataset(paths.PARAMS).date
    violations = _stopping_violations()
    before = load_config(paths.BASELINE, BaselineFile).accepted if paths.BASELINE.exists() else ()
    kept = list(_still_violated([entry for entry in before if today <= entry.expires], violations))
    known = {(entry.rule, entry.table, key) for entry in kept for key in entry.keys}
    new = [violation for violation in violations if violation not in known]
    last_day = expires or (today + timedelta(days=_DAYS_ACCEPTED)).isoformat()
    added = _new_entries(new, owner, last_day, reason) if new else []
    entries = sorted([*kept, *added], key=lambda e: (e.rule, e.table, e.expires, e.owner))
    write_bytes(paths.BASELINE, _FILE_HEAD + to_yaml(BaselineFile(accepted=tuple(entries))))
    removed = sum(len(entry.keys) for entry in before) - len(known)
    return [
        f"{paths.BASELINE}: {len(violations):,} violations accepted, {len(new):,} of them new"
        + (f"; {removed:,} removed that are repaired or expired" if removed else "")
    ]


def _stopping_violations() -> list[tuple[str, str, str]]:
    """Return rule, table and key of every violation that would stop the pipeline, in order."""
    violations, gate = table_path("violations"), table_path("gate")
    if not violations.exists():
        raise UserError(f"{violations}: the table is missing; run `dvc repro`, which writes it even where it stops")
    keys = _stopping_keys(frames.read_table(violations, "violations"))
    # Where raw data stop the pipeline, the gate of the release was not reached, and its table is from an older run.
    if not keys and gate.exists():
        keys = _stopping_keys(frames.read_table(gate, "gate"))
    return sorted(keys)


def _stopping_keys(findings: pd.DataFrame) -> set[tuple[str, str, str]]:
    return set(findings.loc[findings["action"] == "stop", ["rule", "table", "key"]].itertuples(index=False, name=None))


def _still_violated(
    entries: list[AcceptedViolations], violations: list[tuple[str, str, str]]
) -> Iterator[AcceptedViolations]:
    """Yield the entries that still have violations, with the keys of these."""
    current = set(violations)
    for entry in entries:
        keys = tuple(key for key in entry.keys if (entry.rule, entry.table, key) in current)
        if keys:
            yield entry.model_copy(update={"keys": keys})


def _new_entries(
    violations: list[tuple[str, str, str]], owner: str | None, expires: str, reason: str
) -> list[AcceptedViolations]:
    """Return the entries that accept new violations, one per rule and table."""
    name = owner or run_git("config", "user.name").stdout.strip()
    if not name:
        raise UserError("--owner is missing, and git has no user.name to use instead")
    try:
        day = date.fromisoformat(expires)
    except ValueError:
        raise UserError(f"--expires: expected a day such as 2027-01-31, found '{expires}'") from None
    options = {"owner": "--owner", "reason": "--reason"}
    about = {"owner": name, "expires": day, "reason": reason}
    keys: dict[tuple[str, str], list[str]] = {}
    for rule, table, key in violations:
        keys.setdefault((rule, table), []).append(key)
    return [
        build_model(AcceptedViolations, {"rule": rule, "table": table, **about, "keys": tuple(its_keys)}, options)
        for (rule, table), its_keys in keys.items()
    ]
