"""A Dask cluster on this machine, and functions that its workers run."""

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import dask
from distributed import LocalCluster

from golgoru.core.errors import UserError

# What a worker that died costs: it is run once more elsewhere, and asked for a second.
_IMPATIENT = {"distributed.scheduler.allowed-failures": 1, "distributed.comm.timeouts.connect": "1s"}


@contextmanager
def local_cluster(workers: int, threads: int = 1, processes: bool = True) -> Iterator[LocalCluster]:
    """Start a cluster on the loopback interface; a worker that dies is started again."""
    with (
        dask.config.set(_IMPATIENT),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=threads,
            processes=processes,
            protocol="tcp",
            host="127.0.0.1",
            dashboard_address=None,
        ) as cluster,
    ):
        yield cluster


def add_with_process(numbers: Sequence[int]) -> list[tuple[int, int, int]]:
    """Return each number plus ten, with the process and how many numbers came together."""
    return [(number + 10, os.getpid(), len(numbers)) for number in numbers]


def die_once(numbers: Sequence[int], at: int, sign: Path) -> list[int]:
    """Return the numbers; the first worker that is given `at` ends itself."""
    if at in numbers and not sign.exists():
        sign.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return list(numbers)


def die_at(images: Sequence[tuple[str, str]], at: str) -> list[str]:
    """Return names of images; a worker that is given `at` ends itself."""
    if any(image == at for image, _ in images):
        os.kill(os.getpid(), signal.SIGKILL)
    return [image for image, _ in images]


def complain(numbers: Sequence[int]) -> list[int]:
    """Raise for numbers from fifty on."""
    if max(numbers) >= 50:
        raise UserError(f"file {max(numbers[0], 50)} is bad")
    return list(numbers)


def time_out(numbers: Sequence[int]) -> list[int]:
    """Raise what waiting raises, too."""
    raise TimeoutError(f"{numbers[0]} took too long")
