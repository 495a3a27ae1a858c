"""Suites: written from the rule book without drift, and never passing what they could not check."""

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stages.lib import facts, frames, paths, project, suites
from stages.lib.errors import UserError
from stages.lib.rules import RuleBook

TOP = Path(__file__).parents[1]
RULES = project.read_rules(TOP / paths.RULES)
WRITTEN = project.read_suites(TOP / paths.EXPECTATIONS)
CLASSES = project.Classes.model_validate({"version": "1.0", "classes": [{"id": "cat"}]})


def book(*checks: tuple[str, dict[str, Any]], table: str = "images", **more: Any) -> RuleBook:
    """Return a rule book with one rule per check, TEST-001, TEST-002, ..."""
    rules = [
        {
            "id": f"TEST-{number:03}",
            "sentence": "It holds",
            "severity": "warning",
            "action": "tell",
            "enforced_by": "expectation",
            "since": "1.0",
            "table": table,
            "expectation": {"type": kind, "kwargs": kwargs},
            **more,
        }
        for number, (kind, kwargs) in enumerate(checks, start=1)
    ]
    return RuleBook.model_validate({"rules": rules})


def run(rules: RuleBook, table: pd.DataFrame, name: str = "images") -> pd.DataFrame:
    return suites.check({name: table}, {t: suites.write_suite(rules, t) for t in rules.tables()}, rules)


def images(**columns: Any) -> pd.DataFrame:
    return facts.images(frames.frame("images", {"image": ["a/1.png", "a/2.png", "a/3.png"], **columns}))


def test_committed_suites_are_what_the_rules_say() -> None:
    """`dataset check --write` writes them anew."""
    expected = {TOP / file: content for file, content in suites.suite_files(RULES).items()}
    assert {file: file.read_bytes() for file in (TOP / paths.EXPECTATIONS).rglob("*.json")} == expected
    assert suites.problems(WRITTEN, RULES) == []


@pytest.mark.parametrize("table", sorted(WRITTEN))
def test_great_expectations_loads_a_committed_suite(table: str) -> None:
    from great_expectations.core import ExpectationSuite

    suite = ExpectationSuite(**copy.deepcopy(WRITTEN[table]))  # it writes its version into what it is given
    assert [e.meta["rule"] for e in suite.expectations] == [rule.id for rule in RULES.checked(table)]
    assert [e.severity for e in suite.expectations] == [rule.severity for rule in RULES.checked(table)]


# The gate of the release: a sound table, and what breaks each rule.
RELEASED = {
    "image": ["a/1.png", "a/2.png", "a/3.png"],
    "content": ["1", "2", "3"],
    "split": ["train", "train", "test"],
    "group": ["g", "g", "h"],
    "objects": [2, 0, 1],
    "reviewed_empty": [False, True, False],
}


@pytest.mark.parametrize(
    ("rule", "change", "keys"),
    [
        (None, {}, set()),
        ("REL-002", {"group": ["g", "h", "h"]}, {"a/2.png", "a/3.png"}),
        ("REL-003", {"content": ["1", "2", "1"]}, {"a/1.png", "a/3.png"}),
        ("REL-004", {"split": ["train", "train", "holdout"]}, {"a/3.png"}),
        ("REL-005", {"objects": [2, 0, 0]}, {"a/3.png"}),
    ],
)
def test_the_gate_holds_a_release_back(rule: str | None, change: dict[str, list[Any]], keys: set[str]) -> None:
    table = facts.release_images(frames.frame("release/images", RELEASED | change))
    found = suites.check({"release/images": table}, WRITTEN, RULES)
    assert set(found["rule"]) == ({rule} if rule else set())
    assert set(found["key"]) == set(found["image"]) == keys
    assert set(found["action"]) <= {"stop"}
    frames.canonical(found, "gate")


def test_rel_001_an_undefined_class_is_held_back() -> None:
    labels = facts.labels(
        frames.frame("labels", {"object": ["1", "2"], "image": "a/1.png", "label": ["cat", "Cat"]}), CLASSES
    )
    found = suites.check({"labels": labels}, WRITTEN, RULES)
    assert found[["rule", "table", "key", "image"]].to_numpy().tolist() == [["REL-001", "labels", "2", "a/1.png"]]
    assert found["message"].tolist() == ["A released class is defined in the guideline; found label=Cat"]


def test_a_message_quotes_what_was_found_short_and_on_one_line() -> None:
    rules = book(
        ("expect_column_values_to_be_null", {"column": "error"}), shows=["image", "error", "width", "brightness"]
    )
    table = images(error=["a\nb\x1b[31m", "x" * 500, None], width=[1, None, 3], brightness=[2.0, 1 / 3, 0.0])
    first, second = run(rules, table)["message"]
    assert first == "It holds; found image=a/1.png, error=a b [31m, width=1, brightness=2"
    assert second == f"It holds; found image=a/2.png, error={'x' * 79}…, width=null, brightness=0.33"


def test_two_rules_with_the_same_check_both_report() -> None:
    same = ("expect_column_values_to_be_null", {"column": "error"})
    assert run(book(same, same), images(error=["bad", None, None]))["rule"].tolist() == ["TEST-001", "TEST-002"]


def test_a_rule_that_allows_a_share_reports_nothing_below_it() -> None:
    def rule(mostly: float) -> RuleBook:
        return book(("expect_column_values_to_be_null", {"column": "error", "mostly": mostly}))

    table = images(error=["bad", None, None])
    assert run(rule(0.6), table).empty
    assert run(rule(0.7), table)["key"].tolist() == ["a/1.png"]


def test_rules_on_several_columns_and_on_chosen_rows_name_the_rows() -> None:
    rules = book(
        (
            "expect_column_pair_values_a_to_be_greater_than_b",
            {"column_A": "width", "column_B": "height", "or_equal": True},
        ),
        (
            "expect_column_values_to_be_between",
            {"column": "width", "min_value": 9, "row_condition": "height > 5", "condition_parser": "pandas"},
        ),
        ("expect_compound_columns_to_be_unique", {"column_list": ["content", "width"]}),
    )
    found = run(rules, images(width=[1, 1, 8], height=[2, 1, 6], content=["c", "c", "d"]))
    assert found.groupby("rule")["key"].agg(list).to_dict() == {
        "TEST-001": ["a/1.png"],
        "TEST-002": ["a/3.png"],
        "TEST-003": ["a/1.png", "a/2.png"],
    }


def test_a_rule_about_the_whole_table_gives_one_finding() -> None:
    rules = book(("expect_table_row_count_to_be_between", {"min_value": 5}))
    (row,) = run(rules, images()).to_dict("records")
    assert (row["rule"], row["key"], row["message"]) == ("TEST-001", "*", "It holds; found 3")
    assert run(rules, facts.images(frames.frame("images")))["key"].tolist() == ["*"]


def test_a_table_with_two_key_columns_joins_them() -> None:
    rules = book(("expect_column_values_to_be_in_set", {"column": "kind", "value_set": ["exact"]}), table="pairs")
    pairs = frames.frame("pairs", {"image_a": ["a"], "image_b": ["b"], "kind": "odd", "distance": 0, "score": 1.0})
    found = suites._findings(rules.rules[0], "pairs", pairs, _Result([0]))
    assert found["key"].tolist() == ["a/b"] and found["image"].isna().all()


class _Result:
    """What Great Expectations gives back for a broken expectation."""

    success = False

    def __init__(self, positions: list[int]) -> None:
        self.result = {"unexpected_index_list": positions}


@pytest.mark.parametrize(
    ("check", "reason"),
    [
        (("expect_column_values_to_be_nul", {"column": "error"}), "does not take 'expect_column_values_to_be_nul'"),
        (("expect_column_values_to_be_between", {"column": "width", "min": 3}), "does not take"),
        (("expect_column_values_to_be_between", {"column": "width", "min_value": [3]}), "does not take"),
        (("expect_column_values_to_be_between", {"column": "image", "min_value": 3}), "cannot be checked"),
        (("expect_column_values_to_match_regex", {"column": "image", "regex": "("}), "cannot be checked"),
    ],
)
def test_a_check_that_cannot_be_run_stops_with_its_reason(check: tuple[str, dict[str, Any]], reason: str) -> None:
    sound = ("expect_column_values_to_be_null", {"column": "error"})
    with pytest.raises(UserError) as raised:
        run(book(sound, check), images(width=[1, 2, 3]))
    assert reason in str(raised.value) and "Traceback" not in str(raised.value)
    assert str(raised.value).startswith(f"{Path('expectations/images.json')}: rule TEST-002")
    assert "guidelines/rules.yaml" in str(raised.value)


def test_a_column_that_only_a_delivery_could_declare_is_missed_at_the_run() -> None:
    absent = ("expect_column_values_to_not_be_null", {"column": "camera"})
    sources = frames.frame("sources", {"image": ["a/1.png"]})
    with pytest.raises(UserError, match=r"rule TEST-001 cannot be checked: .*camera"):
        run(book(absent, table="sources"), sources, "sources")
    shown = ("expect_column_values_to_not_be_null", {"column": "licence"})
    with pytest.raises(UserError, match="rule TEST-001 shows camera"):
        run(book(shown, table="sources", shows=["camera"]), sources, "sources")


NULL = ("expect_column_values_to_be_null", {"column": "error"})


@pytest.mark.parametrize(
    ("rules", "written", "reason"),
    [
        (book(NULL), {}, "expectations/images.json: the file is missing.*dataset check --write"),
        (book(NULL, NULL), {"images": suites.write_suite(book(NULL), "images")}, "images.json: differs.*check --write"),
        (book(NULL), {"images": []}, "images.json: differs.*check --write"),
        (book(), {"images": {}}, "images.json: no active rule .* is about table images; delete the file"),
        (book(NULL, status="retired"), {"images": {}}, "images.json: no active rule"),
        (book(NULL, table="imagse"), {}, "rule TEST-001: no stage checks table 'imagse'; expected one of images, "),
        (book(NULL, table="labels", action="set aside"), {}, "rule TEST-001: rows of table labels cannot be set aside"),
        (
            book(NULL, shows=["widht"]),
            {},
            "rule TEST-001: table images has no column or fact 'widht'; did you mean 'width'",
        ),
        (book(("x", {"column_list": ["eror"]})), {}, "no column or fact 'eror'; did you mean 'error'"),
    ],
)
def test_rules_and_suites_that_do_not_fit_together_stop_the_run(rules: RuleBook, written: Any, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        suites.check({"images": images()}, written, rules)


def test_an_expectation_that_gets_no_result_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    from great_expectations.core import ExpectationSuite

    monkeypatch.setattr(suites, "_loaded", lambda suite: ExpectationSuite(name="empty", expectations=[]))
    with pytest.raises(UserError, match="no result for TEST-001"):
        run(book(NULL), images())


def test_suites_are_compared_without_great_expectations() -> None:
    """Its import takes seconds, which `dataset check` cannot spend."""
    code = "import sys, stages.lib.suites, stages.lib.findings; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=TOP, check=False).returncode == 0
