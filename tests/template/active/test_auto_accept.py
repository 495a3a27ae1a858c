"""From which confidence on pre-annotations are accepted: a bound that holds on labels not yet seen."""

import numpy as np
import pandas as pd
import pytest

from golgoru.active.auto_accept import auto_accept_table, chosen_threshold

ONE = pd.Series([0.999])


def evaluated(confidence, correct, group=None):
    rows = pd.DataFrame({"confidence": confidence, "correct": np.asarray(correct, float)})
    return rows.assign(group=range(len(rows)) if group is None else group)


def simulated(seed, count=3000):
    """Return predictions that are correct as often as their confidence says."""
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(0.3, 1, count)
    return evaluated(confidence, rng.random(count) < confidence)


def test_the_lowest_threshold_whose_bound_holds_is_chosen():
    table = auto_accept_table(simulated(0), pd.Series([0.5, 0.96, 0.99]), 0.9).set_index("threshold")
    (chosen,) = table.index[table["chosen"]]
    assert table.loc[chosen, "lower_bound"] >= 0.9
    assert (table.loc[table.index < chosen, "lower_bound"] < 0.9).all()
    assert table["preannotations"].to_dict()[0.95] == 2
    assert chosen_threshold(table.reset_index()) == chosen


def test_the_bound_is_kept_on_held_out_labels():
    kept = []
    for seed in range(60):
        table = auto_accept_table(simulated(seed, 600), ONE, 0.85)
        if (threshold := chosen_threshold(table)) is None:
            continue
        later = simulated(1_000 + seed, 20_000)
        correct = later.loc[later["confidence"] >= threshold, "correct"].mean()
        kept.append(correct >= float(table.loc[table["chosen"], "lower_bound"].iloc[0]))
    # The bound holds in 95 of 100 by construction; of forty and more, three misses are within chance.
    assert len(kept) >= 40
    assert kept.count(False) <= 3


def test_a_model_that_is_often_wrong_is_never_accepted():
    table = auto_accept_table(evaluated(np.full(500, 0.99), np.arange(500) % 3 == 0), pd.Series([0.99]), 0.95)
    assert chosen_threshold(table) is None
    assert not table["chosen"].any()


def test_few_labels_promise_little():
    ten, thousand = (auto_accept_table(evaluated(np.full(n, 0.995), np.ones(n)), ONE, 0.95) for n in (10, 1000))
    assert chosen_threshold(ten) is None
    assert ten["correct"].eq(1).all()
    assert chosen_threshold(thousand) == 0.5


def test_images_of_one_group_count_for_little_more_than_one():
    correct = np.repeat(np.arange(20) % 10 != 0, 50)
    independent = auto_accept_table(evaluated(np.full(1000, 0.9), correct), ONE, 0.8)
    grouped = auto_accept_table(evaluated(np.full(1000, 0.9), correct, np.repeat(range(20), 50)), ONE, 0.8)
    assert independent["lower_bound"].max() > 0.85
    assert grouped["lower_bound"].max() < 0.75


def test_without_preannotations_nothing_is_promised():
    table = auto_accept_table(evaluated(np.full(1000, 0.995), np.ones(1000)), pd.Series(dtype=float), 0.95)
    assert table["lower_bound"].gt(0.95).all()
    assert chosen_threshold(table) is None


def test_without_labels_there_is_no_share_and_no_bound():
    table = auto_accept_table(evaluated([], []), pd.Series([0.9]), 0.95)
    assert table["correct"].isna().all()
    assert table["lower_bound"].isna().all()
    assert chosen_threshold(table) is None


@pytest.mark.parametrize("wanted", [0.5, 0.99])
def test_bounds_are_below_the_share(wanted):
    table = auto_accept_table(simulated(3), ONE, wanted).dropna()
    assert (table["lower_bound"] < table["correct"]).all()
