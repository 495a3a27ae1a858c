"""Reading on after an error: what cannot be read becomes findings, and the other checks still run."""

from collections.abc import Callable
from typing import TypeVar

from golgoru.core.errors import UserError

Read = TypeVar("Read")


def read_or_collect(findings: list[str], read: Callable[[], Read]) -> Read | None:
    """Return what `read` reads; where it raises UserError, add its lines to `findings` and return None."""
    try:
        return read()
    except UserError as error:
        findings += str(error).splitlines()
        return None


def read_errors(read: Callable[[], object]) -> list[str]:
    """Return the lines of the UserError that `read` raises; none where it raises none."""
    findings: list[str] = []
    read_or_collect(findings, read)
    return findings
