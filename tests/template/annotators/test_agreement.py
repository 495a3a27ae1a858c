import itertools

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from golgoru.annotators.agreement import agreement_table, krippendorff_alpha
from golgoru.tables import frames

# Krippendorff's own example (Computing Krippendorff's Alpha-Reliability, 2011, section C): 4 observers, 12 units.
PUBLISHED = {
    "a": "1 2 3 3 2 1 4 1 2 . . .",
    "b": "1 2 3 3 2 2 4 1 2 5 . 3",
    "c": ". 3 3 3 2 3 4 2 2 5 1 .",
    "d": "1 2 3 3 2 4 4 1 2 5 1 .",
}


def votes(rows: list[tuple[str, str, str]]) -> pd.DataFrame:
    found = pd.DataFrame(rows, columns=["object", "annotator", "value"], dtype="str").drop_duplicates()
    return found.assign(batch="b", weight=1 / found.groupby(["object", "annotator"])["value"].transform("size"))


def published() -> pd.DataFrame:
    said = [(f"u{n:02}", who, v) for who, line in PUBLISHED.items() for n, v in enumerate(line.split()) if v != "."]
    return votes(said)


def by_definition(rows: list[tuple[str, str, str]]) -> float | None:
    """Return alpha from all pairs, one by one."""
    units: dict[str, list[str]] = {}
    for unit, _, value in rows:
        units.setdefault(unit, []).append(value)
    units = {unit: values for unit, values in units.items() if len(values) > 1}
    every = [value for values in units.values() for value in values]
    observed = sum(
        sum(a != b for a, b in itertools.permutations(values, 2)) / (len(values) - 1) for values in units.values()
    )
    chance = sum(a != b for a, b in itertools.permutations(every, 2))
    return None if not chance else 1 - observed / len(every) / (chance / len(every) / (len(every) - 1))


def test_alpha_is_the_published_one() -> None:
    found = krippendorff_alpha(published())
    assert found == pytest.approx(0.743421, abs=1e-6)


ROWS = st.lists(
    st.tuples(st.sampled_from("uvwxyz"), st.sampled_from("abcd"), st.sampled_from("123")),
    max_size=20,
    unique_by=lambda row: row[:2],
)


@given(ROWS)
def test_alpha_is_that_of_the_definition_whatever_the_order(rows: list[tuple[str, str, str]]) -> None:
    expected = by_definition(rows)
    for order in (rows, rows[::-1]):
        found = krippendorff_alpha(votes(order))
        assert (found is None) == (expected is None)
        assert found is None or expected is None or abs(found - expected) < 1e-9


@given(ROWS)
def test_kappa_of_two_annotators_is_scikit_learns(rows: list[tuple[str, str, str]]) -> None:
    found = agreement_table(votes(rows)).query("scope == 'annotators'").set_index(["key", "other"])
    frames.to_bytes(agreement_table(votes(rows)), "agreement")
    said = {(unit, who): value for unit, who, value in rows}
    for a, b in itertools.combinations("abcd", 2):
        both = [(said[u, a], said[u, b]) for u in "uvwxyz" if (u, a) in said and (u, b) in said]
        assert ((a, b) in found.index) == bool(both)
        if not both:
            continue
        left, right = zip(*both, strict=True)
        row = found.loc[(a, b)]
        assert row["votes"] == len(both)
        assert row["share"] == pytest.approx(sum(x == y for x, y in both) / len(both), abs=1e-6)
        if len(set(left) | set(right)) == 1:
            assert pd.isna(row["chance_corrected"])
            assert "same value" in row["reason"]
        else:
            assert row["chance_corrected"] == pytest.approx(cohen_kappa_score(left, right), abs=1e-6)


def test_classes_and_pairs_of_classes() -> None:
    rows = [("u", "a", "cat"), ("u", "b", "cat"), ("v", "a", "cat"), ("v", "b", "dog"), ("w", "a", ""), ("w", "b", "")]
    found = agreement_table(votes(rows)).fillna({"other": ""}).set_index(["scope", "key", "other"]).sort_index()
    assert found.loc[("class", "cat"), "share"].item() == pytest.approx(2 / 3, abs=1e-6)
    assert found.loc[("class", "dog"), "share"].item() == 0
    assert found.loc[("classes", "cat", "dog"), "share"] == pytest.approx(0.5)
    assert found.loc[("class", "(not seen)"), "share"].item() == 1
    assert found.loc[("all", ""), "votes"].item() == len(rows)
    binary = [(unit, who, str(value == "cat")) for unit, who, value in rows]
    assert found.loc[("class", "cat"), "chance_corrected"].item() == pytest.approx(by_definition(binary), abs=1e-6)


def test_without_double_labels_or_with_one_class_a_dash_has_its_reason() -> None:
    for rows in ([], [("u", "a", "cat"), ("v", "b", "dog")]):
        (row,) = agreement_table(votes(rows)).to_dict("records")
        assert pd.isna(row["share"])
        assert pd.isna(row["chance_corrected"])
        assert row["reason"] == "no object has two annotators"
    found = agreement_table(votes([("u", "a", "cat"), ("u", "b", "cat")]))
    assert found["chance_corrected"].isna().all()
    assert found["reason"].str.contains("same value").all()
    assert found["share"].tolist() == [1, 1, 1, 1]
