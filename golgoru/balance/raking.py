"""Weights of images that bring shares to given targets and differ least from even weights: calibration to margins.

Deville and Saerndal (1992), "Calibration estimators in survey sampling", with bounded weights. Several targets are met
together. Where bounds, or targets that work against each other, make one unreachable, the weights come as near to it as
any can. The dual is minimised by Newton's method: scipy's L-BFGS-B takes six times as long, and in 4 of 12 problems its
weights differ in the fourth decimal.
"""

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array, hstack

from golgoru.core.arrays import Floats, Integers
from golgoru.core.hashing import integer_hash

# What evenness counts for against the distance from the targets, from much to little: each solution is where the next
# search begins. Targets out of reach are missed by a hundred-thousandth more than they must be, others by much less.
_EVENNESS = (1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5)
# Where all targets can be reached the search goes on, until weights agree with a closed form to the fifth decimal.
_REACHED, _EXACT = 1e-2, (1e-6, 1e-7)
_MAX_STEPS = 100  # of Newton's method; five to ten are usual
_STEP_LENGTHS = tuple(0.5**halvings for halvings in range(30))
_MAX_ROUNDS = 30  # of the totals that shares are parts of; one where every image shows one object
_MAX_HALVINGS = 200  # of the interval of the common factor
_TOLERANCE = 1e-11  # of shares and of the mean weight
_MIN_SHARE = 1e-3  # that a miss is divided by: a target of 0 must not outweigh all others
_MANY_ROWS = 50_000  # distinct rows from which on a part of them says where to begin
_MASS_UNITS = 2.0**40  # masses are summed in whole units of this size, so that the order of rows makes no difference


class Margins(NamedTuple):
    """What the images (rows) show, and the share that each value (column) is to have.

    `counts` (rows, values): objects of each value on the image, or 0 and 1. `target_of_value` (values,): the number of
    the target of each value. `shares` (values,): those of a target add up to 1. `mass` (rows,): how many images a row
    counts for, 0.5 for each of two near-duplicates. `prior` (rows,): the weights to differ least from.
    """

    counts: csr_array
    target_of_value: Integers
    shares: Floats
    mass: Floats
    prior: Floats


class _Rows(NamedTuple):
    """Images of equal counts and prior as one row. `part` (rows,): the share of all mass.

    `both` (rows, values + targets): objects of each value, and beside them the objects of each target.
    """

    both: csr_array
    target_of_value: Integers
    shares: Floats
    part: Floats
    prior: Floats


class _Bounds(NamedTuple):
    low: float
    high: float


class _State(NamedTuple):
    """The state of the search."""

    multipliers: Floats  # per value
    factor: float  # that all weights have in common, its logarithm
    totals: Floats  # per target: of objects, that shares are parts of
    pull: Floats  # per target: what a larger total is worth, given the miss
    evenness: float  # one of _EVENNESS or _EXACT


def calibrate(margins: Margins, low: float, high: float) -> Floats:
    """Return weights (rows,) between `low` and `high` whose mean over `mass` is 1.

    With the share of a value a_v = sum(m w n_v) / sum(m w N), where N counts all objects of its target on an image,
    and the target t_v, they are the weights that minimise

        sum over values of (a_v - t_v)^2 / t_v + a small part of the entropy sum(m w log(w / prior)) / sum(m),

    that is, as near to the targets as any weights, and of these the ones that differ least from the prior. Values that
    no image shows are left out, and the others take their share. An image that shows no value takes the common factor.
    The order of rows is irrelevant, and sums run in a fixed order.
    """
    if not len(margins.mass) or low == 1 or high == 1:
        return np.ones(len(margins.mass))
    kind, rows = _collapsed(_present(margins))
    bounds = _Bounds(np.log(low), np.log(high))
    state = _start(rows, bounds)
    for evenness in _EVENNESS if len(rows.part) <= _MANY_ROWS else _EVENNESS[-1:]:
        state = _settled(rows, state, evenness, bounds)
    for evenness in _EXACT:
        if _missed(rows, state, bounds) > _REACHED:
            break
        state = _settled(rows, state, evenness, bounds)
    weights: Floats = _weights(rows, state, bounds)[kind]
    return weights


def _present(margins: Margins) -> Margins:
    """Leave out values that no image shows, and targets of which no image shows a value."""
    seen = np.flatnonzero(margins.counts.T @ margins.mass > 0)
    target = np.unique(margins.target_of_value[seen], return_inverse=True)[1]
    share = margins.shares[seen]
    left = np.bincount(target, share)[target] if len(seen) else share
    # Where all of a target's share is that of values without images, the other values share it evenly.
    even = 1 / np.bincount(target)[target] if len(seen) else share
    share = np.where(left > 0, share / np.where(left > 0, left, 1), even)
    return margins._replace(counts=margins.counts[:, seen], target_of_value=target, shares=share)


def _collapsed(margins: Margins) -> tuple[Integers, _Rows]:
    """Return the distinct row of each image, and these rows: a million images of fifty classes have fifty of them.

    Equal rows are found by a 64-bit hash of their counts, in whole numbers.
    """
    values, targets = len(margins.shares), margins.target_of_value.max(initial=-1) + 1
    factors = np.array([integer_hash(str(number)) for number in range(values + 1)], np.uint64)
    prior = np.unique(margins.prior, return_inverse=True)[1]
    key = margins.counts.astype(np.uint64) @ factors[:values] + prior.astype(np.uint64) * factors[values]
    _, first, kind = np.unique(key, return_index=True, return_inverse=True)
    mass = np.bincount(kind, np.round(margins.mass * _MASS_UNITS)) / _MASS_UNITS
    counts = margins.counts[first].astype(float)
    of_target = csr_array((np.ones(values), (np.arange(values), margins.target_of_value)), shape=(values, targets))
    both = csr_array(hstack([counts, counts @ of_target]))
    return kind, _Rows(both, margins.target_of_value, margins.shares, mass / mass.sum(), margins.prior[first])


def _start(rows: _Rows, bounds: _Bounds) -> _State:
    """Return the state of even weights; for many rows, the solution on a regular sample of them."""
    values, targets = len(rows.shares), rows.both.shape[1] - len(rows.shares)
    if len(rows.part) > _MANY_ROWS:
        some = np.arange(0, len(rows.part), len(rows.part) // (_MANY_ROWS // 5))
        few = rows._replace(both=rows.both[some], part=rows.part[some], prior=rows.prior[some])
        few = few._replace(part=few.part / few.part.sum())
        state = _start(few, bounds)
        for evenness in _EVENNESS:
            state = _settled(few, state, evenness, bounds)
        return state
    totals = (rows.both.T @ rows.part)[values:]
    return _State(np.zeros(values), 0.0, totals, np.zeros(targets), _EVENNESS[0])


def _settled(rows: _Rows, state: _State, evenness: float, bounds: _Bounds) -> _State:
    """Return the state at which the totals, and the pull on them, agree with the weights that follow from them.

    A share is a ratio of two sums of weights. Each round takes the divisor as given and adds what a larger one is worth
    (Dinkelbach 1967, "On nonlinear fractional programming"): the distance falls from round to round.
    """
    state = state._replace(evenness=evenness)
    for _ in range(_MAX_ROUNDS):
        state = _newton(rows, state, bounds)
        shown = rows.both.T @ (rows.part * _weights(rows, state, bounds))
        totals = shown[len(rows.shares) :]
        missed = shown[: len(rows.shares)] / totals[rows.target_of_value] - rows.shares
        distance = np.bincount(rows.target_of_value, missed**2 / _measure(rows.shares), minlength=len(totals))
        change = np.abs(totals / state.totals - 1).max(initial=0)
        state = state._replace(totals=totals, pull=distance / totals)
        if change <= _TOLERANCE:
            break
    return state


def _measure(shares: Floats) -> Floats:
    return np.maximum(shares, _MIN_SHARE)


def _projection(rows: _Rows, state: _State) -> Floats:
    """Return the matrix (values + targets, values) from counts and totals to (n_v - t_v N) / total."""
    values = np.arange(len(rows.shares))
    scale = 1 / state.totals[rows.target_of_value]
    matrix = np.zeros((rows.both.shape[1], len(values)))
    matrix[values, values] = scale
    matrix[len(values) + rows.target_of_value, values] = -rows.shares * scale
    return matrix


def _exponents(rows: _Rows, state: _State) -> Floats:
    """Return the logarithm of each row's weight before the common factor and the bounds."""
    coefficients = _projection(rows, state) @ state.multipliers
    coefficients[len(rows.shares) :] += state.pull / state.evenness
    exponents: Floats = rows.both @ coefficients + np.log(rows.prior)
    return exponents


def _weights(rows: _Rows, state: _State, bounds: _Bounds) -> Floats:
    exponents = _exponents(rows, state)
    weights: Floats = np.exp(np.clip(exponents + _common(exponents, rows.part, state.factor, bounds), *bounds))
    return weights


def _missed(rows: _Rows, state: _State, bounds: _Bounds) -> float:
    """Return the largest miss of a share, as a part of its target."""
    shown = rows.both.T @ (rows.part * _weights(rows, state, bounds))
    shares = shown[: len(rows.shares)] / shown[len(rows.shares) :][rows.target_of_value]
    return float((np.abs(shares - rows.shares) / _measure(rows.shares)).max(initial=0))


def _common(exponents: Floats, part: Floats, factor: float, bounds: _Bounds) -> float:
    """Return the logarithm of the factor at which the mean of the bounded weights is 1, starting from `factor`."""
    least, most = bounds.low - exponents.max(), bounds.high - exponents.min()
    before = np.inf
    for _ in range(_MAX_HALVINGS):
        shifted = exponents + factor
        weights = part * np.exp(np.clip(shifted, *bounds))
        off = float(weights.sum()) - 1
        if abs(off) <= _TOLERANCE / 100:
            break
        least, most = (least, factor) if off > 0 else (factor, most)
        free = float(weights[(shifted > bounds.low) & (shifted < bounds.high)].sum())
        # Exact while the same weights stay at their bounds; where hardly any is free, halving is faster.
        exact = free > max(off, 0) and abs(off) < before / 2
        change = np.log1p(-off / free) if exact else (least + most) / 2 - factor
        if not least < factor + change < most:
            change = (least + most) / 2 - factor
        if abs(change) <= 1e-15 * (1 + abs(factor)):  # no number lies between
            break
        before, factor = abs(off), factor + change
    return factor


def _newton(rows: _Rows, state: _State, bounds: _Bounds) -> _State:
    """Return the state whose multipliers minimise the dual: damped Newton steps on a convex function."""
    ridge = state.evenness * _measure(rows.shares)
    state, value, slope = _dual(rows, state, ridge, bounds)
    for _ in range(_MAX_STEPS):
        if np.abs(slope).max(initial=0) <= _TOLERANCE:
            break
        step = -np.linalg.solve(_curvature(rows, state, bounds) + np.diag(ridge), slope)
        for length in _STEP_LENGTHS:
            there, less, next_slope = _dual(
                rows, state._replace(multipliers=state.multipliers + length * step), ridge, bounds
            )
            # The last term lets steps go on where nothing but rounding is left.
            if less <= value + 1e-4 * length * float(slope @ step) + 1e-14 * (1 + abs(value)):
                break
        state, value, slope = there, less, next_slope
    return state


def _dual(rows: _Rows, state: _State, ridge: Floats, bounds: _Bounds) -> tuple[_State, float, Floats]:
    """Return the state with its common factor, and there the dual function and its gradient by the multipliers."""
    exponents = _exponents(rows, state)
    factor = _common(exponents, rows.part, state.factor, bounds)
    exponents += factor
    bounded = np.clip(exponents, *bounds)
    weights = rows.part * np.exp(bounded)
    # The integral of a bounded exponential: beyond its bounds it is a straight line.
    value = float((weights * (1 + exponents - bounded)).sum()) - factor
    value += float((ridge * state.multipliers**2).sum()) / 2
    slope = _projection(rows, state).T @ (rows.both.T @ weights) + ridge * state.multipliers
    return state._replace(factor=factor), value, slope


def _curvature(rows: _Rows, state: _State, bounds: _Bounds) -> Floats:
    """Return the second derivatives of the dual, without the ridge; weights at their bounds do not contribute."""
    exponents = _exponents(rows, state) + state.factor
    free = np.flatnonzero((exponents > bounds.low) & (exponents < bounds.high))
    weights = rows.part[free] * np.exp(exponents[free])
    shown = rows.both[free]
    matrix = _projection(rows, state)
    mean = matrix.T @ (shown.T @ weights)
    squares = matrix.T @ (shown.T @ (shown * weights[:, np.newaxis])).toarray() @ matrix
    # The common factor follows, so what all weights have in common costs nothing.
    curvature: Floats = squares - np.outer(mean, mean) / max(float(weights.sum()), 1e-300)
    return curvature
