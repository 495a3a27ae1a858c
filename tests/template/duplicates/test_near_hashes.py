"""Candidates by their hashes: all of them in small sets, and bounded by what had arrived before in large ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golgoru.duplicates import near_hashes
from golgoru.duplicates.near_hashes import COMPARED_PER_RUN, Tier, near_pairs, near_pairs_to_variants, radius_of_last
from tests.template.builders.hashes import as_dict, brute, hashes_near_each_other


def test_pairs_among_images_are_all_pairs_where_runs_are_short() -> None:
    hashes = hashes_near_each_other(1, 60)
    expected = {(i, j): d for (i, j), d in brute(hashes, hashes, 8).items() if i < j}
    assert as_dict(near_pairs(hashes, 8).pairs) == expected


def test_pairs_between_hashes_and_others_count_each_pair_once_with_its_smaller_distance() -> None:
    hashes, others = hashes_near_each_other(2, 50), hashes_near_each_other(2, 50)[::-1].copy()
    expected: dict[tuple[int, int], int] = {}
    for (i, j), distance in brute(hashes, others, 8).items():
        if i != j:
            pair = (min(i, j), max(i, j))
            expected[pair] = min(distance, expected.get(pair, 64))
    assert as_dict(near_pairs_to_variants(hashes, others, 8).pairs) == expected


def test_a_long_run_of_equal_hashes_is_linear_and_connected() -> None:
    count = 20_000
    near = near_pairs(np.full(count, 5, dtype=np.uint64), 10).pairs
    assert len(near.left) < COMPARED_PER_RUN * count
    assert set(near.right.tolist()) == set(range(1, count)), "each later member is compared with an earlier one"


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 120))
def test_later_arrivals_do_not_change_which_earlier_ones_were_compared(seed: int, cut: int) -> None:
    hashes = np.concatenate([hashes_near_each_other(seed, 40), np.full(60, 9, dtype=np.uint64)])
    hashes = hashes[np.random.default_rng(seed).permutation(len(hashes))]
    whole = as_dict(near_pairs(hashes, 6).pairs)
    early = hashes[:cut]
    assert {pair: d for pair, d in whole.items() if pair[1] < len(early)} == as_dict(near_pairs(early, 6).pairs)


def test_no_hashes_give_no_pairs() -> None:
    nothing = np.empty(0, dtype=np.uint64)
    assert not as_dict(near_pairs(nothing, 10).pairs) | as_dict(near_pairs_to_variants(nothing, nothing, 10).pairs)


def large(monkeypatch: pytest.MonkeyPatch, nearest: int = 3, per_key: int = 5) -> None:
    """Bound everything as if some dozens of images were a large set."""
    for name, value in {
        "UNBOUNDED": 10,
        "NEAREST": nearest,
        "_PER_KEY": per_key,
        "_PAIRS_HELD": 20,
        "TIERS": (Tier(25, 12), Tier(60, 8), Tier(1000, 4)),
    }.items():
        monkeypatch.setattr(near_hashes, name, value)


@pytest.mark.parametrize("variants", [False, True])
def test_without_cuts_each_image_is_compared_with_all_before_it_at_the_radius_of_its_tier(
    monkeypatch: pytest.MonkeyPatch, variants: bool
) -> None:
    large(monkeypatch, nearest=1000, per_key=1000)
    hashes = np.unique(hashes_near_each_other(3, 400))
    hashes = hashes[np.random.default_rng(0).permutation(len(hashes))]
    others = hashes[::-1] ^ np.uint64(5) if variants else hashes
    expected: dict[tuple[int, int], int] = {}
    for (i, j), distance in brute(hashes, others, 12).items():
        pair = (min(i, j), max(i, j))
        if i != j and distance <= radius_of_last(pair[1] + 1):
            expected[pair] = min(distance, expected.get(pair, 64))
    found = near_pairs_to_variants(hashes, others, None) if variants else near_pairs(hashes, None)
    assert as_dict(found.pairs) == expected
    assert not found.cut.any()
    assert max(right for _, right in expected) >= 60, "every tier has pairs"


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 120), st.booleans(), st.sampled_from([None, 6]))
def test_in_large_sets_later_arrivals_do_not_change_which_earlier_ones_were_compared(
    seed: int, cut: int, variants: bool, radius: int | None
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        large(patch)
        dice = np.random.default_rng(seed)
        # Several runs of equal hashes, which go on while others arrive.
        hashes = np.concatenate([hashes_near_each_other(seed, 64), np.full(30, 9, dtype=np.uint64)])
        hashes = hashes[dice.permutation(len(hashes))]
        others = hashes[dice.permutation(len(hashes))]

        def found(end: int) -> near_hashes.Candidates:
            if variants:
                return near_pairs_to_variants(hashes[:end], others[:end], radius)
            return near_pairs(hashes[:end], radius)

        whole, early = found(len(hashes)), found(cut)
        end = min(cut, len(hashes))
        assert as_dict(early.pairs) == {pair: d for pair, d in as_dict(whole.pairs).items() if pair[1] < end}
        assert early.cut.tolist() == whole.cut[:end].tolist()


@pytest.mark.parametrize("variants", [False, True])
def test_in_large_sets_candidates_are_bounded_and_what_is_left_out_is_told(
    monkeypatch: pytest.MonkeyPatch, variants: bool
) -> None:
    large(monkeypatch)
    hashes = np.unique(hashes_near_each_other(4, 200))
    hashes = hashes[np.random.default_rng(1).permutation(len(hashes))]
    found = near_pairs_to_variants(hashes, hashes, 12) if variants else near_pairs(hashes, 12)
    pairs = as_dict(found.pairs)
    per_image = np.bincount(found.pairs.right, minlength=len(hashes))
    assert 3 <= per_image[10:].max() <= (6 if variants else 3), "of each image's hash, and of its variant's"
    missed = {pair for pair in brute(hashes, hashes, 12) if pair[0] < pair[1]} - pairs.keys()
    assert missed
    assert all(found.cut[later] for _, later in missed)
    assert not found.cut[:10].any()


def test_in_large_sets_a_long_run_among_others_stays_linear_and_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    large(monkeypatch)
    hashes = np.full(5000, 5, dtype=np.uint64)
    hashes[1::2] = 7
    found = near_pairs(hashes, 10)
    assert len(found.pairs.left) <= (COMPARED_PER_RUN + 3) * len(hashes)
    assert set(found.pairs.right.tolist()) == set(range(1, len(hashes)))
    assert found.cut.sum() > 4900


def test_the_radius_falls_with_the_number_of_images_unless_it_is_set() -> None:
    at = [radius_of_last(n) for n in (0, 50_000, 50_001, 300_000, 300_001, 1_000_000, 100_000_000)]
    assert at == [12, 12, 10, 10, 8, 8, 8]
    assert radius_of_last(1_000_000, 11) == 11
