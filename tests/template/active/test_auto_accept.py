"""From which confidence on proposals are accepted: a bound that holds on labels that nobody has seen yet."""

import numpy as np
import pandas as pd
import pytest

from golgoru.active import auto_accept

SOME = pd.Series([0.999])


def judged(confidence, right, group=None):
    rows = pd.DataFrame({"confidence": confidence, "right": np.asarray(right, float)})
    return rows.assign(group=range(len(rows)) if group is None else group)


def drawn(seed, count=3000):
    """Return predictions that are right as often as their confidence says."""
    dice = np.random.default_rng(seed)
    confidence = dice.uniform(0.3, 1, count)
    return judged(confidence, dice.random(count) < confidence)


def test_the_lowest_threshold_that_surely_holds_is_chosen():
    found = auto_accept.auto_accept_table(drawn(0), pd.Series([0.5, 0.96, 0.99]), 0.9).set_index("threshold")
    (chosen,) = found.index[found["chosen"]]
    assert found.loc[chosen, "at_least"] >= 0.9
    assert (found.loc[found.index < chosen, "at_least"] < 0.9).all()
    assert found["proposals"].to_dict()[0.95] == 2
    assert auto_accept.chosen_threshold(found.reset_index()) == chosen


def test_what_is_promised_is_kept_on_labels_that_were_held_back():
    kept = []
    for seed in range(60):
        table = auto_accept.auto_accept_table(drawn(seed, 600), SOME, 0.85)
        if (threshold := auto_accept.chosen_threshold(table)) is None:
            continue
        later = drawn(1_000 + seed, 20_000)
        right = later.loc[later["confidence"] >= threshold, "right"].mean()
        kept.append(right >= float(table.loc[table["chosen"], "at_least"].iloc[0]))
    # The bound holds in 95 of 100 by construction; of forty and more, three misses are what chance allows.
    assert len(kept) >= 40
    assert kept.count(False) <= 3


def test_a_model_that_is_often_wrong_is_never_accepted():
    table = auto_accept.auto_accept_table(judged(np.full(500, 0.99), np.arange(500) % 3 == 0), pd.Series([0.99]), 0.95)
    assert auto_accept.chosen_threshold(table) is None
    assert not table["chosen"].any()


def test_few_labels_promise_little():
    ten, thousand = (
        auto_accept.auto_accept_table(judged(np.full(n, 0.995), np.ones(n)), SOME, 0.95) for n in (10, 1000)
    )
    assert auto_accept.chosen_threshold(ten) is None
    assert ten["right"].eq(1).all()
    assert auto_accept.chosen_threshold(thousand) == 0.5


def test_pictures_of_one_group_count_for_little_more_than_one():
    right = np.repeat(np.arange(20) % 10 != 0, 50)
    apart = auto_accept.auto_accept_table(judged(np.full(1000, 0.9), right), SOME, 0.8)
    together = auto_accept.auto_accept_table(judged(np.full(1000, 0.9), right, np.repeat(range(20), 50)), SOME, 0.8)
    assert apart["at_least"].max() > 0.85
    assert together["at_least"].max() < 0.75


def test_without_proposals_nothing_is_promised():
    table = auto_accept.auto_accept_table(judged(np.full(1000, 0.995), np.ones(1000)), pd.Series(dtype=float), 0.95)
    assert table["at_least"].gt(0.95).all()
    assert auto_accept.chosen_threshold(table) is None


def test_without_labels_nothing_is_said():
    table = auto_accept.auto_accept_table(judged([], []), pd.Series([0.9]), 0.95)
    assert table["right"].isna().all()
    assert table["at_least"].isna().all()
    assert auto_accept.chosen_threshold(table) is None


@pytest.mark.parametrize("wanted", [0.5, 0.99])
def test_bounds_are_below_the_share(wanted):
    table = auto_accept.auto_accept_table(drawn(3), SOME, wanted).dropna()
    assert (table["at_least"] < table["right"]).all()
