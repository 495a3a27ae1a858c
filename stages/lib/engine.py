"""The one seam for work per picture: processes, progress, and a memory of what was computed before.

Neither shows in a result: order is kept, and the memory is keyed by content and by the code that computed.
"""

import contextlib
import hashlib
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from stages.lib.errors import UserError

Item = TypeVar("Item")
Result = TypeVar("Result")

FOLDER = Path(".cache")
_PATIENCE = 1.0  # seconds of work in this process before others are considered
_WORTH_A_POOL = 2.0  # seconds of work still to do that pay for starting processes
_CHUNK = 64
_task: Callable[[Any], Any]


def map_ordered(function: Callable[[Item], Result], items: Sequence[Item], label: str) -> list[Result]:
    """Return `function(item)` for each item, in order.

    Work starts in this process and moves to one process per core when much of it is left. `function` must be
    picklable; it travels once per process, so it may carry a large context (`functools.partial`). `label` names
    the progress bar, which shows on a terminal only.
    """
    results: list[Result] = []
    with _progress(label, len(items)) as advance:
        begun = time.monotonic()
        for item in items:
            results.append(function(item))
            advance()
            spent = time.monotonic() - begun
            left = len(items) - len(results)
            if spent > _PATIENCE and spent / len(results) * left > _WORTH_A_POOL and (os.cpu_count() or 1) > 1:
                break
        for result in _in_processes(function, items[len(results) :]):
            results.append(result)
            advance()
    return results


def _in_processes(function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    if not items:
        return
    workers = os.cpu_count() or 1
    chunk = max(1, min(_CHUNK, len(items) // (4 * workers)))
    # spawn: a forked copy of a process with threads (pyarrow, BLAS) can hang.
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _start, (function,))
    done = 0
    try:
        for result in pool.map(_work, items, chunksize=chunk):
            yield result
            done += 1
    except BrokenProcessPool:
        raise UserError(
            f"a worker process died at or soon after '{items[done]}': out of memory, or a decoder that crashed; "
            f"free memory, or take the {chunk * workers} files from there on out one by one"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _start(function: Callable[[Any], Any]) -> None:
    global _task  # noqa: PLW0603  (a worker's one task, set once)
    _task = function
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle


def _work(item: Any) -> Any:
    return _task(item)


@contextlib.contextmanager
def _progress(label: str, total: int) -> Iterator[Callable[[], None]]:
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console  # noqa: PLC0415  (only where somebody looks)
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda: bar.advance(task)


def version_of(*modules: ModuleType | str) -> str:
    """Return a digest of the modules' source and of the given texts: what a remembered result depends on."""
    digest = hashlib.md5(usedforsecurity=False)
    for module in modules:
        source = module if isinstance(module, str) else Path(str(module.__file__)).read_text("utf-8")
        digest.update(f"{len(source)}:{source}".encode())
    return digest.hexdigest()


class Memory:
    """Results per content, kept in .cache/NAME.parquet beside the outputs of stages, never among them.

    What cannot be read, or was written by other code, is computed anew; what cannot be written is not kept.
    """

    def __init__(self, name: str, version: str) -> None:
        self._path = FOLDER / f"{name}.parquet"
        self._version = version.encode()

    def recall(self, columns: Sequence[str]) -> pd.DataFrame:
        """Return what is remembered, one row per content, indexed by `content`."""
        try:
            table = pq.read_table(self._path, page_checksum_verification=True)
            found: pd.DataFrame = table.to_pandas().set_index("content")[list(columns)]
            if (table.schema.metadata or {}).get(b"version") == self._version and found.index.is_unique:
                return found
        except Exception:  # noqa: S110  (whatever is wrong with it: compute anew)
            pass
        return pd.DataFrame(columns=list(columns), index=pd.Index([], name="content", dtype="str"))

    def keep(self, rows: pd.DataFrame) -> None:
        """Remember `rows`, indexed by `content`, in place of what was there."""
        table = pa.Table.from_pandas(rows.rename_axis("content").reset_index(), preserve_index=False)
        table = table.replace_schema_metadata({"version": self._version})
        part = self._path.with_name(f".{self._path.name}.{os.getpid()}.part")
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(exist_ok=True)
            try:
                pq.write_table(table, part, compression="zstd", write_page_checksum=True)
                part.replace(self._path)
            finally:
                part.unlink(missing_ok=True)
