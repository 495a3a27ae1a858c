"""`dataset check --baseline`: what stops the pipeline is accepted for a time, by somebody, and nothing else is."""

from datetime import date

import pytest

from golgoru.core import paths
from golgoru.core.yaml_models import load
from golgoru.tables import frames
from golgoru.tables.frames import table_path
from golgoru.validation import baseline
from tests.template.cli.test_check import edit


def found(*rows, name="violations"):
    """Write the findings (rule, action, key) of the last run."""
    columns = {"rule": [r[0] for r in rows], "action": [r[1] for r in rows], "key": [r[2] for r in rows]}
    columns |= {"severity": "critical", "table": "annotations", "message": "found", "known": False}
    frames.write(frames.frame(name, columns), table_path(name), name)


def entries():
    return [
        (e.rule, e.owner, e.expires.isoformat(), e.keys) for e in load(paths.BASELINE, baseline.BaselineFile).accepted
    ]


def test_what_stops_is_accepted_and_what_only_tells_is_not(repository, dataset):
    found(("REL-002", "stop", "b/2"), ("REL-002", "stop", "b/1"), ("BOX-003", "tell", "b/3"))
    said = dataset("check", "--baseline", "--owner", "lab", "--reason", "first import")
    assert said.out.splitlines()[0] == "expectations/baseline.yaml: 2 violations accepted, 2 of them new"
    assert (said.status, entries()) == (0, [("REL-002", "lab", "2026-04-01", ("b/1", "b/2"))])
    assert "reason: first import" in paths.BASELINE.read_text()


def test_a_second_time_keeps_who_answers_adds_what_is_new_and_drops_what_is_repaired(repository, dataset):
    found(("REL-002", "stop", "b/1"), ("REL-002", "stop", "b/2"))
    dataset("check", "--baseline", "--owner", "lab", "--expires", "2026-02-01")
    found(("REL-002", "stop", "b/2"), ("REL-002", "stop", "b/9"))
    said = dataset("check", "--baseline", "--owner", "lead")
    assert "2 violations accepted, 1 of them new; 1 that are repaired or expired left" in said.out
    assert entries() == [("REL-002", "lab", "2026-02-01", ("b/2",)), ("REL-002", "lead", "2026-04-01", ("b/9",))]


def test_what_expired_is_told_and_can_be_accepted_anew(repository, dataset):
    found(("REL-002", "stop", "b/1"))
    dataset("check", "--baseline", "--owner", "lab", "--expires", "2026-02-01")
    edit(repository / "params.yaml", "'2026-01-01'", "'2026-02-02'")
    said = dataset("check")
    assert said.status == 1
    assert "expectations/baseline.yaml:7: REL-002: expired on 2026-02-01 (the release is of 2026-02-02)" in said.out
    assert baseline.read_baseline(paths.BASELINE, date(2026, 2, 2)).keys.empty
    assert dataset("check", "--baseline", "--owner", "lead").status == 0
    assert entries() == [("REL-002", "lead", "2026-05-03", ("b/1",))]


def test_the_gates_findings_are_taken_where_the_raw_tables_stop_nothing(repository, dataset):
    found()
    found(("REL-005", "stop", "a/1.png"), name="gate")
    dataset("check", "--baseline", "--owner", "lab")
    assert entries() == [("REL-005", "lab", "2026-04-01", ("a/1.png",))]


def test_an_entry_about_a_rule_that_stops_nothing_is_told(repository, dataset):
    row = "{rule: BOX-003, table: annotations, owner: lab, expires: 2027-01-01, keys: [b/1]}"
    paths.BASELINE.write_text(f"accepted:\n- {row}\n")
    assert "baseline.yaml:2: BOX-003 is no active rule that stops the pipeline; drop the entry" in dataset("check").out


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (("--baseline", "--owner", "lab"), 2, "data/violations.parquet: the table is missing; run `dvc repro`"),
        (("--owner", "lab"), 2, "expected --baseline beside them"),
    ],
)
def test_wrong_use(repository, dataset, options, status, words):
    said = dataset("check", *options)
    assert (said.status, words in said.err) == (status, True)


def test_a_day_that_is_none(repository, dataset):
    found(("REL-002", "stop", "b/1"))
    said = dataset("check", "--baseline", "--owner", "lab", "--expires", "soon")
    assert (said.status, said.err) == (2, "dataset: --expires: expected a day such as 2027-01-31, found 'soon'\n")
