"""Looking further after something is wrong: what cannot be read becomes findings, and the check goes on."""

from collections.abc import Callable
from typing import TypeVar

from golgoru.core.errors import UserError

Read = TypeVar("Read")


def read_or_collect(found: list[str], read: Callable[[], Read]) -> Read | None:
    """Return what `read` reads; where it cannot be read, note why and return None."""
    try:
        return read()
    except UserError as error:
        found += str(error).splitlines()
        return None
