"""Names of deliveries, batches and the dataset: one path segment that every file system and URL takes."""

import unicodedata
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from golgoru.core.errors import UserError

_LONGEST = 100
_DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10))}
_SUFFIXES = (".dvc", ".yaml", ".csv")


def safe_name(name: str) -> str:
    """Return `name`, or raise ValueError where it could not be one folder's name everywhere."""
    # By category, since \w leaves out the vowel signs that many scripts write as marks.
    kinds = [unicodedata.category(character)[0] for character in name]
    if kinds[:1] not in (["L"], ["N"]) or any(
        kind not in "LMN" and character not in "_-." for kind, character in zip(kinds, name, strict=True)
    ):
        raise ValueError("expected letters, digits, '_', '-' and '.', beginning with a letter or digit")
    if len(name.encode("utf-8", "surrogateescape")) > _LONGEST:
        raise ValueError(f"expected at most {_LONGEST} bytes, since files beside it are named after it")
    if name.endswith(".") or name.split(".", maxsplit=1)[0].upper() in _DEVICES:
        raise ValueError("expected a name that Windows takes too: not ending in '.', and no device such as CON")
    if name.endswith(_SUFFIXES):
        raise ValueError(f"expected no name that ends in {', '.join(_SUFFIXES)}: files beside it end so")
    return name


Name = Annotated[str, AfterValidator(safe_name)]


def check_name(file: Path, name: str) -> None:
    """Raise UserError where `name`, the name of `file`, is no safe name."""
    try:
        safe_name(name)
    except ValueError as error:
        raise UserError(f"{file}: '{name}' is not a usable name: {error}") from None
