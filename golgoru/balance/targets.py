"""The shares that a team wants: `rebalance.targets` of params.yaml, and the share of each value that follows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field

from golgoru.core import paths
from golgoru.core.arrays import Flags, Floats
from golgoru.core.errors import UserError
from golgoru.core.yaml_models import ConfigModel, ConfigProblem, key_line
from golgoru.splits.coverage import CLASS, EDGE_CASE

REPEAT_FACTOR = "repeat factor"
TargetRule = Literal["natural", "square root", "uniform", "effective number", "repeat factor"]
_MAX_NAMED = 20  # values in a message
_ROUNDING = 1e-9  # by which shares that people write may miss 1


def _per_value(fits: Callable[[Any], bool], expected: str, one: bool) -> BeforeValidator:
    """Return a check of numbers by value or, where `one` is allowed, of one number for every value."""

    def check(setting: Any) -> Any:
        if not isinstance(setting, dict):
            if setting is None or (one and _is_number(setting) and fits(setting)):
                return setting
            raise ValueError(f"expected {expected}, {'or one' if one else 'one'} for each of some values")
        for name, number in setting.items():
            if not isinstance(name, str):
                raise ValueError(f"expected names as text; put {name} in quotes")
            if not (_is_number(number) and fits(number)):
                raise ValueError(f"expected {expected} for '{name}', found {number!r:.80}")
        return setting

    return BeforeValidator(check)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_SHARE = "a share from 0 to 1"
_Shares = Annotated[Mapping[str, float], _per_value(lambda n: 0 <= n <= 1, _SHARE, one=False)]
_Floor = Annotated[float | Mapping[str, float] | None, _per_value(lambda n: 0 <= n <= 1, _SHARE, one=True)]
_Cap = Annotated[
    int | Mapping[str, int] | None,
    _per_value(lambda n: isinstance(n, int) and n >= 1, "a whole number of images, 1 or more", one=True),
]


class Target(ConfigModel):
    """One target: what is balanced (`by`), toward what (`to` or `shares`), and limits. See docs/balance.md."""

    by: str = CLASS
    to: TargetRule | None = None
    shares: _Shares = Field({})
    cap: _Cap = None
    floor: _Floor = None
    # The authors try 0.9 to 0.9999. At 0.999 no class counts as more than 1,000 different images.
    beta: float = Field(0.999, ge=0, lt=1)
    # Classes on less than a thousandth of the images are shown more often, as in LVIS.
    threshold: float = Field(0.001, gt=0, le=1)

    def problems(self) -> Iterator[ConfigProblem]:
        """Yield settings that contradict each other, or that no data could meet."""
        if self.to is None and not self.shares and self.cap is None and self.floor is None:
            yield ConfigProblem((), "expected one of the keys to, shares, cap and floor")
        if self.to is not None and self.shares:
            yield ConfigProblem(("shares",), "'to' and 'shares' exclude each other")
        if (total := sum(self.shares.values())) > 1 + _ROUNDING:
            yield ConfigProblem(("shares",), f"the shares add up to {total:g}, which is more than 1")
        if isinstance(self.floor, Mapping) and (total := sum(self.floor.values())) > 1 + _ROUNDING:
            yield ConfigProblem(("floor",), f"the floors add up to {total:g}, which is more than 1")
        if self.floor is not None and self.to == REPEAT_FACTOR:
            yield ConfigProblem(("floor",), "'repeat factor' weighs images and takes no floor of shares")
        for value, share in self.shares.items():
            if share < (least := self.floor_of(value)):
                yield ConfigProblem(("shares", value), f"{share:g} is below the floor of {least:g}")
        for key, belongs in (("beta", "effective number"), ("threshold", REPEAT_FACTOR)):
            if key in self.model_fields_set and self.to != belongs:
                yield ConfigProblem((key,), f"belongs to 'to: {belongs}'")

    @property
    def sets_shares(self) -> bool:
        """Whether the target sets shares, and does not only cap."""
        return self.to is not None or bool(self.shares) or self.floor is not None

    @property
    def named_values(self) -> set[str]:
        """The values that shares, caps and floors name."""
        return {value for by in (self.shares, self.cap, self.floor) if isinstance(by, Mapping) for value in by}

    def floor_of(self, value: str) -> float:
        """Return the lowest share that a value may have; 0 where none is set."""
        return float(self.floor.get(value, 0) if isinstance(self.floor, Mapping) else self.floor or 0)

    def cap_of(self, value: str) -> float:
        """Return how many images a value may have; infinity where no cap is set."""
        return float(self.cap.get(value, np.inf) if isinstance(self.cap, Mapping) else self.cap or np.inf)


def check_values(number: int, target: Target, values: Sequence[str]) -> None:
    """Raise UserError, naming key and line, where a target names a value that does not exist."""
    settings = {"shares": target.shares, "cap": target.cap, "floor": target.floor}
    unknown = [
        _message((number, key, value), f"there is no {_kind(target.by)} '{value}'; {list_names(values)}")
        for key, setting in settings.items()
        for value in (setting if isinstance(setting, Mapping) else ())
        if value not in values
    ]
    if unknown:
        raise UserError("\n".join(unknown))


def target_shares(number: int, target: Target, values: Sequence[str], counts: Floats) -> Floats:
    """Return the share that each value is to have; together they are 1.

    `counts` (values,): objects of each value, or images, near-duplicates counted once; at least one is above 0. Raises
    UserError, naming key and line, for what cannot be met: floors above 1, or shares that leave a rest to no value.
    """
    given = np.array([value in target.shares for value in values], bool)
    share = _given_shares(number, target, values, counts) if target.shares else _rule_shares(target, counts)
    floors = np.array([target.floor_of(value) for value in values])
    lowest = np.where(given, share, floors)
    if lowest.sum() > 1 + _ROUNDING:
        what = "the floors and the shares given" if given.any() else f"the floors of {len(values)} values"
        raise UserError(_message((number, "floor"), f"{what} add up to {lowest.sum():g}, which is more than 1"))
    return _with_floors(share, lowest, given)


def _rule_shares(target: Target, counts: Floats) -> Floats:
    """Return the shares that the rule `to` gives."""
    if target.to == "square root":
        # Halfway between what is there and even shares (Mahajan et al. 2018, who took it from word2vec).
        parts = np.sqrt(counts)
    elif target.to == "uniform":
        parts = np.ones(len(counts))
    elif target.to == "effective number":
        # Each image of a class weighs 1 over the effective number of them (Cui et al. 2019).
        parts = counts * (1 - target.beta) / np.where(counts > 0, 1 - target.beta**counts, 1)
    else:
        parts = counts
    share: Floats = parts / parts.sum()
    return share


def _given_shares(number: int, target: Target, values: Sequence[str], counts: Floats) -> Floats:
    """Return the shares that the settings give; the other values share the rest in proportion to their counts."""
    share = np.array([target.shares.get(value, 0.0) for value in values])
    others = np.array([0.0 if value in target.shares else count for value, count in zip(values, counts, strict=True)])
    rest = max(1 - float(share.sum()), 0.0)
    if rest > _ROUNDING and not others.any():
        reason = f"the shares add up to {share.sum():g}, and there is no other {_kind(target.by)} to take the rest"
        raise UserError(_message((number, "shares"), f"{reason}; make them add up to 1"))
    return share + rest * others / max(float(others.sum()), 1e-300)


def _with_floors(share: Floats, lowest: Floats, given: Flags) -> Floats:
    """Return the shares with none below its lowest one; the others give up in proportion what that takes."""
    fixed = given.copy()
    while not fixed.all():
        free = share[~fixed].sum()
        rest = max(1 - lowest[fixed].sum(), 0.0)
        raised = np.where(fixed, lowest, share * (rest / free if free > 0 else 0.0))
        if not (below := ~fixed & (raised < lowest)).any():
            return raised
        fixed |= below
    return lowest


def list_names(names: Sequence[str]) -> str:
    """Return names as the end of a message: `there are cat, dog`."""
    if not names:
        return "there is none"
    more = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
    return f"there are {', '.join(names[:_MAX_NAMED])}{more}"


def unknown_column_error(number: int, by: str, columns: Sequence[str]) -> UserError:
    """Return the error of a target by something that does not exist."""
    reason = f"'{by}' is neither class nor edge case, nor a column to balance by; {list_names(columns)}"
    return UserError(_message((number, "by"), reason))


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
