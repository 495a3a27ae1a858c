"""Work per image on all cores of this machine, with progress. Neither shows in a result: the order is kept."""

import contextlib
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from golgoru.core.errors import UserError

Item = TypeVar("Item")
Result = TypeVar("Result")

_PATIENCE = 1.0  # CPU seconds in this process before others are considered
_WORTH_A_POOL = 2.0  # CPU seconds still to spend that pay for starting processes
_CHUNK = 64
_CLUSTER = "GOLGORU_CLUSTER"
_CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")
_task: Callable[[Any], Any]


def map_ordered(function: Callable[[Item], Result], items: Sequence[Item], label: str) -> list[Result]:
    """Return `function(item)` for each item, in order; see `map_batches`."""
    return map_batches(partial(_each, function), items, label, _CHUNK)


def map_batches(
    function: Callable[[Sequence[Item]], list[Result]], items: Sequence[Item], label: str, size: int
) -> list[Result]:
    """Return what `function` returns for batches of at most `size` items, which is one result per item, in order.

    Work starts in this process and moves to one process per core, or to a Dask cluster where GOLGORU_CLUSTER names
    one, when much of it is left. `function` must be picklable; it travels once per process, so it may carry a large
    context (`functools.partial`). `label` names the progress bar, which shows on a terminal only.
    """
    results: list[Result] = []
    address = os.environ.get(_CLUSTER)
    # Not by the clock: on a busy machine that would start processes that do not pay. A cluster costs this machine
    # nothing, and spares it the waiting for images that lie elsewhere.
    clock = time.monotonic if address else time.process_time
    with _progress(label, len(items)) as advance:
        begun, batch, per_item = clock(), 1, 0.0
        while len(results) < len(items):
            before = clock()
            results += function(items[len(results) : len(results) + batch])
            advance(len(results))
            per_item = (clock() - before) / batch
            batch = min(2 * batch, size)  # a first batch of large images must not take minutes
            spent = clock() - begun
            left = len(items) - len(results)
            worth_it = spent > _PATIENCE and spent / len(results) * left > _WORTH_A_POOL
            if worth_it and (address or usable_cores() > 1):
                break
        rest = items[len(results) :]
        moved = _on_cluster(address, function, rest, size, per_item) if address else _in_processes(function, rest, size)
        for found in moved:
            results += found
            advance(len(results))
    return results


def _each(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    return [function(item) for item in items]


def _in_processes(
    function: Callable[[Sequence[Item]], list[Result]], items: Sequence[Item], size: int
) -> Iterator[list[Result]]:
    if not items:
        return
    workers = usable_cores()
    size = max(1, min(size, len(items) // (4 * workers)))
    batches = [items[at : at + size] for at in range(0, len(items), size)]
    # spawn: a forked copy of a process with threads (pyarrow, BLAS) can hang.
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _start, (function,))
    done = 0
    try:
        with _without_main():  # all workers start here
            results = pool.map(_work, batches)
        for found in results:
            yield found
            done += 1
    except BrokenProcessPool:
        raise UserError(
            f"a worker process died at or soon after '{batches[done][0]}': out of memory, or a decoder that crashed; "
            f"free memory, or take the {size * workers} files from there on out one by one"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _on_cluster(
    address: str, function: Callable[[Sequence[Item]], list[Result]], items: Sequence[Item], size: int, seconds: float
) -> Iterator[list[Result]]:
    if not items:
        return iter(())
    try:
        from golgoru.core import cluster  # noqa: PLC0415  (an extra, which takes a second to import)
    except ModuleNotFoundError as error:
        raise UserError(f"{_CLUSTER} is set, and {error.name} is missing; run `uv sync --extra cluster`") from None
    return cluster.map_on_cluster(address, function, items, size, seconds)


def usable_cores() -> int:
    """Return how many cores this process may use: by its affinity, and by the quota of its container (cgroup v2)."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = _CPU_QUOTA.read_text("ascii").split()
        return max(1, min(cores, int(quota) // int(period)))
    except (OSError, ValueError):  # no such container, or no quota in it ("max")
        return cores


@contextlib.contextmanager
def _without_main() -> Iterator[None]:
    """Keep workers from importing `__main__`, the whole of a stage, where they need the module of their function."""
    main = sys.modules["__main__"]
    kept: dict[str, Any] = {name: vars(main).pop(name) for name in ("__spec__", "__file__") if name in vars(main)}
    main.__spec__ = None
    try:
        yield
    finally:
        vars(main).update(kept)


def _start(function: Callable[[Any], Any]) -> None:
    global _task  # noqa: PLW0603  (a worker's one task, set once)
    _task = function
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle


def _work(item: Any) -> Any:
    return _task(item)


@contextlib.contextmanager
def _progress(label: str, total: int) -> Iterator[Callable[[int], None]]:
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.console import Console  # noqa: PLC0415  (only where somebody looks)
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda done: bar.update(task, completed=done)
