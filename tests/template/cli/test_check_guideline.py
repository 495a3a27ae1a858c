"""`dataset check` on the guideline: every rule is enforced, and every cited rule exists."""

import json
import shutil

import pytest

from golgoru.tables import frames
from golgoru.tables.frames import table_path
from tests.template.builders.scratch_repository import PAGE, picture
from tests.template.cli.test_check import edit

RULE = """
  - id: {id}
    sentence: It holds
    severity: info
    action: tell
    enforced_by: {by}
    since: "1.2"
"""
BOX = 'predicate: "width > 0"\n    table: annotations'


def add_rule(top, name="NEW-001", by="reviewer", more=""):
    file = top / "guidelines/rules.yaml"
    before = file.read_text()
    file.write_text(before.rstrip() + "\n" + RULE.format(id=name, by=by) + (f"    {more}\n" if more else ""))
    return before.rstrip().count("\n") + 3  # the line of the new rule's id


@pytest.mark.parametrize(
    ("by", "more", "finding"),
    [
        ("expectation", "", "enforced by an expectation: expected the key 'table' and one of 'predicate', 'check'"),
        ("stage", "", "enforced by a stage: expected the key 'stage'"),
        ("reviewer", BOX, "with 'predicate', expected enforced_by: expectation, found 'reviewer'"),
        ("expectation", BOX.replace("width", "widht"), "there is no column 'widht'; did you mean 'width'?"),
        ("expectation", BOX.replace(" > 0", " >"), 'syntax error at or near ")", at character 8'),
        ("expectation", BOX.replace(" > 0", ""), "it gives a value, not true or false"),
        ("expectation", BOX.replace("width > 0", "(SELECT 1) > 0"), "a subquery is not part of the dialect"),
        ("expectation", BOX.replace("width > 0", "width > 'wide'"), "Could not convert string 'wide' to DOUBLE"),
        ("expectation", "check: no_such\n    table: images", "there is no check 'no_such' in expectations/checks.py"),
        ("expectation", BOX.replace("annotations", "objects"), "no stage checks table 'objects'"),
    ],
)
def test_a_rule_that_cannot_be_enforced_is_reported_with_its_line(repository, dataset, by, more, finding):
    line = add_rule(repository, by=by, more=more)
    result = dataset("check")
    (message,) = [row for row in result.out.splitlines() if finding in row]
    file, number, _ = message.split(":", 2)
    assert (result.status, file) == (1, "guidelines/rules.yaml")
    assert line <= int(number) <= line + 8


def test_a_rule_that_its_stage_does_not_name_is_enforced_by_nothing(repository, dataset):
    line = add_rule(repository, by="stage", more="stage: split")
    result = dataset("check")
    assert result.status == 1
    assert (
        f"guidelines/rules.yaml:{line + 6}: NEW-001: nothing enforces it: stages/split.py does not name it"
        in result.out
    )


def test_an_id_used_twice_names_the_line_of_the_second(repository, dataset):
    line = add_rule(repository, name="BOX-001")
    assert f"guidelines/rules.yaml:{line}: rules." in dataset("check").out
    assert "'BOX-001' is used twice; an id is never reused" in dataset("check").out


@pytest.mark.parametrize(
    ("meta", "finding"),
    [
        ({"rule": "BOX-999"}, "expectation 1: there is no rule BOX-999 in guidelines/rules.yaml"),
        ({}, "expectation 1 names no rule (`meta.rule`)"),
        ({"rule": "READ-001"}, "expectation 1: rule READ-001 is retired"),
    ],
)
def test_an_expectation_without_an_active_rule_is_reported(repository, dataset, meta, finding):
    edit(repository / "guidelines/rules.yaml", "  - id: READ-001\n", "  - id: READ-001\n    status: retired\n")
    assert dataset("check", "--write").status == 1  # the suite of rejects has no rule any more
    (repository / "expectations/rejects.json").unlink()
    file = repository / "expectations/images.json"
    suite = json.loads(file.read_text())
    suite["expectations"][0]["meta"] = meta
    file.write_text(json.dumps(suite))
    result = dataset("check")
    assert (result.status, f"expectations/images.json: {finding}" in result.out) == (1, True)


def test_a_citation_of_an_unknown_rule_is_reported_with_its_line(repository, dataset):
    (repository / "guidelines/README.md").write_text("# How we label\nThe box has an area (BOX-001, BOX-999).\n")
    result = dataset("check")
    assert "guidelines/README.md:2: cites BOX-999, which is not in guidelines/rules.yaml" in result.out
    assert "BOX-001, which" not in result.out


def test_a_missing_example_and_a_version_without_an_entry_are_reported(repository, dataset):
    edit(repository / "guidelines/classes.yaml", "{id: dog}", "{id: dog, examples: [examples/dog.png]}")
    edit(repository / "guidelines/classes.yaml", '"1.2"', '"1.3"')
    result = dataset("check")
    assert "guidelines/classes.yaml:4: dog: there is no guidelines/examples/dog.png; add the image" in result.out
    assert "guidelines/classes.yaml:1: version is '1.3', but guidelines/CHANGELOG.md begins with 1.2" in result.out
    picture(repository / "guidelines/examples/dog.png", 1)
    (repository / "guidelines/CHANGELOG.md").write_text("## 1.3\nDogs.\n\n## 1.2\nCats.\n")
    assert dataset("check") == (0, "0 findings\n" + PAGE, "")


def test_an_undefined_class_of_the_data_is_reported(repository, dataset):
    columns = {"annotation": ["b/1", "b/2", "b/3"], "image": "a/1.png", "kind": ["object", "object", "empty"]}
    columns |= {"label": ["cat", "cow", None], "annotator": "ann", "batch": "b", "date": "2026-01-01"}
    columns |= {"source": "human", "guideline_version": "1.1"}
    frames.write_table(frames.frame("annotations", columns), table_path("annotations"), "annotations")
    result = dataset("check")
    assert "guidelines/classes.yaml:2: class 'cow' is used by 1 annotation and not defined" in result.out
    change = "{version: '1.2', classes: [cow], action: rename, to: [cat], old_votes: map, reason: why}"
    (repository / "guidelines/changes.yaml").write_text(f"changes:\n- {change}\n")
    assert dataset("check").status == 0


def test_an_edge_case_without_an_owner_is_reported(repository, dataset):
    edit(repository / "guidelines/edge_cases.yaml", "owner: labelling lead", "owner: ' '")
    result = dataset("check")
    assert result.status == 1
    assert "owner: expected who decides, such as labelling lead" in result.out


def test_the_page_shows_every_rule_and_class_and_escapes_their_text(repository, dataset):
    edit(repository / "guidelines/classes.yaml", "domestic cat", "<script>alert(1)</script>")
    assert dataset("check").status == 0
    page = (repository / "reports/rulebook.html").read_text()
    assert "<script" not in page and "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    for name in ("IMG-001", "BOX-005", "DIFF-001", "GUIDE-001", "EDGE-001"):
        assert f'id="{name}"' in page
    assert "not measured yet: run `dvc repro`" in page
    assert "http" not in page  # it loads nothing


def test_the_page_says_how_the_data_comply(repository, dataset):
    counts = {"broken": 2, "known": 1, "checked": 40, "share_checked": 0.8}
    reports = {"validate": {"rules": {"BOX-001": counts, "IMG-001": counts | {"broken": 0}, "ANN-001": "nonsense"}}}
    reports["release"] = {"rules": {}, "by_rule": {"COPY-001": {"image": 3, "annotation": 1}}}
    (repository / "reports").mkdir(exist_ok=True)
    for stage, report in reports.items():
        (repository / f"reports/{stage}.json").write_text(json.dumps(report))
    row = {"rule": ["BOX-001"], "severity": "critical", "action": "set aside", "table": "annotations"}
    row |= {"key": "b/1", "image": "a/1.png", "message": "A box & no area", "known": False}
    frames.write_table(frames.frame("violations", row), table_path("violations"), "violations")
    assert dataset("check").status == 0
    page = (repository / "reports/rulebook.html").read_text()
    assert "broken by 2 of 40 rows, 1 of them accepted for now" in page
    assert "<li>b/1: A box &amp; no area</li>" in page
    assert "holds on 40 rows" in page
    assert "set aside by it: 3 images, 1 annotation" in page


def test_a_guideline_that_cannot_be_read_gives_findings_and_no_page(repository, dataset):
    (repository / "guidelines/rules.yaml").write_text("rules: [")
    result = dataset("check", "--json")
    assert json.loads(result.out)["page"] is None
    assert "guidelines/rules.yaml:1: not valid YAML: did not find expected node content" in result.out
    shutil.rmtree(repository / "guidelines")
    assert "guidelines/classes.yaml: the file is missing" in dataset("check").out
