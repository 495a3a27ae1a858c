"""Running suites: the rows that findings name, their messages, and that nothing passes that could not be checked."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from golgoru.core.errors import UserError
from golgoru.guideline.rules import RuleBook
from golgoru.tables import frames
from golgoru.validation import suite_runner, suites
from golgoru.validation.features.base import FeatureTable
from golgoru.validation.features.images import ImageFeatures, SourceFeatures
from tests.template.builders.clean_world import NOTHING_ACCEPTED
from tests.template.builders.rule_books import NULL, rule_book


def validation_result(rules: RuleBook, table: FeatureTable, name: str = "images") -> suite_runner.ValidationResult:
    written_suites = {t: suites.suite_from_rules(rules, t) for t in rules.checked_tables()}
    return suite_runner.run_suites({name: table}, written_suites, rules, NOTHING_ACCEPTED)


def run(rules: RuleBook, table: FeatureTable, name: str = "images") -> pd.DataFrame:
    return validation_result(rules, table, name).findings


def images(**columns: Any) -> ImageFeatures:
    return ImageFeatures(frames.frame("images", {"image": ["a/1.png", "a/2.png", "a/3.png"], **columns}))


def test_a_message_quotes_what_was_found_short_and_on_one_line() -> None:
    rules = rule_book(
        ("expect_column_values_to_be_null", {"column": "error"}), shows=["image", "error", "width", "brightness"]
    )
    table = images(error=["a\nb\x1b[31m", "x" * 500, None], width=[1, None, 3], brightness=[2.0, 1 / 3, 0.0])
    first, second = run(rules, table)["message"]
    assert first == "It holds; found image=a/1.png, error=a b [31m, width=1, brightness=2"
    assert second == f"It holds; found image=a/2.png, error={'x' * 79}…, width=null, brightness=0.33"


def test_two_rules_with_the_same_check_both_report() -> None:
    same = ("expect_column_values_to_be_null", {"column": "error"})
    assert run(rule_book(same, same), images(error=["bad", None, None]))["rule"].tolist() == ["TEST-001", "TEST-002"]


def test_a_rule_that_allows_a_share_reports_nothing_below_it() -> None:
    def rule(mostly: float) -> RuleBook:
        return rule_book(("expect_column_values_to_be_null", {"column": "error", "mostly": mostly}))

    table = images(error=["bad", None, None])
    assert run(rule(0.6), table).empty
    assert run(rule(0.7), table)["key"].tolist() == ["a/1.png"]


def test_rules_on_several_columns_and_on_chosen_rows_name_the_rows() -> None:
    rules = rule_book(
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
    findings = run(rules, images(width=[1, 1, 8], height=[2, 1, 6], content=["c", "c", "d"]))
    assert findings.groupby("rule")["key"].agg(list).to_dict() == {
        "TEST-001": ["a/1.png"],
        "TEST-002": ["a/3.png"],
        "TEST-003": ["a/1.png", "a/2.png"],
    }


def test_a_rule_about_the_whole_table_gives_one_finding() -> None:
    rules = rule_book(("expect_table_row_count_to_be_between", {"min_value": 5}))
    (row,) = run(rules, images()).to_dict("records")
    assert (row["rule"], row["key"], row["message"]) == ("TEST-001", "*", "It holds; found 3")
    assert run(rules, ImageFeatures(frames.frame("images")))["key"].tolist() == ["*"]


def test_a_table_with_two_key_columns_joins_them() -> None:
    rules = rule_book(
        ("expect_column_values_to_be_in_set", {"column": "kind", "value_set": ["exact"]}), table="duplicate_pairs"
    )
    pairs = frames.frame(
        "duplicate_pairs", {"image_a": ["a"], "image_b": ["b"], "kind": "odd", "distance": 0, "score": 1.0}
    )
    findings = suite_runner._rule_findings(rules.rules[0], "duplicate_pairs", pairs, _Result([0]))
    assert findings["key"].tolist() == ["a/b"] and findings["image"].isna().all()


class _Result:
    """The result of Great Expectations for a broken expectation."""

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
        run(rule_book(sound, check), images(width=[1, 2, 3]))
    assert reason in str(raised.value) and "Traceback" not in str(raised.value)
    assert str(raised.value).startswith(f"{Path('expectations/images.json')}: rule TEST-002")
    assert "guidelines/rules.yaml" in str(raised.value)


def test_a_metadata_column_that_no_delivery_declares_stops_the_run() -> None:
    absent = ("expect_column_values_to_not_be_null", {"column": "camera"})
    sources = SourceFeatures(frames.frame("sources", {"image": ["a/1.png"]}))
    shown = ("expect_column_values_to_not_be_null", {"column": "licence"})
    for rules in (rule_book(absent, table="sources"), rule_book(shown, table="sources", shows=["camera"])):
        with pytest.raises(UserError, match=r"rule TEST-001 cannot be checked: there is no column 'camera'; There are"):
            run(rules, sources, "sources")


def test_rules_can_read_declared_metadata() -> None:
    sources = SourceFeatures(frames.frame("sources", {"image": ["a/1.png", "a/2.png"], "camera": ["north", "south"]}))
    rules = rule_book(None, table="sources", expectation=None, predicate="camera = 'north'", shows=["camera"])
    assert run(rules, sources, "sources")["message"].tolist() == ["It holds; found camera=south"]


def test_rules_and_suites_that_do_not_fit_together_stop_the_run() -> None:
    with pytest.raises(UserError, match=r"expectations/images.json: the file is missing.*dataset check --write"):
        suite_runner.run_suites({"images": images()}, {}, rule_book(NULL), NOTHING_ACCEPTED)


def test_an_expectation_without_a_result_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    from great_expectations.core import ExpectationSuite

    monkeypatch.setattr(suite_runner, "load_suite", lambda suite: ExpectationSuite(name="empty", expectations=[]))
    with pytest.raises(UserError, match="no result for TEST-001"):
        run(rule_book(NULL), images())


def test_the_metrics_count_the_rows_that_could_be_checked() -> None:
    rules = rule_book(None, expectation=None, predicate="width >= 16")
    assert validation_result(rules, images(width=[3, None, 20])).rules == {
        "TEST-001": {"broken": 1, "known": 0, "checked": 2, "share_checked": 2 / 3}
    }
    about_nulls = validation_result(rule_book(NULL), images(error=["bad", None, None])).rules["TEST-001"]
    assert about_nulls == {"broken": 1, "known": 0, "checked": 3, "share_checked": 1.0}
    none = validation_result(rules, ImageFeatures(frames.frame("images"))).rules["TEST-001"]
    assert none == {"broken": 0, "known": 0, "checked": 0, "share_checked": None}


def test_what_a_rule_neither_reads_nor_shows_is_not_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(self: ImageFeatures) -> pd.Series:
        raise AssertionError

    monkeypatch.setattr(ImageFeatures, "name_is_unique", never)
    monkeypatch.setattr(never, "_feature", ImageFeatures.features()[0], raising=False)
    assert run(rule_book(None, expectation=None, predicate="smaller_side > 1"), images(width=[1, 2, 3], height=9))[
        "key"
    ].tolist() == ["a/1.png"]
