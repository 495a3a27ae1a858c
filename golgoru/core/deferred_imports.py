"""Modules that another library imports at its top and rarely needs: loaded when something of them is used."""

import gc
import importlib
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


class _LoadedOnUse(ModuleType):
    """Stands for a module until one of its attributes is asked for."""

    def __getattr__(self, name: str) -> Any:
        return getattr(_load(self), name)


class _Loaded(Loader):
    """Gives the import system a module that is there, where it would load it a second time."""

    def __init__(self, module: ModuleType) -> None:
        self._module, self._spec = module, module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec


class _PartsOfDeferred(MetaPathFinder):
    """Finds parts of a deferred module that came with it, when one of them was the first that anybody asked for."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        module = sys.modules.get(fullname)
        if module is None or not any(fullname.startswith(f"{name}.") for name in self.names):
            return None
        return ModuleSpec(fullname, _Loaded(module), is_package=hasattr(module, "__path__"))


_FINDER = _PartsOfDeferred()


def _load(placeholder: ModuleType) -> ModuleType:
    """Import the module that a placeholder stands for, in its place, and let the placeholder have its attributes."""
    name = placeholder.__name__
    if sys.modules.get(name) is placeholder:
        del sys.modules[name]
    module = importlib.import_module(name)
    placeholder.__dict__.update(module.__dict__)
    return module


def imported_apart(name: str) -> ModuleType:
    """Import a module in a thread of its own.

    Errors that a library catches while it is imported may stay, and with them the frames of all who called: here, with
    no table of theirs.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(importlib.import_module, name).result()


@contextmanager
def deferred_imports(*names: str) -> Iterator[None]:
    """Within it, imports of these modules cost nothing; whoever uses one later, by whatever name, loads it then.

    A library that is imported meanwhile makes hundreds of thousands of objects that stay: the garbage collector, which
    would look through them again and again, waits until the end.
    """
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)
    for name in names:
        if name not in sys.modules:
            _FINDER.names.add(name)
            placeholder = sys.modules[name] = _LoadedOnUse(name)
            package, _, attribute = name.rpartition(".")
            if package:
                setattr(importlib.import_module(package), attribute, placeholder)
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.freeze()
            gc.enable()
