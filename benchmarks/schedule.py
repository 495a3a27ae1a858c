"""How long work per image takes on a cluster: simulated, from costs that are measured on this machine.

    python -m benchmarks.schedule [--images 10000000 100000000] [--machines 1 4 16 64] [--folder IMAGES]

Measured, on the images of --folder (default: made-up photos of 640 x 480): CPU seconds of fingerprint and of features
per image and how they vary, what the results cost the client, and what a task costs scheduler and client.
Simulated, event by event, is what golgoru/core/cluster.py and Dask do: tasks of two seconds are given out in order, at
most four per core are under way, and the client takes the results one after another, in order. Machines share their
network among their cores, some workers are slow, and machines are lost with what runs and lies there and come back.
"""

import argparse
import heapq
import io
import pickle
import tempfile
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from distributed import LocalCluster
from numpy.typing import NDArray
from PIL import Image

from golgoru.core import cluster
from golgoru.core.storage import Folder
from golgoru.images import decode, statistics
from golgoru.model import crops, features, object_features
from golgoru.model.crops import ImageCrops
from golgoru.model.features import LIGHT, Patches

_TOGETHER = 16  # images whose time is taken together
_OBJECTS = 7  # per image, beside the image as a whole
_RESTART = 300.0  # seconds until a lost machine is back
_IN_FLIGHT, _TASK_SECONDS = cluster._TASKS_PER_CORE, cluster._TASK_SECONDS


class Work(NamedTuple):
    """Measured: seconds per image of single groups of images, of the client per image, and bytes per image."""

    name: str
    seconds: NDArray[np.float64]
    client_seconds: float
    image_bytes: float
    result_bytes: float


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


def simulate(work: Work, images: int, machines: Machines, task_seconds: float, seed: int = 0) -> Outcome:
    """Return what work on so many images takes. `task_seconds`: what a task costs the client beside its results."""
    rng = np.random.default_rng(seed)
    cores = machines.count * machines.cores
    per_image = float(work.seconds.mean())
    length = max(1, min(int(_TASK_SECONDS / per_image), images // (_IN_FLIGHT * cores)))
    tasks = -(-images // length)
    groups = rng.choice(work.seconds, (tasks, max(1, min(length // _TOGETHER, 64)))).mean(axis=1)
    network = work.image_bytes * 8 / (machines.gigabits * 1e9 / machines.cores)
    reading = network + machines.latency / machines.ahead
    return Simulation(length * (groups + reading), task_seconds + length * work.client_seconds, machines, seed).run()


def measure(folder: Path) -> list[Work]:
    """Return the costs of fingerprint and of features on the images of a folder."""
    files = [str(file) for file in sorted(folder.rglob("*")) if file.is_file()]
    random = np.random.default_rng(0)
    patches = Patches(*(random.normal(size=s).astype(np.float32) for s in (108, (108, 108), (LIGHT.patches, 108))))
    wanted = [_objects_of(file, random) for file in files]

    def fingerprint(some: Sequence[Any]) -> list[Any]:
        return statistics.fingerprint_files(some, (), 10**8)

    def compute_features(some: Sequence[Any]) -> list[Any]:
        cut = [crops._cut_crops(decode.decode_image(Folder().read(one.image)).image.convert("RGB"), one.boxes)
               for one in some]  # fmt: skip
        hog = [features.hog_and_colour(of_image) for of_image in cut]
        parts = zip(hog, (features.patch_features(of_image, patches, LIGHT.step) for of_image in cut), strict=True)
        return [np.concatenate(both, axis=1).astype(object_features.STORED_TYPE) for both in parts]

    size = float(np.mean([Path(file).stat().st_size for file in files]))
    return [
        _measure("fingerprint", fingerprint, files, size),
        _measure(f"crops and features of {_OBJECTS + 1}", compute_features, wanted, size),
    ]


def _objects_of(file: str, random: np.random.Generator) -> ImageCrops:
    boxes = [tuple(float(side) for side in random.uniform(10, 100, 4)) for _ in range(_OBJECTS)]
    return ImageCrops(file, "", (None, *boxes))  # type: ignore[arg-type]  # each has four sides


def _measure(name: str, function: Callable[[Sequence[Any]], list[Any]], items: Sequence[Any], size: float) -> Work:
    function(items[:_TOGETHER])  # imports
    seconds, results = [], []
    for at in range(0, len(items) - _TOGETHER + 1, _TOGETHER):
        begun = time.process_time()
        results += function(items[at : at + _TOGETHER])
        seconds.append((time.process_time() - begun) / _TOGETHER)
    data = pickle.dumps(results)
    begun = time.process_time()
    for _ in range(10):
        pickle.loads(data)  # noqa: S301  (our own)
    client = (time.process_time() - begun) / 10 / len(results)
    return Work(name, np.array(seconds), client, size, len(data) / len(results))


def task_cost(tasks: int = 500) -> float:
    """Return the seconds that an empty task costs, of client, scheduler and one worker, all on this machine."""
    with LocalCluster(n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as local:
        done = cluster.map_on_cluster(local.scheduler_address, list, range(tasks), 1, 3600.0)
        next(done)
        begun = time.monotonic()
        deque(done, maxlen=0)
        return (time.monotonic() - begun) / (tasks - 1)


def make_images(folder: Path, count: int = 256) -> None:
    """Write made-up photos: smooth areas, edges and grain."""
    random = np.random.default_rng(0)
    for number in range(count):
        coarse = Image.fromarray(random.integers(0, 256, (12, 16, 3), dtype=np.uint8)).resize((640, 480))
        grain = random.normal(0, random.uniform(2, 12), (480, 640, 1))
        out = io.BytesIO()
        Image.fromarray((np.asarray(coarse) + grain).clip(0, 255).astype(np.uint8)).save(out, "JPEG", quality=90)
        (folder / f"{number:03}.jpg").write_bytes(out.getvalue())


def main() -> None:
    """Measure, simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, nargs="+", default=[10_000_000, 100_000_000])
    parser.add_argument("--machines", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--cores", type=int, default=16, help="per machine")
    parser.add_argument("--gigabits", type=float, default=10, help="per second and machine")
    parser.add_argument("--latency", type=float, default=0.03, help="seconds until a bucket answers a request")
    parser.add_argument("--slow", type=float, default=0.05, help="share of workers at half speed")
    parser.add_argument("--lost", type=float, default=1 / 24, help="how often an hour a machine is lost")
    parser.add_argument("--folder", type=Path, help="images to measure on; default: made-up ones")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as passing:
        if options.folder is None:
            make_images(Path(passing))
        works = measure(options.folder or Path(passing))
    per_task = task_cost()
    print(f"Measured: a task costs {1000 * per_task:.1f} ms of client and scheduler; per image of "
          f"{works[0].image_bytes / 1000:.0f} kB:")  # fmt: skip
    for work in works:
        print(f"- {work.name}: {1000 * work.seconds.mean():.2f} ms "
              f"(groups of {_TOGETHER}: {1000 * work.seconds.min():.2f} "
              f"to {1000 * work.seconds.max():.2f}); result {work.result_bytes:,.0f} bytes, "
              f"{1e6 * work.client_seconds:.1f} us of the client")  # fmt: skip
    print(f"Simulated, {options.cores} cores a machine:\n")
    print("| work | images | machines | hours | cores busy | client busy |\n| --- | --- | --- | --- | --- | --- |")
    for work in works:
        for images in options.images:
            for count in options.machines:
                machines = Machines(count, options.cores, options.gigabits, options.latency, options.slow, options.lost)
                outcome = simulate(work, images, machines, per_task)
                print(f"| {work.name} | {images:,} | {count} | {outcome.hours:.2f} | {outcome.cores_busy:.0%} | "
                      f"{outcome.client_busy:.0%} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
