"""`dataset check`: every kind of mistake gives a line that names the file, and a valid repository gives none."""

import json
import subprocess
from pathlib import Path

import pytest

from golgoru.cli.check import settings
from golgoru.core import paths
from tests.template.builders.command_repository import make_filled
from tests.template.builders.scratch_repository import PAGE

BATCH = 'format: csv\nsource: human\ndate: 2026-02-01\nguideline_version: "1.2"\nannotator: ann\n'


@pytest.fixture
def filled(begin, no_dvc):
    """A repository with one delivery and one batch."""
    begin(make_filled)
    return Path.cwd()


def edit(file, old, new):
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_a_valid_repository_has_no_findings(filled, dataset):
    assert dataset("check") == (0, "0 findings\n" + PAGE, "")
    result = dataset("check", "--json")
    assert (result.status, json.loads(result.out)) == (
        0,
        {"findings": [], "written": [], "page": "reports/rulebook.html"},
    )


@pytest.mark.parametrize(
    ("file", "old", "new", "finding"),
    [
        ("params.yaml", "'2026-01-01'", "2026-01-01", "params.yaml:7: dataset.date: DVC takes no YAML dates here"),
        ("params.yaml", "ingest: {}\n", "", "params.yaml: block 'ingest' is missing"),
        ("params.yaml", "ingest: {}\n", "ingest: {colour: red}\n", "ingest.colour: unknown key"),
        ("params.yaml", "ingest: {}\n", "ingest: {}\ningst: {}\n", "ingst: no stage of dvc.yaml has this name"),
        ("params.yaml", "task: classification", "task: guessing", "params.yaml:4: dataset.task"),
        ("params.yaml", "dataset:", "dataset: [", "params.yaml:"),
        ("guidelines/classes.yaml", "id: dog", "id: cat", "classes.yaml:4: classes.1.id: 'cat' is used twice"),
        ("guidelines/rules.yaml", "stage: split", "stage: spilt", "no stage 'spilt' in dvc.yaml"),
        ("guidelines/rules.yaml", "The image is readable", "It opens", "expectations/images.json: differs"),
        ("guidelines/edge_cases.yaml", "brightness < 50", "brightnes < 50", "EDGE-001: predicate: there is no column"),
        ("guidelines/edge_cases.yaml", "owner: labelling lead", "owner: ''", "0.owner: expected who decides"),
        ("guidelines/edge_cases.yaml", "id: EDGE-002", "id: EDGE-001", "edge_cases.1.id: 'EDGE-001' is used twice"),
        ("guidelines/edge_cases.yaml", "check: mixes_scripts", "check: mixes", "there is no check 'mixes' in"),
        ("expectations/images.json", "{", "", "expectations/images.json: not valid JSON"),
        ("data/raw/pins.csv", "reason\n", "reason\nfirst/a.png,trian,why\n", "pins.csv:2: split 'trian'"),
        ("data/raw/deliveries/first.yaml", "date: ", "day: ", "deliveries/first.yaml:1: day: unknown key"),
        ("data/raw/deliveries/first.yaml", "date: ", "metadata: {site: text}\ndate: ", "first.csv is missing"),
        ("data/raw/deliveries/first.dvc", "outs:", "<<<<<<< HEAD\nouts:", "deliveries/first.dvc"),
        ("data/raw/batches/first/batch.yaml", "format: csv", "format: cvs", "first/batch.yaml:1: format"),
        ("data/raw/batches/first/batch.yaml", "images: first", "images: fist", ":6: images: no delivery 'fist'"),
        ("data/raw/batches/first/batch.yaml", "'1.2'", "'1.10'", ":4: guideline_version: '1.10' is newer"),
        ("data/raw/batches/first/batch.yaml", "images:", "classes: {c: cow}\nimages:", ":6: classes.c: 'cow' is not"),
    ],
)  # fmt: skip
def test_each_mistake_is_found_and_named(filled, dataset, file, old, new, finding):
    edit(filled / file, old, new)
    result = dataset("check")
    assert result.status == 1
    assert finding in result.out
    assert "Traceback" not in result.out + result.err


CHANGE = "changes:\n- version: '1.2'\n  reason: x\n  action: redefine\n  old_votes: keep\n"


@pytest.mark.parametrize(
    ("entry", "finding"),
    [
        (
            CHANGE + "  classes: [cow]\n",
            "guidelines/changes.yaml:6: changes.0.classes: 'cow' is not defined in guidelines/classes.yaml any more, so"
            " its old votes cannot be kept; expected drop, map or requeue",
        ),
        (CHANGE, "guidelines/changes.yaml:2: changes.0: expected either 'classes' or 'rule'"),
        (
            CHANGE + "  rule: BOX-999\n",
            "guidelines/changes.yaml:6: changes.0.rule: no rule 'BOX-999' in guidelines/rules.yaml; correct the id",
        ),
    ],
)
def test_changes_of_the_guideline_that_do_not_fit_are_found(filled, dataset, entry, finding):
    (filled / "guidelines/changes.yaml").write_text(entry)
    assert dataset("check") == (1, f"{finding}\n1 finding\n{PAGE}", "")


def test_an_older_batch_may_name_a_class_that_a_later_change_removes(filled, dataset):
    edit(filled / "data/raw/batches/first/batch.yaml", "images:", "classes: {c: kitten}\nimages:")
    edit(filled / "data/raw/batches/first/batch.yaml", "'1.2'", "'1.1'")
    assert dataset("check").status == 1
    renamed = CHANGE.replace("redefine", "rename").replace("keep", "map") + "  classes: [kitten]\n  to: [cat]\n"
    (filled / "guidelines/changes.yaml").write_text(renamed)
    assert dataset("check") == (0, "0 findings\n" + PAGE, "")


def test_all_findings_are_listed_not_only_the_first(filled, dataset):
    for name in ("second", "third"):
        (filled / f"data/raw/batches/{name}").mkdir()
        (filled / f"data/raw/batches/{name}/batch.yaml").write_text(BATCH + "images: nowhere\n")
    (filled / "data/raw/deliveries/bare.yaml").write_text("date: 2026-02-01\n")
    edit(filled / "params.yaml", "seed: 0", "seed: 0\n  sead: 1")
    result = dataset("check", "--json")
    findings = "\n".join(json.loads(result.out)["findings"])
    for part in (
        "dataset.sead", "deliveries/bare.yaml: expected", "second/batch.yaml:6", "third/batch.yaml:6",
        "second/payload: the payload is missing", "third/payload: the payload is missing",
    ):  # fmt: skip
        assert part in findings


def test_the_day_of_the_frozen_test_set_must_be_there_and_leave_somewhere_to_go(filled, dataset):
    params = (filled / "params.yaml").read_text()
    line = 1 + params.split("\n").index("  frozen:")
    edit(filled / "params.yaml", "  frozen:\n", "")
    assert "dataset.frozen is missing, which DVC asks for; write 'frozen:', empty if" in dataset("check").out
    shares = "split: {shares: {train: 0.8, val: 0.2, test: 0}}"
    params = params.replace("frozen:", "frozen: '2026-06-30'").replace("split: {}", shares)
    (filled / "params.yaml").write_text(params)
    assert f"params.yaml:{line}: dataset.frozen: split.shares gives test a share of 0" in dataset("check").out


def test_write_updates_the_suites(filled, dataset):
    edit(filled / "guidelines/rules.yaml", "The image is readable", "It opens")
    result = dataset("check", "--write")
    assert result == (0, "expectations/images.json: written\n0 findings\n" + PAGE, "")
    assert "It opens" in (filled / "expectations/images.json").read_text()
    assert dataset("check", "--write").out == "0 findings\n" + PAGE


def test_changed_and_missing_files_of_pointers_become_findings(filled, dataset, monkeypatch):
    def check_with(states):
        changed = {pointer: [{"changed outs": {"path": state}}] for pointer, state in states.items()}
        done = subprocess.CompletedProcess([], 0, json.dumps(changed), "")
        monkeypatch.setattr("golgoru.cli.check.data.run_dvc", lambda *_: done)
        return dataset("check")

    result = check_with({"data/raw/deliveries/first.dvc": "deleted", "data/raw/batches/first/payload.dvc": "modified"})
    assert result.status == 1
    assert "run `dvc pull data/raw/deliveries/first.dvc`" in result.out
    assert "make corrections in a new batch" in result.out


def test_outside_of_a_repository(dataset, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = dataset("check")
    assert (result.status, "no dataset repository here or above" in result.err) == (2, True)


def test_a_withdrawal_that_names_no_image_is_a_finding(filled, dataset):
    entry = "withdrawals:\n- {image: first/b.png, reason: asked, date: 2026-03-01}\n"
    (filled / "data/raw/withdrawals.yaml").write_text(entry)
    result = dataset("check")
    assert result.status == 1
    assert "data/raw/withdrawals.yaml:2: image: there is no 'first/b.png' under data/raw/images" in result.out


def test_stages_are_not_loaded_again_until_code_or_settings_change(filled, dataset, monkeypatch):
    assert dataset("check").status == 0
    loaded = []
    real = settings.load_stage
    monkeypatch.setattr(settings, "load_stage", lambda stage: loaded.append(stage) or real(stage))
    assert dataset("check").out.startswith("0 findings\n")
    assert loaded == []
    edit(paths.PARAMS, "split: {}", "split: {folds: many}")
    said = dataset("check")
    assert (said.status, "split" in loaded) == (1, True)
    assert "split.folds: Input should be a valid integer" in said.out
    edit(paths.PARAMS, "split: {folds: many}", "split: {}")
    loaded.clear()
    assert dataset("check").out.startswith("0 findings\n")
    assert loaded == []  # as when nothing was found


def test_a_finding_is_not_forgotten_by_the_next_check(filled, dataset):
    edit(paths.PARAMS, "split: {}", "split: {folds: many}")
    first = dataset("check")
    assert dataset("check") == first
    assert first.status == 1
