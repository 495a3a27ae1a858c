"""Weights of images that bring shares to given targets and stray least from even ones: calibration to margins.

Deville and Saerndal (1992), "Calibration estimators in survey sampling", with bounded weights. Several targets at once
are met together. Where bounds, or targets that pull against each other, leave one out of reach, the weights come as
near to it as any can.
"""

import hashlib
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array, hstack

from golgoru.core.arrays import Floats, Integers

# What evenness weighs against the distance from the targets, from much to little: each solution is where the next
# search begins. Targets out of reach are missed by a hundred-thousandth more than they must be, others by much less.
_EVENNESS = (1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5)
# Where everything can be reached the search goes on, until weights are those of a closed form to the fifth decimal.
_REACHED, _EXACT = 1e-2, (1e-6, 1e-7)
_MOST_STEPS = 100  # of Newton's method; five to ten are usual
_LENGTHS = tuple(0.5**halved for halved in range(30))  # of a step
_MOST_ROUNDS = 30  # of the totals that shares are parts of; one where every image shows one object
_MOST_HALVINGS = 200  # of the interval in which the common factor lies
_TOLERANCE = 1e-11  # of shares and of the mean weight
_LEAST_SHARE = 1e-3  # that a miss is measured against: a target of 0 must not outweigh all others
_LARGE = 50_000  # kinds of images from which on a part of them says where to begin
_EXACT_PARTS = 2.0**40  # masses are summed in these, so that the order of rows cannot show


class Margins(NamedTuple):
    """What the images (rows) show, and what share of it each value (column) is to have.

    `counts` (rows, values): objects of each value on the image, or 0 and 1. `belongs` (values,): the number of the
    target that the value belongs to; the shares of a target add up to 1. `shares` (values,). `mass` (rows,): for how
    many images the row counts, 0.5 for each of two near-copies. `prior` (rows,): the weights to stray least from.
    """

    counts: csr_array
    belongs: Integers
    shares: Floats
    mass: Floats
    prior: Floats


class _Rows(NamedTuple):
    """Images of equal counts and prior as one row, in an order of their own. `part` adds up to 1.

    `counts` (rows, values), `totals` (rows, targets), and both side by side in `both`.
    """

    both: csr_array
    belongs: Integers
    shares: Floats
    part: Floats
    prior: Floats


class _Bounds(NamedTuple):
    low: float
    high: float


class _State(NamedTuple):
    """Where the search stands."""

    multipliers: Floats  # per value
    factor: float  # that all weights have in common, its logarithm
    totals: Floats  # per target: of objects, that shares are parts of
    pull: Floats  # per target: how far a miss speaks for a larger total
    evenness: float  # one of _EVENNESS or _EXACT


def calibrate(given: Margins, low: float, high: float) -> Floats:
    """Return weights (rows,) between `low` and `high` whose mean over `mass` is 1.

    With a share a_v = sum(m w n_v) / sum(m w N), N being all objects of the target on an image, and its target t_v,
    they are the weights of the least

        sum over values of (a_v - t_v)^2 / t_v + a little of the entropy sum(m w log(w / prior)) / sum(m),

    that is, as near to the targets as any weights can be, and of these the ones that stray least from the prior.
    Values that no image shows are left out, and their share is the others'. An image that shows nothing of what is
    balanced takes the common factor. The order of rows is nothing, and sums run in a fixed order.
    """
    if not len(given.mass) or low == 1 or high == 1:
        return np.ones(len(given.mass))
    kind, rows = _collapsed(_present(given))
    bounds = _Bounds(np.log(low), np.log(high))
    state = _start(rows, bounds)
    for evenness in _EVENNESS if len(rows.part) <= _LARGE else _EVENNESS[-1:]:
        state = _settled(rows, state, evenness, bounds)
    for evenness in _EXACT:
        if _missed(rows, state, bounds) > _REACHED:
            break
        state = _settled(rows, state, evenness, bounds)
    weights: Floats = _weights(rows, state, bounds)[kind]
    return weights


def _present(given: Margins) -> Margins:
    """Leave out values that no image shows; where none is shown of a target, all of it."""
    seen = np.flatnonzero(given.counts.T @ given.mass > 0)
    target = np.unique(given.belongs[seen], return_inverse=True)[1]
    share = given.shares[seen]
    left = np.bincount(target, share)[target] if len(seen) else share
    # Where all of a target's share goes to what nobody has seen, what is there shares it evenly.
    even = 1 / np.bincount(target)[target] if len(seen) else share
    share = np.where(left > 0, share / np.where(left > 0, left, 1), even)
    return given._replace(counts=given.counts[:, seen], belongs=target, shares=share)


def _collapsed(given: Margins) -> tuple[Integers, _Rows]:
    """Return which row each image is of, and the rows: a million images of fifty classes are fifty of them.

    Equal rows are found by a 64-bit hash of their counts, in whole numbers.
    """
    values, targets = len(given.shares), given.belongs.max(initial=-1) + 1
    factors = np.array([_hash(number) for number in range(values + 1)], np.uint64)
    prior = np.unique(given.prior, return_inverse=True)[1]
    key = given.counts.astype(np.uint64) @ factors[:values] + prior.astype(np.uint64) * factors[values]
    _, first, kind = np.unique(key, return_index=True, return_inverse=True)
    mass = np.bincount(kind, np.round(given.mass * _EXACT_PARTS)) / _EXACT_PARTS
    counts = given.counts[first].astype(float)
    of_target = csr_array((np.ones(values), (np.arange(values), given.belongs)), shape=(values, targets))
    both = csr_array(hstack([counts, counts @ of_target]))
    return kind, _Rows(both, given.belongs, given.shares, mass / mass.sum(), given.prior[first])


def _hash(number: int) -> int:
    return int.from_bytes(hashlib.blake2b(str(number).encode(), digest_size=8).digest(), "big")


def _start(rows: _Rows, bounds: _Bounds) -> _State:
    """Return the state of even weights; of many rows, what it comes to on every so-many-th of them."""
    values, targets = len(rows.shares), rows.both.shape[1] - len(rows.shares)
    if len(rows.part) > _LARGE:
        some = np.arange(0, len(rows.part), len(rows.part) // (_LARGE // 5))
        few = rows._replace(both=rows.both[some], part=rows.part[some], prior=rows.prior[some])
        few = few._replace(part=few.part / few.part.sum())
        state = _start(few, bounds)
        for evenness in _EVENNESS:
            state = _settled(few, state, evenness, bounds)
        return state
    totals = (rows.both.T @ rows.part)[values:]
    return _State(np.zeros(values), 0.0, totals, np.zeros(targets), _EVENNESS[0])


def _settled(rows: _Rows, state: _State, evenness: float, bounds: _Bounds) -> _State:
    """Return the state at which the totals, and the pull on them, are those of the weights that follow from them.

    A share is a ratio of two sums of weights. Each round takes the divisor as given and adds what a larger one is worth
    (Dinkelbach 1967, "On nonlinear fractional programming"): the distance sinks from round to round.
    """
    state = state._replace(evenness=evenness)
    for _ in range(_MOST_ROUNDS):
        state = _newton(rows, state, bounds)
        shown = rows.both.T @ (rows.part * _weights(rows, state, bounds))
        totals = shown[len(rows.shares) :]
        missed = shown[: len(rows.shares)] / totals[rows.belongs] - rows.shares
        distance = np.bincount(rows.belongs, missed**2 / _measure(rows.shares), minlength=len(totals))
        change = np.abs(totals / state.totals - 1).max(initial=0)
        state = state._replace(totals=totals, pull=distance / totals)
        if change <= _TOLERANCE:
            break
    return state


def _measure(shares: Floats) -> Floats:
    return np.maximum(shares, _LEAST_SHARE)


def _projection(rows: _Rows, state: _State) -> Floats:
    """Return the matrix (values + targets, values) from counts and totals to (n_v - t_v N) / total."""
    values = np.arange(len(rows.shares))
    scale = 1 / state.totals[rows.belongs]
    matrix = np.zeros((rows.both.shape[1], len(values)))
    matrix[values, values] = scale
    matrix[len(values) + rows.belongs, values] = -rows.shares * scale
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
    """Return by how much the shares miss their targets at the most, as a part of the target."""
    shown = rows.both.T @ (rows.part * _weights(rows, state, bounds))
    shares = shown[: len(rows.shares)] / shown[len(rows.shares) :][rows.belongs]
    return float((np.abs(shares - rows.shares) / _measure(rows.shares)).max(initial=0))


def _common(exponents: Floats, part: Floats, factor: float, bounds: _Bounds) -> float:
    """Return the factor's logarithm at which the mean of the bounded weights is 1, beginning from `factor`."""
    least, most = bounds.low - exponents.max(), bounds.high - exponents.min()
    before = np.inf
    for _ in range(_MOST_HALVINGS):
        shifted = exponents + factor
        weights = part * np.exp(np.clip(shifted, *bounds))
        off = float(weights.sum()) - 1
        if abs(off) <= _TOLERANCE / 100:
            break
        least, most = (least, factor) if off > 0 else (factor, most)
        free = float(weights[(shifted > bounds.low) & (shifted < bounds.high)].sum())
        # Exact while the same weights stay at their bounds; where hardly any is free, halving gets on faster.
        exact = free > max(off, 0) and abs(off) < before / 2
        change = np.log1p(-off / free) if exact else (least + most) / 2 - factor
        if not least < factor + change < most:
            change = (least + most) / 2 - factor
        if abs(change) <= 1e-15 * (1 + abs(factor)):  # no number lies between
            break
        before, factor = abs(off), factor + change
    return factor


def _newton(rows: _Rows, state: _State, bounds: _Bounds) -> _State:
    """Return the state whose multipliers make the dual least: damped Newton steps on a convex function."""
    ridge = state.evenness * _measure(rows.shares)
    state, value, slope = _dual(rows, state, ridge, bounds)
    for _ in range(_MOST_STEPS):
        if np.abs(slope).max(initial=0) <= _TOLERANCE:
            break
        step = -np.linalg.solve(_curvature(rows, state, bounds) + np.diag(ridge), slope)
        for length in _LENGTHS:
            there, less, next_slope = _dual(
                rows, state._replace(multipliers=state.multipliers + length * step), ridge, bounds
            )
            # The last term: where nothing but rounding is left, steps go on.
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
    # The integral of a bounded exponential: beyond its bounds it goes on as a straight line.
    value = float((weights * (1 + exponents - bounded)).sum()) - factor
    value += float((ridge * state.multipliers**2).sum()) / 2
    slope = _projection(rows, state).T @ (rows.both.T @ weights) + ridge * state.multipliers
    return state._replace(factor=factor), value, slope


def _curvature(rows: _Rows, state: _State, bounds: _Bounds) -> Floats:
    """Return the second derivatives of the dual, without the ridge; weights at their bounds have no part in them."""
    exponents = _exponents(rows, state) + state.factor
    free = np.flatnonzero((exponents > bounds.low) & (exponents < bounds.high))
    weights = rows.part[free] * np.exp(exponents[free])
    shown = rows.both[free]
    matrix = _projection(rows, state)
    mean = matrix.T @ (shown.T @ weights)
    squares = matrix.T @ (shown.T @ (shown * weights[:, np.newaxis])).toarray() @ matrix
    # The common factor follows: what all weights have in common costs nothing.
    curvature: Floats = squares - np.outer(mean, mean) / max(float(weights.sum()), 1e-300)
    return curvature
