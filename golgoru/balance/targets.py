"""What shares a team wants: block `rebalance.targets` of params.yaml, and the share of each value that follows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field

from golgoru.core import paths
from golgoru.core.arrays import Flags, Floats
from golgoru.core.errors import UserError
from golgoru.core.yaml_models import Fault, Written, key_line

CLASS, EDGE_CASE = "class", "edge case"
REPEAT_FACTOR = "repeat factor"
TargetRule = Literal["natural", "square root", "uniform", "effective number", "repeat factor"]
_MAX_NAMED = 20  # values in a message
_ROUNDING = 1e-9  # by which what people write may miss 1


def _per_value(fits: Callable[[Any], bool], expected: str, one: bool) -> BeforeValidator:
    """Return a check of numbers by value or, where `one` is allowed, of one number for every value."""

    def check(found: Any) -> Any:
        if not isinstance(found, dict):
            if found is None or (one and _is_number(found) and fits(found)):
                return found
            raise ValueError(f"expected {expected}, {'or one' if one else 'one'} for each of some values")
        for name, number in found.items():
            if not isinstance(name, str):
                raise ValueError(f"expected names as text; put {name} in quotes")
            if not (_is_number(number) and fits(number)):
                raise ValueError(f"expected {expected} for '{name}', found {number!r:.80}")
        return found

    return BeforeValidator(check)


def _is_number(found: Any) -> bool:
    return isinstance(found, (int, float)) and not isinstance(found, bool)


_SHARE = "a share from 0 to 1"
_Shares = Annotated[Mapping[str, float], _per_value(lambda n: 0 <= n <= 1, _SHARE, one=False)]
_Floor = Annotated[float | Mapping[str, float] | None, _per_value(lambda n: 0 <= n <= 1, _SHARE, one=True)]
_Cap = Annotated[
    int | Mapping[str, int] | None,
    _per_value(lambda n: isinstance(n, int) and n >= 1, "a whole number of images, 1 or more", one=True),
]


class Target(Written):
    """One target: what is balanced (`by`), toward what (`to` or `shares`), and limits. See docs/balance.md."""

    by: str = CLASS
    to: TargetRule | None = None
    shares: _Shares = Field({})
    cap: _Cap = None
    floor: _Floor = None
    # The authors try 0.9 to 0.9999. Two pictures of a class in 1,000 are then hardly ever of the same kind.
    beta: float = Field(0.999, ge=0, lt=1)
    # Classes on less than a thousandth of the images are shown more often, as in LVIS.
    threshold: float = Field(0.001, gt=0, le=1)

    def faults(self) -> Iterator[Fault]:
        """Yield what cannot be meant, or met, whatever the data are."""
        if self.to is None and not self.shares and self.cap is None and self.floor is None:
            yield Fault((), "expected one of the keys to, shares, cap and floor")
        if self.to is not None and self.shares:
            yield Fault(("shares",), "'to' and 'shares' exclude each other")
        if (total := sum(self.shares.values())) > 1 + _ROUNDING:
            yield Fault(("shares",), f"the shares add up to {total:g}, and there is only 1 to share out")
        if isinstance(self.floor, Mapping) and (total := sum(self.floor.values())) > 1 + _ROUNDING:
            yield Fault(("floor",), f"the floors add up to {total:g}, and there is only 1 to share out")
        if self.floor is not None and self.to == REPEAT_FACTOR:
            yield Fault(("floor",), "'repeat factor' weighs images and takes no floor of shares")
        for value, share in self.shares.items():
            if share < (least := self.floor_of(value)):
                yield Fault(("shares", value), f"{share:g} is below the floor of {least:g}")
        for key, belongs in (("beta", "effective number"), ("threshold", REPEAT_FACTOR)):
            if key in self.model_fields_set and self.to != belongs:
                yield Fault((key,), f"belongs to 'to: {belongs}'")

    @property
    def pulls(self) -> bool:
        """Whether shares are balanced at all, and not only capped."""
        return self.to is not None or bool(self.shares) or self.floor is not None

    @property
    def named(self) -> set[str]:
        """The values that shares, caps and floors name."""
        return {name for given in (self.shares, self.cap, self.floor) if isinstance(given, Mapping) for name in given}

    def floor_of(self, value: str) -> float:
        """Return the least share of a value; 0 where none is set."""
        return float(self.floor.get(value, 0) if isinstance(self.floor, Mapping) else self.floor or 0)

    def cap_of(self, value: str) -> float:
        """Return the most images of a value; infinity where none is set."""
        return float(self.cap.get(value, np.inf) if isinstance(self.cap, Mapping) else self.cap or np.inf)


def check_values(number: int, target: Target, values: Sequence[str]) -> None:
    """Raise UserError, naming key and line, where a target names a value that is not there."""
    named = {"shares": target.shares, "cap": target.cap, "floor": target.floor}
    found = [
        _message((number, key, value), f"there is no {_kind(target.by)} '{value}'; {list_names(values)}")
        for key, given in named.items()
        for value in (given if isinstance(given, Mapping) else ())
        if value not in values
    ]
    if found:
        raise UserError("\n".join(found))


def target_shares(number: int, target: Target, values: Sequence[str], counts: Floats) -> Floats:
    """Return the share that each value is to have; together they are 1.

    `counts` (values,): objects of each value, or images, near-copies counted once; at least one is above 0. Raises
    UserError, naming key and line, where it cannot be: floors above 1, or shares that leave a rest to nobody.
    """
    held = np.array([value in target.shares for value in values], bool)
    share = _given_shares(number, target, values, counts) if target.shares else _rule_shares(target, counts)
    floors = np.array([target.floor_of(value) for value in values])
    least = np.where(held, share, floors)
    if least.sum() > 1 + _ROUNDING:
        what = f"the floors of {len(values)} values" if not held.any() else "the floors and the shares given"
        raise UserError(
            _message((number, "floor"), f"{what} add up to {least.sum():g}, and there is only 1 to share out")
        )
    return _with_floors(share, least, held)


def _rule_shares(target: Target, counts: Floats) -> Floats:
    if target.to == "square root":
        # Halfway between what is there and even shares (Mahajan et al. 2018, who took it from word2vec).
        pull = np.sqrt(counts)
    elif target.to == "uniform":
        pull = np.ones(len(counts))
    elif target.to == "effective number":
        # Each picture of a class weighs 1 over the effective number of them (Cui et al. 2019).
        pull = counts * (1 - target.beta) / np.where(counts > 0, 1 - target.beta**counts, 1)
    else:
        pull = counts
    share: Floats = pull / pull.sum()
    return share


def _given_shares(number: int, target: Target, values: Sequence[str], counts: Floats) -> Floats:
    """Return the shares that are written down; the rest is the others' in proportion to what they have."""
    share = np.array([target.shares.get(value, 0.0) for value in values])
    others = np.array([0.0 if value in target.shares else count for value, count in zip(values, counts, strict=True)])
    rest = max(1 - float(share.sum()), 0.0)
    if rest > _ROUNDING and not others.any():
        reason = f"the shares add up to {share.sum():g}, and no other {_kind(target.by)} is there to take the rest"
        raise UserError(_message((number, "shares"), f"{reason}; make them add up to 1"))
    return share + rest * others / max(float(others.sum()), 1e-300)


def _with_floors(share: Floats, least: Floats, held: Flags) -> Floats:
    """Return the shares with none below its least one; what that takes is taken from the others in proportion."""
    fixed = held.copy()
    while not fixed.all():
        free = share[~fixed].sum()
        rest = max(1 - least[fixed].sum(), 0.0)
        lifted = np.where(fixed, least, share * (rest / free if free > 0 else 0.0))
        if not (below := ~fixed & (lifted < least)).any():
            return lifted
        fixed |= below
    return least


def list_names(names: Sequence[str]) -> str:
    """Return names as the end of a message: `there are cat, dog`."""
    if not names:
        return "there is none"
    more = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
    return f"there are {', '.join(names[:_MAX_NAMED])}{more}"


def unknown_column_error(number: int, by: str, columns: Sequence[str]) -> UserError:
    """Return the error of a target by something that is not there."""
    return UserError(
        _message(
            (number, "by"), f"'{by}' is neither class nor edge case, nor a column to balance by; {list_names(columns)}"
        )
    )


def too_many_values_error(number: int, by: str, values: int, most: int) -> UserError:
    """Return the error of a target by something that has too many values."""
    return UserError(_message((number, "by"), f"'{by}' has {values} values; at most {most} can be balanced"))


def _kind(by: str) -> str:
    return by if by in (CLASS, EDGE_CASE) else f"value of {by}"


def _message(key: tuple[str | int, ...], reason: str) -> str:
    """Return a message that names file, line and key of the settings; where there is no file, the key."""
    location = ("rebalance", "targets", *key)
    try:
        line = key_line(paths.PARAMS, *location)
    except UserError:
        line = str(paths.PARAMS)
    return f"{line}: {'.'.join(str(part) for part in location)}: {reason}"
