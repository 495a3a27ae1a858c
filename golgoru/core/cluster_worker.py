"""What a worker of a Dask cluster runs: batches of a function that it gets once."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any, cast

from distributed import WorkerPlugin, get_worker

from golgoru.core import storage
from golgoru.core.code_versions import code_versions, version_differences
from golgoru.core.errors import UserError


class Work(WorkerPlugin):
    """The function of one `map_batches`. Dask gives it to each worker once, those that come later included."""

    def __init__(self, function: Callable[[Sequence[Any]], list[Any]], size: int, root: str) -> None:
        self.name = f"golgoru-{uuid.uuid4().hex}"
        self._function = function
        self._size = size
        self._root = root
        self._versions = code_versions()

    def run(self, items: Sequence[Any]) -> list[Any]:
        """Return the results for items, in batches of at most `size`. Raises UserError where the code is another."""
        if differences := version_differences(self._versions, code_versions()):
            raise UserError(different_code(f"worker {get_worker().address}", differences))
        results = []
        with storage.read_at(self._root):
            for at in range(0, len(items), self._size):
                results += self._function(items[at : at + self._size])
        return results


def run_work(name: str, items: Sequence[Any]) -> list[Any]:
    """Return the results of the `Work` of this name for items."""
    return cast(Work, get_worker().plugins[name]).run(items)


def process_versions() -> dict[str, str]:
    """Return the versions of the process of a scheduler or worker that is asked."""
    return code_versions()


def different_code(process: str, differences: str) -> str:
    """Return what to say of a scheduler or worker that may give other results."""
    return (
        f"{process} has {differences}: results could differ; check out the commit of this repository there, "
        "run `make environment`, and start it again"
    )
