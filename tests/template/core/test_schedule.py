"""The simulated schedule against what can be worked out by hand."""

import numpy as np
import pytest

from benchmarks import schedule
from benchmarks.schedule import Machines, Simulation

FOUR_CORES = Machines(count=2, cores=2, gigabits=10, latency=0, slow=0, lost=0)


def hours(durations: list[float], client: float = 0.0, machines: Machines = FOUR_CORES) -> float:
    return Simulation(np.array(durations), client, machines).run().hours


def test_equal_tasks_fill_all_cores() -> None:
    outcome = Simulation(np.full(40, 360.0), 0.0, FOUR_CORES).run()
    assert outcome.hours == pytest.approx(1.0)
    assert outcome.cores_busy == pytest.approx(1.0)


def test_a_client_that_takes_longer_than_the_workers_decides() -> None:
    outcome = Simulation(np.full(40, 1.0), 360.0, FOUR_CORES).run()
    assert outcome.hours == pytest.approx(4.0, rel=1e-3)
    assert outcome.client_busy == pytest.approx(1.0, rel=1e-3)


def test_slow_workers_take_twice_as_long() -> None:
    assert hours([360.0] * 40, machines=FOUR_CORES._replace(slow=1.0)) == pytest.approx(2.0)


def test_what_is_lost_is_done_again_and_nothing_is_left_out() -> None:
    assert 1.0 < hours([360.0] * 40, machines=FOUR_CORES._replace(lost=2.0)) < 10.0


def test_while_one_task_is_slow_only_so_many_others_are_begun() -> None:
    """Sixteen may be under way: three cores do fifteen and wait for the first, then four do the other 24."""
    assert hours([36000.0] + [360.0] * 39) == pytest.approx(10.0 + 0.6)


def test_a_power_law_goes_through_both_sizes() -> None:
    for size, value in ((10, 5.0), (100, 50.0), (1000, 500.0)):
        assert schedule.extrapolated([10, 100], [5.0, 50.0], size) == pytest.approx(value)
    assert schedule.extrapolated([10, 100], [1.0, 100.0], 1000) == pytest.approx(10_000)


def test_parts_are_done_one_after_the_other_and_each_has_a_start() -> None:
    work = schedule.Work("w", np.array([36.0]), client_seconds=0, image_bytes=0, result_bytes=0)
    whole = schedule.simulate(work, 4000, FOUR_CORES, 0.0, start=360.0)
    parts = schedule.simulate(work._replace(together=1000), 4000, FOUR_CORES, 0.0, start=360.0)
    assert whole.hours == pytest.approx(10.0 + 0.1)
    assert parts.hours == pytest.approx(10.0 + 0.4)
    assert parts.cores_busy == pytest.approx(10.0 / 10.4)
