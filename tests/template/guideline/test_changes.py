"""guidelines/changes.yaml: valid entries, and what they do to annotations."""

from pathlib import Path

import pandas as pd
import pytest

from golgoru import shell
from golgoru.core.errors import UserError
from golgoru.guideline.changes import (
    NO_CHANGE,
    Changes,
    change_effects,
    change_problems,
    current_labels,
    is_known_label,
    read_changes,
)
from golgoru.guideline.classes import Classes
from tests.template.builders.guideline_changes import changed, redefine

HEAD = "changes:\n  - version: '1.1'\n    reason: It was unclear.\n"
SEVEN = "    classes: ['7']\n    action: redefine\n"
CLASSES = Classes.model_validate({"version": "1.2", "classes": [{"id": "1"}, {"id": "7"}]})


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("guidelines").mkdir()
    return Path("guidelines/changes.yaml")


def test_no_file_and_an_empty_one_are_no_changes(file: Path) -> None:
    assert read_changes(file) == Changes()
    file.write_text("changes: []\n")
    assert read_changes(file) == Changes()


@pytest.mark.parametrize(
    ("entry", "line", "reason"),
    [
        ("    action: redefine\n    old_votes: keep\n", 2, "changes.0: expected either 'classes' or 'rule'"),
        (SEVEN + "    rule: BOX-003\n    old_votes: keep\n", 2, "changes.0: expected either 'classes' or 'rule'"),
        (
            "    rule: BOX-003\n    action: split\n    to: [a, b]\n    old_votes: drop\n",
            2,
            "changes.0: a rule is redefined; what is renamed, merged or split is a class",
        ),
        (
            SEVEN + "    to: ['1']\n    old_votes: keep\n",
            2,
            "changes.0: redefine takes no 'to'; the class keeps its id",
        ),
        (
            "    classes: ['7']\n    action: rename\n    old_votes: map\n",
            2,
            "changes.0: rename expects one class in 'classes' and its new id in 'to'",
        ),
        (
            "    classes: ['7', '8']\n    action: rename\n    to: ['1']\n    old_votes: map\n",
            2,
            "changes.0: rename expects one class in 'classes' and its new id in 'to'",
        ),
        (
            "    classes: ['7']\n    action: merge\n    to: ['1', '7']\n    old_votes: map\n",
            2,
            "changes.0: merge expects one class in 'to'",
        ),
        (
            "    classes: ['7']\n    action: split\n    to: ['1', '1']\n    old_votes: drop\n",
            2,
            "changes.0: split expects two classes or more in 'to'",
        ),
        (
            SEVEN + "    old_votes: map\n",
            2,
            "changes.0: 'old_votes: map' is for rename and merge; expected keep, drop or requeue",
        ),
        (
            SEVEN + "    old_votes: forget\n",
            6,
            "changes.0.old_votes: Input should be 'keep', 'drop', 'map' or 'requeue', found 'forget'",
        ),
        (
            "    classes: [7]\n    action: redefine\n    old_votes: keep\n",
            4,
            "changes.0.classes.0: Input should be a valid string, found 7; put it in quotes",
        ),
        (SEVEN + "    old_votes: keep\n    why: x\n", 7, "changes.0.why: unknown key"),
    ],
)
def test_an_inconsistent_entry_is_refused_with_its_line(file: Path, entry: str, line: int, reason: str) -> None:
    file.write_text(HEAD + entry)
    with pytest.raises(UserError) as error:
        read_changes(file)
    assert str(error.value) == f"guidelines/changes.yaml:{line}: {reason}"


def test_a_version_without_a_number_is_refused(file: Path) -> None:
    file.write_text(HEAD.replace("1.1", "new") + SEVEN + "    old_votes: keep\n")
    with pytest.raises(UserError) as error:
        read_changes(file)
    assert str(error.value) == (
        "guidelines/changes.yaml:2: changes.0.version: expected a version with a number, such as 1.1, found 'new'"
    )


PROBLEMS = [
    (
        "    classes: ['8']\n    action: redefine\n    old_votes: keep\n",
        "guidelines/changes.yaml:4: changes.0.classes: '8' is not defined in guidelines/classes.yaml any more, so its"
        " old votes cannot be kept; expected drop, map or requeue",
    ),
    (
        "    classes: ['7']\n    action: merge\n    to: ['8']\n    old_votes: map\n",
        "guidelines/changes.yaml:6: changes.0.to: '8' is not defined in guidelines/classes.yaml; define it there, or"
        " correct the id",
    ),
    (
        SEVEN
        + "    old_votes: keep\n  - {version: '1.1', reason: x, classes: ['7'], action: redefine, old_votes: drop}\n",
        "guidelines/changes.yaml:7: changes.1.classes: '7' is changed twice in version 1.1; make one change of it",
    ),
    (
        "    rule: BOX-003\n    action: redefine\n    old_votes: keep\n"
        "  - {version: '1.01', reason: x, rule: BOX-003, action: redefine, old_votes: drop}\n",
        "guidelines/changes.yaml:7: changes.1.rule: 'BOX-003' is changed twice in version 1.01; make one change of it",
    ),
    (
        SEVEN
        + "    old_votes: keep\n  - {version: '1.10', reason: x, classes: ['1'], action: redefine, old_votes: drop}\n",
        "guidelines/changes.yaml:7: changes.1.version: '1.10' is newer than guidelines/classes.yaml, which is 1.2;"
        " raise the version there, or correct it here",
    ),
]


@pytest.mark.parametrize(("entry", "message"), PROBLEMS)
def test_what_does_not_fit_the_classes_is_reported_and_stops_a_stage(
    file: Path, capsys: pytest.CaptureFixture[str], entry: str, message: str
) -> None:
    file.write_text(HEAD + entry)
    assert change_problems(read_changes(file), CLASSES) == [message]
    Path("guidelines/classes.yaml").write_text("version: '1.2'\nclasses: [{id: '1'}, {id: '7'}]\n")

    def transform(changes: Changes) -> None:
        raise AssertionError(changes)

    with pytest.raises(SystemExit) as stop:
        shell.run_stage(transform)
    assert stop.value.code == 2
    assert capsys.readouterr().err == f"test_changes: {message}\n"


def test_a_class_that_a_later_change_removes_need_not_be_defined(file: Path) -> None:
    file.write_text("changes: []\n")
    chain = changed(
        {"version": "1.1", "action": "rename", "classes": ["a"], "to": ["b"], "old_votes": "map"},
        {"version": "1.1", "action": "redefine", "classes": ["c"], "old_votes": "keep"},
        {"version": "1.2", "action": "merge", "classes": ["b", "c"], "to": ["7"], "old_votes": "map"},
    )
    assert change_problems(chain, CLASSES) == []


def annotations(*labels: tuple[str | None, str]) -> pd.DataFrame:
    rows = pd.DataFrame(list(labels), columns=["label", "guideline_version"])
    return rows.assign(kind=["object" if label is not None else "empty" for label, _ in labels]).astype(
        {"label": "str"}
    )


CHAIN = changed(
    {"version": "1.10", "action": "merge", "classes": ["b", "c"], "to": ["d"], "old_votes": "map"},
    {"version": "1.9", "action": "rename", "classes": ["a"], "to": ["b"], "old_votes": "map"},
)


def test_successive_changes_chain_in_the_order_of_their_versions() -> None:
    labels = [("a", "1.0"), ("a", "1.9"), ("b", "1.9"), ("b", "1.10"), ("c", "1.8"), ("d", "1.0"), (None, "1.0")]
    now = current_labels(annotations(*labels), CHAIN).where(lambda label: label.notna(), "-")
    assert now.tolist() == ["d", "a", "d", "b", "d", "d", "-"]


def test_two_classes_can_swap_names() -> None:
    swap = changed(
        {"action": "rename", "classes": ["a"], "to": ["b"], "old_votes": "map"},
        {"action": "rename", "classes": ["b"], "to": ["a"], "old_votes": "map"},
    )
    assert current_labels(annotations(("a", "1.0"), ("b", "1.0"), ("a", "1.10")), swap).tolist() == ["b", "a", "a"]


def test_without_changes_and_without_annotations() -> None:
    assert current_labels(annotations(("a", "1.0")), Changes()).tolist() == ["a"]
    assert current_labels(annotations(), CHAIN).empty


def test_a_later_change_finds_a_class_under_the_name_that_it_had_then() -> None:
    renamed = {"version": "1.1", "action": "rename", "classes": ["a"], "to": ["b"], "old_votes": "map"}
    effects = change_effects(
        annotations(("a", "1.0"), ("b", "1.1"), ("b", "1.2")), changed(renamed, redefine("b", "requeue", "1.2"))
    )
    assert effects.change_numbers(lambda m: m.requeued_by).tolist() == [1, 1, NO_CHANGE]
    assert effects.where(lambda m: 1 in m.concerns).tolist() == [True, True, True]


def test_a_version_without_a_number_is_older_than_every_change() -> None:
    effects = change_effects(annotations(("cat", "draft"), ("cat", "1.10")), changed(redefine("cat", "drop")))
    assert effects.where(lambda m: m.dropped_by != NO_CHANGE).tolist() == [True, False]


def test_an_old_annotation_of_a_split_class_breaks_no_rule() -> None:
    split = changed({"action": "split", "classes": ["pet"], "to": ["cat", "dog"], "old_votes": "requeue"})
    rows = annotations(("pet", "1.9"), ("pet", "1.10"), ("cat", "1.9"), ("zebra", "1.9"))
    assert is_known_label(rows, split, ["cat", "dog"]).tolist() == [True, False, True, False]
