"""A queue from several strategies: each picks its share, and any beginning of the queue has some of each."""

from collections.abc import Callable, Mapping

import pandas as pd

from golgoru.active.strategies import STRATEGIES, Picks, Strategy


def mixed_queue(budget: int, mix: Mapping[Strategy, float], pick: Callable[[Strategy, int], Picks]) -> pd.DataFrame:
    """Return up to `budget` rows (image, rank, strategy, score, reasons), in order of rank.

    `pick` returns at most that many images of a strategy, none of them twice. Where a strategy runs out, the others
    share what is left.
    """
    parts: list[pd.DataFrame] = []
    open_ = [strategy for strategy in STRATEGIES if mix.get(strategy, 0) > 0]
    left = budget
    while left > 0 and open_:
        for strategy, count in _apportioned(left, {strategy: mix[strategy] for strategy in open_}).items():
            picks = pick(strategy, count)
            parts.append(_queue_rows(strategy, picks))
            left -= len(picks.images)
            if len(picks.images) < count:
                open_.remove(strategy)
    queue = pd.concat(parts, ignore_index=True) if parts else _queue_rows(STRATEGIES[0], Picks([], [], []))
    of_strategy = queue.groupby("strategy", sort=False)
    position = ((of_strategy.cumcount() + 0.5) / of_strategy["image"].transform("size")).round(9)
    order = queue["strategy"].map(STRATEGIES.index)
    ranked = queue.assign(position=position, order=order).sort_values(["position", "order"])
    return ranked.assign(rank=range(1, len(ranked) + 1)).drop(columns=["position", "order"])


def _queue_rows(strategy: Strategy, picks: Picks) -> pd.DataFrame:
    return pd.DataFrame({
        "image": pd.Series(picks.images, dtype="str"),
        "strategy": strategy,
        "score": pd.Series(picks.scores, dtype=float),
        "reasons": pd.Series(picks.reasons, dtype="str"),
    })  # fmt: skip


def _apportioned(count: int, shares: Mapping[Strategy, float]) -> dict[Strategy, int]:
    """Return `count` apportioned to the shares by largest remainders; of equal ones the first."""
    total = sum(shares.values())
    exact = {strategy: count * share / total for strategy, share in shares.items()}
    whole = {strategy: int(value + 1e-9) for strategy, value in exact.items()}
    by_remainder = sorted(shares, key=lambda strategy: -round(exact[strategy] - whole[strategy], 9))
    for strategy in by_remainder[: count - sum(whole.values())]:
        whole[strategy] += 1
    return whole
