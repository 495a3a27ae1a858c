import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golgoru.duplicates import hamming_search
from golgoru.duplicates.hamming_search import Limit, concatenated, near_batches, pairs_among, pairs_between
from tests.template.builders.hashes import as_dict, brute, hashes_near_each_other


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 40), st.integers(0, 40), st.integers(0, hamming_search.MAX_RADIUS))
def test_search_finds_exactly_the_pairs_within_the_radius(seed: int, n: int, m: int, radius: int) -> None:
    left, right = hashes_near_each_other(seed, n), hashes_near_each_other(seed, m + 40)[:m]
    assert as_dict(pairs_between(left, right, radius)) == brute(left, right, radius)


def test_chunk_size_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = hashes_near_each_other(7, 200)
    whole = as_dict(pairs_between(hashes, hashes, 10))
    monkeypatch.setattr(hamming_search, "_CHUNK", 13)
    assert as_dict(pairs_between(hashes, hashes, 10)) == whole == brute(hashes, hashes, 10)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 80), st.integers(0, hamming_search.MAX_RADIUS))
def test_search_among_one_set_finds_each_pair_once(seed: int, n: int, radius: int) -> None:
    hashes = hashes_near_each_other(seed, n)
    expected = {(i, j): d for (i, j), d in brute(hashes, hashes, radius).items() if i < j}
    assert as_dict(pairs_among(hashes, radius)) == expected


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 120), st.integers(0, 12), st.integers(1, 5))
def test_a_limit_is_told_and_later_hashes_do_not_change_what_it_leaves_out(
    seed: int, end: int, radius: int, per_key: int
) -> None:
    hashes = hashes_near_each_other(seed, 96)

    def limited(hashes: np.ndarray) -> tuple[dict[tuple[int, int], int], np.ndarray]:
        limit = Limit(per_key, 100, np.zeros(len(hashes), dtype=bool))
        return as_dict(concatenated(list(near_batches(hashes, None, radius, limit)))), limit.cut

    whole, cut = limited(hashes)
    early, early_cut = limited(hashes[:end])
    assert early == {pair: distance for pair, distance in whole.items() if pair[1] < end}
    assert early_cut.tolist() == cut[:end].tolist()
    missed = as_dict(pairs_among(hashes, radius)).keys() - whole.keys()
    assert all(cut[later] for _, later in missed)


def test_a_radius_that_is_too_large_for_an_exact_search_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 0 to 15"):
        pairs_between(np.zeros(1, dtype=np.uint64), np.zeros(1, dtype=np.uint64), 16)
