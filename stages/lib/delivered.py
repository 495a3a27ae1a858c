"""Which files a delivery holds, and whether they are the ones that the commit names."""

import configparser
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stages.lib import paths
from stages.lib.deliveries import Delivery, Pointer
from stages.lib.errors import UserError
from stages.lib.yaml_file import parse

_NOT_DELIVERED = (".DS_Store", "Thumbs.db", "__pycache__")  # as in .dvcignore


def files(deliveries: Sequence[Delivery]) -> list[Path]:
    """Return every delivered file under data/raw/images, sorted.

    Raises UserError where a folder has no description, where files are not versioned, and where those on disk are
    not those that a pointer names: a clone without its pictures must not become an empty release.
    """
    if not deliveries:
        raise UserError("no delivery yet in data/raw/deliveries; bring pictures in with `dataset import`")
    _described(deliveries)
    made_by_stages = _outputs()
    found: list[Path] = []
    for delivery in deliveries:
        folder = paths.IMAGES / delivery.name
        own = _walk(folder)
        if delivery.pointer is not None:
            _guard(delivery.pointer, folder, own)
        elif folder.as_posix() not in made_by_stages:
            raise UserError(
                f"{delivery.file}: {folder} has no pointer, so no commit names its files; "
                "bring them in with `dataset import`"
            )
        elif not folder.is_dir():
            raise UserError(f"{folder}: the folder is missing; run `dvc repro`, whose stage makes it")
        found += own
    return sorted(found)


def _described(deliveries: Sequence[Delivery]) -> None:
    names = {delivery.name for delivery in deliveries}
    for entry in sorted(paths.IMAGES.iterdir()) if paths.IMAGES.is_dir() else []:
        if entry.name != ".gitignore" and entry.name not in (*names, *_NOT_DELIVERED):
            description = paths.DELIVERIES / f"{entry.name}.yaml"
            raise UserError(f"{entry}: not described by {description}; bring pictures in with `dataset import`")


def _walk(folder: Path) -> list[Path]:
    """Return files and links below a folder, as DVC counts them. Links to folders are not followed."""
    found = []
    for top, folders, names in os.walk(folder):
        links = [name for name in folders if Path(top, name).is_symlink()]
        folders[:] = [name for name in folders if name not in _NOT_DELIVERED and name not in links]
        kept = [n for n in names if n not in _NOT_DELIVERED and not n.endswith(".pyc")]
        found += [Path(top, name) for name in (*kept, *links)]
    return found


def _guard(pointer: Pointer, folder: Path, own: Sequence[Path]) -> None:
    advice = f"run `dvc pull {pointer.file}`; where files were changed on purpose, `dvc add {folder}` and commit"
    if len(own) != pointer.files:
        raise UserError(f"{pointer.file}: expected {pointer.files:,} files in {folder}, found {len(own):,}; {advice}")
    expected = _names(pointer)
    if expected is not None:
        actual = {path.relative_to(folder).as_posix() for path in own}
        if actual != expected:
            missing = sorted(expected - actual)[:3]
            raise UserError(f"{pointer.file}: files are missing in {folder}, such as {', '.join(missing)}; {advice}")


def _names(pointer: Pointer) -> set[str] | None:
    """Return the names in the delivery, from DVC's cache; None where the object is not there."""
    file = _cache() / "files" / "md5" / pointer.md5[:2] / pointer.md5[2:]
    try:
        return {entry["relpath"] for entry in json.loads(file.read_bytes())}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _cache() -> Path:
    """Return DVC's cache folder, as .dvc/config and .dvc/config.local say."""
    config = configparser.ConfigParser(interpolation=None)
    try:
        config.read([".dvc/config", ".dvc/config.local"], encoding="utf-8")
    except configparser.Error:
        return Path(".dvc/cache")
    return Path(".dvc") / config.get("cache", "dir", fallback="cache")


def _outputs() -> set[str]:
    """Return every output of a stage in dvc.yaml."""
    stages: dict[str, Any] = (parse(paths.DVC)[1] or {}).get("stages") or {}
    outs = [out for stage in stages.values() for out in stage.get("outs") or []]
    return {out if isinstance(out, str) else next(iter(out)) for out in outs}
