"""Work per image on a Dask cluster: batches go out, and their results come back in order, the same as from here.

The address stands in the environment variable GOLGORU_CLUSTER alone: no file of a repository may name a cluster, since
to connect to one is to run what it sends. `distributed` is an extra; this module and `cluster_worker` alone import it.
"""

import asyncio
import contextlib
import logging
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from typing import Any, TypeVar

import distributed
from distributed.comm.core import CommClosedError
from distributed.scheduler import KilledWorker

from golgoru.core import storage
from golgoru.core.cluster_worker import Work, different_code, process_versions, run_work
from golgoru.core.code_versions import code_versions, version_differences
from golgoru.core.errors import UserError

Item = TypeVar("Item")
Result = TypeVar("Result")

SETTING = "GOLGORU_CLUSTER"
_ADDRESS = re.compile(r"(tcp|tls)://[^/\s]+:\d{1,5}")
_CONNECT = 10.0  # seconds in which a scheduler, and then a worker, must be there
_LOST = 60.0  # seconds without any worker after which the work ends
_LOOK = 5.0  # seconds between two looks at the workers
_TASK_SECONDS = 2.0  # of work, beside which the milliseconds that a task costs client and scheduler are little
_TASKS_PER_CORE = 4  # under way: a slow one holds up nothing for that long, and few results wait in memory


def map_on_cluster(
    address: str, function: Callable[[Sequence[Item]], list[Result]], items: Sequence[Item], size: int, seconds: float
) -> Iterator[list[Result]]:
    """Yield what `function` returns for batches of at most `size` items, in order. `seconds`: what one item takes.

    Raises UserError where there is no cluster, where it has other code, or where an item ends its workers.
    """
    with _connected(address) as client:
        cluster = _Cluster(client, address)
        cores = cluster.checked_cores()
        length = max(1, min(int(_TASK_SECONDS / max(seconds, 1e-9)), len(items) // (_TASKS_PER_CORE * cores)))
        tasks = (items[at : at + length] for at in range(0, len(items), length))
        work = Work(function, size, storage.root_for_workers())
        client.register_plugin(work)
        try:
            yield from cluster.results(work.name, tasks, _TASKS_PER_CORE * cores)
        finally:
            with contextlib.suppress(OSError, TimeoutError):  # a scheduler that is gone has forgotten it
                client.unregister_worker_plugin(work.name)


@contextlib.contextmanager
def _connected(address: str) -> Iterator[Any]:
    if not _ADDRESS.fullmatch(address):
        raise UserError(f"{SETTING}={address}: expected the address of a Dask scheduler, such as tcp://10.0.0.1:8786")
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # tracebacks beside the message of ours
    connect: Any = distributed.Client
    try:
        asyncio.run(asyncio.wait_for(_greet(address), _CONNECT))
        client = connect(address, timeout=_CONNECT, set_as_default=False)
    except TypeError as error:  # what Dask raises where certificates are not configured
        raise UserError(
            f"{SETTING}={address}: {error}; name certificate, key and authority as `distributed.comm.tls` in Dask's "
            "configuration, see docs/scale.md"
        ) from None
    except (OSError, TimeoutError) as error:
        raise UserError(
            f"{SETTING}={address}: no Dask scheduler answered there within {_CONNECT:.0f} s "
            f"({type(error).__name__}); start one with `dask scheduler --port {address.rpartition(':')[2]}`, correct "
            f"the address, or `unset {SETTING}` to work on this machine"
        ) from None
    with client:
        yield client


async def _greet(address: str) -> None:
    """Exchange greetings with a scheduler: the client would wait for ever for one that is silent."""
    dask: Any = distributed
    comm = await dask.comm.connect(address, **dask.Security().get_connection_args("client"))
    await comm.close()


class _Cluster:
    """A cluster that answers. `client` is a `distributed.Client`, whose methods have no types."""

    def __init__(self, client: Any, address: str) -> None:
        self._client = client
        self._address = address

    def checked_cores(self) -> int:
        """Return how many workers there are. Raises UserError for none, or where a process would give other results."""
        start = f"`dask worker {self._address} --nworkers auto --nthreads 1`"
        try:
            self._client.wait_for_workers(1, timeout=_CONNECT)
        except TimeoutError:
            raise UserError(
                f"{SETTING}={self._address}: the scheduler has no workers; start some, on each machine, with {start}"
            ) from None
        threads = self._client.nthreads()
        for worker, count in threads.items():
            if count != 1:  # numerics are held to one thread per process
                raise UserError(f"worker {worker} runs {count} threads; start it with {start}")
        self._check_code()
        return len(threads)

    def _check_code(self) -> None:
        """Compare the code here with the scheduler's, which unpickles tasks too, and with each worker's."""
        try:
            scheduler = self._client.run_on_scheduler(process_versions)
        except Exception as error:  # whatever other code makes of the question
            scheduler = error
        answers = {"scheduler": scheduler}
        if isinstance(scheduler, dict):
            workers = self._client.run(process_versions, on_error="return")
            answers |= {f"worker {worker}": answer for worker, answer in workers.items()}
        for process, answer in answers.items():
            if isinstance(answer, OSError):  # lost meanwhile; one that comes back is asked when it is given work
                continue
            failed = {"golgoru": f"missing or other code ({type(answer).__name__}: {answer})"}
            versions = failed if isinstance(answer, Exception) else answer
            if differences := version_differences(code_versions(), versions):
                raise UserError(different_code(process, differences))

    def results(self, name: str, tasks: Iterator[Sequence[Any]], most: int) -> Iterator[list[Any]]:
        """Yield the results of tasks in order; at most so many are under way, or done and not yet yielded."""
        waiting: deque[tuple[Any, Any]] = deque()
        try:
            for number, items in enumerate(tasks):
                waiting.append((self._client.submit(run_work, name, items, key=(name, number)), items[0]))
                if len(waiting) >= most:
                    yield self._result(*waiting.popleft())
            while waiting:
                yield self._result(*waiting.popleft())
        finally:
            for future, _ in waiting:
                future.release()

    def _result(self, future: Any, first: Any) -> list[Any]:
        """Return the results of a task; `first` is its first item. Dask runs it again where its worker is lost."""
        name = first[0] if isinstance(first, tuple) else first
        try:
            self._wait(future, name)
            return list(future.result())
        except KilledWorker:
            raise UserError(
                f"the workers that were given '{name}' and what follows died, one after the other: out of memory, or "
                "a decoder that crashed; see their logs, give them more memory, or take the file out"
            ) from None
        except (CancelledError, CommClosedError):
            raise self._lost() from None

    def _wait(self, future: Any, name: Any) -> None:
        last_seen = time.monotonic()
        while time.monotonic() - last_seen < _LOST:
            try:
                future.exception(timeout=_LOOK)  # waits, and gives back an error of the task as a value
                return
            except TimeoutError:
                if self._has_workers():
                    last_seen = time.monotonic()
        raise UserError(
            f"all workers of the cluster were lost at or soon after '{name}', and none came back within {_LOST:.0f} s; "
            "see their logs, and start them again"
        )

    def _has_workers(self) -> bool:
        try:
            return bool(self._client.scheduler_info()["workers"])
        except OSError:
            raise self._lost() from None

    def _lost(self) -> UserError:
        return UserError(
            f"{SETTING}={self._address}: the scheduler was lost midway; see its log, start it again, and repeat"
        )
