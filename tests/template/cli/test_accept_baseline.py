"""`dataset check --baseline`: an owner accepts for a time what stops the pipeline, and nothing else."""

from datetime import date

import pytest

from golgoru.core import paths
from golgoru.core.yaml_models import load_config
from golgoru.tables import frames
from golgoru.tables.frames import table_path
from golgoru.validation import baseline
from tests.template.cli.test_check import edit


def write_findings(*rows, name="violations"):
    """Write the findings (rule, action, key) of a last run."""
    columns = {"rule": [r[0] for r in rows], "action": [r[1] for r in rows], "key": [r[2] for r in rows]}
    columns |= {"severity": "critical", "table": "annotations", "message": "found", "known": False}
    frames.write_table(frames.frame(name, columns), table_path(name), name)


def entries():
    return [
        (e.rule, e.owner, e.expires.isoformat(), e.keys)
        for e in load_config(paths.BASELINE, baseline.BaselineFile).accepted
    ]


def test_violations_with_action_stop_are_accepted_and_others_are_not(repository, dataset):
    write_findings(("REL-002", "stop", "b/2"), ("REL-002", "stop", "b/1"), ("BOX-003", "tell", "b/3"))
    result = dataset("check", "--baseline", "--owner", "lab", "--reason", "first import")
    assert result.out.splitlines()[0] == "expectations/baseline.yaml: 2 violations accepted, 2 of them new"
    assert (result.status, entries()) == (0, [("REL-002", "lab", "2026-04-01", ("b/1", "b/2"))])
    assert "reason: first import" in paths.BASELINE.read_text()


def test_a_second_run_keeps_owners_adds_new_violations_and_removes_repaired_ones(repository, dataset):
    write_findings(("REL-002", "stop", "b/1"), ("REL-002", "stop", "b/2"))
    dataset("check", "--baseline", "--owner", "lab", "--expires", "2026-02-01")
    write_findings(("REL-002", "stop", "b/2"), ("REL-002", "stop", "b/9"))
    result = dataset("check", "--baseline", "--owner", "lead")
    assert "2 violations accepted, 1 of them new; 1 removed that are repaired or expired" in result.out
    assert entries() == [("REL-002", "lab", "2026-02-01", ("b/2",)), ("REL-002", "lead", "2026-04-01", ("b/9",))]


def test_expired_entries_are_reported_and_can_be_accepted_again(repository, dataset):
    write_findings(("REL-002", "stop", "b/1"))
    dataset("check", "--baseline", "--owner", "lab", "--expires", "2026-02-01")
    edit(repository / "params.yaml", "'2026-01-01'", "'2026-02-02'")
    result = dataset("check")
    assert result.status == 1
    assert "expectations/baseline.yaml:7: REL-002: expired on 2026-02-01 (`dataset.date` is 2026-02-02)" in result.out
    assert baseline.read_baseline(paths.BASELINE, date(2026, 2, 2)).keys.empty
    assert dataset("check", "--baseline", "--owner", "lead").status == 0
    assert entries() == [("REL-002", "lead", "2026-05-03", ("b/1",))]


def test_violations_of_the_gate_are_accepted_where_the_raw_tables_stop_nothing(repository, dataset):
    write_findings()
    write_findings(("REL-005", "stop", "a/1.png"), name="gate")
    dataset("check", "--baseline", "--owner", "lab")
    assert entries() == [("REL-005", "lab", "2026-04-01", ("a/1.png",))]


def test_an_entry_of_a_rule_that_does_not_stop_is_reported(repository, dataset):
    row = "{rule: BOX-003, table: annotations, owner: lab, expires: 2027-01-01, keys: [b/1]}"
    paths.BASELINE.write_text(f"accepted:\n- {row}\n")
    assert (
        "baseline.yaml:2: BOX-003 is no active rule that stops the pipeline; remove the entry" in dataset("check").out
    )


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (("--baseline", "--owner", "lab"), 2, "data/violations.parquet: the table is missing; run `dvc repro`"),
        (("--owner", "lab"), 2, "expected --baseline with them"),
    ],
)
def test_wrong_use(repository, dataset, options, status, message):
    result = dataset("check", *options)
    assert (result.status, message in result.err) == (status, True)


def test_an_invalid_day(repository, dataset):
    write_findings(("REL-002", "stop", "b/1"))
    result = dataset("check", "--baseline", "--owner", "lab", "--expires", "soon")
    assert (result.status, result.err) == (2, "dataset: --expires: expected a day such as 2027-01-31, found 'soon'\n")
