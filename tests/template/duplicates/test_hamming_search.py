import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golgoru.duplicates import hamming_search
from golgoru.duplicates.hamming_search import near_pairs, near_pairs_to_variants, pairs_between


def hashes_near_each_other(seed: int, count: int) -> np.ndarray:
    """Random hashes around a few centres, so that every distance occurs, and some are equal."""
    random = np.random.default_rng(seed)
    centres = random.integers(0, 1 << 64, 4, dtype=np.uint64)
    hashes = centres[random.integers(0, 4, count)]
    for _ in range(16):
        flip = random.random(count) < 0.4
        hashes = np.where(flip, hashes ^ (np.uint64(1) << random.integers(0, 64, count, dtype=np.uint64)), hashes)
    return np.concatenate([hashes, hashes[: count // 4]])


def brute(left: np.ndarray, right: np.ndarray, radius: int) -> dict[tuple[int, int], int]:
    distance = np.bitwise_count(left[:, None] ^ right[None])
    return {(i, j): int(distance[i, j]) for i, j in np.argwhere(distance <= radius).tolist()}


def as_dict(near: hamming_search.HashPairs) -> dict[tuple[int, int], int]:
    pairs = dict(zip(zip(near.left.tolist(), near.right.tolist(), strict=True), near.distance.tolist(), strict=True))
    assert len(pairs) == len(near.left), "a pair was found twice"
    return pairs


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


def test_pairs_among_images_are_all_pairs_where_runs_are_short() -> None:
    hashes = hashes_near_each_other(1, 60)
    expected = {(i, j): d for (i, j), d in brute(hashes, hashes, 8).items() if i < j}
    assert as_dict(near_pairs(hashes, 8)) == expected


def test_pairs_between_hashes_and_others_count_each_pair_once_with_its_smaller_distance() -> None:
    hashes, others = hashes_near_each_other(2, 50), hashes_near_each_other(2, 50)[::-1].copy()
    expected: dict[tuple[int, int], int] = {}
    for (i, j), distance in brute(hashes, others, 8).items():
        if i != j:
            pair = (min(i, j), max(i, j))
            expected[pair] = min(distance, expected.get(pair, 64))
    assert as_dict(near_pairs_to_variants(hashes, others, 8)) == expected


def test_a_long_run_of_equal_hashes_is_linear_and_connected() -> None:
    count = 20_000
    near = near_pairs(np.full(count, 5, dtype=np.uint64), 10)
    assert len(near.left) < hamming_search.COMPARED_PER_RUN * count
    assert set(near.right.tolist()) == set(range(1, count)), "each later member is compared with an earlier one"


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 120))
def test_later_arrivals_do_not_change_which_earlier_ones_were_compared(seed: int, cut: int) -> None:
    hashes = np.concatenate([hashes_near_each_other(seed, 40), np.full(60, 9, dtype=np.uint64)])
    hashes = hashes[np.random.default_rng(seed).permutation(len(hashes))]
    whole = as_dict(near_pairs(hashes, 6))
    early = hashes[:cut]
    assert {pair: d for pair, d in whole.items() if pair[1] < len(early)} == as_dict(near_pairs(early, 6))


def test_no_hashes_give_no_pairs() -> None:
    nothing = np.empty(0, dtype=np.uint64)
    assert len(near_pairs(nothing, 10).left) == len(near_pairs_to_variants(nothing, nothing, 10).left) == 0


def test_a_radius_that_is_too_large_for_an_exact_search_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 0 to 15"):
        pairs_between(np.zeros(1, dtype=np.uint64), np.zeros(1, dtype=np.uint64), 16)
