"""A queue from several strategies: each picks its part, and any beginning of the queue has something of all."""

from collections.abc import Callable, Mapping

import pandas as pd

from golgoru.active.strategies import STRATEGIES, Picks, Strategy


def mixed_queue(budget: int, mix: Mapping[Strategy, float], pick: Callable[[Strategy, int], Picks]) -> pd.DataFrame:
    """Return up to `budget` rows (image, rank, strategy, score, reasons), in order of rank.

    `pick` returns up to so many images of a strategy that it has not returned before. Where a strategy runs out, the
    others share what is left.
    """
    found: list[pd.DataFrame] = []
    open_ = [strategy for strategy in STRATEGIES if mix.get(strategy, 0) > 0]
    left = budget
    while left > 0 and open_:
        for strategy, count in _apportioned(left, {strategy: mix[strategy] for strategy in open_}).items():
            got = pick(strategy, count)
            found.append(_queue_rows(strategy, got))
            left -= len(got.images)
            if len(got.images) < count:
                open_.remove(strategy)
    queue = pd.concat(found, ignore_index=True) if found else _queue_rows(STRATEGIES[0], Picks([], [], []))
    of_strategy = queue.groupby("strategy", sort=False)
    when = (of_strategy.cumcount() + 0.5) / of_strategy["image"].transform("size")
    order = queue.assign(when=when.round(9), place=queue["strategy"].map(STRATEGIES.index)).sort_values(
        ["when", "place"]
    )
    return order.assign(rank=range(1, len(order) + 1)).drop(columns=["when", "place"])


def _queue_rows(strategy: Strategy, picks: Picks) -> pd.DataFrame:
    return pd.DataFrame({
        "image": pd.Series(picks.images, dtype="str"),
        "strategy": strategy,
        "score": pd.Series(picks.scores, dtype=float),
        "reasons": pd.Series(picks.reasons, dtype="str"),
    })  # fmt: skip


def _apportioned(count: int, shares: Mapping[Strategy, float]) -> dict[Strategy, int]:
    """Return `count` shared out by largest remainders; of equal ones the first."""
    total = sum(shares.values())
    exact = {strategy: count * share / total for strategy, share in shares.items()}
    whole = {strategy: int(value + 1e-9) for strategy, value in exact.items()}
    over = sorted(shares, key=lambda strategy: -round(exact[strategy] - whole[strategy], 9))
    for strategy in over[: count - sum(whole.values())]:
        whole[strategy] += 1
    return whole
