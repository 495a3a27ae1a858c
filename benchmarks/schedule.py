"""How long ten and a hundred million images take: SIMULATED and extrapolated, from what is measured on this machine.

    python -m benchmarks.schedule [--images 10000000 100000000] [--machines 1 4 16 64]
    python -m benchmarks.schedule --scale FOLDER --sizes 100000 1000000 [--task detection]

Measured, on made-up photos of 640 x 480 with seven objects: CPU seconds of fingerprint and of the streamed predict per
image and how they vary, what their results cost the client, and what a task costs scheduler and client.
Simulated, event by event, is what golgoru/core/cluster.py and Dask do: tasks of two seconds are given out in order, at
most four per core are under way, and the client takes the results one after another, in order; predict gives out
100,000 images at a time and waits for them. Machines share their network among their cores, some workers are slow, and
machines are lost with what runs and lies there and come back.
Extrapolated are the stages of tables, which stay on one machine: a power law through the CPU and the memory of two
sizes that `python -m benchmarks.scale --folder FOLDER` measured. No size that is printed was ever run.
"""

import argparse
import heapq
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.schedule_costs import TOGETHER, Work, measure, task_cost
from golgoru.core import cluster, parallel
from tests.template.builders.clones import STAGES

_PARTS_SIMULATED = 10
_RESTART = 300.0  # seconds until a lost machine is back
_ON_CLUSTER = ("fingerprint", "predict")  # stages whose work is almost all per image
_IN_FLIGHT, _TASK_SECONDS = cluster._TASKS_PER_CORE, cluster._TASK_SECONDS


class Machines(NamedTuple):
    """What is assumed of the cluster; `latency` and `ahead` are those of a request for an image, `lost` per hour."""

    count: int
    cores: int
    gigabits: float
    latency: float
    slow: float
    lost: float
    ahead: int = 16


class Outcome(NamedTuple):
    """Hours until the last result, the share of the cores' time that was work, and that of the client's time."""

    hours: float
    cores_busy: float
    client_busy: float


class Simulation:
    """Tasks on workers, second by second of a clock that jumps from event to event."""

    def __init__(self, durations: NDArray[np.float64], client: float, machines: Machines, seed: int = 0) -> None:
        self._rng = np.random.default_rng(seed)
        self._durations, self._client, self._machines = durations, client, machines
        workers = machines.count * machines.cores
        self._speed = np.where(self._rng.random(workers) < machines.slow, 0.5, 1.0)
        self._life = [0] * machines.count  # how often each was lost: what ran before does not end after
        self._idle = list(range(workers))
        self._waiting: list[int] = []  # a heap: what was lost is given out again first
        self._ran_on: dict[int, int] = {}  # machine that holds a result
        self._running: dict[int, int] = {}  # task by worker
        self._next = self._head = 0
        self._events: list[tuple[float, str, tuple[int, ...]]] = []
        self._taking = False

    def run(self) -> Outcome:
        """Run all tasks."""
        now = 0.0
        for machine in range(self._machines.count):
            self._plan_loss(now, machine)
        self._submit(_IN_FLIGHT * len(self._idle))
        while self._head < len(self._durations):
            self._give_out(now)
            if not self._taking and self._head in self._ran_on:
                self._taking = True
                heapq.heappush(self._events, (now + self._client, "taken", ()))
            now, event, facts = heapq.heappop(self._events)
            getattr(self, f"_{event}")(now, *facts)
        workers = len(self._speed)
        total = float(self._durations.sum())
        return Outcome(now / 3600, total / (workers * now), self._client * len(self._durations) / now)

    def _submit(self, tasks: int) -> None:
        for _ in range(min(tasks, len(self._durations) - self._next)):
            heapq.heappush(self._waiting, self._next)
            self._next += 1

    def _give_out(self, now: float) -> None:
        while self._idle and self._waiting:
            worker, task = self._idle.pop(), heapq.heappop(self._waiting)
            self._running[worker] = task
            end = now + self._durations[task] / self._speed[worker]
            life = self._life[worker // self._machines.cores]
            heapq.heappush(self._events, (end, "finished", (worker, task, life)))

    def _finished(self, now: float, worker: int, task: int, life: int) -> None:
        machine = worker // self._machines.cores
        if life == self._life[machine]:
            del self._running[worker]
            self._ran_on[task] = machine
            self._idle.append(worker)

    def _taken(self, now: float) -> None:
        self._ran_on.pop(self._head, None)
        self._head += 1
        self._taking = False
        self._submit(1)

    def _lost(self, now: float, machine: int) -> None:
        self._life[machine] += 1
        cores = self._machines.cores
        own = range(machine * cores, (machine + 1) * cores)
        again = [self._running.pop(worker) for worker in own if worker in self._running]
        again += [task for task, holder in self._ran_on.items() if holder == machine and task > self._head]
        for task in again:
            self._ran_on.pop(task, None)
            heapq.heappush(self._waiting, task)
        self._idle = [worker for worker in self._idle if worker not in own]
        heapq.heappush(self._events, (now + _RESTART, "back", (machine,)))

    def _back(self, now: float, machine: int) -> None:
        cores = self._machines.cores
        self._idle += range(machine * cores, (machine + 1) * cores)
        self._plan_loss(now, machine)

    def _plan_loss(self, now: float, machine: int) -> None:
        if self._machines.lost:
            after = self._rng.exponential(3600 / self._machines.lost)
            heapq.heappush(self._events, (now + after, "lost", (machine,)))


def simulate(work: Work, images: int, machines: Machines, task_seconds: float, start: float) -> Outcome:
    """Return what work on so many images takes; where they are given out part by part, by the mean of some parts.

    `task_seconds`: what a task costs the client beside its results; `start`: seconds at the beginning of each part.
    """
    parts = 1 if work.together is None else -(-images // work.together)
    seeds = range(min(parts, _PARTS_SIMULATED))
    of_part = [simulate_part(work, images // parts, machines, task_seconds, seed) for seed in seeds]
    hours, cores_busy, client_busy = (float(value) for value in np.mean(of_part, axis=0))
    share = hours / (hours + start / 3600)
    return Outcome(parts * (hours + start / 3600), cores_busy * share, client_busy * share)


def simulate_part(work: Work, images: int, machines: Machines, task_seconds: float, seed: int) -> Outcome:
    """Return what the images that are given out together take."""
    rng = np.random.default_rng(seed)
    cores = machines.count * machines.cores
    per_image = float(work.seconds.mean())
    length = max(1, min(int(_TASK_SECONDS / per_image), images // (_IN_FLIGHT * cores)))
    tasks = -(-images // length)
    groups = rng.choice(work.seconds, (tasks, max(1, min(length // TOGETHER, 64)))).mean(axis=1)
    network = work.image_bytes * 8 / (machines.gigabits * 1e9 / machines.cores)
    reading = network + machines.latency / machines.ahead
    return Simulation(length * (groups + reading), task_seconds + length * work.client_seconds, machines, seed).run()


def extrapolated(sizes: Sequence[int], measured: Sequence[float], size: int) -> float:
    """Return the value at `size` of the power law through two measured ones."""
    exponent = math.log(measured[1] / measured[0]) / math.log(sizes[1] / sizes[0])
    return float(measured[1] * (size / sizes[1]) ** exponent)


def print_tables(folder: Path, task: str, sizes: Sequence[int], images: Sequence[int]) -> None:
    """Print hours of CPU and GB of memory per stage of tables, by the figures of benchmarks.scale."""
    figures = [json.loads((folder / f"{task}-{size}" / "scale.json").read_text()) for size in sizes]
    print(f"Extrapolated from {sizes[0]:,} and {sizes[1]:,} images, one machine: hours of CPU, GB of memory\n")
    print(f"| stage | {' | '.join(f'{count:,} images' for count in images)} |\n|{' --- |' * (len(images) + 1)}")
    for stage in (s for s in STAGES if s not in _ON_CLUSTER and all(s in of_size for of_size in figures)):
        cpu, memory = ([of_size[stage][name] for of_size in figures] for name in ("cpu", "MB"))
        cells = [
            f"{extrapolated(sizes, cpu, count) / 3600:,.1f} h, {extrapolated(sizes, memory, count) / 1000:,.0f} GB"
            for count in images
        ]
        print(f"| {stage} | {' | '.join(cells)} |")


def print_simulated(options: argparse.Namespace) -> None:
    """Measure, simulate and print the stages of images."""
    works, (per_task, start) = measure(), task_cost()
    start += parallel._PATIENCE  # in which work stays in the client's process
    print(f"Measured: a task costs {1000 * per_task:.1f} ms of client and scheduler, a start {start:.1f} s; "
          f"per image of {works[0].image_bytes / 1000:.0f} kB:")  # fmt: skip
    for work in works:
        low, mean, high = (1000 * f(work.seconds) for f in (np.min, np.mean, np.max))
        print(f"- {work.name}: {mean:.2f} ms (groups of {TOGETHER}: {low:.2f} to {high:.2f}); "
              f"result {work.result_bytes:,.0f} bytes, {1e6 * work.client_seconds:.1f} us of the client")  # fmt: skip
    print(f"\nSimulated, {options.cores} cores a machine:\n")
    print("| work | images | machines | hours | cores busy | client busy |\n| --- | --- | --- | --- | --- | --- |")
    for work in works:
        for images in options.images:
            for count in options.machines:
                machines = Machines(count, options.cores, options.gigabits, options.latency, options.slow, options.lost)
                outcome = simulate(work, images, machines, per_task, start)
                print(f"| {work.name} | {images:,} | {count} | {outcome.hours:.2f} | {outcome.cores_busy:.0%} | "
                      f"{outcome.client_busy:.0%} |", flush=True)  # fmt: skip


def main() -> None:
    """Print what is asked for: the simulation, or with --scale the stages of tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, nargs="+", default=[10_000_000, 100_000_000])
    parser.add_argument("--machines", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--cores", type=int, default=16, help="per machine")
    parser.add_argument("--gigabits", type=float, default=10, help="per second and machine")
    parser.add_argument("--latency", type=float, default=0.03, help="seconds until a bucket answers a request")
    parser.add_argument("--slow", type=float, default=0.05, help="share of workers at half speed")
    parser.add_argument("--lost", type=float, default=1 / 24, help="how often an hour a machine is lost")
    parser.add_argument("--scale", type=Path, help="where benchmarks.scale left its figures")
    parser.add_argument("--sizes", type=int, nargs=2, default=[100_000, 1_000_000], help="of the figures there")
    parser.add_argument("--task", default="detection", help="of the figures there")
    options = parser.parse_args()
    if options.scale:
        print_tables(options.scale, options.task, options.sizes, options.images)
    else:
        print_simulated(options)


if __name__ == "__main__":
    main()
