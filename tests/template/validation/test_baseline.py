"""The baseline: known violations do not stop the pipeline, new and expired ones do."""

# ruff: noqa: E501  (an expected message is one line)

from datetime import date
from pathlib import Path

import pytest

from golgoru.core.errors import UserError
from golgoru.tables import frames
from golgoru.validation import baseline
from golgoru.validation.findings import gate_failure

ACCEPTED = """accepted:
- rule: BOX-001
  table: annotations
  owner: ann
  expires: 2026-07-01
  reason: the vendor repairs them
  keys: [b/1, b/2]
- rule: IMG-001
  table: images
  owner: ben
  expires: 2026-12-31
  keys: [a/1.png]
"""


def findings(*keys: str, rule: str = "BOX-001", table: str = "annotations", action: str = "stop"):
    values = {"rule": rule, "severity": "critical", "action": action, "table": table, "image": None, "known": False}
    return frames.frame("violations", {"key": list(keys), "message": "The box has an area", **values})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "baseline.yaml"
    path.write_text(ACCEPTED, "utf-8")
    return path


def known(file: Path, day: date, *keys: str, **values: str) -> list[bool]:
    return list(baseline.mark_known(findings(*keys, **values), baseline.read_baseline(file, day))["known"])


def test_no_file_accepts_nothing(tmp_path: Path) -> None:
    assert known(tmp_path / "none.yaml", date(2026, 1, 1), "b/1") == [False]


def test_keys_are_known_for_their_rule_and_table_alone(file: Path) -> None:
    day = date(2026, 1, 1)
    assert known(file, day, "b/1", "b/2", "b/3") == [True, True, False]
    assert known(file, day, "b/1", rule="BOX-002") == [False]
    assert known(file, day, "b/1", table="labels") == [False]
    assert known(file, day, "a/1.png", rule="IMG-001", table="images") == [True]
    assert known(file, day) == []


@pytest.mark.parametrize(("day", "valid"), [("2026-06-30", True), ("2026-07-01", True), ("2026-07-02", False)])
def test_an_entry_is_valid_up_to_its_last_day(file: Path, day: str, valid: bool) -> None:
    assert known(file, date.fromisoformat(day), "b/1") == [valid]
    expired = baseline.read_baseline(file, date.fromisoformat(day)).expired
    assert [entry.rule for entry in expired] == ([] if valid else ["BOX-001"])


def test_known_findings_do_not_stop_and_new_ones_do(file: Path) -> None:
    accepted = baseline.read_baseline(file, date(2026, 1, 1))
    assert gate_failure(baseline.mark_known(findings("b/1", "b/2"), accepted), "v.parquet") is None
    assert gate_failure(baseline.mark_known(findings("b/1", "b/3"), accepted), "v.parquet") == (
        "the gate does not hold; all findings are in v.parquet\n"
        "  BOX-001: broken by 1 (and 1 that the baseline accepts), such as b/3: The box has an area"
    )
    late = baseline.read_baseline(file, date(2026, 7, 2))
    assert "broken by 2, such as b/1" in str(
        gate_failure(baseline.mark_known(findings("b/1", "b/2"), late), "v.parquet")
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("expires: 2026-07-01", "expires: soon", "baseline.yaml:5: accepted.0.expires: Input should be a valid date or datetime, input is too short, found 'soon'"),
        ("  owner: ann\n", "", "baseline.yaml:2: accepted.0.owner: is missing"),
        ("owner: ann", "owner: ''", "baseline.yaml:4: accepted.0.owner: String should have at least 1 character, found ''"),
        ("keys: [b/1, b/2]", "keys: []", "baseline.yaml:7: accepted.0.keys: Tuple should have at least 1 item after validation, not 0, found []"),
        ("keys: [b/1, b/2]", "keys: b/1", "baseline.yaml:7: accepted.0.keys: Input should be a valid tuple, found 'b/1'"),
        ("owner: ben", "owner: ben\n  onwer: x", "baseline.yaml:11: accepted.1.onwer: unknown key"),
        ("rule: IMG-001\n  table: images", "rule: BOX-001\n  table: annotations", None),
        ("accepted:", "acepted:", "baseline.yaml:1: acepted: unknown key; known keys: accepted"),
        ("accepted:", "accepted: [", "baseline.yaml:"),
    ],
)  # fmt: skip
def test_a_wrong_file_names_its_line(file: Path, old: str, new: str, expected: str | None) -> None:
    file.write_text(ACCEPTED.replace(old, new), "utf-8")
    if expected is None:  # other keys of the same rule: another owner may accept them
        assert len(baseline.read_baseline(file, date(2026, 1, 1)).keys) == 3
        return
    with pytest.raises(UserError) as error:
        baseline.read_baseline(file, date(2026, 1, 1))
    assert str(error.value).startswith(f"{file.parent}/{expected}")


def test_a_key_is_accepted_once(file: Path) -> None:
    entry = "- {rule: BOX-001, table: annotations, owner: eve, expires: 2027-01-01, keys: [b/9, b/2]}\n"
    file.write_text(ACCEPTED + entry, "utf-8")
    with pytest.raises(UserError, match=r"baseline.yaml:13: accepted.2.keys.1: 'b/2' is accepted for BOX-001 already$"):
        baseline.read_baseline(file, date(2026, 1, 1))
