"""The groups to move: nothing is taken away, and a set that is proven the smallest is, beside trying every set."""

from itertools import product

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from golgoru.splits.pin_solver import CandidateGroups, coverage_counts, propose_moves


def groups(units, split, goal, size=None, movable=None):
    split = np.array(split, np.int64)
    goal = np.array(goal, np.int64)
    able = np.ones((len(split), goal.shape[1]), bool) if movable is None else np.array(movable, bool)
    able[np.arange(len(split)), split] = False
    return CandidateGroups(
        pd.Index([f"g{n}" for n in range(len(split))]),
        csr_array(np.array(units, np.int64).reshape(len(split), goal.shape[0])),
        split,
        np.ones(len(split), np.int64) if size is None else np.array(size, np.int64),
        able,
        goal,
    )


def moved(given_, moves):
    split = given_.split.copy()
    split[moves.groups] = moves.targets
    return split


def cost(given_, split):
    """Return what is still missing, the groups that moved, and their images; None where something was taken away."""
    before, after = coverage_counts(given_, given_.split), coverage_counts(given_, split)
    if (after < np.minimum(before, given_.goal)).any():
        return None
    went = split != given_.split
    if (~given_.movable[np.flatnonzero(went), split[went]]).any():
        return None
    return int(np.maximum(given_.goal - after, 0).sum()), int(went.sum()), int(given_.size[went].sum())


@st.composite
def small(draw):
    many, keys, splits = draw(st.integers(1, 6)), draw(st.integers(1, 4)), draw(st.integers(2, 3))
    number = st.integers(0, 3)
    rows = lambda count, values: st.lists(values, min_size=count, max_size=count)  # noqa: E731
    units = draw(rows(many, rows(keys, st.sampled_from([0, 0, 1, 2]))))
    split = draw(rows(many, st.integers(0, splits - 1)))
    goal = draw(rows(keys, rows(splits, number)))
    movable = draw(rows(many, rows(splits, st.sampled_from([True, True, True, False]))))
    return groups(units, split, goal, draw(rows(many, st.integers(1, 3))), movable)


def every_cost(given_):
    """Return the cost of every way to move groups that takes nothing away."""
    splits = given_.goal.shape[1]
    every = (np.array(split, np.int64) for split in product(range(splits), repeat=len(given_.split)))
    return [found for split in every if (found := cost(given_, split))]


@settings(max_examples=80, deadline=None)
@given(small())
def test_what_is_proven_the_smallest_leaves_the_least_missing_with_the_fewest_moves(given_):
    moves = propose_moves(given_)
    missing, groups_moved, _ = cost(given_, moved(given_, moves))
    best = min(every_cost(given_))
    assert (missing, groups_moved) >= best[:2]
    if moves.proven_smallest:
        assert (missing, groups_moved) == best[:2]


@settings(max_examples=80, deadline=None)
@given(small())
def test_nothing_is_taken_away_and_no_less_is_covered_than_before(given_):
    found = cost(given_, moved(given_, propose_moves(given_)))
    assert found is not None
    assert found[0] <= np.maximum(given_.goal - coverage_counts(given_, given_.split), 0).sum()


def test_one_group_with_two_missing_classes_goes_before_two_with_one():
    made = groups([[1, 0], [0, 1], [1, 1], [1, 1]], [0, 0, 0, 0], [[1, 1], [1, 1]])
    moves = propose_moves(made)
    assert len(moves.groups) == 1 and moves.groups[0] in (2, 3)
    assert moves.targets.tolist() == [1]
    assert moves.proven_smallest


def test_a_swap_is_not_looked_for_and_what_stays_missing_is_not_called_proven():
    # Class 1 is missing in split 1; the one group that may go has the last of class 0 in split 0. A swap would help.
    made = groups(
        [[1, 1], [0, 1], [1, 0], [1, 0]], [0, 0, 1, 1], [[1, 1], [1, 1]], movable=[[0, 1], [0, 0], [1, 0], [1, 0]]
    )
    moves = propose_moves(made)
    assert not len(moves.groups)
    assert not moves.proven_smallest
    assert min(every_cost(made))[:2] == (0, 2)


def test_what_no_group_can_supply_does_not_spoil_the_proof():
    made = groups([[1, 0], [1, 1], [1, 0]], [0, 0, 0], [[1, 1], [1, 1]], movable=[[1, 1], [0, 0], [1, 1]])
    moves = propose_moves(made)
    assert moves.proven_smallest
    assert cost(made, moved(made, moves))[:2] == (1, 1)


def test_nothing_missing_needs_no_move():
    moves = propose_moves(groups([[1], [1]], [0, 1], [[1, 1]]))
    assert (moves.groups.tolist(), moves.targets.tolist(), moves.proven_smallest) == ([], [], True)


def test_of_equal_groups_the_smallest_goes_and_then_always_the_same():
    made = groups([[1]] * 5, [0] * 5, [[1, 1]], size=[3, 2, 2, 3, 2])
    first = propose_moves(made)
    assert first.groups.tolist() in ([1], [2], [4])
    order = np.array([4, 2, 0, 3, 1])
    turned = made._replace(
        names=made.names[order], units=made.units[order], size=made.size[order], movable=made.movable[order]
    )
    assert turned.names[propose_moves(turned).groups].tolist() == made.names[first.groups].tolist()


def test_many_rare_classes_among_many_groups():
    dice = np.random.default_rng(0)
    many, keys = 50_000, 60
    rows, columns = np.concatenate([np.arange(many), dice.integers(0, many, keys * 4)]), np.concatenate(
        [dice.integers(0, 3, many), 3 + np.arange(keys * 4) % (keys - 3)]
    )  # fmt: skip
    units = csr_array((np.ones(len(rows), np.int64), (rows, columns)), shape=(many, keys)).minimum(1)
    split = dice.choice(3, many, p=[0.7, 0.15, 0.15])
    movable = np.ones((many, 3), bool)
    movable[np.arange(many), split] = False
    made = CandidateGroups(
        pd.RangeIndex(many).map("{:08}".format),
        units,
        split,
        np.ones(many, np.int64),
        movable,
        np.ones((keys, 3), np.int64),
    )
    moves = propose_moves(made)
    assert moves.proven_smallest
    assert (coverage_counts(made, moved(made, moves)) >= 1)[:, :].all()
    assert len(moves.groups) <= np.maximum(1 - coverage_counts(made, split), 0).sum()
