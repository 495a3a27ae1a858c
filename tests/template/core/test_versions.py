"""Versions of the guideline are compared by their numbers."""

import pandas as pd

from golgoru.core.versions import as_ordered, is_not_newer, is_older

VERSIONS = pd.Series(["1.10", "1.9", "2.0", "draft", "1.9"], dtype="str")


def test_older_and_not_newer_compare_numbers_and_not_letters() -> None:
    assert is_older(VERSIONS, "1.10").tolist() == [False, True, False, True, True]
    assert is_not_newer(VERSIONS, "1.10").tolist() == [True, True, False, False, True]


def test_ordered_versions_sort_from_the_oldest() -> None:
    assert as_ordered(VERSIONS).sort_values().tolist() == ["draft", "1.9", "1.9", "1.10", "2.0"]
