"""Numerics on one thread: the same last digits on any number of cores, and no waiting in many small products."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


@contextmanager
def one_thread(*libraries: str) -> Iterator[None]:
    """Hold BLAS and OpenMP to one thread. `libraries` are imported first, since a limit reaches only what is loaded.

    So a library that takes a second to import is named here, and not imported until something is computed with it.
    """
    for library in libraries:
        importlib.import_module(library)
    with threadpool_limits(1):
        yield
