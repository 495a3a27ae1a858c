"""Numerics on one thread: the same last digits on any number of cores, and no waiting in many small products."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits

_held = False


@contextmanager
def one_thread(*libraries: str) -> Iterator[None]:
    """Hold BLAS and OpenMP to one thread. `libraries` are imported first, since a limit reaches only what is loaded.

    So a library that takes a second to import is named here, and not imported until something is computed with it.
    Within another such block nothing is looked for again: to find the libraries takes milliseconds.
    """
    global _held  # noqa: PLW0603  (whether a limit is in force in this process)
    new = [library for library in libraries if library not in sys.modules]
    for library in libraries:
        importlib.import_module(library)
    if _held and not new:
        yield
        return
    outer, _held = _held, True
    try:
        with threadpool_limits(1):
            yield
    finally:
        _held = outer
