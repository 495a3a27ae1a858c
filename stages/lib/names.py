"""Names of deliveries, batches and the dataset: one path segment that every file system and URL takes."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from stages.lib.errors import UserError

_NAME = re.compile(r"[\w][\w.-]*")


def safe_name(name: str) -> str:
    """Return `name`, or raise ValueError where it could not be one folder's name everywhere."""
    if not _NAME.fullmatch(name):
        raise ValueError("expected letters, digits, '_', '-' and '.', beginning with a letter or digit")
    return name


Name = Annotated[str, AfterValidator(safe_name)]


def check_name(file: Path, name: str) -> None:
    """Raise UserError where `name`, the name of `file`, is no safe name."""
    try:
        safe_name(name)
    except ValueError as error:
        raise UserError(f"{file}: '{name}' is not a usable name: {error}") from None
