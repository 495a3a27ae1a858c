"""The smallest set of groups to move: beside trying every set, and where it is too large for that, by its laws."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from golgoru.splits import pin_solver
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


@settings(max_examples=40, deadline=None)
@given(small())
def test_no_other_set_leaves_less_missing_or_moves_fewer_groups_or_images(given_):
    moves = propose_moves(given_)
    assert moves.exact
    splits = given_.goal.shape[1]
    every = (np.array(split, np.int64) for split in product(range(splits), repeat=len(given_.split)))
    assert cost(given_, moved(given_, moves)) == min(found for split in every if (found := cost(given_, split)))


@settings(max_examples=40, deadline=None)
@given(small())
def test_greedily_nothing_is_taken_away_and_no_less_is_seated_than_before(given_):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pin_solver, "MAX_KINDS", 0)
        moves = propose_moves(given_)
    found = cost(given_, moved(given_, moves))
    assert found is not None
    assert found[0] <= np.maximum(given_.goal - coverage_counts(given_, given_.split), 0).sum()


def test_one_group_that_seats_two_classes_goes_before_two_that_seat_one():
    made = groups([[1, 0], [0, 1], [1, 1], [1, 1]], [0, 0, 0, 0], [[1, 1], [1, 1]])
    moves = propose_moves(made)
    assert len(moves.groups) == 1 and moves.groups[0] in (2, 3)
    assert moves.targets.tolist() == [1]


def test_a_group_makes_room_where_the_only_other_one_would_leave_its_split_without_a_class():
    # Class 1 is missing in split 1; the one group to spare holds the last of class 0 in split 0, so another comes back.
    made = groups(
        [[1, 1], [0, 1], [1, 0], [1, 0]], [0, 0, 1, 1], [[1, 1], [1, 1]], movable=[[0, 1], [0, 0], [1, 0], [1, 0]]
    )
    moves = propose_moves(made)
    assert moved(made, moves).tolist() in ([1, 0, 0, 1], [1, 0, 1, 0])


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
    assert moves.exact
    assert (coverage_counts(made, moved(made, moves)) >= 1)[:, :].all()
    assert len(moves.groups) <= np.maximum(1 - coverage_counts(made, split), 0).sum()
